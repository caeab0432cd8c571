// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A set of public keys (RFC 7517 section 5).
///
/// Keys of a type that is not known here are left out and counted; a key that is broken breaks the set.
public struct JWKSet: Hashable, Sendable {
    /// Most keys of a set that are read.
    public static let mostKeys = 4096

    /// The keys in order.
    public let keys: [JWK]
    /// How many keys were left out because of their kind.
    public let skipped: Int

    /// A set of keys.
    /// - Throws: ``KeyError/Code/duplicateKeyID`` when two have the same `kid`.
    public init(keys: [JWK]) throws(KeyError) {
        try self.init(keys: keys, skipped: 0)
    }

    private init(keys: [JWK], skipped: Int) throws(KeyError) {
        var seen: Set<[UInt8]> = []
        for key in keys {
            guard let id = key.keyID else { continue }
            guard seen.insert(Array(id.utf8)).inserted else { throw KeyError(.duplicateKeyID) }
        }
        self.keys = keys
        self.skipped = skipped
    }

    /// Reads a set from JSON.
    /// - Throws: ``KeyError``: no JSON map, a member twice, no list `keys`, a broken key, two keys of one `kid`.
    public init(parsing json: [UInt8], limits: Limits = .jose) throws(KeyError) {
        guard let value = try? OrderedValue(parsingJSON: json.span, strictness: .interoperable, limits: limits),
            let members = value.mapValue
        else { throw KeyError(.malformed, "JSON") }
        guard let list = members["keys"]?.listValue else { throw KeyError(.keysMissing) }
        guard list.count <= Self.mostKeys else { throw KeyError(.tooManyKeys) }
        var keys: [JWK] = []
        var skipped = 0
        for element in list {
            guard let members = element.mapValue else { throw KeyError(.malformed, "keys") }
            do {
                keys.append(try JWK(members))
            } catch {
                guard error.isUnsupported else { throw error }
                skipped += 1
            }
        }
        try self.init(keys: keys, skipped: skipped)
    }

    /// The key of a `kid`, compared byte by byte.
    public func key(id: String) -> JWK? {
        keys.first { $0.keyID?.utf8.elementsEqual(id.utf8) ?? false }
    }

    /// The set as JSON: `{"keys":[…]}`.
    public var json: [UInt8] {
        let document: OrderedValue = ["keys": .list(keys.map { .map($0.members) })]
        // Text and lists two deep: the writer refuses nothing of that.
        return (try? document.encoded(as: .json)) ?? []
    }
}
