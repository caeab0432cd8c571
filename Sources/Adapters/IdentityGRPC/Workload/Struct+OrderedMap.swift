// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
internal import SwiftProtobuf

extension Google_Protobuf_Struct {
    /// Claims as a Struct has them: no order, and numbers as binary64.
    init(_ map: OrderedMap) {
        self.init()
        for member in map.members { fields[member.label] = Google_Protobuf_Value(member.value) }
    }
}

extension Google_Protobuf_Value {
    init(_ value: OrderedValue) {
        self.init()
        switch value {
        case .null: nullValue = .nullValue
        case .boolean(let truth): boolValue = truth
        case .integer(let text), .float(let text):
            // Digits beyond what a double has are rounded; a number beyond its range stays text.
            if let number = Double(text), number.isFinite { numberValue = number } else { stringValue = text }
        case .text(let text): stringValue = text
        case .bytes(let bytes): stringValue = Base64URL.encodedString(bytes.span)
        case .list(let list): listValue = .with { $0.values = list.map(Google_Protobuf_Value.init) }
        case .map(let map): structValue = Google_Protobuf_Struct(map)
        }
    }
}
