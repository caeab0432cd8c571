// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

/// Commands that are killed, and outputs that take no more.
@Suite(.timeLimit(.minutes(5))) struct InterruptionTests {
    /// Starts a command and kills it after some milliseconds.
    private func kill(_ line: String, in box: Sandbox, after milliseconds: Int) throws {
        let process = Process()
        process.executableURL = URL(filePath: Binary.path)
        process.arguments = line.split(separator: " ").map(String.init)
        process.currentDirectoryURL = box.folder
        process.environment = box.environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        usleep(UInt32(milliseconds) * 1000)
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    @Test func killedCommandsLeaveAHomeThatGoesOn() throws {
        let box = try Sandbox.withAuthority(maxKeys: 64)
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SplitMix(state: seed)
        let commands = [
            "id rotate acme", "id anchor acme --empty", "id rotate issuer", "id approve issuer",
            "issuer statement issuer --trust-domain acme.example", "id create other", "id delegate more --from acme",
            "issuer authorise issuer --from acme --trust-domain acme.example --max-keys 64",
        ]
        for round in 0..<25 {
            let line = commands[Int(random.next() % UInt64(commands.count))]
            try kill(line, in: box, after: Int(random.next() % 60))
            let shown = try box.kelmark("id show acme --json")
            #expect(shown.status == 0, "seed \(seed), round \(round), \(line): \(shown.errors)")
        }
        // Whatever was under way, both AIDs can go on.
        let pending = try box.kelmark("id approve issuer")
        #expect([0, 4].contains(pending.status), "seed \(seed): \(pending.errors)")
        let rotated = try box.kelmark("id rotate issuer")
        #expect(rotated.status == 6, "seed \(seed): \(rotated.errors)")
        #expect(try box.kelmark("id approve issuer").status == 0, "seed \(seed)")
        #expect(try box.kelmark("id rotate acme").status == 0, "seed \(seed)")
        #expect(try box.kelmark("issuer statement issuer --trust-domain acme.example").status == 0, "seed \(seed)")
        let doctor = try box.kelmark("doctor")
        #expect(doctor.status == 0, "seed \(seed): \(doctor.text)")
        try box.kelmark("id export issuer --out issuer.cesr", expecting: 0)
        let verified = try box.kelmark("kel verify issuer.cesr")
        #expect(verified.status == 0, "seed \(seed): \(verified.errors)")
    }

    @Test func outputThatTakesNoMore() throws {
        let box = try Sandbox.withIssuer()
        for line in ["id export acme", "id list --json", "explain --list"] {
            let run = try Sandbox.run(
                "/bin/sh", ["-c", "\(Binary.path) \(line) > /dev/full"], in: box.folder, environment: box.environment)
            #expect(run.status == 70, "\(line)")
            #expect(run.errors.contains("KM-INPUT-UNWRITABLE"), "\(line): \(run.errors)")
        }
        // A reader that goes away is no failure.
        let piped = try Sandbox.run(
            "/bin/sh", ["-c", "\(Binary.path) explain --reference | head -n 1"], in: box.folder,
            environment: box.environment)
        #expect(piped.status == 0)
        #expect(piped.text == "# Errors\n")
    }
}

/// Random numbers from a seed, so that a failure can be repeated.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
