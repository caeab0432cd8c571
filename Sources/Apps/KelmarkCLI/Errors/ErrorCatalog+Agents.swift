// SPDX-License-Identifier: Apache-2.0

extension ErrorCatalog {
    static let agents: [ErrorEntry] = [
        ErrorArea.agent.entry(
            "no-attestation", .usage, "The agent has to attest, and nothing says how.",
            next: "kelmark token create --out token",
            "An agent that has attested before goes on with what it kept. The first time, and when its SVID has run out, it "
                + "needs a join token or another way to prove which node it is."),
        ErrorArea.agent.entry(
            "no-trust", .denied, "The agent has no bundle under which to meet its issuer.",
            next: "kelmark bundle show --format pem",
            "Give the issuer's bundle by --trust-bundle. The cause says what was wrong with the one that there is."),
        ErrorArea.agent.entry(
            "stopped", .denied, "The issuer does not take this agent any more.", next: "kelmark node list",
            "It was banned or evicted, or its SVID has run out and it can't attest again. Its SVIDs are removed from the "
                + "disk."),
    ]
}
