// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes
private import KelmarkCrypto

/// A list of attribute blocks that can be disclosed one by one (`A`, facts 14.5). Its digest (AGID) is made over the
/// digests of the blocks, so that whoever sees some blocks and the digests of the others can prove that they belong
/// together, and learns nothing of the others.
public struct AttributeAggregate: Hashable, Sendable {
    /// Why a list is no aggregate.
    public enum Fault: String, Error, Hashable, Sendable, CaseIterable {
        /// It is no list of a digest and of blocks or digests.
        case malformed = "aggregate-malformed"
        /// The digest of the list or of a block is wrong.
        case forged = "aggregate-forged"
        /// A number that no block has.
        case noSuchBlock = "aggregate-no-such-block"
    }

    /// A block of the list.
    public enum Block: Hashable, Sendable {
        /// Only its digest is shown.
        case hidden(SAID)
        /// All of it.
        case shown(OrderedMap)
    }

    /// The digest of the list (AGID).
    public let said: SAID
    /// The blocks, in order.
    public let blocks: [Block]
    /// How the credential is serialised; the digests depend on it.
    public let format: DocumentFormat

    /// Makes an aggregate.
    ///
    /// - Parameters:
    ///   - members: what each block tells, without `d` and `u`.
    ///   - nonces: one for each block, 16 random bytes or more; without, anybody could guess what a hidden block says.
    ///   - code: the code of the digests.
    ///   - format: how the credential is serialised.
    /// - Throws: `malformed` unless there is a block and a nonce of the right size for each; and when the format can't
    ///   hold a value.
    public init(
        _ members: [OrderedMap], nonces: [Primitive], code: PrimitiveCode = .blake3_256, format: DocumentFormat = .json
    ) throws(Fault) {
        guard !members.isEmpty, members.count == nonces.count else { throw .malformed }
        var list: [OrderedValue] = [""]
        for (members, nonce) in zip(members, nonces) {
            guard nonce.span.count >= CredentialParser.nonceBytes else { throw .malformed }
            var block: OrderedMap = ["d": "", "u": .text(nonce.text)]
            for member in members.members {
                guard block.append(member.value, for: member.label) else { throw .malformed }
            }
            do throws(DocumentEncodingError) {
                try BlockAddressing.seal(&block, addressing: .mostCompact, code: code, format: format)
            } catch { throw .malformed }
            list.append(.map(block))
        }
        guard let algorithm = code.digestAlgorithm,
            let bytes = Self.hashed(list.dropFirst().map(Self.digestText), width: code.textWidth, format: format),
            let digest = try? Primitive(code: code, raw: algorithm.digest(bytes.span)), let said = SAID(digest)
        else { throw .malformed }
        list[0] = .text(said.text)
        try self.init(.list(list), format: format)
    }

    /// Reads a list and checks its digest and those of the blocks that it shows.
    /// - Throws: ``Fault``.
    public init(_ value: OrderedValue, format: DocumentFormat) throws(Fault) {
        guard case .list(let list) = value, list.count > 1, case .text(let text) = list[0], let said = SAID(text) else {
            throw .malformed
        }
        var blocks: [Block] = []
        var digests: [String] = []
        for element in list.dropFirst() {
            switch element {
            case .text(let text):
                guard let digest = SAID(text) else { throw .malformed }
                blocks.append(.hidden(digest))
                digests.append(text)
            case .map(let map):
                guard let digest = BlockAddressing.said(of: map) else { throw .malformed }
                guard BlockAddressing.isSealed(map, format: format) else { throw .forged }
                blocks.append(.shown(map))
                digests.append(digest.text)
            default: throw .malformed
            }
        }
        guard let algorithm = said.primitive.code.digestAlgorithm,
            let bytes = Self.hashed(digests, width: text.utf8.count, format: format),
            algorithm.matches(said.primitive.span, bytes.span)
        else { throw .forged }
        self.said = said
        self.blocks = blocks
        self.format = format
    }

    /// The list as it stands in a credential.
    public var value: OrderedValue {
        .list(
            [.text(said.text)]
                + blocks.map {
                    switch $0 {
                    case .hidden(let said): .text(said.text)
                    case .shown(let map): .map(map)
                    }
                })
    }

    /// A copy that shows only some blocks, by their numbers from 1; the digests of the others stay.
    /// - Throws: `noSuchBlock` for a number that no block has, or that this copy does not show itself.
    public func disclosing(_ numbers: Set<Int>) throws(Fault) -> AttributeAggregate {
        var copy = blocks
        for number in numbers {
            guard blocks.indices.contains(number - 1), case .shown = blocks[number - 1] else { throw .noSuchBlock }
        }
        for place in copy.indices where !numbers.contains(place + 1) {
            if case .shown(let map) = copy[place], let digest = BlockAddressing.said(of: map) {
                copy[place] = .hidden(digest)
            }
        }
        return AttributeAggregate(said: said, blocks: copy, format: format)
    }

    private init(said: SAID, blocks: [Block], format: DocumentFormat) {
        self.said = said
        self.blocks = blocks
        self.format = format
    }

    /// The list over which the digest is made.
    private static func hashed(_ digests: [String], width: Int, format: DocumentFormat) -> [UInt8]? {
        let list = [OrderedValue.text(String(repeating: "#", count: width))] + digests.map { .text($0) }
        return try? OrderedValue.list(list).encoded(as: format)
    }

    private static func digestText(_ value: OrderedValue) -> String {
        value["d"]?.textValue ?? ""
    }
}

extension PrimitiveCode {
    /// Characters of the text form of a digest with this code.
    var textWidth: Int { digestAlgorithm.map { $0.byteCount == 64 ? 88 : 44 } ?? 44 }
}
