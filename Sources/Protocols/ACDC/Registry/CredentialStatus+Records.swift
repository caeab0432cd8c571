// SPDX-License-Identifier: Apache-2.0

internal import KERI

extension CredentialStatus {
    init(_ record: RegistryEventRecord, _ event: RegistryEvent, issuance: SAID, anchor issuanceAnchor: SealSource) {
        self.init(
            credential: record.subject, registry: record.registry, kind: record.kind, sn: record.sn,
            event: record.said, issuance: issuance, dated: event.dated ?? record.seenAt, anchor: record.anchor,
            issuanceAnchor: issuanceAnchor)
    }

    /// The same with another issuance, which took the place of one that nothing seals any more.
    func issued(by record: RegistryEventRecord) -> CredentialStatus {
        CredentialStatus(
            credential: credential, registry: registry, kind: kind, sn: sn, event: event, issuance: record.said,
            dated: dated, anchor: anchor, issuanceAnchor: record.anchor)
    }
}
