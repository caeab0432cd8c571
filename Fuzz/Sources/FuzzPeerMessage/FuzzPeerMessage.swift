// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import FuzzSupport
internal import KERI
internal import KERINetwork
internal import NetworkProperties

/// What peers hand each other and each judges by itself: exchange messages of groups, evidence of duplicity. The first
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
        guard case .exchange(let exchange) = message,
            let group = try? GroupMessage(exchange, frame.attachments)
        else { continue }
        property(group.event.bytes.count < body.count, "what is embedded is smaller than what it is embedded in")
        property((1...GroupMessage.memberLimit).contains(group.signing.count), "members are bounded")
        property(group.rotation.count <= GroupMessage.memberLimit, "members are bounded")
    }
}

private func evidence(_ bytes: [UInt8]) {
    guard let evidence = try? DuplicityEvidence(reading: bytes) else { return }
    let verified = try? evidence.verified()
    property(verified == (try? VerifiedDuplicity(reading: bytes)), "evidence is judged the same way twice")
    guard let verified else { return }
    property(verified.bytes == bytes, "evidence keeps the bytes that it was read from")
    property(verified.statement.first != verified.statement.second, "two different events contradict each other")
}
