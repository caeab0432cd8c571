// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import FuzzSupport
internal import KERI
internal import KERINetwork
internal import NetworkProperties

/// What peers hand each other and each judges by itself: exchange messages of groups and about credentials, evidence of duplicity. The first
/// byte chooses which.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPeerMessage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let choice = input.first else { return }
        let bytes = Array(input.dropFirst())
        if choice & 1 == 0 { exchanges(bytes) } else { evidence(bytes) }
    }
}

private func exchanges(_ bytes: [UInt8]) {
    var reader = StreamReader()
    var parser = MessageParser()
    while case .message(let frame) = reader.next(in: bytes.span) {
        let body = Array(bytes[frame.bodyRange])
        guard let message = try? parser.parse(body.span, version: frame.version) else { continue }
        if case .exchange(let exchange) = message { credentials(exchange, frame.attachments) }
        guard case .exchange(let exchange) = message,
            let group = try? GroupMessage(exchange, frame.attachments)
        else { continue }
        property(group.event.bytes.count < body.count, "what is embedded is smaller than what it is embedded in")
        property((1...GroupMessage.memberLimit).contains(group.signing.count), "members are bounded")
        property(group.rotation.count <= GroupMessage.memberLimit, "members are bounded")
    }
}

/// What is read of an exchange about a credential is what is written again, and an exchange takes it once.
private func credentials(_ exchange: Exchange, _ attachments: Attachments) {
    guard let message = try? CredentialExchange(exchange, attachments) else { return }
    property(message.said == exchange.said && message.sender == exchange.sender, "a message is its own")
    // Values that only CBOR and MessagePack have are not written again.
    guard let recipient = message.recipient, exchange.format == .json else { return }
    let draft = try? CredentialExchangeBuilder.draft(
        message.content, from: message.sender, to: recipient, answering: message.prior, note: message.note,
        hasRecipientMember: exchange.hasRecipientMember, dated: message.dated)
    property(draft != nil, "what was read can be written")
    guard var thread = try? ExchangeThread(opening: message, to: recipient) else { return }
    let before = thread
    property((try? thread.take(message, to: recipient)) == false && thread == before, "a message is taken once")
}

private func evidence(_ bytes: [UInt8]) {
    guard let evidence = try? DuplicityEvidence(reading: bytes) else { return }
    let verified = try? evidence.verified()
    property(verified == (try? VerifiedDuplicity(reading: bytes)), "evidence is judged the same way twice")
    guard let verified else { return }
    property(verified.bytes == bytes, "evidence keeps the bytes that it was read from")
    property(verified.statement.first != verified.statement.second, "two different events contradict each other")
}
