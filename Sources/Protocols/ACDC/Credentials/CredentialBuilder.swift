// SPDX-License-Identifier: Apache-2.0

private import CESR
private import KERI
public import KelmarkBytes

/// Writes credentials (facts 13.4). What comes out is typed by the same parser that types credentials of strangers.
public enum CredentialBuilder {
    /// Why a credential can't be written.
    public enum Failure: Error, Sendable, Hashable, CustomStringConvertible {
        /// A value can't be written in the format asked for.
        case encoding(DocumentEncodingError)
        /// A member of the attributes, edges or rules has a label that is kept for something else.
        case reservedLabel(String)
        /// The aggregate can't be made.
        case aggregate(AttributeAggregate.Fault)
        /// Edges or rules are neither a block nor a list of blocks.
        case notABlock(CredentialMember)
        /// A nonce has fewer than 16 bytes.
        case shortNonce
        /// The parser refuses the result.
        case refused(CredentialError)

        /// The text form.
        public var description: String {
            switch self {
            case .encoding(let error): "the format can't hold a value: \(error)"
            case .reservedLabel(let label): "the label \(label) is written by the builder itself"
            case .aggregate(let fault): "the aggregate can't be made: \(fault.rawValue)"
            case .notABlock(let member): "\(member.words) have to be a map or a list of maps"
            case .shortNonce: "a nonce needs 16 random bytes"
            case .refused(let error): "the result is no credential: \(error)"
            }
        }
    }

    /// Writes a credential.
    ///
    /// - Parameters:
    ///   - draft: what it says.
    ///   - addressing: over which form its digests are. Peers that run keripy 1.x can only check those as serialised; only
    ///     most compact ones let the credential be disclosed in part.
    ///   - format: how to serialise. keripy's commands expect JSON.
    /// - Throws: ``Failure``.
    public static func credential(
        _ draft: CredentialDraft, addressing: CredentialAddressing = .asSerialized, format: DocumentFormat = .json
    ) throws(Failure) -> Credential {
        for nonce in [draft.nonce, draft.attributesNonce] {
            guard nonce.map({ $0.span.count >= CredentialParser.nonceBytes }) ?? true else { throw .shortNonce }
        }
        var map: OrderedMap = ["v": "", "d": ""]
        if let nonce = draft.nonce { map["u"] = .text(nonce.text) }
        map["i"] = .text(draft.issuer.text)
        if let registry = draft.registry { map["ri"] = .text(registry.text) }
        map["s"] = .text(draft.schema.text)
        switch draft.content {
        case .attributes(let members):
            map["a"] = .map(try attributes(members, of: draft, addressing: addressing, format: format))
        case .aggregate(let blocks, let nonces):
            do throws(AttributeAggregate.Fault) {
                map["A"] = try AttributeAggregate(blocks, nonces: nonces, format: format).value
            } catch { throw .aggregate(error) }
        }
        if let edges = draft.edges { map["e"] = try section(edges, .edges, addressing: addressing, format: format) }
        if let rules = draft.rules { map["r"] = try section(rules, .rules, addressing: addressing, format: format) }
        return try credential(sealing: map, addressing: addressing, format: format)
    }

    /// Fills in version, size and digest of a whole body whose sections are ready, and types it.
    static func credential(
        sealing map: OrderedMap, addressing: CredentialAddressing, format: DocumentFormat
    ) throws(Failure) -> Credential {
        var map = map
        do throws(DocumentEncodingError) {
            map["v"] = .text(Self.version(format))
            var hashed = addressing == .mostCompact ? CredentialForm.folded(map) : map
            try SelfAddressing.seal(&hashed, format: format, version: true)
            map["d"] = hashed["d"]
        } catch { throw .encoding(error) }
        return try credential(sized: map, format: format)
    }

    /// Writes the size into the version of a body whose digests are ready, and types it.
    static func credential(sized map: OrderedMap, format: DocumentFormat) throws(Failure) -> Credential {
        var map = map
        let bytes: [UInt8]
        do throws(DocumentEncodingError) {
            map["v"] = .text(Self.version(format))
            bytes = try SelfAddressing.seal(&map, labels: [], format: format, version: true)
        } catch { throw .encoding(error) }
        var parser = CredentialParser()
        do throws(CredentialError) {
            return try parser.parse(bytes.span, format: format)
        } catch { throw .refused(error) }
    }

    private static func version(_ format: DocumentFormat) -> String {
        switch format {
        case .json: "ACDC10JSON000000_"
        case .cbor: "ACDC10CBOR000000_"
        case .messagePack: "ACDC10MGPK000000_"
        }
    }

    /// The attributes in keripy's order: `d`, `u`, `i`, `dt`, then what the issuer says.
    private static func attributes(
        _ members: OrderedMap, of draft: CredentialDraft, addressing: CredentialAddressing, format: DocumentFormat
    ) throws(Failure) -> OrderedMap {
        var block: OrderedMap = ["d": ""]
        if let nonce = draft.attributesNonce { block["u"] = .text(nonce.text) }
        if let issuee = draft.issuee { block["i"] = .text(issuee.text) }
        if let dated = draft.dated { block["dt"] = .text(dated.description) }
        for member in members.members {
            let isReserved = ["d", "u", "i"].contains(member.label)
            guard !isReserved, block.append(member.value, for: member.label) else {
                throw .reservedLabel(member.label)
            }
        }
        do throws(DocumentEncodingError) {
            try BlockAddressing.seal(&block, addressing: addressing, format: format)
        } catch { throw .encoding(error) }
        return block
    }

    /// Edges or rules with a digest in front.
    private static func section(
        _ value: OrderedValue, _ member: CredentialMember, addressing: CredentialAddressing, format: DocumentFormat
    ) throws(Failure) -> OrderedValue {
        do throws(DocumentEncodingError) {
            switch value {
            case .map(let members):
                var block: OrderedMap = ["d": ""]
                for member in members.members where member.label != "d" { block[member.label] = member.value }
                try BlockAddressing.seal(&block, addressing: addressing, format: format)
                return .map(block)
            case .list(let elements):
                var blocks: [OrderedValue] = []
                for element in elements {
                    guard case .map(var block) = element else { break }
                    try BlockAddressing.seal(&block, addressing: addressing, format: format)
                    blocks.append(.map(block))
                }
                if blocks.count == elements.count { return .list(blocks) }
            default: break
            }
        } catch { throw .encoding(error) }
        throw .notABlock(member)
    }
}
