// SPDX-License-Identifier: Apache-2.0

/// By how many seconds two clocks may differ when a token's times are judged: 0 to 60.
public struct TokenLeeway: Hashable, Sendable {
    /// None at all.
    public static let none = TokenLeeway(clamped: 0)
    /// One minute, as SPIRE and go-spiffe allow.
    public static let standard = TokenLeeway(clamped: 60)

    /// The seconds.
    public let seconds: Int64

    private init(clamped seconds: Int64) { self.seconds = seconds }

    /// A leeway; nil outside 0 to 60 seconds.
    public init?(seconds: Int64) {
        guard (0...60).contains(seconds) else { return nil }
        self.seconds = seconds
    }
}
