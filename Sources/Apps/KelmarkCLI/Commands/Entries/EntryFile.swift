// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes

/// A file of entries: `{"entries":[…]}`, with IDs as text as SPIRE's `-data` takes them, or as the API's own JSON has
/// them, so that what `entry show -output json` printed can be given back. Facts (SPIFFE) 11.3.
///
/// A member that is not known is refused: a misspelt one would be left out in silence.
struct EntryFile {
    /// Most bytes of a file.
    static let largest = 64 << 20
    private static let limits = Limits(bodyBytes: largest, nestingDepth: 8, documentValues: 1 << 22)

    let entries: [EntryRecord]

    /// Reads a file, or standard input for `-`.
    init(path: String) throws { try self.init(DurableFile.read(path, atMost: Self.largest), named: path) }

    /// Reads the bytes of a file.
    /// - Throws: ``CommandFailure`` that names the entry and the member.
    init(_ bytes: [UInt8], named name: String) throws {
        let document = try Self.document(bytes, named: name)
        guard let list = document["entries"]?.listValue else {
            throw Self.malformed(name, "there is no list \"entries\"")
        }
        for label in document.labels where label != "entries" && label != "next_page_token" {
            throw Self.malformed(name, "member \"\(label)\" is not known")
        }
        var entries: [EntryRecord] = []
        for (index, value) in list.enumerated() {
            guard let members = value.mapValue else { throw Self.malformed(name, "entry \(index) is no map") }
            do {
                entries.append(try Self.entry(members))
            } catch let error as Member {
                throw Self.malformed(name, "entry \(index): \(error.complaint)")
            }
        }
        self.entries = entries
    }

    /// The IDs of a file `{"ids":[…]}`, as `entry delete -file` takes it.
    static func ids(path: String) throws -> [String] {
        let document = try document(DurableFile.read(path, atMost: largest), named: path)
        guard let list = document["ids"]?.listValue else { throw malformed(path, "there is no list \"ids\"") }
        return try list.map { value in
            guard let id = value.textValue else { throw malformed(path, "an ID is no text") }
            return id
        }
    }

    private static func document(_ bytes: [UInt8], named name: String) throws -> OrderedMap {
        let value: OrderedValue
        do {
            value = try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable, limits: limits)
        } catch {
            throw malformed(name, "it is no JSON (byte \(error.offset))")
        }
        guard let map = value.mapValue else { throw malformed(name, "it is no map") }
        return map
    }

    private static func malformed(_ name: String, _ complaint: String) -> CommandFailure {
        CommandFailure("KM-INPUT-ENTRIES", "\(name): \(complaint)")
    }

    private struct Member: Error {
        let complaint: String
    }

    private static func entry(_ members: OrderedMap) throws -> EntryRecord {
        var entry = EntryRecord(
            spiffeID: IDRecord(trustDomain: "", path: ""), parentID: IDRecord(trustDomain: "", path: ""), selectors: [])
        for member in members.members { try read(member.label, member.value, into: &entry) }
        for (label, isMissing) in [
            ("spiffe_id", entry.spiffeID.path.isEmpty), ("parent_id", entry.parentID.path.isEmpty),
            ("selectors", entry.selectors.isEmpty),
        ] where isMissing { throw Member(complaint: "\(label) is missing") }
        return entry
    }

    private static func read(_ label: String, _ value: OrderedValue, into entry: inout EntryRecord) throws {
        switch label {
        case "entry_id", "id": entry.id = try text(value, label)
        case "spiffe_id": entry.spiffeID = try id(value, label)
        case "parent_id": entry.parentID = try id(value, label)
        case "selectors": entry.selectors = try list(value, label).map { try selector($0, label) }
        case "x509_svid_ttl": entry.x509SVIDTTL = try integer(value, label)
        case "jwt_svid_ttl": entry.jwtSVIDTTL = try integer(value, label)
        case "federates_with":
            entry.federatesWith = try list(value, label).map { element in
                try typed(label) { try Typed.federated(try text(element, label)) }
            }
        case "admin": entry.isAdmin = try boolean(value, label)
        case "downstream": entry.isDownstream = try boolean(value, label)
        case "entry_expiry", "expires_at": entry.expiresAt = try integer(value, label)
        case "dns_names": entry.dnsNames = try list(value, label).map { try text($0, label) }
        case "store_svid": entry.storesSVID = try boolean(value, label)
        case "hint": entry.hint = try text(value, label)
        case "additional_attributes":
            guard let map = value.mapValue else { throw Member(complaint: "\(label) is no map") }
            var attributes = EntryRecord.Attributes()
            for member in map.members {
                switch member.label {
                case "disable_x509_svid_prefetch":
                    attributes.disablesPrefetch = try boolean(member.value, member.label)
                case "jwt_svid_include_jti": attributes.includesTokenID = try boolean(member.value, member.label)
                default: throw Member(complaint: "member \"\(member.label)\" is not known")
                }
            }
            entry.attributes = attributes
        // The server's own.
        case "created_at", "revision_number": _ = try integer(value, label) as Int64
        default: throw Member(complaint: "member \"\(label)\" is not known")
        }
    }

    private static func text(_ value: OrderedValue, _ label: String) throws -> String {
        guard let text = value.textValue else { throw Member(complaint: "\(label) is no text") }
        return text
    }

    private static func boolean(_ value: OrderedValue, _ label: String) throws -> Bool {
        guard let truth = value.booleanValue else { throw Member(complaint: "\(label) is neither true nor false") }
        return truth
    }

    /// A number, or the text of one, as 64-bit integers are written.
    private static func integer<Number: FixedWidthInteger>(_ value: OrderedValue, _ label: String) throws -> Number {
        let number: Number? =
            switch value {
            case .integer(let text), .text(let text): Number(text)
            default: nil
            }
        guard let number, number >= 0 else { throw Member(complaint: "\(label) is no number that fits") }
        return number
    }

    private static func list(_ value: OrderedValue, _ label: String) throws -> [OrderedValue] {
        guard let list = value.listValue else { throw Member(complaint: "\(label) is no list") }
        return list
    }

    private static func id(_ value: OrderedValue, _ label: String) throws -> IDRecord {
        if let map = value.mapValue {
            guard map.count == 2, let domain = map["trust_domain"]?.textValue, let path = map["path"]?.textValue else {
                throw Member(complaint: "\(label) is no SPIFFE ID")
            }
            return try typed(label) { try Typed.id("spiffe://\(domain)\(path)") }
        }
        return try typed(label) { try Typed.id(try text(value, label)) }
    }

    private static func selector(_ value: OrderedValue, _ label: String) throws -> SelectorRecord {
        if let map = value.mapValue {
            guard map.count == 2, let type = map["type"]?.textValue, let value = map["value"]?.textValue else {
                throw Member(complaint: "\(label) holds what is no selector")
            }
            return try typed(label) { try Typed.selector(type: type, value: value) }
        }
        return try typed(label) { try Typed.selector(try text(value, label)) }
    }

    private static func typed<Value>(_ label: String, _ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch let error as ValidationError {
            throw Member(complaint: "\(label): \(error.message)")
        }
    }
}
