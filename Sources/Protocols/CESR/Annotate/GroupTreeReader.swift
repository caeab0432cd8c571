// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes

/// Reads groups and primitives into a tree, keeping everything, also what a fault ends.
///
/// Unlike ``AttachmentReader`` it is made for people: it names each slot and understands native bodies and all groups of
/// version 2.
struct GroupTreeReader {
    let table: CodeTable
    let limits: Limits

    /// Reads groups, and behind a path anything, to the end of the input.
    @_lifetime(cursor: copy cursor)
    func readAll(_ cursor: inout ByteCursor, into nodes: inout [AnnotatedNode]) throws(CESRError) {
        while let byte = cursor.next {
            // Groups can switch domains one by one; a primitive on its own is taken as text when it looks like it.
            let domain = ColdStart(byte).counterDomain ?? (Base64URL.sextet(of: byte) == nil ? .binary : .text)
            try readItem(&cursor, domain, role: "", depth: 0, into: &nodes)
        }
    }

    /// Reads a group or a primitive.
    @_lifetime(cursor: copy cursor)
    func readItem(
        _ cursor: inout ByteCursor, _ domain: Domain, role: String, depth: Int, into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        guard let byte = cursor.next else { throw CESRError(.truncated(missing: 1), offset: cursor.offset) }
        let isCounter = domain == .text ? byte == UInt8(ascii: "-") : byte >> 2 == 62
        if isCounter {
            try readGroup(&cursor, domain, role: role, depth: depth, into: &nodes)
        } else {
            try readPrimitive(&cursor, domain, role: role, into: &nodes)
        }
    }

    @_lifetime(cursor: copy cursor)
    private func readPrimitive(
        _ cursor: inout ByteCursor, _ domain: Domain, role: String, into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        let start = cursor.offset
        let primitive = try Primitive(from: &cursor, domain: domain, table: table)
        nodes.append(AnnotatedNode(.primitive(primitive), role: role, range: start..<cursor.offset, domain: domain))
    }

    @_lifetime(cursor: copy cursor)
    private func readSignature(
        _ cursor: inout ByteCursor, _ domain: Domain, into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        let start = cursor.offset
        let signature = try IndexedSignature(from: &cursor, domain: domain)
        nodes.append(AnnotatedNode(.signature(signature), range: start..<cursor.offset, domain: domain))
    }

    /// Reads a counter and what it announces.
    @_lifetime(cursor: copy cursor)
    func readGroup(
        _ cursor: inout ByteCursor, _ domain: Domain, role: String, depth: Int, into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        let start = cursor.offset
        let counter = try Counter(from: &cursor, domain: domain, table: table)
        var node = AnnotatedNode(.group(counter), role: role, range: start..<cursor.offset, domain: domain)
        let failure: CESRError?
        do throws(CESRError) {
            guard depth < limits.nestingDepth else { throw CESRError(.tooDeep, offset: start) }
            if let count = counter.contentCount(in: domain) {
                guard count <= cursor.remaining else {
                    throw CESRError(.truncated(missing: count - cursor.remaining), offset: cursor.offset)
                }
                try readSized(&cursor, counter, count, domain, depth, into: &node.parts)
            } else {
                guard counter.count <= limits.groupElements else { throw CESRError(.tooLarge, offset: start) }
                if counter.code.kind == .pathedSignatureGroup {
                    try readPrimitive(&cursor, domain, role: "root path", into: &node.parts)
                }
                for _ in 0..<counter.count {
                    try readElement(&cursor, counter.code.kind, domain, depth, into: &node.parts)
                }
            }
            failure = nil
        } catch {
            failure = error
        }
        node.range = start..<cursor.offset
        nodes.append(node)
        if let failure { throw failure }
    }

    /// Reads the content of a group of known size; a fault inside ends at the group's end.
    @_lifetime(cursor: copy cursor)
    private func readSized(
        _ cursor: inout ByteCursor, _ counter: Counter, _ count: Int, _ domain: Domain, _ depth: Int,
        into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        var content = ByteCursor(
            cursor.bytes.extracting(last: cursor.remaining).extracting(first: count), base: cursor.offset)
        do throws(CESRError) {
            try readContent(&content, counter.code.kind, domain, depth, into: &nodes)
        } catch {
            nodes.append(AnnotatedNode(.fault(error.explanation), range: error.offset..<error.offset))
            if !content.isAtEnd {
                nodes.append(.opaque(content.bytes.extracting(last: content.remaining), from: content.offset))
            }
        }
        do { try cursor.skip(count) } catch {
            throw CESRError(.truncated(missing: error.needed), offset: cursor.offset)
        }
    }

    @_lifetime(content: copy content)
    private func readContent(
        _ content: inout ByteCursor, _ kind: GroupKind, _ domain: Domain, _ depth: Int,
        into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        switch kind {
        case .controllerSignatures, .witnessSignatures:
            while !content.isAtEnd { try readSignature(&content, domain, into: &nodes) }
        case .pathedMaterial:
            if !content.isAtEnd { try readPrimitive(&content, domain, role: "path", into: &nodes) }
            while !content.isAtEnd { try readItem(&content, domain, role: "", depth: depth + 1, into: &nodes) }
        case .fixedBody: try readFixedBody(&content, domain, depth, into: &nodes)
        case .mapBody, .genericMap:
            // A map body starts with its version, a label of its own.
            var isLabel = true
            while !content.isAtEnd {
                let isFirstOfBody = kind == .mapBody && nodes.isEmpty
                try readItem(
                    &content, domain, role: isFirstOfBody ? "version" : isLabel ? "label" : "value",
                    depth: depth + 1, into: &nodes)
                if !isFirstOfBody { isLabel.toggle() }
            }
        case .attachments, .generic, .bodyWithAttachments, .genericList, .essrPayload, .essrWrapper, .nonNativeBody,
            .datagramSegment, .genusVersion:
            while !content.isAtEnd { try readItem(&content, domain, role: "", depth: depth + 1, into: &nodes) }
        default:
            while !content.isAtEnd { try readElement(&content, kind, domain, depth, into: &nodes) }
        }
    }

    /// Reads a native body of fixed fields: version, message type, and the fields of that type.
    @_lifetime(content: copy content)
    private func readFixedBody(
        _ content: inout ByteCursor, _ domain: Domain, _ depth: Int, into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        var labels = ["v", "t"]
        while !content.isAtEnd {
            let role = nodes.count < labels.count ? labels[nodes.count] : ""
            try readItem(&content, domain, role: role, depth: depth + 1, into: &nodes)
            if nodes.count == 2, case .primitive(let type) = nodes[1].content {
                labels += nativeFieldLabels[type.tag] ?? []
            }
        }
    }

    /// Reads one element of a group.
    @_lifetime(cursor: copy cursor)
    private func readElement(
        _ cursor: inout ByteCursor, _ kind: GroupKind, _ domain: Domain, _ depth: Int,
        into nodes: inout [AnnotatedNode]
    ) throws(CESRError) {
        switch kind {
        case .controllerSignatures, .witnessSignatures:
            try readSignature(&cursor, domain, into: &nodes)
        case .transferableReceipts where table == .version1:
            for role in ["prefix", "sequence number", "SAID"] {
                try readPrimitive(&cursor, domain, role: role, into: &nodes)
            }
            try readSignature(&cursor, domain, into: &nodes)
        default:
            guard let roles = roles(of: kind) else {
                try readItem(&cursor, domain, role: "", depth: depth + 1, into: &nodes)
                return
            }
            for role in roles {
                if role == "signatures" {
                    try readGroup(&cursor, domain, role: "", depth: depth + 1, into: &nodes)
                } else {
                    try readPrimitive(&cursor, domain, role: role, into: &nodes)
                }
            }
        }
    }

    /// What the slots of an element are.
    private func roles(of kind: GroupKind) -> [String]? {
        switch kind {
        case .nonTransferableReceipts: ["key", "signature"]
        case .transferableReceipts, .transferableGroups: ["prefix", "sequence number", "SAID", "signatures"]
        case .firstSeenCouples: ["first-seen ordinal", "date and time"]
        case .sealSourceCouples: ["sequence number", "SAID"]
        case .lastEstablishmentGroups: ["prefix", "signatures"]
        case .sealSourceTriples: ["prefix", "sequence number", "SAID"]
        case .pathedSignature: ["path", "signatures"]
        case .pathedSignatureGroup: ["signatures"]
        case .digestSeals, .merkleRootSeals: ["digest"]
        case .lastSeals: ["prefix"]
        case .registrarSeals: ["registrar", "digest"]
        case .typedDigestSeals: ["type", "digest"]
        default: nil
        }
    }
}

/// The fields behind `v` and `t` of native bodies, by message type (facts 5.1, 14.3, 14.4).
private let nativeFieldLabels: [String: [String]] = [
    "icp": ["d", "i", "s", "kt", "k", "nt", "n", "bt", "b", "c", "a"],
    "rot": ["d", "i", "s", "p", "kt", "k", "nt", "n", "bt", "br", "ba", "c", "a"],
    "ixn": ["d", "i", "s", "p", "a"],
    "dip": ["d", "i", "s", "kt", "k", "nt", "n", "bt", "b", "c", "a", "di"],
    "drt": ["d", "i", "s", "p", "kt", "k", "nt", "n", "bt", "br", "ba", "c", "a"],
    "rct": ["d", "i", "s"],
    "qry": ["d", "i", "dt", "r", "rr", "q"],
    "pro": ["d", "i", "dt", "r", "rr", "q"],
    "rpy": ["d", "i", "dt", "r", "a"],
    "bar": ["d", "i", "dt", "r", "a"],
    "xip": ["d", "u", "i", "ri", "dt", "r", "q", "a"],
    "exn": ["d", "i", "ri", "x", "p", "dt", "r", "q", "a"],
]
