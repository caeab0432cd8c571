// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// The spellings that scripts around SPIRE's tools expect. Facts (SPIFFE) 18.
enum SPIREText {
    /// `Label     : value`, the label padded to a width.
    static func line(_ label: String, _ value: String, width: Int) -> String {
        label + String(repeating: " ", count: max(0, width - label.utf8.count)) + ": " + printable(value)
    }

    /// Seconds since 1970 as `2026-11-20 22:21:40 +0000 UTC`.
    static func time(_ seconds: Int64) -> String {
        guard let time = CertificateTime(seconds: seconds) else { return "\(seconds)" }
        let text = time.description
        return "\(text.prefix(10)) \(text.dropFirst(11).prefix(8)) +0000 UTC"
    }

    /// Seconds since 1970 as `2026-11-20T22:21:40Z`.
    static func stamp(_ seconds: Int64) -> String { CertificateTime(seconds: seconds)?.description ?? "\(seconds)" }

    /// Seconds as `1h2m3s`.
    static func duration(_ seconds: Int64) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        if hours > 0 { return "\(hours)h\(minutes)m\(rest)s" }
        return minutes > 0 ? "\(minutes)m\(rest)s" : "\(rest)s"
    }

    /// A number with a noun, in the singular for one.
    static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    /// A text in double quotes, with escapes.
    static func quoted(_ text: String) -> String {
        "\"" + printable(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")) + "\""
    }

    /// `(code: NotFound, msg: "entry not found")`.
    static func reason(_ status: ItemStatus) -> String {
        "(code: \(AdministrationError.Code(number: status.code).name), msg: \(quoted(status.message)))"
    }
}

/// Parts of SPIRE's JSON that many answers have: names in snake case and in the order of the alphabet, 64-bit integers
/// as text, defaults written out. Facts (SPIFFE) 18.
enum SPIREJSON {
    static func integer(_ number: Int64) -> OrderedValue { .text(String(number)) }
    static func texts(_ list: [String]) -> OrderedValue { .list(list.map { .text($0) }) }
    static func id(_ id: IDRecord) -> OrderedValue {
        ["path": .text(id.path), "trust_domain": .text(id.trustDomain)]
    }
    static func selectors(_ selectors: [SelectorRecord]) -> OrderedValue {
        .list(selectors.map { ["type": .text($0.type), "value": .text($0.value)] })
    }
    static func status(_ status: ItemStatus) -> OrderedValue {
        ["code": OrderedValue(status.code), "message": .text(status.message)]
    }

    /// The answer of a batch: each item under its name, and its status.
    static func results<Item>(
        _ results: [RecordResult<Item>], _ name: String, _ value: (Item) -> OrderedValue
    ) -> OrderedMap {
        let items = results.map { result -> OrderedValue in
            var members: [OrderedMap.Member] = [.init(label: "status", value: status(result.status))]
            if let item = result.item { members.append(.init(label: name, value: value(item))) }
            return .map(OrderedMap(members: members.sorted { $0.label < $1.label }) ?? [:])
        }
        return ["results": .list(items)]
    }
}

extension CommandFailure {
    /// What a command ends with when some items of a batch were refused: the code of the first refusal; nil when none was.
    static func ofRefused(_ statuses: [ItemStatus], _ what: String) -> CommandFailure? {
        let refusals = statuses.compactMap(\.error)
        guard let first = refusals.first else { return nil }
        let code = ErrorTranslation.code(for: first.code)
        return CommandFailure(
            code,
            "failed to \(what)" + (statuses.count > 1 ? " (\(refusals.count) of \(statuses.count))" : "")
                + ": \(first.message)")
    }
}
