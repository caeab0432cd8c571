// SPDX-License-Identifier: Apache-2.0

internal import ACDC
internal import CESR
internal import KERI
internal import KelmarkBytes

extension WitnessEndpoint {
    /// The answer to a registry event whose backers this witness may be one of, and how to count it.
    func backing(
        of event: RegistryEvent, _ attachments: Attachments
    ) async throws -> (ServiceResponse, WitnessMetrics.Outcome) {
        switch try await witness.back(event, attachments) {
        case nil: return (.fault(403, "Forbidden", "no registries are backed here"), .refused)
        case .signed(let signature, let isNew)?:
            var proof = Attachments()
            proof.witnessSignatures = [signature]
            let response = ServiceResponse(
                contentType: ServiceResponse.cesrType, event.bytes + (try proof.encoded(in: .text)))
            return (response, isNew ? .receipted : .repeated)
        case .notBacker?:
            return (.fault(400, "Bad Request", "this is no backer of \(event.kind.rawValue) \(event.said)"), .refused)
        case .notServed?: return (.fault(403, "Forbidden", "the owner of the registry is not served here"), .refused)
        case .waits(let reason)?: return (try .waiting(reason.rawValue), .waiting)
        case .refused(let reason)?: return (.fault(reason), .refused)
        }
    }
}

extension ServiceResponse {
    /// An event that is kept until what it lacks is there.
    static func waiting(_ reason: String) throws -> ServiceResponse {
        let body: OrderedMap = ["title": "Accepted", "description": .text("waits: \(reason)")]
        return ServiceResponse(status: 202, contentType: "application/json", try body.encoded(as: .json))
    }
}
