// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KelmarkCrypto

/// Where the passphrase of the vault comes from: a descriptor, a file, a systemd credential, or a person. Never the
/// command line or the environment, which other processes can read.
struct PassphraseSource: Sendable {
    private enum Origin: Sendable {
        case descriptor(Int32)
        case file(String)
        case credential(String)
        case terminal
        case none
    }

    /// Fewest bytes of a new passphrase.
    static let shortest = 8
    private let origin: Origin

    /// Chooses the first that is there: `--passphrase-fd`, `--passphrase-file` or its setting, a credential of systemd,
    /// the terminal.
    init(global: GlobalOptions, settings: Settings, environment: [String: String]) {
        if let descriptor = global.passphraseFd {
            origin = .descriptor(descriptor)
        } else if let file = settings.passphraseFile {
            origin = .file(file)
        } else if let folder = environment["CREDENTIALS_DIRECTORY"],
            access(folder + "/" + Product.passphraseCredential, F_OK) == 0
        {
            origin = .credential(folder + "/" + Product.passphraseCredential)
        } else {
            origin = !global.noInput && isatty(STDIN_FILENO) == 1 ? .terminal : .none
        }
    }

    /// The passphrase of an existing vault.
    func read() throws -> SecretBytes {
        try read(prompt: "Passphrase: ")
    }

    /// A new passphrase, asked for twice where a person types it.
    func readNew() throws -> SecretBytes {
        let first = try read(prompt: "New passphrase: ")
        guard first.count >= Self.shortest else {
            throw CommandFailure("KM-PASSPHRASE-SHORT", "the passphrase has fewer than \(Self.shortest) bytes")
        }
        if case .terminal = origin {
            guard try read(prompt: "The same again: ") == first else {
                throw CommandFailure("KM-PASSPHRASE-MISMATCH", "the two passphrases differ")
            }
        }
        return first
    }

    private func read(prompt: String) throws -> SecretBytes {
        switch origin {
        case .descriptor(let descriptor):
            return try SecretFile.firstLine(of: descriptor, named: "descriptor \(descriptor)", .passphrase)
        case .file(let path): return try SecretFile.firstLine(ofFile: path, .passphrase)
        case .credential(let path): return try SecretFile.firstLine(ofFile: path, .passphrase, ownerOnly: false)
        case .terminal: return try Self.ask(prompt)
        case .none:
            throw CommandFailure(
                "KM-PASSPHRASE-MISSING",
                "the command needs the keys, and there is no terminal to ask for the passphrase")
        }
    }

    /// Asks on the terminal without showing what is typed.
    private static func ask(_ prompt: String) throws -> SecretBytes {
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else {
            throw CommandFailure("KM-PASSPHRASE-MISSING", "there is no terminal")
        }
        var silent = settings
        silent.c_lflag &= ~tcflag_t(ECHO)
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent)
        defer {
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
            Console.write(Array("\n".utf8), to: STDERR_FILENO)
        }
        Console.write(Array(prompt.utf8), to: STDERR_FILENO)
        return try SecretFile.firstLine(of: STDIN_FILENO, named: "the terminal", .passphrase)
    }
}

/// What the system says about the last failed call.
func systemMessage(_ number: Int32 = errno) -> String {
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text)
}
