// SPDX-License-Identifier: Apache-2.0

internal import JOSE
internal import KelmarkBytes
internal import SPIFFE

extension AgentRecord {
    /// Most bytes of a record.
    static let largest = 4 << 20

    /// The record as it stands in a file. It holds the key: whoever writes it wipes it afterwards.
    func encoded(for trustDomain: TrustDomain) throws -> [UInt8] {
        var map = OrderedMap()
        map["version"] = 1
        map["trustDomain"] = .text(trustDomain.name)
        map["bundle"] = .text(String(decoding: BundleDocument.encode(bundle), as: UTF8.self))
        if !revoked.isEmpty { map["revoked"] = .list(revoked.map { .text(StandardBase64.encodedString($0)) }) }
        if let identity {
            map["chain"] = .list(identity.chain.map { .text(StandardBase64.encodedString($0)) })
            map["key"] = .text(StandardBase64.encodedString(identity.key.pkcs8))
            map["reattestable"] = .boolean(identity.isReattestable)
        }
        return try map.encoded(as: .json)
    }

    /// Reads what ``encoded(for:)`` wrote for the same trust domain.
    /// - Throws: ``AgentRecordError``.
    init(parsing bytes: [UInt8], trustDomain: TrustDomain) throws(AgentRecordError) {
        let limits = Limits(bodyBytes: Self.largest, nestingDepth: 8, documentValues: 1 << 12)
        guard let value = try? OrderedValue(parsingJSON: bytes.span, strictness: .interoperable, limits: limits),
            let map = value.mapValue
        else { throw .malformed }
        guard map["version"]?.integerValue == 1 else { throw .version }
        guard map["trustDomain"]?.textValue == trustDomain.name else { throw .otherTrustDomain }
        guard let text = map["bundle"]?.textValue,
            let document = try? BundleDocument(parsing: Array(text.utf8), trustDomain: trustDomain)
        else { throw .malformed }
        bundle = document.bundle
        identity = nil
        for element in map["revoked"]?.listValue ?? [] {
            guard let digest = element.textValue.flatMap(StandardBase64.decode), digest.count == 32,
                revoked.count < Self.mostRevoked
            else { throw .malformed }
            revoked.append(digest)
        }
        guard map["key"] != nil || map["chain"] != nil else { return }
        guard let list = map["chain"]?.listValue, !list.isEmpty, list.count <= X509SVIDOutcome.longestChain,
            let keyText = map["key"]?.textValue, let der = StandardBase64.decode(keyText),
            let key = SVIDKey(p256PKCS8: der), let isReattestable = map["reattestable"]?.booleanValue
        else { throw .malformed }
        var chain: [[UInt8]] = []
        for element in list {
            guard let certificate = element.textValue.flatMap(StandardBase64.decode) else { throw .malformed }
            chain.append(certificate)
        }
        identity = StoredIdentity(chain: chain, key: key, isReattestable: isReattestable)
    }
}

/// Why a stored record is not used.
public enum AgentRecordError: String, Error, Hashable, Sendable, CaseIterable {
    /// Not what an agent writes.
    case malformed = "agent-record-malformed"
    /// Written by a later version.
    case version = "agent-record-version"
    /// Of an agent of another trust domain.
    case otherTrustDomain = "agent-record-trust-domain"
    /// Others than the owner may open the file.
    case permissionsTooOpen = "agent-record-permissions"
    /// The file is another user's.
    case foreignOwner = "agent-record-owner"
    /// Not a regular file.
    case notAFile = "agent-record-no-file"
    /// More bytes than are read.
    case tooLarge = "agent-record-too-large"
    /// Another agent uses the folder.
    case inUse = "agent-record-in-use"
}
