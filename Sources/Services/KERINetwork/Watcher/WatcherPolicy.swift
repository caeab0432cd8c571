// SPDX-License-Identifier: Apache-2.0

/// How often a watcher asks, and how much it takes.
public struct WatcherPolicy: Sendable, Hashable {
    /// Time between two questions to one witness about one AID while its log changes.
    public var quickest: Duration
    /// The same when nothing has changed for long, and for witnesses that don't answer.
    public var slowest: Duration
    /// How long after a change the pace stays quick; then the time between questions doubles until it is slowest.
    public var quickFor: Duration
    /// How often the loop looks for what is due.
    public var tick: Duration
    /// How long one question may take.
    public var timeout: Duration
    /// Most bytes of one answer.
    public var largestAnswer: Int
    /// Most questions at once.
    public var parallelism: Int
    /// After how long without any answer about an AID its state is reported as stale.
    public var staleAfter: Duration
    /// Most AIDs that are followed.
    public var mostAIDs: Int
    /// Most events kept in memory of what one witness shows and the watcher's own log does not have.
    public var mostUnsettled: Int
    /// Most contradictions that are recorded of one accused AID; one proves as much as a thousand.
    public var mostContradictions: Int
    /// Most watch events that can be read back by cursor.
    public var journalLength: Int
    /// Whether witnesses at loopback, private and link-local addresses are asked. URLs come from signed replies of
    /// others, so a watcher on a public network says no.
    public var allowsPrivateAddresses: Bool

    /// Creates a policy; the defaults report a contradiction within two seconds of its being visible, as long as the log
    /// changed within the last ten minutes.
    public init(
        quickest: Duration = .seconds(1), slowest: Duration = .seconds(30), quickFor: Duration = .seconds(600),
        tick: Duration = .milliseconds(200), timeout: Duration = .seconds(5), largestAnswer: Int = 16 << 20,
        parallelism: Int = 16, staleAfter: Duration = .seconds(120), mostAIDs: Int = 10_000, mostUnsettled: Int = 64,
        mostContradictions: Int = 16, journalLength: Int = 4096, allowsPrivateAddresses: Bool = false
    ) {
        self.quickest = quickest
        self.slowest = slowest
        self.quickFor = quickFor
        self.tick = tick
        self.timeout = timeout
        self.largestAnswer = largestAnswer
        self.parallelism = parallelism
        self.staleAfter = staleAfter
        self.mostAIDs = mostAIDs
        self.mostUnsettled = mostUnsettled
        self.mostContradictions = mostContradictions
        self.journalLength = journalLength
        self.allowsPrivateAddresses = allowsPrivateAddresses
    }
}

extension PeerURL {
    /// Whether the host is an address of the link only, where clouds keep the secrets of their machines. No peer of
    /// anybody listens there, so nobody is asked there, whoever says so.
    package var isLinkLocal: Bool {
        let last = host.contains(":") ? host.split(separator: ":").last.map(String.init) ?? "" : host
        if last.hasPrefix("169.254.") { return true }
        guard host.contains(":") else { return false }
        return ["fe8", "fe9", "fea", "feb"].contains { host.hasPrefix($0) } || host.hasPrefix("::ffff:a9fe:")
    }

    /// Whether the host is written as an address, or a name, that only this machine or its neighbours can reach. Names
    /// that resolve to such addresses are the transport's matter.
    package var isPrivate: Bool {
        let name = host.hasSuffix(".") ? host.dropLast() : host[...]
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasSuffix(".local") { return true }
        if host.contains(":") {
            if host == "::1" || host == "::" || host.hasPrefix("fe8") || host.hasPrefix("fe9") || host.hasPrefix("fea")
                || host.hasPrefix("feb") || host.hasPrefix("fc") || host.hasPrefix("fd")
            {
                return true
            }
            // An IPv4 address inside an IPv6 one.
            guard let last = host.split(separator: ":").last else { return true }
            return host.hasPrefix("::") && (last.contains(".") ? Self.isPrivateIPv4(last) : true)
        }
        return Self.isPrivateIPv4(host[...])
    }

    private static func isPrivateIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        // `127.1`, `0x7f000001` and `2130706433` are spellings of addresses too: all of digits is refused unless plain.
        guard parts.count == 4, let numbers = Optional(parts.compactMap { UInt8($0) }), numbers.count == 4 else {
            return text.utf8.first.map { (0x30...0x39).contains($0) } == true
                && text.utf8.allSatisfy {
                    (0x30...0x39).contains($0) || $0 == 0x2E || $0 == 0x78 || (0x61...0x66).contains($0)
                }
        }
        return switch (numbers[0], numbers[1]) {
        case (0, _), (10, _), (127, _), (169, 254), (192, 168), (224...255, _): true
        case (100, 64...127), (172, 16...31): true
        default: false
        }
    }
}
