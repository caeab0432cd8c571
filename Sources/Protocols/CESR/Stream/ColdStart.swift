// SPDX-License-Identifier: Apache-2.0

/// What the first byte of a message or group announces by its top three bits (facts 2.1).
enum ColdStart {
    case textCounter
    case textOpCode
    case json
    case messagePack
    case cbor
    /// A counter or op code in the binary domain.
    case binaryCounter
    /// Nothing that version 1 knows.
    case other

    @inline(__always)
    init(_ byte: UInt8) {
        switch byte {
        case 0x2d: self = .textCounter
        case 0x5f: self = .textOpCode
        case 0x7b: self = .json
        case 0x80...0x8f, 0xde, 0xdf: self = .messagePack
        case 0xa0...0xbf: self = .cbor
        case 0xe0...0xff: self = .binaryCounter
        default: self = .other
        }
    }

    /// The domain of the counter or op code that starts here, nil for anything else.
    @inline(__always)
    var counterDomain: Domain? {
        switch self {
        case .textCounter, .textOpCode: .text
        case .binaryCounter: .binary
        default: nil
        }
    }

    /// The format of the body that starts here, nil for anything else.
    @inline(__always)
    var bodyFormat: BodyFormat? {
        switch self {
        case .json: .json
        case .messagePack: .messagePack
        case .cbor: .cbor
        default: nil
        }
    }
}
