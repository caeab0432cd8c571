// SPDX-License-Identifier: Apache-2.0

/// Reads text as the formats define it (JSON Schema 2020-12 validation 7.3).
struct FormatReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ span: Span<UInt8>, _ range: Range<Int>) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(span[index]) }
        self.bytes = bytes
    }

    var isAtEnd: Bool { position == bytes.count }
    var rest: String { String(decoding: bytes[position...], as: UTF8.self) }
    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    mutating func take(oneOf characters: StaticString) -> Bool {
        guard let next, characters.description.utf8.contains(next) else { return false }
        position += 1
        return true
    }

    /// Reads exactly so many decimal digits.
    private mutating func number(digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for _ in 0..<digits {
            guard Self.isDigit(bytes[position]) else { return nil }
            value = value * 10 + Int(bytes[position] - 0x30)
            position += 1
        }
        return value
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (0x61...0x66).contains(byte | 0x20) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7a).contains(byte | 0x20) }

    /// `full-date` of RFC 3339.
    mutating func date() -> Bool {
        guard let year = number(digits: 4), take(oneOf: "-"), let month = number(digits: 2), take(oneOf: "-"),
            let day = number(digits: 2), (1...12).contains(month), day >= 1
        else { return false }
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return day <= days[month - 1]
    }

    /// `full-time` of RFC 3339; second 60 only where UTC can have it.
    mutating func time() -> Bool {
        guard let hour = number(digits: 2), take(oneOf: ":"), let minute = number(digits: 2), take(oneOf: ":"),
            let second = number(digits: 2), hour < 24, minute < 60, second <= 60
        else { return false }
        if take(oneOf: ".") {
            guard let first = next, Self.isDigit(first) else { return false }
            while let digit = next, Self.isDigit(digit) { position += 1 }
        }
        var offset = 0
        if !take(oneOf: "Zz") {
            let isAhead = next == UInt8(ascii: "+")
            guard take(oneOf: "+-"), let hours = number(digits: 2), take(oneOf: ":"),
                let minutes = number(digits: 2), hours < 24, minutes < 60
            else { return false }
            offset = (hours * 60 + minutes) * (isAhead ? 1 : -1)
        }
        let inUTC = (hour * 60 + minute - offset + 2 * 1440) % 1440
        return second < 60 || inUTC == 1439
    }

    /// ISO 8601 as RFC 3339 appendix A has it.
    mutating func duration() -> Bool {
        guard take(oneOf: "P") else { return false }
        var units = Array("YMWD".utf8)
        var isTime = false
        var sawAny = false
        var sawWeek = false
        var last: UInt8?
        while !isAtEnd {
            if !isTime, take(oneOf: "T") {
                if isAtEnd { return false }
                isTime = true
                units = Array("HMS".utf8)
                last = nil
                continue
            }
            let start = position
            while let digit = next, Self.isDigit(digit) { position += 1 }
            guard position > start, let unit = next, let place = units.firstIndex(of: unit) else { return false }
            // No unit is left out between two others: years, months, days; hours, minutes, seconds.
            if last == UInt8(ascii: "Y"), unit == UInt8(ascii: "D") { return false }
            if last == UInt8(ascii: "H"), unit == UInt8(ascii: "S") { return false }
            if !isTime, unit == UInt8(ascii: "W") { sawWeek = true }
            position += 1
            units.removeFirst(place + 1)
            last = unit
            if sawWeek, sawAny || isTime { return false }
            sawAny = true
        }
        return sawAny && !(sawWeek && isTime)
    }

    /// A mailbox of RFC 5321, without comments.
    mutating func email() -> Bool {
        guard let mark = bytes.lastIndex(of: UInt8(ascii: "@")), mark > 0, mark <= 64, mark + 1 < bytes.count else {
            return false
        }
        let local = bytes[..<mark]
        if local.first == UInt8(ascii: "\""), local.count > 2, local.last == UInt8(ascii: "\"") {
            var isEscaped = false
            for byte in local.dropFirst().dropLast() {
                guard byte >= 0x20, byte < 0x7f else { return false }
                if byte == UInt8(ascii: "\""), !isEscaped { return false }
                isEscaped = byte == UInt8(ascii: "\\") && !isEscaped
            }
            if isEscaped { return false }
        } else {
            var wasDot = true
            for byte in local {
                let isDot = byte == UInt8(ascii: ".")
                guard isDot ? !wasDot : Self.isAtomText(byte) else { return false }
                wasDot = isDot
            }
            if wasDot { return false }
        }
        let domain = Array(bytes[(mark + 1)...])
        if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
            let literal = Array(domain.dropFirst().dropLast())
            if literal.starts(with: Array("IPv6:".utf8)) {
                var reader = FormatReader(literal.span, 5..<literal.count)
                return reader.ipv6() && reader.isAtEnd
            }
            var reader = FormatReader(literal.span, 0..<literal.count)
            return reader.ipv4() && reader.isAtEnd
        }
        var reader = FormatReader(domain.span, 0..<domain.count)
        return reader.hostname()
    }

    private static func isAtomText(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || Array("!#$%&'*+-/=?^_`{|}~".utf8).contains(byte)
    }

    /// Labels of letters, digits and hyphens (RFC 1123).
    mutating func hostname() -> Bool {
        guard !bytes.isEmpty, bytes.count <= 253 else { return false }
        for label in bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...63).contains(label.count), label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-"),
                label.allSatisfy({ Self.isDigit($0) || Self.isLetter($0) || $0 == UInt8(ascii: "-") })
            else { return false }
            // Two hyphens there announce an encoding; which, only a table of Unicode could check.
            if label.count > 3, label.dropFirst(2).starts(with: Array("--".utf8)),
                !label.prefix(2).elementsEqual(Array("xn".utf8))
            {
                return false
            }
        }
        return true
    }

    /// Four decimal numbers without zeros in front.
    mutating func ipv4() -> Bool {
        for part in 0..<4 {
            if part > 0, !take(oneOf: ".") { return false }
            let start = position
            var value = 0
            while let digit = next, Self.isDigit(digit), position - start < 3 {
                value = value * 10 + Int(digit - 0x30)
                position += 1
            }
            guard position > start, value < 256, position - start == 1 || bytes[start] != UInt8(ascii: "0") else {
                return false
            }
        }
        return true
    }

    /// The text form of RFC 4291 2.2.
    mutating func ipv6() -> Bool {
        var groups = 0
        var hasGap = false
        if take(oneOf: ":") {
            guard take(oneOf: ":") else { return false }
            hasGap = true
        }
        while let first = next, Self.isHex(first), groups < 8 {
            let start = position
            var copy = self
            if groups <= 6, copy.ipv4() {
                self = copy
                groups += 2
                break
            }
            while let digit = next, Self.isHex(digit), position - start < 4 { position += 1 }
            groups += 1
            guard next == UInt8(ascii: ":") else { break }
            position += 1
            if next == UInt8(ascii: ":") {
                if hasGap { return false }
                hasGap = true
                position += 1
            } else if next.map(Self.isHex) != true {
                return false
            }
        }
        return hasGap ? groups < 8 : groups == 8
    }

    /// RFC 3986: the characters, percent signs, and a sound authority.
    mutating func uri(needsScheme: Bool) -> Bool {
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !Array("\"<>\\^`{|}".utf8).contains($0) }) else {
            return false
        }
        for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
            guard place + 2 < bytes.count, Self.isHex(bytes[place + 1]), Self.isHex(bytes[place + 2]) else {
                return false
            }
        }
        guard bytes.lazy.filter({ $0 == UInt8(ascii: "#") }).count <= 1 else { return false }
        let parts = SchemaURI(String(decoding: bytes, as: UTF8.self))
        if needsScheme, parts.scheme == nil { return false }
        if parts.scheme == nil, parts.authority == nil,
            let colon = parts.path.firstIndex(of: ":"), !parts.path[..<colon].contains("/")
        {
            return false
        }
        let brackets = Array("[]".utf8)
        guard let authority = parts.authority else { return !bytes.contains(where: brackets.contains) }
        let behind = parts.path + (parts.query ?? "") + (parts.fragment ?? "")
        guard !behind.utf8.contains(where: brackets.contains) else { return false }
        var host = authority[...]
        if let mark = host.lastIndex(of: "@") {
            guard !host[..<mark].utf8.contains(where: { brackets.contains($0) || $0 == UInt8(ascii: "@") }) else {
                return false
            }
            host = host[host.index(after: mark)...]
        }
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return false }
            let literal = Array(host[host.index(after: host.startIndex)..<end].utf8)
            var reader = FormatReader(literal.span, 0..<literal.count)
            guard literal.first == UInt8(ascii: "v") || reader.ipv6() && reader.isAtEnd else { return false }
            host = host[host.index(after: end)...]
            return host.isEmpty || host.first == ":" && host.dropFirst().utf8.allSatisfy(Self.isDigit)
        }
        if let colon = host.firstIndex(of: ":") {
            guard host[host.index(after: colon)...].utf8.allSatisfy(Self.isDigit) else { return false }
            host = host[..<colon]
        }
        return !host.utf8.contains(where: brackets.contains)
    }

    /// The text form of RFC 9562, in either case.
    mutating func uuid() -> Bool {
        guard bytes.count == 36 else { return false }
        for (place, byte) in bytes.enumerated() {
            let isHyphen = place == 8 || place == 13 || place == 18 || place == 23
            guard isHyphen ? byte == UInt8(ascii: "-") : Self.isHex(byte) else { return false }
        }
        return true
    }

    /// RFC 6901.
    mutating func jsonPointer() -> Bool {
        guard bytes.isEmpty || bytes[0] == UInt8(ascii: "/") else { return false }
        for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "~") {
            guard place + 1 < bytes.count, bytes[place + 1] == 0x30 || bytes[place + 1] == 0x31 else { return false }
        }
        return true
    }

    /// ISO 17442: 18 letters and digits, two check digits (ISO 7064 mod 97-10).
    mutating func lei() -> Bool {
        guard bytes.count == 20 else { return false }
        var rest = 0
        for (place, byte) in bytes.enumerated() {
            switch byte {
            case 0x30...0x39: rest = (rest * 10 + Int(byte - 0x30)) % 97
            case 0x41...0x5a where place < 18: rest = (rest * 100 + Int(byte - 0x41) + 10) % 97
            default: return false
            }
        }
        return rest == 1
    }
}
