// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes
private import KelmarkCrypto

/// The parts of a scanned document that have a digest of their own, and the forms over which those digests are made
/// (facts 4, 14.5).
///
/// A map is such a block when its first member is `d` and holds a digest. Blocks inside lists are data, except the
/// elements of an aggregate. The working space is reused from document to document.
struct AddressedBlocks: Sendable {
    /// Blocks inside blocks; each level may be hashed twice.
    static let deepest = 16

    struct Block: Sendable {
        /// The digest that it names.
        var said: SAID
        /// All its bytes.
        var range: Range<Int>
        /// The text of its digest, without quotes or head.
        var digest: Range<Int>
        /// The innermost block around it; negative for the document and for blocks that are not folded up into another.
        var parent: Int
        /// Whether it can be folded up, itself or with what it is in.
        var isFoldable: Bool
        var depth: Int
        var hasInner: Bool
    }

    /// In document order, so that a block stands before those in it. The first is the document.
    private(set) var blocks: [Block] = []
    private var open: [Int] = []
    /// A form of a block, while it is hashed.
    private var form: [UInt8] = []

    /// Why blocks can't be told apart, and where.
    struct Fault: Error {
        let code: CredentialError.Code
        let offset: Int
    }

    /// Starts with a document or a list whose digest has been read.
    mutating func start(_ said: SAID, range: Range<Int>, digest: Range<Int>) {
        blocks.removeAll(keepingCapacity: true)
        blocks.append(
            Block(said: said, range: range, digest: digest, parent: -1, isFoldable: true, depth: 0, hasInner: false))
    }

    /// How many blocks can be folded up, besides the document.
    var foldable: Int { blocks.count { $0.isFoldable } - 1 }

    /// Adds a block inside the one at `parent`, which is negative when it is to be folded up into no other; returns its
    /// place.
    @discardableResult
    mutating func add(_ said: SAID, range: Range<Int>, digest: Range<Int>, in parent: Int) throws(Fault) -> Int {
        let depth = parent < 0 ? 1 : blocks[parent].depth + 1
        guard depth <= Self.deepest else { throw Fault(code: .tooDeep, offset: range.lowerBound) }
        var isFoldable = false
        if parent >= 0 {
            blocks[parent].hasInner = true
            isFoldable = blocks[parent].isFoldable
        }
        blocks.append(
            Block(
                said: said, range: range, digest: digest, parent: parent, isFoldable: isFoldable, depth: depth,
                hasInner: false))
        return blocks.count - 1
    }

    /// Adds the block at a token, if it is one, and all blocks in it.
    mutating func collect(
        _ index: DocumentIndex, at token: Int, in bytes: Span<UInt8>, parent: Int
    ) throws(Fault) {
        open.removeAll(keepingCapacity: true)
        open.append(parent)
        var position = token
        let end = Int(index.tokens[token].next)
        while position < end {
            let value = index.tokens[position]
            switch value.kind {
            case .list: position = Int(value.next)
            case .map:
                while let last = open.last, open.count > 1, blocks[last].range.upperBound <= Int(value.start) {
                    open.removeLast()
                }
                // Folded up, the first member would look like the digest of the map around it.
                guard !Self.hidesDigest(index, ofMap: position, in: bytes) else {
                    throw Fault(code: .badValue, offset: Int(value.start))
                }
                if let said = Self.digest(index, ofMap: position, in: bytes), let last = open.last {
                    open.append(
                        try add(said, range: value.range, digest: index.tokens[position + 2].range, in: last))
                }
                position += 1
            default: position += 1
            }
        }
    }

    /// The digest that the first member of a map holds, nil unless that is `d`.
    static func digest(_ index: DocumentIndex, ofMap map: Int, in bytes: Span<UInt8>) -> SAID? {
        guard index.tokens[map].kind == .map, index.tokens[map].count > 0,
            index.text(index.tokens[map + 1], equals: "d", in: bytes)
        else { return nil }
        let value = index.tokens[map + 2]
        guard value.kind == .text, !value.hasEscapes else { return nil }
        return SAID(text: bytes.extracting(value.range))
    }

    /// Whether the first member of a map is `d` and holds a map.
    private static func hidesDigest(_ index: DocumentIndex, ofMap map: Int, in bytes: Span<UInt8>) -> Bool {
        index.tokens[map].count > 0 && index.tokens[map + 2].kind == .map
            && index.text(index.tokens[map + 1], equals: "d", in: bytes)
    }

    /// Whether a digest is that of the block as it stands.
    mutating func isAddressedAsSerialized(_ block: Int, in bytes: Span<UInt8>) -> Bool {
        form.removeAll(keepingCapacity: true)
        append(bytes, blocks[block].range)
        dummy(blocks[block].digest.lowerBound - blocks[block].range.lowerBound, count: blocks[block].digest.count)
        return isFormNamed(blocks[block].said)
    }

    /// Whether a digest is that of the block with every block in it replaced by its digest. `size` is where the six
    /// digits of the size stand, for a document that tells its own.
    mutating func isAddressedMostCompact(
        _ block: Int, in bytes: Span<UInt8>, format: DocumentFormat, size: Int? = nil
    ) -> Bool {
        form.removeAll(keepingCapacity: true)
        let outer = blocks[block]
        var position = outer.range.lowerBound
        var inner = block + 1
        while inner < blocks.count, blocks[inner].range.lowerBound < outer.range.upperBound {
            let part = blocks[inner]
            if part.parent == block {
                append(bytes, position..<part.range.lowerBound)
                appendText(part.digest, of: bytes, as: format)
                position = part.range.upperBound
            }
            inner += 1
        }
        append(bytes, position..<outer.range.upperBound)
        // The digest, and the size of a document, stand before every block inside.
        dummy(outer.digest.lowerBound - outer.range.lowerBound, count: outer.digest.count)
        if let size {
            var rest = form.count
            for place in (size..<(size + 6)).reversed() {
                form[place] = Self.hexDigits[rest & 15]
                rest >>= 4
            }
        }
        return isFormNamed(outer.said)
    }

    private static let hexDigits: [UInt8] = Array("0123456789abcdef".utf8)

    private mutating func append(_ bytes: Span<UInt8>, _ range: Range<Int>) {
        bytes.extracting(range).withUnsafeBufferPointer { form.append(contentsOf: $0) }
    }

    /// Writes a digest as text of the format.
    private mutating func appendText(_ range: Range<Int>, of bytes: Span<UInt8>, as format: DocumentFormat) {
        switch format {
        case .json: form.append(UInt8(ascii: "\""))
        case .cbor: form.append(contentsOf: [0x78, UInt8(truncatingIfNeeded: range.count)])
        case .messagePack: form.append(contentsOf: [0xd9, UInt8(truncatingIfNeeded: range.count)])
        }
        append(bytes, range)
        if format == .json { form.append(UInt8(ascii: "\"")) }
    }

    private mutating func dummy(_ start: Int, count: Int) {
        for place in start..<(start + count) { form[place] = UInt8(ascii: "#") }
    }

    private func isFormNamed(_ said: SAID) -> Bool {
        guard let algorithm = said.primitive.code.digestAlgorithm else { return false }
        return algorithm.matches(said.primitive.span, form.span)
    }
}
