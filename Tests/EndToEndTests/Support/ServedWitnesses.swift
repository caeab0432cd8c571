// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Synchronization
import Testing

/// Witnesses in one process of the built binary.
final class ServedWitnesses: Sendable {
    let box: Sandbox
    let aids: [String]
    let ports: [UInt16]
    private let process: Mutex<Process>

    init(_ count: Int) throws {
        let box = try Sandbox()
        try box.kelmark("init", expecting: 0)
        ports = try (0..<count).map { _ in try Self.freePort() }
        var aids: [String] = []
        for number in 0..<count {
            let made = try box.kelmark("id create w\(number) --non-transferable --json", expecting: 0)
            aids.append(try #require(try made.data()["aid"]?.textValue))
        }
        self.aids = aids
        self.box = box
        process = Mutex(try Self.serve(ports, in: box))
    }

    deinit { stop() }

    private static func serve(_ ports: [UInt16], in box: Sandbox) throws -> sending Process {
        let process = Process()
        process.executableURL = URL(filePath: Binary.path)
        process.arguments = ["witness", "serve"] + ports.enumerated().map { "w\($0.offset):\($0.element)" }
        process.environment = box.environment
        process.currentDirectoryURL = box.folder
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for port in ports { try awaitListener(port) }
        return process
    }

    /// Ends the process in order, if it runs.
    func stop() {
        process.withLock { process in
            process.terminate()
            process.waitUntilExit()
        }
    }

    /// Serves the same witnesses again after ``stop()``.
    func start() throws {
        try process.withLock { $0 = try Self.serve(ports, in: box) }
    }

    /// A home that knows the witnesses.
    func home() throws -> Sandbox {
        let home = try Sandbox()
        try home.kelmark("init", expecting: 0)
        for port in ports { try home.kelmark("oobi resolve http://127.0.0.1:\(port)/oobi", expecting: 0) }
        return home
    }

    /// Options that name all witnesses, with a threshold.
    func options(_ threshold: Int) -> String {
        aids.map { "--witness \($0)" }.joined(separator: " ") + " --toad \(threshold)"
    }

    static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, size) == 0 && getsockname(descriptor, address, &size) == 0
            }
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }

    /// Connects until somebody listens; the test fails when nobody does.
    private static func awaitListener(_ port: UInt16) throws {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        for _ in 0..<600 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(descriptor) }
            let isThere = withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
                }
            }
            if isThere { return }
            usleep(100_000)
        }
        Issue.record("nobody listens at \(port)")
    }
}
