// SPDX-License-Identifier: Apache-2.0

internal import IdentityGRPC
internal import KelmarkBytes

/// Relationships as SPIRE's tools print them.
enum FederationView {
    /// A relationship as a block of lines.
    static func block(_ relationship: RelationshipRecord) -> [String] {
        var lines: [String] = []
        func line(_ label: String, _ value: String) { lines.append(SPIREText.line(label, value, width: 26)) }
        line("Trust domain", relationship.trustDomain)
        line("Bundle endpoint URL", relationship.url)
        switch relationship.profile {
        case .web: line("Bundle endpoint profile", "https_web")
        case .spiffe(let id):
            line("Bundle endpoint profile", "https_spiffe")
            line("Endpoint SPIFFE ID", id)
        case .unknown: break
        }
        return lines
    }

    /// A relationship as the API's JSON.
    static func json(_ relationship: RelationshipRecord) -> OrderedMap {
        var map: OrderedMap = ["bundle_endpoint_url": .text(relationship.url)]
        switch relationship.profile {
        case .web: map["https_web"] = [:]
        case .spiffe(let id): map["https_spiffe"] = ["endpoint_spiffe_id": .text(id)]
        case .unknown: break
        }
        map["trust_domain"] = .text(relationship.trustDomain)
        if let bundle = relationship.bundle { map["trust_domain_bundle"] = .map(BundleView.json(bundle)) }
        return map
    }

    /// Relationships that were found.
    static func found(_ relationships: [RelationshipRecord]) -> Answer {
        let count = SPIREText.count(relationships.count, "federation relationship", "federation relationships")
        return Answer(
            json: ["federation_relationships": .list(relationships.map { .map(json($0)) }), "next_page_token": ""],
            text: ["Found \(count)"] + relationships.flatMap { [""] + block($0) })
    }

    /// What came of creating or updating relationships.
    /// - Parameters:
    ///   - verb: `create` or `update`.
    static func written(
        _ results: [RecordResult<RelationshipRecord>], of sent: [RelationshipRecord], verb: String
    ) -> Answer {
        var answer = Answer(
            json: SPIREJSON.results(results, "federation_relationship") { .map(json($0)) }, text: [])
        for (result, relationship) in zip(results, sent) {
            if result.status.isOK {
                answer.text += [""] + block(result.item ?? relationship)
            } else {
                answer.complaints.append(
                    "Failed to \(verb) the following federation relationship \(SPIREText.reason(result.status)):")
                answer.complaints += block(relationship)
            }
        }
        answer.concern = .ofRefused(results.map(\.status), "\(verb) one or more federation relationships")
        return answer
    }
}
