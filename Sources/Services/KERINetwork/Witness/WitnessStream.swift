// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// The TCP interface of a witness: a CESR stream both ways (facts 10). New events are answered by the witness's own
/// inception, once, and a receipt each; queries by what they ask for.
public struct WitnessStream<Store: KeyEventStore, Boxes: MailboxStore>: StreamHandler {
    private let witness: Witness<Store, Boxes>

    /// Serves a witness.
    public init(_ witness: Witness<Store, Boxes>) { self.witness = witness }

    /// A conversation with a peer that has just connected.
    public func open(from source: String) -> any StreamConversation {
        WitnessConversation(witness, source: source)
    }
}

/// One conversation.
private actor WitnessConversation<Store: KeyEventStore, Boxes: MailboxStore>: StreamConversation {
    private let witness: Witness<Store, Boxes>
    private let source: String
    private var reader: StreamReader
    private var parser: MessageParser
    private var isIntroduced = false
    /// A peer that sends mostly what can't be read is talking about something else.
    private var faults = 0
    private let mostFaults = 16

    init(_ witness: Witness<Store, Boxes>, source: String) {
        self.witness = witness
        self.source = source
        reader = StreamReader(limits: witness.limits)
        parser = MessageParser(limits: witness.limits)
    }

    func receive(_ bytes: [UInt8]) async -> [UInt8]? {
        reader.append(bytes.span)
        var answer: [UInt8] = []
        while true {
            switch reader.next() {
            case .end, .needMore: return answer
            case .fault:
                faults += 1
                guard faults < mostFaults else { return nil }
            case .message(let frame):
                witness.meter.countRequest()
                guard witness.rate.admits(source, at: witness.clock.now()) else {
                    witness.meter.countLimited()
                    return nil
                }
                guard let body = reader.bytes(frame.bodyRange) else { return nil }
                do {
                    answer += try await react(to: body, frame)
                } catch is MessageError {
                    faults += 1
                    guard faults < mostFaults else { return nil }
                } catch {
                    witness.meter.countStoreFailure()
                    return nil
                }
            }
        }
    }

    private func react(to body: [UInt8], _ frame: MessageFrame) async throws -> [UInt8] {
        let message = try parser.parse(body.span, version: frame.version)
        guard case .keyEvent(let event) = message else {
            let reaction = try await witness.take(ReceivedMessage(message, frame.attachments), mailsAnswers: false)
            let answer = reaction.answer?.stream ?? []
            witness.rate.charge(source, bytes: answer.count, at: witness.clock.now())
            return answer
        }
        guard
            // Who sends an event again has perhaps lost the first answer.
            case .receipted(let signature, _) = try await witness.receipt(
                event, frame.attachments, onlyOurs: false)
        else { return [] }
        let receipt = try witness.receiptMessage(
            of: EventSeal(aid: event.aid, sn: event.sn, said: event.said), signature)
        guard !isIntroduced else { return receipt }
        isIntroduced = true
        return try LogReplay.stream(of: witness.aid, from: witness.store) + receipt
    }
}
