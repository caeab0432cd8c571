// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Glibc
internal import KERI
internal import KERINetwork
internal import KelmarkBytes
internal import KelmarkCrypto
internal import StorageSQLite
internal import Transparency

/// `kelmark doctor`.
struct DoctorCommand: KelmarkCommand {
    static let path = "doctor"
    static let configuration = CommandConfiguration.kelmark(
        "doctor", "Examines the machine, the configuration and the home folder.",
        about:
            "Changes nothing and asks for no passphrase. Every log of the store is verified again, event by event, and the "
            + "audit of every issuer that is served from here, record by record, and the tree of its log, leaf by leaf.",
        examples: [
            CommandExample("examine everything", "kelmark doctor"),
            CommandExample("another home folder", "kelmark doctor --home ./lab"),
            CommandExample("for a script", "kelmark doctor --json"),
        ])

    @OptionGroup var global: GlobalOptions

    /// One thing that was examined.
    private struct Finding {
        enum Grade: String { case ok, note, problem }
        let subject: String
        let grade: Grade
        let text: String
        var next = ""
    }

    func perform(in context: CommandContext) async throws -> CommandResult {
        var findings = machine(context)
        findings += homeFolder(context)
        findings += await audits(context)
        let problems = findings.filter { $0.grade == .problem }
        let data: OrderedMap = [
            "findings": .list(
                findings.map {
                    [
                        "subject": .text($0.subject), "grade": .text($0.grade.rawValue), "text": .text($0.text),
                        "next": .text($0.next),
                    ]
                })
        ]
        let text = findings.flatMap { finding -> [String] in
            let colour: Console.Colour = finding.grade == .ok ? .green : finding.grade == .note ? .yellow : .red
            let grade = finding.grade.rawValue
            let gap = String(repeating: " ", count: 9 - grade.count)
            let line = context.console.paint(grade, colour) + gap + "\(finding.subject): \(finding.text)"
            return finding.next.isEmpty ? [line] : [line, "         next: \(finding.next)"]
        }
        return CommandResult(
            data: data, text: text,
            concern: problems.first.map {
                CommandFailure(
                    "KM-DOCTOR-FINDINGS", "\(problems.count) to repair; first \($0.subject): \($0.text)",
                    next: $0.next.isEmpty ? nil : $0.next)
            })
    }

    private func machine(_ context: CommandContext) -> [Finding] {
        var findings: [Finding] = []
        do {
            _ = try SecretBytes.random(count: 32)
            findings.append(
                Finding(subject: "cryptography", grade: .ok, text: "libsodium works and gives guarded memory"))
        } catch {
            findings.append(
                Finding(
                    subject: "cryptography", grade: .problem, text: "libsodium does not work: \(error)",
                    next: "apt-get install libsodium23"))
        }
        if Tool.find("openssl", environment: context.environment) != nil {
            findings.append(Finding(subject: "openssl", grade: .ok, text: "found; the demo lets it check certificates"))
        } else {
            findings.append(
                Finding(
                    subject: "openssl", grade: .note, text: "not found; only the demo needs it",
                    next: "apt-get install openssl"))
        }
        let year = Timestamp("2024-01-01T00:00:00Z") ?? Timestamp(microseconds: 0)
        findings.append(
            context.now > year
                ? Finding(subject: "clock", grade: .ok, text: "shows \(context.now)")
                : Finding(
                    subject: "clock", grade: .problem, text: "shows \(context.now), which is past", next: "timedatectl")
        )
        return findings
    }

    private static func problem(_ subject: String, _ error: any Error) -> Finding {
        let failure = ErrorTranslation.failure(for: error)
        return Finding(subject: subject, grade: .problem, text: "\(failure.code): \(failure.cause)", next: failure.next)
    }

    /// What the issuers that are served from the home folder did: each record names the one before it, and each leaf leads
    /// to the root.
    private func audits(_ context: CommandContext) async -> [Finding] {
        let folder = context.home.path + "/" + Product.HomeFile.served
        var findings: [Finding] = []
        do {
            for name in try FolderListing.names(in: folder, suffix: "") where !name.hasPrefix(".") {
                let file = "\(folder)/\(name)/\(Product.HomeFile.issuerStore)"
                guard access(file, F_OK) == 0 else { continue }
                var subject = "audit of \(name)"
                do {
                    let store = try SQLiteIssuerStore(lookingInto: file)
                    let count = try await store.verifyAudit()
                    findings.append(
                        Finding(subject: subject, grade: .ok, text: "\(count) records, none changed, dropped or moved"))
                    subject = "log of \(name)"
                    let size = try await store.verifyTree().size
                    findings.append(
                        Finding(subject: subject, grade: .ok, text: "\(size) leaves, and the tree is made of them"))
                } catch {
                    findings.append(Self.problem(subject, error))
                }
            }
        } catch {
            findings.append(Self.problem("audits", error))
        }
        return findings
    }

    private func homeFolder(_ context: CommandContext) -> [Finding] {
        let home = context.home
        guard home.isInitialised else {
            return [
                Finding(
                    subject: "home", grade: .note, text: "there is none at \(home.path) yet",
                    next: "\(Product.command) init")
            ]
        }
        var findings: [Finding] = []
        func examine(_ subject: String, _ body: () throws -> String) {
            do {
                findings.append(Finding(subject: subject, grade: .ok, text: try body()))
            } catch {
                findings.append(Self.problem(subject, error))
            }
        }
        examine("home") {
            try home.requireUsable()
            guard access(home.path, W_OK) == 0 else { throw HomeFolder.failure(errno, home.path) }
            return "\(home.path), for its owner only"
        }
        examine("disk") {
            var status = statvfs()
            guard statvfs(home.path, &status) == 0 else { throw HomeFolder.failure(errno, home.path) }
            let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
            guard free > 16 << 20 else { throw HomeFolder.failure(ENOSPC, home.path) }
            return "\(free >> 20) MiB free"
        }
        examine("vault") {
            var status = stat()
            guard stat(home.vault, &status) == 0 else { throw VaultError.noVault }
            guard status.st_mode & 0o077 == 0 else {
                throw VaultError.permissionsTooOpen(mode: UInt32(status.st_mode & 0o777))
            }
            let bytes = try DurableFile.read(home.vault, atMost: 32 << 20)
            let envelope = try SealedFileVault.Envelope.parse(bytes.span)
            return "sealed; opening takes \(envelope.cost.memoryBytes >> 20) MiB and \(envelope.cost.operations) passes"
        }
        examine("names") {
            "\(try FileWalletBook(path: home.book).load().count) AIDs of yours"
        }
        examine("store") {
            let store = try SQLiteKeyEventStore(path: home.events)
            let found = try store.verifyAll { done, total in
                if total > 10_000 { context.console.progress("\(done) of \(total) events verified") }
            }
            guard found.isSound else {
                let first = found.problems.first?.description ?? ""
                throw StoreError(.corrupt, "\(found.problemCount) problems; first \(first)")
            }
            return "\(found.events) events of \(found.aids) AIDs verify again from nothing"
        }
        if let store = try? SQLiteKeyEventStore(path: home.events),
            let count = try? store.read({ try $0.escrowCount(aid: nil) }), count > 0
        {
            findings.append(
                Finding(
                    subject: "waiting", grade: .note, text: "\(count) messages wait", next: "\(Product.command) waiting"
                ))
        }
        return findings
    }
}
