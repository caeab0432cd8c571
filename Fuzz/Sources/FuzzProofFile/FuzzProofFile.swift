// SPDX-License-Identifier: Apache-2.0

internal import FuzzSupport
internal import KERI
internal import SPIFFE
internal import TrustBinding

/// The AID that all seeds are rooted in is not pinned: the first log of the file is taken, so that rungs are reached.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProofFile(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    withInput(start, count) { input in
        guard let file = try? ProofFile(input) else { return }
        guard let root = file.newestEvents.first.flatMap({ AID($0.aid) }),
            let domain = try? TrustDomain("acme.example"),
            let time = CertificateTime(seconds: 1_800_000_000)
        else { return }
        let report = ProofVerifier.verify(input, root: root, trustDomain: domain, at: time)
        property(report.rungs.count == Rung.Name.allCases.count, "every rung is judged")
        property(
            report == ProofVerifier.verify(input, root: root, trustDomain: domain, at: time),
            "the same file gives the same report")
    }
}
