// SPDX-License-Identifier: Apache-2.0

internal import SPIFFE

/// What makes a draft an entry. Each refusal is `invalidArgument` and names the member. Facts (SPIFFE) 11.1.
struct EntryRules: Sendable {
    /// Most bytes of an entry's ID.
    static let longestID = 255
    /// Most bytes of a hint.
    static let longestHint = 1024
    /// Most selectors and trust domains of one entry.
    static let mostValues = 1024

    let identifiers: IdentifierRules

    /// The entry of a draft; `id`, `revision` and `createdAt` are the caller's business.
    func entry(_ draft: EntryDraft, id: String) throws(IssuerError) -> RegistrationEntry {
        do throws(IssuerError) {
            var entry = RegistrationEntry(
                id: id,
                spiffeID: try named(
                    "invalid spiffe ID", { () throws(IssuerError) in try identifiers.workload(draft.spiffeID) }),
                parentID: try named("invalid parent ID", { () throws(IssuerError) in try parent(draft.parentID) }),
                selectors: try selectors(draft.selectors))
            entry.x509SVIDTTL = try seconds(draft.x509SVIDTTL, "X509-SVID TTL")
            entry.jwtSVIDTTL = try seconds(draft.jwtSVIDTTL, "JWT-SVID TTL")
            entry.federatesWith = try federatesWith(draft.federatesWith)
            entry.isAdmin = draft.isAdmin
            entry.isDownstream = draft.isDownstream
            guard draft.expiresAt >= 0 else { throw refused("expiration must not be negative") }
            entry.expiresAt = draft.expiresAt
            entry.dnsNames = try dnsNames(draft.dnsNames)
            entry.storesSVID = draft.storesSVID
            guard draft.hint.utf8.count <= Self.longestHint else {
                throw refused("hint is too long, max length is \(Self.longestHint) characters")
            }
            entry.hint = draft.hint
            entry.isSignedOnDemand = draft.isSignedOnDemand
            entry.includesTokenID = draft.includesTokenID
            if entry.storesSVID { try storable(entry) }
            return entry
        } catch {
            throw IssuerError(error.code, "failed to convert entry: \(error.message)")
        }
    }

    /// An ID that a caller chose for an entry.
    func entryID(_ id: String) throws(IssuerError) -> String {
        guard id.utf8.count <= Self.longestID else { throw refused("entry ID too long") }
        let isPlain = id.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain else { throw refused("entry ID contains invalid characters") }
        return id
    }

    // MARK: Members

    /// The issuer itself, an agent, or a workload whose entry hands on what it may.
    private func parent(_ draft: IDDraft?) throws(IssuerError) -> SPIFFEID {
        let id = try identifiers.member(draft)
        guard !id.path.isEmpty else { throw refused("\"\(id)\" is no parent; path is empty") }
        guard !IdentifierRules.isReserved(id.path) || id.path == "/spire/server" || IdentifierRules.isAgent(id.path)
        else { throw refused("\"\(id)\" is neither the server nor an agent; path is in the reserved namespace") }
        return id
    }

    private func selectors(_ drafts: [EntryDraft.SelectorDraft]) throws(IssuerError) -> Set<Selector> {
        guard !drafts.isEmpty else { throw refused("selector list is empty") }
        try bounded(drafts.count, "selectors")
        var selectors: Set<Selector> = []
        for draft in drafts {
            do {
                selectors.insert(try Selector(type: draft.type, value: draft.value))
            } catch {
                throw switch error {
                case .emptyType: refused("missing selector type")
                case .colonInType: refused("selector type contains ':'")
                case .emptyValue: refused("missing selector value")
                case .tooLong, .missingColon: refused("selector is too long, max length is \(Selector.longest) bytes")
                }
            }
        }
        return selectors
    }

    private func seconds(_ value: Int32, _ name: String) throws(IssuerError) -> Int32 {
        guard value >= 0 else { throw refused("\(name) must not be negative") }
        return value
    }

    private func federatesWith(_ texts: [String]) throws(IssuerError) -> Set<TrustDomain> {
        try bounded(texts.count, "federated trust domains")
        var domains: Set<TrustDomain> = []
        for text in texts {
            domains.insert(
                try named(
                    "invalid federated trust domain", { () throws(IssuerError) in try identifiers.foreignDomain(text) })
            )
        }
        return domains
    }

    private func dnsNames(_ names: [String]) throws(IssuerError) -> [String] {
        // What can't be issued is not kept either.
        try bounded(names.count, "DNS names", most: CertificateProfile.mostDNSNames)
        var seen: Set<String> = []
        for name in names {
            if let fault = EntryDNSName.fault(in: name) { throw refused("invalid DNS name: \"\(name)\": \(fault)") }
            guard seen.insert(name).inserted else { throw refused("invalid DNS name: \"\(name)\" is there twice") }
        }
        return names
    }

    private func storable(_ entry: RegistrationEntry) throws(IssuerError) {
        guard Set(entry.selectors.map(\.type)).count == 1 else {
            throw refused("selector types must be the same when store SVID is enabled")
        }
        guard !entry.isSignedOnDemand else {
            throw refused("an SVID that is stored can't be signed on demand: prefetch must not be disabled")
        }
    }

    // MARK: Words

    private func bounded(_ count: Int, _ name: String, most: Int = mostValues) throws(IssuerError) {
        guard count <= most else { throw refused("too many \(name), at most \(most)") }
    }

    private func named<R>(_ name: String, _ body: () throws(IssuerError) -> R) throws(IssuerError) -> R {
        do throws(IssuerError) {
            return try body()
        } catch {
            throw IssuerError(error.code, "\(name): \(error.message)")
        }
    }

    private func refused(_ message: String) -> IssuerError { IssuerError(.invalidArgument, message) }
}

/// The form of DNS names in certificates: labels of letters, digits and inner dashes, the last one not of digits alone,
/// since an address is no name; `*` alone as the first of several.
enum EntryDNSName {
    /// What is wrong with a name; nil when nothing is.
    static func fault(in name: String) -> String? {
        guard !name.isEmpty else { return "name is empty" }
        guard name.utf8.count <= 253 else { return "name is longer than 253 bytes" }
        let labels = name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for (index, label) in labels.enumerated() {
            if index == 0, label.elementsEqual("*".utf8), labels.count > 1 { continue }
            guard !label.isEmpty else { return "label is empty" }
            guard label.count <= 63 else { return "label is longer than 63 bytes" }
            guard label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-") else {
                return "label begins or ends with a dash"
            }
            for byte in label {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    continue
                case UInt8(ascii: "*"): return "a wildcard must be the whole first label"
                default: return "label does not match the form of letters, digits and dashes"
                }
            }
        }
        if labels.last?.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) ?? true {
            return "last label is a number"
        }
        return nil
    }
}
