// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import Issuer
internal import SPIFFE
internal import StorageSQLite
internal import Transparency

/// `kelmark issuer log`.
struct IssuerLogCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration.kelmark(
        "log", "Shows and proves what an issuer has signed.",
        about:
            "Every SVID has a leaf in the log before it is handed out, and the log's Merkle tree (RFC 6962) grows with it. "
            + "The root is not signed or cosigned yet: it binds the issuer towards whoever noted it down.",
        examples: [
            CommandExample("size and root", "kelmark issuer log show --trust-domain acme.example"),
            CommandExample(
                "that an SVID was logged",
                "kelmark issuer log prove 4 --trust-domain acme.example --out web.proof"),
            CommandExample("check such a proof anywhere", "kelmark issuer log verify web.proof"),
        ],
        subcommands: [IssuerLogShowCommand.self, IssuerLogProveCommand.self, IssuerLogVerifyCommand.self])
}

/// Whose log it is.
struct IssuerLogOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The trust domain.", valueName: "name"))
    var trustDomain: TrustDomainArgument?
    @Option(
        help: ArgumentHelp("Where the issuer keeps its file; below the home unless given.", valueName: "path"),
        completion: .directory)
    var folder: String?

    func validate() throws {
        guard trustDomain != nil || folder != nil else {
            throw ValidationError("Name the issuer's --trust-domain, or its --folder.")
        }
    }

    /// The issuer's file; it may be served meanwhile.
    func store(in context: CommandContext) throws -> SQLiteIssuerStore {
        let domain = trustDomain?.domain.name ?? ""
        let place = folder ?? "\(context.home.path)/\(Product.HomeFile.served)/\(domain)"
        let file = "\(place)/\(Product.HomeFile.issuerStore)"
        guard access(file, F_OK) == 0 || errno != ENOENT else {
            throw CommandFailure(ErrorArea.issuer.code("no-log"), "there is no \(file)")
        }
        return try SQLiteIssuerStore(lookingInto: file)
    }
}

/// Size and root of a log as they are noted down: `SIZE:HASH`.
struct TreeRootArgument: ExpressibleByArgument, Sendable {
    let root: TreeRoot

    init?(argument: String) {
        let parts = argument.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let size = UInt64(parts[0]), let hash = TreeHash(hexadecimal: String(parts[1])) else {
            return nil
        }
        root = TreeRoot(size: size, hash: hash)
    }
}

extension TreeRoot {
    /// `SIZE:HASH`.
    var noted: String { "\(size):\(hash.hexadecimal)" }
}
