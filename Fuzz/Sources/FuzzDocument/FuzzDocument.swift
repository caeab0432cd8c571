// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import KelmarkBytes

/// One document. The first byte chooses JSON, CBOR or MessagePack.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzDocument(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first, let format = DocumentFormat(rawValue: choice % 3) else { return }
        let bytes = Array(input.dropFirst())
        guard let value = try? OrderedValue(parsing: bytes.span, format: format, limits: .standard) else { return }
        guard let encoded = try? value.encoded(as: format) else {
            property(false, "what was read can be written")
            return
        }
        property(encoded == bytes, "a canonical document encodes to what it was read from")
    }
}
