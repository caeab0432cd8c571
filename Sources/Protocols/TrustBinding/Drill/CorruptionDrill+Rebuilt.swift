// SPDX-License-Identifier: Apache-2.0

extension CorruptionDrill {
    // MARK: Newest events cut

    func newestEvents() throws -> [(Corruption, [UInt8])] {
        let manifest = try manifest(of: file.parts)
        func cut(_ part: Int, keeping count: Int) throws -> [ProofPart] {
            var parts = file.parts
            let kept = Array(parts[part].events.prefix(count))
            parts[part] = ProofPart(
                name: parts[part].name, count: count,
                content: kept.flatMap { Array(parts[part].content[$0.range]) }, offset: 0, events: kept)
            return parts
        }
        func asListed(_ parts: [ProofPart]) throws -> [UInt8] { try ProofFileWriter.bytes(of: parts) + manifest }
        let organisation = try cut(places.organisation, keeping: places.issuing)
        let issuer = try cut(places.issuer, keeping: places.sealing)
        return [
            (
                corruption("organisation-newest", "the organisation's newest events cut", .contradicted, .file),
                try asListed(organisation)
            ),
            (
                corruption("issuer-newest", "the issuer's newest events cut", .contradicted, .file),
                try asListed(issuer)
            ),
            (
                corruption(
                    "organisation-newest-rebuilt", "the same from the issuance on, rebuilt", .undecidable,
                    .credential),
                try ProofFileWriter.file(of: organisation)
            ),
            (
                corruption("issuer-newest-rebuilt", "the same from the seal on, rebuilt", .undecidable, .statement),
                try ProofFileWriter.file(of: issuer)
            ),
        ]
    }

    // MARK: Manifest rebuilt

    func rebuilt() throws -> [(Corruption, [UInt8])] {
        func rebuilt(_ change: (inout [ProofPart]) -> Void) throws -> [UInt8] {
            var parts = file.parts
            change(&parts)
            return try ProofFileWriter.file(of: parts)
        }
        func flipped(_ part: Int, _ place: Int) throws -> [UInt8] {
            try rebuilt { parts in
                var content = parts[part].content
                content[place] = Self.another(content[place])
                parts[part] = parts[part].replacing(content)
            }
        }
        /// The same where no reader gets as far as naming the part.
        func refitted(_ part: Int, _ place: Int) throws -> [UInt8] {
            var parts = file.parts
            var content = parts[part].content
            content[place] = Self.another(content[place])
            parts[part] = parts[part].replacing(content)
            return try ProofFileWriter.bytes(of: parts) + manifest(of: parts)
        }
        let organisation = file.parts[places.organisation]
        let issuer = file.parts[places.issuer]
        let registry = file.parts[places.registry]
        let credential = file.parts[places.credential]
        return [
            (
                corruption(
                    "organisation-event-rebuilt", "an organisation's event, rebuilt", .contradicted, .organisation),
                try flipped(places.organisation, organisation.saidPlace(ofEvent: places.issuing))
            ),
            (
                corruption(
                    "organisation-signature-rebuilt", "a signature of the organisation, rebuilt", .contradicted,
                    .organisation),
                try flipped(places.organisation, organisation.signaturePlace(ofEvent: 0))
            ),
            (
                corruption("registry-event-rebuilt", "the issuance, rebuilt", .contradicted, .file),
                try refitted(places.registry, registry.saidPlace(ofEvent: places.issuance))
            ),
            (
                corruption(
                    "registry-seal-rebuilt", "the place of the issuance's seal, rebuilt", .contradicted, .registry),
                try flipped(places.registry, registry.sourcePlace(ofEvent: places.issuance))
            ),
            (
                corruption("issuance-removed-rebuilt", "no issuance, rebuilt", .undecidable, .credential),
                try rebuilt { parts in
                    var kept = registry.events
                    kept.remove(at: places.issuance)
                    parts[places.registry] = registry.replacing(kept.flatMap { Array(registry.content[$0.range]) })
                }
            ),
            (
                corruption("credential-byte-rebuilt", "a byte of the credential, rebuilt", .contradicted, .file),
                try refitted(places.credential, credential.events[0].bodyEnd - 10)
            ),
            (
                corruption(
                    "credential-seal-rebuilt", "the credential's seal of its issuance, rebuilt", .contradicted,
                    .credential),
                try flipped(places.credential, credential.sourcePlace(ofEvent: 0))
            ),
            (
                corruption("issuer-event-rebuilt", "the sealing event, rebuilt", .contradicted, .issuer),
                try flipped(places.issuer, issuer.saidPlace(ofEvent: places.sealing))
            ),
            (
                corruption("issuer-signature-rebuilt", "a signature of the issuer, rebuilt", .contradicted, .issuer),
                try flipped(places.issuer, issuer.signaturePlace(ofEvent: 0))
            ),
            (
                corruption(
                    "authority-signature-rebuilt", "the authority's signature, rebuilt", .contradicted, .authority),
                try flipped(places.authority, file.parts[places.authority].content.count - 1)
            ),
            (
                corruption("svid-signature-rebuilt", "the SVID's signature, rebuilt", .contradicted, .svid),
                try flipped(places.svid, file.parts[places.svid].content.count - 1)
            ),
            (
                corruption(
                    "organisation-removed-rebuilt", "no organisation's log, rebuilt", .undecidable, .organisation),
                try rebuilt { $0.remove(at: places.organisation) }
            ),
            (
                corruption("registry-removed-rebuilt", "no registry, rebuilt", .undecidable, .registry),
                try rebuilt { $0.remove(at: places.registry) }
            ),
            (
                corruption("credential-removed-rebuilt", "no credential, rebuilt", .undecidable, .registry),
                try rebuilt { $0.remove(at: places.credential) }
            ),
            (
                corruption("schema-removed-rebuilt", "no schema, which verifiers know, rebuilt", .proven, nil),
                try rebuilt { $0.remove(at: places.schema) }
            ),
            (
                corruption("issuer-removed-rebuilt", "no issuer's log, rebuilt", .undecidable, .issuer),
                try rebuilt { $0.remove(at: places.issuer) }
            ),
            (
                corruption("statement-removed-rebuilt", "no statement, rebuilt", .undecidable, .statement),
                try rebuilt { $0.remove(at: places.statement) }
            ),
            (
                corruption("authority-removed-rebuilt", "no authority, rebuilt", .undecidable, .authority),
                try rebuilt { $0.remove(at: places.authority) }
            ),
            (
                corruption("svid-removed-rebuilt", "no SVID, rebuilt", .undecidable, .svid),
                try rebuilt { $0.remove(at: places.svid) }
            ),
            (
                corruption("logs-swapped-rebuilt", "the logs in the other order, rebuilt", .proven, nil),
                try rebuilt { $0.swapAt(places.organisation, places.issuer) }
            ),
        ]
    }
}
