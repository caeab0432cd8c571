// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI

// Delivery to witnesses that listen for bare CESR streams only: everything goes into one connection, the receipts come back
// on it (facts 10, "TCP port").

extension Receiptor {
    /// Brings a witness what it lacks over one connection, and takes in what it answers.
    func bring(
        _ events: [Backlog.Event], of backlog: Backlog, to witness: AID, overStream url: PeerURL
    ) async -> WitnessResult {
        do {
            var stream: [UInt8] = []
            if backlog.isDelegated || backlog.isNew(witness) { stream = try backlog.foundation(wallet) }
            for event in events { stream += try Self.wrapped(event.body, event.attachments) }
            let count = events.count
            let answer = try await peers.transport.converse(
                stream, with: url, idle: policy.timeout, limit: policy.answerBytes
            ) { Self.receipts(in: $0) >= count }
            guard !answer.isEmpty else { return .unreachable("\(url) says nothing") }
            _ = try await turns.runAlone { [wallet, clock] in try wallet.ingest(answer, now: clock.now()) }
            for event in events {
                guard try Backlog.isReceipted(event, by: witness, wallet) else {
                    return .refused("no receipt of event \(event.seal.sn) is in the answer")
                }
            }
            return .receipted
        } catch let error as TransportError {
            return .unreachable(error.description)
        } catch { return .refused("\(error)") }
    }

    /// Gives a witness the receipts of the others; it answers nothing to them.
    /// - Returns: whether they left.
    func tell(_ requests: [PeerRequest], overStream url: PeerURL) async -> Bool {
        let stream = requests.reduce(into: [UInt8]()) { stream, request in
            stream += request.body
            if let groups = request.headers.first(where: { $0.name == "CESR-ATTACHMENT" })?.value {
                stream += groups.utf8
            }
        }
        let answer = try? await peers.transport.converse(
            stream, with: url, idle: .milliseconds(500), limit: policy.answerBytes, isEnough: { _ in false })
        return answer != nil
    }

    /// A message whose attachments say how long they are: on a stream nothing else tells where they end.
    private static func wrapped(_ body: [UInt8], _ groups: [UInt8]) throws -> [UInt8] {
        let stored = try StoredMessage(body + groups)
        return body + (try stored.attachments.encoded(in: .text, isWrapped: true))
    }

    /// How many receipts begin in some bytes; enough to know when to stop reading.
    private static func receipts(in bytes: [UInt8]) -> Int {
        let mark = Array(#""t":"rct""#.utf8)
        var count = 0
        var place = 0
        while place + mark.count <= bytes.count {
            if bytes[place] == mark[0], bytes[place..<(place + mark.count)].elementsEqual(mark) {
                count += 1
                place += mark.count
            } else {
                place += 1
            }
        }
        return count
    }
}
