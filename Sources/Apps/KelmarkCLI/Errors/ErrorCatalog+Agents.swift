// SPDX-License-Identifier: Apache-2.0

extension ErrorCatalog {
    static let agents: [ErrorEntry] = [
        ErrorArea.agent.entry(
            "no-attestation", .usage, "The agent has to attest, and nothing says how.",
            next: "kelmark token create --out token",
            "An agent that has attested before goes on with what it kept. The first time, and when its SVID has run out, it "
                + "needs a join token or another way to prove which node it is."),
        ErrorArea.agent.entry(
            "node-proof", .usage, "The files by which the node proves itself can't be used.",
            next: "kelmark agent serve --help",
            "Certificate and key must belong together, and be of a kind that the attestor knows: P-256 or RSA in PKCS#8 for "
                + "x509pop, OpenSSH's own form without a passphrase for sshpop."),
        ErrorArea.agent.entry(
            "attestor", .usage, "A workload attestor can't be set up so.", next: "kelmark agent serve --help",
            "The cause says which, and what is wrong. An agent does not begin with fewer attestors than it was told to have: "
                + "workloads would lose their identities."),
        ErrorArea.agent.entry(
            "no-trust", .denied, "The agent has no bundle under which to meet its issuer.",
            next: "kelmark bundle show --format pem",
            "Give the issuer's bundle by --trust-bundle, or bind the agent to an organisation by --root and --proof. The cause says what was wrong with the one that there is."
        ),
        ErrorArea.agent.entry(
            "stopped", .denied, "The agent has no SVID that its issuer takes, and can't attest again.",
            next: "kelmark token create --out token",
            "The issuer evicted it or no longer takes its SVID, and a join token proves a node once only. The SVID is removed "
                + "from the disk, the bundle stays: give the agent another token by --join-token-file."),
        ErrorArea.agent.entry(
            "banned", .denied, "The issuer has banned the agent.", next: "kelmark node evict SPIFFE-ID",
            "A banned node can't attest again until the issuer forgets it (node evict). The agent's SVID is removed from the "
                + "disk. Ask who banned it, and why, before you let it in again."),
        ErrorArea.agent.entry(
            "not-believed", .denied, "The issuer does not believe which node this is.",
            next: "kelmark token create --out token",
            "A join token works once and for some minutes only; other proofs must be those that the issuer was told to take. "
                + "Trying the same again is useless."),
        ErrorArea.agent.entry(
            "in-use", .conflict, "Another agent uses the folder.", next: "kelmark agent serve --help",
            "Each agent of a machine has a folder (--folder) and a socket of its own."),
        ErrorArea.agent.entry(
            "record-exposed", .denied, "Others can read or have written what the agent kept.",
            next: "ls -l the agent's folder",
            "agent.json holds the agent's key and the authorities that it trusts: it must be 0600 and belong to the agent's "
                + "user. Ask who has read it, remove it, and attest the node again."),
        ErrorArea.agent.entry(
            "record", .failure, "What the agent kept can't be read back.", next: "ls -l the agent's folder",
            "agent.json is damaged, of another trust domain, or written by a newer version. Nothing is overwritten: remove "
                + "it, and attest the node again."),
    ]
}
