// SPDX-License-Identifier: Apache-2.0

public import KERI
internal import KelmarkBytes

/// What an introduction led to.
public enum Discovery: Sendable {
    /// The log of an AID, which was taken in.
    case log(Introduction)
    /// A document whose digest is the one in the URL, such as a schema; its bytes as they came.
    case data(SAID, [UInt8])
    /// Introductions of one AID by several endpoints; nothing of them has been followed.
    case several(AID, [OOBI])
}

extension Introducer {
    /// Most introductions that one answer may hold.
    static var mostIntroductions: Int { 32 }

    /// Reads a JSON answer: a reply that lists introductions, or data that names its own digest (facts 9.4).
    static func document(_ body: [UInt8], behind oobi: OOBI) throws(IntroductionError) -> Discovery {
        guard case .identifier(let subject, _, _) = oobi.subject else {
            throw IntroductionError(.notALog, "\(oobi.url) answers with a document that nobody asked for")
        }
        guard let map = (try? OrderedValue(parsing: body.span, format: .json))?.mapValue else {
            throw IntroductionError(.forgedData, "\(oobi.url) answers with JSON that is not canonical")
        }
        if map["t"] == "rpy" { return try introductions(map, of: subject, oobi) }
        // A schema has its digest in `$id`, everything else in `d`.
        let label = map["$id"] == nil ? "d" : "$id"
        guard let said = map[label]?.textValue.flatMap({ SAID($0) }), said.text == subject.text,
            SelfAddressing.isSealed(map, labels: [label], format: .json)
        else { throw IntroductionError(.forgedData, "\(oobi.url) answers with something that is not \(subject)") }
        return .data(said, body)
    }

    private static func introductions(
        _ reply: OrderedMap, of subject: AID, _ oobi: OOBI
    ) throws(IntroductionError) -> Discovery {
        guard let route = reply["r"]?.textValue, route.hasPrefix("/oobi/"),
            SelfAddressing.isSealed(reply, labels: ["d"], format: .json), let aid = reply["a"]?["aid"]?.textValue,
            let urls = reply["a"]?["urls"]?.listValue, (1...mostIntroductions).contains(urls.count)
        else { throw IntroductionError(.forgedData, "\(oobi.url) answers with a reply that lists no introductions") }
        guard aid == subject.text else {
            throw IntroductionError(.answersAnother, "\(oobi.url) answers with introductions of another AID")
        }
        let oobis = urls.compactMap { $0.textValue.flatMap { OOBI($0) } }.filter {
            if case .identifier(subject, _, _) = $0.subject { true } else { false }
        }
        guard oobis.count == urls.count else {
            throw IntroductionError(.forgedData, "\(oobi.url) lists something that is no introduction of \(subject)")
        }
        return .several(subject, oobis)
    }
}
