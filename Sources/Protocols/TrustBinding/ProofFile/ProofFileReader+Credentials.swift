// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes

extension ProofFileReader {
    /// Reads an event of a registry or of one of its credentials. It carries the place of its seal and nothing else.
    mutating func readTransaction(
        _ body: [UInt8], _ frame: MessageFrame, at position: Int
    ) throws(ProofFileError) {
        try enter(.registries, at: position)
        let malformed = ProofFileError(.eventMalformed, at: position)
        var parser = MessageParser(limits: limits)
        let attachments = try attachments(of: frame, at: position)
        guard case .registryEvent(let event)? = try? parser.parse(body.span, version: frame.version),
            let couple = attachments.sealSourceCouples.first,
            let said = SAID(couple.said)
        else { throw malformed }
        var expected = Attachments()
        expected.sealSourceCouples = [couple]
        guard attachments == expected else { throw malformed }
        let registry: SAID?
        switch event.kind {
        case .registryInception, .registryRotation: registry = event.subject
        case .issuance, .revocation: registry = event.registry
        default: registry = event.registryAnchor.flatMap { SAID($0.aid.primitive) }
        }
        guard let registry else { throw malformed }
        try append(
            EventPosition(aid: event.subject.text, sn: event.sn.value, said: event.said.text),
            AnchoredEvent(event: event, anchor: SealSource(sn: SequenceNumber(couple.sn), said: said)), frame,
            to: .init(kind: .registry, id: registry.text), at: position)
    }

    /// Reads a credential. It carries the seal of its issuance and nothing else.
    mutating func readCredential(
        _ body: [UInt8], _ frame: MessageFrame, at position: Int
    ) throws(ProofFileError) {
        try closeLog(at: position)
        try enter(.credentials, at: position)
        let malformed = ProofFileError(.credentialMalformed, at: position)
        var parser = CredentialParser(limits: limits)
        let attachments = try attachments(of: frame, at: position)
        guard let credential = try? parser.parse(body.span, version: frame.version),
            let triple = attachments.sealSourceTriples.first,
            let said = SAID(triple.said)
        else { throw malformed }
        var expected = Attachments()
        expected.sealSourceTriples = [triple]
        guard attachments == expected else { throw malformed }
        let issuance = EventSeal(aid: AID(unchecked: triple.prefix), sn: SequenceNumber(triple.sn), said: said)
        let message = LoggedEvent(
            range: 0..<frame.range.upperBound, bodyEnd: frame.bodyRange.upperBound,
            position: EventPosition(aid: credential.issuer.text, sn: 0, said: credential.said.text))
        try append(
            ProofPart(
                name: .init(kind: .credential, id: credential.said.text), count: 1,
                content: Array(bytes[position..<(position + frame.range.upperBound)]), offset: position,
                events: [message], presented: PresentedCredential(credential: credential, issuance: issuance)))
    }

    /// The attachments of a message whose body has been found.
    private func attachments(
        of frame: MessageFrame, at position: Int
    ) throws(ProofFileError) -> Attachments {
        var reader = StreamReader(limits: limits)
        let message = bytes.span.extracting(position..<(position + frame.range.upperBound))
        guard case .message(let whole) = reader.next(in: message) else {
            throw ProofFileError(.malformed, at: position)
        }
        // A body at the end of the file has lost what belongs behind it.
        if whole.attachments.isEmpty, position + frame.range.upperBound == bytes.count {
            throw ProofFileError(.truncated, at: position)
        }
        return whole.attachments
    }
}
