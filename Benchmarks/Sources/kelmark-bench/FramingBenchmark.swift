// SPDX-License-Identifier: Apache-2.0

import CESR
import KelmarkBytes

/// Cutting a stream into messages, alone: no document is read, no signature checked.
enum FramingBenchmark {
    static func run() throws {
        let stream = try KeyLogFixture(events: 10_000).stream
        print("CESR framing of \(grouped(Double(stream.count))) bytes, 10 000 messages, medians of 5")
        for (name, mode) in [("structure only", StreamReader.Mode.structure), ("with attachments read", .attachments)] {
            var times: [Double] = []
            for _ in 0..<5 {
                var messages = 0
                times.append(
                    Measurement.of {
                        var reader = StreamReader(mode: mode)
                        while case .message = reader.next(in: stream.span) { messages += 1 }
                    }.seconds)
                precondition(messages == 10_000)
            }
            print("  \(name): \(grouped(Double(stream.count) / times.median / 1e6)) MB/s")
        }
    }
}
