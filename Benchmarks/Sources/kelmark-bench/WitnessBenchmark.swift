// SPDX-License-Identifier: Apache-2.0

import Foundation
import KERI
import Synchronization

/// Controllers that post events to a witness over HTTP, each on a thread and a connection of its own, and wait for the
/// receipt of one before they post the next.
enum WitnessBenchmark {
    /// Posts the same pre-made events, whoever listens. Prints `receipts COUNT SECONDS ERRORS CONNECTIONS`.
    static func receipts(port: UInt16, controllers: Int, events: Int, name: String, witnesses: [AID]) throws {
        let works = try (0..<controllers).map {
            try WitnessWork(name: "\(name) \($0)", events: events, witnesses: witnesses)
        }
        let requests = works.map { $0.posts.map { PostClient.request($0, port: port) } }
        let answers = Mutex<[Int: [(status: Int, body: [UInt8])?]]>([:])
        let connections = Mutex(0)
        let seconds = Measurement.of {
            together(controllers) { place in
                var client = PostClient(port: port)
                let mine = requests[place].map { client.send($0) }
                client.close()
                let count = client.connections
                connections.withLock { $0 += count }
                answers.withLock { $0[place] = mine }
            }
        }.seconds
        // What came is checked when the clock has stopped.
        var good = 0
        for (place, mine) in answers.withLock({ $0 }) {
            for (post, answer) in zip(works[place].posts, mine) {
                guard let answer, answer.status == 200,
                    WitnessWork.isReceipt(answer.body, of: post, by: witnesses)
                else { continue }
                good += 1
            }
        }
        print("receipts \(good) \(seconds) \(controllers * events - good) \(connections.withLock { $0 })")
    }

    /// Many AIDs, each with a few events, and how much memory the witness has meanwhile.
    static func load(port: UInt16, aids: Int, events: Int, witnesses: [AID], process: Int32) throws {
        let next = Mutex(0)
        let done = Mutex((events: 0, errors: 0, mark: 0))
        let began = ContinuousClock.now
        print("  at the start: \(resident(process) >> 20) MiB")
        together(8) { _ in
            var client = PostClient(port: port)
            while true {
                let number = next.withLock { number in
                    number += 1
                    return number - 1
                }
                guard number < aids,
                    let work = try? WitnessWork(name: "load \(number)", events: events, witnesses: witnesses)
                else { break }
                var errors = 0
                for post in work.posts {
                    guard let answer = client.send(PostClient.request(post, port: port)), answer.status == 200,
                        WitnessWork.isReceipt(answer.body, of: post, by: witnesses)
                    else {
                        errors += 1
                        continue
                    }
                }
                done.withLock { done in
                    done.events += work.posts.count
                    done.errors += errors
                    let tenth = done.events * 10 / (aids * events)
                    guard tenth > done.mark else { return }
                    done.mark = tenth
                    let elapsed = ContinuousClock.now - began
                    print(
                        "  \(tenth * 10) %: \(grouped(Double(done.events))) events, \(done.errors) errors,",
                        "\(resident(process) >> 20) MiB resident, \(elapsed.components.seconds) s")
                    fflush(nil)
                }
            }
            client.close()
        }
        let (count, errors, _) = done.withLock { $0 }
        guard errors == 0, count == aids * events else {
            print("  failed: \(errors) errors, \(count) of \(aids * events) events")
            throw FixtureError()
        }
    }

    private static func together(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let all = DispatchGroup()
        for place in 0..<count {
            all.enter()
            let thread = Thread {
                body(place)
                all.leave()
            }
            thread.stackSize = 1 << 20
            thread.start()
        }
        all.wait()
    }

    /// Resident memory of another process in bytes.
    private static func resident(_ process: Int32) -> Int {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmRSS:") }),
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return 0 }
        return kibibytes << 10
    }
}
