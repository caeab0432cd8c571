// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// The configuration file and its drop-ins: of several that have a key, the last one counts.
struct ConfigurationFiles: Sendable {
    /// What a key has, and where.
    struct Found: Sendable, Hashable {
        let item: ConfigurationDocument.Item
        let path: String

        /// File and line.
        var place: String { "\(path):\(item.line)" }
    }

    /// Most drop-ins that are read.
    static let mostDropIns = 256

    /// The file first, then its drop-ins by their names.
    let documents: [ConfigurationDocument]
    private let byKey: [String: Found]

    /// Joins documents; the last one that has a key counts.
    init(_ documents: [ConfigurationDocument] = []) {
        self.documents = documents
        var byKey: [String: Found] = [:]
        for document in documents {
            for item in document.items { byKey[item.key] = Found(item: item, path: document.path) }
        }
        self.byKey = byKey
    }

    /// What a key has; nil when no file has it.
    subscript(key: String) -> Found? { byKey[key] }

    /// Whether a file has any key of a section.
    func hasSection(_ section: String) -> Bool { byKey.keys.contains { $0.hasPrefix(section + ".") } }

    /// Reads a file and the `*.yaml` of the folder `FILE.d` beside it.
    /// - Throws: ``CommandFailure`` when one can't be read, or the file is not there and must be.
    init(path: String, isRequired: Bool) throws(CommandFailure) {
        var documents: [ConfigurationDocument] = []
        if isRequired || FileManager.default.fileExists(atPath: path) {
            documents.append(try ConfigurationDocument(path: path))
        }
        let folder = path + ".d"
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
            .filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted()
        guard names.count <= Self.mostDropIns else {
            throw CommandFailure("KM-CONFIG-MALFORMED", "\(folder) has more than \(Self.mostDropIns) files")
        }
        for name in names { documents.append(try ConfigurationDocument(path: folder + "/" + name)) }
        self.init(documents)
    }

    /// Finds and reads the configuration: the file that `--config` names, else the one of `KELMARK_CONFIG`, else the one
    /// in the home folder, else the one below `$XDG_CONFIG_HOME`. Only the last two may be missing.
    /// - Throws: ``CommandFailure``.
    static func find(
        named flag: String?, environment: [String: String], home: String
    ) throws(CommandFailure) -> ConfigurationFiles {
        let variable = environment[Product.environmentPrefix + "_CONFIG"].flatMap { $0.isEmpty ? nil : $0 }
        if let named = flag ?? variable { return try ConfigurationFiles(path: named, isRequired: true) }
        let standard = [
            home + "/" + Product.configurationFile,
            XDGFolder.path("XDG_CONFIG_HOME", or: ".config", environment) + "/" + Product.configurationFolder + "/"
                + Product.configurationFile,
        ]
        for path in standard {
            let files = try ConfigurationFiles(path: path, isRequired: false)
            if !files.documents.isEmpty { return files }
        }
        return ConfigurationFiles()
    }

    /// Every key that nothing has, in the order of the files.
    func unknownKeys() -> [CommandFailure] {
        var unknown: [CommandFailure] = []
        for document in documents {
            for item in document.items where !ConfigurationKeys.isKnown(item.key) {
                var cause = "\(document.path):\(item.line): the key \(item.key) is not known"
                if let nearest = ConfigurationKeys.nearest(to: item.key) { cause += "; did you mean \(nearest)?" }
                unknown.append(CommandFailure("KM-CONFIG-UNKNOWN-KEY", cause))
            }
        }
        return unknown
    }
}

/// The base folders of the XDG specification; a variable that is no absolute path is ignored, as it demands.
enum XDGFolder {
    static func path(_ variable: String, or fallback: String, _ environment: [String: String]) -> String {
        if let set = environment[variable], set.hasPrefix("/") { return set }
        return (environment["HOME"] ?? NSHomeDirectory()) + "/" + fallback
    }
}
