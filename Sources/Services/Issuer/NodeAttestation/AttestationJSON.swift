// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes

/// JSON of agents: read without duplicate members, bounded, byte strings in standard Base64 as Go writes them.
struct AttestationJSON {
    private let map: OrderedMap

    /// - Throws: `invalidArgument` when the bytes are no JSON object. `what` names them in the message.
    init(_ bytes: [UInt8], _ what: String) throws(IssuerError) {
        let limits = Limits(bodyBytes: AttestationLimits.messageBytes, nestingDepth: 8, documentValues: 4096)
        do {
            let value = try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable, limits: limits)
            guard case .map(let map) = value else {
                throw IssuerError(.invalidArgument, "failed to unmarshal \(what): not an object")
            }
            self.map = map
        } catch let error as IssuerError {
            throw error
        } catch {
            throw IssuerError(.invalidArgument, "failed to unmarshal \(what)", cause: error)
        }
    }

    private init(_ map: OrderedMap) { self.map = map }

    /// The text of a member; empty when it is missing or null.
    func text(_ label: String) throws(IssuerError) -> String {
        guard let value = map[label], !value.isNull else { return "" }
        guard let text = value.textValue else { throw Self.refused(label) }
        return text
    }

    /// The whole number of a member; nil when it is missing or null.
    func number(_ label: String) throws(IssuerError) -> Int? {
        guard let value = map[label], !value.isNull else { return nil }
        guard let number = value.integerValue else { throw Self.refused(label) }
        return number
    }

    /// The bytes of a member; empty when it is missing or null.
    func bytes(_ label: String) throws(IssuerError) -> [UInt8] {
        guard let bytes = StandardBase64.decode(try text(label)) else { throw Self.refused(label) }
        return bytes
    }

    /// The byte strings of a member that is a list; none when it is missing or null.
    func byteStrings(_ label: String) throws(IssuerError) -> [[UInt8]] {
        guard let value = map[label], !value.isNull else { return [] }
        guard let list = value.listValue else { throw Self.refused(label) }
        var strings: [[UInt8]] = []
        for element in list {
            guard let text = element.textValue, let bytes = StandardBase64.decode(text) else {
                throw Self.refused(label)
            }
            strings.append(bytes)
        }
        return strings
    }

    /// The object of a member; nil when it is missing or null.
    func object(_ label: String) throws(IssuerError) -> AttestationJSON? {
        guard let value = map[label], !value.isNull else { return nil }
        guard case .map(let map) = value else { throw Self.refused(label) }
        return AttestationJSON(map)
    }

    private static func refused(_ label: String) -> IssuerError {
        IssuerError(.invalidArgument, "the member \"\(label)\" can't be read")
    }

    /// The bytes of an object of ours.
    static func write(_ value: OrderedValue) throws(IssuerError) -> [UInt8] {
        do {
            return try value.encoded(as: .json)
        } catch {
            throw IssuerError(.internal, "failed to write a challenge", cause: error)
        }
    }
}
