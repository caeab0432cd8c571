// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import KelmarkCrypto

/// Reads one line that is secret, by way of memory that is wiped.
enum SecretFile {
    /// What the line is; it decides about the codes of errors.
    enum Content: String {
        case passphrase
        case salt
        case joinToken = "join token"

        var unreadable: String { self == .passphrase ? "KM-PASSPHRASE-UNREADABLE" : "KM-INPUT-MISSING" }
        var exposed: String { self == .passphrase ? "KM-PASSPHRASE-EXPOSED" : "KM-INPUT-EXPOSED" }
    }

    private static let longest = 4096

    /// The first line of a file.
    /// - Throws: ``CommandFailure``, also when `ownerOnly` and the group or others may read the file; of a credential
    ///   that the service manager laid out for this process, the manager has seen to that in its own way.
    static func firstLine(ofFile path: String, _ content: Content, ownerOnly: Bool = true) throws -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CommandFailure(content.unreadable, "\(path) can't be opened: \(systemMessage())")
        }
        defer { close(descriptor) }
        var status = stat()
        if ownerOnly, !isCredential(path), fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            status.st_mode & 0o077 != 0
        {
            throw CommandFailure(
                content.exposed, "\(path) has mode \(String(status.st_mode & 0o777, radix: 8))",
                next: "chmod 600 \(path)")
        }
        return try firstLine(of: descriptor, named: path, content)
    }

    private static func isCredential(_ path: String) -> Bool {
        guard let folder = getenv("CREDENTIALS_DIRECTORY") else { return false }
        return path.hasPrefix(String(cString: folder) + "/") && !path.contains("/../")
    }

    /// The first line behind a descriptor, read byte by byte, so that nothing behind it is taken from a pipe.
    /// - Throws: ``CommandFailure``.
    static func firstLine(of descriptor: Int32, named name: String, _ content: Content) throws -> SecretBytes {
        var line = [UInt8](repeating: 0, count: longest)
        defer { wipe(&line) }
        var count = 0
        reading: while true {
            guard count < longest else {
                throw CommandFailure(content.unreadable, "\(name) has no short first line")
            }
            let got = line.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, 1)
            }
            if got < 0 {
                if errno == EINTR { continue }
                throw CommandFailure(content.unreadable, "\(name) can't be read: \(systemMessage())")
            }
            if got == 0 || line[count] == UInt8(ascii: "\n") { break reading }
            count += 1
        }
        if count > 0, line[count - 1] == UInt8(ascii: "\r") { count -= 1 }
        guard count > 0 else { throw CommandFailure(content.unreadable, "\(name) holds no \(content.rawValue)") }
        return try SecretBytes(copying: line.span.extracting(first: count))
    }
}
