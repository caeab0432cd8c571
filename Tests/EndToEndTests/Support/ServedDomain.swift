// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Synchronization
import Testing

/// `kelmark issuer serve` as a process of its own, for the trust domain `acme.example`.
final class ServedDomain: Sendable {
    let box: Sandbox
    let socket: String
    private let arguments: [String]
    private let process: Mutex<Process?> = Mutex(nil)

    /// Serves from a home; port 0 everywhere, since only the socket is asked, unless agents are to come.
    init(_ box: Sandbox, _ options: [String], port: UInt16 = 0) throws {
        self.box = box
        // Paths of sockets are short, whatever the folder for temporary files is.
        socket = "/tmp/kelmark-\(UUID().uuidString.prefix(8)).sock"
        arguments =
            [
                "issuer", "serve", "--trust-domain", "acme.example", "--folder", box.path("served"), "--socket-path",
                socket, "--listen", "127.0.0.1:\(port)", "--bundle-listen", "127.0.0.1:0", "--health-listen",
                "127.0.0.1:0",
            ] + options
        try start()
    }

    deinit {
        stop()
        unlink(socket)
    }

    /// Starts it, and returns when it answers at its socket.
    func start() throws {
        try process.withLock { $0 = try Self.serve(arguments, in: box) }
        for _ in 0..<600 {
            if try box.kelmark("healthcheck --socket-path \(socket)").status == 0 { return }
            guard isRunning else { break }
            usleep(100_000)
        }
        Issue.record("the issuer does not answer: \(log.suffix(2000))")
    }

    private static func serve(_ arguments: [String], in box: Sandbox) throws -> sending Process {
        let process = Process()
        process.executableURL = URL(filePath: Binary.path)
        process.arguments = arguments
        process.environment = box.environment
        process.currentDirectoryURL = box.folder
        process.standardOutput = FileHandle.nullDevice
        _ = FileManager.default.createFile(atPath: box.path("issuer.log"), contents: nil)
        process.standardError = try FileHandle(forWritingTo: box.folder.appending(path: "issuer.log"))
        try process.run()
        return process
    }

    private var isRunning: Bool { process.withLock { $0?.isRunning ?? false } }

    /// Starts an agent of this issuer, and waits until it serves.
    /// - Parameters:
    ///   - port: where the issuer listens.
    ///   - proof: how the node proves itself; by a token that is made for it unless given.
    /// - Returns: its process, and its Workload API.
    func startAgent(
        _ port: UInt16, proof: [String]? = nil
    ) throws -> sending (process: Process, socket: String) {
        let bundle = box.path("bundle.pem")
        let proof = try proof ?? ["--join-token-file", token()]
        let shown = try box.kelmark("bundle show --format pem --socket-path \(socket)", expecting: 0)
        try box.write(shown.output, to: "bundle.pem")
        let place = "/tmp/kelmark-\(UUID().uuidString.prefix(8)).sock"
        let process = Process()
        process.executableURL = URL(filePath: Binary.path)
        process.arguments =
            [
                "agent", "serve", "--trust-domain", "acme.example", "--server", "127.0.0.1:\(port)", "--trust-bundle",
                bundle, "--folder", box.path("agent-\(UUID().uuidString)"), "--socket-path", place, "--health-listen",
                "127.0.0.1:0",
            ] + proof
        process.environment = box.environment
        process.currentDirectoryURL = box.folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<300 {
            if try box.kelmark("healthcheck --agent --socket-path \(place)").status == 0 || !process.isRunning { break }
            usleep(100_000)
        }
        return (process, place)
    }

    private func token() throws -> String {
        let file = box.path("token-\(UUID().uuidString)")
        try box.kelmark("token create --out \(file) --socket-path \(socket)", expecting: 0)
        return file
    }

    /// What it logged since it was started.
    var log: String { (try? box.read("issuer.log")).map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Ends it in order.
    func stop() {
        process.withLock { process in
            process?.terminate()
            process?.waitUntilExit()
            process = nil
        }
    }

    /// Ends it as a crash does.
    func crash() {
        process.withLock { process in
            guard let running = process else { return }
            kill(running.processIdentifier, SIGKILL)
            running.waitUntilExit()
            process = nil
        }
    }

    /// A command to the issuer, and its data.
    @discardableResult
    func ask(_ line: String, location: SourceLocation = #_sourceLocation) throws -> OrderedMap {
        let run = try box.kelmark("\(line) --socket-path \(socket) --json")
        #expect(run.status == 0, "\(line): \(run.errors)", sourceLocation: location)
        return try run.data()
    }

    /// Asks until the answer is true.
    func wait(
        _ what: String, location: SourceLocation = #_sourceLocation, _ question: () throws -> Bool
    ) throws {
        for _ in 0..<300 {
            if try question() { return }
            usleep(100_000)
        }
        Issue.record("\(what) does not come to pass: \(log.suffix(2000))", sourceLocation: location)
    }

    /// The name of the authority that signs.
    func active(_ kind: String = "x509") throws -> String? {
        try ask("localauthority \(kind) show")["active"]?["authority_id"]?.textValue
    }

    /// Lets another authority sign; the name of the former one.
    func rotate(_ kind: String = "x509") throws -> String {
        let old = try #require(try active(kind))
        let next = try ask("localauthority \(kind) prepare")["prepared_authority"]?["authority_id"]?.textValue
        try ask("localauthority \(kind) activate \(try #require(next))")
        return old
    }

    /// How many roots the bundle has.
    func rootCount() throws -> Int { try ask("bundle show")["x509_authorities"]?.listValue?.count ?? 0 }

    /// How the home says that the statement about a key stands: `live`, `withdrawn`, `fallen`; nil when there is none.
    func standing(of key: String) throws -> String? {
        let data = try box.kelmark("authority list --json", expecting: 0).data()
        for authority in data["authorities"]?.listValue ?? [] {
            for one in authority["keys"]?.listValue ?? [] where one["key"]?.textValue == key {
                return one["state"]?.textValue
            }
        }
        return nil
    }
}
