// SPDX-License-Identifier: Apache-2.0

public import KERI

/// A history as a processor made it: what to append, and the state after each event.
public struct SampleHistory: Sendable {
    /// Whose history it is.
    public let aid: AID
    /// Its records in the order of acceptance.
    public private(set) var records: [EventRecord] = []
    /// The state after each record.
    public private(set) var states: [KeyState] = []

    /// The time of the first event.
    public static let start = Timestamp(seconds: 1_700_000_000)

    /// An inception and then interactions, with a rotation at every fifth event.
    public init(_ name: String, events count: Int) throws {
        let store = MemoryKeyEventStore()
        var controller = SampleController(name)
        let inception = try controller.incept()
        aid = inception.event.aid
        try accept(inception, in: store)
        while records.count < count, let state = states.last {
            let next =
                records.count % 5 == 0
                ? try controller.rotate(behind: state) : try controller.interact(behind: state)
            try accept(next, in: store)
        }
    }

    /// Four events, of which the last two are then superseded by a rotation at position 2.
    public init(recovered name: String) throws {
        let store = MemoryKeyEventStore()
        var controller = SampleController(name)
        let inception = try controller.incept()
        aid = inception.event.aid
        try accept(inception, in: store)
        for _ in 0..<3 { try accept(controller.interact(behind: states[states.count - 1]), in: store) }
        try accept(controller.rotate(behind: states[1]), in: store)
    }

    private mutating func accept(_ signed: SampleController.SignedEvent, in store: MemoryKeyEventStore) throws {
        let now = Self.start.advanced(bySeconds: Int64(records.count))
        let outcome = try EventProcessor(store: store)
            .process(.keyEvent(signed.event), with: signed.attachments, now: now)
        guard case .accepted(let ordinal) = outcome else {
            throw ConformanceFailure("a sample event was not accepted: \(outcome)")
        }
        let aid = self.aid
        let (record, state) = try store.read { transaction in
            guard let state = transaction.keyState(of: aid),
                let record = transaction.records(of: aid, from: ordinal, limit: 1).first
            else { throw ConformanceFailure("a sample event is missing") }
            return (record, state)
        }
        records.append(record)
        states.append(state)
    }
}
