// SPDX-License-Identifier: Apache-2.0

import CESR
import CSodiumBare
import Glibc
import KERI
import KelmarkBytes

let rounds = 5
let now = Timestamp(seconds: 1_700_000_000)

/// All signature checks of a fixture by the bare C library on one thread.
func bareChecks(_ fixture: KeyLogFixture) {
    fixture.stream.withUnsafeBufferPointer { stream in
        guard let base = stream.baseAddress else { return }
        for check in fixture.checks {
            let result = crypto_sign_verify_detached(
                check.signature, base + check.message.lowerBound, UInt64(check.message.count), check.key)
            precondition(result == 0)
        }
    }
}

func replay(_ fixture: KeyLogFixture) throws {
    let store = MemoryKeyEventStore()
    var processor = StreamProcessor(EventProcessor(store: store), batch: 1)
    var accepted = 0
    try processor.process(fixture.stream, now: now) { report in
        if case .decided(_, _, .accepted) = report.result { accepted += 1 }
    }
    precondition(accepted == fixture.events)
}

precondition(sodium_init() >= 0)
if CommandLine.arguments.count == 3, CommandLine.arguments[1] == "--profile-replay" {
    let fixture = try KeyLogFixture(events: Int(CommandLine.arguments[2]) ?? 1000, witnesses: 0)
    try replay(fixture)
    exit(0)
}
for (name, witnesses) in [("one signature an event", 0), ("and three witness receipts", 3)] {
    let fixture = try KeyLogFixture(events: 10_000, witnesses: witnesses)
    var bare: [Double] = []
    var ours: [Double] = []
    for _ in 0..<rounds {
        bare.append(Measurement.of { bareChecks(fixture) }.seconds)
        ours.append(try Measurement.of { try replay(fixture) }.seconds)
    }
    let events = Double(fixture.events)
    print(
        "\(name): bare \(grouped(events / bare.median))/s, replay \(grouped(events / ours.median))/s,",
        "share \((bare.median / ours.median * 1000).rounded() / 1000),",
        "overhead \(((ours.median - bare.median) / events * 1e9).rounded()) ns/event")
}
