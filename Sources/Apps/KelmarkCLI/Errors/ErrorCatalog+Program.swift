// SPDX-License-Identifier: Apache-2.0

// Errors of the tool itself: command line, home folder, configuration, passphrase, files, AIDs.

extension ErrorCatalog {
    static let program: [ErrorEntry] = [
        ErrorArea.program.entry(
            "usage", .usage, "The command line is wrong.", next: "kelmark --help",
            "An option or argument is missing, unknown or malformed. The help of each command has three examples."),
        ErrorArea.program.entry(
            "internal", .failure, "The program met something that it has no name for.", next: "kelmark doctor",
            "This is a defect of Kelmark. Run the command again with -v and report what it prints; no secret "
                + "is printed."
        ),
        ErrorArea.program.entry(
            "needs-yes", .usage, "The command would end something for good.", next: "the same command with --yes",
            "Read what the command says it would end, then repeat it with --yes."),
        ErrorArea.program.entry(
            "explain-unknown", .notFound, "There is no such error code.", next: "kelmark explain --list",
            "Codes start with KM-. The list has all of them."),
        ErrorArea.program.entry(
            "demo-differs", .failure, "The demonstration did not end as it must.", next: "kelmark demo -v",
            "A step failed, or a corrupted proof file got another verdict than its one allowed verdict. This "
                + "is a defect."
        ),
        ErrorArea.program.entry(
            "doctor-findings", .denied, "The examination found something to repair.", next: "kelmark doctor --json",
            "Each finding names what is wrong and the command that repairs it."),
        ErrorArea.program.entry(
            "address-taken", .conflict, "Nothing can be listened at the address.", next: "ss -ltnp",
            "Another program listens there, the address is not one of this machine, or the port needs more rights."),
        ErrorArea.program.entry(
            "folder-shared", .denied, "Somebody else could replace what is put into the folder.",
            next: "ls -ld the folder",
            "A folder for sockets, keys or records must belong to you or to root, and must not be writable for everybody, "
                + "unless it is sticky as /tmp is."),
        ErrorArea.program.entry(
            "socket-unusable", .usage, "A listening socket that was handed over can't be used.",
            next: "systemctl cat kelmark-issuer.socket",
            "Each socket is named after the option that it takes the place of (FileDescriptorName=listen), and is of its "
                + "kind: Unix for --socket-path, TCP for --listen."),
        ErrorArea.program.entry(
            "tool-missing", .notFound, "A program that the command runs is not installed.",
            next: "apt-get install openssl",
            "The demonstration lets openssl check the certificate chain, so that you need not believe Kelmark alone."),
    ]

    static let home: [ErrorEntry] = [
        ErrorArea.home.entry(
            "missing", .notFound, "There is no home folder yet.", next: "kelmark init",
            "Keys and logs live in $KELMARK_HOME, by default kelmark below $XDG_DATA_HOME."),
        ErrorArea.home.entry(
            "exists", .conflict, "The home folder is in use already.", next: "kelmark id list",
            "init makes a new vault and store and never overwrites one. Choose another folder with --home."),
        ErrorArea.home.entry(
            "unwritable", .failure, "The home folder can't be written.", next: "kelmark doctor",
            "The folder, its parent or the disk refuses writing. Nothing was changed."),
        ErrorArea.home.entry(
            "permissions", .denied, "Others than the owner can read or write the home folder.",
            next: "chmod 700 \"$KELMARK_HOME\"",
            "The folder holds sealed keys and must be 0700, its files 0600, and both must belong to you."),
        ErrorArea.home.entry(
            "busy", .conflict, "Another process is changing the home folder.", next: "the same command again",
            "One process at a time changes keys and logs. The other one has held the lock for too long to wait."),
        ErrorArea.home.entry(
            "full", .failure, "The disk is full.", next: "df -h \"$KELMARK_HOME\"",
            "Nothing was changed. Make room and repeat the command."),
        ErrorArea.home.entry(
            "damaged", .failure, "A file of the home folder can't be read back.", next: "kelmark doctor",
            "The file was changed by something else. Restore it from a copy; the logs themselves verify on "
                + "every reading."
        ),
        ErrorArea.home.entry(
            "too-new", .conflict, "A file of the home folder was written by a newer version.", next: "kelmark version",
            "Use the newer version, or another home. An older version never writes into what it doesn't understand."),
    ]

    static let configuration: [ErrorEntry] = [
        ErrorArea.configuration.entry(
            "unknown-key", .usage, "The configuration has a key that is not known.",
            next: "kelmark config show --origin",
            "Keys are spelled exactly as in docs/reference/configuration.md. A misspelled key would be "
                + "ignored silently otherwise."
        ),
        ErrorArea.configuration.entry(
            "value", .usage, "A setting has a value that it can't have.", next: "kelmark config show --origin",
            "The message names the setting, where it was set, and what it takes."),
        ErrorArea.configuration.entry(
            "malformed", .usage, "The configuration file is no YAML map.", next: "kelmark config show --origin",
            "The file holds one map of keys to values; a file that is empty or a list is refused."),
        ErrorArea.configuration.entry(
            "missing", .notFound, "The configuration file that was named does not exist.", next: "kelmark config show",
            "A file named by --config or KELMARK_CONFIG must exist; the default ones may be missing."),
    ]

    static let passphrase: [ErrorEntry] = [
        ErrorArea.passphrase.entry(
            "missing", .usage, "No passphrase was given.",
            next: "the same command with --passphrase-file FILE",
            "Give a file, an open file descriptor, a systemd credential named kelmark-passphrase, or type it. "
                + "It is never taken from the command line or the environment, where others can read it."),
        ErrorArea.passphrase.entry(
            "short", .usage, "The passphrase is too short.", next: "kelmark init",
            "At least 8 characters; several random words are better."),
        ErrorArea.passphrase.entry(
            "mismatch", .usage, "The two passphrases are not the same.", next: "kelmark init",
            "A new passphrase is asked for twice."),
        ErrorArea.passphrase.entry(
            "unreadable", .notFound, "The passphrase can't be read from where it should be.",
            next: "ls -l the passphrase file",
            "The file or descriptor does not exist, is empty, or is not readable."),
        ErrorArea.passphrase.entry(
            "exposed", .denied, "Others can read the passphrase file.", next: "chmod 600 the passphrase file",
            "A passphrase file must not be readable by group or others."),
    ]

    static let input: [ErrorEntry] = [
        ErrorArea.input.entry(
            "missing", .notFound, "The input file does not exist or can't be read.", next: "ls -l the file",
            "Check the path and its permissions. A single hyphen reads standard input."),
        ErrorArea.input.entry(
            "too-large", .denied, "The input is larger than what is read.", next: "split the file",
            "Input is bounded so that nobody can exhaust memory; the message names the bound."),
        ErrorArea.input.entry(
            "empty", .undecidable, "The input holds nothing.", next: "kelmark inspect FILE",
            "An empty file proves nothing."),
        ErrorArea.input.entry(
            "malformed", .denied, "The input is not of the kind that the command reads.", next: "kelmark inspect FILE",
            "The message says what was expected."),
        ErrorArea.input.entry(
            "entries", .usage, "The file is no list of registration entries.", next: "kelmark entry show -output json",
            "It is {\"entries\":[…]}; the message names the entry and the member. What entry show prints can be given back."
        ),
        ErrorArea.input.entry(
            "relationships", .usage, "The file is no list of federation relationships.",
            next: "kelmark federation create --help",
            "It is {\"federationRelationships\":[…]} as SPIRE's tool takes it; the message names the relationship and the "
                + "member."),
        ErrorArea.input.entry(
            "bundle", .usage, "The file is no trust bundle.", next: "kelmark bundle verify FILE --trust-domain NAME",
            "It is certificates in PEM, or with --format spiffe a JWK Set as SPIFFE defines it. Nothing of it was used."
        ),
        ErrorArea.input.entry(
            "exposed", .denied, "Others can read a file that holds a secret.", next: "chmod 600 the file",
            "A salt is as good as the keys made from it: its file must not be readable by group or others."),
        ErrorArea.input.entry(
            "unwritable", .failure, "The output file can't be written.", next: "ls -ld the folder",
            "Nothing was changed there: a file is written beside its place and moved when it is complete."),
    ]

    static let identifiers: [ErrorEntry] = [
        ErrorArea.identifier.entry(
            "unknown", .notFound, "No AID has this name.", next: "kelmark id list --all",
            "Give the name of an AID of yours, or the full AID of one whose log you have imported."),
        ErrorArea.identifier.entry(
            "not-ours", .denied, "The keys of this AID are not held here.", next: "kelmark id list",
            "Only AIDs that were created in this home can sign."),
        ErrorArea.identifier.entry(
            "name-taken", .conflict, "An AID of yours has this name already.", next: "kelmark id list",
            "Names are yours alone and tell your AIDs apart. Choose another one."),
        ErrorArea.identifier.entry(
            "name-malformed", .usage, "The name can't be used.", next: "kelmark id create --help",
            "1 to 64 letters, digits, dots, hyphens and underscores, beginning with a letter, and no AID."),
        ErrorArea.identifier.entry(
            "malformed", .usage, "The text is no AID.", next: "kelmark id list --all",
            "An AID is 44 characters of Base64url for the usual codes; check that all of it was copied."),
        ErrorArea.identifier.entry(
            "event-waiting", .conflict, "An earlier event of this AID is still waiting.", next: "kelmark waiting",
            "A log grows one event at a time. Supply what the waiting event needs first."),
        ErrorArea.identifier.entry(
            "ended", .conflict, "The AID can have no further events.", next: "kelmark id show NAME",
            "It is not transferable, or it was abandoned. Create another one."),
        ErrorArea.identifier.entry(
            "key-missing", .denied, "The vault has not the keys that must sign.", next: "kelmark doctor",
            "The vault is older than the log, or of another home. Restore the vault that belongs to it."),
        ErrorArea.identifier.entry(
            "keys-insufficient", .usage, "The chosen keys can't satisfy the threshold.", next: "kelmark id show NAME",
            "Choose more keys: the current threshold, and for a rotation the threshold of the pre-rotated "
                + "keys, must both be reached."
        ),
        ErrorArea.identifier.entry(
            "key-index", .usage, "There is no key with this number.", next: "kelmark id show NAME",
            "Keys are counted from 0, in the order that id show prints."),
        ErrorArea.identifier.entry(
            "witness", .usage, "The witnesses or their number do not fit.", next: "kelmark id rotate --help",
            "A witness is named once, a cut names a witness in force, and the threshold lies between 1 and "
                + "their number, or is 0 without any."
        ),
        ErrorArea.identifier.entry(
            "not-delegated", .usage, "Nobody delegated this AID.", next: "kelmark id show NAME",
            "Approval is for events of an AID that names one of yours as its delegator."),
        ErrorArea.identifier.entry(
            "nothing-to-approve", .notFound, "No event waits for this approval.", next: "kelmark waiting",
            "Import the delegate's log first, so that its event is here to be approved."),
        ErrorArea.identifier.entry(
            "several-to-approve", .usage, "Several events of the delegate wait, and none was named.",
            next: "kelmark id approve NAME --event SAID",
            "Two events for one place must not both be approved: the later seal would replace what the first one said. "
                + "Look at them with kelmark waiting --json, and ask the delegate which it means."),
        ErrorArea.identifier.entry(
            "position", .usage, "The log has no such position, or none that can be recovered.",
            next: "kelmark kel show NAME",
            "A recovery rotation takes the place of interactions behind the latest establishment event."),
        ErrorArea.identifier.entry(
            "anchor", .usage, "The thing to anchor can't be read.", next: "kelmark id anchor --help",
            "Give a SAID with --digest, or a JSON document with --data."),
        ErrorArea.identifier.entry(
            "establishment-only", .conflict, "The AID takes establishment events only.",
            next: "kelmark id rotate NAME --anchor",
            "Its inception has the trait EO: anchor in a rotation instead."),
        ErrorArea.identifier.entry(
            "duplicity", .denied, "The controller of an AID signed two different events for one place.",
            next: "kelmark kel verify FILE --json",
            "The evidence is kept and can be shown to anybody. Do not rely on that AID until its controller "
                + "has explained."
        ),
        ErrorArea.identifier.entry(
            "logs-differ", .denied, "Two logs of one AID disagree.", next: "kelmark kel verify FILE",
            "The first event that differs is named. If both are signed well, the controller is duplicitous."),
    ]
}
