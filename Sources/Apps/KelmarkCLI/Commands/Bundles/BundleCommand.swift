// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityGRPC
internal import KelmarkBytes
internal import SPIFFE

/// `kelmark bundle`.
struct BundleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "bundle", "Shows and keeps the authorities of trust domains.",
        examples: [
            CommandExample("the own trust domain's", "kelmark bundle show"),
            CommandExample(
                "of another trust domain",
                "kelmark bundle set --id spiffe://other.example --path other.json --format spiffe"),
            CommandExample("all others", "kelmark bundle list"),
        ],
        subcommands: [
            BundleShowCommand.self, BundleListCommand.self, BundleSetCommand.self, BundleDeleteCommand.self,
            BundleCountCommand.self, BundleVerifyCommand.self,
        ])
}

/// How a bundle is printed or read.
struct BundleFormOptions: ParsableArguments {
    @Option(name: .also("format", as: "format"), help: ArgumentHelp("pem or spiffe.", valueName: "form"))
    var format = BundleForm.pem
}

/// `kelmark bundle show`.
struct BundleShowCommand: KelmarkCommand {
    static let path = "bundle show"
    static let configuration = CommandConfiguration.kelmark(
        "show", "Shows the bundle of the issuer's own trust domain.",
        examples: [
            CommandExample("its certificates", "kelmark bundle show"),
            CommandExample("to give to another trust domain", "kelmark bundle show --format spiffe > bundle.json"),
            CommandExample("for a script", "kelmark bundle show --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var form: BundleFormOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let bundle = try await context.administering(issuer) { try await $0.ownBundle() }
        return Answer(json: BundleView.json(bundle), text: [try BundleView.text(bundle, form.format)])
            .result(issuer.form, in: context)
    }
}

/// `kelmark bundle list`.
struct BundleListCommand: KelmarkCommand {
    static let path = "bundle list"
    static let configuration = CommandConfiguration.kelmark(
        "list", "Shows the bundles of other trust domains.",
        examples: [
            CommandExample("all", "kelmark bundle list"),
            CommandExample("one", "kelmark bundle list --id spiffe://other.example --format spiffe"),
            CommandExample("for a script", "kelmark bundle list --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var form: BundleFormOptions
    @Option(
        name: .also("id", as: "id"), help: ArgumentHelp("That of one trust domain.", valueName: "domain"),
        transform: Typed.trustDomain)
    var trustDomain: String?

    func perform(in context: CommandContext) async throws -> CommandResult {
        if let trustDomain {
            let bundle = try await context.administering(issuer) { try await $0.federatedBundle(trustDomain) }
            return Answer(json: BundleView.json(bundle), text: [try BundleView.text(bundle, form.format)])
                .result(issuer.form, in: context)
        }
        let bundles = try await context.administering(issuer) { try await $0.federatedBundles() }
        return Answer(
            json: ["bundles": .list(bundles.map { .map(BundleView.json($0)) }), "next_page_token": ""],
            text: try BundleView.text(bundles, form.format)
        ).result(issuer.form, in: context)
    }
}

/// `kelmark bundle set`.
struct BundleSetCommand: KelmarkCommand {
    static let path = "bundle set"
    static let configuration = CommandConfiguration.kelmark(
        "set", "Keeps the bundle of another trust domain, in place of what is kept of it.",
        examples: [
            CommandExample(
                "from a document", "kelmark bundle set --id spiffe://other.example --path other.json --format spiffe"),
            CommandExample("from certificates", "kelmark bundle set --id other.example --path other.pem"),
            CommandExample(
                "from standard input", "kelmark bundle set -id spiffe://other.example -format spiffe < other.json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var form: BundleFormOptions
    @Option(
        name: .also("id", as: "id"), help: ArgumentHelp("The trust domain.", valueName: "domain"),
        transform: Typed.trustDomain)
    var trustDomain: String
    @Option(
        name: .also("path", as: "path"),
        help: ArgumentHelp("File of the bundle, - for standard input.", valueName: "file"), completion: .file())
    var path = "-"

    func perform(in context: CommandContext) async throws -> CommandResult {
        let bundle = try BundleFile.read(path, form.format, of: TrustDomain(trustDomain))
        let results = try await context.administering(issuer) {
            try await $0.setFederatedBundles([BundleView.record(bundle)])
        }
        return Answer(
            json: SPIREJSON.results(results, "bundle") { .map(BundleView.json($0)) },
            text: results.allSatisfy(\.status.isOK) ? ["bundle set."] : [],
            concern: .ofRefused(results.map(\.status), "set the bundle of \(trustDomain)")
        ).result(issuer.form, in: context)
    }
}

/// `kelmark bundle delete`.
struct BundleDeleteCommand: KelmarkCommand {
    static let path = "bundle delete"
    static let configuration = CommandConfiguration.kelmark(
        "delete", "Forgets the bundle of another trust domain.",
        about: "Entries may federate with it: by --mode nothing is deleted then (restrict), they federate no more "
            + "(dissociate), or they are deleted too (delete, which needs --yes).",
        examples: [
            CommandExample("when nobody uses it", "kelmark bundle delete --id spiffe://other.example"),
            CommandExample("in any case", "kelmark bundle delete --id spiffe://other.example --mode dissociate"),
            CommandExample(
                "with the entries that use it",
                "kelmark bundle delete --id spiffe://other.example --mode delete --yes"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions
    @OptionGroup var destructive: DestructiveOptions
    @Option(
        name: .also("id", as: "id"), help: ArgumentHelp("The trust domain.", valueName: "domain"),
        transform: Typed.trustDomain)
    var trustDomain: String
    @Option(
        name: .also("mode", as: "mode"), help: ArgumentHelp("restrict, dissociate or delete.", valueName: "way"))
    var mode = BundleRemoval.restrict

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard mode != .delete || destructive.yes else {
            var filter = EntryQuery()
            filter.federatesWith = [trustDomain]
            let count = try await context.administering(issuer) { [filter] in try await $0.countEntries(filter) }
            throw CommandFailure(
                "KM-NEEDS-YES",
                "\(SPIREText.count(count, "entry", "entries")) that federate with \(trustDomain) would be deleted too",
                next: "\(Product.command) bundle delete --id \(trustDomain) --mode delete --yes")
        }
        let results = try await context.administering(issuer) {
            try await $0.deleteFederatedBundles([trustDomain], mode)
        }
        return Answer(
            json: SPIREJSON.results(results, "trust_domain") { .text($0) },
            text: results.allSatisfy(\.status.isOK) ? ["bundle deleted."] : [],
            concern: .ofRefused(results.map(\.status), "delete federated bundle \"spiffe://\(trustDomain)\"")
        ).result(issuer.form, in: context)
    }
}

/// `kelmark bundle count`.
struct BundleCountCommand: KelmarkCommand {
    static let path = "bundle count"
    static let configuration = CommandConfiguration.kelmark(
        "count", "Counts bundles, the own one included.",
        examples: [
            CommandExample("all", "kelmark bundle count"),
            CommandExample("as SPIRE's tool prints it", "kelmark bundle count -output json"),
            CommandExample("for a script", "kelmark bundle count --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @OptionGroup var issuer: IssuerOptions

    func perform(in context: CommandContext) async throws -> CommandResult {
        let count = try await context.administering(issuer) { try await $0.countBundles() }
        return Answer(json: ["count": .init(count)], text: [SPIREText.count(count, "bundle", "bundles")])
            .result(issuer.form, in: context)
    }
}
