// SPDX-License-Identifier: Apache-2.0

import ACDC
import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto
import Synchronization
import Testing

@testable import KERINetwork

/// A wallet with registries in memory.
struct IssuingHome {
    let wallet: Wallet<MemoryKeyEventStore>
    let store: MemoryCredentialStore
    let book: any RegistryBook
    let now = Timestamp(microseconds: 1_700_000_000_000_000)

    var issuing: Issuing<MemoryCredentialStore> { Issuing(wallet: wallet, store: store, book: book) }

    init(book: any RegistryBook = MemoryRegistryBook()) {
        let logs = MemoryKeyEventStore()
        wallet = Wallet(store: logs, vault: InMemoryVault(), book: MemoryWalletBook())
        store = MemoryCredentialStore(logs)
        self.book = book
    }

    /// An AID without witnesses.
    func aid(_ name: String, traits: [String] = []) async throws -> AID {
        var plan = CreationPlan(name: name)
        plan.traits = traits
        return try await wallet.create(plan, now: now).event.aid
    }

    func registry(_ name: String = "staff", owner: String = "acme") async throws -> IssuedEvent {
        try await issuing.create(name, owner: owner, nonce: [UInt8](repeating: 7, count: 16), now: now)
    }

    /// A schema whose attributes have a text `role`.
    func schema() throws -> CredentialSchema {
        let draft: OrderedMap = [
            "$id": "", "$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
            "properties": [
                "a": ["type": "object", "properties": ["role": ["type": "string"]], "required": ["role"]]
            ],
        ]
        let schema = try CredentialSchema(parsing: try SchemaAddressing.address(draft))
        try CredentialProcessor(store: store).learn(schema)
        return schema
    }

    func credential(_ schema: SAID, registry name: String = "staff", role: OrderedValue = "guest") throws -> Credential
    {
        let registry = try issuing.registry(name)
        return try CredentialBuilder.credential(
            CredentialDraft(
                issuer: registry.owner, registry: registry.said, schema: schema,
                content: .attributes(["role": role]), dated: now))
    }

    func status(of credential: Credential) throws -> CredentialStatus? {
        try store.read(credentials: { $0.status(of: credential.said, in: credential.registry ?? credential.said) })
    }
}

/// A book that fails when it is to forget, as a machine that stops there.
final class StoppingBook: RegistryBook {
    private let inner = MemoryRegistryBook()
    let stops = Mutex(false)
    struct Stopped: Error {}

    func load() throws -> RegistryLedger { inner.load() }

    func update<Result: Sendable>(_ change: (inout RegistryLedger) throws -> Result) throws -> Result {
        let before = inner.load().pending.count
        return try inner.update { ledger in
            let result = try change(&ledger)
            if stops.withLock({ $0 }), ledger.pending.count < before { throw Stopped() }
            return result
        }
    }
}

@Suite("Issuing")
struct IssuingTests {
    @Test("a registry, a credential and its revocation, each sealed alone")
    func story() async throws {
        let home = IssuingHome()
        let acme = try await home.aid("acme")
        #expect(try await home.registry().stage == .accepted)
        let registry = try home.issuing.registry("staff")
        #expect(registry.owner == acme)
        #expect(try home.issuing.state(of: registry).isBackerless)
        let credential = try home.credential(try home.schema().said)
        let issued = try await home.issuing.issue(credential, dated: home.now, now: home.now)
        #expect(issued.stage == .accepted)
        #expect(issued.sealing?.event.anchors.count == 1)
        #expect(try home.status(of: credential)?.isRevoked == false)
        #expect(try home.store.read(credentials: { $0.credential(credential.said) }) == credential)
        #expect(try await home.issuing.revoke(credential.said, dated: home.now, now: home.now).stage == .accepted)
        #expect(try home.status(of: credential)?.isRevoked == true)
        #expect(try home.issuing.ledger().pending.isEmpty)
        #expect(try home.wallet.keyState(of: acme)?.sn == SequenceNumber(3))
    }

    @Test("an AID that takes establishment events only seals in rotations")
    func establishmentOnly() async throws {
        let home = IssuingHome()
        _ = try await home.aid("acme", traits: ["EO"])
        let event = try await home.registry()
        #expect(event.stage == .accepted)
        #expect(event.sealing?.event.kind == .rotation)
    }

    private func code(_ body: () async throws -> Void) async -> IssuingError.Code? {
        do {
            try await body()
            return nil
        } catch { return (error as? IssuingError)?.code }
    }

    @Test("what can't be done has a code, and seals nothing")
    func refusals() async throws {
        let home = IssuingHome()
        let acme = try await home.aid("acme")
        _ = try await home.aid("other")
        _ = try await home.registry()
        let schema = try home.schema().said
        let credential = try home.credential(schema)
        _ = try await home.issuing.issue(credential, dated: home.now, now: home.now)
        let sn = try home.wallet.keyState(of: acme)?.sn
        #expect(await code { _ = try await home.registry() } == .nameTaken)
        #expect(await code { _ = try await home.registry("0 x") } == .nameMalformed)
        #expect(await code { _ = try home.issuing.registry("none") } == .unknownRegistry)
        #expect(
            await code { _ = try await home.issuing.issue(credential, dated: home.now, now: home.now) } == .notOurs)
        #expect(
            await code {
                let wrong = try home.credential(schema, role: 7)
                _ = try await home.issuing.issue(wrong, dated: home.now, now: home.now)
            } == .wouldNotVerify)
        #expect(
            await code {
                let unknown = try home.credential(credential.said)
                _ = try await home.issuing.issue(unknown, dated: home.now, now: home.now)
            } == .unknownSchema)
        #expect(
            await code {
                let registry = try home.issuing.registry("staff")
                let foreign = try CredentialBuilder.credential(
                    CredentialDraft(
                        issuer: try home.wallet.aid("other"), registry: registry.said, schema: schema,
                        content: .attributes(["role": "x"])))
                _ = try await home.issuing.issue(foreign, dated: home.now, now: home.now)
            } == .notOurs)
        #expect(
            await code { _ = try await home.issuing.revoke(schema, dated: home.now, now: home.now) }
                == .unknownCredential)
        #expect(
            await code {
                _ = try await home.issuing.create(
                    "b", owner: "acme", backers: [acme], threshold: 1, nonce: [UInt8](repeating: 1, count: 16),
                    now: home.now)
            } == .backers)
        #expect(try home.wallet.keyState(of: acme)?.sn == sn)
        _ = try await home.issuing.revoke(credential.said, dated: home.now, now: home.now)
        #expect(
            await code { _ = try await home.issuing.revoke(credential.said, dated: home.now, now: home.now) }
                == .alreadyRevoked)
        #expect(try home.issuing.ledger().pending.isEmpty)
    }

    @Test("a command that stops behind the seal is finished with the same bytes")
    func stopsBehindTheSeal() async throws {
        let book = StoppingBook()
        let home = IssuingHome(book: book)
        let acme = try await home.aid("acme")
        _ = try await home.registry()
        let credential = try home.credential(try home.schema().said)
        book.stops.withLock { $0 = true }
        await #expect(throws: StoppingBook.Stopped.self) {
            _ = try await home.issuing.issue(credential, dated: home.now, now: home.now)
        }
        let pending = try #require(try home.issuing.ledger().pending.first)
        let sn = try home.wallet.keyState(of: acme)?.sn
        // A second event for the place is refused while the first is on its way.
        #expect(
            await code {
                _ = try await home.issuing.issue(
                    credential, dated: home.now.advanced(bySeconds: 9), now: home.now)
            } != nil)
        book.stops.withLock { $0 = false }
        #expect(try home.issuing.settle(now: home.now).map(\.stage) == [.accepted])
        #expect(try home.status(of: credential)?.event == pending.said)
        #expect(try home.wallet.keyState(of: acme)?.sn == sn)
    }

    @Test("a command that stops before the seal is resumed, and seals once")
    func stopsBeforeTheSeal() async throws {
        let home = IssuingHome()
        let acme = try await home.aid("acme")
        _ = try await home.registry()
        let credential = try home.credential(try home.schema().said)
        let state = try home.issuing.state(of: try home.issuing.registry("staff"))
        let event = try RegistryEventBuilder.issuance(of: credential.said, in: state, dated: home.now)
        let pending = PendingRegistryEvent(event, owner: acme, credential: credential.bytes, since: home.now)
        try home.book.update { $0.pending.append(pending) }
        #expect(try home.issuing.settle(now: home.now).map(\.stage) == [.waitsForSeal])
        #expect(try await home.issuing.resume(pending, now: home.now).stage == .accepted)
        #expect(try await home.issuing.resume(pending, now: home.now).stage == .accepted)
        #expect(try home.wallet.keyState(of: acme)?.sn == SequenceNumber(2))
        #expect(try home.status(of: credential)?.event == event.said)
    }

    @Test("the ledger is read back as it was written")
    func coding() async throws {
        let home = IssuingHome()
        let acme = try await home.aid("acme")
        _ = try await home.registry()
        let credential = try home.credential(try home.schema().said)
        let state = try home.issuing.state(of: try home.issuing.registry("staff"))
        let event = try RegistryEventBuilder.issuance(of: credential.said, in: state, dated: home.now)
        try home.book.update {
            $0.pending.append(
                PendingRegistryEvent(event, owner: acme, credential: credential.bytes, since: home.now))
        }
        let ledger = try home.issuing.ledger()
        let bytes = try RegistryLedgerCoding.encode(ledger).encoded(as: .json)
        let document = try #require(try OrderedValue(parsing: bytes.span, format: .json).mapValue)
        #expect(try RegistryLedgerCoding.decode(document) == ledger)
        var newer = document
        newer["version"] = 2
        #expect(throws: IssuingError.self) { try RegistryLedgerCoding.decode(newer) }
        #expect(throws: IssuingError.self) { try RegistryLedgerCoding.decode([:]) }
    }

    @Test("a recovery names the registry events that lose their seals")
    func recovery() async throws {
        let home = IssuingHome()
        let acme = try await home.aid("acme")
        _ = try await home.registry()
        let credential = try home.credential(try home.schema().said)
        _ = try await home.issuing.issue(credential, dated: home.now, now: home.now)
        _ = try await home.issuing.revoke(credential.said, dated: home.now, now: home.now)
        let lost = try home.issuing.superseded(at: SequenceNumber(2), of: acme)
        #expect(lost.map(\.kind) == [.issuance, .revocation])
        var plan = RotationPlan()
        plan.position = SequenceNumber(2)
        plan.anchors = lost.filter(\.isOfRevocation).map(\.seal.value)
        _ = try await Controller(home.wallet, "acme").rotate(plan, now: home.now)
        let status = try #require(try home.status(of: credential))
        #expect(status.isRevoked)
        #expect(try home.store.read(credentials: { try !$0.isAnchored(status) }))
    }
}
