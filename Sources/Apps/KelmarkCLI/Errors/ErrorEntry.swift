// SPDX-License-Identifier: Apache-2.0

/// One line of the error catalogue.
struct ErrorEntry: Sendable, Hashable {
    /// Stable code: `KM-`, the area, and the name of the error.
    let code: String
    /// What the command ends with.
    let status: ExitStatus
    /// What it means, in one sentence.
    let summary: String
    /// The command to type next, unless the command that failed knows better.
    let next: String
    /// Why it happens and what to do.
    let explanation: String
}

/// Where an error comes from: the second word of its code.
enum ErrorArea: String, Sendable, CaseIterable {
    case program = ""
    case home = "HOME"
    case configuration = "CONFIG"
    case passphrase = "PASSPHRASE"
    case vault = "VAULT"
    case input = "INPUT"
    case identifier = "AID"
    case event = "EVENT"
    case waiting = "WAIT"
    case message = "MESSAGE"
    case document = "DOCUMENT"
    case codec = "CESR"
    case threshold = "THRESHOLD"
    case store = "STORE"
    case crypto = "CRYPTO"
    case record = "RECORD"
    case proofFile = "PROOF"
    case certificate = "CERTIFICATE"
    case request = "REQUEST"
    case introduction = "OOBI"
    case watcher = "WATCHER"
    case evidence = "EVIDENCE"
    case group = "GROUP"
    case post = "POST"
    case challenge = "CHALLENGE"
    case did = "DID"
    case issuer = "ISSUER"
    case agent = "AGENT"
    case credential = "CREDENTIAL"
    case schema = "SCHEMA"
    case exchange = "EXCHANGE"
    case verdict = "VERDICT"
    case administration = "ADMIN"
    case workload = "WORKLOAD"

    /// Heading in the reference.
    var title: String {
        switch self {
        case .program: "The program"
        case .home: "The home folder"
        case .configuration: "Configuration"
        case .passphrase: "The passphrase"
        case .vault: "The key vault"
        case .input: "Input and output files"
        case .identifier: "AIDs and their names"
        case .event: "Key events that are refused"
        case .waiting: "What waits"
        case .message: "KERI messages"
        case .document: "JSON, CBOR and MessagePack"
        case .codec: "CESR"
        case .threshold: "Thresholds"
        case .store: "The store"
        case .crypto: "Cryptography"
        case .record: "Records"
        case .proofFile: "Proof files"
        case .introduction: "Introductions"
        case .watcher: "Watchers"
        case .evidence: "Evidence of duplicity"
        case .group: "Groups"
        case .post: "Messages to others"
        case .challenge: "Challenges"
        case .did: "DIDs"
        case .certificate: "Certificates"
        case .request: "Certificate requests"
        case .issuer: "Issuers"
        case .agent: "Node agents"
        case .schema: "Schemas"
        case .credential: "Credentials and their registries"
        case .exchange: "Exchanges of credentials"
        case .verdict: "Verdicts"
        case .administration: "Administration of a running issuer"
        case .workload: "The Workload API"
        }
    }

    /// The code of an error of this area: its stable name in capitals, words joined by hyphens.
    func code(_ name: String) -> String {
        let own = rawValue.lowercased() + "-"
        var text = ""
        var previous: Character = "-"
        for character in name.hasPrefix(own) ? name.dropFirst(own.count) : name[...] {
            if character.isUppercase, previous.isLowercase { text += "-" }
            text += character.uppercased()
            previous = character
        }
        return ([Product.errorPrefix, rawValue, text].filter { !$0.isEmpty }).joined(separator: "-")
    }

    /// Makes an entry of this area.
    func entry(
        _ name: String, _ status: ExitStatus, _ summary: String, next: String, _ explanation: String
    ) -> ErrorEntry {
        ErrorEntry(code: code(name), status: status, summary: summary, next: next, explanation: explanation)
    }
}
