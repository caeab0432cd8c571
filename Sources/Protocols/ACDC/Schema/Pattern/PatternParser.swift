// SPDX-License-Identifier: Apache-2.0

/// A regular expression as a tree. Groups leave no trace: nothing is captured.
indirect enum PatternTree {
    case empty
    case set(CharacterSet)
    case sequence([PatternTree])
    case choice([PatternTree])
    /// A body at least `min` times, at most `max` times (nil: without end).
    case repetition(PatternTree, min: Int, max: Int?)
    case start, end
    case wordBoundary(negated: Bool)
}

/// Reads regular expressions of ECMA-262 in Unicode mode, without what no automaton can do: back-references and
/// assertions that look ahead or behind.
struct PatternParser {
    private let scalars: [UInt32]
    private var position = 0
    private var depth = 0

    /// Deepest nesting of groups.
    static let deepest = 32
    /// Largest number in `{n,m}`.
    static let mostRepetitions = 1000

    private init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

    static func parse(_ text: String) throws(PatternError) -> PatternTree {
        var parser = PatternParser(text)
        let tree = try parser.choice()
        guard parser.position == parser.scalars.count else {
            throw PatternError(.malformed, at: parser.position, "a closing parenthesis without an opening one")
        }
        return tree
    }

    private var next: UInt32? { position < scalars.count ? scalars[position] : nil }

    private func at(_ character: Unicode.Scalar) -> Bool { next == character.value }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at(character) else { return false }
        position += 1
        return true
    }

    private mutating func take(_ text: String) -> Bool {
        let wanted = text.unicodeScalars.map(\.value)
        guard position + wanted.count <= scalars.count,
            scalars[position..<position + wanted.count].elementsEqual(wanted)
        else { return false }
        position += wanted.count
        return true
    }

    private mutating func choice() throws(PatternError) -> PatternTree {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternTree {
        var parts: [PatternTree] = []
        while let scalar = next, scalar != 0x7c, scalar != 0x29 { parts.append(try quantified()) }
        return parts.isEmpty ? .empty : parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func quantified() throws(PatternError) -> PatternTree {
        let start = position
        let (body, canRepeat) = try atom()
        guard let bounds = try quantifier() else { return body }
        guard canRepeat else { throw PatternError(.malformed, at: start, "an assertion can't be repeated") }
        // Whether as much or as little as possible is taken makes no difference to whether there is a match.
        _ = take("?")
        return .repetition(body, min: bounds.min, max: bounds.max)
    }

    private mutating func quantifier() throws(PatternError) -> (min: Int, max: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        let start = position
        guard take("{") else { return nil }
        guard let low = try number() else { throw PatternError(.malformed, at: start, "a brace that repeats nothing") }
        var high: Int? = low
        if take(",") { high = try number() }
        guard take("}") else { throw PatternError(.malformed, at: start, "a repetition without its end") }
        if let high, high < low { throw PatternError(.malformed, at: start, "a repetition that ends before it starts") }
        return (low, high)
    }

    private mutating func number() throws(PatternError) -> Int? {
        let start = position
        var value = 0
        while let digit = next, (0x30...0x39).contains(digit) {
            position += 1
            value = value * 10 + Int(digit - 0x30)
            guard value <= Self.mostRepetitions else {
                throw PatternError(.tooLarge, at: start, "more than \(Self.mostRepetitions) repetitions")
            }
        }
        return position > start ? value : nil
    }

    private mutating func atom() throws(PatternError) -> (PatternTree, canRepeat: Bool) {
        let start = position
        guard let scalar = next, let character = Unicode.Scalar(scalar) else { return (.empty, false) }
        position += 1
        switch character {
        case "^": return (.start, false)
        case "$": return (.end, false)
        case ".":
            var set = CharacterSet.lineEnds
            set.negate()
            return (.set(set), true)
        case "(": return (try group(from: start), true)
        case "[": return (.set(try set(from: start)), true)
        case "\\": return try escape(from: start)
        case "*", "+", "?", "{": throw PatternError(.malformed, at: start, "nothing to repeat")
        case "]", "}": throw PatternError(.malformed, at: start, "a closing bracket without an opening one")
        default: return (.set(CharacterSet(scalar...scalar)), true)
        }
    }

    private mutating func group(from start: Int) throws(PatternError) -> PatternTree {
        if take("?") {
            if take("=") || take("!") {
                throw PatternError(.unsupported, at: start, "assertions that look ahead are not supported")
            }
            if take("<=") || take("<!") {
                throw PatternError(.unsupported, at: start, "assertions that look behind are not supported")
            }
            if take("<") {
                let name = position
                while let scalar = next, CharacterSet.word.ranges.contains(where: { $0.contains(scalar) }) {
                    position += 1
                }
                guard position > name, take(">") else {
                    throw PatternError(.malformed, at: start, "a group without a proper name")
                }
            } else if !take(":") {
                throw PatternError(.unsupported, at: start, "an unknown kind of group")
            }
        }
        depth += 1
        guard depth <= Self.deepest else {
            throw PatternError(.tooLarge, at: start, "more than \(Self.deepest) groups inside one another")
        }
        let body = try choice()
        depth -= 1
        guard take(")") else { throw PatternError(.malformed, at: start, "a group without its end") }
        return body
    }

    private mutating func escape(from start: Int) throws(PatternError) -> (PatternTree, canRepeat: Bool) {
        if take("b") { return (.wordBoundary(negated: false), false) }
        if take("B") { return (.wordBoundary(negated: true), false) }
        if let scalar = next, (0x31...0x39).contains(scalar) {
            throw PatternError(.unsupported, at: start, "back-references are not supported")
        }
        if at("k") { throw PatternError(.unsupported, at: start, "back-references are not supported") }
        var set = CharacterSet()
        if try !classEscape(into: &set, from: start) {
            let scalar = try characterEscape(from: start)
            set.insert(scalar...scalar)
        }
        return (.set(set), true)
    }

    /// Reads an escape that stands for many characters behind its backslash; says whether there was one.
    private mutating func classEscape(
        into set: inout CharacterSet, from start: Int
    ) throws(PatternError) -> Bool {
        if take("d") {
            set.formUnion(.digits)
        } else if take("D") {
            set.formUnion(CharacterSet.digits.complement)
        } else if take("w") {
            set.formUnion(.word)
        } else if take("W") {
            set.formUnion(CharacterSet.word.complement)
        } else if take("s") {
            set.formUnion(.space)
        } else if take("S") {
            set.formUnion(CharacterSet.space.complement)
        } else if at("p") || at("P") {
            let negated = at("P")
            position += 1
            try property(into: &set, negated: negated, from: start)
        } else {
            return false
        }
        return true
    }

    private mutating func property(
        into set: inout CharacterSet, negated: Bool, from start: Int
    ) throws(PatternError) {
        guard take("{") else { throw PatternError(.malformed, at: start, "a property without its name") }
        var name = ""
        while let scalar = next, scalar != 0x7d, let character = Unicode.Scalar(scalar) {
            name.unicodeScalars.append(character)
            position += 1
        }
        guard take("}") else { throw PatternError(.malformed, at: start, "a property without its end") }
        let isCategory = ["gc=", "General_Category="].first { name.hasPrefix($0) }
        if let mask = GeneralCategories.mask(named: String(name.dropFirst(isCategory?.count ?? 0))) {
            set.insert(categories: negated ? ~mask & GeneralCategories.all : mask)
        } else if isCategory == nil, name == "Any" || name == "ASCII" {
            let range = CharacterSet(0...(name == "Any" ? CharacterSet.last : 0x7f))
            set.formUnion(negated ? range.complement : range)
        } else if isCategory == nil, let property = CharacterSet.Property.names[name] {
            set.insert(CharacterSet.Demand(property: property, negated: negated))
        } else {
            throw PatternError(.unsupported, at: start, "a Unicode property that is not supported")
        }
    }

    /// Reads an escape that stands for one character, behind its backslash.
    private mutating func characterEscape(from start: Int) throws(PatternError) -> UInt32 {
        guard let scalar = next, let character = Unicode.Scalar(scalar) else {
            throw PatternError(.malformed, at: start, "a backslash at the end")
        }
        position += 1
        switch character {
        case "t": return 0x09
        case "n": return 0x0a
        case "v": return 0x0b
        case "f": return 0x0c
        case "r": return 0x0d
        case "0":
            if let digit = next, (0x30...0x39).contains(digit) { break }
            return 0
        case "c":
            guard let letter = next, (0x41...0x5a).contains(letter & ~0x20) else { break }
            position += 1
            return letter & 0x1f
        case "x": if let value = hexadecimal(digits: 2) { return value }
        case "u": return try codePoint(from: start)
        case "^", "$", "\\", ".", "*", "+", "?", "(", ")", "[", "]", "{", "}", "|", "/", "-": return scalar
        // Not of Unicode mode, but what Python reads too.
        case "!", "\"", "#", "%", "&", "'", ",", ":", ";", "<", "=", ">", "@", "_", "`", "~", " ": return scalar
        default: break
        }
        throw PatternError(.malformed, at: start, "an unknown escape")
    }

    private mutating func codePoint(from start: Int) throws(PatternError) -> UInt32 {
        if take("{") {
            var value: UInt32 = 0
            let first = position
            while let digit = next.flatMap(Self.hexValue) {
                value = min(value << 4 | digit, 0x1fffff)
                position += 1
            }
            if position > first, take("}"), Unicode.Scalar(value) != nil { return value }
        } else if let value = hexadecimal(digits: 4) {
            if Unicode.Scalar(value) != nil { return value }
            if (0xd800...0xdbff).contains(value), take("\\u"), let low = hexadecimal(digits: 4),
                (0xdc00...0xdfff).contains(low)
            {
                return 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
            }
        }
        throw PatternError(.malformed, at: start, "an escape that is no character")
    }

    private mutating func hexadecimal(digits: Int) -> UInt32? {
        guard position + digits <= scalars.count else { return nil }
        var value: UInt32 = 0
        for index in position..<position + digits {
            guard let digit = Self.hexValue(scalars[index]) else { return nil }
            value = value << 4 | digit
        }
        position += digits
        return value
    }

    private static func hexValue(_ scalar: UInt32) -> UInt32? {
        switch scalar {
        case 0x30...0x39: scalar - 0x30
        case 0x41...0x46: scalar - 0x41 + 10
        case 0x61...0x66: scalar - 0x61 + 10
        default: nil
        }
    }

    /// Reads a set in brackets behind the opening one.
    private mutating func set(from start: Int) throws(PatternError) -> CharacterSet {
        var set = CharacterSet()
        if take("^") { set.negate() }
        while !take("]") {
            guard position < scalars.count else {
                throw PatternError(.malformed, at: start, "a set without its end")
            }
            let here = position
            guard let low = try member(into: &set) else {
                if at("-"), position + 1 < scalars.count, scalars[position + 1] != 0x5d {
                    throw PatternError(.malformed, at: here, "a range that starts with many characters")
                }
                continue
            }
            guard at("-"), position + 1 < scalars.count, scalars[position + 1] != 0x5d else {
                set.insert(low...low)
                continue
            }
            position += 1
            guard let high = try member(into: &set), high >= low else {
                throw PatternError(.malformed, at: here, "a range that ends before it starts")
            }
            set.insert(low...high)
        }
        return set
    }

    /// Reads one character of a set; nil when it was an escape that stands for many, which are in the set then.
    private mutating func member(into set: inout CharacterSet) throws(PatternError) -> UInt32? {
        let start = position
        let scalar = scalars[position]
        position += 1
        guard scalar == 0x5c else { return scalar }
        if take("b") { return 0x08 }
        if try classEscape(into: &set, from: start) { return nil }
        return try characterEscape(from: start)
    }
}
