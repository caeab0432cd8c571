// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

// Reading the members that may be blocks, and the digests that tie everything together.

extension CredentialParser {
    /// Bytes that a nonce must have to blind anything.
    package static let nonceBytes = 16

    func readNonce(in bytes: Span<UInt8>) throws(CredentialError) -> (Primitive?, isMetadata: Bool) {
        guard let place = place(.nonce) else { return (nil, false) }
        let token = index.tokens[place]
        guard token.kind == .text, !token.hasEscapes else { throw bad(.nonce, place) }
        if token.byteCount == 0 { return (nil, true) }
        guard let nonce = try? Primitive(text: bytes.extracting(token.range)), nonce.span.count >= Self.nonceBytes
        else { throw bad(.nonce, place) }
        return (nonce, false)
    }

    func readRegistry(in bytes: Span<UInt8>) throws(CredentialError) -> SAID? {
        guard let place = place(.registry) else { return nil }
        let token = index.tokens[place]
        // A metadata credential may keep its registry back.
        if token.kind == .text, token.byteCount == 0 { return nil }
        return try identifier(at: place, in: .registry, of: bytes)
    }

    /// The schema is named by its SAID, or stands here itself; its digest is always over JSON (facts 4).
    mutating func readSchema(in bytes: Span<UInt8>) throws(CredentialError) -> (said: SAID, range: Range<Int>?) {
        let place = value(.schema)
        let token = index.tokens[place]
        guard token.kind == .map else { return (try identifier(at: place, in: .schema, of: bytes), nil) }
        guard let own = index.value(of: "$id", inMap: place, of: bytes) else { throw bad(.schema, place) }
        let said = try identifier(at: own, in: .schema, of: bytes) as SAID
        guard case .map(let map) = OrderedValue(index, at: place, in: bytes),
            SelfAddressing.isSealed(map, labels: ["$id"], format: .json)
        else { throw CredentialError(.forgedSAID, in: .schema, at: Int(token.start)) }
        try add(said, place, digest: own, in: .schema)
        return (said, token.range)
    }

    /// A section: its digest, a block, or, for edges and rules as keripy knows them, a list of blocks.
    mutating func readBlock(
        _ member: CredentialMember, mayBeList: Bool, in bytes: Span<UInt8>
    ) throws(CredentialError) -> CredentialSection? {
        guard let place = place(member) else { return nil }
        let token = index.tokens[place]
        switch token.kind {
        case .text: return .compact(try identifier(at: place, in: member, of: bytes))
        case .map:
            if let own = index.value(of: "d", inMap: place, of: bytes) {
                // A digest that does not come first, or is none, would look like one and not be checked.
                guard own == place + 2,
                    AddressedBlocks.digest(index, ofMap: place, in: bytes) != nil
                else {
                    throw bad(member, own)
                }
            }
            try collect(at: place, in: member, of: bytes)
            return .block(AddressedBlocks.digest(index, ofMap: place, in: bytes), token.range)
        case .list where mayBeList:
            for element in elements(of: place) {
                guard index.tokens[element].kind == .map else { throw bad(member, element) }
                // The digests of what is in a list are checked; it is folded up with nothing.
                try collect(at: element, in: member, of: bytes, parent: -1)
            }
            return .block(nil, token.range)
        default: throw bad(member, place)
        }
    }

    /// An aggregate: its digest (AGID), or the list that begins with it and goes on with blocks or their digests.
    mutating func readAggregate(in bytes: Span<UInt8>) throws(CredentialError) -> CredentialSection? {
        guard let place = place(.aggregate) else { return nil }
        let token = index.tokens[place]
        if token.kind == .text { return .compact(try identifier(at: place, in: .aggregate, of: bytes)) }
        guard token.kind == .list, token.count > 1 else { throw bad(.aggregate, place) }
        let said = try identifier(at: place + 1, in: .aggregate, of: bytes) as SAID
        let list = try add(said, place, digest: place + 1, in: .aggregate)
        for element in elements(of: place).dropFirst() {
            switch index.tokens[element].kind {
            case .text: _ = try identifier(at: element, in: .aggregate, of: bytes) as SAID
            case .map where AddressedBlocks.digest(index, ofMap: element, in: bytes) != nil:
                try collect(at: element, in: .aggregate, of: bytes, parent: list)
            default: throw bad(.aggregate, element)
            }
        }
        return .block(said, token.range)
    }

    /// Tokens of the elements of a list.
    func elements(of list: Int) -> [Int] {
        var elements: [Int] = []
        var position = list + 1
        for _ in 0..<index.tokens[list].count {
            elements.append(position)
            position = Int(index.tokens[position].next)
        }
        return elements
    }

    private mutating func collect(
        at place: Int, in member: CredentialMember, of bytes: Span<UInt8>, parent: Int = 0
    ) throws(CredentialError) {
        do throws(AddressedBlocks.Fault) {
            try found.collect(index, at: place, in: bytes, parent: parent)
        } catch { throw CredentialError(error.code, in: member, at: error.offset) }
    }

    @discardableResult
    private mutating func add(
        _ said: SAID, _ place: Int, digest: Int, in member: CredentialMember
    ) throws(CredentialError) -> Int {
        do throws(AddressedBlocks.Fault) {
            return try found.add(
                said, range: index.tokens[place].range, digest: index.tokens[digest].range, in: 0)
        } catch { throw CredentialError(error.code, in: member, at: error.offset) }
    }

    // MARK: Digests

    /// Checks the digest of the credential and those of all blocks.
    mutating func checkDigests(in bytes: Span<UInt8>) throws(CredentialError) -> CredentialAddressing {
        // The six digits of the size stand behind protocol, version and format.
        let size = Int(index.tokens[2].start) + 10
        let addressing: CredentialAddressing
        if found.isAddressedAsSerialized(0, in: bytes) {
            // Without a block to fold up, this is the most compact form too.
            addressing = found.blocks[0].hasInner ? .asSerialized : .mostCompact
        } else if found.blocks[0].hasInner,
            found.isAddressedMostCompact(0, in: bytes, format: index.format, size: size)
        {
            addressing = .mostCompact
        } else {
            throw CredentialError(.forgedSAID, in: .digest, at: found.blocks[0].digest.lowerBound)
        }
        for block in 1..<max(1, found.blocks.count) where !isSchema(block) {
            if found.isAddressedMostCompact(block, in: bytes, format: index.format) { continue }
            // keripy hashes a section with everything in it. What is addressed by its most compact form has to be so
            // down to the last block, else it could not be folded up without changing digests.
            guard addressing == .asSerialized,
                found.blocks[block].hasInner, !isAggregate(block),
                found.isAddressedAsSerialized(block, in: bytes)
            else {
                throw CredentialError(
                    .forgedSAID, in: member(at: found.blocks[block].range), at: found.blocks[block].range.lowerBound)
            }
        }
        return addressing
    }

    /// The digest of a schema has been checked over its JSON form.
    private func isSchema(_ block: Int) -> Bool {
        place(.schema).map { found.blocks[block].range == index.tokens[$0].range } ?? false
    }

    private func isAggregate(_ block: Int) -> Bool {
        place(.aggregate).map { found.blocks[block].range == index.tokens[$0].range } ?? false
    }

    private func member(at range: Range<Int>) -> CredentialMember? {
        let members: [CredentialMember] = [.schema, .attributes, .aggregate, .edges, .rules]
        return members.first { member in
            place(member).map { index.tokens[$0].range.contains(range.lowerBound) } ?? false
        }
    }

    // MARK: What the attributes tell

    /// Who the target is: `i` of the attributes or of a disclosed block of the aggregate.
    func readTarget(in bytes: Span<UInt8>) -> CredentialTarget {
        if let place = place(.attributes) {
            guard index.tokens[place].kind == .map else { return .undisclosed }
            return target(inMap: place, of: bytes) ?? .untargeted
        }
        guard let place = place(.aggregate) else { return .untargeted }
        guard index.tokens[place].kind == .list else { return .undisclosed }
        var isHidden = false
        for element in elements(of: place).dropFirst() {
            if index.tokens[element].kind == .text { isHidden = true }
            if let target = target(inMap: element, of: bytes) { return target }
        }
        return isHidden ? .undisclosed : .untargeted
    }

    private func target(inMap map: Int, of bytes: Span<UInt8>) -> CredentialTarget? {
        guard let place = index.value(of: "i", inMap: map, of: bytes) else { return nil }
        let token = index.tokens[place]
        guard token.kind == .text, !token.hasEscapes, let aid = AID(text: bytes.extracting(token.range)) else {
            return .other
        }
        return .issuee(aid)
    }

    func readDate(in bytes: Span<UInt8>) -> Timestamp? {
        guard let place = place(.attributes), let date = index.value(of: "dt", inMap: place, of: bytes) else {
            return nil
        }
        return Timestamp(index.string(of: index.tokens[date], in: bytes))
    }
}
