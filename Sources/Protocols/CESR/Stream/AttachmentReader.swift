// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Reads the groups behind a body, element by element, so that it can stop wherever the input ends and go on later
/// (facts 20).
///
/// Nesting is kept on an explicit, bounded stack. A group whose counter tells its size is taken only when all of it is
/// there; a fault inside is then a fault of that group alone, and reading can go on behind it.
struct AttachmentReader {
    /// What a call to ``read(_:)`` came to.
    enum Progress {
        /// What follows is not an attachment, or no attachment may follow.
        case complete
        /// The input ends between two groups; whether the message is complete depends on what comes.
        case atBoundary
        /// The input ends inside a group; at least so many bytes are missing.
        case needMore(Int)
    }

    /// A fault, and where reading can go on when the group at fault has a known end.
    struct Failure: Error {
        let error: CESRError
        let groupEnd: Int?
    }

    /// A group of which elements are due.
    struct OpenGroup {
        let kind: GroupKind
        let domain: Domain
        /// Elements that are due; `Int.max` when the size is known instead.
        var remaining: Int
        /// Offset of the group's end; `Int.max` when the number of elements is known instead.
        var end: Int
        /// Whether what it holds is checked but not kept.
        let isDropped: Bool
        /// Whether the root path is due (`-K`).
        var needsPath: Bool
    }

    /// A group of known size whose content is awaited.
    private struct SizedGroup {
        let kind: GroupKind
        let domain: Domain
        let count: Int
    }

    /// What has been read so far.
    private(set) var attachments = Attachments()
    private var open: [OpenGroup] = []
    private var awaited: SizedGroup?
    private var isFirstGroup = true
    private var isWrapped = false
    private var start = 0
    private var table = CodeTable.version1
    private let structureOnly: Bool
    private let limits: Limits

    init(structureOnly: Bool, limits: Limits) {
        self.structureOnly = structureOnly
        self.limits = limits
    }

    /// Starts over for the attachments that begin at offset `start` behind a body whose version asks for `table`.
    mutating func begin(at start: Int, table: CodeTable) {
        attachments = Attachments()
        open.removeAll(keepingCapacity: true)
        awaited = nil
        isFirstGroup = true
        isWrapped = false
        self.start = start
        self.table = table
    }

    /// Hands out what has been read.
    mutating func take() -> Attachments {
        let result = attachments
        attachments = Attachments()
        return result
    }

    /// Reads as far as the input goes. The cursor is moved behind each counter and element as soon as it is complete.
    @_lifetime(cursor: copy cursor)
    mutating func read(_ cursor: inout ByteCursor) throws(Failure) -> Progress {
        do throws(CESRError) {
            while true {
                if let sized = awaited {
                    let missing = sized.count - cursor.remaining
                    if missing > 0 { return .needMore(missing) }
                    try readSized(sized, &cursor)
                } else if !open.isEmpty {
                    try readElement(&cursor)
                } else {
                    guard !isWrapped else { return .complete }
                    guard let byte = cursor.next else { return .atBoundary }
                    guard let domain = ColdStart(byte).counterDomain else { return .complete }
                    if try startsMessage(cursor, domain) { return .complete }
                    try readCounter(&cursor, domain)
                }
                guard cursor.offset - start <= limits.attachmentBytes else {
                    throw CESRError(.tooLarge, offset: cursor.offset)
                }
            }
        } catch {
            if let missing = error.missing, awaited == nil {
                let needed = cursor.offset + cursor.remaining + missing - start
                guard needed <= limits.attachmentBytes else {
                    throw Failure(error: CESRError(.tooLarge, offset: cursor.offset), groupEnd: nil)
                }
                return .needMore(missing)
            }
            let groupEnd = awaited.map { cursor.offset + $0.count }
            throw Failure(error: error, groupEnd: groupEnd)
        }
    }

    /// Reads one whole group and moves behind it.
    @_lifetime(cursor: copy cursor)
    mutating func readGroup(_ cursor: inout ByteCursor) throws(CESRError) {
        guard let byte = cursor.next, let domain = ColdStart(byte).counterDomain else {
            throw CESRError(.notACounter, offset: cursor.offset)
        }
        isFirstGroup = true
        try readCounter(&cursor, domain)
        if let sized = awaited {
            let missing = sized.count - cursor.remaining
            guard missing <= 0 else { throw CESRError(.truncated(missing: missing), offset: cursor.offset) }
            try readSized(sized, &cursor)
        }
        while !open.isEmpty { try readElement(&cursor) }
        isWrapped = false
    }

    // MARK: Groups

    /// Whether the counter at the cursor is not an attachment's but the start of what comes next: a genus and version
    /// counter, or a native body behind a message of version 2.
    private func startsMessage(_ cursor: borrowing ByteCursor, _ domain: Domain) throws(CESRError) -> Bool {
        let isGenus = domain == .text ? cursor.peek(1) == UInt8(ascii: "_") : cursor.peek(0) == 0xfb
        guard table == .version2 || isGenus else { return false }
        let (counter, _) = try Counter.decode(
            cursor.bytes.extracting(last: cursor.remaining), offset: cursor.offset, domain: domain, table: table)
        switch counter.code.kind {
        case .genusVersion: return counter.code.form == .genus
        case .fixedBody, .mapBody: return true
        default: return false
        }
    }

    @_lifetime(cursor: copy cursor)
    private mutating func readCounter(_ cursor: inout ByteCursor, _ domain: Domain) throws(CESRError) {
        let offset = cursor.offset
        let counter = try Counter(from: &cursor, domain: domain, table: table)
        if let count = counter.contentCount(in: domain) {
            switch counter.code.kind {
            case .attachments:
                guard isFirstGroup else { throw CESRError(.misplacedCode, offset: offset) }
            case .pathedMaterial: break
            default:
                guard table == .version2, isElementKind(counter.code.kind) else {
                    throw CESRError(.misplacedCode, offset: offset)
                }
            }
            guard count <= limits.attachmentBytes else { throw CESRError(.tooLarge, offset: offset) }
            awaited = SizedGroup(kind: counter.code.kind, domain: domain, count: count)
        } else {
            try push(counter, domain, isDropped: structureOnly, at: offset, end: .max)
        }
        isFirstGroup = false
    }

    /// Reads the content of a group of known size, all of which is there.
    @_lifetime(cursor: copy cursor)
    private mutating func readSized(_ sized: SizedGroup, _ cursor: inout ByteCursor) throws(CESRError) {
        let offset = cursor.offset
        var content = ByteCursor(
            cursor.bytes.extracting(
                (cursor.bytes.count - cursor.remaining)..<(cursor.bytes.count - cursor.remaining + sized.count)),
            base: offset)
        switch sized.kind {
        case .attachments:
            guard !structureOnly else { break }
            try readWrapped(&content, sized.domain)
            isWrapped = true
        case .pathedMaterial:
            keepPathed(content, sized.domain)
        default:
            open.append(
                OpenGroup(
                    kind: sized.kind, domain: sized.domain, remaining: .max, end: offset + sized.count,
                    isDropped: structureOnly, needsPath: false))
            closeFinished(at: offset)
            while !open.isEmpty { try readElement(&content) }
        }
        if sized.kind == .attachments { isWrapped = true }
        awaited = nil
        do { try cursor.skip(sized.count) } catch {
            throw CESRError(.truncated(missing: error.needed), offset: offset)
        }
    }

    /// Reads the groups inside a wrapper.
    @_lifetime(content: copy content)
    private mutating func readWrapped(_ content: inout ByteCursor, _ domain: Domain) throws(CESRError) {
        while !content.isAtEnd || !open.isEmpty {
            if !open.isEmpty {
                try readElement(&content)
                continue
            }
            let offset = content.offset
            let counter = try Counter(from: &content, domain: domain, table: table)
            guard let count = counter.contentCount(in: domain) else {
                try push(counter, domain, isDropped: structureOnly, at: offset, end: .max)
                continue
            }
            guard count <= content.remaining else {
                throw CESRError(.truncated(missing: count - content.remaining), offset: content.offset)
            }
            if counter.code.kind == .pathedMaterial {
                let inner: ByteCursor
                do { inner = try content.sub(count) } catch { throw CESRError(.outOfRange, offset: offset) }
                keepPathed(inner, domain)
            } else {
                try push(counter, domain, isDropped: structureOnly, at: offset, end: content.offset + count)
            }
        }
    }

    private mutating func keepPathed(_ content: borrowing ByteCursor, _ domain: Domain) {
        guard !structureOnly else { return }
        let view = content.bytes
        attachments.pathedGroups.append(
            PathedGroup(
                domain: domain,
                content: unsafe view.withUnsafeBufferPointer { unsafe Array($0) }))
    }

    /// Opens a group behind its counter.
    private mutating func push(
        _ counter: Counter, _ domain: Domain, isDropped: Bool, at offset: Int, end: Int
    ) throws(CESRError) {
        guard isElementKind(counter.code.kind) else { throw CESRError(.misplacedCode, offset: offset) }
        guard open.count < limits.groupDepth else { throw CESRError(.tooDeep, offset: offset) }
        guard counter.count <= limits.groupElements || end != .max else {
            throw CESRError(.tooLarge, offset: offset)
        }
        let isLegacy = counter.code.kind == .pathedSignature || counter.code.kind == .pathedSignatureGroup
        open.append(
            OpenGroup(
                kind: counter.code.kind, domain: domain, remaining: end == .max ? counter.count : .max, end: end,
                isDropped: isDropped || isLegacy, needsPath: counter.code.kind == .pathedSignatureGroup))
        closeFinished(at: end == .max ? offset : end - counter.count * domain.unit)
    }

    /// Kinds that consist of elements and may stand behind a body.
    private func isElementKind(_ kind: GroupKind) -> Bool {
        switch kind {
        case .controllerSignatures, .witnessSignatures, .nonTransferableReceipts, .transferableReceipts,
            .firstSeenCouples, .transferableGroups, .sealSourceCouples, .lastEstablishmentGroups, .sealSourceTriples:
            true
        case .pathedSignature, .pathedSignatureGroup: table == .version1
        default: false
        }
    }

    /// Closes every group that is complete, innermost first; a closed group completes an element of its parent.
    private mutating func closeFinished(at offset: Int) {
        while let top = open.last, !top.needsPath, top.remaining == 0 || top.end == offset {
            open.removeLast()
            if let parent = open.indices.last, open[parent].remaining != .max { open[parent].remaining -= 1 }
        }
    }

    // MARK: Elements

    /// Reads what the innermost open group has next, and closes what that completes.
    @_lifetime(cursor: copy cursor)
    private mutating func readElement(_ cursor: inout ByteCursor) throws(CESRError) {
        guard let top = open.indices.last else { return }
        let group = open[top]
        switch group.kind {
        case .controllerSignatures, .witnessSignatures:
            try readSignatures(group, &cursor)
            return
        case .pathedSignature, .pathedSignatureGroup:
            try readPathed(group, top, &cursor)
            return
        case .transferableGroups, .lastEstablishmentGroups:
            try readSignerGroup(group, &cursor)
            return
        case .transferableReceipts where table == .version2:
            try readSignerGroup(group, &cursor)
            return
        default: break
        }
        var element = ElementReader(cursor, group.domain, table)
        switch group.kind {
        case .nonTransferableReceipts:
            if group.isDropped {
                try element.skipPrimitives(2)
            } else {
                let key = try element.primitive { $0.isVerificationKey }
                let signature = try element.primitive { $0.isSignature }
                attachments.nonTransferableReceipts.append(NonTransferableReceipt(key: key, signature: signature))
            }
        case .transferableReceipts:
            if group.isDropped {
                try element.skipPrimitives(3)
                try element.skipSignature()
            } else {
                let prefix = try element.primitive { $0.isDerivablePrefix }
                let sn = try element.ordinal()
                let said = try element.primitive { $0.isDigest }
                attachments.transferableReceipts.append(
                    TransferableReceipt(prefix: prefix, sn: sn, said: said, signature: try element.signature()))
            }
        case .firstSeenCouples:
            if group.isDropped {
                try element.skipPrimitives(2)
            } else {
                let ordinal = try element.ordinal()
                attachments.firstSeenCouples.append(
                    FirstSeenCouple(ordinal: ordinal, dateTime: try element.dateTime()))
            }
        case .sealSourceCouples:
            if group.isDropped {
                try element.skipPrimitives(2)
            } else {
                let sn = try element.ordinal()
                attachments.sealSourceCouples.append(
                    SealSourceCouple(sn: sn, said: try element.primitive { $0.isDigest }))
            }
        default:
            if group.isDropped {
                try element.skipPrimitives(3)
            } else {
                let prefix = try element.primitive { $0.isPrefix }
                let sn = try element.ordinal()
                attachments.sealSourceTriples.append(
                    SealSourceTriple(prefix: prefix, sn: sn, said: try element.primitive { $0.isDigest }))
            }
        }
        try finishElement(element.consumed, group, &cursor)
    }

    /// Moves behind an element and counts it.
    @_lifetime(cursor: copy cursor)
    private mutating func finishElement(
        _ count: Int, _ group: OpenGroup, _ cursor: inout ByteCursor
    ) throws(CESRError) {
        do { try cursor.skip(count) } catch {
            throw CESRError(.truncated(missing: error.needed), offset: cursor.offset)
        }
        guard cursor.offset <= group.end else { throw CESRError(.outOfRange, offset: cursor.offset) }
        if group.remaining != .max { open[open.count - 1].remaining -= 1 }
        closeFinished(at: cursor.offset)
    }

    /// Reads indexed signatures until the group is complete or the input ends.
    @_lifetime(cursor: copy cursor)
    private mutating func readSignatures(_ group: OpenGroup, _ cursor: inout ByteCursor) throws(CESRError) {
        let top = open.count - 1
        while open[top].remaining > 0, cursor.offset < group.end {
            let bytes = cursor.bytes.extracting(last: cursor.remaining)
            let length: Int
            if group.isDropped {
                length = try IndexedSignature.head(
                    CodeReader(bytes, offset: cursor.offset, domain: group.domain), count: bytes.count,
                    offset: cursor.offset, domain: group.domain
                ).1
            } else {
                let signature: IndexedSignature
                (signature, length) = try IndexedSignature.decode(
                    bytes, offset: cursor.offset, domain: group.domain)
                keep(signature, of: group.kind, parent: top > 0 ? open[top - 1].kind : nil)
            }
            do { try cursor.skip(length) } catch {
                throw CESRError(.truncated(missing: error.needed), offset: cursor.offset)
            }
            guard cursor.offset <= group.end else { throw CESRError(.outOfRange, offset: cursor.offset) }
            if open[top].remaining != .max { open[top].remaining -= 1 }
        }
        closeFinished(at: cursor.offset)
    }

    private mutating func keep(_ signature: IndexedSignature, of kind: GroupKind, parent: GroupKind?) {
        switch parent {
        case .transferableGroups:
            attachments.transferableGroups[attachments.transferableGroups.count - 1].signatures.append(signature)
        case .lastEstablishmentGroups:
            attachments.lastEstablishmentGroups[attachments.lastEstablishmentGroups.count - 1].signatures
                .append(signature)
        case .transferableReceipts:
            guard let signer else { return }
            attachments.transferableReceipts.append(
                TransferableReceipt(prefix: signer.prefix, sn: signer.sn, said: signer.said, signature: signature))
        default:
            if kind == .controllerSignatures {
                attachments.controllerSignatures.append(signature)
            } else {
                attachments.witnessSignatures.append(signature)
            }
        }
    }

    /// The signer that version 2 receipts name once for several signatures.
    private var signer: SealSourceTriple?

    /// Reads the signer of a group of signatures and opens the signatures behind it.
    @_lifetime(cursor: copy cursor)
    private mutating func readSignerGroup(_ group: OpenGroup, _ cursor: inout ByteCursor) throws(CESRError) {
        var element = ElementReader(cursor, group.domain, table)
        let isNamed = group.kind != .lastEstablishmentGroups
        if group.isDropped {
            try element.skipPrimitives(isNamed ? 3 : 1)
            try openSignatures(group, &element, &cursor)
            return
        }
        let prefix = try element.primitive { $0.isDerivablePrefix }
        guard isNamed else {
            try openSignatures(group, &element, &cursor, before: .lastEstablishment(prefix))
            return
        }
        let sn = try element.ordinal()
        let said = try element.primitive { $0.isDigest }
        try openSignatures(
            group, &element, &cursor, before: .named(SealSourceTriple(prefix: prefix, sn: sn, said: said)))
    }

    /// Who made the signatures that follow.
    private enum Signer {
        case lastEstablishment(Primitive)
        case named(SealSourceTriple)
    }

    /// Reads the counter of the signatures behind their signer.
    @_lifetime(element: copy element)
    @_lifetime(cursor: copy cursor)
    private mutating func openSignatures(
        _ group: OpenGroup, _ element: inout ElementReader, _ cursor: inout ByteCursor, before signer: Signer? = nil
    ) throws(CESRError) {
        let (counter, offset) = try element.counter()
        guard counter.code.kind == .controllerSignatures else { throw CESRError(.misplacedCode, offset: offset) }
        let consumed = element.consumed
        do { try cursor.skip(consumed) } catch { throw CESRError(.truncated(missing: error.needed), offset: offset) }
        switch signer {
        case .lastEstablishment(let prefix):
            attachments.lastEstablishmentGroups.append(LastEstablishmentGroup(prefix: prefix, signatures: []))
        case .named(let triple) where group.kind == .transferableReceipts: self.signer = triple
        case .named(let triple):
            attachments.transferableGroups.append(
                TransferableSignatureGroup(prefix: triple.prefix, sn: triple.sn, said: triple.said, signatures: []))
        case nil: break
        }
        try pushNested(counter, group, at: offset, behind: cursor.offset)
    }

    /// Opens a group that is an element of `parent`.
    private mutating func pushNested(
        _ counter: Counter, _ parent: OpenGroup, at offset: Int, behind: Int
    ) throws(CESRError) {
        var end = Int.max
        if let count = counter.contentCount(in: parent.domain) {
            end = behind + count
            guard end <= parent.end else { throw CESRError(.outOfRange, offset: offset) }
        }
        try push(counter, parent.domain, isDropped: parent.isDropped, at: offset, end: end)
        closeFinished(at: behind)
    }

    /// Reads a path and the group behind it (`-J`), or the root path and the next `-J` (`-K`).
    @_lifetime(cursor: copy cursor)
    private mutating func readPathed(_ group: OpenGroup, _ top: Int, _ cursor: inout ByteCursor) throws(CESRError) {
        var element = ElementReader(cursor, group.domain, table)
        let offset = cursor.offset
        if group.needsPath || group.kind == .pathedSignature { _ = try element.primitive { $0.isBase64Text } }
        if group.needsPath {
            try finishPath(element.consumed, top, &cursor)
            return
        }
        let (counter, counterOffset) = try element.counter()
        switch (group.kind, counter.code.kind) {
        case (.pathedSignatureGroup, .pathedSignature), (.pathedSignature, .transferableGroups),
            (.pathedSignature, .nonTransferableReceipts):
            break
        default: throw CESRError(.misplacedCode, offset: counterOffset)
        }
        do { try cursor.skip(element.consumed) } catch {
            throw CESRError(.truncated(missing: error.needed), offset: offset)
        }
        try pushNested(counter, group, at: counterOffset, behind: cursor.offset)
    }

    @_lifetime(cursor: copy cursor)
    private mutating func finishPath(_ count: Int, _ top: Int, _ cursor: inout ByteCursor) throws(CESRError) {
        do { try cursor.skip(count) } catch {
            throw CESRError(.truncated(missing: error.needed), offset: cursor.offset)
        }
        open[top].needsPath = false
        closeFinished(at: cursor.offset)
    }
}
