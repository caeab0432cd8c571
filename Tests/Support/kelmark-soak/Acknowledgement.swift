// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// What is durable, as one line; or, of a key, that from now on it may be gone.
enum Acknowledgement {
    case vault(lane: Int)
    case key(lane: Int, name: String)
    case dropping(lane: Int, name: String)
    case event(EventSeal)
    case receipt(EventSeal, by: AID)
    case escrow(EventSeal)

    var line: String {
        switch self {
        case .vault(let lane): "vault \(lane)"
        case .key(let lane, let name): "key \(lane) \(name)"
        case .dropping(let lane, let name): "dropping \(lane) \(name)"
        case .event(let seal): "event \(seal.aid) \(seal.sn) \(seal.said)"
        case .receipt(let seal, let signer): "receipt \(seal.aid) \(seal.sn) \(seal.said) \(signer)"
        case .escrow(let seal): "escrow \(seal.aid) \(seal.sn) \(seal.said)"
        }
    }

    /// Reads a line; nil for one that a kill cut short.
    init?(_ line: Substring) {
        let words = line.split(separator: " ").map(String.init)
        func lane() -> Int? { words.count > 1 ? Int(words[1]) : nil }
        func seal() -> EventSeal? {
            guard words.count > 3, let aid = AID(words[1]), let sn = SequenceNumber(hex: words[2]),
                let said = SAID(words[3])
            else { return nil }
            return EventSeal(aid: aid, sn: sn, said: said)
        }
        switch words.first {
        case "vault":
            guard let lane = lane() else { return nil }
            self = .vault(lane: lane)
        case "key", "dropping":
            guard words.count == 3, let lane = lane() else { return nil }
            self = words[0] == "key" ? .key(lane: lane, name: words[2]) : .dropping(lane: lane, name: words[2])
        case "event":
            guard let seal = seal() else { return nil }
            self = .event(seal)
        case "escrow":
            guard let seal = seal() else { return nil }
            self = .escrow(seal)
        case "receipt":
            guard words.count == 5, let seal = seal(), let signer = AID(words[4]) else { return nil }
            self = .receipt(seal, by: signer)
        default: return nil
        }
    }

    /// Writes the line with one system call, so that a kill leaves all of it or nothing.
    func say() {
        let bytes = Array((line + "\n").utf8)
        if write(1, bytes, bytes.count) != bytes.count { exit(3) }
    }
}

/// Says that the disk was full; the soak counts these.
func sayFull(_ what: String) {
    let bytes = Array("full \(what)\n".utf8)
    _ = write(1, bytes, bytes.count)
}
