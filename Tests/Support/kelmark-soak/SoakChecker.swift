// SPDX-License-Identifier: Apache-2.0

private import Foundation
internal import KERI
internal import KelmarkCrypto
internal import StorageSQLite

/// Opens what a killed writer left, verifies all of it, and looks for everything that was acknowledged.
struct SoakChecker {
    private let folder: String
    private let lanes: Int
    private var verification: StoreVerification?
    private var keys = 0
    private var acknowledged = 0

    init(folder: String, lanes: Int) {
        self.folder = folder
        self.lanes = lanes
    }

    /// One line of numbers for the log.
    var summary: String {
        "aids \(verification?.aids ?? 0) events \(verification?.events ?? 0) escrows \(verification?.escrows ?? 0) "
            + "keys \(keys) acknowledged \(acknowledged)"
    }

    /// Everything that is wrong.
    mutating func run(_ lines: [Substring]) throws -> [String] {
        var findings: [String] = []
        let known = lines.compactMap { Acknowledgement($0) }
        acknowledged = known.count
        var held: Set<String> = []
        for lane in 0..<lanes { findings += try checkVault(lane, known, &held) }
        let store = try SQLiteKeyEventStore(path: SoakPlaces.store(folder))
        let verification = try store.verifyAll()
        self.verification = verification
        findings += verification.problems.map { "\($0)" }
        for item in known where try !isKept(item, in: store) { findings.append("lost: \(item.line)") }
        findings += try checkKeys(of: store, held)
        return findings
    }

    private func isKept(_ item: Acknowledgement, in store: SQLiteKeyEventStore) throws -> Bool {
        try store.read { transaction in
            switch item {
            case .vault, .key, .dropping: true
            case .event(let seal): try transaction.record(of: seal.aid, at: seal.sn, said: seal.said) != nil
            case .receipt(let seal, let signer):
                try transaction.record(of: seal.aid, at: seal.sn, said: seal.said)?.proof.receipts
                    .contains { $0.signer == signer } ?? false
            case .escrow(let seal):
                try transaction.escrow(
                    EscrowKey(reason: .outOfOrder, aid: seal.aid, sn: seal.sn, said: seal.said)) != nil
            }
        }
    }

    /// The vault opens, each of its keys is whole, and each that was acknowledged is there unless it was dropped.
    private mutating func checkVault(
        _ lane: Int, _ known: [Acknowledgement], _ held: inout Set<String>
    ) throws -> [String] {
        var names: Set<String> = []
        var isAcknowledged = false
        for item in known {
            switch item {
            case .vault(lane): isAcknowledged = true
            case .key(lane, let name): names.insert(name)
            case .dropping(lane, let name): names.remove(name)
            default: break
            }
        }
        let vault: SealedFileVault
        do {
            vault = try SealedFileVault.open(
                at: SoakPlaces.vault(folder, lane: lane), passphrase: SoakPlaces.passphrase())
        } catch VaultError.noVault where !isAcknowledged {
            return []
        } catch {
            return ["vault \(lane) does not open: \(error)"]
        }
        var findings: [String] = []
        for entry in try vault.list() {
            keys += 1
            held.insert(entry.name)
            names.remove(entry.name)
            if try CreatedKey(seed: vault.load(entry.name)).verificationKey.text != entry.name {
                findings.append("the key \(entry.name) has the wrong secret")
            }
        }
        return findings + names.map { "lost: key \(lane) \($0)" }
    }

    /// Whoever controls an AID still holds its key and its next key.
    private func checkKeys(of store: SQLiteKeyEventStore, _ held: Set<String>) throws -> [String] {
        var findings: [String] = []
        let digests = Set(held.compactMap { VerificationKey($0) }.map { KeyDigest(of: $0) })
        var last: AID?
        while true {
            let states = try store.read { [last] transaction in
                try transaction.aids(after: last, limit: 100).compactMap { try transaction.keyState(of: $0) }
            }
            if states.isEmpty { return findings }
            last = states.last?.aid
            for state in states {
                if !held.contains(state.keys[0].text) { findings.append("\(state.aid) has lost its key") }
                if !digests.contains(state.nextDigests[0]) { findings.append("\(state.aid) has lost its next key") }
            }
        }
    }
}
