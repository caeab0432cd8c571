// SPDX-License-Identifier: Apache-2.0

extension IssuerMigration {
    /// Entries, agents, join tokens, foreign bundles, relationships.
    static let registrations = IssuerMigration(
        name: "registrations",
        sql: """
            -- AUTOINCREMENT: no place is used twice, since the tokens of pages are places.
            CREATE TABLE registration_entries (
                place INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                -- Identity, parent and selectors: what no two entries have in common.
                likeness BLOB NOT NULL UNIQUE,
                spiffe_id TEXT NOT NULL,
                parent_id TEXT NOT NULL,
                selectors BLOB NOT NULL,
                x509_ttl INTEGER NOT NULL,
                jwt_ttl INTEGER NOT NULL,
                flags INTEGER NOT NULL,
                expires_at INTEGER NOT NULL,
                dns_names BLOB NOT NULL,
                revision INTEGER NOT NULL,
                hint TEXT NOT NULL,
                created_at INTEGER NOT NULL
            ) STRICT;
            CREATE INDEX registration_entries_expiry ON registration_entries (expires_at) WHERE expires_at <> 0;
            CREATE TABLE registration_federation (
                place INTEGER NOT NULL REFERENCES registration_entries (place) ON DELETE CASCADE,
                domain TEXT NOT NULL,
                PRIMARY KEY (place, domain)
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX registration_federation_domain ON registration_federation (domain, place);
            CREATE TABLE attested_agents (
                id TEXT PRIMARY KEY,
                type TEXT NOT NULL,
                selectors BLOB NOT NULL,
                -- Both NULL: banned.
                serial TEXT,
                serial_expires_at INTEGER,
                next_serial TEXT,
                next_expires_at INTEGER,
                expires_at INTEGER NOT NULL,
                can_reattest INTEGER NOT NULL,
                version TEXT NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE join_tokens (
                value TEXT PRIMARY KEY,
                expires_at INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX join_tokens_expiry ON join_tokens (expires_at);
            CREATE TABLE foreign_bundles (
                domain TEXT PRIMARY KEY,
                x509 BLOB NOT NULL,
                jwt BLOB NOT NULL,
                wit BLOB NOT NULL,
                sequence TEXT,
                refresh_hint INTEGER
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE federation_relationships (
                domain TEXT PRIMARY KEY,
                url TEXT NOT NULL,
                -- NULL: the endpoint proves itself by a public certificate.
                endpoint_id TEXT
            ) STRICT, WITHOUT ROWID;
            """)
}
