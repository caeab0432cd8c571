// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// Writes registry events (facts 5.1, 13.1). What comes out is typed by the same parser that types events of strangers.
public enum RegistryEventBuilder {
    /// Why an event can't be written.
    public enum Failure: Error, Sendable, Hashable {
        /// A value can't be written in the format asked for.
        case encoding
        /// The parser refuses the result.
        case refused(MessageError)
        /// The registry has no backers and can't get any.
        case backerless
        /// There is no sequence number after the latest one.
        case sequenceExhausted
        /// The credential has been revoked already.
        case revoked
    }

    /// A registry inception (vcp); the registry is the digest of the event.
    ///
    /// - Parameters:
    ///   - issuer: the AID that owns the registry and will seal its events.
    ///   - backers: who receipts its events; a registry without any is made never to have some (`NB`).
    ///   - threshold: how many of them must.
    ///   - nonce: salt of 16 bytes that tells registries of one owner apart.
    ///   - format: how to serialise.
    /// - Throws: ``Failure``.
    public static func inception(
        issuer: AID, backers: [AID] = [], threshold: UInt32 = 0, nonce: Primitive, format: DocumentFormat = .json
    ) throws(Failure) -> RegistryEvent {
        try event(
            .registryInception,
            [
                ("d", ""), ("i", ""), ("ii", .text(issuer.text)), ("s", "0"),
                ("c", .list(backers.isEmpty ? ["NB"] : [])), ("bt", .text(String(threshold, radix: 16))),
                ("b", .list(backers.map { .text($0.text) })), ("n", .text(nonce.text)),
            ], digests: ["d", "i"], format: format)
    }

    /// A rotation of the backers (vrt).
    ///
    /// - Parameters:
    ///   - state: the registry as it is.
    ///   - cut: backers to remove.
    ///   - added: backers to add.
    ///   - threshold: how many must receipt from now on.
    ///   - format: how to serialise.
    /// - Throws: ``Failure``.
    public static func rotation(
        of state: RegistryState, cut: [AID], added: [AID], threshold: UInt32, format: DocumentFormat = .json
    ) throws(Failure) -> RegistryEvent {
        guard !state.isBackerless else { throw .backerless }
        guard let sn = state.sn.next else { throw .sequenceExhausted }
        return try event(
            .registryRotation,
            [
                ("d", ""), ("i", .text(state.registry.text)), ("p", .text(state.event.text)), ("s", .text(sn.hex)),
                ("bt", .text(String(threshold, radix: 16))), ("br", .list(cut.map { .text($0.text) })),
                ("ba", .list(added.map { .text($0.text) })),
            ], digests: ["d"], format: format)
    }

    /// The issuance of a credential: iss without backers, bis with.
    /// - Throws: ``Failure``.
    public static func issuance(
        of credential: SAID, in state: RegistryState, dated: Timestamp, format: DocumentFormat = .json
    ) throws(Failure) -> RegistryEvent {
        if state.isBackerless {
            return try event(
                .issuance,
                [
                    ("d", ""), ("i", .text(credential.text)), ("s", "0"), ("ri", .text(state.registry.text)),
                    ("dt", .text(dated.description)),
                ], digests: ["d"], format: format)
        }
        return try event(
            .backedIssuance,
            [
                ("d", ""), ("i", .text(credential.text)), ("ii", .text(state.registry.text)), ("s", "0"),
                ("ra", state.seal.value), ("dt", .text(dated.description)),
            ], digests: ["d"], format: format)
    }

    /// The revocation of a credential: rev without backers, brv with.
    /// - Throws: ``Failure``.
    public static func revocation(
        of status: CredentialStatus, in state: RegistryState, dated: Timestamp, format: DocumentFormat = .json
    ) throws(Failure) -> RegistryEvent {
        guard !status.isRevoked else { throw .revoked }
        guard let sn = status.sn.next else { throw .sequenceExhausted }
        if state.isBackerless {
            return try event(
                .revocation,
                [
                    ("d", ""), ("i", .text(status.credential.text)), ("s", .text(sn.hex)),
                    ("ri", .text(state.registry.text)), ("p", .text(status.event.text)),
                    ("dt", .text(dated.description)),
                ], digests: ["d"], format: format)
        }
        return try event(
            .backedRevocation,
            [
                ("d", ""), ("i", .text(status.credential.text)), ("s", .text(sn.hex)), ("p", .text(status.event.text)),
                ("ra", state.seal.value), ("dt", .text(dated.description)),
            ], digests: ["d"], format: format)
    }

    private static func event(
        _ kind: MessageKind, _ members: [(String, OrderedValue)], digests: [String], format: DocumentFormat
    ) throws(Failure) -> RegistryEvent {
        let bytes: [UInt8]
        do throws(DocumentEncodingError) {
            bytes = try MessageBuilder.body(kind, members, digests: digests, format: format)
        } catch { throw .encoding }
        var parser = MessageParser()
        do throws(MessageError) {
            guard case .registryEvent(let event) = try parser.parse(bytes.span, format: format) else {
                throw MessageError(.unknownKind)
            }
            return event
        } catch { throw .refused(error) }
    }
}

extension RegistryEvent {
    /// The seal by which the issuer's key event log vouches for the event (facts 13.2).
    public var seal: EventSeal { EventSeal(aid: AID(unchecked: subject.primitive), sn: sn, said: said) }
}

extension RegistryState {
    /// Names the latest event of the registry.
    var seal: EventSeal { EventSeal(aid: AID(unchecked: registry.primitive), sn: sn, said: event) }
}
