// SPDX-License-Identifier: Apache-2.0

/// How a message body is serialised. Also called kind (`JSON`, `CBOR`, `MGPK`) in KERIpy.
public enum DocumentFormat: UInt8, Hashable, Sendable, CaseIterable {
    /// RFC 8259 without white space, as Python's `json.dumps` writes it (facts 3.1).
    case json
    /// RFC 8949, as cbor2 writes it (facts 3.2).
    case cbor
    /// MessagePack, as msgpack-python writes it (facts 3.3).
    case messagePack
}
