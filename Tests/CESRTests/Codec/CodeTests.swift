// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkTestSupport
import Testing

/// Names and families of codes, and the errors of building values.
@Suite struct CodeTests {
    /// Every name stands for a code of a table.
    @Test func names() throws {
        let names: [(PrimitiveCode, String)] = [
            (.ed25519Seed, "A"), (.ed25519NonTransferable, "B"), (.x25519, "C"), (.ed25519, "D"), (.blake3_256, "E"),
            (.blake2b_256, "F"), (.blake2s_256, "G"), (.sha3_256, "H"), (.sha2_256, "I"), (.secp256k1Seed, "J"),
            (.ed448Seed, "K"), (.x448, "L"), (.short, "M"), (.big, "N"), (.x25519Private, "O"),
            (.x25519CipherSeed, "P"), (.secp256r1Seed, "Q"), (.tall, "R"), (.large, "S"), (.great, "T"), (.vast, "U"),
            (.label1, "V"), (.label2, "W"), (.tag3, "X"), (.tag7, "Y"), (.tag11, "Z"), (.salt256, "a"),
            (.gramHead, "b"), (.salt128, "0A"), (.ed25519Signature, "0B"), (.secp256k1Signature, "0C"),
            (.blake3_512, "0D"), (.blake2b_512, "0E"), (.sha3_512, "0F"), (.sha2_512, "0G"), (.long, "0H"),
            (.secp256r1Signature, "0I"), (.tag1, "0J"), (.tag2, "0K"), (.tag5, "0L"), (.tag6, "0M"), (.tag9, "0N"),
            (.tag10, "0O"), (.secp256k1NonTransferable, "1AAA"), (.secp256k1, "1AAB"),
            (.ed448NonTransferable, "1AAC"), (.ed448, "1AAD"), (.ed448Signature, "1AAE"), (.tag4, "1AAF"),
            (.dateTime, "1AAG"), (.x25519CipherSalt, "1AAH"), (.secp256r1NonTransferable, "1AAI"),
            (.secp256r1, "1AAJ"), (.null, "1AAK"), (.no, "1AAL"), (.yes, "1AAM"), (.tag8, "1AAN"), (.escape, "1AAO"),
            (.empty, "1AAP"), (.text, "4A"), (.bytes, "4B"), (.x25519Cipher, "4C"), (.x25519CipherText, "4D"),
            (.x25519CipherBinary, "4E"), (.hpkeCipher, "4F"), (.decimal, "4H"),
        ]
        for (code, text) in names {
            #expect(code.text == text && code.description == text)
            #expect(PrimitiveCode(text) == code)
            #expect(PrimitiveFormat(code, table: .version2) != nil)
        }
        #expect(Set(names.map(\.0)).count == 66)
        for text in ["", "c", "0Z", "1AAZ", "1ZZZ", "ZZ", "-", "é", "AAAAA", "1AA"] {
            #expect(PrimitiveCode(text) == nil, "\(text)")
        }
    }

    @Test func families() {
        func codes(_ isIn: (PrimitiveCode) -> Bool) -> String {
            Version2Tests.file.matter.map(\.code).compactMap { PrimitiveCode($0) }
                .reduce(into: [PrimitiveCode]()) { if !$0.contains($1) { $0.append($1) } }
                .filter(isIn).map(\.text).joined(separator: " ")
        }
        #expect(codes(\.isVerificationKey) == "B D 1AAA 1AAB 1AAI 1AAJ")
        #expect(codes(\.isNonTransferable) == "B 1AAA 1AAC 1AAI")
        #expect(codes(\.isDigest) == "E F G H I 0D 0E 0F 0G")
        #expect(codes(\.isKeyDigest) == "E F G H I")
        #expect(codes(\.isPrefix) == "B D E F G H I 0D 0E 0F 0G 1AAA 1AAB 1AAI 1AAJ")
        #expect(codes(\.isDerivablePrefix) == "B D E 1AAA 1AAB 1AAI 1AAJ")
        #expect(codes(\.isSignature) == "0B 0C 0I")
        #expect(codes(\.isNumber) == "M N R S T U 0A 0H")
        #expect(codes(\.isBase64Text) == "4A 5A 6A 7AAA 8AAA 9AAA")
        #expect(codes(\.isBytes) == "4B 5B 6B 7AAB 8AAB 9AAB")
    }

    @Test func indexedSignatureErrors() throws {
        let raw = [UInt8](repeating: 1, count: 64)
        #expect(throws: CESRError(.wrongLength(expected: 64, found: 63))) {
            try IndexedSignature(code: .ed25519, index: 0, raw: [UInt8](raw.dropLast()))
        }
        #expect(throws: CESRError(.wrongLength(expected: 114, found: 64))) {
            try IndexedSignature(code: .ed448, index: 0, raw: raw)
        }
        for (code, index, ondex) in [
            (IndexerCode.ed25519, 64, nil), (.ed25519, -1, nil), (.ed25519, 1, 2), (.ed25519CurrentOnly, 1, 1),
            (.ed25519Big, 4096, nil), (.ed25519Big, 1, 4096), (.ed25519Big, 1, -1), (.ed25519BigCurrentOnly, 1, 1),
        ] as [(IndexerCode, Int, Int?)] {
            #expect(throws: CESRError(.outOfRange)) {
                try IndexedSignature(code: code, index: index, ondex: ondex, raw: raw)
            }
        }
        let text = try IndexedSignature(code: .ed25519, index: 0, raw: raw).text
        #expect(throws: CESRError(.trailingBytes(4), offset: 88)) { try IndexedSignature(text: text + "AAAA") }
        #expect(throws: CESRError(.trailingBytes(4), offset: 4)) { try Counter(text: "-AABAAAA") }
        for code in IndexerCode.allCases {
            #expect(IndexerCode(code.text) == code && !code.name.isEmpty)
            let big = IndexedSignature.code(for: code, index: 64)
            #expect(big.isDual && big.rawCount == code.rawCount)
            #expect(IndexedSignature.code(for: code, index: 64, currentOnly: true).isCurrentOnly)
            let signature = try IndexedSignature(
                code: big, index: 70, ondex: 2, raw: [UInt8](repeating: 4, count: big.rawCount))
            #expect(signature.encodedCount(in: .binary) == signature.binary.count)
            #expect(signature.description == signature.text)
        }
    }

    @Test func errorsExplainThemselves() {
        let kinds: [CESRError.Kind] = [
            .truncated(missing: 1), .truncated(missing: 2), .invalidCharacter, .unknownCode, .counter, .notACounter,
            .opCode, .nonZeroPad, .nonZeroLead, .nonZeroFiller, .wrongLength(expected: 1, found: 2), .trailingBytes(3),
            .misplacedCode, .outOfRange, .invalidDateTime, .invalidNumber, .invalidThreshold, .invalidText,
            .invalidVersion, .tooDeep, .tooLarge,
        ]
        #expect(Set(kinds.map(\.explanation)).count == kinds.count)
        for kind in kinds {
            #expect(CESRError(kind, offset: 7).description == kind.explanation + " (offset 7)")
        }
        let faults: [StreamFault.Kind] = [
            .coldStart, .invalidVersion, .unsupportedVersion, .bodyTooLarge, .attachment(.opCode), .truncated,
            .bufferFull,
        ]
        #expect(Set(faults.map(\.explanation)).count == faults.count)
        #expect(Set(GroupKind.allCases.map(\.name)).count == GroupKind.allCases.count)
    }

    @Test func attachmentsCompareByContent() throws {
        var one = try StreamReaderTests.everything()
        let other = one
        #expect(one == other && one.hashValue == other.hashValue)
        one.sealSourceTriples.removeAll()
        #expect(one != other)
        var empty = Attachments()
        empty.pathedGroups.append(PathedGroup(domain: .text, content: []))
        empty.pathedGroups.removeAll()
        #expect(empty == Attachments() && empty.hashValue == Attachments().hashValue && empty.isEmpty)
    }
}
