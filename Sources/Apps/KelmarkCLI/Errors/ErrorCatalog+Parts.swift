// SPDX-License-Identifier: Apache-2.0

// Errors of the parts below: store, vault, cryptography, records, proof files, certificates, verdicts.

extension ErrorCatalog {
    static let store: [ErrorEntry] = [
        ErrorArea.store.entry(
            "conflict", .conflict, "Another writer was faster.", next: "the same command again",
            "Two processes decided about the same place of a log; only the first became durable."),
        ErrorArea.store.entry(
            "full", .failure, "The disk is full; nothing was written.", next: "df -h \"$KELMARK_HOME\"",
            "The decision was undone as a whole. Make room and repeat the command."),
        ErrorArea.store.entry(
            "unavailable", .failure, "The store can't be opened or written.", next: "kelmark doctor",
            "The folder or the file refuses access, or the disk fails. Nothing was changed."),
        ErrorArea.store.entry(
            "corrupt", .failure, "What is stored can't be read back.", next: "kelmark doctor",
            "The file was damaged. Export what can be read with id export and import it into a new home; "
                + "every event is verified again."
        ),
        ErrorArea.store.entry(
            "tooNew", .conflict, "The store was written by a newer version.", next: "kelmark version",
            "Use the newer version. An older one never writes into what it doesn't understand."),
    ]

    private static func crypto(_ name: String, _ summary: String, _ explanation: String) -> ErrorEntry {
        ErrorArea.crypto.entry(name, .failure, summary, next: "kelmark doctor", explanation)
    }

    static let crypto: [ErrorEntry] = [
        crypto(
            "wrongLength", "Something has not as many bytes as the algorithm wants.",
            "A key, seed or salt was cut or is of another algorithm."),
        crypto(
            "unavailable", "This build was made without the algorithm.",
            "Build with the trait that brings it: --traits Secp256k1."),
        crypto(
            "invalidKey", "The bytes are no key of this algorithm.", "A key was damaged or is of another algorithm."),
        crypto(
            "cannotOpen", "The ciphertext was not made for this key, or was changed.",
            "Nothing is returned from a box that doesn't open."),
        crypto(
            "outOfMemory", "The system would not give the memory that the operation needs.",
            "Stretching a passphrase takes 64 MiB and more; guarded memory counts against the lock limit (ulimit -l)."),
        crypto("costOutOfBounds", "A work factor is outside the bounds of the algorithm.", "Choose low, med or high."),
        crypto("libraryUnusable", "libsodium could not be started.", "Install libsodium23 or newer."),
    ]

    private static func vault(
        _ name: String, _ status: ExitStatus, _ summary: String, next: String = "kelmark doctor", _ explanation: String
    ) -> ErrorEntry {
        ErrorArea.vault.entry(name, status, summary, next: next, explanation)
    }

    static let vault: [ErrorEntry] = [
        vault(
            "no-vault", .notFound, "There is no key vault.", next: "kelmark init",
            "The home folder has no vault file. If keys were there, restore the file from a copy before "
                + "anything else."),
        vault(
            "exists", .conflict, "There is a vault already.", next: "kelmark id list",
            "A vault is never overwritten: its keys would be lost."),
        vault(
            "no-directory", .notFound, "The folder of the vault does not exist.", next: "kelmark init",
            "Check the path of the home folder."),
        vault("not-a-file", .denied, "The vault is no regular file.", "Links and devices are not followed."),
        vault(
            "not-a-vault", .denied, "The vault file does not begin as a vault does.",
            "Another file stands in its place. Restore the vault from a copy."),
        vault(
            "too-new", .conflict, "The vault was written by a newer version.", next: "kelmark version",
            "Use the newer version. An older one never writes into what it doesn't understand."),
        vault(
            "damaged", .failure, "The vault file was changed or cut.", next: "restore keys.vault from a copy",
            "Nothing of a damaged vault is used."),
        vault(
            "wrong-passphrase", .denied, "The passphrase does not open the vault.",
            next: "the same command with the right passphrase",
            "The vault is sealed with Argon2id and XChaCha20-Poly1305; without the passphrase nobody can open it."),
        vault(
            "empty-passphrase", .usage, "The passphrase is empty.", next: "the same command with a passphrase",
            "A vault without a passphrase would protect nothing."),
        vault(
            "passphrase-changed", .conflict, "Somebody changed the passphrase in the meantime.",
            next: "the same command with the new passphrase",
            "The vault was opened with the old passphrase; nothing was changed."),
        vault(
            "rolled-back", .denied, "The vault is older than what was read before.",
            "Somebody put an older file in its place. Keys made since then would be missing."),
        vault(
            "cost-out-of-bounds", .denied, "The vault file asks for more work than a vault may cost.",
            "The file was not made by Kelmark, or was changed."),
        vault(
            "permissions-too-open", .denied, "Others can read or write the vault file.",
            next: "chmod 600 \"$KELMARK_HOME/keys.vault\"",
            "The vault file must be 0600 and belong to you. Ask who has read it."),
        vault(
            "too-large", .failure, "The vault, or one secret, is larger than allowed.",
            "Use a second home for further AIDs."),
        vault(
            "busy", .conflict, "Another process is changing the vault.", next: "the same command again",
            "One process at a time changes the vault."),
        vault(
            "disk-full", .failure, "The disk is full; the vault was not changed.", next: "df -h \"$KELMARK_HOME\"",
            "A key that can't be kept is never used. Make room and repeat the command."),
        vault(
            "not-permitted", .failure, "The vault can't be read or written.",
            "Nothing was changed: a vault is written beside its place, synced, and moved."),
        vault(
            "storage-failed", .failure, "The disk failed while the vault was read or written.",
            "Check the disk, then run the command again."),
        vault("invalid-name", .failure, "A secret can't have this name.", "This is a defect of Kelmark."),
        vault(
            "name-taken", .conflict, "The vault has a secret of this name already.",
            "A secret is never overwritten silently."),
        vault(
            "no-such-name", .denied, "The vault has no such key.",
            "The vault is older than the log, or of another home."),
        vault(
            "version-conflict", .conflict, "A secret was replaced in the meantime.", next: "the same command again",
            "Another process was faster."),
        vault(
            "crypto-failed", .failure, "A cryptographic operation on the vault failed.",
            "Memory is short, or libsodium is not usable."),
    ]

    private static func record(_ name: String, _ summary: String) -> ErrorEntry {
        ErrorArea.record.entry(
            name, .denied, summary, next: "kelmark inspect FILE",
            "Authority statements, withdrawals and suspensions are self-addressing JSON with members in a fixed order.")
    }

    static let records: [ErrorEntry] = [
        record("document", "A record is not canonical JSON within the bounds."),
        record("too-large", "A record has more bytes than it may have."),
        record("members", "A record has not exactly the members of its type, in order."),
        record("type", "A record of an unknown type."),
        record("said", "A record is not what its digest says."),
        record("value", "A member of a record has a value outside its rules."),
        record("suspension-malformed", "A message is no signed suspension."),
        record("suspension-record", "A signed suspension does not hold the record of one."),
        record("suspension-of-another", "A suspension is another organisation's."),
        record("suspension-signature", "A suspension is not signed by exactly one current key of the organisation."),
    ]

    private static func proof(_ name: String, _ summary: String, _ status: ExitStatus = .denied) -> ErrorEntry {
        ErrorArea.proofFile.entry(
            name, status, summary, next: "kelmark inspect FILE",
            "A proof file is a CESR stream of logs, records and certificates with a manifest at its end. The "
                + "cause names the byte."
        )
    }

    static let proofFiles: [ErrorEntry] = [
        proof("file-too-large", "The proof file has more bytes than are read."),
        proof("file-too-many-parts", "The proof file has more parts than are read."),
        proof("file-malformed", "The proof file can't be divided into messages."),
        proof("file-truncated", "The proof file ends inside a message.", .undecidable),
        proof("file-unexpected-message", "A message has no place in a proof file, or stands at the wrong one."),
        proof("event-malformed", "A key event lacks the members that name it."),
        proof("log-interleaved", "The events of one AID or of one registry do not stand together."),
        proof("credential-malformed", "A credential can't be read, or lacks the seal of its issuance."),
        proof("part-malformed", "A part is not what its kind demands."),
        proof("part-said", "A part is not what its digest says."),
        proof("part-repeated", "The same part stands twice in the file."),
        proof("manifest-malformed", "The manifest has wrong members or values."),
        proof("manifest-said", "The manifest is not what its digest says."),
        proof("file-behind-manifest", "Something stands behind the manifest."),
    ]

    private static func certificate(_ name: String, _ summary: String, _ status: ExitStatus = .denied) -> ErrorEntry {
        ErrorArea.certificate.entry(
            name, status, summary, next: "kelmark issuer --help",
            "No certificate was made. What is handed out has been checked by the same rules that verifiers use.")
    }

    static let certificates: [ErrorEntry] = [
        certificate("authority-key", "The authority's key is no P-256 key."),
        certificate("authority-key-mismatch", "The key that would sign is not the key of the authority's certificate."),
        certificate("authority-signing", "The key failed to sign, or what it made does not verify.", .failure),
        certificate("validity-empty", "The certificate would never be valid.", .usage),
        certificate("authority-not-valid", "The authority is not valid now."),
        certificate("id-not-issuable", "The SPIFFE ID belongs to another trust domain, or names no workload.", .usage),
        certificate("dns-name", "A DNS name that no certificate should carry.", .usage),
        certificate("profile", "A hint or path length that is not used.", .usage),
        certificate("self-check", "The certificate that came out breaks the profile of its kind.", .failure),
    ]

    private static func request(_ name: String, _ summary: String) -> ErrorEntry {
        ErrorArea.request.entry(
            name, .denied, summary, next: "openssl req -in FILE -noout -text",
            "A PKCS#10 request in PEM or DER is read. Its signature proves that whoever made it holds the private key.")
    }

    static let requests: [ErrorEntry] = [
        request("too-large", "The request has more bytes than are read."),
        request("malformed", "The input is no certificate request in strict DER or PEM."),
        request("version", "The request has a version other than 1."),
        request("public-key", "The request has a key of a kind or size that is not used."),
        request("signature", "The request is not signed by the key that it names."),
        request("extensions", "The request has several or malformed lists of extensions."),
        request("for-authority", "The request asks for a certificate authority."),
        request("id", "The request has a URI that is no SPIFFE ID of a workload."),
        request("several-ids", "The request has more than one URI."),
        request("name", "The request has a name of another kind or a malformed DNS name."),
    ]

    static let issuers: [ErrorEntry] = [
        ErrorArea.issuer.entry(
            "no-statement", .notFound, "The issuer has no authority statement for this trust domain.",
            next: "kelmark issuer statement ISSUER --trust-domain NAME",
            "A signing key counts only while a statement that names it is sealed in the issuer's log."),
        ErrorArea.issuer.entry(
            "no-authority", .denied, "No authority credential lets the issuer sign for this trust domain.",
            next: "kelmark authority list",
            "An organisation issues one with issuer authorise. It counts while its registry has not revoked it and the "
                + "organisation's log seals its issuance."),
        ErrorArea.issuer.entry(
            "limits", .denied, "The authority credential does not allow it.", next: "kelmark authority list",
            "Paths, kinds of SVIDs and lifetimes are bounded by the credential; verifiers would contradict what oversteps "
                + "them. The organisation can issue another credential."),
        ErrorArea.issuer.entry(
            "limits-malformed", .usage, "A limit breaks its rules.", next: "kelmark issuer authorise --help",
            "At most 64 paths, each once; lifetimes of at most ten years; 1 to 64 live keys; bound paths are no slash alone."
        ),
        ErrorArea.issuer.entry(
            "keys", .conflict, "The issuer has as many live signing keys as its credential allows.",
            next: "kelmark authority list",
            "A key is live while its statement is sealed, valid and not withdrawn. Withdraw one, or wait for its end."),
        ErrorArea.issuer.entry(
            "not-sealed", .waiting, "The statement about a key is not sealed yet.", next: "kelmark waiting",
            "A key signs only once the issuer's log seals its statement and enough witnesses have receipted that. The issuer "
                + "tries again by itself; the key before it goes on signing meanwhile."),
        ErrorArea.issuer.entry(
            "file", .usage, "A file that says how nodes prove themselves can't be used.",
            next: "kelmark issuer serve --help",
            "The cause names the file. Authorities of certificates are PEM; those of SSH host certificates are lines as "
                + "ssh-keygen writes them into .pub files."),
        ErrorArea.issuer.entry(
            "service", .denied, "The issuer could not be opened or refused what it was asked.",
            next: "kelmark issuer serve --help", "The cause says what; an issuer that runs writes more into its log."),
        ErrorArea.issuer.entry(
            "store", .failure, "The issuer's file can't be opened.", next: "kelmark doctor",
            "It is of another application, of a newer version, damaged, or its audit was changed: the cause says which. "
                + "Nothing is served from a file like that."),
        ErrorArea.issuer.entry(
            "no-log", .notFound, "There is no issuer's file at this place.", next: "ls $KELMARK_HOME/served",
            "An issuer that is served keeps its log in a folder of its trust domain below the home, or where --folder says."
        ),
        ErrorArea.issuer.entry(
            "not-logged", .notFound, "The issuer's log has no such leaf.", next: "kelmark issuer log show --help",
            "What an issuer hands out is in its log before; something else made the SVID, or it is of another log. Leaves are "
                + "counted from 0."),
        ErrorArea.issuer.entry(
            "log-contradicted", .denied, "The issuer's log is not what it is said to be.",
            next: "kelmark issuer log show --help",
            "A proof does not lead to its root, is about another root or certificate, or the log is shorter than it was. Keep "
                + "the proof and the root: together they show it."),
        ErrorArea.issuer.entry(
            "foreign", .usage, "The AID is neither the issuer nor the organisation.",
            next: "kelmark authority withdraw --help",
            "Only these two can withdraw a statement: verifiers look into no other log."),
        ErrorArea.issuer.entry(
            "trust-domain", .usage, "The text is no trust domain or SPIFFE ID.", next: "kelmark issuer sign --help",
            "A trust domain has lower-case letters, digits, dots, hyphens and underscores; an ID is "
                + "spiffe://domain/path."
        ),
        ErrorArea.issuer.entry(
            "lifetime", .usage, "The lifetime can't be used.", next: "kelmark issuer sign --help",
            "Write a number with s, m, h or d, such as 1h; at least a minute, at most what the authority has left."),
    ]

    static let verdicts: [ErrorEntry] = [
        ErrorArea.verdict.entry(
            "contradicted", .denied, "The file does not prove what it claims: a link is false.",
            next: "kelmark inspect FILE",
            "A signature, digest, seal or limit does not hold. Do not rely on this SVID. The report names the "
                + "first false link."
        ),
        ErrorArea.verdict.entry(
            "undecidable", .undecidable, "The file does not say enough: a link is missing.",
            next: "get a complete proof file from the issuer",
            "Nothing in the file is false, but something that the proof needs is not there, or not known for "
                + "the time asked."
        ),
        ErrorArea.verdict.entry(
            "question", .usage, "The question can't be answered as it was put.", next: "kelmark verify --help",
            "The root is an AID, the trust domain a name, a position AID:sn with sn in hexadecimal, a time "
                + "YYYY-MM-DDThh:mm:ssZ."
        ),
    ]
}
