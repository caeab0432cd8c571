// SPDX-License-Identifier: Apache-2.0

/// How far one HTTP/1.1 message reaches in bytes that have come so far.
enum HTTPExtent: Equatable {
    /// More must come.
    case incomplete
    /// So many bytes.
    case whole(Int)
    /// To the end of the connection, or in chunks; the head has so many bytes.
    case stream(head: Int)

    /// Looks at the beginning of `bytes`.
    static func of(_ bytes: [UInt8], isAnswer: Bool) -> HTTPExtent {
        guard let end = endOfHead(bytes) else { return .incomplete }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        var length: Int?
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = parts[1].drop { $0 == " " }
            switch parts[0].lowercased() {
            case "content-length": length = Int(value)
            case "transfer-encoding" where value.lowercased() == "chunked": return .stream(head: end)
            default: break
            }
        }
        if isAnswer, length == nil {
            let status = lines.first?.split(separator: " ").dropFirst().first ?? ""
            guard status == "204" || status == "304" else { return .stream(head: end) }
        }
        let whole = end + (length ?? 0)
        return bytes.count >= whole ? .whole(whole) : .incomplete
    }

    /// What follows the head.
    static func body(of message: [UInt8]) -> ArraySlice<UInt8> {
        endOfHead(message).map { message[$0...] } ?? []
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        let mark: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A]
        guard bytes.count >= 4 else { return nil }
        for start in 0...(bytes.count - 4) where bytes[start] == 0x0D && bytes[start..<(start + 4)].elementsEqual(mark)
        {
            return start + 4
        }
        return nil
    }
}
