// SPDX-License-Identifier: Apache-2.0

import CSodiumBare
import Glibc
import KERI

precondition(sodium_init() >= 0, "libsodium does not start")
let arguments = Array(CommandLine.arguments.dropFirst())
do {
    switch arguments.first {
    case "replay": try ReplayBenchmark.run()
    case "framing": try FramingBenchmark.run()
    case "growth": try GrowthBenchmark.run(largest: arguments.dropFirst().first.flatMap { Int($0) } ?? 1_000_000)
    case "storage" where arguments.count == 2: try StorageBenchmark.run(folder: arguments[1])
    case "writers" where arguments.count == 2: try WritersBenchmark.run(folder: arguments[1])
    case "file" where arguments.count == 3: try StorageBenchmark.file(arguments[1], folder: arguments[2])
    case "make" where arguments.count == 4:
        let fixture = try KeyLogFixture(events: Int(arguments[1]) ?? 1000, witnesses: Int(arguments[2]) ?? 0)
        try writeFile(fixture.stream, to: arguments[3])
    case "credentials":
        print("credentials of one issuer, each with its sealed issuance, 5 rounds interleaved, medians")
        for isChained in [false, true] { try CredentialBenchmark.bare(count: 2000, isChained: isChained) }
    case "credential-make" where arguments.count == 5:
        try CredentialBenchmark.make(
            count: Int(arguments[1]) ?? 2000, isChained: arguments[2] == "chained", stream: arguments[3],
            schema: arguments[4])
    case "credential-file" where arguments.count == 4:
        try CredentialBenchmark.file(arguments[1], schema: arguments[2], folder: arguments[3])
    case "issuer" where arguments.count == 2: try await IssuerBenchmark.run(folder: arguments[1])
    case "registrations" where arguments.count == 4:
        try await RegistrationBenchmark.run(
            folder: arguments[1], entries: Int(arguments[2]) ?? 100_000, own: Int(arguments[3]) ?? 1_000)
    case "workload" where arguments.count == 5:
        guard let call = WorkloadBenchmark.Call(rawValue: arguments[1]) else { throw FixtureError() }
        try await WorkloadBenchmark.run(
            call, socket: arguments[2], clients: Int(arguments[3]) ?? 1, calls: Int(arguments[4]) ?? 1)
    case "entries" where arguments.count == 8:
        let plan = EntryLoad.Plan(
            trustDomain: arguments[2], parent: arguments[3], nodes: Int(arguments[4]) ?? 0,
            count: Int(arguments[5]) ?? 1, perCall: Int(arguments[6]) ?? 1, name: arguments[7])
        try await EntryLoad.run(plan, socket: arguments[1])
    case "receipts" where arguments.count == 6:
        let witnesses = arguments[5].split(separator: ",").compactMap { AID(String($0)) }
        try WitnessBenchmark.receipts(
            port: UInt16(arguments[1]) ?? 0, controllers: Int(arguments[2]) ?? 1, events: Int(arguments[3]) ?? 1,
            name: arguments[4], witnesses: witnesses)
    case "load" where arguments.count == 6:
        let witnesses = arguments[4].split(separator: ",").compactMap { AID(String($0)) }
        try WitnessBenchmark.load(
            port: UInt16(arguments[1]) ?? 0, aids: Int(arguments[2]) ?? 1, events: Int(arguments[3]) ?? 1,
            witnesses: witnesses, process: Int32(arguments[5]) ?? 0)
    case "profile" where arguments.count == 2:
        let stream = try readFile(arguments[1])
        for _ in 0..<5 { _ = try ReplayBenchmark.replay(stream) }
    default:
        print(
            "usage: kelmark-bench replay | framing | growth [EVENTS] | storage FOLDER | writers FOLDER | file STREAM FOLDER | make EVENTS WITNESSES FILE | profile FILE | credentials | credential-make COUNT plain|chained FILE SCHEMA | credential-file FILE SCHEMA FOLDER | issuer FOLDER | registrations FOLDER ENTRIES OWN | workload CALL SOCKET CLIENTS CALLS | entries SOCKET DOMAIN PARENT NODES COUNT PERCALL NAME | receipts PORT CONTROLLERS EVENTS NAME WITNESSES | load PORT AIDS EVENTS WITNESSES PID"
        )
        exit(2)
    }
} catch {
    print("failed: \(error)")
    exit(1)
}
