// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import IdentityGRPC
internal import JOSE
internal import KelmarkBytes
internal import SPIFFE

/// What can be said of an X.509-SVID that is minted.
struct X509MintOptions: ParsableArguments {
    @Option(
        name: .also("spiffe-id", as: "spiffeID"), help: ArgumentHelp("Whom it is for.", valueName: "id"),
        transform: Typed.id)
    var spiffeID: IDRecord
    @Option(name: .also("dns", as: "dns"), help: ArgumentHelp("A DNS name; may be repeated.", valueName: "name"))
    var dnsNames: [String] = []
    @Option(
        name: .also("ttl", as: "ttl"),
        help: ArgumentHelp("How long it lives (default: the issuer's).", valueName: "time"),
        transform: Typed.lifetime)
    var lifetime: Int32 = 0
    @Option(
        name: .also("write", as: "write"),
        help: ArgumentHelp("Folder for svid.pem, key.pem (mode 0600) and bundle.pem.", valueName: "folder"),
        completion: .directory)
    var write: String?

    func mint(_ issuer: IssuerOptions, in context: CommandContext) async throws -> CommandResult {
        let request = try MintRequest(id: spiffeID, dnsNames: dnsNames)
        let (svid, bundle) = try await context.administering(issuer) {
            (try await $0.mintX509SVID(request: request.der, lifetime: lifetime), try await $0.ownBundle())
        }
        let chain: String
        let roots: String
        do {
            chain = CertificateEncoding.pem(try svid.chain.map { try X509Certificate(der: $0) })
            roots = CertificateEncoding.pem(try bundle.x509Authorities.map { try X509Certificate(der: $0.der) })
        } catch {
            throw CommandFailure("KM-ADMIN-ANSWER", "the issuer sent what is no certificate: \(error)")
        }
        let key = CertificateEncoding.pem(pkcs8: request.privateKey)
        var json: OrderedMap = [
            "root_cas": .list(bundle.x509Authorities.map { .text(StandardBase64.encodedString($0.der)) }),
            "x509_svid": .list(svid.chain.map { .text(StandardBase64.encodedString($0)) }),
        ]
        guard let write else {
            json["private_key"] = .text(StandardBase64.encodedString(request.privateKey))
            return Answer(
                json: json, text: ["X509-SVID:", chain, "Private key:", key, "Root CAs:", roots]
            ).result(issuer.form, in: context)
        }
        if mkdir(write, 0o700) != 0, errno != EEXIST {
            throw CommandFailure("KM-INPUT-UNWRITABLE", "\(write) can't be made: \(systemMessage())")
        }
        let folder = write.hasSuffix("/") ? String(write.dropLast()) : write
        try DurableFile.writeSecret(Array(key.utf8), to: "\(folder)/key.pem")
        try DurableFile.writeOutput(Array(chain.utf8), to: "\(folder)/svid.pem")
        try DurableFile.writeOutput(Array(roots.utf8), to: "\(folder)/bundle.pem")
        json["folder"] = .text(folder)
        return Answer(
            json: json,
            text: [
                "X509-SVID written to \(folder)/svid.pem", "Private key written to \(folder)/key.pem",
                "Root CAs written to \(folder)/bundle.pem",
            ].map(printable)
        ).result(issuer.form, in: context)
    }
}

/// What can be said of a JWT-SVID that is minted.
struct JWTMintOptions: ParsableArguments {
    @Option(
        name: .also("spiffe-id", as: "spiffeID"), help: ArgumentHelp("Whom it is for.", valueName: "id"),
        transform: Typed.id)
    var spiffeID: IDRecord
    @Option(
        name: .also("audience", as: "audience"),
        help: ArgumentHelp("Who shall accept it; may be repeated.", valueName: "name"))
    var audience: [String] = []
    @Option(
        name: .also("ttl", as: "ttl"),
        help: ArgumentHelp("How long it lives (default: the issuer's).", valueName: "time"),
        transform: Typed.lifetime)
    var lifetime: Int32 = 0
    @Option(
        name: .also("write", as: "write"), help: ArgumentHelp("File for the token, mode 0600.", valueName: "file"),
        completion: .file())
    var write: String?

    func mint(_ issuer: IssuerOptions, in context: CommandContext) async throws -> CommandResult {
        guard !audience.isEmpty else { throw Typed.usage("an audience is required (--audience)") }
        let svid = try await context.administering(issuer) {
            try await $0.mintJWTSVID(spiffeID, audience: audience, lifetime: lifetime)
        }
        var members: OrderedMap = [
            "expires_at": SPIREJSON.integer(svid.expiresAt), "hint": .text(svid.hint), "id": SPIREJSON.id(svid.id),
            "issued_at": SPIREJSON.integer(svid.issuedAt),
        ]
        guard let write else {
            members["token"] = .text(svid.token)
            return Answer(json: ["svid": .map(members)], text: [printable(svid.token)]).result(issuer.form, in: context)
        }
        try DurableFile.writeSecret(Array(svid.token.utf8), to: write)
        return Answer(json: ["svid": .map(members)], text: [printable("JWT-SVID written to \(write)")])
            .result(issuer.form, in: context)
    }
}
