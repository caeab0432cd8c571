// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// A file of relationships: `{"federationRelationships":[…]}`, as SPIRE's `-data` takes it. Facts (SPIFFE) 18.
///
/// A member that is not known is refused: a misspelt one would be left out in silence.
struct RelationshipFile {
    /// Most bytes of a file.
    static let largest = 16 << 20
    private static let limits = Limits(bodyBytes: largest, nestingDepth: 12, documentValues: 1 << 20)

    let relationships: [RelationshipRecord]

    /// Reads a file, or standard input for `-`.
    init(path: String) throws { try self.init(DurableFile.read(path, atMost: Self.largest), named: path) }

    /// Reads the bytes of a file.
    /// - Throws: ``CommandFailure`` that names the relationship and the member.
    init(_ bytes: [UInt8], named name: String) throws(CommandFailure) {
        func malformed(_ complaint: String) -> CommandFailure {
            CommandFailure("KM-INPUT-RELATIONSHIPS", "\(name): \(complaint)")
        }
        let document: OrderedValue
        do {
            document = try OrderedValue(parsingJSON: bytes.span, strictness: .interoperable, limits: Self.limits)
        } catch {
            throw malformed("it is no JSON (byte \(error.offset))")
        }
        guard let map = document.mapValue, let list = map["federationRelationships"]?.listValue, map.count == 1 else {
            throw malformed("it holds more or less than a list \"federationRelationships\"")
        }
        var relationships: [RelationshipRecord] = []
        for (index, value) in list.enumerated() {
            do {
                guard let members = value.mapValue else { throw ValidationError("it is no map") }
                relationships.append(try Self.relationship(members))
            } catch let error as ValidationError {
                throw malformed("relationship \(index): \(error.message)")
            } catch let error as CommandFailure {
                throw malformed("relationship \(index): \(error.cause)")
            } catch {
                throw malformed("relationship \(index): \(error)")
            }
        }
        self.relationships = relationships
    }

    private static func relationship(_ members: OrderedMap) throws -> RelationshipRecord {
        var texts: [String: String] = [:]
        var bundle: OrderedValue?
        for member in members.members {
            switch member.label {
            case "trustDomain", "bundleEndpointURL", "bundleEndpointProfile", "endpointSPIFFEID",
                "trustDomainBundleFormat":
                guard let text = member.value.textValue else { throw ValidationError("\(member.label) is no text") }
                texts[member.label] = text
            case "trustDomainBundle": bundle = member.value
            default: throw ValidationError("member \"\(member.label)\" is not known")
            }
        }
        guard let trustDomain = texts["trustDomain"] else { throw ValidationError("trustDomain is missing") }
        guard let url = texts["bundleEndpointURL"] else { throw ValidationError("bundleEndpointURL is missing") }
        let profile = try texts["bundleEndpointProfile"].map { text in
            guard let profile = EndpointProfile(rawValue: text) else {
                throw ValidationError("bundleEndpointProfile is neither https_web nor https_spiffe")
            }
            return profile
        }
        var record = try RelationshipRecord(
            trustDomain: try Typed.trustDomain(trustDomain), url: url, profile: profile,
            endpointID: try texts["endpointSPIFFEID"].map { try Typed.id($0) })
        if let bundle {
            record.bundle = try self.bundle(
                bundle, texts["trustDomainBundleFormat"], of: TrustDomain(record.trustDomain))
        }
        return record
    }

    /// A bundle inside the file: PEM is a text, SPIFFE's document a map.
    private static func bundle(
        _ value: OrderedValue, _ format: String?, of trustDomain: TrustDomain
    ) throws -> BundleRecord {
        let form: BundleForm? =
            if let format { BundleForm(rawValue: format) } else { value.textValue == nil ? .spiffe : .pem }
        let name = "trustDomainBundle"
        switch (form, value.textValue) {
        case (.pem, let text?):
            return BundleView.record(try BundleFile.parse(Array(text.utf8), .pem, of: trustDomain, named: name))
        case (.spiffe, nil):
            return BundleView.record(
                try BundleFile.parse(Array(value.compactText.utf8), .spiffe, of: trustDomain, named: name))
        case (nil, _): throw ValidationError("trustDomainBundleFormat is neither pem nor spiffe")
        default: throw ValidationError("\(name) is not what its format says")
        }
    }
}
