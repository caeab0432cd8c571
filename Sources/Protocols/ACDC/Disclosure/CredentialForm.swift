// SPDX-License-Identifier: Apache-2.0

internal import KERI
internal import KelmarkBytes

/// Forms of a whole credential: what is shown of each section.
enum CredentialForm {
    /// The most compact form: every section and every other block is its digest, an aggregate its AGID, a schema its SAID.
    static func folded(_ map: OrderedMap) -> OrderedMap {
        var copy = map
        // The credential begins with its version, so that it is no block itself, and what is in it is folded up.
        for member in map.members {
            switch (member.label, member.value) {
            case ("s", .map(let schema)): copy["s"] = schema["$id"]
            case ("A", .list(let list)): copy["A"] = list.first
            case (_, .map(let block)):
                copy[member.label] =
                    BlockAddressing.said(of: block).map { .text($0.text) } ?? .map(BlockAddressing.folded(block))
            default: break
            }
        }
        return copy
    }
}
