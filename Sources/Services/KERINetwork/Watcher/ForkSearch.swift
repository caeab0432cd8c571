// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkCrypto

/// Compares what several sources show of one AID with the log that was accepted, and with each other.
///
/// Events that are not in the log hang together by their prior digests; each such chain is followed back to where it
/// leaves the log. Two chains that part behind one event are judged by the rules of recovery (facts 7.5), and only what
/// verifies as portable evidence is reported.
struct ForkSearch<Transaction: KeyEventTransaction> {
    private let aid: AID
    private let transaction: Transaction
    private let now: Timestamp
    private var shown: [SAID: SignedEvent] = [:]
    private let trunkEnd: SequenceNumber?

    /// Longest chain that is followed; a witness that is further ahead is caught up with first.
    private static var longestChain: Int { 512 }
    /// Most chains that are compared with each other.
    private static var mostChains: Int { 16 }

    /// Two events at which a log parts, with how well they were signed: judging the same again finds nothing new.
    struct Pair: Hashable {
        let first: SAID
        let second: SAID
        let signatures: Int
    }

    /// Prepares a search; copies of one event by several sources are joined.
    init(_ aid: AID, _ unsettled: [SignedEvent], in transaction: Transaction, now: Timestamp) throws {
        self.aid = aid
        self.transaction = transaction
        self.now = now
        trunkEnd = try transaction.keyState(of: aid)?.sn
        for signed in unsettled where signed.event.aid == aid {
            shown[signed.event.said] = shown[signed.event.said].map { $0.joined(with: signed) } ?? signed
        }
    }

    /// Everything that is proven now and was not tried before.
    mutating func contradictions(tried: inout Set<Pair>) throws -> [VerifiedDuplicity] {
        var found: [VerifiedDuplicity] = []
        let chains = try chains()
        for (place, chain) in chains.enumerated() {
            if let fork = try forkWithTrunk(chain) { try judge(fork, &tried, &found) }
            for other in chains[(place + 1)...] {
                if let fork = try fork(chain, other) { try judge(fork, &tried, &found) }
            }
        }
        return found
    }

    // MARK: Chains

    /// The chains that end with an event that nothing shown continues, from the first event that is not in the log.
    private func chains() throws -> [[SignedEvent]] {
        let continued = Set(shown.values.compactMap(\.event.prior))
        let ends = shown.values.filter { !continued.contains($0.event.said) }.sorted { $0.event.said < $1.event.said }
        var chains: [[SignedEvent]] = []
        for end in ends.prefix(Self.mostChains) {
            if let chain = try chain(to: end) { chains.append(chain) }
        }
        return chains
    }

    private func chain(to end: SignedEvent) throws -> [SignedEvent]? {
        var reversed = [end]
        while let first = reversed.last?.event, let prior = first.prior, let sn = first.sn.previous {
            if try trunk(at: sn)?.event.said == prior { break }
            guard reversed.count < Self.longestChain else { return nil }
            if let before = shown[prior], before.event.sn == sn {
                reversed.append(before)
            } else if let record = try transaction.record(of: aid, at: sn, said: prior) {
                // A branch that the log took in before it recovered.
                reversed.append(try transaction.signed(record))
            } else {
                return nil
            }
        }
        return reversed.reversed()
    }

    private func trunk(at sn: SequenceNumber) throws -> SignedEvent? {
        guard let trunkEnd, sn <= trunkEnd, let record = try transaction.record(of: aid, at: sn) else { return nil }
        return try transaction.signed(record)
    }

    // MARK: Forks

    /// How a chain and the log continue the event behind which they part; nil when the chain is only ahead.
    private func forkWithTrunk(_ chain: [SignedEvent]) throws -> [[SignedEvent]]? {
        guard let start = chain.first?.event.sn else { return nil }
        let trunk = try trunkBranch(from: start)
        return trunk.isEmpty ? nil : [chain, trunk]
    }

    /// The log from a position on, no further than its next establishment event: nothing behind that matters.
    private func trunkBranch(from start: SequenceNumber) throws -> [SignedEvent] {
        var branch: [SignedEvent] = []
        var place: SequenceNumber? = start
        while let sn = place, branch.count < Self.longestChain, let signed = try trunk(at: sn) {
            branch.append(signed)
            if signed.event.kind.isEstablishment { break }
            place = sn.next
        }
        return branch
    }

    /// How two chains part; nil when one continues the other, or when the log tells as much.
    private func fork(_ one: [SignedEvent], _ other: [SignedEvent]) throws -> [[SignedEvent]]? {
        guard let first = one.first?.event.sn, let second = other.first?.event.sn else { return nil }
        guard first <= second else { return try fork(other, one) }
        // The one that leaves the log later shares the log up to there.
        let shared = try trunkBranch(from: first).filter { $0.event.sn < second }
        guard first == second || shared.last?.event.sn == second.previous else { return nil }
        let whole = first == second ? other : shared + other
        let same = zip(one, whole).prefix { $0.event.said == $1.event.said }.count
        guard same < one.count, same < whole.count else { return nil }
        return [Array(one[same...]), Array(whole[same...])]
    }

    // MARK: Judging

    private func judge(
        _ fork: [[SignedEvent]], _ tried: inout Set<Pair>, _ found: inout [VerifiedDuplicity]
    ) throws {
        let heads = fork.map { $0[0] }.sorted { $0.event.said < $1.event.said }
        let pair = Pair(
            first: heads[0].event.said, second: heads[1].event.said,
            signatures: (fork[0] + fork[1]).reduce(0) { $0 + $1.attachments.signatureCount })
        guard !tried.contains(pair),
            case .contradiction = ForkRule.finding(
                fork[0].map(\.event.kind), fork[1].map(\.event.kind))
        else { return }
        // Behind an event that waits nothing can be judged yet; it is tried again when the log has come that far.
        if let prior = heads[0].event.sn.previous {
            guard try trunk(at: prior)?.event.said == heads[0].event.prior else { return }
        }
        if tried.count >= 4096 { tried.removeAll() }
        tried.insert(pair)
        // Anybody can write an unsigned event; only what is signed for its place is worth replaying the log.
        if try heads.allSatisfy({ try transaction.isSignedForItsPlace($0) }) {
            do { found.append(try transaction.evidence(fork, seenAt: now)) } catch let fault as EvidenceFault {
                // The log here does not reach the place yet; later it may.
                if fault.code == .incompleteLog { tried.remove(pair) }
            }
        }
        try judgeReceipts(heads, &found)
    }

    /// Witnesses that receipted both sides of a fork.
    private func judgeReceipts(_ heads: [SignedEvent], _ found: inout [VerifiedDuplicity]) throws {
        guard case .contradiction(1, 1) = ForkRule.finding([heads[0].event.kind], [heads[1].event.kind]) else { return }
        let couples = try heads.map { try receipts(of: $0) }
        for (witness, couple) in couples[0].sorted(by: { $0.key < $1.key }) {
            guard let other = couples[1][witness] else { continue }
            func receipted(_ head: SignedEvent, _ couple: NonTransferableReceipt) -> SignedEvent {
                var attachments = Attachments()
                attachments.nonTransferableReceipts = [couple]
                return SignedEvent(event: head.event, attachments: attachments)
            }
            do {
                found.append(
                    try .ofWitness(
                        witness, receipted(heads[0], couple), receipted(heads[1], other), seenAt: now))
            } catch is EvidenceFault {
                // Not evidence, so there is nothing to report.
                continue
            }
        }
    }

    /// The receipts of an event by key, those with an index into the witness list included; unverified.
    private func receipts(of signed: SignedEvent) throws -> [AID: NonTransferableReceipt] {
        var couples: [AID: NonTransferableReceipt] = [:]
        for couple in signed.attachments.nonTransferableReceipts {
            if let signer = AID(couple.key), signer.isNonTransferable { couples[signer] = couple }
        }
        var list = try signed.event.sn.previous.flatMap { try transaction.trunkState(of: aid, through: $0) }?.witnesses
        if let stated = signed.event.establishment {
            list = (list ?? []).filter { !stated.witnessesCut.contains($0) } + stated.witnessesAdded
        }
        for signature in signed.attachments.witnessSignatures {
            guard let list, list.indices.contains(signature.index) else { continue }
            let witness = list[signature.index]
            guard let key = witness.key, key.verifies(signature.span, over: signed.event.bytes.span),
                let plain = try? Primitive(code: .signature(key.algorithm), raw: signature.raw)
            else { continue }
            couples[witness] = NonTransferableReceipt(key: key.primitive, signature: plain)
        }
        return couples
    }
}

extension SignedEvent {
    /// Most signatures of one sort that are joined.
    private static var mostSignatures: Int { 256 }

    /// The same event with the signatures of both copies.
    func joined(with other: SignedEvent) -> SignedEvent {
        guard other.attachments != attachments else { return self }
        var joined = Attachments()
        func union<Item: Hashable>(_ path: KeyPath<Attachments, [Item]>) -> [Item] {
            var seen: Set<Item> = []
            return (attachments[keyPath: path] + other.attachments[keyPath: path])
                .filter { seen.insert($0).inserted }.prefix(Self.mostSignatures).map(\.self)
        }
        joined.controllerSignatures = union(\.controllerSignatures)
        joined.witnessSignatures = union(\.witnessSignatures)
        joined.nonTransferableReceipts = union(\.nonTransferableReceipts)
        joined.sealSourceCouples = union(\.sealSourceCouples)
        return SignedEvent(event: event, attachments: joined)
    }
}

extension Attachments {
    /// How many signatures speak for an event.
    var signatureCount: Int {
        controllerSignatures.count + witnessSignatures.count + nonTransferableReceipts.count
    }
}

extension PrimitiveCode {
    /// The code of an unindexed signature.
    static func signature(_ algorithm: SignatureAlgorithm) -> PrimitiveCode {
        switch algorithm {
        case .ed25519: .ed25519Signature
        case .secp256k1: .secp256k1Signature
        case .secp256r1: .secp256r1Signature
        }
    }
}
