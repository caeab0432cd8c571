// SPDX-License-Identifier: Apache-2.0

/// Where an agent stands.
public enum AgentPhase: Hashable, Sendable, CustomStringConvertible {
    /// Looking for what it knew before.
    case starting
    /// Finding out whom to take for its issuer.
    case bootstrapping
    /// Proving which node it is.
    case attesting
    /// Has an SVID, and asks the issuer for the first time since.
    case synchronising
    /// Answers workloads.
    case serving
    /// Answers nobody any more.
    case stopped(StopReason)

    /// Why an agent stopped.
    public enum StopReason: String, Error, Hashable, Sendable, CaseIterable {
        /// It was told to by whoever runs it.
        case requested
        /// An operator of the issuer has banned it; its SVID is gone from the disk.
        case banned
        /// The issuer no longer takes its SVID, and it can't attest again; its SVID is gone from the disk. That an SVID has
        /// run out is no such reason: a clock may be wrong.
        case cannotReattest = "cannot-reattest"
        /// The issuer does not believe the node's proof; trying the same again is useless.
        case attestationDenied = "attestation-denied"
    }

    /// The name of the phase.
    public var description: String {
        switch self {
        case .starting: "starting"
        case .bootstrapping: "bootstrapping"
        case .attesting: "attesting"
        case .synchronising: "synchronising"
        case .serving: "serving"
        case .stopped(let reason): "stopped (\(reason.rawValue))"
        }
    }
}

/// Which phase follows which. Pure.
struct AgentStateMachine: Sendable {
    /// What happens to an agent.
    enum Event: Hashable, Sendable {
        /// A stored SVID is valid.
        case identityLoaded
        /// No valid SVID is stored, but a bundle is.
        case trustLoaded
        /// Nothing is stored.
        case nothingLoaded
        /// The first bundle is there.
        case trustFound
        /// The issuer gave an SVID.
        case attested
        /// The issuer does not believe the node's proof.
        case attestationDenied
        /// A round with the issuer succeeded.
        case synchronised
        /// The issuer, or time, demands a new attestation.
        case mustReattest(canReattest: Bool)
        /// The issuer has banned the agent.
        case banned
        /// Whoever runs the agent stops it.
        case stopRequested
    }

    /// An event that can't happen in a phase.
    struct IllegalTransition: Error, Hashable, Sendable, CustomStringConvertible {
        let phase: AgentPhase
        let event: Event

        var description: String { "\(event) while \(phase)" }
    }

    private(set) var phase = AgentPhase.starting
    /// Whether workloads are answered: from the first successful round on, also while the agent attests again.
    private(set) var answersWorkloads = false

    /// - Throws: ``IllegalTransition``; the phase stays as it is then.
    mutating func apply(_ event: Event) throws(IllegalTransition) {
        switch (phase, event) {
        case (.stopped, _): throw IllegalTransition(phase: phase, event: event)
        case (_, .stopRequested): stop(.requested)
        case (.starting, .identityLoaded), (.bootstrapping, .identityLoaded): phase = .synchronising
        case (.starting, .trustLoaded): phase = .attesting
        case (.starting, .nothingLoaded): phase = .bootstrapping
        case (.bootstrapping, .trustFound): phase = .attesting
        case (.attesting, .attested): phase = .synchronising
        case (.attesting, .attestationDenied): stop(.attestationDenied)
        case (.synchronising, .synchronised), (.serving, .synchronised):
            phase = .serving
            answersWorkloads = true
        case (.synchronising, .mustReattest(true)), (.serving, .mustReattest(true)): phase = .attesting
        case (.synchronising, .mustReattest(false)), (.serving, .mustReattest(false)): stop(.cannotReattest)
        case (.attesting, .banned), (.synchronising, .banned), (.serving, .banned): stop(.banned)
        default: throw IllegalTransition(phase: phase, event: event)
        }
    }

    private mutating func stop(_ reason: AgentPhase.StopReason) {
        phase = .stopped(reason)
        answersWorkloads = false
    }
}
