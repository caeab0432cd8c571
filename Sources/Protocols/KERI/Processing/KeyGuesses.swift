// SPDX-License-Identifier: Apache-2.0

internal import CESR

/// Guesses with which keys the signatures of events will be checked, from the events themselves and before any of them
/// has been accepted. A wrong guess is found out by the decision (``SignatureChecks``).
struct KeyGuesses {
    private struct Latest {
        var keys: [VerificationKey]
        var witnesses: [AID]
    }

    /// Bound of the memory for guesses; a stream of more AIDs than this starts over.
    private static var limit: Int { 65_536 }
    private var latest: [AID: Latest] = [:]

    /// The keys for the signatures of one event, in order; nil where nobody can know.
    mutating func keys(
        for event: KeyEvent, _ attachments: Attachments, state: (AID) -> KeyState?
    ) -> (controllers: [VerificationKey?], witnesses: [VerificationKey?]) {
        var known = latest[event.aid]
        if known == nil, let state = state(event.aid) {
            known = Latest(keys: state.keys, witnesses: state.witnesses)
        }
        if let stated = event.establishment {
            let current = known?.witnesses ?? []
            let list =
                event.kind.isInception
                ? stated.witnessesAdded
                : stated.witnessesCut.isEmpty && stated.witnessesAdded.isEmpty
                    ? current : current.filter { !stated.witnessesCut.contains($0) } + stated.witnessesAdded
            known = Latest(keys: stated.keys, witnesses: list)
        }
        guard let known else { return ([], []) }
        if event.kind.isEstablishment || latest[event.aid] == nil {
            if latest.count >= Self.limit { latest.removeAll(keepingCapacity: true) }
            latest[event.aid] = known
        }
        return (
            attachments.controllerSignatures.map { known.keys.at($0.index) },
            attachments.witnessSignatures.map { known.witnesses.key(at: $0.index) }
        )
    }
}
