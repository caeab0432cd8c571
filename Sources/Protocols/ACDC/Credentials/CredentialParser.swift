// SPDX-License-Identifier: Apache-2.0

public import CESR
public import KERI
public import KelmarkBytes

/// Turns framed bodies into credentials: members, order, canonical form and every digest are checked here, once, on the
/// bytes as received. Keep one parser and parse many credentials with it: its working space is reused.
///
/// Read are ACDC 1.0 bodies (facts 13.4). Digests may be over the form as serialised, as keripy 1.x makes them, or over
/// the most compact form of the specification (facts 14.5); ``Credential/addressing`` says which.
public struct CredentialParser: Sendable {
    /// Bounds for bodies.
    public let limits: Limits
    var index = DocumentIndex()
    var found = AddressedBlocks()
    /// Tokens of the member values, in order of ``CredentialMember/allCases``; nil for members that are not there.
    var values: [Int?] = []

    /// Starts a parser.
    public init(limits: Limits = .standard) { self.limits = limits }

    /// Types one body.
    ///
    /// - Parameters:
    ///   - bytes: the whole body and nothing else.
    ///   - version: what its version string said when it was framed.
    /// - Throws: ``CredentialError``.
    public mutating func parse(_ bytes: Span<UInt8>, version: VersionString) throws(CredentialError) -> Credential {
        guard version.protocol == .acdc, version.major == 1, version.minor == 0, version.grammar == .version1,
            let format = version.format.document
        else { throw CredentialError(.unsupportedVersion) }
        return try parse(bytes, format: format)
    }

    /// Types one body and demands a SAID, as for a disclosure of a credential that is known already.
    /// - Throws: ``CredentialError``, with code `forgedSAID` when it is another credential.
    public mutating func parse(
        _ bytes: Span<UInt8>, format: DocumentFormat, expecting said: SAID
    ) throws(CredentialError) -> Credential {
        let credential = try parse(bytes, format: format)
        guard credential.said == said else { throw CredentialError(.forgedSAID, in: .digest) }
        return credential
    }

    /// Types one body.
    /// - Throws: ``CredentialError``.
    public mutating func parse(_ bytes: Span<UInt8>, format: DocumentFormat) throws(CredentialError) -> Credential {
        do throws(DocumentError) {
            try index.scan(bytes, format: format, limits: limits)
        } catch { throw CredentialError(.document(error), at: error.offset) }
        try checkVersion(of: bytes)
        try collectMembers(in: bytes)
        let said = try identifier(.digest, in: bytes) as SAID
        found.start(said, range: 0..<bytes.count, digest: index.tokens[value(.digest)].range)
        let schema = try readSchema(in: bytes)
        let attributes = try readBlock(.attributes, mayBeList: false, in: bytes)
        let aggregate = try readAggregate(in: bytes)
        let edges = try readBlock(.edges, mayBeList: true, in: bytes)
        let rules = try readBlock(.rules, mayBeList: true, in: bytes)
        let addressing = try checkDigests(in: bytes)
        let (nonce, isMetadata) = try readNonce(in: bytes)
        return Credential(
            said: said, nonce: nonce, isMetadata: isMetadata, issuer: try identifier(.issuer, in: bytes),
            registry: try readRegistry(in: bytes), schema: schema.said, embeddedSchema: schema.range,
            attributes: attributes, aggregate: aggregate, edges: edges, rules: rules,
            target: readTarget(in: bytes), dated: readDate(in: bytes), addressing: addressing,
            shownBlocks: found.foldable, bytes: bytes.withUnsafeBufferPointer { Array($0) }, format: format)
    }

    // MARK: Members

    private func checkVersion(of bytes: Span<UInt8>) throws(CredentialError) {
        guard let root = index.tokens.first, root.kind == .map, root.count >= 2,
            index.text(index.tokens[1], equals: "v", in: bytes), index.tokens[2].kind == .text
        else { throw CredentialError(.notACredential) }
        let token = index.tokens[2]
        guard !token.hasEscapes, let version = try? VersionString(bytes.extracting(token.range)),
            version.protocol == .acdc, version.major == 1, version.minor == 0, version.grammar == .version1,
            version.format.document == index.format,
            version.size == bytes.count
        else { throw CredentialError(.unsupportedVersion, in: .version, at: Int(token.start)) }
    }

    private mutating func collectMembers(in bytes: Span<UInt8>) throws(CredentialError) {
        let order = CredentialMember.allCases
        values.removeAll(keepingCapacity: true)
        var position = 1
        for _ in 0..<Int(index.tokens[0].count) {
            let label = index.tokens[position]
            while values.count < order.count, !index.text(label, equals: order[values.count].label, in: bytes) {
                guard !order[values.count].isMandatory else {
                    throw CredentialError(.wrongMembers, in: order[values.count], at: Int(label.start))
                }
                values.append(nil)
            }
            guard values.count < order.count else { throw CredentialError(.wrongMembers, at: Int(label.start)) }
            values.append(position + 1)
            position = Int(index.tokens[position + 1].next)
        }
        while values.count < order.count {
            guard !order[values.count].isMandatory else {
                throw CredentialError(.wrongMembers, in: order[values.count], at: bytes.count)
            }
            values.append(nil)
        }
        if place(.attributes) != nil, let both = place(.aggregate) {
            throw CredentialError(.wrongMembers, in: .aggregate, at: Int(index.tokens[both].start))
        }
    }

    /// Token of a member's value, nil without one.
    func place(_ member: CredentialMember) -> Int? {
        switch member {
        case .version: values[0]
        case .digest: values[1]
        case .nonce: values[2]
        case .issuer: values[3]
        case .registry: values[4]
        case .schema: values[5]
        case .attributes: values[6]
        case .aggregate: values[7]
        case .edges: values[8]
        case .rules: values[9]
        }
    }

    /// Token of the value of a member that is mandatory; the document's for one that is not there.
    func value(_ member: CredentialMember) -> Int { place(member) ?? 0 }

    func bad(_ member: CredentialMember, _ token: Int) -> CredentialError {
        CredentialError(.badValue, in: member, at: Int(index.tokens[token].start))
    }

    func identifier<ID: QualifiedIdentifier>(
        _ member: CredentialMember, in bytes: Span<UInt8>
    ) throws(CredentialError) -> ID {
        try identifier(at: value(member), in: member, of: bytes)
    }

    func identifier<ID: QualifiedIdentifier>(
        at place: Int, in member: CredentialMember, of bytes: Span<UInt8>
    ) throws(CredentialError) -> ID {
        let token = index.tokens[place]
        guard token.kind == .text, !token.hasEscapes, let id = ID(text: bytes.extracting(token.range)) else {
            throw bad(member, place)
        }
        return id
    }
}
