// SPDX-License-Identifier: Apache-2.0

extension CorruptionDrill {
    // MARK: Bytes of each part, manifest as it was

    func bytesOfParts() throws -> [(Corruption, [UInt8])] {
        let messages = try messages()
        let manifest = try manifest(of: file.parts)
        func flipped(_ part: Int, _ place: Int) -> [UInt8] {
            var changed = messages
            changed[part][place] = Self.another(changed[part][place])
            return changed.flatMap { $0 } + manifest
        }
        /// A character of the Base64 text in a part of ours.
        func inside(_ part: Int) -> Int { messages[part].count / 2 }
        let organisation = file.parts[places.organisation]
        let issuer = file.parts[places.issuer]
        var badManifest = bytes
        let inManifest = bytes.count - 10
        badManifest[inManifest] = Self.another(badManifest[inManifest])
        return [
            (
                corruption("organisation-event", "one byte of the organisation's first event", .contradicted, .file),
                flipped(places.organisation, organisation.saidPlace(ofEvent: 0))
            ),
            (
                corruption("organisation-signature", "one byte of a signature of it", .contradicted, .file),
                flipped(places.organisation, organisation.signaturePlace(ofEvent: 0))
            ),
            (
                corruption("issuer-event", "one byte of the issuer's inception", .contradicted, .file),
                flipped(places.issuer, issuer.saidPlace(ofEvent: 0))
            ),
            (
                corruption("issuer-signature", "one byte of the signature on the sealing event", .contradicted, .file),
                flipped(places.issuer, issuer.signaturePlace(ofEvent: places.sealing))
            ),
            (
                corruption("registry-byte", "one byte of the issuance", .contradicted, .file),
                flipped(places.registry, file.parts[places.registry].saidPlace(ofEvent: places.issuance))
            ),
            (
                corruption("registry-seal-byte", "one byte of the place of its seal", .contradicted, .file),
                flipped(places.registry, file.parts[places.registry].sourcePlace(ofEvent: places.issuance))
            ),
            (
                corruption("credential-byte", "one byte of the authority credential", .contradicted, .file),
                flipped(places.credential, inside(places.credential))
            ),
            (
                corruption("schema-byte", "one byte of its schema", .contradicted, .file),
                flipped(places.schema, inside(places.schema))
            ),
            (
                corruption("statement-byte", "one byte of the statement", .contradicted, .file),
                flipped(places.statement, inside(places.statement))
            ),
            (
                corruption("authority-byte", "one byte of the authority's certificate", .contradicted, .file),
                flipped(places.authority, inside(places.authority))
            ),
            (
                corruption("svid-byte", "one byte of the SVID", .contradicted, .file),
                flipped(places.svid, inside(places.svid))
            ),
            (corruption("manifest-byte", "one byte of the manifest", .contradicted, .file), badManifest),
        ]
    }

    // MARK: Parts removed, manifest as it was

    func removals() throws -> [(Corruption, [UInt8])] {
        let messages = try messages()
        let manifest = try manifest(of: file.parts)
        func without(_ part: Int) -> [UInt8] {
            var kept = messages
            kept.remove(at: part)
            return kept.flatMap { $0 } + manifest
        }
        let issuer = file.parts[places.issuer]
        let inSignature = issuer.offset + issuer.signaturePlace(ofEvent: places.sealing)
        return [
            (
                corruption("organisation-removed", "the organisation's log taken out", .undecidable, .file),
                without(places.organisation)
            ),
            (corruption("issuer-removed", "the issuer's log taken out", .undecidable, .file), without(places.issuer)),
            (
                corruption("registry-removed", "the registry taken out", .undecidable, .file), without(places.registry)
            ),
            (
                corruption("credential-removed", "the credential taken out", .undecidable, .file),
                without(places.credential)
            ),
            (corruption("schema-removed", "its schema taken out", .undecidable, .file), without(places.schema)),
            (
                corruption("statement-removed", "the statement taken out", .undecidable, .file),
                without(places.statement)
            ),
            (
                corruption("authority-removed", "the authority's certificate taken out", .undecidable, .file),
                without(places.authority)
            ),
            (corruption("svid-removed", "the SVID taken out", .undecidable, .file), without(places.svid)),
            (corruption("manifest-removed", "the manifest taken out", .undecidable, .file), messages.flatMap { $0 }),
            (
                corruption("manifest-cut", "the file cut in its manifest", .undecidable, .file),
                Array(bytes.dropLast(20))
            ),
            (
                corruption("log-cut", "the file cut in a signature of the issuer's log", .undecidable, .file),
                Array(bytes[..<inSignature])
            ),
        ]
    }

    // MARK: Parts swapped, repeated, added; manifest as it was

    func orders() throws -> [(Corruption, [UInt8])] {
        let messages = try messages()
        let manifest = try manifest(of: file.parts)
        func swapped(_ one: Int, _ other: Int) -> [UInt8] {
            var changed = messages
            changed.swapAt(one, other)
            return changed.flatMap { $0 } + manifest
        }
        return [
            (
                corruption("logs-swapped", "the two logs change places", .contradicted, .file),
                swapped(places.organisation, places.issuer)
            ),
            (
                corruption("registry-swapped", "registry and credential change places", .contradicted, .file),
                swapped(places.registry, places.credential)
            ),
            (
                corruption("certificates-swapped", "authority and SVID change places", .contradicted, .file),
                swapped(places.authority, places.svid)
            ),
            (
                corruption("statement-twice", "the statement twice", .contradicted, .file),
                messages.flatMap { $0 } + messages[places.statement] + manifest
            ),
            (
                corruption("behind-manifest", "a part behind the manifest", .contradicted, .file),
                bytes + messages[places.svid]
            ),
        ]
    }
}
