// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
internal import KelmarkCrypto

/// One event with what is attached to it.
struct ScriptedMessage {
    let event: KeyEvent
    var attachments: Attachments
    let witnessThreshold: Int
    let isWrapped: Bool

    /// Body and groups.
    func encoded() throws -> [UInt8] { event.bytes + (try attachments.encoded(isWrapped: isWrapped)) }
}

/// Keys, witnesses and position of one AID whose events are chosen at random.
final class ScriptedController {
    let delegator: ScriptedController?
    let isEstablishmentOnly: Bool
    /// The state after each event of the branch in force, by sequence number.
    private(set) var states: [KeyState] = []
    private(set) var hasEnded = false

    private let plan: HistoryPlan
    private let name: String
    private let isWrapped: Bool
    /// The logs of all controllers of the history, in the order in which the events were made.
    private let log: MemoryKeyEventStore
    private var made = 0
    private var current: [CreatedKey] = []
    private var following: [CreatedKey] = []
    private var witnesses: [CreatedKey] = []

    init(
        _ name: String, plan: HistoryPlan, log: MemoryKeyEventStore, delegator: ScriptedController?,
        random: inout SeededGenerator
    ) {
        self.name = name
        self.log = log
        self.plan = plan
        self.delegator = delegator
        isWrapped = random.chance(50)
        isEstablishmentOnly = delegator == nil && plan.features.contains("establishment-only")
    }

    var state: KeyState { states[states.count - 1] }
    var seal: OrderedValue { EventSeal(aid: state.aid, sn: state.sn, said: state.said).value }

    /// Sequence numbers at which a recovery rotation may stand.
    var recoverable: Range<Int> {
        let first = Int(state.establishmentSn.value) + 1
        if delegator != nil, plan.avoid.contains("delegates-recover-latest-only") {
            return max(first, states.count - 1)..<states.count
        }
        return first..<states.count
    }

    // MARK: Events

    func incept(random: inout SeededGenerator) throws -> ScriptedMessage {
        current = try keys(keyCount(&random), &random)
        following = try keys(keyCount(&random), &random)
        witnesses = plan.features.contains("witnessed") ? try witnessKeys(random.number(1...4)) : []
        let stated = Establishment(
            signingThreshold: try threshold(current.count, &random), keys: current.map(\.verificationKey),
            nextThreshold: try threshold(following.count, &random), nextDigests: digests(following),
            witnessThreshold: witnesses.isEmpty ? 0 : UInt32(random.number(1...witnesses.count)),
            witnessesAdded: try witnesses.map(identifier), traits: isEstablishmentOnly ? ["EO"] : [])
        let isBasic = current.count == 1 && delegator == nil && witnesses.isEmpty && random.chance(20)
        let format = random.pick(DocumentFormat.allCases)
        let event =
            isBasic
            ? try EventBuilder.basicInception(stated, format: format)
            : try EventBuilder.inception(stated, delegator: delegator?.state.aid, format: format)
        let signers = try places(enoughFor: stated.signingThreshold, of: current.count, &random)
        return try message(event, signatures: signers.map { try sign(event, current[$0], $0) }, &random)
    }

    func interact(_ seals: [OrderedValue]? = nil, random: inout SeededGenerator) throws -> ScriptedMessage {
        let own = seal
        let anchors = seals ?? (0..<random.number(0...2)).map { _ in own }
        let event = try EventBuilder.interaction(
            of: state, anchors: anchors, format: random.pick(DocumentFormat.allCases))
        let signers = try places(enoughFor: state.signingThreshold, of: current.count, &random)
        return try message(event, signatures: signers.map { try sign(event, current[$0], $0) }, &random)
    }

    /// A rotation; with `sn` it supersedes the interactions from there on.
    func rotate(
        at sn: Int? = nil, sealing seals: [OrderedValue] = [], ends: Bool = false, random: inout SeededGenerator
    ) throws -> ScriptedMessage {
        let base = states[(sn ?? states.count) - 1]
        let (chosen, exposed) = try composeKeys(base, &random)
        let signing = try threshold(chosen.count, &random)
        let signers = try rotationSigners(signing, base.nextThreshold, exposed, of: chosen.count, &random)
        var next: [CreatedKey] = []
        if !ends {
            next = try keys(keyCount(&random), &random)
            if plan.features.contains("partial") {
                let revealed = Set(exposed.values)
                let carried = following.indices.filter { !revealed.contains($0) }.map { following[$0] }
                next = Array((carried + next).prefix(4))
            }
        }
        var (kept, cuts, adds): ([CreatedKey], [CreatedKey], [CreatedKey]) = (witnesses, [], [])
        let mayChange = sn == nil || !plan.avoid.contains("recovery-keeps-witnesses")
        if plan.features.contains("witnessed"), mayChange {
            kept = []
            for witness in witnesses { if random.chance(25) { cuts.append(witness) } else { kept.append(witness) } }
            adds = try witnessKeys(random.number(0...2))
        }
        let list = kept + adds
        let stated = Establishment(
            signingThreshold: signing, keys: chosen.map(\.verificationKey),
            nextThreshold: next.isEmpty ? .count(0) : try threshold(next.count, &random), nextDigests: digests(next),
            witnessThreshold: list.isEmpty ? 0 : UInt32(random.number(1...list.count)),
            witnessesAdded: try adds.map(identifier), witnessesCut: try cuts.map(identifier))
        let event = try EventBuilder.rotation(
            of: base, stated, anchors: seals, format: random.pick(DocumentFormat.allCases))
        witnesses = list
        let signatures = try signers.map { place in
            try sign(event, chosen[place], place, ondex: exposed[place], currentOnly: exposed[place] == nil)
        }
        (current, following, hasEnded) = (chosen, next, ends)
        return try message(event, signatures: signatures, &random)
    }

    /// Takes the event into the log, which must accept it; `source` is the delegator's sealing event.
    func commit(_ message: inout ScriptedMessage, sealedBy source: KeyState?) throws {
        if let source {
            message.attachments.sealSourceCouples = [SealSourceCouple(sn: source.sn.value, said: source.said.primitive)]
        }
        let next = try accepted(message)
        states.removeSubrange(Int(message.event.sn.value)..<states.count)
        states.append(next)
    }

    private func accepted(_ message: ScriptedMessage) throws -> KeyState {
        var seen = ""
        var stream = StreamProcessor(EventProcessor(store: log))
        try stream.process(try message.encoded(), now: Timestamp(seconds: 1_700_000_000)) { seen = "\($0.result)" }
        let state = try log.read { $0.keyState(of: message.event.aid) }
        guard let state, state.said == message.event.said else {
            throw PeerFailure("our own event is not accepted: \(seen)")
        }
        return state
    }

    // MARK: Keys and signatures

    private func message(
        _ event: KeyEvent, signatures: [IndexedSignature], _ random: inout SeededGenerator
    ) throws -> ScriptedMessage {
        var attachments = Attachments()
        attachments.controllerSignatures = signatures
        let threshold = Int(event.establishment?.witnessThreshold ?? state.witnessThreshold)
        if !witnesses.isEmpty {
            let count = random.number(threshold...witnesses.count)
            let places = witnesses.indices.shuffled(using: &random).prefix(count).sorted()
            attachments.witnessSignatures = try places.map { try sign(event, witnesses[$0], $0) }
        }
        return ScriptedMessage(
            event: event, attachments: attachments, witnessThreshold: threshold, isWrapped: isWrapped)
    }

    private func sign(
        _ event: KeyEvent, _ key: CreatedKey, _ index: Int, ondex: Int? = nil, currentOnly: Bool = false
    ) throws -> IndexedSignature {
        try key.indexedSignature(
            over: event.bytes, index: index, ondex: ondex == index ? nil : ondex, currentOnly: currentOnly)
    }

    private func keys(_ count: Int, _ random: inout SeededGenerator) throws -> [CreatedKey] {
        try (0..<count).map { _ in
            let curve = plan.features.contains("curves") && random.chance(30)
            return try key(curve ? .secp256r1 : .ed25519, isTransferable: true)
        }
    }

    private func witnessKeys(_ count: Int) throws -> [CreatedKey] {
        try (0..<count).map { _ in try key(.ed25519, isTransferable: false) }
    }

    private func key(_ algorithm: SignatureAlgorithm, isTransferable: Bool) throws -> CreatedKey {
        let seed = DigestAlgorithm.sha2_256.digest("\(plan.seed)/\(name)/\(made)".utf8.span)
        made += 1
        return try CreatedKey(
            seed: SecretBytes(copying: seed.span), algorithm: algorithm, isTransferable: isTransferable)
    }

    private func identifier(_ key: CreatedKey) throws -> AID {
        guard let aid = AID(key.verificationKey.primitive) else { throw PeerFailure("a witness key is no AID") }
        return aid
    }

    private func digests(_ keys: [CreatedKey]) -> [KeyDigest] { keys.map { KeyDigest(of: $0.verificationKey) } }

    private func keyCount(_ random: inout SeededGenerator) -> Int {
        if plan.features.contains("multi") { return 3 }
        return plan.features.contains("many-keys") ? random.number(2...4) : 1
    }

    private func threshold(_ count: Int, _ random: inout SeededGenerator) throws -> Threshold {
        if count == 1 { return .count(1) }
        if plan.features.contains("multi"), count == 3 { return .count(2) }
        guard plan.features.contains("weighted"), !random.chance(30) else {
            return .count(UInt32(random.number(1...count)))
        }
        var forms = [[[String](repeating: "1/2", count: count)]]
        if count >= 3 {
            forms.append([["1"] + [String](repeating: "1/2", count: count - 1)])
            forms.append([[String](repeating: "1/2", count: count - 1), ["1"]])
        }
        if count == 4 { forms.append([["1/2", "1/2"], ["1/3", "2/3"]]) }
        return try .weighted(random.pick(forms))
    }

    /// Places that satisfy a threshold, found by adding places in random order.
    private func places(
        enoughFor threshold: Threshold, of count: Int, _ random: inout SeededGenerator
    ) throws -> [Int] {
        var chosen: [Int] = []
        for place in (0..<count).shuffled(using: &random) {
            if !chosen.isEmpty, threshold.isSatisfied(by: SignerSet(chosen)) { break }
            chosen.append(place)
        }
        guard threshold.isSatisfied(by: SignerSet(chosen)) else { throw PeerFailure("a threshold can't be reached") }
        return chosen.sorted()
    }

    /// The keys of a rotation and, for each pre-rotated one, its place among the prior next digests.
    private func composeKeys(
        _ base: KeyState, _ random: inout SeededGenerator
    ) throws -> ([CreatedKey], [Int: Int]) {
        if !plan.features.contains("partial") || random.chance(30) {
            return (following, Dictionary(uniqueKeysWithValues: following.indices.map { ($0, $0) }))
        }
        let revealed = try places(enoughFor: base.nextThreshold, of: following.count, &random)
        var entries: [(key: CreatedKey, place: Int?)] = revealed.map { (following[$0], $0) }
        entries += try keys(random.number(0...2), &random).map { ($0, nil) }
        entries.shuffle(using: &random)
        var exposed: [Int: Int] = [:]
        for (index, entry) in entries.enumerated() { exposed[index] = entry.place }
        return (entries.map(\.key), exposed)
    }

    /// Places in the new key list that reach both the new and the prior next threshold.
    private func rotationSigners(
        _ threshold: Threshold, _ prior: Threshold, _ exposed: [Int: Int], of count: Int,
        _ random: inout SeededGenerator
    ) throws -> [Int] {
        var chosen = Set(try places(enoughFor: threshold, of: count, &random))
        for place in exposed.keys.sorted().shuffled(using: &random) {
            if prior.isSatisfied(by: SignerSet(chosen.compactMap { exposed[$0] })) { break }
            chosen.insert(place)
        }
        guard prior.isSatisfied(by: SignerSet(chosen.compactMap { exposed[$0] })) else {
            throw PeerFailure("the exposed keys can't reach the prior next threshold")
        }
        return chosen.sorted()
    }
}
