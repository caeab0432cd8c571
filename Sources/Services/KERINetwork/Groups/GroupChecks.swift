// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

/// Whether an event of a group is what its members' logs say it should be. Asked when a proposal arrives, and again
/// before our member signs, for logs may have moved in between.
struct GroupChecks<Transaction: KeyEventTransaction> {
    let store: Transaction
    /// Our member.
    let member: AID

    /// The state that the event stands behind; nil for an inception.
    /// - Throws: ``GroupError`` `groupUnknown`, `groupBehind`, `overtaken`, `priorMismatch`.
    func base(of event: KeyEvent) throws -> KeyState? {
        if event.kind.isInception { return nil }
        guard let state = try store.keyState(of: event.aid) else {
            throw GroupError(.groupUnknown, "the log of \(event.aid) is not here")
        }
        guard event.sn > state.sn else {
            if try store.record(of: event.aid, at: event.sn, said: event.said) != nil, let before = event.sn.previous {
                return try store.trunkState(of: event.aid, through: before)
            }
            throw GroupError(.overtaken, "another event stands at \(event.sn.hex) of \(event.aid)")
        }
        guard event.sn == state.sn.next else {
            throw GroupError(.groupBehind, "the log of \(event.aid) ends at \(state.sn.hex) here")
        }
        guard event.prior == state.said else {
            throw GroupError(.priorMismatch, "the event does not continue event \(state.sn.hex) of \(event.aid)")
        }
        return state
    }

    /// Whether an inception that would make another log already stands.
    func isInLog(_ event: KeyEvent) throws -> Bool {
        try store.record(of: event.aid, at: event.sn, said: event.said) != nil
    }

    /// Refuses an event whose lists, keys, digests or thresholds are not those of the members.
    ///
    /// - Parameters:
    ///   - event: the event.
    ///   - signing: who is said to sign, in the order of the keys.
    ///   - rotation: who is said to rotate next, in the order of the digests.
    ///   - base: the state that it stands behind.
    ///   - known: the members in force, for an interaction.
    func check(
        _ event: KeyEvent, signing: [AID], rotation: [AID], base: KeyState?, known: [AID]?
    ) throws {
        guard Set(signing).count == signing.count, Set(rotation).count == rotation.count else {
            throw GroupError(.membersMismatch, "a member is named twice")
        }
        guard let stated = event.establishment else {
            guard let known, known == signing else {
                throw GroupError(.membersDiffer, "the members named are not those of \(event.aid)")
            }
            return
        }
        guard stated.keys.count == signing.count, stated.nextDigests.count == rotation.count else {
            throw GroupError(
                .membersMismatch,
                "\(signing.count) members sign with \(stated.keys.count) keys, "
                    + "\(rotation.count) rotate with \(stated.nextDigests.count) digests")
        }
        guard Self.fits(stated.signingThreshold, signing.count), Self.fits(stated.nextThreshold, rotation.count)
        else { throw GroupError(.badThreshold, "a threshold can't be satisfied by all members together") }
        for (place, aid) in signing.enumerated() {
            try check(stated.keys[place], of: aid, group: event.aid)
            if let base, base.keys.contains(stated.keys[place]) {
                throw GroupError(
                    .memberNotMoved, "\(aid) has not rotated since event \(base.establishmentSn.hex) of \(event.aid)",
                    actor: aid)
            }
        }
        for (place, aid) in rotation.enumerated() {
            try check(stated.nextDigests[place], of: aid, group: event.aid)
        }
        if let base {
            let revealed = SignerSet(stated.keys.compactMap { key in base.nextDigests.place(of: key) })
            guard base.nextThreshold.isSatisfied(by: revealed) else {
                throw GroupError(
                    .nextThreshold,
                    "\(revealed.count) pre-rotated keys are revealed, the threshold is \(base.nextThreshold.summary)")
            }
        }
    }

    private static func fits(_ threshold: Threshold, _ count: Int) -> Bool {
        count > 0 && threshold.minimumKeys <= count && threshold.isSatisfied(by: SignerSet(0..<count))
    }

    /// The state of a member that can be one.
    /// - Throws: ``GroupError`` `memberUnknown`, `memberUnfit`.
    func state(of aid: AID, group: AID?) throws -> KeyState {
        guard aid != group, !aid.isNonTransferable else {
            throw GroupError(.memberUnfit, "\(aid) can't be a member: its keys can't be rotated, or it is the group")
        }
        guard let state = try store.keyState(of: aid) else {
            throw GroupError(.memberUnknown, "the log of \(aid) is not here", actor: aid)
        }
        guard state.isTransferable else {
            throw GroupError(.memberUnfit, "\(aid) can't be a member: it can have no further events", actor: aid)
        }
        return state
    }

    private func check(_ key: VerificationKey, of aid: AID, group: AID) throws {
        let state = try state(of: aid, group: group)
        if state.keys.first == key { return }
        guard aid != member else {
            throw GroupError(.notOurKey, "the key at the place of \(aid) is not its key")
        }
        if state.nextDigests.first?.commits(to: key) ?? false {
            throw GroupError(.memberBehind, "\(aid) has rotated, which its log here does not show", actor: aid)
        }
        if try history(of: aid).contains(where: { $0.keys.first == key }) {
            throw GroupError(.memberStale, "the key at the place of \(aid) is one that it has replaced")
        }
        throw GroupError(.foreignKey, "the key at the place of \(aid) is none that its log states", actor: aid)
    }

    private func check(_ digest: KeyDigest, of aid: AID, group: AID) throws {
        let state = try state(of: aid, group: group)
        if state.nextDigests.first == digest { return }
        guard aid != member else {
            throw GroupError(.notOurDigest, "the next digest at the place of \(aid) is not its next digest")
        }
        if try history(of: aid).contains(where: { $0.nextDigests.first == digest }) {
            throw GroupError(.memberStale, "the next digest at the place of \(aid) is one that it has replaced")
        }
        throw GroupError(
            .foreignDigest, "the next digest at the place of \(aid) is none that its log states", actor: aid)
    }

    /// What a member's establishment events state, oldest first.
    func history(of aid: AID) throws -> [Establishment] {
        var found: [Establishment] = []
        var ordinal: UInt64 = 0
        while true {
            let records = try store.records(of: aid, from: ordinal, limit: 256)
            for record in records where record.kind.isEstablishment {
                guard let stored = try? StoredMessage(record.bytes), case .keyEvent(let event) = stored.message,
                    let stated = event.establishment
                else { continue }
                found.append(stated)
            }
            guard let last = records.last else { return found }
            ordinal = last.ordinal + 1
        }
    }
}

extension [KeyDigest] {
    /// Where the digest of a key stands.
    func place(of key: VerificationKey) -> Int? { firstIndex { $0.commits(to: key) } }
}

/// The keys that sign an event of a group, and where their digests stood before.
struct GroupKeys {
    let keys: [VerificationKey]
    /// The next digests of the event before; nil when the event reveals none.
    private let prior: [KeyDigest]?
    private let message: [UInt8]

    init(_ event: KeyEvent, base: KeyState?) {
        keys = event.establishment?.keys ?? base?.keys ?? []
        prior = event.establishment == nil ? nil : base?.nextDigests
        message = event.bytes
    }

    /// The signature of a member under the one code that says what it is good for, if it verifies. A signature does not
    /// cover its code, so whoever passes it on could have taken from it that it reveals a key.
    func verified(_ signature: IndexedSignature) -> IndexedSignature? {
        guard keys.indices.contains(signature.index) else { return nil }
        let key = keys[signature.index]
        guard signature.code.algorithm == key.algorithm, key.verifies(signature.span, over: message.span) else {
            return nil
        }
        let (ondex, isFresh) = place(of: key)
        let code = IndexedSignature.code(
            for: key.algorithm.indexer, index: signature.index, ondex: ondex, currentOnly: isFresh)
        return try? IndexedSignature(code: code, index: signature.index, ondex: ondex, raw: signature.span)
    }

    /// Where a key's digest stood before, and whether it stood nowhere.
    func place(of key: VerificationKey) -> (ondex: Int?, isFresh: Bool) {
        guard let prior else { return (nil, false) }
        let place = prior.place(of: key)
        return (place, place == nil)
    }
}
