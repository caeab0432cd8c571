// SPDX-License-Identifier: Apache-2.0

private import Crypto
private import Synchronization

/// SHA-256 of program files, kept by what the system says of a file's identity and last changes: hashing a program of
/// many megabytes for each call would let anybody keep the agent busy.
final class ProgramHashes: Sendable {
    private struct Kept {
        let hash: String
        var usedAt: UInt64
    }

    private struct State {
        var kept: [FileIdentity: Kept] = [:]
        var uses: UInt64 = 0
    }

    private let most: Int
    private let state = Mutex(State())

    init(most: Int = 256) { self.most = max(1, most) }

    /// How many hashes are kept.
    var count: Int { state.withLock { $0.kept.count } }

    /// The hash of an open file, in hexadecimal digits. Reads the file from its beginning.
    /// - Throws: ``AttestorError`` when the file is larger than `largest` bytes, or changes while it is read.
    func hash(of file: OpenFile, largest: Int64) throws -> String {
        let before = try file.status()
        guard before.byteCount <= largest else { throw AttestorError("the program has more than \(largest) bytes") }
        if let hash = kept(before) { return hash }
        let hash = try Self.read(file, largest: largest)
        guard try file.status() == before else { throw AttestorError("the program changes while it is read") }
        keep(hash, for: before)
        return hash
    }

    private static func read(_ file: OpenFile, largest: Int64) throws -> String {
        var hash = SHA256()
        var chunk = [UInt8](repeating: 0, count: 256 << 10)
        var total: Int64 = 0
        while true {
            let count = try file.readChunk(into: &chunk)
            guard count > 0 else { break }
            total += Int64(count)
            guard total <= largest else { throw AttestorError("the program has more than \(largest) bytes") }
            hash.update(data: chunk[..<count])
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private func kept(_ file: FileIdentity) -> String? {
        state.withLock { state in
            guard let hash = state.kept[file]?.hash else { return nil }
            state.uses += 1
            state.kept[file]?.usedAt = state.uses
            return hash
        }
    }

    private func keep(_ hash: String, for file: FileIdentity) {
        state.withLock { state in
            state.uses += 1
            state.kept[file] = Kept(hash: hash, usedAt: state.uses)
            guard state.kept.count > most, let oldest = state.kept.min(by: { $0.value.usedAt < $1.value.usedAt }) else {
                return
            }
            state.kept[oldest.key] = nil
        }
    }
}
