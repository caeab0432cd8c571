// SPDX-License-Identifier: Apache-2.0

internal import CESR
private import KelmarkBytes

// Queries and exchange messages: who signed, and whether what is asked for is here. What is done with them is the
// business of the services that own their routes.

extension MessageSteps {
    /// A query (facts 9.2). Its signature is checked, which no keripy version does.
    mutating func apply(query: Query, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        guard let subject = query.parameters.aid("i") else { return .rejected(.badPayload) }
        guard ["logs", "ksn", "mbx"].contains(query.route) else { return .rejected(.unknownRoute) }
        let asker: AID
        switch try signer(of: query.bytes, attachments) {
        case .valid(let aid): asker = aid
        case .unknown(let aid):
            return try escrow(query, asker: aid, attachments, since: since, missing: "the log of \(aid)")
        case .invalid(let reason): return .rejected(reason)
        }
        if let missing = try missing(for: query, about: subject) {
            return try escrow(query, asker: asker, attachments, since: since, missing: missing)
        }
        return .verified
    }

    private mutating func escrow(
        _ query: Query, asker: AID, _ attachments: Attachments, since: Timestamp, missing: String
    ) throws -> EventOutcome {
        try put(
            EscrowEntry(
                key: EscrowKey(
                    reason: .queryNotFound, aid: asker, sn: .zero, said: query.said, source: query.route),
                since: since, message: try attachments.following(query.bytes), missing: missing))
    }

    /// What must be here before a query can be answered, in words; nil when all is.
    private func missing(for query: Query, about subject: AID) throws -> String? {
        guard let state = try transaction.keyState(of: subject) else { return "the log of \(subject)" }
        guard query.route == "logs" else { return nil }
        if case .map(let wanted)? = query.parameters["a"] {
            guard let aid = wanted.aid("i"), let sn = wanted.text("s").flatMap({ SequenceNumber(hex: $0) }),
                let said = wanted.text("d").flatMap({ SAID($0) })
            else { return "a well-formed anchor" }
            let seal = EventSeal(aid: aid, sn: sn, said: said)
            if try transaction.trunkSealing(seal, by: state) == nil, seal != EventSeal(state) {
                return "an event of \(subject) that seals \(said)"
            }
        }
        if let sn = query.parameters.text("s").flatMap({ SequenceNumber(hex: $0) }), state.sn < sn {
            return "event \(sn) of \(subject)"
        }
        return nil
    }

    /// An exchange message (facts 11.1): signed by its sender, by the threshold of the establishment event it names.
    mutating func apply(exchange: Exchange, with attachments: Attachments, since: Timestamp) throws -> EventOutcome {
        for couple in attachments.receipts where couple.signer == exchange.sender {
            let isValid = couple.signer.key?.verifies(couple.signature, over: exchange.bytes.span) ?? false
            return isValid ? .verified : .rejected(.noValidSignature)
        }
        for group in attachments.transferableGroups {
            guard let signer = EventSeal(group.prefix, group.sn, group.said), signer.aid == exchange.sender else {
                continue
            }
            let key = EscrowKey(
                reason: .partialExchange, aid: signer.aid, sn: signer.sn, said: exchange.said, source: exchange.route)
            func escrow(_ missing: String) throws -> EventOutcome {
                try put(
                    EscrowEntry(
                        key: key, since: since, message: try attachments.following(exchange.bytes),
                        missing: missing))
            }
            switch try signerKeys(signer) {
            case .unknown: return try escrow("event \(signer.sn) of \(signer.aid)")
            case .mismatch: return .rejected(.signerEventMismatch)
            case .known(let keys, let threshold):
                let verified = VerifiedSignatures(group.signatures, over: exchange.bytes, known: [], key: keys.at)
                guard !verified.signatures.isEmpty else { return .rejected(.noValidSignature) }
                if threshold.isSatisfied(by: verified.signers) { return .verified }
                return try escrow("signatures: \(verified.signers.count) valid, \(threshold.summary) needed")
            }
        }
        return .rejected(.wrongSigner)
    }

    private enum Signer { case valid(AID), unknown(AID), invalid(Rejection) }

    /// Who signed a query: the last group of an AID's latest keys (`-H`), or else a couple (`-C`).
    private func signer(of bytes: [UInt8], _ attachments: Attachments) throws -> Signer {
        if let group = attachments.lastEstablishmentGroups.last {
            guard let aid = AID(group.prefix) else { return .invalid(.wrongSigner) }
            guard let state = try transaction.keyState(of: aid) else { return .unknown(aid) }
            let verified = VerifiedSignatures(group.signatures, over: bytes, known: [], key: state.keys.at)
            return state.signingThreshold.isSatisfied(by: verified.signers) ? .valid(aid) : .invalid(.noValidSignature)
        }
        guard let couple = attachments.receipts.last else { return .invalid(.wrongSigner) }
        let isValid = couple.signer.key?.verifies(couple.signature, over: bytes.span) ?? false
        return isValid ? .valid(couple.signer) : .invalid(.noValidSignature)
    }
}

extension EventSeal {
    /// The latest event of a key state.
    init(_ state: KeyState) { self.init(aid: state.aid, sn: state.sn, said: state.said) }
}
