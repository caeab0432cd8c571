// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import ServiceLifecycle
import Testing
import WorkloadTestKit

@testable import WorkloadClient

/// What an application sees of its identity while the endpoint lives, changes, and is away.
@Suite(.timeLimit(.minutes(1)))
struct X509SourceTests {
    private let stage: Stage

    init() throws { stage = try Stage() }

    private func source(
        clock: any WorkloadClock = SystemWorkloadClock(),
        choose: @escaping @Sendable ([X509SVID]) -> X509SVID? = { $0.first }
    ) -> X509Source {
        X509Source(stage.client, configuration: stage.configuration, clock: clock, choose: choose)
    }

    @Test func firstIsWaitedForAndRotationIsSeen() async throws {
        let source = source()
        try await source.whileRunning {
            let early = Task { try await source.x509SVID() }
            let first = try stage.publish()
            try await stage.api.serving {
                let svid = try await early.value
                #expect(svid.leaf == first.leaf)
                #expect(try await source.bundle(of: stage.domain.trustDomain)?.x509Bundle == stage.domain.x509Bundle)
                #expect(try await source.bundle(of: try TrustDomain("other.test")) == nil)
                let second = try stage.publish()
                let seen = await source.updates().first { $0.value?.defaultSVID.leaf == second.leaf }
                #expect(seen != nil)
                #expect(try await source.x509SVID().leaf == second.leaf)
            }
        }
    }

    /// What is not in a message any more is not used any more.
    @Test func whatVanishesIsDropped() async throws {
        let foreign = try TestTrustDomain("foreign.test")
        try stage.publish(federated: [try foreign.bundle()])
        try await stage.api.serving {
            let source = source()
            try await source.whileRunning {
                #expect(try await source.bundle(of: foreign.trustDomain) != nil)
                let next = try stage.publish()
                _ = await source.updates().first { $0.value?.defaultSVID.leaf == next.leaf }
                #expect(try await source.bundle(of: foreign.trustDomain) == nil)
            }
        }
    }

    /// The endpoint goes and comes back; what was there goes on meanwhile.
    @Test func endpointIsRestarted() async throws {
        let first = try stage.publish()
        let source = source()
        try await source.whileRunning {
            try await stage.api.serving {
                let svid = try await source.x509SVID()
                #expect(svid.leaf == first.leaf)
            }
            let same = try await source.x509SVID()
            #expect(same.leaf == first.leaf)
            let second = try stage.publish()
            try await stage.api.serving {
                let seen = await source.updates().first { $0.value?.defaultSVID.leaf == second.leaf }
                #expect(seen != nil)
            }
        }
    }

    @Test func deniedIdentityIsNotUsedAnyMore() async throws {
        try stage.publish()
        try await stage.api.serving {
            let source = source()
            try await source.whileRunning {
                _ = try await source.x509SVID()
                stage.api.refuse(.permissionDenied)
                _ = await source.updates().first { $0.isWithdrawn }
                await #expect(performing: { try await source.x509SVID() }, throws: isCode(.permissionDenied))
                await #expect(
                    performing: { try await source.bundle(of: stage.domain.trustDomain) },
                    throws: isCode(.permissionDenied))
                // It is asked for again, and comes back.
                let next = try stage.publish()
                let seen = await source.updates().first { $0.value != nil }
                #expect(seen?.value?.defaultSVID.leaf == next.leaf)
            }
        }
    }

    /// Who starts before he is registered waits.
    @Test func denialBeforeTheFirstIsWaitedOut() async throws {
        stage.api.refuse(.permissionDenied)
        try await stage.api.serving {
            let source = source()
            try await source.whileRunning {
                let early = Task { try await source.x509SVID() }
                while stage.api.opened < 3 { await Task.yield() }
                let first = try stage.publish()
                let svid = try await early.value
                #expect(svid.leaf == first.leaf)
            }
        }
    }

    /// After a while it is told why there is none.
    @Test func patienceEnds() async throws {
        stage.api.refuse(.permissionDenied)
        try await stage.api.serving {
            var configuration = stage.configuration
            configuration.patience = .milliseconds(200)
            let source = X509Source(stage.client, configuration: configuration)
            try await source.whileRunning {
                while stage.api.opened < 2 { await Task.yield() }
                await #expect(performing: { try await source.x509SVID() }, throws: isCode(.permissionDenied))
            }
        }
    }

    @Test(arguments: [FakeWorkloadAPI.Refusal.invalidArgument, .unimplemented])
    func whereAskingDoesNotHelpItEnds(_ refusal: FakeWorkloadAPI.Refusal) async throws {
        try stage.publish()
        try await stage.api.serving {
            let source = source()
            let code = refusal == .invalidArgument ? WorkloadAPIError.Code.invalidArgument : .unimplemented
            let ending = Task { try await source.run() }
            _ = try await source.x509SVID()
            stage.api.refuse(refusal)
            await #expect(performing: { try await ending.value }, throws: isCode(code))
            #expect(stage.api.opened == 1)
            await #expect(performing: { try await source.x509SVID() }, throws: isCode(code))
            var count = 0
            for await update in source.updates() {
                #expect(update.isWithdrawn)
                count += 1
            }
            #expect(count == 1)
        }
    }

    /// Unavailable is no withdrawal.
    @Test func troubleLeavesWhatIsThere() async throws {
        let first = try stage.publish()
        try await stage.api.serving {
            let source = source()
            try await source.whileRunning {
                _ = try await source.x509SVID()
                stage.api.refuse(.unavailable)
                while stage.api.opened < 3 { await Task.yield() }
                #expect(try await source.x509SVID().leaf == first.leaf)
                // Nor is an answer that breaks a rule.
                stage.api.publish([], bundle: try stage.domain.bundle())
                while stage.api.opened < 4 { await Task.yield() }
                #expect(try await source.x509SVID().leaf == first.leaf)
            }
        }
    }

    @Test func expiredIdentityIsNotShown() async throws {
        let clock = ManualClock(isPatient: true)
        try stage.publish()
        try await stage.api.serving {
            let source = source(clock: clock)
            try await source.whileRunning {
                _ = try await source.x509SVID()
                clock.advance(by: 3700)
                await #expect(performing: { try await source.x509SVID() }, throws: isCode(.expired))
                // The bundles still judge others.
                #expect(try await source.bundle(of: stage.domain.trustDomain) != nil)
            }
        }
    }

    @Test func anotherIdentityCanBeChosen() async throws {
        let first = try stage.domain.svid("/a")
        let second = try stage.domain.svid("/b", hint: "second")
        stage.api.publish([first, second], bundle: try stage.domain.bundle())
        try await stage.api.serving {
            let chosen = source { all in all.first { $0.hint == "second" } }
            let id = try await chosen.whileRunning { try await chosen.x509SVID().id }
            #expect(id == second.id)
            let none = source { _ in nil }
            try await none.whileRunning {
                await #expect(performing: { try await none.x509SVID() }, throws: isCode(.notFound))
            }
        }
    }

    /// When its service ends, nothing is given any more.
    @Test func endsWithItsService() async throws {
        try stage.publish()
        try await stage.api.serving {
            let source = source()
            try await source.whileRunning { _ = try await source.x509SVID() }
            await #expect(performing: { try await source.x509SVID() }, throws: isCode(.cancelled))
        }
    }

    /// The waits of the standard back-off, and that a message sets them back.
    @Test func waitsGrowUntilSomethingIsHeard() async throws {
        let clock = ManualClock()
        let attempts = Current(0)
        let watch = WorkloadWatch<Int>(backoff: Backoff(), clock: clock, draw: { 0 }) {
            (receive) throws(WorkloadAPIError) in
            attempts.value += 1
            switch attempts.value {
            case 1, 2, 5: throw WorkloadAPIError(.unavailable)
            case 3: throw WorkloadAPIError(.permissionDenied)
            case 4: await receive(.success(4))
            default: throw WorkloadAPIError(.invalidArgument)
            }
        }
        let heard = Current<[String]>([])
        await #expect(
            performing: {
                try await watch.run { update in
                    switch update {
                    case .current(let value): heard.value.append("\(value)")
                    case .withdrawn: heard.value.append("withdrawn")
                    case .interrupted: heard.value.append("interrupted")
                    }
                }
            }, throws: isCode(.invalidArgument))
        #expect(clock.waits == [.seconds(1), .seconds(2), .seconds(3), .seconds(1), .seconds(2)])
        #expect(heard.value == ["interrupted", "interrupted", "withdrawn", "4", "interrupted", "interrupted"])
    }
}
