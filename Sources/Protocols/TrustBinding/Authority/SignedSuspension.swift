// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
internal import KelmarkBytes

/// A suspension with the signature of one current key of the organisation: a KERI reply (`rpy`) on the route
/// `/km/suspension` whose data is the record, and one signature group that names the organisation's latest establishment
/// event. `03-binding.md`, section 2.
public struct SignedSuspension: Hashable, Sendable {
    /// Where such replies go.
    public static let route = "/km/suspension"
    /// Most bytes of a message.
    public static let largest = 16 << 10

    /// What is asked for.
    public let suspension: Suspension
    /// The whole message.
    public let message: [UInt8]

    /// Why a message is no suspension that counts. The raw values are stable.
    public enum Fault: String, Error, Hashable, Sendable, CaseIterable {
        /// No reply on the route, more than one message, or more bytes than are read.
        case malformed = "suspension-malformed"
        /// The data is no suspension record.
        case record = "suspension-record"
        /// The organisation that it names is another one.
        case foreign = "suspension-of-another"
        /// No signature by exactly one key that is current in the organisation's log.
        case signature = "suspension-signature"
    }

    /// The body that the key signs.
    /// - Throws: ``Fault`` when the record can't be carried.
    public static func body(of suspension: Suspension, dated: Timestamp) throws(Fault) -> [UInt8] {
        let bytes = suspension.bytes
        guard let record = (try? OrderedValue(parsing: bytes.span, format: .json))?.mapValue,
            let body = try? MessageBuilder.reply(route: route, payload: record, dated: dated)
        else { throw .record }
        return body
    }

    /// Joins a body with a signature.
    /// - Throws: ``Fault`` unless the result is what ``init(reading:state:)`` accepts.
    public init(body: [UInt8], signature: IndexedSignature, state: KeyState) throws(Fault) {
        var attachments = Attachments()
        attachments.transferableGroups = [
            TransferableSignatureGroup(
                prefix: state.aid.primitive, sn: state.establishmentSn.value,
                said: state.establishmentSAID.primitive, signatures: [signature])
        ]
        guard let encoded = try? attachments.encoded() else { throw .signature }
        try self.init(reading: body + encoded, state: state)
    }

    /// Reads a message and checks it.
    ///
    /// - Parameters:
    ///   - message: the bytes.
    ///   - state: the organisation's key state, as newly known as can be.
    /// - Throws: ``Fault``.
    public init(reading message: [UInt8], state: KeyState) throws(Fault) {
        guard message.count <= Self.largest else { throw .malformed }
        var reader = StreamReader()
        var parser = MessageParser()
        guard case .message(let frame) = reader.next(in: message.span), frame.range.upperBound == message.count,
            case .reply(let reply)? = try? parser.parse(
                message.span.extracting(frame.bodyRange), version: frame.version), reply.route == Self.route
        else { throw .malformed }
        guard let bytes = try? OrderedValue.map(reply.payload).encoded(as: .json),
            let suspension = try? Suspension(parsing: bytes)
        else { throw .record }
        guard suspension.organisation == state.aid.primitive else { throw .foreign }
        let groups = frame.attachments.transferableGroups
        guard groups.count == 1, groups[0].prefix == state.aid.primitive,
            groups[0].sn == state.establishmentSn.value, groups[0].said == state.establishmentSAID.primitive,
            groups[0].signatures.count == 1
        else { throw .signature }
        let signature = groups[0].signatures[0]
        guard state.keys.indices.contains(signature.index),
            state.keys[signature.index].verifies(signature.span, over: reply.bytes.span)
        else { throw .signature }
        self.suspension = suspension
        self.message = message
    }
}
