// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// The built `kelmark`, which lies beside the test bundle.
enum Binary {
    /// Where it is.
    static let path: String = {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(filePath: bundle).deletingLastPathComponent().appending(path: "kelmark").path
    }()
}

/// What a run of a program printed and ended with.
struct Run: Sendable {
    let command: String
    let status: Int32
    let output: [UInt8]
    let errors: String

    var text: String { String(decoding: output, as: UTF8.self) }

    /// The envelope of `--json`.
    func envelope() throws -> OrderedMap {
        let line = output.last == 0x0A ? Array(output.dropLast()) : output
        try #require(
            line.first == UInt8(ascii: "{"), "\(command): status \(status), \(text.prefix(300)), \(errors.prefix(900))")
        return try #require(try OrderedValue(parsing: line.span, format: .json).mapValue)
    }

    /// Member `data` of the envelope.
    func data() throws -> OrderedMap { try #require(try envelope()["data"]?.mapValue) }

    /// The error code of the envelope.
    func code() throws -> String? { try envelope()["error"]?["code"]?.textValue }
}

/// A folder of its own with a home below it, removed when the test is over.
final class Sandbox: Sendable {
    let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "kelmark-e2e-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try write("correct horse battery staple\n", to: "pass", mode: 0o600)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    var home: String { path("home") }
    func path(_ name: String) -> String { folder.appending(path: name).path }

    @discardableResult
    func write(_ text: String, to name: String, mode: Int = 0o644) throws -> String {
        try write(Array(text.utf8), to: name, mode: mode)
    }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String, mode: Int = 0o644) throws -> String {
        let path = path(name)
        try Data(bytes).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    func read(_ name: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: folder.appending(path: name))) }

    /// The environment of every run.
    var environment: [String: String] {
        [
            "HOME": folder.path, "KELMARK_HOME": home, "KELMARK_PASSPHRASE_FILE": path("pass"),
            "KELMARK_VAULT_COST": "temp", "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "SWIFT_BACKTRACE": "enable=no",
        ]
    }

    /// Runs the binary.
    @discardableResult
    func run(
        _ arguments: [String], environment more: [String: String?] = [:], input: [UInt8] = []
    ) throws -> Run {
        var environment = environment
        for (name, value) in more { environment[name] = value }
        return try Self.run(Binary.path, arguments, in: folder, environment: environment, input: input)
    }

    /// Runs the binary with words as typed.
    @discardableResult
    func kelmark(_ line: String, environment more: [String: String?] = [:], input: [UInt8] = []) throws -> Run {
        try run(line.split(separator: " ").map(String.init), environment: more, input: input)
    }

    /// Runs the binary and expects an exit code.
    @discardableResult
    func kelmark(_ line: String, expecting status: Int32, location: SourceLocation = #_sourceLocation) throws -> Run {
        let run = try kelmark(line)
        #expect(run.status == status, "\(line): \(run.errors)", sourceLocation: location)
        return run
    }

    /// Runs any program to its end.
    static func run(
        _ program: String, _ arguments: [String], in folder: URL, environment: [String: String], input: [UInt8] = []
    ) throws -> Run {
        let id = UUID().uuidString
        let files = ["in", "out", "err"].map { folder.appending(path: ".\(id).\($0)") }
        defer { for file in files { try? FileManager.default.removeItem(at: file) } }
        try Data(input).write(to: files[0])
        try Data().write(to: files[1])
        try Data().write(to: files[2])
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.environment = environment
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try process.run()
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : 1000 + process.terminationStatus
        return Run(
            command: arguments.joined(separator: " "), status: status, output: [UInt8](try Data(contentsOf: files[1])),
            errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
    }

    /// A home with an organisation of three keys and an issuer under it.
    static func withIssuer() throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.kelmark("init", expecting: 0)
        try sandbox.kelmark("id create acme --keys 3 --threshold 2", expecting: 0)
        try sandbox.kelmark("id delegate issuer --from acme", expecting: 0)
        return sandbox
    }

    /// The same, with an authority credential for `acme.example`.
    static func withAuthority(maxKeys: Int = 2) throws -> Sandbox {
        let sandbox = try withIssuer()
        try sandbox.kelmark(
            "issuer authorise issuer --from acme --trust-domain acme.example --max-keys \(maxKeys)", expecting: 0)
        return sandbox
    }

    /// A certificate request for a fresh key: `web.csr`.
    func makeRequest() throws {
        let made = try Sandbox.run(
            "/usr/bin/env",
            [
                "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                "web.key", "-subj", "/", "-out", "web.csr",
            ], in: folder, environment: environment)
        try #require(made.status == 0)
    }

    /// The AID with a name.
    func aid(_ name: String) throws -> String {
        try #require(try kelmark("id show \(name) --json", expecting: 0).data()["aid"]?.textValue)
    }

    /// Everything that the store shows: AIDs, logs, what waits, names.
    func contents() throws -> [String] {
        let list = try kelmark("id list --all --json", expecting: 0)
        var contents = [list.text, try kelmark("waiting --json", expecting: 0).text]
        for entry in try list.data()["identifiers"]?.listValue ?? [] {
            guard entry["status"]?.textValue != "waiting", let aid = entry["aid"]?.textValue else { continue }
            contents.append(try kelmark("kel show \(aid) --json", expecting: 0).text)
        }
        return contents
    }
}
