// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
internal import KelmarkCrypto

/// An issuer with one key at a time.
struct Issuer {
    private let name: String
    private var rotations = 0
    /// The states that a rotation may stand behind: the latest establishment event and what came after it.
    var history: [KeyState] = []

    init(_ name: String) { self.name = name }

    static func key(_ name: String, _ number: Int, isTransferable: Bool = true) throws -> CreatedKey {
        let seed = DigestAlgorithm.blake3_256.digest(Array("\(name) \(number)".utf8).span)
        return try CreatedKey(seed: SecretBytes(copying: seed.span), isTransferable: isTransferable)
    }

    func aid() throws -> AID { try EventBuilder.inception(establishment(0)).aid }

    func inception() throws -> [UInt8] { try signed(EventBuilder.inception(establishment(0))) }

    func interact(_ seals: [EventSeal]) throws -> [UInt8] {
        guard let state = history.last else { return [] }
        return try signed(EventBuilder.interaction(of: state, anchors: seals.map(\.value)))
    }

    /// Rotates behind the latest state of the history.
    mutating func rotate() throws -> [UInt8] {
        guard let state = history.last else { return [] }
        rotations += 1
        return try signed(EventBuilder.rotation(of: state, establishment(rotations)))
    }

    private func establishment(_ number: Int) throws -> Establishment {
        Establishment(
            signingThreshold: .count(1), keys: [try Self.key(name, number).verificationKey], nextThreshold: .count(1),
            nextDigests: [KeyDigest(of: try Self.key(name, number + 1).verificationKey)])
    }

    private func signed(_ event: KeyEvent) throws -> [UInt8] {
        var attachments = Attachments()
        let key = try Self.key(name, rotations)
        attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
        return event.bytes + (try attachments.encoded(in: .text))
    }
}
