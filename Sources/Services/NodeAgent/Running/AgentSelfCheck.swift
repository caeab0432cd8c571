// SPDX-License-Identifier: Apache-2.0

private import SPIFFE
public import ServiceLifecycle
private import Synchronization

/// Has an agent answer a call of its own again and again: an agent of which no attestor answers, or whose cache does not, has
/// an SVID and an issuer, and yet gives no workload anything. One attestor of several that fails does not show here, but in
/// the log and in the metrics. Facts (SPIFFE) 19.3.
///
/// One question at a time, whoever asks how the agent is. One that is not answered in time counts as failed, and is waited
/// for all the same.
public final class AgentSelfCheck: Service {
    private struct State {
        var hasPassed = false
        /// When the question was put that is still open.
        var askedAt: CertificateTime?
    }

    private let clock: any AgentClock
    private let interval: Duration
    private let patience: Duration
    private let ask: @Sendable () async -> Bool?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - interval: time between two questions.
    ///   - patience: how long an answer may take.
    ///   - ask: asks; nil for an agent that does not serve yet, which is looked at again soon.
    package init(
        clock: any AgentClock, interval: Duration = .seconds(10), patience: Duration = .seconds(10),
        ask: @escaping @Sendable () async -> Bool?
    ) {
        self.clock = clock
        self.interval = interval
        self.patience = patience
        self.ask = ask
    }

    /// Checks an agent.
    public convenience init(of agent: Agent) {
        self.init(clock: agent.clock) {
            agent.health.answersWorkloads ? await agent.answersOwnCall() : nil
        }
    }

    /// Whether the agent answered the last time, and is not late with its next answer.
    public var passes: Bool {
        let now = clock.now()
        return state.withLock { state in
            let waited = state.askedAt.map { now.seconds - $0.seconds } ?? 0
            return state.hasPassed && waited <= patience.wholeSeconds
        }
    }

    /// Asks until shutdown or cancellation.
    public func run() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.state.withLock { $0.askedAt = self.clock.now() }
                let answer = await self.ask()
                self.state.withLock { $0 = State(hasPassed: answer ?? false) }
                try? await self.clock.sleep(for: answer == nil ? .milliseconds(250) : self.interval)
            }
        }
    }
}
