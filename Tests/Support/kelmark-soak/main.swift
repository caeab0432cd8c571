// SPDX-License-Identifier: Apache-2.0

internal import FaultDrill
private import Foundation

// What scripts/soak starts, kills and asks:
//   kelmark-soak write FOLDER --lane N --seed N --steps N [--checkpoint PAGES]   writes; says on standard output what is durable
//   kelmark-soak check FOLDER --lanes N < ACKNOWLEDGED      opens everything again and looks for all of it
//   kelmark-soak network FOLDER --seed N [--events N] [--wipe 1]   witnesses in trouble; KELMARK names the command
// Exit codes: 0 good, 1 something is lost or damaged, 2 wrong use.

func option(_ name: String) -> UInt64? {
    guard let place = CommandLine.arguments.firstIndex(of: name) else { return nil }
    return CommandLine.arguments.dropFirst(place + 1).first.flatMap { UInt64($0) }
}

let arguments = CommandLine.arguments
do {
    switch (arguments.dropFirst().first, arguments.dropFirst(2).first) {
    case ("write", let folder?):
        guard let seed = option("--seed"), let steps = option("--steps") else { exit(2) }
        var writer = try SoakWriter(
            folder: folder, lane: Int(option("--lane") ?? 0), seed: seed,
            checkpointPages: Int(option("--checkpoint") ?? 2000))
        try writer.run(steps: Int(steps))
    case ("check", let folder?):
        var checker = SoakChecker(folder: folder, lanes: Int(option("--lanes") ?? 1))
        var lines: [Substring] = []
        while let line = readLine() { lines.append(line[...]) }
        let findings = try checker.run(lines)
        for finding in findings { print("FAIL \(finding)") }
        print(checker.summary)
        exit(findings.isEmpty ? 0 : 1)
    case ("network", let folder?):
        guard let seed = option("--seed"), let binary = ProcessInfo.processInfo.environment["KELMARK"] else { exit(2) }
        var options = FaultDrill.Options(seed: seed, binary: binary, folder: folder)
        options.events = Int(option("--events") ?? 1000)
        options.wipes = option("--wipe") == 1
        let numbers = try await FaultDrill(options) { line in
            print(line)
            fflush(nil)
        }.run()
        for line in numbers.lines { print(line) }
        for finding in numbers.findings.prefix(40) { print("FAIL \(finding)") }
        exit(numbers.findings.isEmpty ? 0 : 1)
    default: exit(2)
    }
} catch {
    print("FAIL \(error)")
    exit(1)
}
