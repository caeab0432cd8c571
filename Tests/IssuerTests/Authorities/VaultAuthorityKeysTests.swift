// SPDX-License-Identifier: Apache-2.0

import JOSE
import KelmarkCrypto
import Testing

@testable import Issuer

@Suite struct VaultAuthorityKeysTests {
    @Test(arguments: AuthorityKeyAlgorithm.allCases)
    func keysComeBackFromTheVault(_ algorithm: AuthorityKeyAlgorithm) async throws {
        let vault = InMemoryVault()
        let keys = try await VaultAuthorityKeys.open(vault)
        let candidate = try await keys.generateCandidate(in: .jwtB, algorithm: algorithm)
        #expect(candidate.algorithm == algorithm)
        #expect(keys.content(of: .jwtB) == AuthoritySlotContent(candidate: candidate))
        try await keys.adopt(candidate)
        let again = try await VaultAuthorityKeys.open(vault)
        #expect(again.content(of: .jwtB) == AuthoritySlotContent(inUse: candidate))
        #expect(again.content(of: .jwtA) == AuthoritySlotContent())
        let message: [UInt8] = [1, 2, 3]
        let signature = try await again.signature(over: message, by: candidate)
        #expect(
            candidate.publicKey.isValidSignature(
                signature, over: message, algorithm: algorithm.signatureAlgorithm))
    }

    /// One thumbprint of 64 begins with a hyphen.
    @Test func noNameLooksLikeAnOption() async throws {
        let keys = VaultAuthorityKeys.inMemory()
        for _ in 0..<500 {
            let key = try await keys.generateCandidate(in: .jwtA, algorithm: .p256)
            #expect(!key.authorityID.hasPrefix("-"))
        }
    }

    @Test func aCandidateDoesNotDisturbTheKeyInUse() async throws {
        let keys = VaultAuthorityKeys.inMemory()
        let first = try await keys.generateCandidate(in: .x509A, algorithm: .p256)
        try await keys.adopt(first)
        try await keys.adopt(first)
        let second = try await keys.generateCandidate(in: .x509A, algorithm: .p256)
        #expect(keys.content(of: .x509A) == AuthoritySlotContent(inUse: first, candidate: second))
        for key in [first, second] { _ = try await keys.signature(over: [1], by: key) }
        let third = try await keys.generateCandidate(in: .x509A, algorithm: .p256)
        await #expect(throws: IssuerError(.failedPrecondition, "authority key is not there")) {
            try await keys.adopt(second)
        }
        try await keys.adopt(third)
        await #expect(throws: IssuerError(.failedPrecondition, "authority key is not there")) {
            try await keys.signature(over: [1], by: first)
        }
        try await keys.delete(.x509A)
        try await keys.delete(.x509A)
        #expect(keys.content(of: .x509A) == AuthoritySlotContent())
        await #expect(throws: IssuerError(.failedPrecondition, "authority key is not there")) {
            try await keys.signature(over: [1], by: third)
        }
    }

    @Test func aDamagedKeyStopsTheServer() async throws {
        let vault = InMemoryVault()
        try await vault.store(try SecretBytes.random(count: 40), as: AuthoritySlot.x509B.rawValue)
        await #expect(throws: IssuerError(.internal, "authority keys can't be read")) {
            try await VaultAuthorityKeys.open(vault)
        }
    }

    @Test func onlyKeysOfAuthoritiesAreKeysOfAuthorities() throws {
        let key = try PrivateKey(generating: .p521).publicKey.subjectPublicKeyInfo
        #expect(throws: IssuerError(.internal, "authority key is unusable")) {
            try AuthorityKey(slot: .jwtA, subjectPublicKeyInfo: key)
        }
        #expect(throws: IssuerError(.internal, "authority key is unusable")) {
            try AuthorityKey(slot: .jwtA, subjectPublicKeyInfo: [1, 2])
        }
    }
}
