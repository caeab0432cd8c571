// SPDX-License-Identifier: Apache-2.0

/// Decides which authorities of a bundle are trusted before anybody uses them.
///
/// An agent and federation see only this: whether a decision rests on key event logs, on an operator's pin, or on nothing
/// but the place that the bundle came from, they can't tell. Binding, rule 2.
public protocol BundleAdmission: Sendable {
    /// Decides about a bundle that is to take the place of `current`.
    ///
    /// Fails closed: what can't be decided is refused. A refusal of the bundle as a whole leaves `current` in place.
    /// - Parameters:
    ///   - bundle: What was received, under the trust domain that it was asked for.
    ///   - current: What is in use; nil at first.
    func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision
}

/// How well an admitted authority is founded.
public enum AdmissionGrade: String, Hashable, Sendable, CaseIterable {
    /// It was published by whom we asked; nobody vouches for it.
    case claimed
    /// An operator named it.
    case pinned
    /// Key event logs prove it.
    case proven
}

/// Whether one authority is trusted, and why.
public struct AuthorityVerdict: Hashable, Sendable {
    /// What became of the authority.
    public enum Outcome: Hashable, Sendable {
        /// It is trusted.
        case admitted(AdmissionGrade)
        /// It is not.
        case refused
    }

    /// Which authority.
    public let authority: TrustAuthority
    /// What became of it.
    public let outcome: Outcome
    /// Why, in one clause for the log.
    public let reason: String

    /// A verdict.
    public init(_ authority: TrustAuthority, _ outcome: Outcome, reason: String) {
        self.authority = authority
        self.outcome = outcome
        self.reason = reason
    }
}

/// What becomes of a received bundle.
public enum BundleDecision: Hashable, Sendable {
    /// The bundle is used, with those authorities that have an admitting verdict; there may be none left.
    case admitted(TrustBundle, verdicts: [AuthorityVerdict])
    /// Nothing of the bundle is used, for a reason that concerns it as a whole.
    case refused(reason: String)

    /// Keeps of `bundle` what the verdicts admit; authorities without a verdict are not kept.
    public static func admitting(_ bundle: TrustBundle, by verdicts: [AuthorityVerdict]) -> BundleDecision {
        let kept = Set(
            verdicts.compactMap { verdict in
                if case .admitted = verdict.outcome { verdict.authority } else { nil }
            })
        return .admitted(bundle.filtered(kept.contains), verdicts: verdicts)
    }
}

/// Admits whatever came from the right place, as plain SPIFFE does: every authority is `claimed`.
public struct OpenBundleAdmission: BundleAdmission {
    /// An admission without further rules.
    public init() {}

    /// Admits all of `bundle`, unless it would take the place of another trust domain's.
    public func decide(on bundle: TrustBundle, replacing current: TrustBundle?) async -> BundleDecision {
        if let current, current.trustDomain != bundle.trustDomain {
            return .refused(reason: "a bundle of \(bundle.trustDomain) can't replace one of \(current.trustDomain)")
        }
        let verdicts = bundle.authorities.map {
            AuthorityVerdict($0, .admitted(.claimed), reason: "published by its trust domain")
        }
        return .admitting(bundle, by: verdicts)
    }
}
