// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// A moment of a token: seconds since 1970, perhaps with a fraction (RFC 7519 section 2).
///
/// Any finite JSON number is one, also 1e300 and negative ones; nothing else is.
public struct NumericDate: Hashable, Sendable, Comparable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let seconds: Double

    init?(_ value: OrderedValue) {
        switch value {
        case .integer(let text), .float(let text):
            guard let number = Double(text), number.isFinite else { return nil }
            seconds = number
        default: return nil
        }
    }

    /// The second in which the moment lies, kept inside the years 1950 to 9999.
    public var time: CertificateTime {
        let low = Double(CertificateTime.earliest.seconds)
        let high = Double(CertificateTime.latest.seconds)
        let whole = Int64(min(max(seconds.rounded(.down), low), high))
        return CertificateTime(seconds: whole) ?? .latest
    }

    /// Orders by time.
    public static func < (left: NumericDate, right: NumericDate) -> Bool { left.seconds < right.seconds }
}
