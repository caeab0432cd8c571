// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// One entry in memory with its place in the order of creation. A reference, so that the parts of an index share it.
final class PlacedEntry: Sendable {
    /// Counts up with each entry that is made; never used twice.
    let place: Int64
    let entry: RegistrationEntry

    init(place: Int64, entry: RegistrationEntry) {
        self.place = place
        self.entry = entry
    }
}

/// Entries in the order of their places, in pieces: a change of a shared value copies one piece and the list of them.
struct EntryOrder: Sendable {
    private static let pieceLength = 512
    /// No piece is empty.
    private var pieces: [[PlacedEntry]] = []

    var isEmpty: Bool { pieces.isEmpty }

    /// Puts an entry at its place, instead of the one that stood there.
    mutating func put(_ placed: PlacedEntry) {
        guard let last = pieces.last?.last, placed.place <= last.place else {
            if let count = pieces.last?.count, count < Self.pieceLength {
                pieces[pieces.count - 1].append(placed)
            } else {
                pieces.append([placed])
            }
            return
        }
        let piece = self.piece(for: placed.place)
        let position = Self.position(of: placed.place, in: pieces[piece])
        if position < pieces[piece].count, pieces[piece][position].place == placed.place {
            pieces[piece][position] = placed
        } else {
            pieces[piece].insert(placed, at: position)
        }
    }

    /// Takes the entry at a place out, if there is one.
    mutating func remove(_ place: Int64) {
        guard let last = pieces.last?.last, place <= last.place else { return }
        let piece = self.piece(for: place)
        let position = Self.position(of: place, in: pieces[piece])
        guard position < pieces[piece].count, pieces[piece][position].place == place else { return }
        pieces[piece].remove(at: position)
        if pieces[piece].isEmpty { pieces.remove(at: piece) }
    }

    /// Hands out the entries behind a place in order, until `body` says false.
    func forEach(after place: Int64 = .min, _ body: (PlacedEntry) -> Bool) {
        guard let last = pieces.last?.last, place < last.place else { return }
        var piece = place == .min ? 0 : self.piece(for: place)
        var position = place == .min ? 0 : Self.position(of: place, in: pieces[piece])
        if position < pieces[piece].count, pieces[piece][position].place == place { position += 1 }
        while piece < pieces.count {
            while position < pieces[piece].count {
                guard body(pieces[piece][position]) else { return }
                position += 1
            }
            piece += 1
            position = 0
        }
    }

    /// The first piece whose last place is not before `place`, which must not lie behind everything.
    private func piece(for place: Int64) -> Int {
        var low = 0
        var high = pieces.count - 1
        while low < high {
            let middle = (low + high) / 2
            if let last = pieces[middle].last, last.place < place { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first position whose place is not before `place`.
    private static func position(of place: Int64, in piece: [PlacedEntry]) -> Int {
        var low = 0
        var high = piece.count
        while low < high {
            let middle = (low + high) / 2
            if piece[middle].place < place { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
