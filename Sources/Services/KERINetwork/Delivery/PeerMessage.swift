// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

extension PeerRequest {
    /// A message with its attachments as keripy's witnesses take it: the body as body, the attachments in a header; with
    /// a long attachment, as one stream (facts 10).
    static func message(
        _ body: [UInt8], _ attachments: [UInt8], to aid: AID, at url: PeerURL, path: String, headerBytes: Int
    ) -> PeerRequest {
        guard attachments.count <= headerBytes else {
            // Only streams may be longer; a path that answers keeps its method.
            return PeerRequest(
                path.isEmpty ? .put : .post, url, target: url.below(path.isEmpty ? "/" : path),
                headers: [("Content-Type", "application/cesr"), ("CESR-DESTINATION", aid.text)],
                body: body + attachments)
        }
        return PeerRequest(
            .post, url, target: url.below(path),
            headers: [
                ("Content-Type", "application/cesr+json"),
                ("CESR-ATTACHMENT", String(decoding: attachments, as: UTF8.self)), ("CESR-DESTINATION", aid.text),
            ], body: body)
    }

    /// Any number of messages as one stream.
    static func stream(_ bytes: [UInt8], to aid: AID, at url: PeerURL) -> PeerRequest {
        PeerRequest(
            .put, url, target: url.below("/"),
            headers: [("Content-Type", "application/cesr"), ("CESR-DESTINATION", aid.text)], body: bytes)
    }
}

extension PeerResponse {
    /// What a peer says about an error, bounded and on one line.
    var explanation: String {
        let text = String(decoding: body.prefix(400), as: UTF8.self)
        let bytes = Array(body.prefix(4096))
        let map = (try? OrderedValue(parsing: bytes.span, format: .json))?.mapValue
        return (map?["description"]?.textValue ?? text).replacing("\n", with: " ")
    }
}
