// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes
public import KelmarkCrypto

/// The watcher's own AID: a key that can't rotate, as witnesses have one.
public struct WatcherIdentity: Sendable {
    /// The AID, which is the key.
    public let aid: AID
    private let signer: any Signer
    /// Its inception with its signature.
    let inception: [UInt8]
    /// Where it says that it listens, each a signed reply.
    let locations: [UInt8]

    /// Makes the inception and the statements of where it listens.
    ///
    /// - Parameters:
    ///   - signer: the key.
    ///   - urls: where it listens, as it wants others to reach it.
    ///   - now: the date of the statements.
    /// - Throws: what the signer fails with; ``EventBuilder/Failure``.
    public init(signer: any Signer, urls: [PeerURL] = [], now: Timestamp) async throws {
        let code = PrimitiveCode.verificationKey(signer.algorithm, isTransferable: false)
        let primitive = try Primitive(code: code, raw: signer.publicKey)
        guard let aid = AID(primitive), let key = VerificationKey(primitive) else {
            throw WatcherError(.request, "the key can't be an AID")
        }
        self.aid = aid
        self.signer = signer
        let event = try EventBuilder.basicInception(
            Establishment(
                signingThreshold: .count(1), keys: [key], nextThreshold: .count(0), nextDigests: []))
        var attachments = Attachments()
        attachments.controllerSignatures = [
            try IndexedSignature(
                code: IndexedSignature.code(for: signer.algorithm.indexer, index: 0), index: 0,
                raw: try await signer.signature(over: event.bytes))
        ]
        inception = try attachments.following(event.bytes)
        var locations: [UInt8] = []
        for url in urls {
            let reply = try MessageBuilder.reply(
                route: "/loc/scheme",
                payload: [
                    "eid": .text(aid.text), "scheme": .text(url.scheme.rawValue), "url": .text(url.description),
                ], dated: now)
            locations += try await Self.signed(reply, aid, signer)
        }
        self.locations = locations
    }

    /// A message with this AID's signature behind it.
    func signed(_ message: [UInt8]) async throws -> [UInt8] { try await Self.signed(message, aid, signer) }

    private static func signed(_ message: [UInt8], _ aid: AID, _ signer: any Signer) async throws -> [UInt8] {
        var attachments = Attachments()
        attachments.nonTransferableReceipts = [
            NonTransferableReceipt(
                key: aid.primitive,
                signature: try Primitive(
                    code: .signature(signer.algorithm), raw: try await signer.signature(over: message)))
        ]
        return try attachments.following(message)
    }
}
