// SPDX-License-Identifier: Apache-2.0

public import SPIFFE

/// When an authority needs a successor, and when the successor takes over. Pure. Facts (SPIFFE) 13.2.
public struct RotationSchedule: Hashable, Sendable {
    private static let day: Int64 = 86_400

    /// From when on a successor is made ready.
    public let prepareNext: CertificateTime
    /// From when on the successor signs.
    public let activateNext: CertificateTime
    /// Until when the authority is valid.
    public let notAfter: CertificateTime

    /// The moments of an authority that lives from `issuedAt` to `notAfter`.
    public init(issuedAt: CertificateTime, notAfter: CertificateTime) {
        let lifetime = max(0, notAfter.seconds - issuedAt.seconds)
        prepareNext = notAfter.advanced(by: -min(lifetime / 2, 30 * Self.day))
        activateNext = notAfter.advanced(by: -Self.activationMargin(lifetime: lifetime))
        self.notAfter = notAfter
    }

    /// How long before its end an authority stops to sign: so long may an SVID live without being cut.
    static func activationMargin(lifetime: Int64) -> Int64 { min(lifetime / 6, 7 * day) }
}

/// What the next step of rotation is.
enum RotationStep: Hashable, Sendable {
    /// Nothing is due.
    case wait
    /// A successor is made ready.
    case prepare
    /// The successor takes over.
    case activate
    /// Nothing can sign: a key is made ready and takes over at once.
    case replace

    /// How far the clock may run behind the beginning of an authority before that authority is of no use, in seconds: its
    /// certificate is dated back by as much.
    static let toleratedLag = CertificateProfile.backdating

    /// Decides about one kind of authority. Pure.
    ///
    /// An authority that is not valid yet is of as little use as one that is no more: the clock was set back; so is one
    /// that has fallen. Every way out ends in one key: a successor that is ready and valid is used before another is made.
    /// - Parameter fallen: the authorities that the gate stands behind no more.
    static func next(
        for slots: AuthoritySlots, at now: CertificateTime, fallen: Set<String> = []
    ) -> RotationStep {
        func isUsable(_ entry: AuthorityEntry) -> Bool {
            entry.issuedAt <= now.advanced(by: toleratedLag) && now < entry.notAfter
                && !fallen.contains(entry.authorityID)
        }
        let prepared = slots.prepared.flatMap { isUsable($0) ? $0 : nil }
        guard let active = slots.active, isUsable(active) else { return prepared == nil ? .replace : .activate }
        let schedule = RotationSchedule(issuedAt: active.issuedAt, notAfter: active.notAfter)
        if now >= schedule.activateNext, prepared != nil { return .activate }
        if now >= schedule.prepareNext, prepared == nil { return .prepare }
        return .wait
    }
}
