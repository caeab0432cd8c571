// SPDX-License-Identifier: Apache-2.0

/// Every key that a configuration file may have.
enum ConfigurationKeys {
    /// Whether something reads the key.
    static func isKnown(_ key: String) -> Bool {
        SettingDefinition.all.contains { $0.key == key } || served(key) != nil
    }

    /// All keys: those of every command first.
    static var all: [String] {
        SettingDefinition.all.map(\.key) + ServedCommand.all.flatMap { command in command.options.map(command.key) }
    }

    /// The key that was most likely meant; nil when none is near.
    static func nearest(to key: String) -> String? { nearest(to: key, among: all) }

    /// The one of `names` that differs least, when it differs in at most a third of its letters.
    static func nearest(to name: String, among names: [String]) -> String? {
        // What somebody wrote may be of any length.
        let name = Array(name.utf8.prefix(128))
        var best: (name: String, distance: Int)?
        for candidate in names {
            let distance = distance(name, Array(candidate.utf8))
            if distance <= max(1, candidate.utf8.count / 3), distance < best?.distance ?? .max {
                best = (candidate, distance)
            }
        }
        return best?.name
    }

    private static func served(_ key: String) -> ServedCommand.Option? {
        guard let dot = key.firstIndex(of: "."),
            let command = ServedCommand.all.first(where: { $0.section == key[..<dot] })
        else { return nil }
        return command.options.first { $0.name == key[key.index(after: dot)...] }
    }

    /// How many letters have to be put in, left out, replaced or swapped with their neighbour.
    static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let cost = left[row] == right[column] ? 0 : 1
                var least = min(previous[column + 1] + 1, current[column] + 1, previous[column] + cost)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    least = min(least, before[column - 1] + 1)
                }
                current.append(least)
            }
            before = previous
            previous = current
        }
        return previous[right.count]
    }
}
