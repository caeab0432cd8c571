// SPDX-License-Identifier: Apache-2.0

/// Names a part of a credential: the labels that lead to it, from the credential on, and for a block of an aggregate its
/// number from 1. As text: `a/address`, `A/2`, `e/boss`; `a/*` is a block with all that is in it, `*` everything.
public struct DisclosurePath: Hashable, Sendable, CustomStringConvertible {
    /// The labels, from the credential on.
    public let labels: [String]
    /// Whether all blocks inside are meant too.
    public let isDeep: Bool

    /// Collects the two.
    public init(_ labels: [String], isDeep: Bool = false) {
        self.labels = labels
        self.isDeep = isDeep
    }

    /// Reads the text form; `~1` stands for a slash in a label, `~0` for a tilde, `~2` for a star that is a label.
    public init(_ text: String) {
        var parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        isDeep = parts.last == "*"
        if isDeep { parts.removeLast() }
        labels = parts.map(Self.unescaped)
    }

    /// The text form.
    public var description: String {
        (labels.map(Self.escaped) + (isDeep ? ["*"] : [])).joined(separator: "/")
    }

    /// Whether the part with these labels is shown when this path is.
    func shows(_ part: [String]) -> Bool { labels.starts(with: part) || (isDeep && part.starts(with: labels)) }

    private static func unescaped(_ label: String) -> String {
        var output = ""
        var isEscape = false
        for character in label.unicodeScalars {
            if isEscape {
                switch character {
                case "0": output.unicodeScalars.append("~")
                case "1": output.unicodeScalars.append("/")
                case "2": output.unicodeScalars.append("*")
                default: output.unicodeScalars.append(contentsOf: ["~", character])
                }
                isEscape = false
            } else if character == "~" {
                isEscape = true
            } else {
                output.unicodeScalars.append(character)
            }
        }
        return isEscape ? output + "~" : output
    }

    private static func escaped(_ label: String) -> String {
        var output = ""
        for character in label.unicodeScalars {
            switch character {
            case "~": output += "~0"
            case "/": output += "~1"
            case "*" where label == "*": output += "~2"
            default: output.unicodeScalars.append(character)
            }
        }
        return output
    }
}
