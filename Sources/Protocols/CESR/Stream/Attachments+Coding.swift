// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

extension Attachments {
    /// Reads groups that fill `bytes`, as an HTTP header carries them.
    /// - Throws: ``CESRError`` for anything but whole groups, one `-V` wrapper at most and nothing behind it.
    public init(
        _ bytes: Span<UInt8>, table: CodeTable = .version1, limits: Limits = .standard
    ) throws(CESRError) {
        var reader = AttachmentReader(structureOnly: false, limits: limits)
        reader.begin(at: 0, table: table)
        var cursor = ByteCursor(bytes)
        let progress: AttachmentReader.Progress
        do throws(AttachmentReader.Failure) { progress = try reader.read(&cursor) } catch { throw error.error }
        if case .needMore(let missing) = progress {
            throw CESRError(.truncated(missing: missing), offset: bytes.count)
        }
        guard cursor.isAtEnd else { throw CESRError(.trailingBytes(cursor.remaining), offset: cursor.offset) }
        self = reader.take()
    }

    /// The groups, empty ones left out, in the order in which KERIpy emits them (facts 6): `-A -B -G -D -C -E`, then
    /// `-F -H -I -L`. Each signer, and each path, has a group of its own.
    public var groups: [AttachmentGroup] {
        var groups: [AttachmentGroup] = []
        if !controllerSignatures.isEmpty { groups.append(.controllerSignatures(controllerSignatures)) }
        if !witnessSignatures.isEmpty { groups.append(.witnessSignatures(witnessSignatures)) }
        if !sealSourceCouples.isEmpty { groups.append(.sealSourceCouples(sealSourceCouples)) }
        if !transferableReceipts.isEmpty { groups.append(.transferableReceipts(transferableReceipts)) }
        if !nonTransferableReceipts.isEmpty { groups.append(.nonTransferableReceipts(nonTransferableReceipts)) }
        if !firstSeenCouples.isEmpty { groups.append(.firstSeenCouples(firstSeenCouples)) }
        groups += transferableGroups.map { .transferableGroups([$0]) }
        groups += lastEstablishmentGroups.map { .lastEstablishmentGroups([$0]) }
        if !sealSourceTriples.isEmpty { groups.append(.sealSourceTriples(sealSourceTriples)) }
        groups += pathedGroups.map { .pathed($0) }
        return groups
    }

    /// All groups in `domain`.
    ///
    /// `isWrapped` says whether a `-V` wrapper is put around them, so that a stream's receiver need not wait for
    /// what follows. Without any group nothing is written.
    /// - Throws: ``CESRError`` when there are more elements or bytes than a counter can tell.
    public func encoded(
        in domain: Domain = .text, isWrapped: Bool = false, table: CodeTable = .version1
    ) throws(CESRError) -> [UInt8] {
        var result: [UInt8] = []
        for group in groups { try group.encode(in: domain, table: table, into: &result) }
        return isWrapped && !result.isEmpty ? try AttachmentGroup.wrapped(result, in: domain, table: table) : result
    }
}
