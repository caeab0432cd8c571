// SPDX-License-Identifier: Apache-2.0

public import KelmarkBytes

/// A stream explained part by part, for people: messages, documents, groups, primitives, faults, each with its offset.
///
/// Works on text and binary groups, JSON, CBOR, MessagePack and native bodies, versions 1 and 2, on groups and
/// primitives without a body, and on anything else: what cannot be explained is shown as a fault. Signatures and digests
/// are not verified.
public struct AnnotatedStream: Hashable, Sendable {
    /// The parts of the stream in order.
    public let nodes: [AnnotatedNode]

    /// Explains `bytes`.
    public init(_ bytes: Span<UInt8>, limits: Limits = .standard) {
        var nodes: [AnnotatedNode] = []
        var reader = StreamReader(limits: limits)
        var position = 0
        while true {
            let event = reader.next(in: bytes)
            switch event {
            case .message(let frame):
                AnnotatedStream.annotateGap(bytes, position..<frame.range.lowerBound, limits, into: &nodes)
                nodes.append(AnnotatedStream.message(bytes, frame.body, frame.range.upperBound, limits))
                position = frame.range.upperBound
            case .fault(let fault):
                let start = fault.body?.range.lowerBound ?? fault.offset
                AnnotatedStream.annotateGap(
                    bytes, position..<max(position, min(start, fault.resumesAt)), limits, into: &nodes)
                AnnotatedStream.annotate(bytes, fault, limits, into: &nodes)
                position = fault.resumesAt
            case .needMore, .end:
                AnnotatedStream.annotateGap(bytes, position..<bytes.count, limits, into: &nodes)
                self.nodes = nodes
                return
            }
        }
    }

    /// Whether anything in the stream breaks a rule.
    public var hasFaults: Bool { nodes.contains(where: \.hasFault) }

    // MARK: Parts

    private static func message(
        _ bytes: Span<UInt8>, _ body: BodyFrame, _ end: Int, _ limits: Limits
    ) -> AnnotatedNode {
        var parts = [self.body(bytes, body, limits)]
        let groups = body.range.upperBound..<end
        if !groups.isEmpty { readGroups(bytes, groups, body.version.table, limits, into: &parts) }
        return AnnotatedNode(.message, range: body.range.lowerBound..<end, parts: parts)
    }

    private static func body(_ bytes: Span<UInt8>, _ body: BodyFrame, _ limits: Limits) -> AnnotatedNode {
        let content = bytes.extracting(body.range)
        guard let format = body.version.format.document else {
            var node = AnnotatedNode(.body(body.version, nil), range: body.range)
            readGroups(bytes, body.range, .version2, limits, into: &node.parts)
            return node
        }
        do throws(DocumentError) {
            let value = try OrderedValue(parsing: content, format: format, limits: limits)
            return AnnotatedNode(.body(body.version, value), range: body.range)
        } catch {
            let place = body.range.lowerBound + min(error.offset, content.count)
            var parts = [AnnotatedNode(.fault(explanation(error)), range: place..<place)]
            // What is JSON at all is shown although no KERI peer accepts this spelling.
            let value = try? OrderedValue(parsingJSON: content, strictness: .interoperable, limits: limits)
            if value == nil { parts.append(AnnotatedNode.opaque(content, from: body.range.lowerBound)) }
            return AnnotatedNode(.body(body.version, value), range: body.range, parts: parts)
        }
    }

    private static func explanation(_ error: DocumentError) -> String {
        "the document is not in its one canonical form: \(error.code)"
    }

    /// Reads groups; a fault among them is shown where it is, and the rest as bytes.
    private static func readGroups(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ table: CodeTable, _ limits: Limits,
        into nodes: inout [AnnotatedNode]
    ) {
        var cursor = ByteCursor(bytes.extracting(range), base: range.lowerBound)
        do throws(CESRError) {
            try GroupTreeReader(table: table, limits: limits).readAll(&cursor, into: &nodes)
        } catch {
            nodes.append(AnnotatedNode(.fault(error.explanation), range: error.offset..<error.offset))
            if cursor.offset < range.upperBound {
                nodes.append(.opaque(bytes.extracting(cursor.offset..<range.upperBound), from: cursor.offset))
            }
        }
    }

    /// Shows a fault with what could be read of the bytes it costs.
    private static func annotate(
        _ bytes: Span<UInt8>, _ fault: StreamFault, _ limits: Limits, into nodes: inout [AnnotatedNode]
    ) {
        var node = AnnotatedNode(
            .fault(fault.kind.explanation), range: (fault.body?.range.lowerBound ?? fault.offset)..<fault.resumesAt)
        if let body = fault.body {
            node.parts.append(self.body(bytes, body, limits))
            let rest = body.range.upperBound..<fault.resumesAt
            if !rest.isEmpty { readGroups(bytes, rest, body.version.table, limits, into: &node.parts) }
        } else if fault.kind == .coldStart, let tree = loose(bytes, node.range, limits) {
            node.parts = tree
        } else if !node.range.isEmpty {
            node.parts = [.opaque(bytes.extracting(node.range), from: node.range.lowerBound)]
        }
        nodes.append(node)
    }

    /// Groups or primitives that stand on their own, or nil when the bytes are something else.
    private static func loose(_ bytes: Span<UInt8>, _ range: Range<Int>, _ limits: Limits) -> [AnnotatedNode]? {
        for table in CodeTable.allCases {
            var nodes: [AnnotatedNode] = []
            var cursor = ByteCursor(bytes.extracting(range), base: range.lowerBound)
            do throws(CESRError) {
                try GroupTreeReader(table: table, limits: limits).readAll(&cursor, into: &nodes)
                return nodes
            } catch {
                continue
            }
        }
        return nil
    }

    /// Shows bytes that no event covers: genus and version counters.
    private static func annotateGap(
        _ bytes: Span<UInt8>, _ range: Range<Int>, _ limits: Limits, into nodes: inout [AnnotatedNode]
    ) {
        guard !range.isEmpty else { return }
        readGroups(bytes, range, .version2, limits, into: &nodes)
    }
}
