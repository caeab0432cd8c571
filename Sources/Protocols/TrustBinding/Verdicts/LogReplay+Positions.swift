// SPDX-License-Identifier: Apache-2.0

internal import KERI

extension LogReplay {
    /// The events of a log that had been accepted when the event of the current branch at `position` was.
    ///
    /// Order of acceptance and not sequence numbers decide: a recovery takes the number of an event that it supersedes, and
    /// what stood behind that one came before the recovery all the same. A log that does not reach the position stays whole.
    func events(of part: ProofPart, upTo position: LogPosition) -> [LoggedEvent] {
        guard let last = event(of: position.aid, at: position.sn) else { return part.events }
        let accepted = Dictionary(
            everyEvent(of: position.aid).map { ($0.said.text, $0.ordinal) }, uniquingKeysWith: { first, _ in first })
        let place = part.events.firstIndex { $0.position.said == last.said.text } ?? part.events.endIndex
        return part.events.enumerated().filter { index, event in
            if let ordinal = accepted[event.position.said] { return ordinal <= last.ordinal }
            // What was not accepted is judged when it claims to belong to that past.
            return event.position.sn <= position.sn.value || index < place
        }.map(\.element)
    }
}
