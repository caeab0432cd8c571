// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import KERI
internal import KelmarkBytes

/// A command that can't be carried out, in words.
struct PeerFailure: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// One line that a driver sends.
struct PeerRequest: Decodable {
    let id: Int?
    let command: String
    let store: String?
    let stream: String?
    let seed: String?
    let kind: String?
    let events: Int?
    let avoid: [String]?

    func bytes() throws -> [UInt8] {
        guard let stream, let data = Data(base64Encoded: stream) else { throw PeerFailure("no Base64 in stream") }
        return [UInt8](data)
    }
}

/// Answers the commands of Tests/InteropTests/README.md with this library.
struct Peer {
    static let protocolVersion = 1
    private var stores: [String: Validator] = [:]
    private var made = 0

    mutating func answer(_ line: String) -> String {
        var reply: OrderedMap = [:]
        do {
            let request = try JSONDecoder().decode(PeerRequest.self, from: Data(line.utf8))
            reply["id"] = request.id.map { OrderedValue($0) } ?? .null
            let data = try carryOut(request)
            reply["ok"] = true
            reply["data"] = .map(data)
        } catch {
            reply["ok"] = false
            let message = (error as? PeerFailure)?.message ?? "\(error)"
            reply["error"] = ["kind": .text("\(type(of: error))"), "message": .text(message)]
        }
        let text = (try? OrderedValue.map(reply).encoded(as: .json)) ?? []
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func carryOut(_ request: PeerRequest) throws -> OrderedMap {
        switch request.command {
        case "version":
            return [
                "name": "kelmark", "version": "development",
                "pid": OrderedValue(ProcessInfo.processInfo.processIdentifier), "runtime": "Swift",
                "protocol": OrderedValue(Self.protocolVersion), "quirks": [],
            ]
        case "new":
            made += 1
            stores["store\(made)"] = Validator()
            return ["store": .text("store\(made)")]
        case "feed": return try store(request).feed(try request.bytes(), now: Self.now)
        case "view": return try store(request).view()
        case "drop":
            _ = try store(request)
            stores[request.store ?? ""] = nil
            return [:]
        case "make": return try make(request)
        default: throw PeerFailure("unknown command \(request.command)")
        }
    }

    private func store(_ request: PeerRequest) throws -> Validator {
        guard let name = request.store, let validator = stores[name] else {
            throw PeerFailure("no store \(request.store ?? "")")
        }
        return validator
    }

    private func make(_ request: PeerRequest) throws -> OrderedMap {
        guard let seed = request.seed else { throw PeerFailure("no seed") }
        let kind = request.kind ?? "random"
        var maker = try HistoryMaker(
            seed: seed, kind: kind, count: request.events ?? 30, avoid: Set(request.avoid ?? []))
        let stream = try maker.make()
        var answer: OrderedMap = [
            "seed": .text(seed), "kind": .text(kind), "events": OrderedValue(maker.messages.count),
            "features": .list(maker.plan.features.sorted().map { .text($0) }),
            "prefixes": .list(maker.controllers.map { .text($0.state.aid.text) }),
            "stream": .text(Data(stream).base64EncodedString()),
        ]
        for member in try Validator().feed(stream, now: Self.now).members { answer[member.label] = member.value }
        for controller in maker.controllers
        where answer["states"]?[controller.state.aid.text]?["d"] != .text(controller.state.said.text) {
            throw PeerFailure(
                "we don't reach the end of our own history: \(controller.state.aid), escrows \(answer["escrows"] ?? .null)"
            )
        }
        return answer
    }

    private static var now: Timestamp { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}
