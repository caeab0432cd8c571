// SPDX-License-Identifier: Apache-2.0

public import KERI

// Where an issuer's key event log vouches for registry events (facts 13.2). Only seals say so, never a couple that somebody
// attached and never what was true once: a recovery may have moved or removed a seal since.

extension CredentialView {
    /// Whether the issuer's log, as it stands now, seals an event.
    public func isSealed(_ seal: EventSeal, by issuer: AID) throws -> Bool {
        guard let state = try keyEvents.keyState(of: issuer) else { return false }
        return try keyEvents.trunkSealing(seal, by: state) != nil
    }

    /// Whether the issuer's log, as it stands now, seals the inception of a registry.
    public func isAnchored(_ state: RegistryState) throws -> Bool {
        try isSealed(
            EventSeal(aid: AID(unchecked: state.registry.primitive), sn: .zero, said: state.registry),
            by: state.issuer)
    }

    /// Whether the issuer's log, as it stands now, seals the registry of a credential and the issuance in it. An
    /// issuance that only a superseded branch seals counts as none; a revocation stays (``CredentialStatus/isRevoked``).
    public func isAnchored(_ status: CredentialStatus) throws -> Bool {
        guard let state = try registry(status.registry), try isAnchored(state) else { return false }
        return try isSealed(
            EventSeal(aid: AID(unchecked: status.credential.primitive), sn: .zero, said: status.issuance),
            by: state.issuer)
    }

    /// The first place where the issuer's log, as it stands now, has a seal, at any place of an event's seals. A couple
    /// that is attached is anybody's claim; it could name a later place of the same seal.
    package func anchor(of seal: EventSeal, by issuer: AID) throws -> SealSource? {
        try anchor(of: seal, by: issuer, onAnyBranch: false)
    }

    /// Where the issuer's log vouches for an event. A revocation counts also where a recovery has superseded the seal:
    /// whoever heard of it in time has to keep it, and what is valid must not depend on who heard what when
    /// (03-binding, Recovery).
    package func anchor(of event: RegistryEvent, by issuer: AID) throws -> SealSource? {
        if let trunk = try anchor(of: event.seal, by: issuer, onAnyBranch: false) { return trunk }
        guard event.isRevocation else { return nil }
        return try anchor(of: event.seal, by: issuer, onAnyBranch: true)
    }

    /// The first place where the issuer's log has a seal, on any branch or as it stands now.
    func anchor(of seal: EventSeal, by issuer: AID, onAnyBranch: Bool) throws -> SealSource? {
        let logs = keyEvents
        guard let state = try logs.keyState(of: issuer) else { return nil }
        for source in try logs.sealings(of: seal.said, by: issuer).sorted(by: { $0.sn < $1.sn }) {
            guard let record = try logs.record(of: issuer, at: source.sn, said: source.said),
                record.place(of: seal) != nil
            else { continue }
            if onAnyBranch { return source }
            // Past the key state, positions still show the branch that a recovery has superseded.
            guard source.sn <= state.sn, try logs.record(of: issuer, at: source.sn)?.said == source.said else {
                continue
            }
            return source
        }
        return nil
    }
}
