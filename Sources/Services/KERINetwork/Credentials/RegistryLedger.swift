// SPDX-License-Identifier: Apache-2.0

internal import ACDC
public import KERI
public import KelmarkBytes

/// What must outlive a command about registries of ours: their names, and registry events on their way.
public struct RegistryLedger: Sendable, Hashable {
    /// Our registries.
    public var registries: [OwnedRegistry] = []
    /// Registry events that are written and not yet accepted, oldest first.
    public var pending: [PendingRegistryEvent] = []

    /// Nothing is ours yet.
    public init() {}

    /// The registry with a name or a SAID.
    public func registry(_ nameOrSAID: String) -> OwnedRegistry? {
        registries.first { $0.name == nameOrSAID || $0.said.text == nameOrSAID }
    }
}

/// A registry of one of our AIDs.
public struct OwnedRegistry: Sendable, Hashable {
    /// The name that its owner gave it.
    public let name: String
    /// The registry.
    public let said: SAID
    /// The AID whose log seals its events.
    public let owner: AID
    /// When it was made here.
    public let createdAt: Timestamp
}

/// A registry event that was written and is not accepted yet. It is kept before its seal is written, so that a crash
/// leaves no seal of an event that nobody has.
public struct PendingRegistryEvent: Sendable, Hashable {
    /// The body of the event.
    public let event: [UInt8]
    /// Its digest, which the owner's log seals.
    public let said: SAID
    /// The registry or the credential that it is about.
    public let subject: SAID
    /// What it says.
    public let kind: MessageKind
    /// The AID whose log is to seal it.
    public let owner: AID
    /// The body of the credential that it issues.
    public let credential: [UInt8]?
    /// Since when.
    public let since: Timestamp
}

/// Where the ledger of registries is kept. What `update` returns is durable; a change that throws did not happen.
public protocol RegistryBook: Sendable {
    /// The ledger as it is.
    /// - Throws: ``IssuingError`` when it can't be read back, or what the medium fails with.
    func load() throws -> RegistryLedger
    /// Reads, changes and writes the ledger with nobody in between.
    /// - Throws: what `change` throws, ``IssuingError`` when it can't be read back, what the medium fails with.
    func update<Result: Sendable>(_ change: (inout RegistryLedger) throws -> Result) throws -> Result
}

/// The one form in which registries of ours are kept: ordered JSON with a version.
public enum RegistryLedgerCoding {
    /// The ledger as a document.
    public static func encode(_ ledger: RegistryLedger) -> OrderedMap {
        [
            "version": 1,
            "registries": .list(
                ledger.registries.map { one in
                    [
                        "name": .text(one.name), "said": .text(one.said.text), "owner": .text(one.owner.text),
                        "created": .text(one.createdAt.description),
                    ]
                }),
            "pending": .list(
                ledger.pending.map { one in
                    [
                        "event": .text(Base64URL.encodedString(one.event.span)),
                        "credential": one.credential.map { .text(Base64URL.encodedString($0.span)) } ?? .null,
                        "owner": .text(one.owner.text), "since": .text(one.since.description),
                    ]
                }),
        ]
    }

    /// Reads a document back.
    /// - Throws: ``IssuingError`` `bookDamaged`, `bookTooNew`.
    public static func decode(_ document: OrderedMap) throws(IssuingError) -> RegistryLedger {
        let damaged = IssuingError(.bookDamaged, "the book of registries has not its members")
        guard let version = document["version"]?.integerValue else { throw damaged }
        guard version == 1 else {
            throw IssuingError(.bookTooNew, "the book of registries has version \(version)")
        }
        guard let registries = document["registries"]?.listValue, let pending = document["pending"]?.listValue else {
            throw damaged
        }
        var ledger = RegistryLedger()
        for item in registries {
            guard let name = item["name"]?.textValue, let said = item["said"]?.textValue.flatMap({ SAID($0) }),
                let owner = item["owner"]?.textValue.flatMap({ AID($0) }),
                let created = item["created"]?.textValue.flatMap({ Timestamp($0) })
            else { throw damaged }
            ledger.registries.append(OwnedRegistry(name: name, said: said, owner: owner, createdAt: created))
        }
        for item in pending {
            guard let body = item["event"]?.textValue.flatMap({ try? Base64URL.decode($0.utf8.span) }),
                let owner = item["owner"]?.textValue.flatMap({ AID($0) }),
                let since = item["since"]?.textValue.flatMap({ Timestamp($0) }),
                case .registryEvent(let event)? = try? StoredMessage(body).message
            else { throw damaged }
            let credential = item["credential"]?.textValue.flatMap { try? Base64URL.decode($0.utf8.span) }
            ledger.pending.append(
                PendingRegistryEvent(event, owner: owner, credential: credential, since: since))
        }
        return ledger
    }
}

extension PendingRegistryEvent {
    init(_ event: RegistryEvent, owner: AID, credential: [UInt8]?, since: Timestamp) {
        self.init(
            event: event.bytes, said: event.said, subject: event.subject, kind: event.kind, owner: owner,
            credential: credential, since: since)
    }

    /// Names the event as the owner's log seals it.
    var seal: EventSeal? {
        guard case .registryEvent(let event)? = try? StoredMessage(event).message else { return nil }
        return event.seal
    }
}
