// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import StorageSQLite

/// A registry of ours as data and as text.
struct RegistryView {
    let registry: OwnedRegistry
    /// Nil while it waits.
    let state: RegistryState?
    let names: [AID: String]
    /// How many credentials it holds.
    let counts: (issued: Int, revoked: Int)

    private var owner: String { names[registry.owner] ?? registry.owner.text }

    var data: OrderedMap {
        [
            "name": .text(registry.name), "registry": .text(registry.said.text), "owner": .text(registry.owner.text),
            "created": .text(registry.createdAt.description),
            "state": state.map { state in
                [
                    "s": .text(state.sn.hex), "d": .text(state.event.text), "backerless": .boolean(state.isBackerless),
                    "backers": .list(state.backers.map { .text($0.text) }),
                    "threshold": OrderedValue(Int(state.backerThreshold)),
                ]
            } ?? .null,
            "issued": OrderedValue(counts.issued), "revoked": OrderedValue(counts.revoked),
        ]
    }

    var line: String {
        "\(registry.name)  \(registry.said)  of \(owner)  "
            + (state == nil ? "waiting" : "\(counts.issued) issued, \(counts.revoked) of them revoked")
    }

    var text: [String] {
        var lines = [
            "\(registry.name)  \(registry.said)", "  owner    \(owner)  \(registry.owner)",
            "  created  \(registry.createdAt)",
        ]
        guard let state else { return lines + ["  state    waiting: \(Product.command) registry resume"] }
        lines.append("  event    \(state.sn.hex)  \(state.event)")
        if state.isBackerless {
            lines.append("  backers  none, for ever")
        } else {
            lines.append("  backers  \(state.backerThreshold) of \(state.backers.count) must receipt")
            lines += state.backers.map { "           \($0)" }
        }
        lines.append("  holds    \(counts.issued) credentials, \(counts.revoked) of them revoked")
        return lines
    }
}

extension RegistryView {
    static func data(of shared: [IssuingDesk.Shared]) -> OrderedValue {
        .list(
            shared.map { one in
                let (word, detail) = words(one.result)
                return ["aid": .text(one.witness.text), "result": .text(word), "detail": .text(detail)]
            })
    }

    static func text(of shared: [IssuingDesk.Shared]) -> [String] {
        shared.map { one in
            let (word, detail) = words(one.result)
            return "  witness \(one.witness)  \(word)\(detail.isEmpty ? "" : ": " + printable(detail))"
        }
    }

    private static func words(_ result: RegistryPublisher<SQLiteCredentialStore>.Result) -> (String, String) {
        switch result {
        case .taken: ("taken", "")
        case .refused(let why): ("refused", why)
        case .unreachable(let why): ("unreachable", why)
        case .noAddress: ("no address", "kelmark oobi resolve URL tells where it listens")
        }
    }
}
