// SPDX-License-Identifier: Apache-2.0

/// A tape over one JSON, CBOR or MessagePack document: its values in order, as ranges of the scanned bytes.
///
/// Scanning validates in one pass that the bytes are exactly what KERIpy would write for the same values
/// (facts 3.1–3.3), so bytes that scan need no re-encoding to be trusted byte for byte. Nothing is copied. Keep
/// one index and scan many documents with it: its storage is reused.
public struct DocumentIndex: Sendable {
    /// Most digits that an integer may have (the bound of Python's own conversion between text and integers).
    public static let integerDigits = 4300
    /// Deepest nesting that any document may have, whatever ``Limits/nestingDepth`` says: trees made of documents
    /// are walked by recursion.
    public static let deepestNesting = 512

    /// The values of the last document that scanned; empty after a scan that threw.
    public internal(set) var tokens: [DocumentToken] = []
    /// The format of the last scan.
    public internal(set) var format = DocumentFormat.json
    /// Working space of the check for equal labels in large maps.
    var labels: [UInt32] = []

    /// Starts without a document.
    public init() {}

    /// Scans and indexes a document.
    /// - Throws: ``DocumentError`` unless `bytes` are exactly one canonical document within the limits.
    public init(
        _ bytes: Span<UInt8>, format: DocumentFormat, limits: Limits = .standard
    ) throws(DocumentError) {
        try scan(bytes, format: format, limits: limits)
    }

    /// Replaces the tokens by those of `bytes`.
    /// - Throws: ``DocumentError`` unless `bytes` are exactly one canonical document within the limits; `tokens` is
    ///   empty then.
    public mutating func scan(
        _ bytes: Span<UInt8>, format: DocumentFormat, limits: Limits = .standard
    ) throws(DocumentError) {
        self.format = format
        try scanning(bytes, limits: limits) { (index, bytes) throws(DocumentError) in
            switch format {
            case .json: try index.scanCanonicalJSON(bytes, limits: limits)
            case .cbor: try index.scanCBOR(bytes, limits: limits)
            case .messagePack: try index.scanMessagePack(bytes, limits: limits)
            }
        }
    }

    /// Replaces the tokens by those of JSON in any spelling that RFC 8259 allows; equal labels stay refused.
    mutating func scanInteroperableJSON(_ bytes: Span<UInt8>, limits: Limits) throws(DocumentError) {
        format = .json
        try scanning(bytes, limits: limits) { (index, bytes) throws(DocumentError) in
            try index.scanAnyJSON(bytes, limits: limits)
        }
    }

    @inline(__always)
    private mutating func scanning(
        _ bytes: Span<UInt8>, limits: Limits,
        with scan: (inout DocumentIndex, Span<UInt8>) throws(DocumentError) -> Void
    ) throws(DocumentError) {
        tokens.removeAll(keepingCapacity: true)
        guard bytes.count <= min(limits.bodyBytes, Int(Int32.max)) else {
            throw DocumentError(.tooLarge, at: limits.bodyBytes)
        }
        do throws(DocumentError) {
            try scan(&self, bytes)
        } catch {
            tokens.removeAll(keepingCapacity: true)
            throw error
        }
    }
}
