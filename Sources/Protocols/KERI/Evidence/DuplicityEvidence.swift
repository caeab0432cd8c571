// SPDX-License-Identifier: Apache-2.0

package import CESR
public import KelmarkBytes

/// Evidence of duplicity as it was read: its form is right, whether it proves anything is asked by ``verified()``.
///
/// A stream of CESR messages (facts 7.9): a ``DuplicityStatement``; for an accused controller the logs of delegators and
/// the disputed log up to the place, with what proves each event; then the events of one branch and those of the other,
/// with the controller's signatures, or with the accused witness's receipts. Nothing else is needed to verify it.
public struct DuplicityEvidence: Sendable, Hashable {
    /// Most bytes of evidence: room for a log of some ten thousand events.
    public static let largest = 32 << 20

    /// Longest chain of delegators.
    static let deepestDelegation = 32

    /// Who is accused of what.
    public let statement: DuplicityStatement
    /// The whole evidence as received.
    public let bytes: [UInt8]
    /// The logs up to the place, in order.
    let log: [SignedEvent]
    /// The branches from the place on.
    let branches: [[SignedEvent]]

    /// Reads evidence without verifying it.
    ///
    /// - Parameters:
    ///   - bytes: the whole file or stream.
    ///   - limits: bounds for its messages.
    /// - Throws: ``EvidenceFault``.
    public init(reading bytes: [UInt8], limits: Limits = .standard) throws(EvidenceFault) {
        guard bytes.count <= Self.largest else {
            throw EvidenceFault(.tooLarge, "\(bytes.count) bytes, at most \(Self.largest) are read")
        }
        var reader = StreamReader(limits: limits)
        var parser = MessageParser(limits: limits)
        var statement: DuplicityStatement?
        var log: [SignedEvent] = []
        var disputed: [SignedEvent] = []
        reading: while true {
            let frame: MessageFrame
            switch reader.next(in: bytes.span) {
            case .end, .needMore: break reading
            case .fault(let fault): throw EvidenceFault(.unreadable, "no message at byte \(fault.offset)")
            case .message(let found): frame = found
            }
            let message: Message
            do throws(MessageError) {
                message = try parser.parse(bytes.span.extracting(frame.bodyRange), version: frame.version)
            } catch { throw EvidenceFault(.unreadable, "\(error), in the message at byte \(frame.range.lowerBound)") }
            switch (message, statement) {
            case (.bare(let head), nil):
                guard let read = DuplicityStatement(head), frame.attachments.isEmpty else {
                    throw EvidenceFault(.notEvidence, "the first message states no duplicity")
                }
                statement = read
            case (.keyEvent(let event), let statement?):
                let signed = SignedEvent(event: event, attachments: frame.attachments)
                if event.aid == statement.aid, event.sn >= statement.sn {
                    disputed.append(signed)
                } else {
                    guard disputed.isEmpty else {
                        throw EvidenceFault(.foreignMessage, "event \(event.sn) of \(event.aid) behind the branches")
                    }
                    log.append(signed)
                }
            case (_, nil): throw EvidenceFault(.notEvidence, "the first message states no duplicity")
            case (_, _?):
                throw EvidenceFault(.foreignMessage, "the message at byte \(frame.range.lowerBound) is no key event")
            }
        }
        guard let statement else { throw EvidenceFault(.notEvidence, "it is empty") }
        self.statement = statement
        self.bytes = bytes
        self.log = log
        branches = try Self.branches(in: disputed, of: statement)
    }

    /// Splits the disputed events into the two branches that the statement names, each a chain.
    private static func branches(
        in disputed: [SignedEvent], of statement: DuplicityStatement
    ) throws(EvidenceFault) -> [[SignedEvent]] {
        guard let split = disputed.dropFirst().firstIndex(where: { $0.event.said == statement.second }),
            disputed[0].event.said == statement.first
        else { throw EvidenceFault(.notEvidence, "the events that the statement names are not there in order") }
        let branches = [Array(disputed[..<split]), Array(disputed[split...])]
        for branch in branches {
            guard branch[0].event.sn == statement.sn else {
                throw EvidenceFault(.notEvidence, "\(branch[0].event.said) does not stand at \(statement.sn)")
            }
            for (before, after) in zip(branch, branch.dropFirst()) {
                guard after.event.sn == before.event.sn.next, after.event.prior == before.event.said else {
                    throw EvidenceFault(
                        .foreignMessage, "\(after.event.said) does not continue \(before.event.said)")
                }
            }
        }
        return branches
    }
}

/// An event with what was attached to it, verified or not.
package struct SignedEvent: Sendable, Hashable {
    package let event: KeyEvent
    package let attachments: Attachments

    package init(event: KeyEvent, attachments: Attachments) {
        self.event = event
        self.attachments = attachments
    }
}
