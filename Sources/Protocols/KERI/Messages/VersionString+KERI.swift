// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes

extension VersionString {
    /// Whether this is KERI 1.0 in a format that this module reads.
    var isKERI10: Bool { `protocol` == .keri && major == 1 && minor == 0 && grammar == .version1 }

    /// The document format of the body, nil for a native one.
    var documentFormat: DocumentFormat? { DocumentFormat(format) }

    /// The text of a KERI 1.0 version string for a body of `size` bytes.
    static func keri10Text(_ format: DocumentFormat, size: Int) -> String {
        let digits = String(size, radix: 16)
        return
            "KERI10\(format.bodyFormat.text)\(String(repeating: "0", count: max(0, 6 - digits.utf8.count)))\(digits)_"
    }
}

extension DocumentFormat {
    init?(_ format: BodyFormat) {
        switch format {
        case .json: self = .json
        case .cbor: self = .cbor
        case .messagePack: self = .messagePack
        case .native: return nil
        }
    }

    var bodyFormat: BodyFormat {
        switch self {
        case .json: .json
        case .cbor: .cbor
        case .messagePack: .messagePack
        }
    }
}
