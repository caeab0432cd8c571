// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KERI
internal import KelmarkBytes

/// One message as a peer posts it: the body, and its attachments in a header or behind it (facts 10).
struct ReceivedMessage: Sendable {
    let message: Message
    let attachments: Attachments

    /// Why a request holds no message; `description` is for the peer.
    enum Fault: Error, Sendable {
        case contentType
        case attachmentMissing
        case malformed(String)
    }

    static let attachmentHeader = "cesr-attachment"

    /// Reads the one message of a POST.
    /// - Throws: ``Fault``.
    init(_ request: ServiceRequest, limits: Limits) throws(Fault) {
        var bytes = request.body
        switch Self.mediaType(request) {
        case "application/cesr+json", "application/json+cesr":
            guard let text = request.header(Self.attachmentHeader) else { throw .attachmentMissing }
            bytes += Array(text.utf8)
        case "application/cesr": break
        default: throw .contentType
        }
        var messages = try Self.messages(in: bytes, limits: limits, most: 1)
        guard let first = messages.popLast() else { throw .malformed("there is no message") }
        self = first
    }

    init(_ message: Message, _ attachments: Attachments) {
        self.message = message
        self.attachments = attachments
    }

    static func mediaType(_ request: ServiceRequest) -> String {
        let text = request.header("content-type") ?? ""
        return text.prefix { $0 != ";" }.lowercased().filter { $0 != " " }
    }

    /// Reads a whole stream; what can't be read ends it with an error that names the place.
    static func messages(in bytes: [UInt8], limits: Limits, most: Int) throws(Fault) -> [ReceivedMessage] {
        var reader = StreamReader(limits: limits)
        var parser = MessageParser(limits: limits)
        var found: [ReceivedMessage] = []
        while true {
            switch reader.next(in: bytes.span) {
            case .end: return found
            case .needMore: throw .malformed("the message is cut off at byte \(bytes.count)")
            case .fault(let fault): throw .malformed("\(fault.kind) at byte \(fault.offset)")
            case .message(let frame):
                guard found.count < most else { throw .malformed("more than \(most) message in one request") }
                do throws(MessageError) {
                    let message = try parser.parse(bytes.span.extracting(frame.bodyRange), version: frame.version)
                    found.append(ReceivedMessage(message, frame.attachments))
                } catch { throw .malformed(error.description) }
            }
        }
    }
}

extension ServiceResponse {
    /// An error as keripy's HTTP library words it: a title and a description.
    static func fault(_ status: Int, _ title: String, _ description: String) -> ServiceResponse {
        let body: OrderedMap = ["title": .text(title), "description": .text(description)]
        return ServiceResponse(
            status: status, contentType: "application/json", (try? body.encoded(as: .json)) ?? [])
    }

    /// Nothing to say.
    static let accepted = ServiceResponse(status: 204)
    /// The content type of CESR streams that begin with JSON.
    static let cesrType = "application/json+cesr"
}
