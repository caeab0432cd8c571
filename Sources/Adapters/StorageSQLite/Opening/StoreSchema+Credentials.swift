// SPDX-License-Identifier: Apache-2.0

extension StoreSchema {
    /// A log of a registry is found by registry and subject: its own has the registry as subject, the others belong to
    /// credentials. The same digest can be issued in any registry; that of the credential is one of them.
    ///
    /// `credentials.id` is the order of acceptance, `credential_escrows.id` that of arrival; what an entry waits for has
    /// rows of its own. Triggers count what all entries share, so that a bound costs nothing to keep.
    static let fourth = """
        CREATE TABLE registries (
            said TEXT PRIMARY KEY,
            issuer TEXT NOT NULL,
            sn ANY NOT NULL,
            event TEXT NOT NULL,
            backerless INTEGER NOT NULL,
            backers TEXT NOT NULL,
            threshold INTEGER NOT NULL,
            anchor_sn ANY NOT NULL,
            anchor TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX registries_by_issuer ON registries (issuer, said);

        CREATE TABLE registry_events (
            id INTEGER PRIMARY KEY,
            registry TEXT NOT NULL,
            subject TEXT NOT NULL,
            sn ANY NOT NULL,
            said TEXT NOT NULL,
            kind TEXT NOT NULL,
            seen_at INTEGER NOT NULL,
            format TEXT NOT NULL,
            body BLOB NOT NULL,
            anchor_sn ANY NOT NULL,
            anchor TEXT NOT NULL,
            signatures BLOB NOT NULL,
            UNIQUE (registry, subject, sn)
        ) STRICT;

        CREATE TABLE statuses (
            registry TEXT NOT NULL REFERENCES registries (said),
            credential TEXT NOT NULL,
            kind TEXT NOT NULL,
            sn ANY NOT NULL,
            event TEXT NOT NULL,
            issuance TEXT NOT NULL,
            dated INTEGER NOT NULL,
            anchor_sn ANY NOT NULL,
            anchor TEXT NOT NULL,
            issuance_anchor_sn ANY NOT NULL,
            issuance_anchor TEXT NOT NULL,
            PRIMARY KEY (registry, credential)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX statuses_by_credential ON statuses (credential, registry);

        CREATE TABLE credentials (
            id INTEGER PRIMARY KEY,
            said TEXT NOT NULL UNIQUE,
            issuer TEXT NOT NULL,
            issuee TEXT,
            registry TEXT,
            schema TEXT NOT NULL,
            seen_at INTEGER NOT NULL,
            format TEXT NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX credentials_by_issuer ON credentials (issuer);
        CREATE INDEX credentials_by_issuee ON credentials (issuee) WHERE issuee IS NOT NULL;
        CREATE INDEX credentials_by_registry ON credentials (registry) WHERE registry IS NOT NULL;
        CREATE INDEX credentials_by_schema ON credentials (schema);

        CREATE TABLE schemas (said TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;

        CREATE TABLE credential_escrows (
            id INTEGER PRIMARY KEY,
            reason TEXT NOT NULL,
            subject TEXT NOT NULL,
            said TEXT NOT NULL,
            since INTEGER NOT NULL,
            message BLOB NOT NULL,
            missing TEXT NOT NULL,
            issuer TEXT NOT NULL,
            verified INTEGER NOT NULL,
            UNIQUE (subject, said, reason)
        ) STRICT;
        CREATE INDEX credential_escrows_by_reason ON credential_escrows (reason);
        CREATE INDEX credential_escrows_by_issuer ON credential_escrows (verified, issuer);
        CREATE INDEX credential_escrows_by_age ON credential_escrows (verified, since);
        CREATE TABLE credential_waits (
            arrival TEXT NOT NULL,
            escrow INTEGER NOT NULL REFERENCES credential_escrows (id) ON DELETE CASCADE,
            PRIMARY KEY (arrival, escrow)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX credential_waits_of ON credential_waits (escrow);
        CREATE TABLE credential_escrow_totals (verified INTEGER PRIMARY KEY, count INTEGER NOT NULL) STRICT;
        INSERT INTO credential_escrow_totals VALUES (0, 0), (1, 0);
        CREATE TRIGGER credential_escrow_added AFTER INSERT ON credential_escrows
            BEGIN UPDATE credential_escrow_totals SET count = count + 1 WHERE verified = new.verified; END;
        CREATE TRIGGER credential_escrow_removed AFTER DELETE ON credential_escrows
            BEGIN UPDATE credential_escrow_totals SET count = count - 1 WHERE verified = old.verified; END;
        CREATE TRIGGER credential_escrow_verified AFTER UPDATE OF verified ON credential_escrows
            WHEN old.verified <> new.verified
            BEGIN
                UPDATE credential_escrow_totals SET count = count - 1 WHERE verified = old.verified;
                UPDATE credential_escrow_totals SET count = count + 1 WHERE verified = new.verified;
            END;
        """

    /// One signature of a backer for each place of a registry; `signature` is a CESR group of one.
    static let fifth = """
        CREATE TABLE backed_events (
            registry TEXT NOT NULL,
            subject TEXT NOT NULL,
            sn ANY NOT NULL,
            backer TEXT NOT NULL,
            said TEXT NOT NULL,
            kind TEXT NOT NULL,
            signature BLOB NOT NULL,
            signed_at INTEGER NOT NULL,
            PRIMARY KEY (registry, subject, sn, backer)
        ) STRICT, WITHOUT ROWID;
        """
}
