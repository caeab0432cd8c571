// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import IdentityHTTP
internal import Issuer
internal import SPIFFE

/// What an issuer signs with, and for how long. Facts (SPIFFE) 14, appendix B.
struct IssuanceOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How long an authority lives.", valueName: "time"))
    var caTtl = LifetimeArgument.oneDay
    @Option(help: "What kind of key signs certificates; with --issuer a P-256 one.")
    var caKeyType = AuthorityKeyAlgorithm.p256
    @Option(help: "What kind of key signs JWT-SVIDs; the kind that signs certificates unless given.")
    var jwtKeyType: AuthorityKeyAlgorithm?
    @Option(
        help: ArgumentHelp(
            "Country (C) in the subjects of authorities, two letters; of C=US, O=SPIFFE nothing is kept where any part "
                + "is given.", valueName: "code"))
    var caSubjectCountry: String?
    @Option(help: ArgumentHelp("Organisation (O) in the subjects of authorities.", valueName: "text"))
    var caSubjectOrganization: String?
    @Option(help: ArgumentHelp("Common name (CN) in the subjects of authorities.", valueName: "text"))
    var caSubjectCommonName: String?
    @Option(
        help: ArgumentHelp("How long X.509-SVIDs live unless their entry says otherwise.", valueName: "time"))
    var x509Ttl = LifetimeArgument.oneHour
    @Option(
        help: ArgumentHelp("How long JWT-SVIDs live unless their entry says otherwise.", valueName: "time"))
    var jwtTtl = LifetimeArgument.fiveMinutes
    @Option(
        help: ArgumentHelp(
            "How long the SVIDs of agents live; as long as those of workloads unless given.", valueName: "time"))
    var agentTtl: LifetimeArgument?
    @Option(help: ArgumentHelp("The iss of JWT-SVIDs; OIDC clients find the keys below it.", valueName: "URL"))
    var jwtIssuer: String?
    @Flag(name: .customLong("disable-jwt-svids"), help: "Sign no JWT-SVIDs, and have no keys for them.")
    var disablesTokens = false
    @Flag(help: "Certify one issuer below this one; the authority credential must allow it.")
    var allowDownstream = false

    func validate() throws {
        if let jwtIssuer, IssuerURL(jwtIssuer) == nil {
            throw ValidationError("--jwt-issuer is an https URL without query and fragment.")
        }
        guard !disablesTokens || (jwtIssuer == nil && jwtKeyType == nil) else {
            throw ValidationError(
                "--disable-jwt-svids leaves no use for --jwt-issuer and --jwt-key-type: leave those out.")
        }
        if let code = caSubjectCountry, code.utf8.count != 2 || !code.allSatisfy({ $0.isASCII && $0.isLetter }) {
            throw ValidationError("--ca-subject-country is two letters, as in ISO 3166: US.")
        }
        for (name, text) in [("organization", caSubjectOrganization), ("common-name", caSubjectCommonName)] {
            guard let text, !(1...64).contains(text.unicodeScalars.count) else { continue }
            throw ValidationError("--ca-subject-\(name) has 1 to 64 characters.")
        }
    }

    /// How the issuer of a trust domain signs.
    func configuration(of domain: TrustDomain) -> IssuerConfiguration {
        var configuration = IssuerConfiguration(trustDomain: domain)
        configuration.x509KeyAlgorithm = caKeyType
        configuration.jwtKeyAlgorithm = jwtKeyType ?? caKeyType
        configuration.authorityLifetime = caTtl.seconds
        configuration.x509TTL = x509Ttl.seconds
        configuration.jwtTTL = jwtTtl.seconds
        configuration.agentTTL = agentTtl?.seconds
        let subject = SubjectNames(
            country: caSubjectCountry, organization: caSubjectOrganization, commonName: caSubjectCommonName)
        if subject != SubjectNames() { configuration.authoritySubject = subject }
        configuration.tokenIssuer = jwtIssuer
        configuration.signsTokens = !disablesTokens
        configuration.allowsDownstream = allowDownstream
        return configuration
    }
}
