// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import KelmarkCrypto

/// A vault file without its passphrase.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzVaultFile(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let envelope = try? SealedFileVault.Envelope.parse(input.span) else { return }
        property(input.count == SealedFileVault.Envelope.headerByteCount + envelope.sealed.count, "all bytes are read")
        property(envelope.cost.operations <= SealedFileVault.Envelope.maximumCost.operations, "the cost is bounded")
        property(envelope.cost.memoryBytes <= SealedFileVault.Envelope.maximumCost.memoryBytes, "the cost is bounded")
    }
}
