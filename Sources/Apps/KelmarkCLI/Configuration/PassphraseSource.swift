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
    private static let longest = 4096
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
            return try Self.firstLine(of: descriptor, named: "descriptor \(descriptor)")
        case .file(let path): return try Self.firstLine(ofFile: path, ownerOnly: true)
        case .credential(let path): return try Self.firstLine(ofFile: path, ownerOnly: false)
        case .terminal: return try Self.ask(prompt)
        case .none:
            throw CommandFailure(
                "KM-PASSPHRASE-MISSING",
                "the command needs the keys, and there is no terminal to ask for the passphrase")
        }
    }

    private static func firstLine(ofFile path: String, ownerOnly: Bool) throws -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure("KM-PASSPHRASE-UNREADABLE", "\(path) can't be opened: \(systemMessage())")
        }
        defer { close(descriptor) }
        var status = stat()
        if ownerOnly, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 {
            throw CommandFailure(
                "KM-PASSPHRASE-EXPOSED", "\(path) has mode \(String(status.st_mode & 0o777, radix: 8))",
                next: "chmod 600 \(path)")
        }
        return try firstLine(of: descriptor, named: path)
    }

    /// Reads byte by byte, so that nothing behind the line is taken from a pipe.
    private static func firstLine(of descriptor: Int32, named name: String) throws -> SecretBytes {
        var line = [UInt8](repeating: 0, count: longest)
        defer { wipe(&line) }
        var count = 0
        reading: while true {
            guard count < longest else {
                throw CommandFailure("KM-PASSPHRASE-UNREADABLE", "\(name) has no short first line")
            }
            let got = line.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, 1)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw CommandFailure("KM-PASSPHRASE-UNREADABLE", "\(name) can't be read: \(systemMessage())")
            }
            if got == 0 || line[count] == UInt8(ascii: "\n") { break reading }
            count += 1
        }
        if count > 0, line[count - 1] == UInt8(ascii: "\r") { count -= 1 }
        guard count > 0 else { throw CommandFailure("KM-PASSPHRASE-UNREADABLE", "\(name) holds no passphrase") }
        return try SecretBytes(copying: line.span.extracting(first: count))
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
        return try firstLine(of: STDIN_FILENO, named: "the terminal")
    }
}

/// What the system says about the last failed call.
func systemMessage(_ number: Int32 = errno) -> String {
    guard let text = strerror(number) else { return "error \(number)" }
    return String(cString: text)
}
