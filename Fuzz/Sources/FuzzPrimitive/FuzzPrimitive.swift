// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import FuzzSupport

/// One primitive, indexed signature or counter. The first byte chooses which, the domain and the code table.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPrimitive(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        let domain: Domain = choice & 1 == 0 ? .text : .binary
        let table: CodeTable = choice & 2 == 0 ? .version1 : .version2
        let text = String(decoding: bytes, as: UTF8.self)
        switch choice >> 2 & 3 {
        case 0:
            let decoded =
                domain == .text
                ? try? Primitive(text: bytes.span, table: table) : try? Primitive(binary: bytes.span, table: table)
            guard let decoded else { return }
            property(decoded.encoded(in: domain) == bytes, "a primitive encodes to what it was read from")
            let other = decoded.encoded(in: domain == .text ? .binary : .text)
            let back =
                domain == .text
                ? try? Primitive(binary: other.span, table: table) : try? Primitive(text: other.span, table: table)
            property(back == decoded, "a primitive survives the other domain")
        case 1:
            let decoded =
                domain == .text ? try? IndexedSignature(text: text) : try? IndexedSignature(binary: bytes.span)
            guard let decoded else { return }
            property(decoded.encoded(in: domain) == bytes, "an indexed signature encodes to what it was read from")
        default:
            let decoded =
                domain == .text
                ? try? Counter(text: text, table: table) : try? Counter(binary: bytes.span, table: table)
            guard let decoded else { return }
            property(decoded.encoded(in: domain) == bytes, "a counter encodes to what it was read from")
        }
    }
}
