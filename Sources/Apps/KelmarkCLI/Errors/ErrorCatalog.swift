// SPDX-License-Identifier: Apache-2.0

/// Every error that the tool can end with: `kelmark explain`, `docs/reference/errors.md` and exit codes come from here.
enum ErrorCatalog {
    /// All entries, area by area.
    static let areas: [(area: ErrorArea, entries: [ErrorEntry])] = [
        (.program, program), (.home, home), (.configuration, configuration), (.passphrase, passphrase),
        (.vault, vault), (.input, input), (.identifier, identifiers), (.waiting, waiting + waitingCredentials),
        (.event, events),
        (.message, messages), (.document, documents), (.codec, codec), (.threshold, thresholds), (.store, store),
        (.crypto, crypto), (.record, records), (.proofFile, proofFiles), (.certificate, certificates),
        (.request, requests), (.issuer, issuers), (.introduction, introductions), (.group, groups), (.post, post),
        (.agent, agents),
        (.challenge, challenges), (.did, dids),
        (.credential, credentials + issuing + credentialForms), (.schema, schemas), (.exchange, exchanges),
        (.watcher, watchers), (.evidence, evidence),
        (.verdict, verdicts), (.administration, administration), (.workload, workload),
    ]

    private static let byCode: [String: ErrorEntry] = {
        var found: [String: ErrorEntry] = [:]
        for (_, entries) in areas { for entry in entries { found[entry.code] = entry } }
        return found
    }()

    /// The entry of a code.
    static func entry(_ code: String) -> ErrorEntry? { byCode[code] }

    /// The codes that look most like a word.
    static func nearest(to word: String) -> [String] {
        let wanted = word.uppercased()
        return areas.flatMap { $0.entries.map(\.code) }.filter { code in
            wanted.split(separator: "-").contains { $0 != "KM" && $0.count > 2 && code.contains($0) }
        }
    }

    /// `docs/reference/errors.md`.
    static var reference: String {
        var text = """
            # Errors

            Made by `kelmark explain --reference`; a test compares. Every error has a code that never changes its meaning, a
            cause, and the next command to type; `kelmark explain CODE` prints what stands here.

            | exit code | meaning |
            |---|---|

            """
        for status in ExitStatus.allCases { text += "| \(status.rawValue) | \(status.meaning) |\n" }
        for (area, entries) in areas {
            text += "\n## \(area.title)\n\n| code | exit | meaning | why, and what to do |\n|---|---|---|---|\n"
            for entry in entries {
                text += "| `\(entry.code)` | \(entry.status.rawValue) | \(entry.summary) |"
                text += " \(entry.explanation) Next: `\(entry.next.replacing("|", with: "\\|"))`. |\n"
            }
        }
        return text
    }
}
