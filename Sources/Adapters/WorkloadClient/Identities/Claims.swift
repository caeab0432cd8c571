// SPDX-License-Identifier: Apache-2.0

internal import KelmarkBytes
internal import SwiftProtobuf

extension OrderedMap {
    /// The members of a protobuf structure, by name: it keeps no order of its own.
    init(_ structure: Google_Protobuf_Struct, depth: Int) throws(WorkloadAPIError) {
        self.init()
        for (name, value) in structure.fields.sorted(by: { $0.key < $1.key }) {
            self[name] = try OrderedValue(value, depth: depth - 1)
        }
    }
}

extension OrderedValue {
    fileprivate init(_ value: Google_Protobuf_Value, depth: Int) throws(WorkloadAPIError) {
        guard depth > 0 else { throw WorkloadAPIError(.malformed, "claims are nested too deeply") }
        switch value.kind {
        case nil, .nullValue: self = .null
        case .boolValue(let value): self = .boolean(value)
        case .stringValue(let text): self = .text(text)
        case .numberValue(let number):
            if let whole = Int64(exactly: number) {
                self.init(whole)
            } else if let float = OrderedValue(number) {
                self = float
            } else {
                throw WorkloadAPIError(.malformed, "a claim is no finite number")
            }
        case .listValue(let list):
            var elements: [OrderedValue] = []
            for element in list.values { elements.append(try OrderedValue(element, depth: depth - 1)) }
            self = .list(elements)
        case .structValue(let structure): self = .map(try OrderedMap(structure, depth: depth - 1))
        }
    }
}
