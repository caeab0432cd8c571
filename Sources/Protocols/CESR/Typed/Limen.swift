// SPDX-License-Identifier: Apache-2.0

private import KelmarkBytes

/// The form of a signing threshold as a primitive (facts 1.5): a number, or weights as Base64url text, `1s2c1s2a1` for
/// `[["1/2","1/2"],["1"]]`. Called limen in KERIpy; JSON bodies have another form.
///
/// Only the grammar is checked here: whether the weights make a threshold is up to whoever uses it.
public enum Limen: Hashable, Sendable {
    /// So many signatures.
    case count(UInt128)
    /// Clauses of weights, each `0`, `1` or a fraction such as `1/2`.
    case weights([[String]])

    /// The threshold in a primitive.
    /// - Throws: ``CESRError`` when the code is neither number nor text, or the text is not of weights.
    public init(_ primitive: Primitive) throws(CESRError) {
        if primitive.code.isNumber {
            guard let number = Number(primitive) else { throw CESRError(.outOfRange) }
            self = .count(number.value)
            return
        }
        let text = try Base64Text(primitive).text
        let clauses = text.split(separator: "a", omittingEmptySubsequences: false).map { clause in
            clause.split(separator: "c", omittingEmptySubsequences: false).map { String($0.replacing("s", with: "/")) }
        }
        self = try .checked(clauses)
    }

    /// Clauses of weights.
    /// - Throws: ``CESRError`` when there is none, or one is no whole number or fraction in decimal digits.
    public init(clauses: [[String]]) throws(CESRError) { self = try .checked(clauses) }

    /// The primitive: the smallest number of version 1, or text.
    /// - Throws: ``CESRError`` when a weight is no whole number or fraction in decimal digits.
    public var primitive: Primitive {
        get throws(CESRError) {
            switch self {
            case .count(let value): return Number(value).primitive()
            case .weights(let clauses):
                _ = try Limen.checked(clauses)
                let text = clauses.map { $0.map { $0.replacing("/", with: "s") }.joined(separator: "c") }
                return try Base64Text(text.joined(separator: "a")).primitive
            }
        }
    }

    private static func checked(_ clauses: [[String]]) throws(CESRError) -> Limen {
        guard !clauses.isEmpty else { throw CESRError(.invalidThreshold) }
        for clause in clauses {
            guard !clause.isEmpty else { throw CESRError(.invalidThreshold) }
            for weight in clause {
                let parts = weight.split(separator: "/", omittingEmptySubsequences: false)
                guard parts.count <= 2,
                    parts.allSatisfy({ part in
                        !part.isEmpty && (part == "0" || part.first != "0")
                            && part.utf8.allSatisfy { 0x30...0x39 ~= $0 }
                    })
                else { throw CESRError(.invalidThreshold) }
            }
        }
        return .weights(clauses)
    }
}
