// SPDX-License-Identifier: Apache-2.0

import Foundation
import SPIFFE
import Testing

/// The `openssl` command; a machine without it fails the test.
final class OpenSSL {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "kelmark-openssl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    /// Exit status and all that it printed.
    func run(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["openssl"] + arguments
        process.currentDirectoryURL = folder
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    /// Writes certificates as PEM.
    func write(_ certificates: [X509Certificate], to name: String) throws {
        let text = certificates.map { certificate in
            let body = Data(certificate.der).base64EncodedString(options: [
                .lineLength64Characters, .endLineWithLineFeed,
            ])
            return "-----BEGIN CERTIFICATE-----\n\(body)\n-----END CERTIFICATE-----\n"
        }
        try text.joined().write(to: folder.appending(path: name), atomically: false, encoding: .utf8)
    }

    /// What it says about a certificate.
    func report(_ certificate: X509Certificate) throws -> Report {
        try write([certificate], to: "one.pem")
        let (status, text) = try run(["x509", "-in", "one.pem", "-noout", "-text", "-nameopt", "RFC2253"])
        #expect(status == 0, "\(text)")
        let serial = try run(["x509", "-in", "one.pem", "-noout", "-serial"]).output
        return Report(text: text, serial: String(serial.dropFirst("serial=".count).prefix { !$0.isWhitespace }))
    }

    /// Judges a chain by its strict rules, at a time: empty when it holds, else what is wrong.
    func complaint(
        about chain: [X509Certificate], under roots: [X509Certificate], at time: CertificateTime,
        _ options: [String] = []
    ) throws -> String {
        try write(roots, to: "roots.pem")
        try write(Array(chain.prefix(1)), to: "leaf.pem")
        try write(Array(chain.dropFirst()), to: "others.pem")
        let others = chain.count > 1 ? ["-untrusted", "others.pem"] : []
        let (status, output) = try run(
            ["verify", "-x509_strict", "-attime", "\(time.seconds)", "-CAfile", "roots.pem"] + others + options
                + ["leaf.pem"])
        return status == 0 ? "" : output
    }

    /// The parts of its text.
    struct Report {
        let text: String
        /// Hexadecimal, with a sign if it is negative.
        let serial: String

        /// The value of a line `name: value`.
        func field(_ name: String) -> String? {
            text.split(separator: "\n").lazy.map { $0.drop { $0 == " " } }.first { $0.hasPrefix("\(name):") }
                .map { String($0.dropFirst(name.utf8.count + 1).drop { $0 == " " }) }
        }

        /// Value and mark of each extension, by name.
        var extensions: [String: String] {
            let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
            var found: [String: String] = [:]
            for (line, next) in zip(lines, lines.dropFirst()) where line.hasPrefix("X509v3 ") {
                guard let colon = line.lastIndex(of: ":") else { continue }
                let name = String(line[..<colon].dropFirst("X509v3 ".count))
                guard name != "extensions" else { continue }
                let isCritical = line[colon...].contains("critical")
                found[name] = (isCritical ? "critical " : "") + String(next)
            }
            return found
        }
    }
}
