// SPDX-License-Identifier: Apache-2.0

import KERI

/// Cost per event and memory per event as a log grows.
enum GrowthBenchmark {
    static func run(largest: Int) throws {
        print("cost per event as the log grows, in memory, one thread")
        let fixture = try KeyLogFixture(events: largest)
        var size = 1000
        while size <= largest {
            let stream = fixture.prefix(size)
            let before = residentBytes()
            let store = MemoryKeyEventStore()
            var processor = StreamProcessor(EventProcessor(store: store))
            var accepted = 0
            let time = try Measurement.of {
                try processor.process(stream, now: ReplayBenchmark.now) { report in
                    if case .decided(_, _, .accepted) = report.result { accepted += 1 }
                }
            }.seconds
            precondition(accepted == size)
            let bare = Measurement.of { ReplayBenchmark.bare(fixture, threads: 1, first: size) }.seconds
            print(
                "  \(grouped(Double(size))) events: \(Int(time / Double(size) * 1e9)) ns/event,",
                "bare check \(Int(bare / Double(size) * 1e9)) ns/event, share \(rounded(bare / time)),",
                "memory \(grouped(Double(residentBytes() - before) / Double(size))) bytes/event of",
                "\(stream.count / size) on the wire")
            withExtendedLifetime(store) {}
            size *= 10
        }
    }
}
