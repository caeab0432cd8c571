// SPDX-License-Identifier: Apache-2.0

/// What two ways of continuing one log amount to (facts 7.5): a contradiction, or something that recovery allows.
package enum ForkRule {
    /// What it comes to.
    package enum Finding: Hashable, Sendable {
        /// The first so many events of each branch contradict each other.
        case contradiction(first: Int, second: Int)
        /// A rotation took the place of interactions: a controller that recovers says nothing twice.
        case recovery
        /// Delegated rotations: a later approval by the delegator may replace the earlier one (rules B and C).
        case delegatorDecides
    }

    /// Judges two branches that begin behind the same event, by the kinds of their events in order.
    ///
    /// Two interactions at one place contradict each other, and so do two rotations that reveal the same keys, even when
    /// interactions stand before one of them: only a rotation that nothing but interactions stand against recovers.
    package static func finding(_ first: [KeyEventKind], _ second: [KeyEventKind]) -> Finding {
        guard let one = first.first, let other = second.first else { return .recovery }
        if !one.isEstablishment, !other.isEstablishment { return .contradiction(first: 1, second: 1) }
        guard let oneEnd = first.firstIndex(where: \.isEstablishment),
            let otherEnd = second.firstIndex(where: \.isEstablishment)
        else { return .recovery }
        if first[oneEnd].needsDelegator || second[otherEnd].needsDelegator { return .delegatorDecides }
        return .contradiction(first: oneEnd + 1, second: otherEnd + 1)
    }
}
