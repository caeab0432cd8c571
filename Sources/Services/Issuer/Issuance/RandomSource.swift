// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
internal import KelmarkCrypto
internal import SPIFFE

/// Where serial numbers, identifiers, nonces and join tokens come from, injected so that tests can foresee them.
public struct RandomSource: Sendable {
    private let generate: @Sendable (Int) throws -> [UInt8]

    /// A source of exactly as many bytes as asked for.
    public init(_ generate: @escaping @Sendable (Int) throws -> [UInt8]) { self.generate = generate }

    /// The system's generator.
    public static let system = RandomSource { try RandomBytes.generate(count: $0) }

    func serial() throws(IssuerError) -> CertificateSerial {
        // All zero comes once in 2^128 times: a source that gives it twice is broken.
        for _ in 0..<2 {
            if let serial = CertificateSerial(random: try bytes(CertificateSerial.byteCount)) { return serial }
        }
        throw IssuerError(.internal, "random numbers can't be had")
    }

    /// Base64url of the 16 bytes of a version 4 UUID, as SPIRE's `jti`.
    func tokenID() throws(IssuerError) -> String {
        var bytes = try bytes(16)
        bytes[6] = bytes[6] & 0x0f | 0x40
        bytes[8] = bytes[8] & 0x3f | 0x80
        return Base64URL.encodedString(bytes.span)
    }

    /// Exactly `count` bytes.
    func bytes(_ count: Int) throws(IssuerError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try generate(count)
        } catch {
            throw IssuerError(.internal, "random numbers can't be had", cause: error)
        }
        guard bytes.count == count else { throw IssuerError(.internal, "random numbers can't be had") }
        return bytes
    }
}
