// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

// The key state record (facts 5.6): what a `/ksn` reply carries, what stores keep, and what people are shown.

extension KeyState {
    /// The members of a key state record; `c` lists the traits that are acted on, as keripy does. In order: `vn i s p d f dt et kt k nt n bt b c ee di`.
    public var record: OrderedMap {
        [
            "vn": [1, 0],
            "i": .text(aid.text), "s": .text(sn.hex), "p": .text(prior?.text ?? ""), "d": .text(said.text),
            "f": .text(String(firstSeenOrdinal, radix: 16)), "dt": .text(firstSeenAt.description),
            "et": .text(latestKind.rawValue), "kt": signingThreshold.value, "k": .identifiers(keys),
            "nt": nextThreshold.value, "n": .identifiers(nextDigests),
            "bt": .text(String(witnessThreshold, radix: 16)), "b": .identifiers(witnesses),
            "c": .list(traits.map { .text($0) }),
            "ee": [
                "s": .text(establishmentSn.hex), "d": .text(establishmentSAID.text),
                "br": .identifiers(establishmentCuts), "ba": .identifiers(establishmentAdds),
            ],
            "di": .text(delegator?.text ?? ""),
        ]
    }

    /// Reads a record back that ``record`` made.
    ///
    /// For stores only: a record that a peer sends is a claim, not a key state.
    package init?(stored record: OrderedMap) {
        guard let aid = record.aid("i"), let sn = record.sn("s"), let said = record.said("d"),
            let ordinal = record.text("f").flatMap({ UInt64($0, radix: 16) }),
            let seenAt = record.text("dt").flatMap({ Timestamp($0) }),
            let kind = record.text("et").flatMap(KeyEventKind.init(rawValue:)),
            let signing = record["kt"].flatMap({ try? Threshold($0) }),
            let next = record["nt"].flatMap({ try? Threshold($0) }),
            let keys: [VerificationKey] = record.identifiers("k"), let digests: [KeyDigest] = record.identifiers("n"),
            let threshold = record.text("bt").flatMap({ UInt32($0, radix: 16) }),
            let witnesses: [AID] = record.identifiers("b"),
            let traits = record["c"]?.listValue?.compactMap(\.textValue),
            let latest = record["ee"]?.mapValue, let latestSn = latest.sn("s"), let latestSAID = latest.said("d"),
            let cuts: [AID] = latest.identifiers("br"), let adds: [AID] = latest.identifiers("ba"),
            let prior = record.text("p"), let delegator = record.text("di")
        else { return nil }
        self.aid = aid
        self.sn = sn
        self.said = said
        self.prior = SAID(prior)
        self.latestKind = kind
        self.firstSeenOrdinal = ordinal
        self.firstSeenAt = seenAt
        self.signingThreshold = signing
        self.keys = keys
        self.nextThreshold = next
        self.nextDigests = digests
        self.witnessThreshold = threshold
        self.witnesses = witnesses
        self.traits = traits
        self.delegator = AID(delegator)
        self.establishmentSn = latestSn
        self.establishmentSAID = latestSAID
        self.establishmentCuts = cuts
        self.establishmentAdds = adds
    }
}

extension Threshold {
    /// The threshold as a body writes it: a hexadecimal text, a list of weights, or a list of such lists.
    public var value: OrderedValue {
        switch form {
        case .count(let count): return .text(String(count, radix: 16))
        case .weighted(let clauses):
            let lists = clauses.map { OrderedValue.list($0.weights.map { .text($0.text) }) }
            return lists.count == 1 ? lists[0] : .list(lists)
        }
    }

    /// Reads the form that ``value`` writes.
    /// - Throws: ``ThresholdError``.
    public init(_ value: OrderedValue) throws(ThresholdError) {
        switch value {
        case .text(let text): try self.init(hex: text.utf8.span)
        case .list(let list):
            guard let first = list.first else { throw .empty }
            var clauses: [[String]] = []
            for clause in first.listValue == nil ? [value] : list {
                guard let weights = clause.listValue else { throw .malformed }
                var texts: [String] = []
                for weight in weights {
                    guard let text = weight.textValue else { throw .malformed }
                    texts.append(text)
                }
                clauses.append(texts)
            }
            self = try .weighted(clauses)
        default: throw .malformed
        }
    }
}

extension OrderedValue {
    /// A list of identifiers as texts.
    static func identifiers(_ list: [some QualifiedIdentifier]) -> OrderedValue {
        .list(list.map { .text($0.text) })
    }
}

extension OrderedMap {
    /// A text member.
    package func text(_ label: String) -> String? { self[label]?.textValue }

    /// An AID member.
    package func aid(_ label: String) -> AID? { text(label).flatMap { AID($0) } }

    /// A SAID member.
    package func said(_ label: String) -> SAID? { text(label).flatMap { SAID($0) } }

    /// A sequence number member.
    package func sn(_ label: String) -> SequenceNumber? { text(label).flatMap { SequenceNumber(hex: $0) } }

    /// A list of identifiers; nil when a member of it is none.
    package func identifiers<ID: QualifiedIdentifier>(_ label: String) -> [ID]? {
        guard let list = self[label]?.listValue else { return nil }
        var ids: [ID] = []
        for value in list {
            guard let id = value.textValue.flatMap({ ID($0) }) else { return nil }
            ids.append(id)
        }
        return ids
    }
}
