// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import NodeAgent

struct AgentStateMachineTests {
    typealias Event = AgentStateMachine.Event

    static let events: [Event] = [
        .identityLoaded, .trustLoaded, .nothingLoaded, .trustFound, .attested, .attestationDenied,
        .synchronised,
        .mustReattest(canReattest: true), .mustReattest(canReattest: false), .banned, .stopRequested,
    ]

    /// How each phase is reached, and what may happen in it.
    static let phases: [(path: [Event], phase: AgentPhase, allowed: [Event: AgentPhase])] = [
        (
            [], .starting,
            [.identityLoaded: .synchronising, .trustLoaded: .attesting, .nothingLoaded: .bootstrapping]
        ),
        ([.nothingLoaded], .bootstrapping, [.trustFound: .attesting, .identityLoaded: .synchronising]),
        (
            [.trustLoaded], .attesting,
            [
                .attested: .synchronising, .banned: .stopped(.banned),
                .attestationDenied: .stopped(.attestationDenied),
            ]
        ),
        (
            [.identityLoaded], .synchronising,
            [
                .synchronised: .serving, .mustReattest(canReattest: true): .attesting,
                .mustReattest(canReattest: false): .stopped(.cannotReattest), .banned: .stopped(.banned),
            ]
        ),
        (
            [.identityLoaded, .synchronised], .serving,
            [
                .synchronised: .serving, .mustReattest(canReattest: true): .attesting,
                .mustReattest(canReattest: false): .stopped(.cannotReattest), .banned: .stopped(.banned),
            ]
        ), ([.stopRequested], .stopped(.requested), [:]),
        ([.identityLoaded, .banned], .stopped(.banned), [:]),
    ]

    private func machine(after path: [Event]) throws -> AgentStateMachine {
        var machine = AgentStateMachine()
        for event in path { try machine.apply(event) }
        return machine
    }

    @Test(arguments: phases.indices) func `each event in each phase`(index: Int) throws {
        let (path, phase, allowed) = Self.phases[index]
        #expect(try machine(after: path).phase == phase)
        for event in Self.events {
            var machine = try machine(after: path)
            var next = allowed[event]
            if event == .stopRequested, phase.isRunning { next = .stopped(.requested) }
            guard let next else {
                #expect(throws: AgentStateMachine.IllegalTransition(phase: phase, event: event)) {
                    try machine.apply(event)
                }
                #expect(machine.phase == phase)
                continue
            }
            try machine.apply(event)
            #expect(machine.phase == next)
        }
    }

    @Test func `workloads are answered from the first round on, also while the agent attests again`() throws {
        var machine = try machine(after: [.identityLoaded])
        #expect(!machine.answersWorkloads)
        try machine.apply(.synchronised)
        #expect(machine.answersWorkloads)
        try machine.apply(.mustReattest(canReattest: true))
        #expect(machine.answersWorkloads)
        try machine.apply(.banned)
        #expect(!machine.answersWorkloads)
    }
}

extension AgentPhase {
    fileprivate var isRunning: Bool { if case .stopped = self { false } else { true } }
}
