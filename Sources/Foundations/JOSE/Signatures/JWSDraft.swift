// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// A token that waits for its signature.
///
/// Its signing input can be recorded before anybody signs, and the key may live in another process.
public struct JWSDraft: Hashable, Sendable {
    /// The header that is written.
    public let header: JWSHeader
    /// The payload, base64url of which is signed.
    public let payload: [UInt8]
    /// What is signed: base64url of header and payload, with a dot between them.
    public let signingInput: [UInt8]

    /// A token of a header and a payload.
    public init(header: JWSHeader, payload: [UInt8]) {
        self.header = header
        self.payload = payload
        // A header is a flat map of text: the writer refuses nothing of that.
        let head = (try? header.members.encoded(as: .json)) ?? []
        signingInput = Base64URL.encode(head.span) + [UInt8(ascii: ".")] + Base64URL.encode(payload.span)
    }

    /// Bytes of the compact form with a signature of this key: known before anybody signs.
    public func tokenByteCount(signedBy key: PublicKey) -> Int {
        // Base64 without padding: four characters for three bytes, and one more than what is left over.
        signingInput.count + 1 + (key.signatureByteCount * 4 + 2) / 3
    }

    /// The compact form with the signature of `signer`, which is checked before anybody gets it: a fault in a signing
    /// device could otherwise give the private key away.
    /// - Throws: ``JWSError/Code/keyMismatch`` when the header's algorithm does not fit, ``JWSError/Code/signer``; whatever
    ///   the signer throws.
    public func signed(by signer: some JWSSigner) async throws -> String {
        guard header.algorithm == signer.algorithm else {
            throw JWSError(.keyMismatch, "\(header.algorithm.rawValue) by a signer of \(signer.algorithm.rawValue)")
        }
        guard header.algorithm.fits(signer.publicKey.kind) else {
            throw JWSError(.keyMismatch, "\(header.algorithm.rawValue) with \(signer.publicKey.kind)")
        }
        let signature = try await signer.signature(over: signingInput)
        guard signer.publicKey.isValidSignature(signature, over: signingInput, algorithm: header.algorithm) else {
            throw JWSError(.signer)
        }
        let compact = signingInput + [UInt8(ascii: ".")] + Base64URL.encode(signature.span)
        return String(decoding: compact, as: UTF8.self)
    }
}
