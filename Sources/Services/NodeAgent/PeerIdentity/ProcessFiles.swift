// SPDX-License-Identifier: Apache-2.0

/// Reads what the kernel writes about a process. Pure; facts (SPIFFE) 20.4.
enum ProcessFiles {
    /// Field 22 of `stat`: when the process began, in ticks since the system did. The second field is the program's
    /// name in parentheses, chosen by the program and perhaps with parentheses in it: only behind the last `)` the
    /// fields are the kernel's.
    static func startTime(inStat bytes: [UInt8]) -> UInt64? {
        guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
        // The state, field 3, is the first behind the name.
        guard fields.count > 19 else { return nil }
        return number(fields[19])
    }

    /// A decimal number of at most 20 digits, without sign.
    static func number<Number: FixedWidthInteger>(_ text: ArraySlice<UInt8>) -> Number? {
        guard !text.isEmpty, text.count <= 20, text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        return Number(String(decoding: text, as: UTF8.self))
    }
}

/// Under which user and groups a process acts, from `status`: the effective ids.
public struct ProcessCredentials: Hashable, Sendable {
    /// The effective user.
    public let uid: UInt32
    /// The effective group.
    public let gid: UInt32
    /// The supplementary groups.
    public let groups: [UInt32]

    /// Joins them.
    public init(uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
    }

    /// Most bytes of `status` that are read: a process may have 65 536 groups.
    static let largestStatus = 1 << 20

    /// Reads `status`; nil when a line is missing or twice there.
    init?(status bytes: [UInt8]) {
        var found: [String: [ArraySlice<UInt8>]] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self)
            guard name == "Uid" || name == "Gid" || name == "Groups" else { continue }
            guard found[name] == nil else { return nil }
            found[name] = line[(colon + 1)...].split { $0 == 0x20 || $0 == 0x09 }
        }
        guard let users = found["Uid"], users.count == 4, let uid: UInt32 = ProcessFiles.number(users[1]),
            let groups = found["Gid"], groups.count == 4,
            let gid: UInt32 = ProcessFiles.number(groups[1]), let others = found["Groups"]
        else { return nil }
        var numbers: [UInt32] = []
        for other in others {
            guard let number: UInt32 = ProcessFiles.number(other) else { return nil }
            numbers.append(number)
        }
        self.init(uid: uid, gid: gid, groups: numbers)
    }
}
