// SPDX-License-Identifier: Apache-2.0

import ACDC
import Foundation
import KERI
import KERINetwork
import KelmarkBytes
import KelmarkCrypto
import KelmarkTestSupport
import NodeAgent
import SPIFFE
import Testing
import TrustBinding

@testable import CESR
@testable import KelmarkCLI

@Suite struct ErrorCatalogTests {
    private var entries: [ErrorEntry] { ErrorCatalog.areas.flatMap(\.entries) }

    @Test func everyEntryIsComplete() {
        #expect(entries.count > 150)
        for entry in entries {
            #expect(entry.code.wholeMatch(of: /KM(-[A-Z0-9]+)+/) != nil, "\(entry.code)")
            #expect(entry.status != .ok, "\(entry.code)")
            #expect(entry.summary.hasSuffix("."), "\(entry.code)")
            #expect(entry.explanation.count > 20, "\(entry.code)")
            #expect(!entry.next.isEmpty, "\(entry.code)")
        }
    }

    @Test func codesAreUnique() {
        let codes = entries.map(\.code)
        #expect(Set(codes).count == codes.count)
    }

    @Test func everyAreaIsListed() {
        #expect(Set(ErrorCatalog.areas.map(\.area)) == Set(ErrorArea.allCases))
        for (area, entries) in ErrorCatalog.areas {
            for entry in entries where area != .program { #expect(entry.code.hasPrefix("KM-\(area.rawValue)-")) }
        }
    }

    private func expect(_ code: String) {
        #expect(ErrorCatalog.entry(code) != nil, "\(code) is not in the catalogue")
    }

    @Test func everyErrorOfTheCoreHasAnEntry() {
        for rejection in Rejection.allCases { expect(ErrorTranslation.code(for: rejection)) }
        for reason in EscrowReason.allCases { expect(ErrorTranslation.code(for: reason)) }
        for rejection in CredentialRejection.allCases { expect(ErrorTranslation.code(for: rejection)) }
        for code in SchemaError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for name in [
            "document", "not-a-credential", "unsupported-version", "wrong-members", "forged-said", "bad-value",
            "too-deep",
        ] { expect(ErrorArea.credential.code("form-\(name)")) }
        for code in IssuingError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for reason in CredentialEscrowReason.allCases { expect(ErrorTranslation.code(for: reason)) }
        for code in StoreError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for code in DocumentError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for code in ControllerError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for code in GroupError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for code in PostError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for code in ChallengeError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for refusal in ExchangeRefusal.allCases { expect(ErrorTranslation.code(for: refusal)) }
        for code in ExchangeError.Code.allCases { expect(ErrorArea.exchange.code(code.rawValue)) }
        for code in DIDError.Code.allCases { expect(ErrorTranslation.code(for: code)) }
        for fault in SignedSuspension.Fault.allCases { expect(ErrorArea.record.code(fault.rawValue)) }
        for code in ProofFileError.Code.allCases { expect(ErrorArea.proofFile.code(code.rawValue)) }
        for name in [
            "document", "not-a-message", "unsupported-version", "unknown-kind", "wrong-members", "forged-said",
            "prefix-rule", "bad-value",
        ] { expect(ErrorArea.message.code(name)) }
    }

    @Test(arguments: [
        CESRError.Kind.truncated(missing: 3), .invalidCharacter, .unknownCode, .counter, .notACounter, .opCode,
        .nonZeroPad, .nonZeroLead, .nonZeroFiller, .wrongLength(expected: 1, found: 2), .trailingBytes(4),
        .misplacedCode, .outOfRange, .invalidDateTime, .invalidNumber, .invalidThreshold, .invalidText, .invalidVersion,
        .tooDeep, .tooLarge,
    ])
    func everyCodecErrorHasAnEntry(kind: CESRError.Kind) {
        expect(ErrorTranslation.code(for: kind))
        expect(ErrorTranslation.code(for: StreamFault.Kind.attachment(kind)))
    }

    @Test(arguments: [
        StreamFault.Kind.coldStart, .invalidVersion, .unsupportedVersion, .bodyTooLarge, .truncated, .bufferFull,
    ])
    func everyFramingErrorHasAnEntry(kind: StreamFault.Kind) { expect(ErrorTranslation.code(for: kind)) }

    @Test(arguments: [
        CryptoError.wrongLength(of: .key, expected: 1, found: 2), .unavailable(.secp256k1), .invalidKey, .cannotOpen,
        .outOfMemory, .costOutOfBounds, .libraryUnusable,
    ])
    func everyCryptographicErrorHasAnEntry(error: CryptoError) { expect(ErrorTranslation.code(for: error)) }

    @Test(arguments: [
        VaultError.noVault, .alreadyExists, .noDirectory, .notAFile, .notAVault, .vaultTooNew(version: 2),
        .damaged(.seal), .wrongPassphrase, .emptyPassphrase, .passphraseChanged, .rolledBack, .costOutOfBounds,
        .permissionsTooOpen(mode: 0o644), .tooLarge, .busy, .diskFull, .notPermitted(.write),
        .storage(.synchronize, errno: 5), .invalidName, .nameTaken("a"), .noSuchName("a"),
        .versionConflict("a", expected: 1, found: 2), .crypto(.invalidKey),
    ])
    func everyVaultErrorHasAnEntry(error: VaultError) {
        expect(ErrorTranslation.code(for: error))
        #expect(ErrorTranslation.failure(for: error).code == ErrorTranslation.code(for: error))
    }

    @Test(arguments: [ThresholdError.malformed, .empty, .badWeight, .clauseBelowOne, .tooFine])
    func everyThresholdErrorHasAnEntry(error: ThresholdError) { expect(ErrorTranslation.code(for: error)) }

    @Test(arguments: [
        "record-document", "record-too-large", "record-members", "record-type", "record-said", "record-value",
    ])
    func everyRecordErrorHasAnEntry(code: String) { expect(ErrorArea.record.code(code)) }

    @Test(arguments: [
        "authority-key", "authority-key-mismatch", "authority-signing", "validity-empty", "authority-not-valid",
        "id-not-issuable", "dns-name", "profile", "self-check",
    ])
    func everyIssuanceErrorHasAnEntry(code: String) {
        #expect(IssuanceError.Code(rawValue: code) != nil)
        expect(ErrorArea.certificate.code(code))
    }

    @Test(arguments: [
        "request-too-large", "request-malformed", "request-version", "request-public-key", "request-signature",
        "request-extensions", "request-for-authority", "request-id", "request-several-ids", "request-name",
    ])
    func everyRequestErrorHasAnEntry(code: String) {
        #expect(CertificateRequestError.Code(rawValue: code) != nil)
        expect(ErrorArea.request.code(code))
    }

    @Test func everyReasonOfAnAgentHasAnEntry() {
        for reason in AgentPhase.StopReason.allCases {
            expect(ErrorTranslation.code(for: reason))
            #expect(ErrorTranslation.failure(for: reason).code == ErrorTranslation.code(for: reason))
        }
        for error in AgentRecordError.allCases {
            expect(ErrorTranslation.code(for: error))
            #expect(ErrorTranslation.failure(for: error).code == ErrorTranslation.code(for: error))
        }
        #expect(ErrorTranslation.failure(for: AgentPhase.StopReason.banned).status == .denied)
        #expect(ErrorTranslation.failure(for: AgentRecordError.inUse).status == .conflict)
    }

    @Test func anErrorWithoutANameIsInternal() {
        struct Strange: Error {}
        let failure = ErrorTranslation.failure(for: Strange())
        #expect(failure.code == "KM-INTERNAL")
        #expect(failure.status == .failure)
    }

    @Test func theReferenceIsUpToDate() throws {
        let file = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "docs/reference/errors.md")
        let written = try String(contentsOf: file, encoding: .utf8)
        #expect(
            written.trimmingCharacters(in: .newlines) == ErrorCatalog.reference.trimmingCharacters(in: .newlines),
            "run: kelmark explain --reference > docs/reference/errors.md")
    }
}
