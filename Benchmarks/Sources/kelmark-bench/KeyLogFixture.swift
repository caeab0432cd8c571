// SPDX-License-Identifier: Apache-2.0

import CESR
import KERI
import KelmarkBytes
import KelmarkCrypto

/// A key event log as keripy's benchmark makes it: one Ed25519 key, every tenth event a rotation, the others
/// interactions with one event seal, signatures in text groups behind each body.
struct KeyLogFixture {
    let stream: [UInt8]
    let events: Int
    /// Every signature check that a verifier must make: key, message range in `stream`, raw signature.
    let checks: [Check]

    struct Check {
        let key: [UInt8]
        let message: Range<Int>
        let signature: [UInt8]
    }

    /// Makes a log of `events` events with `witnesses` receipts each. Keys come from fixed seeds, which `name` tells
    /// apart, so that two runs work on the same bytes.
    init(events: Int, witnesses count: Int = 0, name: String = "key") throws {
        let store = MemoryKeyEventStore()
        let processor = EventProcessor(store: store)
        let witnesses = try (0..<count).map { try Self.key("witness", $0, isTransferable: false) }
        let list = witnesses.compactMap { AID($0.verificationKey.primitive) }
        let threshold = UInt32(min(2, count))
        var generation = 0
        var current = try Self.key(name, 0)
        var next = try Self.key(name, 1)
        func stated(_ isInception: Bool) -> Establishment {
            Establishment(
                signingThreshold: .count(1), keys: [current.verificationKey], nextThreshold: .count(1),
                nextDigests: [KeyDigest(of: next.verificationKey)], witnessThreshold: threshold,
                witnessesAdded: isInception ? list : [])
        }
        var stream: [UInt8] = []
        var checks: [Check] = []
        var aid: AID?
        for number in 0..<events {
            let event: KeyEvent
            if let aid, let state = try store.read({ $0.keyState(of: aid) }) {
                if number % 10 == 0 {
                    generation += 1
                    current = next
                    next = try Self.key(name, generation + 1)
                    event = try EventBuilder.rotation(of: state, stated(false))
                } else {
                    let seal = EventSeal(aid: aid, sn: state.sn, said: state.said)
                    event = try EventBuilder.interaction(of: state, anchors: [seal.value])
                }
            } else {
                event = try EventBuilder.inception(stated(true))
                aid = event.aid
            }
            var attachments = Attachments()
            let range = stream.count..<(stream.count + event.bytes.count)
            let own = try current.indexedSignature(over: event.bytes, index: 0)
            attachments.controllerSignatures = [own]
            checks.append(Check(key: current.verificationKey.primitive.raw, message: range, signature: own.raw))
            for (index, witness) in witnesses.enumerated() {
                let receipt = try witness.indexedSignature(over: event.bytes, index: index)
                attachments.witnessSignatures.append(receipt)
                checks.append(
                    Check(key: witness.verificationKey.primitive.raw, message: range, signature: receipt.raw))
            }
            guard
                case .accepted = try processor.process(
                    .keyEvent(event), with: attachments, now: Timestamp(seconds: 1_700_000_000))
            else { throw FixtureError() }
            stream += event.bytes
            stream += try attachments.encoded(in: .text)
        }
        self.stream = stream
        self.events = events
        self.checks = checks
    }

    /// The stream of the first `count` events.
    func prefix(_ count: Int) -> [UInt8] {
        let perEvent = checks.count / events
        return count >= events ? stream : Array(stream[..<checks[count * perEvent].message.lowerBound])
    }

    private static func key(_ name: String, _ number: Int, isTransferable: Bool = true) throws -> CreatedKey {
        let seed = DigestAlgorithm.blake3_256.digest("\(name) \(number)".utf8.span)
        return try CreatedKey(seed: SecretBytes(copying: seed.span), isTransferable: isTransferable)
    }
}

struct FixtureError: Error {}
