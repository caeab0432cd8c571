// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KERINetwork

#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#endif

/// One `kelmark witness serve` in a process and a home folder of its own, behind a proxy that does harm.
final class DrillWitness {
    let number: Int
    let name: String
    let aid: AID
    /// Where everybody reaches it.
    let proxy: FaultyProxy
    /// Where only the drill reaches it.
    let direct: PeerURL
    let program: Program
    private var process: ChildProcess?
    private(set) var isUp = false
    private(set) var isPaused = false
    /// How often it was started again behind a kill.
    private(set) var restarts = 0

    var store: String { "\(program.home)/witnesses/\(name).sqlite" }

    init(number: Int, name: String, aid: AID, proxy: FaultyProxy, direct: PeerURL, program: Program) {
        self.number = number
        self.name = name
        self.aid = aid
        self.proxy = proxy
        self.direct = direct
        self.program = program
    }

    /// Starts it and waits until it is ready.
    func start(_ transport: some PeerTransport) async throws {
        let arguments = [
            "witness", "serve", "\(name):\(direct.port)", "--url", "http://127.0.0.1:\(proxy.port)/", "--rate",
            "100000",
        ]
        let process = try program.start(arguments)
        self.process = process
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            guard process.isRunning else { throw DrillFailure("\(name) does not start: see \(program.log)") }
            let request = PeerRequest(.get, direct, target: "/readyz")
            if let answer = try? await transport.send(request, timeout: .seconds(2), limit: 4096), answer.status == 200
            {
                break
            }
            guard ContinuousClock.now < deadline else { throw DrillFailure("\(name) is not ready in 60 s") }
            try await Task.sleep(for: .milliseconds(20))
        }
        isUp = true
    }

    /// Kills it.
    func kill() async throws {
        process?.send(SIGKILL)
        guard try await process?.wait(atMost: .seconds(10)) == 256 + SIGKILL else {
            throw DrillFailure("\(name) did not die by SIGKILL, but ended before")
        }
        isUp = false
        isPaused = false
    }

    func restart(_ transport: some PeerTransport) async throws {
        restarts += 1
        try await start(transport)
    }

    func pause() {
        process?.send(SIGSTOP)
        isPaused = true
    }

    func resume() {
        process?.send(SIGCONT)
        isPaused = false
    }

    /// Whether it ended by itself.
    var hasCrashed: Bool { isUp && process?.isRunning == false }

    /// Ends it in order.
    /// - Returns: its exit code.
    func stop() async throws -> Int32 {
        process?.send(SIGTERM)
        isUp = false
        if let code = try await process?.wait(atMost: .seconds(20)) { return code }
        process?.send(SIGKILL)
        return -1
    }

    /// Ends it at once, whatever its state.
    func abandon() {
        process?.send(SIGKILL)
        process?.send(SIGCONT)
    }
}

/// The `kelmark` command with one home folder.
struct Program {
    let binary: String
    let home: String
    let log: String
    let passphrase: String

    private var environment: [String: String] {
        ["HOME": home, "PATH": "/usr/bin:/bin", "KELMARK_VAULT_COST": "temp", "SWIFT_BACKTRACE": "enable=no"]
    }

    func start(_ arguments: [String], output: String? = nil) throws -> ChildProcess {
        try ChildProcess(
            [binary] + arguments + ["--no-input", "--home", home, "--passphrase-file", passphrase],
            environment: environment, log: output ?? log)
    }

    /// Runs a command to its end.
    /// - Returns: what it printed with `--json`.
    func run(_ arguments: [String], accepting codes: [Int32] = [0]) async throws -> String {
        let output = "\(log).out"
        unlink(output)
        let process = try start(arguments + ["--json"], output: output)
        guard let code = try await process.wait(atMost: .seconds(60)) else {
            process.send(SIGKILL)
            throw DrillFailure("kelmark \(arguments.joined(separator: " ")) does not end")
        }
        let text = try FileText.read(output)
        guard codes.contains(code) else {
            throw DrillFailure("kelmark \(arguments.joined(separator: " ")) ended with \(code): \(text)")
        }
        return text
    }
}
