// SPDX-License-Identifier: Apache-2.0

public import KERI
public import KelmarkBytes

/// Somebody whom the operator knows by a name of his own.
public struct Contact: Sendable, Hashable {
    /// The name; the operator's alone, it proves nothing.
    public let alias: String
    /// Who it is.
    public let aid: AID
    /// The introduction that led there.
    public let oobi: String
    /// When.
    public let since: Timestamp

    /// Collects a contact.
    public init(alias: String, aid: AID, oobi: String, since: Timestamp) {
        self.alias = alias
        self.aid = aid
        self.oobi = oobi
        self.since = since
    }
}

/// How contacts are written down: `{"version":1,"contacts":[{alias, aid, oobi, since}…]}`.
public enum ContactCoding {
    /// The document.
    public static func encode(_ contacts: [Contact]) -> OrderedMap {
        [
            "version": 1,
            "contacts": .list(
                contacts.map { one in
                    [
                        "alias": .text(one.alias), "aid": .text(one.aid.text), "oobi": .text(one.oobi),
                        "since": .text(one.since.description),
                    ]
                }),
        ]
    }

    /// The contacts of a document.
    /// - Throws: ``ControllerError`` `bookDamaged`, `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(ControllerError) -> [Contact] {
        guard let version = document["version"]?.integerValue, let list = document["contacts"]?.listValue else {
            throw ControllerError(.bookDamaged, "the list of contacts has not its members")
        }
        guard version == 1 else { throw ControllerError(.bookTooNew, "the list of contacts has version \(version)") }
        var contacts: [Contact] = []
        for item in list {
            guard let alias = item["alias"]?.textValue, let aid = item["aid"]?.textValue.flatMap({ AID($0) }),
                let oobi = item["oobi"]?.textValue, let since = item["since"]?.textValue.flatMap({ Timestamp($0) })
            else { throw ControllerError(.bookDamaged, "a contact has not its members") }
            contacts.append(Contact(alias: alias, aid: aid, oobi: oobi, since: since))
        }
        return contacts
    }
}
