// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes
internal import SwiftASN1

/// One pass over the bytes of a proof file.
struct ProofFileReader {
    let bytes: [UInt8]
    let limits: Limits
    private var index = DocumentIndex()
    /// The log or registry that is being read.
    private var log: OpenLog?
    private var names: Set<ProofPart.Name> = []
    /// What may still come: nothing of an earlier stage.
    private var stage = Stage.logs

    /// Kinds of messages in the order in which they stand in a file.
    enum Stage: Int {
        case logs, registries, credentials, parts
    }

    /// A log or a registry whose end has not come.
    private struct OpenLog {
        let name: ProofPart.Name
        let start: Int
        var events: [LoggedEvent] = []
        var transactions: [AnchoredEvent] = []
    }

    private(set) var parts: [ProofPart] = []
    private(set) var newestEvents: [EventPosition] = []
    private(set) var manifest: ProofManifest?

    init(_ bytes: [UInt8], limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func read() throws(ProofFileError) {
        guard bytes.count <= ProofFileFormat.largestFile else {
            throw ProofFileError(.tooLarge, at: ProofFileFormat.largestFile)
        }
        var position = 0
        while position < bytes.count {
            guard manifest == nil else { throw ProofFileError(.behindManifest, at: position) }
            if let body = try ownBody(at: position) {
                position = try readOwn(body)
            } else {
                position = try readMessage(at: position)
            }
        }
        try closeLog(at: position)
    }

    // MARK: Messages of ours

    /// Where a body of our protocol lies that begins at `position`, nil when something else begins there.
    private func ownBody(at position: Int) throws(ProofFileError) -> Range<Int>? {
        let head = Array("{\"v\":\"\(ProofFileFormat.protocolName)".utf8)
        guard bytes[position...].starts(with: head) else { return nil }
        let sizeAt = position + head.count + "10JSON".utf8.count
        guard sizeAt + 7 <= bytes.count else { throw ProofFileError(.truncated, at: position) }
        guard let size = Int(String(decoding: bytes[sizeAt..<(sizeAt + 6)], as: UTF8.self), radix: 16),
            size > head.count + 13,
            bytes[(position + 6)..<(sizeAt + 7)].elementsEqual(ProofFileFormat.version(bodyBytes: size).utf8)
        else { throw ProofFileError(.malformed, at: position) }
        guard size <= min(limits.bodyBytes, bytes.count - position) else {
            throw ProofFileError(size > limits.bodyBytes ? .malformed : .truncated, at: position)
        }
        return position..<(position + size)
    }

    /// Reads a part or the manifest and returns where it ends.
    private mutating func readOwn(_ range: Range<Int>) throws(ProofFileError) -> Int {
        try closeLog(at: range.lowerBound)
        stage = .parts
        let offset = range.lowerBound
        let body = Array(bytes[range])
        guard (try? index.scan(body.span, format: .json, limits: limits)) != nil, index.tokens[0].kind == .map,
            index.tokens[0].count >= 3, index.text(index.tokens[1], equals: "v", in: body.span),
            index.text(index.tokens[3], equals: "t", in: body.span),
            index.text(index.tokens[5], equals: "d", in: body.span), index.tokens[6].kind == .text
        else { throw ProofFileError(.malformed, at: offset) }
        let isManifest = index.text(index.tokens[4], equals: "km.manifest.1", in: body.span)
        guard isManifest || index.text(index.tokens[4], equals: "km.part.1", in: body.span) else {
            throw ProofFileError(.unexpectedMessage, at: offset)
        }
        guard SelfAddressing.verified(at: index.tokens[6].range, of: body) != nil else {
            throw ProofFileError(isManifest ? .manifestSAID : .partSAID, at: offset)
        }
        if isManifest {
            manifest = try ProofManifest(body: body, at: offset)
        } else {
            try readPart(body, at: offset)
        }
        return range.upperBound
    }

    /// Reads the rest of a part whose tokens are in `index`.
    private mutating func readPart(_ body: [UInt8], at offset: Int) throws(ProofFileError) {
        let malformed = ProofFileError(.partMalformed, at: offset)
        let tokens = index.tokens
        guard tokens.count == 11, tokens[0].count == 5, index.text(tokens[7], equals: "kind", in: body.span),
            tokens[8].kind == .text, index.text(tokens[9], equals: "data", in: body.span), tokens[10].kind == .text,
            let kind = ProofPart.Kind(rawValue: index.string(of: tokens[8], in: body.span)), !kind.isRaw,
            let content = try? Base64URL.decode(body.span.extracting(tokens[10].range)), !content.isEmpty,
            content.count <= ProofFileFormat.largestContent
        else { throw malformed }
        let id: String
        var count = 1
        switch kind {
        case .record:
            guard let record = try? BindingRecord(parsing: content) else { throw malformed }
            id = record.said.text
        case .schema:
            guard let said = Self.schema(content) else { throw malformed }
            id = said
        case .keyEventLog, .registry, .credential: throw malformed
        case .authority, .svid:
            guard let certificates = Self.certificates(in: content), let first = certificates.first,
                kind == .svid || certificates.count == 1
            else { throw malformed }
            id = hexadecimal(ProofFileFormat.sha256(first))
            count = certificates.count
        }
        try append(ProofPart(name: .init(kind: kind, id: id), count: count, content: content, offset: offset))
    }

    /// Cuts DER elements that stand one behind the other; nil when they don't fill the bytes.
    static func certificates(in content: [UInt8]) -> [[UInt8]]? {
        var certificates: [[UInt8]] = []
        var rest = content[...]
        while !rest.isEmpty {
            // A certificate is a sequence whose length takes two more bytes: 128 bytes at least, 65,535 at most.
            guard rest.count >= 4, rest[rest.startIndex] == 0x30, certificates.count < 64 else { return nil }
            let lengthBytes: Int
            switch rest[rest.startIndex + 1] {
            case 0x81: lengthBytes = 1
            case 0x82: lengthBytes = 2
            default: return nil
            }
            let head = 2 + lengthBytes
            let length = rest[(rest.startIndex + 2)..<(rest.startIndex + head)].reduce(0) { $0 << 8 | Int($1) }
            guard rest.count >= head + length else { return nil }
            certificates.append(Array(rest.prefix(head + length)))
            rest = rest.dropFirst(head + length)
        }
        return certificates
    }

    /// The SAID of a schema, nil when the bytes are no canonical JSON of which `$id` is the digest.
    private static func schema(_ bytes: [UInt8]) -> String? {
        guard let index = try? DocumentIndex(bytes.span, format: .json),
            let place = index.value(of: "$id", inMap: 0, of: bytes.span), index.tokens[place].kind == .text
        else { return nil }
        return SelfAddressing.verified(at: index.tokens[place].range, of: bytes)?.text
    }

    // MARK: Messages of KERI and ACDC

    /// Reads one message with its attachments and returns where it ends.
    private mutating func readMessage(at position: Int) throws(ProofFileError) -> Int {
        var reader = StreamReader(mode: .structure, limits: limits)
        let frame: MessageFrame
        switch reader.next(in: bytes.span.extracting(position...)) {
        case .message(let message): frame = message
        case .needMore, .end: throw ProofFileError(.truncated, at: position)
        case .fault(let fault):
            let isTruncated = fault.kind == .truncated
            throw ProofFileError(isTruncated ? .truncated : .malformed, at: position + fault.offset)
        }
        guard frame.version.grammar == .version1, let format = DocumentFormat(frame.version.format) else {
            throw ProofFileError(.unexpectedMessage, at: position)
        }
        let body = Array(bytes[(position + frame.bodyRange.lowerBound)..<(position + frame.bodyRange.upperBound)])
        switch frame.version.protocol {
        case .acdc: try readCredential(body, frame, at: position)
        case .keri:
            guard (try? index.scan(body.span, format: format, limits: limits)) != nil else {
                throw ProofFileError(.malformed, at: position)
            }
            switch text("t", in: body) {
            case "icp", "rot", "ixn", "dip", "drt": try readEvent(body, frame, at: position)
            case "vcp", "vrt", "iss", "rev", "bis", "brv": try readTransaction(body, frame, at: position)
            default: throw ProofFileError(.unexpectedMessage, at: position)
            }
        default: throw ProofFileError(.unexpectedMessage, at: position)
        }
        return position + frame.range.upperBound
    }

    /// Goes on to a stage; nothing of an earlier one may follow.
    mutating func enter(_ next: Stage, at position: Int) throws(ProofFileError) {
        guard next.rawValue >= stage.rawValue else { throw ProofFileError(.unexpectedMessage, at: position) }
        stage = next
    }

    /// Reads a key event.
    private mutating func readEvent(
        _ body: [UInt8], _ frame: MessageFrame, at position: Int
    ) throws(ProofFileError) {
        try enter(.logs, at: position)
        guard let aid = text("i", in: body), let said = text("d", in: body),
            let sn = text("s", in: body).flatMap({ UInt128($0, radix: 16) })
        else { throw ProofFileError(.eventMalformed, at: position) }
        try append(
            EventPosition(aid: aid, sn: sn, said: said), nil, frame, to: .init(kind: .keyEventLog, id: aid),
            at: position)
    }

    /// Adds a message to the log or registry that it belongs to.
    mutating func append(
        _ place: EventPosition, _ transaction: AnchoredEvent?, _ frame: MessageFrame, to name: ProofPart.Name,
        at position: Int
    ) throws(ProofFileError) {
        if let log, log.name != name { try closeLog(at: position) }
        let start = log?.start ?? position
        let end = position + frame.range.upperBound
        let event = LoggedEvent(
            range: (position - start)..<(end - start), bodyEnd: position + frame.bodyRange.upperBound - start,
            position: place)
        if log == nil { log = OpenLog(name: name, start: position) }
        log?.events.append(event)
        if let transaction { log?.transactions.append(transaction) }
    }

    private func text(_ label: StaticString, in body: [UInt8]) -> String? {
        guard let place = index.value(of: label, inMap: 0, of: body.span), index.tokens[place].kind == .text else {
            return nil
        }
        return index.string(of: index.tokens[place], in: body.span)
    }

    /// Makes the log or registry that ends at `position` a part.
    mutating func closeLog(at position: Int) throws(ProofFileError) {
        guard let log, let newest = log.events.last else { return }
        self.log = nil
        guard !names.contains(log.name) else { throw ProofFileError(.logInterleaved, at: log.start) }
        try append(
            ProofPart(
                name: log.name, count: log.events.count, content: Array(bytes[log.start..<position]),
                offset: log.start, events: log.events, transactions: log.transactions))
        if log.name.kind == .keyEventLog { newestEvents.append(newest.position) }
    }

    mutating func append(_ part: ProofPart) throws(ProofFileError) {
        guard names.insert(part.name).inserted else { throw ProofFileError(.partRepeated, at: part.offset) }
        guard parts.count < ProofFileFormat.mostParts else { throw ProofFileError(.tooManyParts, at: part.offset) }
        parts.append(part)
    }
}

extension DocumentFormat {
    /// The format of a body that is no native group.
    init?(_ format: BodyFormat) {
        switch format {
        case .json: self = .json
        case .cbor: self = .cbor
        case .messagePack: self = .messagePack
        case .native: return nil
        }
    }
}
