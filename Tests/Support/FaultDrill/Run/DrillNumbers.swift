// SPDX-License-Identifier: Apache-2.0

/// Something that must not be.
package struct Finding: Sendable, Hashable, CustomStringConvertible {
    /// What kind of thing. The raw values are what the drill prints.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A receipt or an event that was there is gone.
        case lost
        /// A witness signed two events at one place.
        case doubled
        /// Logs that must be the same are not.
        case differs
        /// An event waits and nothing shows it.
        case unshown
        /// An event that could have its receipts has not.
        case unmet
        /// A process ended by itself, or did not end in order.
        case process
    }

    package let kind: Kind
    package let detail: String

    package init(_ kind: Kind, _ detail: String) {
        self.kind = kind
        self.detail = detail
    }

    package var description: String { "\(kind.rawValue): \(detail)" }
}

/// What happened in a drill.
package struct DrillNumbers: Sendable {
    package var events = 0
    package var rotations = 0
    package var swaps = 0
    package var deliveries = 0
    package var retries = 0
    /// Events that had not their receipts behind the first delivery.
    package var waiting = 0
    package var shownByLibrary = 0
    package var shownByCommand = 0
    package var troubles: [Fault: Int] = [:]
    package var requests = 0
    package var requestsHit: [Fault: Int] = [:]
    package var restarts = 0
    package var restartsRemembered = 0
    package var twins = 0
    package var twinsRefused = 0
    package var receiptsSeen = 0
    package var receiptPlaces = 0
    package var receiptsHeld = 0
    package var receiptsPossible = 0
    package var receiptsByMail = 0
    package var receiptsAsked = 0
    package var logsCompared = 0
    package var eventsCompared = 0
    package var findings: [Finding] = []

    /// As lines for people.
    package var lines: [String] {
        func list(_ counts: [Fault: Int]) -> String {
            Fault.allCases.map { "\($0.rawValue) \(counts[$0] ?? 0)" }.joined(separator: ", ")
        }
        return [
            "events      \(events), of them \(rotations) rotations, \(swaps) more with a witness swap",
            "troubles    \(list(troubles))",
            "requests    \(requests) through the proxies; spoiled: \(list(requestsHit))",
            "deliveries  \(deliveries), of them \(retries) retries",
            "waiting     \(waiting) events behind their first delivery; shown \(shownByLibrary) times by the waiting list, "
                + "\(shownByCommand) times by kelmark waiting",
            "restarts    \(restarts) behind a kill, \(restartsRemembered) times the last receipt was still there",
            "twins       \(twins) second events offered, \(twinsRefused) refused",
            "receipts    \(receiptsSeen) seen at \(receiptPlaces) places; the controller holds \(receiptsHeld) of "
                + "\(receiptsPossible), \(receiptsByMail) of them by mail and \(receiptsAsked) by asking again in the end",
            "compared    \(logsCompared) logs with \(eventsCompared) events",
            "findings    \(findings.count)"
                + Finding.Kind.allCases.map { kind in
                    let count = findings.filter { $0.kind == kind }.count
                    return count == 0 ? "" : ", \(kind.rawValue) \(count)"
                }.joined(),
        ]
    }
}
