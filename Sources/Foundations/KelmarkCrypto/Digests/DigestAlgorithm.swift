// SPDX-License-Identifier: Apache-2.0

// The names keep the underscore that parts algorithm and size.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

private import CSodium
private import Crypto
private import FoundationEssentials

/// The digest algorithms that key events and credentials name.
public enum DigestAlgorithm: String, Hashable, Sendable, CaseIterable {
    case blake3_256
    case blake3_512
    case blake2b_256
    case blake2b_512
    case blake2s_256
    case sha3_256
    case sha3_512
    case sha2_256
    case sha2_512

    /// Bytes of a digest.
    public var byteCount: Int {
        switch self {
        case .blake3_256, .blake2b_256, .blake2s_256, .sha3_256, .sha2_256: 32
        case .blake3_512, .blake2b_512, .sha3_512, .sha2_512: 64
        }
    }

    /// The digest of `bytes`.
    public func digest(_ bytes: Span<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, initialized in
            buffer.initialize(repeating: 0)
            var output = buffer.mutableSpan
            digest(bytes, into: &output)
            initialized = byteCount
        }
    }

    /// Writes the digest of `bytes` to `output`, which must have exactly ``byteCount`` bytes. For BLAKE3 nothing is
    /// allocated.
    public func digest(_ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
        precondition(output.count == byteCount, "a digest needs a buffer of its own size")
        switch self {
        case .blake3_256, .blake3_512: BLAKE3.hash(bytes, into: &output)
        case .blake2b_256, .blake2b_512: Self.blake2b(bytes, into: &output)
        case .blake2s_256: BLAKE2s.hash(bytes, into: &output)
        case .sha3_256: Self.hash(SHA3_256.self, bytes, into: &output)
        case .sha3_512: Self.hash(SHA3_512.self, bytes, into: &output)
        case .sha2_256: Self.hash(SHA256.self, bytes, into: &output)
        case .sha2_512: Self.hash(SHA512.self, bytes, into: &output)
        }
    }

    /// Whether `digest` is the digest of `bytes`; false when its length is another.
    public func matches(_ digest: Span<UInt8>, _ bytes: Span<UInt8>) -> Bool {
        guard byteCount == 32 else {
            var own = InlineArray<64, UInt8>(repeating: 0)
            var output = own.mutableSpan
            self.digest(bytes, into: &output)
            return constantTimeEquals(digest, own.span)
        }
        var own = InlineArray<32, UInt8>(repeating: 0)
        var output = own.mutableSpan
        self.digest(bytes, into: &output)
        return constantTimeEquals(digest, own.span)
    }

    private static func blake2b(_ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>) {
        _ = Sodium.isReady
        output.withUnsafeMutableBufferPointer { target in
            bytes.withUnsafeBufferPointer { source in
                guard let start = target.baseAddress else { return }
                // The only failure is an output length outside 16...64.
                _ = crypto_generichash(
                    start, target.count, source.baseAddress, UInt64(source.count), nil, 0)
            }
        }
    }

    private static func hash<Function: HashFunction>(
        _: Function.Type, _ bytes: Span<UInt8>, into output: inout MutableSpan<UInt8>
    ) {
        var function = Function()
        bytes.withUnsafeBytes { function.update(bufferPointer: $0) }
        let digest = function.finalize()
        output.withUnsafeMutableBytes { target in
            digest.withUnsafeBytes { target.copyMemory(from: $0) }
        }
    }
}
