// SPDX-License-Identifier: Apache-2.0

public import KERINetwork

/// Requests as seeds and fuzzers write them: a line `METHOD path?query`, lines `name: value`, a blank line, the body; a line
/// `%%` between two requests.
public func requests(in bytes: [UInt8]) -> [ServiceRequest] {
    var found: [ServiceRequest] = []
    var rest = bytes[...]
    while !rest.isEmpty, found.count < 8 {
        let end = rest.firstRange(of: Array("\n%%\n".utf8))
        found.append(request(in: rest[..<(end?.lowerBound ?? rest.endIndex)]))
        rest = rest[(end?.upperBound ?? rest.endIndex)...]
    }
    return found
}

private func request(in bytes: ArraySlice<UInt8>) -> ServiceRequest {
    let blank = bytes.firstRange(of: Array("\n\n".utf8))
    let head = String(decoding: bytes[..<(blank?.lowerBound ?? bytes.endIndex)], as: UTF8.self)
    let lines = head.split(separator: "\n", omittingEmptySubsequences: false)
    let words = (lines.first ?? "").split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
    let target = (words.count > 1 ? words[1] : "/").split(
        separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    func pair(_ text: Substring, _ mark: Character) -> (name: String, value: String) {
        guard let place = text.firstIndex(of: mark) else { return (String(text), "") }
        return (String(text[..<place]), String(text[text.index(after: place)...]))
    }
    return ServiceRequest(
        method: String(words.first ?? ""), path: String(target.first ?? ""),
        query: target.count > 1 ? target[1].split(separator: "&").map { pair($0, "=") } : [],
        headers: lines.dropFirst().map { line in
            let (name, value) = pair(line, ":")
            return (name.lowercased(), String(value.drop { $0 == " " }))
        }, body: Array(bytes[(blank?.upperBound ?? bytes.endIndex)...]), source: "192.0.2.1")
}
