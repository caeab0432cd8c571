// SPDX-License-Identifier: Apache-2.0

/// Makes wrong streams out of right ones.
enum StreamMaker {
    /// A body whose version string has the right size: `@` stands for the version string.
    static func body(_ template: String) -> [UInt8] {
        let empty = template.replacing("@", with: "KERI10JSON000000_")
        let size = String(empty.utf8.count, radix: 16)
        let version = "KERI10JSON" + String(repeating: "0", count: 6 - size.count) + size + "_"
        return Array(template.replacing("@", with: version).utf8)
    }

    /// The bytes with the first occurrence of `old` replaced by `new` of the same length.
    static func replacing(_ old: String, with new: String, in bytes: [UInt8]) -> [UInt8] {
        let old = Array(old.utf8)
        let new = Array(new.utf8)
        precondition(old.count == new.count)
        var bytes = bytes
        guard let place = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) else { return [] }
        bytes.replaceSubrange(place..<(place + old.count), with: new)
        return bytes
    }

    /// Where a text begins.
    static func offset(of text: String, in bytes: [UInt8]) -> Int? {
        let text = Array(text.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: text) }
    }
}
