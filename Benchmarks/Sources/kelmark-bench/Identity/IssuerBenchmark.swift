// SPDX-License-Identifier: Apache-2.0

import Crypto
import Glibc
import Issuer
import SPIFFE
import StorageSQLite

/// What an SVID costs: beside the bare signature, and durably beside the bare medium.
enum IssuerBenchmark {
    /// Several callers share the work; each asks for batches one after the other.
    struct Load: Hashable, Sendable {
        let callers: Int
        let batch: Int
        let batchesEach: Int

        var count: Int { callers * batch * batchesEach }
    }

    static func run(folder: String) async throws {
        try await sign()
        try await issue(folder: folder)
    }

    // MARK: Signing

    private static func sign() async throws {
        let count = 500
        let key = P256.Signing.PrivateKey()
        let message = [UInt8](repeating: 7, count: 400)
        let issuer = try await IssuerFixture.service(MemoryIssuanceStore())
        let load = Load(callers: 1, batch: 1, batchesEach: count)
        print(
            "SVIDs of P-256 authorities, signed one after the other, recorded in memory; medians of 5 rounds interleaved"
        )
        let standings = try await Contest.run([
            Contest.Entrant("bare", count) {
                for _ in 0..<count { _ = try key.signature(for: SHA256.hash(data: message)) }
            },
            Contest.Entrant("checked", count) {
                for _ in 0..<count {
                    let digest = SHA256.hash(data: message)
                    let signature = try key.signature(for: digest)
                    for _ in 0..<2 where !key.publicKey.isValidSignature(signature, for: digest) {
                        throw FixtureError()
                    }
                }
            },
            Contest.Entrant("x509", count) { try await certificates(load, by: issuer) },
            Contest.Entrant("jwt", count) { try await tokens(load, by: issuer) },
        ])
        guard let bare = standings["bare"], let checked = standings["checked"], let x509 = standings["x509"],
            let jwt = standings["jwt"]
        else { throw FixtureError() }
        print("  bare P-256 signatures: \(bare.rate), \(microseconds(bare)) of processor time")
        print(
            "  bare signature, and two verified (the request, the own signature): \(checked.rate), \(microseconds(checked))"
        )
        print(
            "  X.509-SVIDs: \(x509.rate), \(microseconds(x509)); of this the bare signature is",
            "\(rounded(bare.processorSeconds / x509.processorSeconds)), with both verified",
            "\(rounded(checked.processorSeconds / x509.processorSeconds))")
        print(
            "  JWT-SVIDs: \(jwt.rate), \(microseconds(jwt)); of this the bare signature is",
            "\(rounded(bare.processorSeconds / jwt.processorSeconds))")
    }

    private static func microseconds(_ standing: Contest.Standing) -> String {
        "\(grouped(standing.processorSeconds * 1e6)) µs"
    }

    // MARK: Durably

    private static func issue(folder: String) async throws {
        let writes = 500
        let record = [UInt8](repeating: 7, count: 1_300)
        let loads = [(1, 1, 500), (64, 1, 16), (1, 100, 20), (8, 100, 5)].map {
            Load(callers: $0.0, batch: $0.1, batchesEach: $0.2)
        }
        var entrants = [
            Contest.Entrant("medium", writes) { try append(record, times: writes, to: "\(folder)/bare") }
        ]
        for load in loads {
            let x509 = try await issuer(folder, "x509-\(load.callers)-\(load.batch)")
            entrants.append(Contest.Entrant(name(load, "X.509"), load.count) { try await certificates(load, by: x509) })
        }
        for load in loads where load.batch == 1 {
            let jwt = try await issuer(folder, "jwt-\(load.callers)")
            entrants.append(Contest.Entrant(name(load, "JWT"), load.count) { try await tokens(load, by: jwt) })
        }
        print(
            "SVIDs with record, leaf and audit record in SQLite (WAL, synchronous = FULL): none is handed out before its",
            "transaction is synchronised; the bare medium appends 1 300 bytes and synchronises each time")
        let standings = try await Contest.run(entrants)
        guard let medium = standings["medium"] else { throw FixtureError() }
        print("  bare medium: \(medium.rate), \(medium.cost)")
        for entrant in entrants.dropFirst() {
            guard let standing = standings[entrant.name] else { continue }
            print(
                "  \(entrant.name): \(standing.rate), \(standing.cost),",
                "ratio to the bare medium \(rounded(medium.seconds / standing.seconds))")
        }
    }

    private static func name(_ load: Load, _ kind: String) -> String {
        "\(kind)-SVIDs, \(load.callers) caller(s), \(load.batch) a request"
    }

    private static func issuer(_ folder: String, _ name: String) async throws -> IssuingService {
        try await IssuerFixture.service(try SQLiteIssuerStore(path: "\(folder)/\(name).sqlite"))
    }

    private static func append(_ bytes: [UInt8], times: Int, to path: String) throws {
        let file = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard file >= 0 else { throw FixtureError() }
        defer { close(file) }
        for _ in 0..<times {
            guard write(file, bytes, bytes.count) == bytes.count, fdatasync(file) == 0 else { throw FixtureError() }
        }
    }

    // MARK: Asking

    private static func certificates(_ load: Load, by issuer: IssuingService) async throws {
        let request = X509SVIDRequest(entry: try IssuerFixture.entry(), request: try IssuerFixture.request())
        let requests = [X509SVIDRequest](repeating: request, count: load.batch)
        try await together(load) {
            for result in try await issuer.newX509SVIDs(requests, for: Requester(name: "bench")) {
                _ = try result.get()
            }
        }
    }

    private static func tokens(_ load: Load, by issuer: IssuingService) async throws {
        let entry = try IssuerFixture.entry()
        try await together(load) {
            _ = try await issuer.newJWTSVID(entry: entry, audiences: ["bench"], for: Requester(name: "bench"))
        }
    }

    private static func together(_ load: Load, _ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<load.callers {
                group.addTask { for _ in 0..<load.batchesEach { try await body() } }
            }
            try await group.waitForAll()
        }
    }
}
