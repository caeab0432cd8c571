// SPDX-License-Identifier: Apache-2.0

internal import CESR
public import KERI
internal import KelmarkBytes

/// The two files that a web server shows for a `did:webs`: `did.json`, and `keri.cesr` that proves it.
public struct DIDPublication: Sendable, Hashable {
    /// The document that the DID resolves to.
    public let document: DIDDocument
    /// `did.json`: the document in its `did:web` form, for those who know only that.
    public let didJSON: [UInt8]
    /// `keri.cesr`: the logs of delegators, the log, and the replies about endpoints.
    public let keriCESR: [UInt8]

    /// Makes both files out of what a store holds.
    ///
    /// - Throws: ``DIDError``; ``StoreError``.
    public init<Store: KeyEventStore>(_ webs: WebsIdentifier, from store: Store) throws {
        let did = DecentralizedIdentifier.webs(webs)
        (document, keriCESR) = try store.read { transaction in
            guard let state = try transaction.keyState(of: webs.aid) else {
                throw DIDError(.logRefused, "no log of \(webs.aid) is known")
            }
            let services = try DIDDocument.services(of: state, in: transaction)
            let document = try DIDDocument(did, state: state, services: services)
            var stream: [UInt8] = []
            for aid in try Self.chain(of: state, in: transaction) {
                var ordinal: UInt64 = 0
                while true {
                    let records = try transaction.records(of: aid, from: ordinal, limit: 512)
                    for record in records { stream += try LogReplay.message(of: record) }
                    guard let last = records.last else { break }
                    ordinal = last.ordinal + 1
                }
            }
            for reply in try transaction.replies(of: webs.aid) where reply.key.route == "/end/role" {
                stream += reply.message
            }
            var known: Set<AID> = []
            for service in services where known.insert(service.endpoint).inserted {
                for reply in try transaction.replies(of: service.endpoint) where reply.key.route == "/loc/scheme" {
                    stream += reply.message
                }
            }
            return (document, stream)
        }
        didJSON = try DIDDocument.json(Self.web(document, webs))
    }

    /// The document as `did:web` shows it: that name instead, everything else as it is.
    private static func web(_ document: DIDDocument, _ webs: WebsIdentifier) -> OrderedMap {
        let (name, own) = ("did:web:\(webs.location)", document.did.description)
        var content = document.content
        content["id"] = .text(name)
        content["controller"] = .text(name)
        content["alsoKnownAs"] = .list([.text(own), .text("did:keri:\(webs.aid)")])
        content["verificationMethod"] = content["verificationMethod"]?.listValue.map { methods in
            .list(
                methods.map { method in
                    var method = method
                    method["controller"] = .text(name)
                    return method
                })
        }
        return content
    }

    /// The AID and its delegators, the root first.
    private static func chain<Transaction: KeyEventTransaction>(
        of state: KeyState, in transaction: Transaction
    ) throws -> [AID] {
        var chain = [state.aid]
        var next = state.delegator
        while let delegator = next, !chain.contains(delegator), chain.count < 64 {
            chain.append(delegator)
            next = try transaction.keyState(of: delegator)?.delegator
        }
        return chain.reversed()
    }
}
