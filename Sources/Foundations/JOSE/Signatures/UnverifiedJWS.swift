// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// A signed token in compact form (RFC 7515, 7.1) whose signature nobody has checked yet.
///
/// Only form is proven: three parts of strict base64url, a header of unique members with one of the nine algorithms.
public struct UnverifiedJWS: Hashable, Sendable {
    /// Most bytes of a token, unless the caller says otherwise: 16 KiB.
    public static let largestToken = 16 << 10

    /// The header. It is part of what is signed, so nothing in it is proven yet.
    public let header: JWSHeader
    /// What the token says, if the signature holds.
    public let unverifiedPayload: [UInt8]
    /// The first two parts as received: what is signed.
    public let signingInput: [UInt8]
    /// The third part, decoded.
    public let signature: [UInt8]

    /// Reads a token.
    /// - Throws: ``JWSError``.
    public init(compact token: String, largest: Int = largestToken) throws(JWSError) {
        let bytes = Array(token.utf8)
        guard bytes.count <= largest else { throw JWSError(.tooLarge) }
        let dots = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }
        guard dots.count == 2 else { throw JWSError(.parts) }
        let head = try Self.decode(bytes[..<dots[0]], "header")
        let limits = Limits(bodyBytes: largest, nestingDepth: 8, documentValues: 256)
        header = try JWSHeader(parsing: head, limits: limits)
        unverifiedPayload = try Self.decode(bytes[(dots[0] + 1)..<dots[1]], "payload")
        signature = try Self.decode(bytes[(dots[1] + 1)...], "signature")
        signingInput = Array(bytes[..<dots[1]])
    }

    /// Checks the signature over the received bytes with a key that the caller trusts.
    /// - Throws: ``JWSError/Code/keyMismatch``, ``JWSError/Code/signature``.
    public func verified(by key: PublicKey) throws(JWSError) -> VerifiedJWS {
        guard header.algorithm.fits(key.kind) else {
            throw JWSError(.keyMismatch, "\(header.algorithm.rawValue) with \(key.kind)")
        }
        guard key.isValidSignature(signature, over: signingInput, algorithm: header.algorithm) else {
            throw JWSError(.signature)
        }
        return VerifiedJWS(header: header, payload: unverifiedPayload, key: key)
    }

    private static func decode(_ part: ArraySlice<UInt8>, _ name: String) throws(JWSError) -> [UInt8] {
        do {
            return try Base64URL.decode(part.span)
        } catch {
            throw JWSError(.base64, name)
        }
    }
}

/// A signed token whose signature holds. Only ``UnverifiedJWS/verified(by:)`` makes one.
public struct VerifiedJWS: Hashable, Sendable {
    /// The header.
    public let header: JWSHeader
    /// What was signed.
    public let payload: [UInt8]
    /// Whose signature it is.
    public let key: PublicKey

    fileprivate init(header: JWSHeader, payload: [UInt8], key: PublicKey) {
        self.header = header
        self.payload = payload
        self.key = key
    }
}
