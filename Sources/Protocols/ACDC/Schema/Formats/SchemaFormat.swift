// SPDX-License-Identifier: Apache-2.0

/// The formats that can be asserted. Others are annotations, as the standard has it for all of them.
enum SchemaFormat: String, Sendable, Hashable, CaseIterable {
    case dateTime = "date-time"
    case date, time, duration, email, hostname, ipv4, ipv6, uri, uuid, regex
    case uriReference = "uri-reference"
    case jsonPointer = "json-pointer"
    /// Legal Entity Identifier with its check digits, as the schemas of vLEI call it.
    case lei = "ISO 17442"

    /// Whether well-formed UTF-8 is of the format.
    func matches(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        var text = FormatReader(bytes, range)
        switch self {
        case .dateTime:
            return text.date() && text.take(oneOf: "Tt") && text.time() && text.isAtEnd
        case .date: return text.date() && text.isAtEnd
        case .time: return text.time() && text.isAtEnd
        case .duration: return text.duration()
        case .email: return text.email()
        case .hostname: return text.hostname()
        case .ipv4: return text.ipv4() && text.isAtEnd
        case .ipv6: return text.ipv6() && text.isAtEnd
        case .uri: return text.uri(needsScheme: true)
        case .uriReference: return text.uri(needsScheme: false)
        case .uuid: return text.uuid()
        case .regex: return (try? PatternParser.parse(text.rest)) != nil
        case .jsonPointer: return text.jsonPointer()
        case .lei: return text.lei()
        }
    }
}
