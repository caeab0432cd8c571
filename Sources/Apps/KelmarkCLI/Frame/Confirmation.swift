// SPDX-License-Identifier: Apache-2.0

extension CommandFailure {
    /// The same failure, advising to repeat what was typed with `--yes` where that is what is missing: the socket and the
    /// spelling of the caller are in it too.
    /// - Parameter typed: the command line behind the program's name.
    func confirming(_ typed: [String]) -> CommandFailure {
        guard code == "KM-NEEDS-YES", next.hasSuffix(" --yes"), !typed.isEmpty,
            typed.allSatisfy({ printable($0) == $0 })
        else { return self }
        var words = typed.filter { !$0.hasPrefix("--yes=") }
        words.insert("--yes", at: words.firstIndex(of: "--") ?? words.endIndex)
        let line = ([Product.command] + words.map(Self.quoted)).joined(separator: " ")
        return CommandFailure(code, cause, next: line, data: data)
    }

    /// A word as a shell takes it.
    private static func quoted(_ word: String) -> String {
        let isPlain = word.allSatisfy { $0.isLetter || $0.isNumber || "@%+=:,./_-".contains($0) }
        return isPlain && !word.isEmpty ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
    }
}
