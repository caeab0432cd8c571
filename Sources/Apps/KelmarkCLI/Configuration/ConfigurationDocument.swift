// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Yams

/// One configuration file as it was read: its keys with their values and lines. What they mean is judged elsewhere.
struct ConfigurationDocument: Sendable, Hashable {
    /// One key of the file.
    struct Item: Sendable, Hashable {
        /// The key; parts of nested maps are joined by dots, as in `verify.root`.
        let key: String
        /// The value, or those of a list.
        let values: [String]
        /// Whether it is written as a list.
        let isList: Bool
        /// Where it stands, counted from 1.
        let line: Int

        /// The value of a key that takes one; nil for a list.
        var text: String? { isList ? nil : values.first }
    }

    /// Most bytes of a file.
    static let longest = 1 << 20

    let path: String
    let items: [Item]

    /// Reads a file.
    /// - Throws: ``CommandFailure`` when it can't be read or is no map of keys to values.
    init(path: String) throws(CommandFailure) {
        guard let handle = FileHandle(forReadingAtPath: path),
            let data = try? handle.read(upToCount: Self.longest + 1)
        else {
            // A file without a byte is read as nothing at all.
            guard FileManager.default.isReadableFile(atPath: path) else {
                throw CommandFailure("KM-CONFIG-MISSING", "\(path) does not exist or can't be read")
            }
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(path) is empty")
        }
        guard data.count <= Self.longest else {
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(path) has more than \(Self.longest) bytes")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(path) is not UTF-8")
        }
        try self.init(yaml: text, path: path)
    }

    /// Reads the text of a file; `path` is for messages.
    /// - Throws: ``CommandFailure``.
    init(yaml text: String, path: String) throws(CommandFailure) {
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch {
            throw Self.malformed(path, error)
        }
        guard case .mapping(let mapping)? = root else {
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(path) is no map of keys to values")
        }
        var reader = Reader(path: path)
        try reader.read(mapping, below: "")
        self.path = path
        items = reader.items
    }

    private static func malformed(_ path: String, _ error: any Error) -> CommandFailure {
        var place = path
        var problem = "can't be read"
        if let error = error as? YamlError {
            switch error {
            case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _),
                .composer(_, let text, let mark, _):
                place += ":\(mark.line)"
                problem = text
            case .duplicatedKeysInMapping(let keys, let context):
                place += ":\(context.mark.line)"
                problem = "has \(keys.first ?? "a key") twice"
            case .reader(let text, _, _, _): problem = text
            default: break
            }
        }
        return CommandFailure("KM-CONFIG-MALFORMED", "\(place): \(problem)")
    }
}

/// Flattens nested maps.
private struct Reader {
    /// A map in a map is all that any key needs.
    private static let deepest = 4

    let path: String
    private(set) var items: [ConfigurationDocument.Item] = []
    private var keys: Set<String> = []
    private var depth = 0

    init(path: String) { self.path = path }

    mutating func read(_ mapping: Node.Mapping, below prefix: String) throws(CommandFailure) {
        depth += 1
        defer { depth -= 1 }
        for (name, value) in mapping {
            let line = name.mark?.line ?? 0
            guard case .scalar(let scalar) = name, !scalar.string.isEmpty else {
                throw malformed(line, "a key is one word")
            }
            let key = prefix + scalar.string
            switch value {
            case .mapping(let nested):
                guard depth < Self.deepest else { throw malformed(line, "\(key) is nested too deeply") }
                try read(nested, below: key + ".")
            case .sequence(let list):
                var values: [String] = []
                for element in list { values.append(try text(element, of: key, line)) }
                try add(ConfigurationDocument.Item(key: key, values: values, isList: true, line: line))
            default:
                let text = try text(value, of: key, line)
                try add(ConfigurationDocument.Item(key: key, values: [text], isList: false, line: line))
            }
        }
    }

    private mutating func add(_ item: ConfigurationDocument.Item) throws(CommandFailure) {
        // `a.b: 1` and `a: {b: 1}` are one key, which the reader of YAML does not see.
        guard keys.insert(item.key).inserted else { throw malformed(item.line, "has \(item.key) twice") }
        items.append(item)
    }

    private func text(_ node: Node, of key: String, _ line: Int) throws(CommandFailure) -> String {
        guard case .scalar(let scalar) = node else { throw malformed(line, "\(key) holds more than values") }
        let isPlain = scalar.style == .plain || scalar.style == .any
        guard !(isPlain && ["", "~", "null"].contains(scalar.string)) else {
            throw malformed(line, "\(key) has no value")
        }
        return scalar.string
    }

    private func malformed(_ line: Int, _ problem: String) -> CommandFailure {
        CommandFailure("KM-CONFIG-MALFORMED", "\(path):\(line): \(problem)")
    }
}
