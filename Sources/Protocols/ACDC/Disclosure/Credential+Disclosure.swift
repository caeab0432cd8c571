// SPDX-License-Identifier: Apache-2.0

private import KERI
public import KelmarkBytes

/// Why a form of a credential can't be made.
public enum DisclosureError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Its digest is over the whole as serialised (keripy 1.x): any other form would be another credential.
    case onlyWhole
    /// There is no such part, or this copy does not show it itself.
    case notShown(DisclosurePath)
    /// The part belongs nowhere in the credential, or its digest is wrong.
    case doesNotBelong
    /// The two are forms of different credentials.
    case differentCredentials
    /// The result can't be written.
    case unwritable

    /// A stable name.
    public var name: String {
        switch self {
        case .onlyWhole: "disclosure-only-whole"
        case .notShown: "disclosure-not-shown"
        case .doesNotBelong: "disclosure-does-not-belong"
        case .differentCredentials: "disclosure-different-credentials"
        case .unwritable: "disclosure-unwritable"
        }
    }

    /// The text form.
    public var description: String {
        if case .notShown(let path) = self {
            return "\(name): \(path.labels.map(ShownText.label).joined(separator: "/"))"
        }
        return name
    }
}

/// A form of a credential that shows only some of it.
public struct CredentialDisclosure: Hashable, Sendable {
    /// The form. It has the SAID of the whole.
    public let credential: Credential
    /// The parts that it keeps back and that have no nonce of 128 bits: who knows the schema may guess them by their
    /// digests.
    public let guessable: [DisclosurePath]
}

extension Credential {
    /// The body as a tree.
    public var document: OrderedMap {
        guard case .map(let map)? = try? OrderedValue(parsing: bytes.span, format: format) else { return [:] }
        return map
    }

    /// The blocks of this copy, shown in full, that have no nonce of 128 bits: kept back, they could be guessed.
    public var guessableBlocks: [DisclosurePath] {
        var hidden: [CredentialForm.Part] = []
        var paths: [DisclosurePath] = []
        var shown: Set<[String]> = []
        // Each round opens what the one before has hidden.
        repeat {
            hidden.removeAll()
            _ = CredentialForm.form(of: document, hidden: &hidden) { shown.contains($0) || $0 == ["A"] }
            paths += hidden.filter { !$0.isBlinded }.map { DisclosurePath($0.path) }
            shown.formUnion(hidden.map(\.path))
        } while !hidden.isEmpty
        return paths
    }

    /// The most compact form.
    /// - Throws: ``DisclosureError/onlyWhole``.
    public func compact() throws(DisclosureError) -> CredentialDisclosure { try disclosing([]) }

    /// A form that shows only some parts, and what contains them.
    ///
    /// - Parameter paths: the parts; each has to be one that this copy shows.
    /// - Throws: ``DisclosureError``.
    public func disclosing(_ paths: Set<DisclosurePath>) throws(DisclosureError) -> CredentialDisclosure {
        guard addressing == .mostCompact else { throw .onlyWhole }
        let document = document
        for path in paths where !Self.shows(document, path) { throw .notShown(path) }
        var hidden: [CredentialForm.Part] = []
        let form = CredentialForm.form(of: document, hidden: &hidden) { part in paths.contains { $0.shows(part) } }
        return CredentialDisclosure(
            credential: try written(form),
            guessable: hidden.filter { !$0.isBlinded }.map { DisclosurePath($0.path) })
    }

    /// What this copy and another of the same credential show together.
    /// - Throws: ``DisclosureError``.
    public func merged(with other: Credential) throws(DisclosureError) -> Credential {
        guard other.said == said, other.format == format else { throw .differentCredentials }
        if other.bytes == bytes { return self }
        guard case .map(let map) = CredentialForm.union(.map(document), .map(other.document)) else {
            throw .unwritable
        }
        return try written(map)
    }

    /// A copy that shows a part, a block, an aggregate's list or a schema, where so far only its digest stands.
    /// - Throws: ``DisclosureError``.
    public func expanded(by part: OrderedValue) throws(DisclosureError) -> Credential {
        let digest: OrderedValue? =
            switch part {
            case .map(let map): map["$id"] ?? BlockAddressing.said(of: map).map { .text($0.text) }
            case .list(let list): list.first
            default: nil
            }
        guard case .text(let text)? = digest else { throw .doesNotBelong }
        let document = document
        let expanded = CredentialForm.expanded(document, text, to: part)
        guard expanded != document else { throw .doesNotBelong }
        do throws(DisclosureError) {
            return try written(expanded)
        } catch { throw error == .unwritable ? .doesNotBelong : error }
    }

    /// Whether a copy shows the part at a path.
    private static func shows(_ document: OrderedMap, _ path: DisclosurePath) -> Bool {
        var value = OrderedValue.map(document)
        for (depth, label) in path.labels.enumerated() {
            switch value {
            case .map(let map):
                guard let next = map[label] else { return false }
                value = next
            case .list(let list):
                guard depth == 1, path.labels[0] == "A", let number = Int(label), number > 0, number < list.count
                else { return false }
                value = list[number]
            default: return false
            }
        }
        switch value {
        case .map: return true
        case .list: return path.labels == ["A"]
        default: return false
        }
    }

    private func written(_ map: OrderedMap) throws(DisclosureError) -> Credential {
        // The parser checks every digest of the result, so that it is a form of the credential that its `d` names.
        do throws(CredentialBuilder.Failure) {
            return try CredentialBuilder.credential(sized: map, format: format)
        } catch { throw .unwritable }
    }
}
