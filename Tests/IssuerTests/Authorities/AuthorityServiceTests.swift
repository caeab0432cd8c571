// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkCrypto
import Logging
import SPIFFE
import Testing
import X509

@testable import Issuer

@Suite struct AuthorityServiceTests {
    @Test func beginsWithOneActiveAuthorityOfEachKind() async throws {
        let fixture = try await IssuerFixture()
        let state = fixture.authorities.state
        let x509 = try #require(state.x509.active)
        let jwt = try #require(state.jwt.active)
        #expect(x509.key.slot == .x509A)
        #expect(jwt.key.slot == .jwtA)
        #expect(state.x509.prepared == nil)
        #expect(x509.authorityID.utf8.count == 40)
        #expect(jwt.authorityID == jwt.key.publicKey.thumbprint)
        #expect(state.bundle.x509Authorities.map(\.certificate) == [x509.certificate])
        #expect(state.bundle.jwtAuthorities.map(\.keyID) == [jwt.authorityID])
        #expect(state.bundle.jwtAuthorities.first?.expiresAt == jwt.notAfter.seconds)
        #expect(state.bundle.sequence == 2)
        #expect(state.bundle.refreshHint == 300)
    }

    @Test func theOwnCertificateHasTheProfile() async throws {
        let gate = ScriptedGate(
            .admit(try #require(Admission(aid: IssuerFixture.aid, statement: IssuerFixture.statement))))
        let fixture = try await IssuerFixture(gate: gate)
        let certificate = try #require(fixture.authorities.state.x509.active?.certificate)
        let now = fixture.clock.now()
        #expect(certificate.hasSignature(by: certificate))
        #expect(certificate.isSelfIssued)
        #expect(certificate.uris == ["spiffe://example.org"])
        #expect(certificate.otherNames.isEmpty)
        #expect(certificate.pathLength == 0)
        #expect(certificate.notBefore == now.advanced(by: -10))
        #expect(certificate.notAfter == now.advanced(by: 86_400))
        #expect(certificate.keyUsage == KeyUsage(keyCertSign: true, cRLSign: true))
        #expect(certificate.extendedKeyUsages == nil)
        let extensions = certificate.certificate.extensions
        #expect(extensions.filter(\.critical).count == 2)
        #expect(extensions[oid: .X509ExtensionID.authorityKeyIdentifier] == nil)
        #expect(
            certificate.subjectKeyIdentifier
                == Array(SubjectKeyIdentifier(hash: certificate.certificate.publicKey).keyIdentifier))
        let subject = IssuerFixture.subject(of: certificate)
        #expect(
            subject.prefix(4) == [
                "C=US", "O=SPIFFE", "OU=aid:\(IssuerFixture.aid)", "OU=stmt:\(IssuerFixture.statement)",
            ])
        #expect(subject.count == 5)
        let asked = try #require(gate.asked.first { $0.key.slot.kind == .x509 })
        #expect(asked.key.subjectPublicKeyInfo == certificate.subjectPublicKeyInfo)
        #expect(asked.notBefore == certificate.notBefore)
        #expect(asked.notAfter == certificate.notAfter)
        #expect(asked.trustDomain == IssuerFixture.domain)
        #expect(!asked.allowsDownstream)
    }

    @Test(arguments: AuthorityKeyAlgorithm.allCases)
    func everyKindOfKeySigns(_ algorithm: AuthorityKeyAlgorithm) async throws {
        let fixture = try await IssuerFixture { configuration in
            configuration.x509KeyAlgorithm = algorithm
            configuration.jwtKeyAlgorithm = algorithm
        }
        #expect(fixture.authorities.state.x509.active?.key.algorithm == algorithm)
        let issued = try await fixture.issued()
        #expect(issued.leaf.hasSignature(by: try #require(fixture.authorities.state.x509.active?.certificate)))
        let token = try await fixture.issuing.newJWTSVID(
            entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        let outcome = JWTSVIDOutcome.verifying(token.token, audience: "a", at: fixture.clock.now()) { _ in
            fixture.authorities.state.bundle.jwtBundle
        }
        #expect(outcome.svid?.id == IssuerFixture.web)
    }

    @Test func aRefusalKeepsTheOldKeyAndSaysWhy() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate)
        let before = fixture.authorities.state
        gate.set(.refuse("as many live keys as allowed"))
        await #expect(
            throws: IssuerError(
                .failedPrecondition, "X.509 authority was not admitted: as many live keys as allowed")
        ) { try await fixture.authorities.prepare(.x509) }
        #expect(fixture.authorities.state == before)
        _ = try await fixture.issued()
    }

    @Test func aGateThatFailsOrHangsKeepsTheOldKey() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate)
        let before = fixture.authorities.state
        gate.set(.fail)
        await #expect(throws: IssuerError(.unavailable, "JWT authority could not be admitted")) {
            try await fixture.authorities.prepare(.jwt)
        }
        gate.set(.hang)
        let late = Task { try await fixture.authorities.prepare(.x509) }
        while fixture.clock.sleeperCount == 0 { await Task.yield() }
        fixture.clock.advance(by: 60)
        await #expect(throws: IssuerError(.deadlineExceeded, "admission of the authority took too long")) {
            try await late.value
        }
        #expect(fixture.authorities.state == before)
    }

    /// Days of refusals cost one key: what was generated is offered again.
    @Test func aCandidateIsOfferedAgain() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate)
        gate.set(.refuse("no"))
        for _ in 0..<3 { _ = try? await fixture.authorities.prepare(.x509) }
        let offered = gate.asked.suffix(3).map(\.key.authorityID)
        #expect(Set(offered).count == 1)
        gate.set(.admit(.open))
        let prepared = try await fixture.restarted().authorities.prepare(.x509)
        #expect(prepared.authorityID == offered.first)
    }

    /// What was stated about a key ends while the key waits for its witnesses: a fresh key takes its place, or the issuer
    /// would never have another authority.
    @Test(arguments: [true, false]) func aCandidateThatIsPastUseIsGivenUp(_ endsByItself: Bool) async throws {
        let gate = ScriptedGate(.refuse("the witnesses are away"))
        let fixture = try await IssuerFixture(gate: gate, starts: false)
        _ = try? await fixture.authorities.prepare(.x509)
        let left = try #require(gate.asked.last).key
        let end = fixture.clock.now().advanced(by: 60)
        fixture.clock.advance(by: 60)
        gate.set(
            .decide { prepared in
                guard prepared.key == left else { return .open }
                guard endsByItself else { throw AdmissionRefusal(["it was withdrawn"], isKeySpent: true) }
                return Admission(aid: IssuerFixture.aid, statement: IssuerFixture.statement, notAfter: end) ?? .open
            })
        let prepared = try await fixture.authorities.prepare(.x509)
        #expect(prepared.authorityID != left.authorityID)
        #expect(gate.asked.suffix(2).map(\.key) == [left, prepared.key])
        _ = try await fixture.authorities.activate(.x509, prepared.authorityID)
        _ = try await fixture.issued()
    }

    /// One fresh key for each attempt, however often the gate says that a key is past use.
    @Test func aGateThatGivesUpEveryKeyIsARefusal() async throws {
        let gate = ScriptedGate(.decide { _ in throw AdmissionRefusal(["it was withdrawn"], isKeySpent: true) })
        let fixture = try await IssuerFixture(gate: gate, starts: false)
        await #expect(
            throws: IssuerError(.failedPrecondition, "X.509 authority was not admitted: it was withdrawn")
        ) { try await fixture.authorities.prepare(.x509) }
        #expect(gate.asked.count == 2)
    }

    @Test func aCandidateOfAnotherKindIsNotUsed() async throws {
        let gate = ScriptedGate(.refuse("no"))
        let vault = InMemoryVault()
        _ = try await IssuerFixture(vault: vault, gate: gate)
        let fixture = try await IssuerFixture(vault: vault) { $0.x509KeyAlgorithm = .p384 }
        #expect(fixture.authorities.state.x509.active?.key.algorithm == .p384)
    }

    @Test func theValidityOfAnEarlierStatementIsTaken() async throws {
        let clock = ManualIssuerClock()
        let start = clock.now().advanced(by: -3_600)
        let end = clock.now().advanced(by: 7_200)
        let admission = try #require(
            Admission(aid: IssuerFixture.aid, statement: IssuerFixture.statement, notBefore: start, notAfter: end))
        let fixture = try await IssuerFixture(clock: clock, gate: ScriptedGate(.admit(admission)))
        let active = try #require(fixture.authorities.state.x509.active)
        #expect(active.certificate?.notBefore == start)
        #expect(active.certificate?.notAfter == end)
        #expect(active.notAfter == end)
    }

    @Test func anAdmissionForATimeThatIsOverIsNone() async throws {
        let clock = ManualIssuerClock()
        let admission = try #require(
            Admission(
                aid: IssuerFixture.aid, statement: IssuerFixture.statement, notBefore: clock.now().advanced(by: -60),
                notAfter: clock.now().advanced(by: -1)))
        let fixture = try await IssuerFixture(clock: clock, gate: ScriptedGate(.admit(admission)), starts: false)
        await #expect(
            throws: IssuerError(.failedPrecondition, "authority was admitted for a time that is over")
        ) { try await fixture.authorities.prepare(.x509) }
        #expect(fixture.authorities.state.bundle.isEmpty)
    }

    @Test func hintsAreIdentifiers() {
        #expect(Admission(aid: "short", statement: IssuerFixture.statement) == nil)
        #expect(Admission(aid: IssuerFixture.aid, statement: String(IssuerFixture.statement.dropLast()) + "=") == nil)
    }

    // MARK: Prepare, activate, taint, revoke

    @Test func whatIsPreparedIsPublishedBeforeItSigns() async throws {
        let fixture = try await IssuerFixture()
        let first = try #require(fixture.authorities.state.x509.active)
        let prepared = try await fixture.authorities.prepare(.x509)
        #expect(prepared.status == .prepared)
        let state = fixture.authorities.state
        #expect(state.bundle.x509Authorities.count == 2)
        #expect(state.bundle.sequence == 3)
        #expect(state.x509.active == first)
        let issued = try await fixture.issued()
        #expect(issued.leaf.hasSignature(by: try #require(first.certificate)))
        let active = try await fixture.authorities.activate(.x509, prepared.authorityID)
        #expect(active.authorityID == prepared.authorityID)
        #expect(fixture.authorities.state.bundle.sequence == 3)
        #expect(try await fixture.issued().leaf.hasSignature(by: try #require(active.certificate)))
    }

    @Test(arguments: AuthorityKind.allCases) func taintThenRevoke(_ kind: AuthorityKind) async throws {
        let fixture = try await IssuerFixture()
        let first = try #require(fixture.authorities.state[kind].active)
        await #expect(throws: IssuerError(.invalidArgument, "unable to taint current local authority")) {
            try await fixture.authorities.taint(kind, first.authorityID)
        }
        let second = try await fixture.authorities.prepare(kind)
        _ = try await fixture.authorities.activate(kind, second.authorityID)
        let sequence = try #require(fixture.authorities.state.bundle.sequence)
        _ = try await fixture.authorities.taint(kind, first.authorityID)
        var bundle = fixture.authorities.state.bundle
        #expect(bundle.sequence == sequence + 1)
        switch kind {
        case .x509:
            #expect(
                Set(bundle.x509Authorities.filter(\.isTainted).map(\.certificate)) == [try #require(first.certificate)])
        case .jwt: #expect(bundle.jwtAuthorities.filter(\.isTainted).map(\.keyID) == [first.authorityID])
        }
        _ = try await fixture.authorities.taint(kind, first.authorityID)
        #expect(fixture.authorities.state.bundle.sequence == sequence + 1)
        _ = try await fixture.authorities.revoke(kind, first.authorityID)
        bundle = fixture.authorities.state.bundle
        #expect(bundle.sequence == sequence + 2)
        #expect(bundle.x509Authorities.count + bundle.jwtAuthorities.count == 2)
        let missing =
            kind == .jwt
            ? "failed to revoke JWT authority: no JWT Key found with provided key ID"
            : "failed to revoke X.509 authority: no root CA found with provided subject key ID"
        await #expect(throws: IssuerError(.internal, missing)) {
            try await fixture.authorities.revoke(kind, first.authorityID)
        }
    }

    @Test func revocationNeedsNoTaint() async throws {
        let fixture = try await IssuerFixture()
        let first = try #require(fixture.authorities.state.jwt.active)
        let second = try await fixture.authorities.prepare(.jwt)
        _ = try await fixture.authorities.activate(.jwt, second.authorityID)
        _ = try await fixture.authorities.revoke(.jwt, first.authorityID)
        #expect(fixture.authorities.state.bundle.jwtAuthorities.map(\.keyID) == [second.authorityID])
    }

    @Test func tokensMayBeDisabled() async throws {
        let fixture = try await IssuerFixture { $0.signsTokens = false }
        #expect(fixture.authorities.state.jwt.active == nil)
        let error = IssuerError(.unimplemented, "JWT-SVIDs are disabled")
        await #expect(throws: error) { try await fixture.authorities.prepare(.jwt) }
        await #expect(throws: error) { try await fixture.authorities.activate(.jwt, "x") }
        await #expect(throws: error) { try await fixture.authorities.taint(.jwt, "x") }
        await #expect(throws: error) {
            try await fixture.issuing.newJWTSVID(
                entry: IssuerFixture.entry(), audiences: ["a"], for: IssuerFixture.requester)
        }
    }

    /// What could not be kept is not there, and the one prepared before is as it was.
    @Test func aStoreThatFailsKeepsTheKeyThatWasPrepared() async throws {
        let store = MemoryAuthorityStore()
        let fixture = try await IssuerFixture(authorityStore: store)
        let prepared = try await fixture.authorities.prepare(.x509)
        let document = try #require(store.authorityDocument())
        _ = try store.replaceAuthorityDocument(document.content, expecting: document.revision)
        await #expect(throws: IssuerError(.unavailable, "authorities can't be kept")) {
            try await fixture.authorities.prepare(.x509)
        }
        #expect(fixture.authorities.state.x509.prepared == prepared)
        let again = try await fixture.restarted()
        _ = try await again.authorities.activate(.x509, prepared.authorityID)
        #expect(try await again.issued().leaf.hasSignature(by: try #require(prepared.certificate)))
    }

    /// A crash between publication and adoption: the key is still a candidate, and yet the authority.
    @Test func aKeyThatWasPublishedAndNotAdoptedIsUsed() async throws {
        let vault = InMemoryVault()
        let store = MemoryAuthorityStore()
        let clock = ManualIssuerClock()
        let keys = StubbornKeys(try await VaultAuthorityKeys.open(vault))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let configuration = IssuerConfiguration(trustDomain: IssuerFixture.domain)
        let first = try await AuthorityService.open(
            configuration: configuration, keys: keys, store: store, gate: OpenGate(), clock: clock, logger: logger)
        let prepared = try await first.prepare(.x509)
        let fixture = try await IssuerFixture(clock: clock, vault: vault, authorityStore: store, starts: false)
        #expect(fixture.authorities.state.x509.prepared == prepared)
        let replacement = try await fixture.authorities.prepare(.x509)
        #expect(replacement.authorityID != prepared.authorityID)
        _ = try await fixture.authorities.activate(.x509, replacement.authorityID)
        _ = try await fixture.issued()
    }

    // MARK: Restarts

    @Test func authoritiesAreFoundAgain() async throws {
        let fixture = try await IssuerFixture()
        _ = try await fixture.authorities.prepare(.x509)
        let again = try await fixture.restarted()
        #expect(again.authorities.state == fixture.authorities.state)
        await again.rotation.look()
        #expect(again.authorities.state == fixture.authorities.state)
        _ = try await again.issued()
    }

    @Test func keysThatAreLostAreReplacedAndTheBundleStays() async throws {
        let clock = ManualIssuerClock()
        let store = MemoryAuthorityStore()
        let before = try await IssuerFixture(clock: clock, authorityStore: store)
        let lost = try #require(before.authorities.state.x509.active)
        let fixture = try await IssuerFixture(clock: clock, authorityStore: store)
        let state = fixture.authorities.state
        #expect(state.x509.active?.authorityID != lost.authorityID)
        #expect(state.x509.old?.authorityID == lost.authorityID)
        #expect(state.bundle.x509Authorities.count == 2)
        _ = try await fixture.authorities.revoke(.x509, lost.authorityID)
    }

    @Test func keysWithoutAJournalAreNotUsed() async throws {
        let vault = InMemoryVault()
        let before = try await IssuerFixture(vault: vault)
        let fixture = try await IssuerFixture(vault: vault)
        let state = fixture.authorities.state
        #expect(state.x509.active?.authorityID != before.authorities.state.x509.active?.authorityID)
        #expect(state.bundle.x509Authorities.count == 1)
    }

    @Test func aDocumentOfAnotherDomainOrVersionIsRefused() async throws {
        let fixture = try await IssuerFixture()
        var ledger = try fixture.authorities.ledger.encoded()
        let held: (AuthorityKey) -> Bool = { _ in true }
        let same = try IssuerLedger(parsing: ledger, of: IssuerFixture.domain, isHeld: held)
        #expect(same == fixture.authorities.ledger)
        #expect(throws: IssuerStoreError.self) {
            try IssuerLedger(parsing: ledger, of: try TrustDomain("other.org"), isHeld: held)
        }
        for count in stride(from: 0, to: ledger.count, by: 7) {
            #expect(throws: IssuerStoreError.self) {
                try IssuerLedger(parsing: Array(ledger[..<count]), of: IssuerFixture.domain, isHeld: held)
            }
        }
        let text = String(decoding: ledger, as: UTF8.self)
        ledger = Array(text.replacing("{\"version\":2,", with: "{\"version\":3,").utf8)
        #expect(throws: IssuerStoreError(.tooNew, "the authorities have version 3, known is 2")) {
            try IssuerLedger(parsing: ledger, of: IssuerFixture.domain, isHeld: held)
        }
        // The first version knew of no withdrawals.
        let first = text.replacing("{\"version\":2,", with: "{\"version\":1,")
            .replacing(",\"withdrawals\":[]", with: "")
        #expect(try IssuerLedger(parsing: Array(first.utf8), of: IssuerFixture.domain, isHeld: held) == same)
    }

    /// Another process with the same file must not undo what this one did.
    @Test func anotherWriterIsNoticed() async throws {
        let store = MemoryAuthorityStore()
        let fixture = try await IssuerFixture(authorityStore: store)
        let document = try #require(store.authorityDocument())
        _ = try store.replaceAuthorityDocument(document.content, expecting: document.revision)
        await #expect(throws: IssuerError(.unavailable, "authorities can't be kept")) {
            try await fixture.authorities.prepare(.x509)
        }
        #expect(fixture.authorities.state.x509.prepared == nil)
    }

    @Test func itIsRecordedWhoMovedAuthorities() async throws {
        let gate = ScriptedGate(.admit(.open))
        let fixture = try await IssuerFixture(gate: gate)
        let before = try await fixture.issuanceStore.auditHead().count
        let admin = Requester(name: "uid 0")
        let prepared = try await fixture.authorities.prepare(.x509, by: admin)
        gate.set(.refuse("no"))
        _ = try? await fixture.authorities.prepare(.jwt, by: admin)
        _ = try? await fixture.authorities.taint(.x509, prepared.authorityID, by: admin)
        let records = try await fixture.issuanceStore.auditRecords(from: before, limit: 9)
        let texts = records.map { String(decoding: $0.content, as: UTF8.self) }
        #expect(texts.count == 3)
        #expect(texts[0].contains("\"action\":\"prepare-x509\",\"actor\":\"uid 0\""))
        #expect(texts[0].contains("\"outcome\":\"done\",\"subject\":\"\(prepared.authorityID)\""))
        #expect(texts[1].contains("\"outcome\":\"failed-precondition\""))
        #expect(texts[1].contains("JWT authority was not admitted: no"))
        #expect(texts[2].contains("\"action\":\"taint-x509\""))
        #expect(texts[2].contains("\"outcome\":\"invalid-argument\""))
    }

    @Test func whatCouldNotBeReadBackIsNotWritten() async throws {
        let ledger = try await IssuerFixture().authorities.ledger
        let count = try ledger.encoded().count
        #expect(try ledger.encoded(atMost: count).count == count)
        #expect(throws: IssuerError(.resourceExhausted, "bundle is too large")) {
            try ledger.encoded(atMost: count - 1)
        }
    }

    @Test func readersSeeTheNewestState() async throws {
        let fixture = try await IssuerFixture()
        var states = fixture.authorities.states().makeAsyncIterator()
        #expect(await states.next() == fixture.authorities.state)
        _ = try await fixture.authorities.prepare(.x509)
        let prepared = try await fixture.authorities.prepare(.jwt)
        let newest = await states.next()
        #expect(newest == fixture.authorities.state)
        #expect(newest?.jwt.prepared == prepared)
    }

    @Test func configurationsOutOfBoundsAreRefused() throws {
        func refuses(_ name: String, _ change: (inout IssuerConfiguration) -> Void) {
            var configuration = IssuerConfiguration(trustDomain: IssuerFixture.domain)
            change(&configuration)
            #expect(throws: IssuerError(.invalidArgument, "\(name) is out of bounds")) { try configuration.check() }
        }
        refuses("authorityLifetime") { $0.authorityLifetime = 59 }
        refuses("authorityLifetime") { $0.authorityLifetime = .max }
        refuses("x509TTL") { $0.x509TTL = 0 }
        refuses("jwtTTL") { $0.jwtTTL = -1 }
        refuses("agentTTL") { $0.agentTTL = .max }
        refuses("refreshHint") { $0.refreshHint = 0 }
        refuses("admissionTimeout") { $0.admissionTimeout = .zero }
        refuses("subject") { $0.subject = SubjectNames(country: "USA") }
        refuses("authoritySubject") { $0.authoritySubject = SubjectNames(organization: "") }
        refuses("tokenIssuer") { $0.tokenIssuer = "" }
        var long = IssuerConfiguration(trustDomain: IssuerFixture.domain)
        try long.check()
        #expect(long.warnings.isEmpty)
        long.x509TTL = 14_401
        #expect(long.warnings.count == 2)
    }
}
