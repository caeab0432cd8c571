// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import CESR
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto

/// A threshold as it is typed: `2`, `1/2,1/2,1/4`, or clauses joined by `+`.
struct ThresholdArgument: ExpressibleByArgument, Sendable {
    let threshold: Threshold

    init?(argument: String) {
        if let count = UInt32(argument) {
            threshold = .count(count)
            return
        }
        let clauses = argument.split(separator: "+", omittingEmptySubsequences: false)
            .map { $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init) }
        guard let weighted = try? Threshold.weighted(clauses) else { return nil }
        threshold = weighted
    }
}

/// Numbers joined by commas: `0,2`.
struct NumberList: ExpressibleByArgument, Sendable {
    let numbers: [Int]

    init?(argument: String) {
        var numbers: [Int] = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            guard let number = Int(part), number >= 0, String(number) == part else { return nil }
            numbers.append(number)
        }
        self.numbers = numbers
    }
}

/// A position in a log, hexadecimal as in events.
struct SequenceNumberArgument: ExpressibleByArgument, Sendable {
    let sn: SequenceNumber

    init?(argument: String) {
        guard let sn = SequenceNumber(hex: argument) else { return nil }
        self.sn = sn
    }
}

/// An AID or SAID in its only spelling.
struct IdentifierArgument<ID: QualifiedIdentifier>: ExpressibleByArgument, Sendable {
    let id: ID

    init?(argument: String) {
        guard let id = ID(argument) else { return nil }
        self.id = id
    }
}

/// How events are serialised.
enum FormatArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case json, cbor, msgpack

    var format: DocumentFormat {
        switch self {
        case .json: .json
        case .cbor: .cbor
        case .msgpack: .messagePack
        }
    }
}

/// Signature algorithms by name.
enum AlgorithmArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case ed25519, secp256r1, secp256k1

    var algorithm: SignatureAlgorithm {
        switch self {
        case .ed25519: .ed25519
        case .secp256r1: .secp256r1
        case .secp256k1: .secp256k1
        }
    }
}

/// What stretching a salt costs.
enum TierArgument: String, ExpressibleByArgument, CaseIterable, Sendable {
    case low, med, high, temp

    var tier: Argon2id.Tier {
        switch self {
        case .low: .low
        case .med: .medium
        case .high: .high
        case .temp: .temporary
        }
    }
}

/// Options that make an AID.
struct CreationOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Number of signing keys.", valueName: "count"))
    var keys = 1
    @Option(help: ArgumentHelp("How many of them sign, or weights like 1/2,1/2,1/4.", valueName: "threshold"))
    var threshold: ThresholdArgument?
    @Option(help: ArgumentHelp("Number of pre-rotated keys; 0 for none.", valueName: "count"))
    var nextKeys: Int?
    @Option(help: ArgumentHelp("How many of them sign the next rotation.", valueName: "threshold"))
    var nextThreshold: ThresholdArgument?
    @Option(name: .customLong("witness"), help: ArgumentHelp("A witness; may be repeated.", valueName: "AID"))
    var witnesses: [IdentifierArgument<AID>] = []
    @Option(name: .customLong("toad"), help: ArgumentHelp("How many witnesses must receipt.", valueName: "count"))
    var witnessThreshold: UInt32?
    @Option(name: .customLong("trait"), help: ArgumentHelp("EO or DND; may be repeated.", valueName: "trait"))
    var traits: [String] = []
    @Flag(help: "Make an AID whose one key can never be rotated.")
    var nonTransferable = false
    @Option(help: "ed25519, secp256r1 or secp256k1.")
    var algorithm = AlgorithmArgument.ed25519
    @Option(
        help: ArgumentHelp("File with a salt (0A…): keys are made from it as keripy does.", valueName: "file"),
        completion: .file())
    var saltFile: String?
    @Option(help: ArgumentHelp("Stem of the salty keys; the name, unless given.", valueName: "text"))
    var stem: String?
    @Option(help: "Cost of salty keys: low, med, high or temp.")
    var tier = TierArgument.low
    @Option(help: "json, cbor or msgpack.")
    var format = FormatArgument.json
    @Option(help: ArgumentHelp("Which keys sign, like 0,2; all unless given.", valueName: "numbers"))
    var signWith: NumberList?

    func validate() throws {
        guard (1...64).contains(keys) else { throw ValidationError("--keys takes 1 to 64.") }
        guard nextKeys.map({ (0...64).contains($0) }) ?? true else {
            throw ValidationError("--next-keys takes 0 to 64.")
        }
    }

    /// The plan that the options describe.
    func plan(name: String) throws -> CreationPlan {
        var plan = CreationPlan(name: name)
        plan.keyCount = keys
        plan.signingThreshold = threshold?.threshold
        plan.nextCount = nextKeys
        plan.nextThreshold = nextThreshold?.threshold
        plan.witnesses = witnesses.map(\.id)
        plan.witnessThreshold = witnessThreshold
        plan.traits = traits
        plan.isTransferable = !nonTransferable
        plan.algorithm = algorithm.algorithm
        plan.format = format.format
        plan.signers = signWith?.numbers
        if let saltFile {
            let line = try SecretFile.firstLine(ofFile: saltFile, .salt)
            guard let salt = line.withBytes({ try? Primitive(text: $0) }), salt.code == .salt128 else {
                throw CommandFailure(
                    "KM-INPUT-MALFORMED", "\(saltFile) holds no salt: 24 characters that begin with 0A were expected")
            }
            plan.salt = (try SecretBytes(copying: salt.span), stem, tier.tier)
        }
        return plan
    }
}
