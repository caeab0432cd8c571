// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KelmarkBytes

private struct Undone: Error {}

extension CredentialConformance {
    private func backed(
        _ event: RegistryEvent, in registry: SAID, by backer: String, at index: Int = 0
    ) throws -> BackedEvent {
        guard let signature = try CredentialSample.signatures(index + 1, over: event).last else {
            throw ConformanceFailure("no signature")
        }
        return BackedEvent(
            registry: registry, subject: event.subject, sn: event.sn, said: event.said, kind: event.kind,
            backer: try CredentialSample.aid(backer), signature: signature, signedAt: CredentialSample.start)
    }

    func backedEvents(_ store: Store) throws {
        let (inception, state) = try CredentialSample.registry("r", backers: ["b0", "b1"])
        let registry = state.registry
        let other = try CredentialSample.said("other")
        func issuance(_ seconds: Int64) throws -> RegistryEvent {
            try RegistryEventBuilder.issuance(
                of: CredentialSample.said("c"), in: state, dated: CredentialSample.start.advanced(bySeconds: seconds))
        }
        let (first, second) = (try issuance(0), try issuance(1))
        let (own, theirs) = (try backed(inception, in: registry, by: "b0"), try backed(first, in: registry, by: "b0"))
        let (foreign, copy) = (try backed(first, in: other, by: "b0"), try backed(first, in: registry, by: "b1", at: 1))
        func held(_ event: BackedEvent) throws -> BackedEvent? {
            try store.read(credentials: {
                try $0.backedEvent(of: event.subject, in: event.registry, at: event.sn, by: event.backer)
            })
        }
        try expect(try held(own) == nil)
        try write(store) { transaction in
            for event in [own, theirs, foreign, copy] { try transaction.putBackedEvent(event) }
        }
        for event in [own, theirs, foreign, copy] { try expect(try held(event), is: event) }
        try expect(
            try store.read(credentials: {
                try $0.backedEvent(of: own.subject, in: registry, at: SequenceNumber(1), by: own.backer)
            }) == nil)
        // Another event at the place takes it, for this backer alone.
        let later = try backed(second, in: registry, by: "b0")
        do {
            try write(store) { transaction in
                try transaction.putBackedEvent(later)
                throw Undone()
            }
        } catch is Undone {}
        try expect(try held(theirs), is: theirs)
        try write(store) { try $0.putBackedEvent(later) }
        try expect(try held(theirs), is: later)
        try expect(try held(copy), is: copy)
    }
}
