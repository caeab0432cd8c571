// SPDX-License-Identifier: Apache-2.0

package import KelmarkBytes

extension DocumentIndex {
    /// The seal whose map is the token at `position`, recognised by the exact names and order of its members
    /// (facts 5.5); nil for any other data.
    func seal(at position: Int, in bytes: Span<UInt8>) -> Seal? {
        let map = tokens[position]
        guard map.kind == .map, (1...3).contains(map.count) else { return nil }
        // All members of a seal are texts, so behind the map's token labels and values alternate without gaps.
        for place in 1...Int(map.count) {
            let value = tokens[position + 2 * place]
            guard value.kind == .text, !value.hasEscapes else { return nil }
        }
        func names(_ expected: StaticString...) -> Bool {
            guard map.count == expected.count else { return false }
            for place in 0..<expected.count {
                guard text(tokens[position + 1 + 2 * place], equals: expected[place], in: bytes) else { return false }
            }
            return true
        }
        func identifier<ID: QualifiedIdentifier>(_ place: Int) -> ID? {
            ID(text: bytes.extracting(tokens[position + 2 * place].range))
        }
        func number(_ place: Int) -> SequenceNumber? {
            SequenceNumber(hex: bytes.extracting(tokens[position + 2 * place].range))
        }
        if names("i", "s", "d") {
            guard let aid: AID = identifier(1), let sn = number(2), let said: SAID = identifier(3) else { return nil }
            return .event(EventSeal(aid: aid, sn: sn, said: said))
        }
        if names("s", "d") {
            guard let sn = number(1), let said: SAID = identifier(2) else { return nil }
            return .establishment(sn, said)
        }
        if names("bi", "d") {
            guard let aid: AID = identifier(1), let said: SAID = identifier(2) else { return nil }
            return .backer(aid, said)
        }
        if names("d") { return identifier(1).map(Seal.digest) }
        if names("rd") { return identifier(1).map(Seal.root) }
        if names("i") { return identifier(1).map(Seal.last) }
        return nil
    }
}

extension KeyEvent {
    /// The seals in `a`, in order; nil for each member that is other data.
    public var seals: [Seal?] { EventRecord.seals(in: bytes.span, format: format) }
}

extension EventRecord {
    /// The seals in `a`, in order; nil for each member that is other data.
    public var seals: [Seal?] { Self.seals(in: bytes.span, format: format) }

    static func seals(in bytes: Span<UInt8>, format: DocumentFormat) -> [Seal?] {
        guard let index = try? DocumentIndex(bytes, format: format),
            let list = index.value(of: "a", inMap: 0, of: bytes), index.tokens[list].kind == .list
        else { return [] }
        var seals: [Seal?] = []
        var position = list + 1
        for _ in 0..<index.tokens[list].count {
            seals.append(index.seal(at: position, in: bytes))
            position = Int(index.tokens[position].next)
        }
        return seals
    }

    /// The digests of the events that this one seals, each once: what stores index.
    public var sealedEvents: [SAID] { Self.sealedEvents(in: bytes.span, format: format) }

    /// The digests of the events that the event with this body seals, each once.
    package static func sealedEvents(in bytes: Span<UInt8>, format: DocumentFormat) -> [SAID] {
        var known: Set<SAID> = []
        return seals(in: bytes, format: format).compactMap { seal in
            guard case .event(let sealed)? = seal, known.insert(sealed.said).inserted else { return nil }
            return sealed.said
        }
    }

    /// Whether the event seals another event, and if so at which place of `a`.
    public func place(of seal: EventSeal) -> Int? {
        seals.firstIndex { $0 == .event(seal) }
    }
}
