// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import KelmarkBytes

/// Entries as SPIRE's tools print them; scripts parse that.
enum EntryView {
    /// An entry as a block of lines, an empty one at its end.
    static func block(_ entry: EntryRecord, id: String? = nil) -> [String] {
        var lines: [String] = []
        func line(_ label: String, _ value: String) { lines.append(SPIREText.line(label, value, width: 24)) }
        line("Entry ID", id ?? entry.id)
        line("SPIFFE ID", "\(entry.spiffeID)")
        line("Parent ID", "\(entry.parentID)")
        line("Revision", "\(entry.revision)")
        if entry.isDownstream { line("Downstream", "true") }
        line("X509-SVID TTL", entry.x509SVIDTTL == 0 ? "default" : "\(entry.x509SVIDTTL)")
        line("JWT-SVID TTL", entry.jwtSVIDTTL == 0 ? "default" : "\(entry.jwtSVIDTTL)")
        if entry.expiresAt != 0 { line("Expiration time", SPIREText.time(entry.expiresAt)) }
        for selector in entry.selectors { line("Selector", "\(selector)") }
        for domain in entry.federatesWith { line("FederatesWith", domain) }
        for name in entry.dnsNames { line("DNS name", name) }
        if entry.isAdmin { line("Admin", "true") }
        if entry.storesSVID { line("StoreSvid", "true") }
        if !entry.hint.isEmpty { line("Hint", entry.hint) }
        if entry.attributes?.disablesPrefetch == true { line("DisableX509SVIDPrefetch", "true") }
        if entry.attributes?.includesTokenID == true { line("JWTSVIDIncludeJTI", "true") }
        return lines + [""]
    }

    /// An entry as the API's JSON.
    static func json(_ entry: EntryRecord) -> OrderedValue {
        var map: OrderedMap = [:]
        if let attributes = entry.attributes {
            map["additional_attributes"] = [
                "disable_x509_svid_prefetch": .boolean(attributes.disablesPrefetch),
                "jwt_svid_include_jti": .boolean(attributes.includesTokenID),
            ]
        }
        map["admin"] = .boolean(entry.isAdmin)
        map["created_at"] = SPIREJSON.integer(entry.createdAt)
        map["dns_names"] = SPIREJSON.texts(entry.dnsNames)
        map["downstream"] = .boolean(entry.isDownstream)
        map["expires_at"] = SPIREJSON.integer(entry.expiresAt)
        map["federates_with"] = SPIREJSON.texts(entry.federatesWith)
        map["hint"] = .text(entry.hint)
        map["id"] = .text(entry.id)
        map["jwt_svid_ttl"] = OrderedValue(entry.jwtSVIDTTL)
        map["parent_id"] = SPIREJSON.id(entry.parentID)
        map["revision_number"] = SPIREJSON.integer(entry.revision)
        map["selectors"] = SPIREJSON.selectors(entry.selectors)
        map["spiffe_id"] = SPIREJSON.id(entry.spiffeID)
        map["store_svid"] = .boolean(entry.storesSVID)
        map["x509_svid_ttl"] = OrderedValue(entry.x509SVIDTTL)
        return .map(map)
    }

    /// A list as the API's JSON.
    static func json(_ entries: [EntryRecord]) -> OrderedMap {
        ["entries": .list(entries.map(json)), "next_page_token": ""]
    }

    /// Entries that were found, as blocks.
    static func found(_ entries: [EntryRecord]) -> Answer {
        Answer(
            json: json(entries),
            text: ["Found \(SPIREText.count(entries.count, "entry", "entries"))"] + entries.flatMap { block($0) })
    }

    /// Entries that were found, each on a line.
    static func list(_ entries: [EntryRecord]) -> Answer {
        let lines = entries.map { entry in
            printable(
                "\(entry.id)  \(entry.spiffeID)  under \(entry.parentID)  "
                    + entry.selectors.map(\.description).joined(separator: " "))
        }
        return Answer(json: json(entries), text: lines.isEmpty ? ["no entries"] : lines)
    }

    /// What came of creating or updating entries.
    /// - Parameters:
    ///   - verb: `create` or `update`.
    static func written(
        _ results: [RecordResult<EntryRecord>], of sent: [EntryRecord], verb: String
    ) -> Answer {
        var answer = Answer(json: SPIREJSON.results(results, "entry", json), text: [])
        for (result, entry) in zip(results, sent) {
            if result.status.isOK {
                let kept = result.item ?? entry
                answer.text += block(kept)
                if kept.storesSVID {
                    answer.warnings.append(
                        "\(kept.spiffeID) is to be stored, but no agent of Kelmark stores SVIDs: its workloads get it from "
                            + "the Workload API, as without --store-svid")
                }
            } else {
                answer.complaints.append(
                    "Failed to \(verb) the following entry \(SPIREText.reason(result.status)):")
                // As it was sent; the server has given it no ID.
                answer.complaints += block(entry, id: entry.id.isEmpty ? "(none)" : nil)
            }
        }
        answer.concern = .ofRefused(results.map(\.status), "\(verb) one or more entries")
        return answer
    }

    /// What came of deleting entries.
    static func deleted(_ results: [RecordResult<String>], of ids: [String]) -> Answer {
        var answer = Answer(json: SPIREJSON.results(results, "id") { .text($0) }, text: [])
        for (result, id) in zip(results, ids) {
            if result.status.isOK {
                answer.text.append(printable("Deleted entry with ID: \(id)"))
            } else {
                answer.complaints.append(
                    printable("Failed to delete entry with ID \(id) ") + SPIREText.reason(result.status))
            }
        }
        let (done, failed) = (answer.text.count, answer.complaints.count)
        // SPIRE's tool says "1 entries" too.
        if done > 0 { answer.text += ["", "", "Deleted \(done) entries successfully"] }
        if failed > 0 { answer.complaints += ["", "", "Failed to delete \(failed) entries"] }
        answer.concern = .ofRefused(results.map(\.status), "delete one or more entries")
        return answer
    }
}
