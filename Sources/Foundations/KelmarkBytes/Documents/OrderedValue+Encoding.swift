// SPDX-License-Identifier: Apache-2.0

extension OrderedValue {
    /// The bytes that KERIpy writes for this value (facts 3.1–3.3).
    /// - Throws: ``DocumentEncodingError`` when the format can't hold the value.
    public func encoded(as format: DocumentFormat) throws(DocumentEncodingError) -> [UInt8] {
        var output: [UInt8] = []
        try encode(as: format, into: &output)
        return output
    }

    /// Appends what ``encoded(as:)`` returns.
    /// - Throws: ``DocumentEncodingError`` when the format can't hold the value; `output` then has a part of it.
    public func encode(as format: DocumentFormat, into output: inout [UInt8]) throws(DocumentEncodingError) {
        switch format {
        case .json: try appendJSON(to: &output, depth: 0)
        case .cbor: try appendCBOR(to: &output, depth: 0)
        case .messagePack: try appendMessagePack(to: &output, depth: 0)
        }
    }

    /// The depth of a child of something at `depth`.
    static func deeper(_ depth: Int) throws(DocumentEncodingError) -> Int {
        guard depth < DocumentIndex.deepestNesting else { throw .nestingTooDeep }
        return depth + 1
    }

    /// The text of a float, checked.
    static func checkedFloat(_ text: String) throws(DocumentEncodingError) -> Double {
        guard text.utf8.count <= FloatText.longest, let value = Double(text), value.isFinite,
            text.utf8.elementsEqual(FloatText.python(value))
        else { throw .malformedFloat }
        return value
    }
}

extension OrderedMap {
    /// The bytes that KERIpy writes for this map.
    /// - Throws: ``DocumentEncodingError`` when the format can't hold the value.
    public func encoded(as format: DocumentFormat) throws(DocumentEncodingError) -> [UInt8] {
        try OrderedValue.map(self).encoded(as: format)
    }
}
