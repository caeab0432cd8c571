// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes
import KelmarkCrypto

@testable import KERI

/// The controller of one AID: knows its keys, writes its events and signs them with all of them. A value: a copy made
/// before an event is another branch of the same log.
struct Author: Sendable {
    let name: String
    /// The keys in force.
    private(set) var keys: [CreatedKey]
    /// The pre-rotated keys.
    private(set) var next: [CreatedKey]
    /// The witnesses in force.
    private(set) var witnesses: [CreatedKey]
    /// The state after the latest event, as its controller knows it.
    private(set) var state: KeyState
    /// All events of this branch, in order.
    private(set) var events: [Signed]
    private var generation = 1

    var aid: AID { state.aid }
    var latest: Signed { events[events.count - 1] }

    /// Writes and signs the inception.
    init(
        _ name: String, keys count: Int = 1, threshold: Threshold? = nil, next nextCount: Int = 1,
        nextThreshold: Threshold? = nil, witnesses: [CreatedKey] = [], toad: UInt32? = nil, traits: [String] = [],
        delegator: AID? = nil, isBasic: Bool = false, anchors: [OrderedValue] = [], format: DocumentFormat = .json
    ) throws {
        self.name = name
        keys = try TestKey.keys("\(name) 0", count)
        next = try TestKey.keys("\(name) 1", nextCount)
        self.witnesses = witnesses
        let stated = Establishment(
            signingThreshold: threshold ?? .count(UInt32(count)), keys: keys.verificationKeys,
            nextThreshold: nextThreshold ?? .count(UInt32(nextCount)), nextDigests: next.digests,
            witnessThreshold: toad ?? UInt32(witnesses.count), witnessesAdded: witnesses.aids, traits: traits)
        let event =
            isBasic
            ? try EventBuilder.basicInception(stated, anchors: anchors, format: format)
            : try EventBuilder.inception(stated, delegator: delegator, anchors: anchors, format: format)
        state = KeyState(inception: event, stated, ordinal: 0, seenAt: Timestamp(seconds: 0))
        events = [try Signed(event).signed(by: keys).witnessed(by: witnesses)]
    }

    /// Adds an interaction.
    @discardableResult
    mutating func interact(_ anchors: [OrderedValue] = [], format: DocumentFormat = .json) throws -> Signed {
        try add(EventBuilder.interaction(of: state, anchors: anchors, format: format))
    }

    /// Adds an interaction that seals events of others.
    @discardableResult
    mutating func seal(_ events: Signed..., format: DocumentFormat = .json) throws -> Signed {
        try interact(events.map(\.seal.value), format: format)
    }

    /// Adds a rotation to the pre-rotated keys.
    ///
    /// - Parameters:
    ///   - branch: tells apart the next keys of rotations at one place.
    @discardableResult
    mutating func rotate(
        threshold: Threshold? = nil, next nextCount: Int = 1, nextThreshold: Threshold? = nil,
        cut: [CreatedKey] = [], add: [CreatedKey] = [], toad: UInt32? = nil, anchors: [OrderedValue] = [],
        branch: String = "", format: DocumentFormat = .json
    ) throws -> Signed {
        generation += 1
        let revealed = next
        let fresh = try TestKey.keys("\(name) \(generation)\(branch)", nextCount)
        witnesses = witnesses.filter { witness in !cut.contains { $0.aid == witness.aid } } + add
        let event = try EventBuilder.rotation(
            of: state,
            Establishment(
                signingThreshold: threshold ?? .count(UInt32(revealed.count)), keys: revealed.verificationKeys,
                nextThreshold: nextThreshold ?? .count(UInt32(nextCount)), nextDigests: fresh.digests,
                witnessThreshold: toad ?? UInt32(witnesses.count), witnessesAdded: add.aids, witnessesCut: cut.aids),
            anchors: anchors, format: format)
        keys = revealed
        next = fresh
        return try self.add(event)
    }

    private mutating func add(_ event: KeyEvent) throws -> Signed {
        state.advance(
            to: event, witnesses: witnesses.aids, ordinal: state.firstSeenOrdinal + 1, seenAt: Timestamp(seconds: 0))
        let signed = try Signed(event).signed(by: keys).witnessed(by: witnesses)
        events.append(signed)
        return signed
    }

    /// Lets the latest event point at the delegator's event that seals it.
    mutating func pointLatest(at source: Signed) -> Signed {
        events[events.count - 1] = latest.sealed(in: source)
        return latest
    }

    /// A receipt of somebody's event, as a group of this AID's latest keys.
    func receipt(of other: Signed) throws -> TransferableSignatureGroup {
        try group(over: other.event.bytes)
    }

    /// A signature group over any message under the latest establishment event.
    func group(over bytes: [UInt8], at places: [Int]? = nil) throws -> TransferableSignatureGroup {
        TransferableSignatureGroup(
            prefix: aid.primitive, sn: state.establishmentSn.value, said: state.establishmentSAID.primitive,
            signatures: try (places ?? Array(keys.indices)).map {
                try keys[$0].indexedSignature(over: bytes, index: $0)
            })
    }
}
