// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes

// From the values of a body whose members are complete and whose digests hold, to typed messages. Everything that is
// wrong from here on is a bad value: the framing of what follows in a stream can be trusted.

extension MessageParser {
    func message(of kind: MessageKind, in bytes: Span<UInt8>) throws(MessageError) -> Message {
        if let event = kind.keyEvent { return .keyEvent(try keyEvent(event, in: bytes)) }
        switch kind {
        case .receipt: return .receipt(try receipt(in: bytes))
        case .reply: return .reply(try reply(in: bytes))
        case .bare: return .bare(try reply(in: bytes))
        case .query: return .query(try query(in: bytes))
        case .prod: return .prod(try query(in: bytes))
        case .exchange: return .exchange(try exchange(in: bytes))
        default: return .registryEvent(try registryEvent(kind, in: bytes))
        }
    }

    // MARK: Key events

    private func keyEvent(_ kind: KeyEventKind, in bytes: Span<UInt8>) throws(MessageError) -> KeyEvent {
        let said: SAID = try identifier(2, "d", in: bytes)
        let aid: AID = try identifier(3, "i", in: bytes)
        let sn = try sequenceNumber(4, in: bytes)
        var prior: SAID?
        var establishment: Establishment?
        var delegator: AID?
        let anchors: Int
        switch kind {
        case .inception, .delegatedInception:
            establishment = try self.establishment(from: 5, isInception: true, in: bytes)
            anchors = 12
            if kind == .delegatedInception { delegator = try identifier(13, "di", in: bytes) as AID }
        case .rotation, .delegatedRotation:
            prior = try identifier(5, "p", in: bytes) as SAID
            establishment = try self.establishment(from: 6, isInception: false, in: bytes)
            anchors = 13
        case .interaction:
            prior = try identifier(5, "p", in: bytes) as SAID
            anchors = 6
        }
        let list = index.tokens[values[anchors]]
        guard list.kind == .list else { throw MessageError(.badValue("a"), at: Int(list.start)) }
        return KeyEvent(
            kind: kind, said: said, aid: aid, sn: sn, prior: prior, establishment: establishment,
            delegator: delegator, bytes: [UInt8](copying: bytes), format: index.format)
    }

    private func establishment(
        from first: Int, isInception: Bool, in bytes: Span<UInt8>
    ) throws(MessageError) -> Establishment {
        let signingThreshold = try threshold(first, "kt", in: bytes)
        let keys: [VerificationKey] = try identifiers(first + 1, "k", in: bytes)
        let nextThreshold = try threshold(first + 2, "nt", in: bytes)
        let nextDigests: [KeyDigest] = try identifiers(first + 3, "n", in: bytes)
        let witnessThreshold = try count(first + 4, "bt", in: bytes)
        if isInception {
            return Establishment(
                signingThreshold: signingThreshold, keys: keys, nextThreshold: nextThreshold,
                nextDigests: nextDigests, witnessThreshold: witnessThreshold,
                witnessesAdded: try identifiers(first + 5, "b", in: bytes),
                traits: try texts(first + 6, "c", in: bytes))
        }
        return Establishment(
            signingThreshold: signingThreshold, keys: keys, nextThreshold: nextThreshold, nextDigests: nextDigests,
            witnessThreshold: witnessThreshold, witnessesAdded: try identifiers(first + 6, "ba", in: bytes),
            witnessesCut: try identifiers(first + 5, "br", in: bytes))
    }

    private func threshold(_ member: Int, _ name: String, in bytes: Span<UInt8>) throws(MessageError) -> Threshold {
        let token = index.tokens[values[member]]
        do throws(ThresholdError) {
            switch token.kind {
            case .text where !token.hasEscapes:
                return try Threshold(hex: bytes.extracting(token.range))
            case .integer:
                // keripy's "intive" form: accepted, never written (facts 17).
                guard let value = index.unsignedInteger(of: token, in: bytes), let count = UInt32(exactly: value) else {
                    throw .malformed
                }
                return .count(count)
            case .list:
                return try Threshold(clauses: weightClauses(values[member], in: bytes))
            default: throw .malformed
            }
        } catch { throw MessageError(.badValue(name), at: Int(token.start)) }
    }

    private func weightClauses(_ list: Int, in bytes: Span<UInt8>) throws(ThresholdError) -> [WeightClause] {
        let count = Int(index.tokens[list].count)
        guard count > 0 else { throw .empty }
        guard index.tokens[list + 1].kind == .list else { return [try weightClause(list, in: bytes)] }
        var clauses: [WeightClause] = []
        var position = list + 1
        for _ in 0..<count {
            guard index.tokens[position].kind == .list else { throw .malformed }
            clauses.append(try weightClause(position, in: bytes))
            position = Int(index.tokens[position].next)
        }
        return clauses
    }

    private func weightClause(_ list: Int, in bytes: Span<UInt8>) throws(ThresholdError) -> WeightClause {
        var weights: [Weight] = []
        for element in 0..<Int(index.tokens[list].count) {
            let token = index.tokens[list + 1 + element]
            guard token.kind == .text, !token.hasEscapes else { throw .malformed }
            weights.append(try Weight(bytes.extracting(token.range)))
        }
        return try WeightClause(weights)
    }

    // MARK: Receipts and routed messages

    private func receipt(in bytes: Span<UInt8>) throws(MessageError) -> ReceiptMessage {
        ReceiptMessage(
            event: EventSeal(
                aid: try identifier(3, "i", in: bytes), sn: try sequenceNumber(4, in: bytes),
                said: try identifier(2, "d", in: bytes)), bytes: [UInt8](copying: bytes), format: index.format)
    }

    private func reply(in bytes: Span<UInt8>) throws(MessageError) -> Reply {
        Reply(
            said: try identifier(2, "d", in: bytes), dated: try date(3, in: bytes), route: try text(4, "r", in: bytes),
            payload: try map(5, "a", in: bytes), bytes: [UInt8](copying: bytes), format: index.format)
    }

    private func query(in bytes: Span<UInt8>) throws(MessageError) -> Query {
        Query(
            said: try identifier(2, "d", in: bytes), dated: try date(3, in: bytes), route: try text(4, "r", in: bytes),
            replyRoute: try text(5, "rr", in: bytes), parameters: try map(6, "q", in: bytes),
            bytes: [UInt8](copying: bytes), format: index.format)
    }

    private func exchange(in bytes: Span<UInt8>) throws(MessageError) -> Exchange {
        let hasRecipient = values.count == 11
        let behind = hasRecipient ? 5 : 4
        return Exchange(
            said: try identifier(2, "d", in: bytes), sender: try identifier(3, "i", in: bytes),
            recipient: hasRecipient ? try optionalIdentifier(4, "rp", in: bytes) : nil,
            hasRecipientMember: hasRecipient, prior: try optionalIdentifier(behind, "p", in: bytes),
            dated: try date(behind + 1, in: bytes), route: try text(behind + 2, "r", in: bytes),
            modifiers: try map(behind + 3, "q", in: bytes), payload: try map(behind + 4, "a", in: bytes),
            embeds: try map(behind + 5, "e", in: bytes), bytes: [UInt8](copying: bytes), format: index.format)
    }

    // MARK: Transaction events

    private func registryEvent(_ kind: MessageKind, in bytes: Span<UInt8>) throws(MessageError) -> RegistryEvent {
        let said: SAID = try identifier(2, "d", in: bytes)
        let subject: SAID = try identifier(3, "i", in: bytes)
        let place: Int =
            switch kind {
            case .registryInception, .backedIssuance, .registryRotation: 5
            default: 4
            }
        let sn = try sequenceNumber(place, in: bytes)
        func event(
            prior: SAID? = nil, issuer: AID? = nil, registry: SAID? = nil, anchor: EventSeal? = nil,
            dated: Timestamp? = nil, traits: [String] = [], threshold: UInt32? = nil, added: [AID] = [],
            cut: [AID] = []
        ) -> RegistryEvent {
            RegistryEvent(
                kind: kind, said: said, subject: subject, sn: sn, prior: prior, issuer: issuer, registry: registry,
                registryAnchor: anchor, dated: dated, traits: traits, backerThreshold: threshold,
                backersAdded: added, backersCut: cut, bytes: [UInt8](copying: bytes), format: index.format)
        }
        switch kind {
        case .registryInception:
            guard index.tokens[values[9]].kind == .text, index.tokens[values[9]].byteCount > 0 else {
                throw bad("n", 9)
            }
            return event(
                issuer: try identifier(4, "ii", in: bytes), traits: try texts(6, "c", in: bytes),
                threshold: try count(7, "bt", in: bytes), added: try identifiers(8, "b", in: bytes))
        case .registryRotation:
            return event(
                prior: try identifier(4, "p", in: bytes), threshold: try count(6, "bt", in: bytes),
                added: try identifiers(8, "ba", in: bytes), cut: try identifiers(7, "br", in: bytes))
        case .issuance:
            return event(registry: try identifier(5, "ri", in: bytes), dated: try date(6, in: bytes))
        case .revocation:
            return event(
                prior: try identifier(6, "p", in: bytes), registry: try identifier(5, "ri", in: bytes),
                dated: try date(7, in: bytes))
        case .backedIssuance:
            return event(
                registry: try identifier(4, "ii", in: bytes), anchor: try eventSeal(6, "ra", in: bytes),
                dated: try date(7, in: bytes))
        default:
            return event(
                prior: try identifier(5, "p", in: bytes), anchor: try eventSeal(6, "ra", in: bytes),
                dated: try date(7, in: bytes))
        }
    }
}
