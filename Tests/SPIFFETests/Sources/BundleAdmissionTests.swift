// SPDX-License-Identifier: Apache-2.0

import SPIFFE
import Testing

struct BundleAdmissionTests {
    @Test func plainSPIFFEAdmitsWhatWasPublished() async throws {
        let bundle = try TrustBundleTests.full()
        let admission: any BundleAdmission = OpenBundleAdmission()
        guard case .admitted(let admitted, let verdicts) = await admission.decide(on: bundle, replacing: nil) else {
            Issue.record("it was refused")
            return
        }
        #expect(admitted == bundle && verdicts.count == bundle.authorities.count)
        #expect(verdicts.allSatisfy { $0.outcome == .admitted(.claimed) })
        let other = try TrustBundle(trustDomain: TrustDomain("partner.test"))
        guard case .refused = await admission.decide(on: bundle, replacing: other) else {
            Issue.record("a bundle took the place of another trust domain's")
            return
        }
    }

    @Test func onlyAuthoritiesWithAnAdmittingVerdictStay() throws {
        let bundle = try TrustBundleTests.full()
        let authorities = bundle.authorities
        let decision = BundleDecision.admitting(
            bundle,
            by: [
                AuthorityVerdict(authorities[0], .admitted(.proven), reason: "a"),
                AuthorityVerdict(authorities[1], .refused, reason: "b"),
                AuthorityVerdict(authorities[3], .admitted(.pinned), reason: "c"),
            ])
        guard case .admitted(let kept, _) = decision else {
            Issue.record("it was refused")
            return
        }
        #expect(kept.authorities == [authorities[0], authorities[3]])
    }
}
