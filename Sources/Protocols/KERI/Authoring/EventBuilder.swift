// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// Writes key events. What comes out is typed by the same parser that types events of strangers, so an event that this
/// builder makes and a verifier refuses can't exist for reasons of form.
public enum EventBuilder {
    /// Why an event can't be written.
    public enum Failure: Error, Sendable, Hashable {
        /// The AID can't have further events.
        case notTransferable
        /// There is no sequence number after the latest one.
        case sequenceExhausted
        /// A value can't be written in the format asked for.
        case encoding
        /// The parser refuses the result, or a key is named twice.
        case refused(MessageError)
    }

    /// An inception; the AID is the digest of the event.
    ///
    /// - Parameters:
    ///   - stated: keys, thresholds, witnesses and traits.
    ///   - delegator: the AID that is to approve it, for a delegated inception.
    ///   - anchors: members of `a`.
    ///   - format: how to serialise.
    /// - Throws: ``Failure``.
    public static func inception(
        _ stated: Establishment, delegator: AID? = nil, anchors: [OrderedValue] = [], format: DocumentFormat = .json
    ) throws(Failure) -> KeyEvent {
        try checkKeys(stated)
        var members = inceptionMembers(stated, identifier: "", anchors: anchors)
        if let delegator { members.append(("di", .text(delegator.text))) }
        return try event(
            delegator == nil ? .inception : .delegatedInception, members, digests: ["d", "i"], format: format)
    }

    /// An inception whose AID is its only key. A non-transferable one states no next keys.
    /// - Throws: ``Failure``.
    public static func basicInception(
        _ stated: Establishment, anchors: [OrderedValue] = [], format: DocumentFormat = .json
    ) throws(Failure) -> KeyEvent {
        try checkKeys(stated)
        let identifier = stated.keys.first?.text ?? ""
        return try event(
            .inception, inceptionMembers(stated, identifier: identifier, anchors: anchors), digests: ["d"],
            format: format)
    }

    /// Whoever held a key that is named twice would count as two (facts 17).
    private static func checkKeys(_ stated: Establishment) throws(Failure) {
        guard Set(stated.keys).count == stated.keys.count else { throw .refused(MessageError(.badValue("k"))) }
        guard Set(stated.nextDigests).count == stated.nextDigests.count else {
            throw .refused(MessageError(.badValue("n")))
        }
    }

    private static func inceptionMembers(
        _ stated: Establishment, identifier: String, anchors: [OrderedValue]
    ) -> [(String, OrderedValue)] {
        [
            ("d", ""), ("i", .text(identifier)), ("s", "0"), ("kt", stated.signingThreshold.value),
            ("k", .identifiers(stated.keys)), ("nt", stated.nextThreshold.value),
            ("n", .identifiers(stated.nextDigests)), ("bt", .text(String(stated.witnessThreshold, radix: 16))),
            ("b", .identifiers(stated.witnessesAdded)), ("c", .list(stated.traits.map { .text($0) })),
            ("a", .list(anchors)),
        ]
    }

    /// A rotation, delegated if the AID is.
    ///
    /// - Parameters:
    ///   - state: the state that the event stands behind; its latest one, or an earlier one to recover.
    ///   - stated: the new keys and thresholds, and witnesses to cut and add.
    ///   - anchors: members of `a`.
    ///   - format: how to serialise.
    /// - Throws: ``Failure``.
    public static func rotation(
        of state: KeyState, _ stated: Establishment, anchors: [OrderedValue] = [], format: DocumentFormat = .json
    ) throws(Failure) -> KeyEvent {
        guard state.isTransferable else { throw .notTransferable }
        guard let sn = state.sn.next else { throw .sequenceExhausted }
        try checkKeys(stated)
        return try event(
            state.delegator == nil ? .rotation : .delegatedRotation,
            [
                ("d", ""), ("i", .text(state.aid.text)), ("s", .text(sn.hex)), ("p", .text(state.said.text)),
                ("kt", stated.signingThreshold.value), ("k", .identifiers(stated.keys)),
                ("nt", stated.nextThreshold.value), ("n", .identifiers(stated.nextDigests)),
                ("bt", .text(String(stated.witnessThreshold, radix: 16))),
                ("br", .identifiers(stated.witnessesCut)), ("ba", .identifiers(stated.witnessesAdded)),
                ("a", .list(anchors)),
            ], digests: ["d"], format: format)
    }

    /// An interaction.
    /// - Throws: ``Failure``.
    public static func interaction(
        of state: KeyState, anchors: [OrderedValue], format: DocumentFormat = .json
    ) throws(Failure) -> KeyEvent {
        guard state.isTransferable else { throw .notTransferable }
        guard let sn = state.sn.next else { throw .sequenceExhausted }
        return try event(
            .interaction,
            [
                ("d", ""), ("i", .text(state.aid.text)), ("s", .text(sn.hex)), ("p", .text(state.said.text)),
                ("a", .list(anchors)),
            ], digests: ["d"], format: format)
    }

    private static func event(
        _ kind: MessageKind, _ members: [(String, OrderedValue)], digests: [String], format: DocumentFormat
    ) throws(Failure) -> KeyEvent {
        let bytes: [UInt8]
        do throws(DocumentEncodingError) {
            bytes = try MessageBuilder.body(kind, members, digests: digests, format: format)
        } catch { throw .encoding }
        var parser = MessageParser()
        do throws(MessageError) {
            guard case .keyEvent(let event) = try parser.parse(bytes.span, format: format) else {
                throw MessageError(.unknownKind)
            }
            return event
        } catch { throw .refused(error) }
    }
}

extension EventSeal {
    /// The seal as a member of `a`.
    public var value: OrderedValue {
        ["i": .text(aid.text), "s": .text(sn.hex), "d": .text(said.text)]
    }
}

extension Seal {
    /// The seal as a member of `a`.
    public var value: OrderedValue {
        switch self {
        case .digest(let said): ["d": .text(said.text)]
        case .root(let said): ["rd": .text(said.text)]
        case .event(let seal): seal.value
        case .establishment(let sn, let said): ["s": .text(sn.hex), "d": .text(said.text)]
        case .last(let aid): ["i": .text(aid.text)]
        case .backer(let aid, let said): ["bi": .text(aid.text), "d": .text(said.text)]
        }
    }
}
