// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import FuzzSupport
internal import KERI
internal import KelmarkBytes

/// A body of a credential, as it is and, when it is a document at all, once more with its digests put right, so that what
/// is behind them is reached: sections, aggregates, edges, forms.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzCredential(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        var parser = CredentialParser()
        for format in DocumentFormat.allCases {
            do throws(CredentialError) {
                judge(try parser.parse(input.span, format: format))
            } catch {
                property(!error.description.isEmpty, "an error says what is wrong")
                property((0...max(input.count, Limits.standard.bodyBytes)).contains(error.offset), "and where")
            }
        }
        guard let map = try? OrderedValue(parsingJSON: input.span, strictness: .interoperable).mapValue else { return }
        write(map)
    }
}

/// Writes a credential that says what a map says.
private func write(_ map: OrderedMap) {
    guard let issuer = map["i"]?.textValue.flatMap({ AID($0) }),
        let schema = map["s"]?.textValue.flatMap({ SAID($0) }),
        let nonce = map["u"]?.textValue.flatMap({ try? Primitive(text: $0) })
    else { return }
    var attributes = map["a"]?.mapValue ?? [:]
    for label in ["d", "u", "i", "dt"] { attributes[label] = nil }
    var draft = CredentialDraft(
        issuer: issuer, registry: map["ri"]?.textValue.flatMap { SAID($0) }, schema: schema,
        content: .attributes(attributes), edges: map["e"], rules: map["r"], nonce: nonce, attributesNonce: nonce)
    if let blocks = map["A"]?.listValue?.compactMap(\.mapValue), !blocks.isEmpty {
        draft.content = .aggregate(
            blocks.map { block in
                var copy = block
                copy["d"] = nil
                copy["u"] = nil
                return copy
            }, nonces: blocks.map { _ in nonce })
    }
    for format in DocumentFormat.allCases {
        for addressing in [CredentialAddressing.asSerialized, .mostCompact] {
            if let credential = try? CredentialBuilder.credential(draft, addressing: addressing, format: format) {
                judge(credential)
            }
        }
    }
}

/// What holds for every credential that was read.
private func judge(_ credential: Credential) {
    var parser = CredentialParser()
    let again = try? parser.parse(credential.bytes.span, format: credential.format, expecting: credential.said)
    property(again == credential, "the same bytes give the same credential")
    do throws(EdgeError) {
        let tree = try EdgeTree(of: credential)
        property((tree?.root.edges.count ?? 0) <= EdgeTree.mostMembers, "edges are counted")
        _ = tree?.root.average(of: "p")
    } catch { property(!error.path.isEmpty, "an edge that can't be read is named") }
    let open = credential.guessableBlocks
    property(open.count <= credential.shownBlocks, "only blocks can be guessed")
    guard credential.addressing == .mostCompact else { return }
    guard let compact = try? credential.compact().credential else {
        property(false, "a credential can be folded up")
        return
    }
    property(compact.said == credential.said, "every form has the same SAID")
    property(compact.shownBlocks == 0, "the compact form shows no block")
    property((try? compact.merged(with: credential))?.shownBlocks == credential.shownBlocks, "forms add up")
    property((try? credential.disclosing([DisclosurePath("*")]))?.credential == credential, "all of it is all of it")
    for path in open.prefix(8) {
        guard let form = try? credential.disclosing([path]).credential else {
            property(false, "a block that is shown can be chosen")
            return
        }
        property(form.said == credential.said, "every choice has the same SAID")
    }
}
