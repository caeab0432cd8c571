// SPDX-License-Identifier: Apache-2.0

/// What a proof comes to. `03-binding.md`, section 4.
public enum Verdict: String, Hashable, Sendable, CaseIterable {
    /// Every link holds.
    case proven
    /// A link is false.
    case contradicted
    /// A link is missing or not fresh enough.
    case undecidable

    /// Exit code of a command that ends with this verdict.
    public var exitCode: Int32 {
        switch self {
        case .proven: 0
        case .contradicted: 1
        case .undecidable: 3
        }
    }

    /// What several links come to: one false link contradicts, else one missing link leaves it open.
    public static func joining(_ verdicts: some Sequence<Verdict>) -> Verdict {
        var joined = Verdict.proven
        for verdict in verdicts {
            if verdict == .contradicted { return .contradicted }
            if verdict == .undecidable { joined = .undecidable }
        }
        return joined
    }
}
