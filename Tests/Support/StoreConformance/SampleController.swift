// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes
internal import KelmarkCrypto

/// The controller of one AID with one key at a time, all of them derived from a name, so that samples repeat.
public struct SampleController: Sendable {
    /// An event with what its controller attaches to it.
    public struct SignedEvent: Sendable {
        /// The event.
        public let event: KeyEvent
        /// Its signatures.
        public let attachments: Attachments

        /// Body and attachments as one CESR message.
        public var message: [UInt8] { get throws { event.bytes + (try attachments.encoded(in: .text)) } }
    }

    private let name: String
    private var rotations = 0

    /// A controller whose keys follow from `name`.
    public init(_ name: String) { self.name = name }

    /// The key in force after so many rotations.
    public func key(_ rotation: Int) throws -> CreatedKey {
        let digest = DigestAlgorithm.blake3_256.digest("\(name) \(rotation)".utf8.span)
        return try CreatedKey(seed: SecretBytes(copying: digest.span))
    }

    /// The inception.
    public func incept(anchors: [OrderedValue] = []) throws -> SignedEvent {
        let event = try EventBuilder.inception(try establishment(0), anchors: anchors)
        return try sign(event, with: key(0))
    }

    /// An interaction behind `state`.
    public func interact(behind state: KeyState, anchors: [OrderedValue] = []) throws -> SignedEvent {
        try sign(EventBuilder.interaction(of: state, anchors: anchors), with: key(rotations))
    }

    /// A rotation behind `state`, which may be an earlier one, to recover.
    public mutating func rotate(behind state: KeyState, anchors: [OrderedValue] = []) throws -> SignedEvent {
        let event = try EventBuilder.rotation(of: state, try establishment(rotations + 1), anchors: anchors)
        rotations += 1
        return try sign(event, with: key(rotations))
    }

    private func establishment(_ rotation: Int) throws -> Establishment {
        Establishment(
            signingThreshold: .count(1), keys: [try key(rotation).verificationKey], nextThreshold: .count(1),
            nextDigests: [KeyDigest(of: try key(rotation + 1).verificationKey)])
    }

    private func sign(_ event: KeyEvent, with key: CreatedKey) throws -> SignedEvent {
        var attachments = Attachments()
        attachments.controllerSignatures = [try key.indexedSignature(over: event.bytes, index: 0)]
        return SignedEvent(event: event, attachments: attachments)
    }
}
