// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// Forms of a whole credential: what is shown of each block. The recursions are as deep as the document, whose depth its
/// scan has bounded.
enum CredentialForm {
    /// A part that has a digest of its own.
    struct Part {
        var path: [String]
        var value: OrderedValue
        /// Whether a nonce keeps it from being guessed by its digest.
        var isBlinded: Bool
    }

    /// The most compact form: every block is its digest, an aggregate its AGID, a schema its SAID.
    static func folded(_ map: OrderedMap) -> OrderedMap {
        var hidden: [Part] = []
        return form(of: map, hidden: &hidden) { _ in false }
    }

    /// A copy that shows only some parts.
    /// - Parameter hidden: gets the parts that the copy does not show while the original does.
    static func form(
        of credential: OrderedMap, hidden: inout [Part], showing isShown: ([String]) -> Bool
    ) -> OrderedMap {
        var copy = credential
        // A credential begins with its version, so that it is no block itself.
        for member in credential.members {
            let path = [member.label]
            switch (member.label, member.value) {
            case ("s", .map(let schema)):
                guard !isShown(path) else { continue }
                // Schemas are public.
                hidden.append(Part(path: path, value: member.value, isBlinded: true))
                copy["s"] = schema["$id"]
            case ("A", .list(let list)):
                copy["A"] = aggregate(list, at: path, hidden: &hidden, showing: isShown)
            case (_, .map(let map)):
                copy[member.label] = block(map, at: path, hidden: &hidden, showing: isShown)
            default: break
            }
        }
        return copy
    }

    private static func block(
        _ map: OrderedMap, at path: [String], hidden: inout [Part], showing isShown: ([String]) -> Bool
    ) -> OrderedValue {
        if let said = BlockAddressing.said(of: map), !isShown(path) {
            hidden.append(Part(path: path, value: .map(map), isBlinded: isBlinded(map)))
            return .text(said.text)
        }
        var copy = map
        for member in map.members {
            guard case .map(let inner) = member.value else { continue }
            copy[member.label] = block(inner, at: path + [member.label], hidden: &hidden, showing: isShown)
        }
        return .map(copy)
    }

    private static func aggregate(
        _ list: [OrderedValue], at path: [String], hidden: inout [Part], showing isShown: ([String]) -> Bool
    ) -> OrderedValue? {
        var copy = list
        for (number, element) in list.enumerated() {
            guard case .map(let map) = element else { continue }
            copy[number] = block(map, at: path + [String(number)], hidden: &hidden, showing: isShown)
        }
        return isShown(path) ? .list(copy) : list.first
    }

    /// Whether a block has a nonce of 128 bits or more.
    static func isBlinded(_ map: OrderedMap) -> Bool {
        guard case .text(let text)? = map["u"], let nonce = try? Primitive(text: text) else { return false }
        return nonce.span.count >= CredentialParser.nonceBytes
    }

    // MARK: Putting together

    /// What two forms of one credential show together.
    static func union(_ one: OrderedValue, _ other: OrderedValue) -> OrderedValue {
        switch (one, other) {
        case (.map(let left), .map(let right)):
            var copy = left
            for member in left.members {
                if let value = right[member.label] { copy[member.label] = union(member.value, value) }
            }
            return .map(copy)
        case (.list(let left), .list(let right)) where left.count == right.count:
            return .list(zip(left, right).map(union))
        case (.text, .map), (.text, .list): return other
        default: return one
        }
    }

    /// A copy in which a digest is replaced by the part that it is the digest of, wherever a part can stand.
    static func expanded(_ map: OrderedMap, _ digest: String, to part: OrderedValue) -> OrderedMap {
        var copy = map
        for member in map.members where member.label != "d" {
            switch member.value {
            case .text(digest): copy[member.label] = part
            case .map(let inner): copy[member.label] = .map(expanded(inner, digest, to: part))
            case .list(let list) where member.label == "A":
                copy["A"] = .list(
                    list.enumerated().map { number, element in
                        if number > 0, element == .text(digest) { return part }
                        if case .map(let inner) = element { return .map(expanded(inner, digest, to: part)) }
                        return element
                    })
            default: break
            }
        }
        return copy
    }
}
