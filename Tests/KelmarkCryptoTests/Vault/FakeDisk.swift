// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkCrypto
import Synchronization

/// A file system in memory that can lose its power: what was not synchronised may then be gone, torn or kept.
final class FakeDisk: VaultFileSystem {
    private final class Node {
        var bytes: [UInt8] = []
        var durable: [UInt8] = []
        var mode: UInt32 = 0o600
        var isRegular = true
        var isLocked = false
    }

    private struct State {
        var files: [String: Node] = [:]
        var durableFiles: [String: Node] = [:]
        var open: [Int32: (node: Node, position: Int, holdsLock: Bool)] = [:]
        var next: Int32 = 3
        var pauses = 0
        var maximumWrite = Int.max
    }

    private let state = Mutex(State())

    /// How often somebody waited.
    var pauses: Int { state.withLock { $0.pauses } }

    /// Paths of all files.
    var paths: [String] { state.withLock { $0.files.keys.sorted() } }

    /// Every write takes at most this many bytes.
    func limitWrites(to count: Int) { state.withLock { $0.maximumWrite = count } }

    /// The bytes of a file.
    func contents(_ path: String) -> [UInt8]? { state.withLock { $0.files[path]?.bytes } }

    /// Puts a file there, durably.
    func put(_ bytes: [UInt8], at path: String, mode: UInt32 = 0o600, isRegular: Bool = true) {
        state.withLock { state in
            let node = Node()
            node.bytes = bytes
            node.durable = bytes
            node.mode = mode
            node.isRegular = isRegular
            state.files[path] = node
            state.durableFiles[path] = node
        }
    }

    /// Cuts the power: each file keeps what was synchronised, all of it, or a torn mixture; each change of the directory
    /// that was not synchronised happened or not.
    func losePower(using random: inout some RandomNumberGenerator) {
        state.withLock { state in
            state.open = [:]
            var files = state.durableFiles
            for path in Set(state.files.keys).union(state.durableFiles.keys) where Bool.random(using: &random) {
                files[path] = state.files[path]
            }
            for node in files.values {
                node.isLocked = false
                guard node.bytes != node.durable else { continue }
                switch Int.random(in: 0..<3, using: &random) {
                case 0: node.bytes = node.durable
                case 1:
                    let kept = Int.random(in: 0...node.bytes.count, using: &random)
                    node.bytes = node.bytes[..<kept] + [UInt8](repeating: 0, count: node.bytes.count - kept)
                default: break
                }
                node.durable = node.bytes
            }
            state.files = files
            state.durableFiles = files
        }
    }

    func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32 {
        try state.withLock { (state) throws(SystemFailure) in
            let node: Node
            switch purpose {
            case .directory: node = Node()
            case .read:
                guard let found = state.files[path] else { throw SystemFailure(errno: ENOENT) }
                node = found
            case .create:
                guard state.files[path] == nil else { throw SystemFailure(errno: EEXIST) }
                node = Node()
                state.files[path] = node
            case .lock:
                node = state.files[path] ?? Node()
                state.files[path] = node
            }
            state.next += 1
            if purpose == .directory { node.isRegular = false }
            state.open[state.next] = (node, 0, false)
            return state.next
        }
    }

    func status(_ descriptor: Int32) throws(SystemFailure) -> FileStatus {
        state.withLock { state in
            let node = state.open[descriptor]!.node
            return FileStatus(isRegular: node.isRegular, mode: node.mode, byteCount: node.bytes.count)
        }
    }

    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(SystemFailure) -> Int {
        let target = UInt(bitPattern: buffer.baseAddress)
        let room = buffer.count
        return state.withLock { state in
            let file = state.open[descriptor]!
            let part = file.node.bytes[file.position...].prefix(room)
            UnsafeMutableRawBufferPointer(start: UnsafeMutableRawPointer(bitPattern: target), count: room)
                .copyBytes(from: part)
            state.open[descriptor]!.position += part.count
            return part.count
        }
    }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int {
        let all = [UInt8](bytes)
        return state.withLock { state in
            let part = all.prefix(state.maximumWrite)
            state.open[descriptor]!.node.bytes += part
            return part.count
        }
    }

    func synchronize(_ descriptor: Int32) throws(SystemFailure) {
        state.withLock { state in
            let node = state.open[descriptor]!.node
            if node.isRegular {
                node.durable = node.bytes
            } else {
                state.durableFiles = state.files
            }
        }
    }

    func lock(_ descriptor: Int32) throws(SystemFailure) -> Bool {
        state.withLock { state in
            let node = state.open[descriptor]!.node
            guard !node.isLocked else { return false }
            node.isLocked = true
            state.open[descriptor]!.holdsLock = true
            return true
        }
    }

    func rename(_ path: String, to target: String) throws(SystemFailure) {
        try state.withLock { (state) throws(SystemFailure) in
            guard let node = state.files.removeValue(forKey: path) else { throw SystemFailure(errno: ENOENT) }
            state.files[target] = node
        }
    }

    func remove(_ path: String) throws(SystemFailure) {
        try state.withLock { (state) throws(SystemFailure) in
            guard state.files.removeValue(forKey: path) != nil else { throw SystemFailure(errno: ENOENT) }
        }
    }

    func close(_ descriptor: Int32) {
        state.withLock { state in
            guard let file = state.open.removeValue(forKey: descriptor) else { return }
            if file.holdsLock { file.node.isLocked = false }
        }
    }

    func pause(milliseconds: UInt32) { state.withLock { $0.pauses += 1 } }
}

/// Lets one call fail, or, as after a crash, that one and all behind it.
final class FailingFileSystem: VaultFileSystem {
    private struct State {
        var calls: [String] = []
        var failing: Int?
        var failure: Int32 = EIO
        var isCrash = false
    }

    private let base: any VaultFileSystem
    private let state = Mutex(State())

    init(_ base: any VaultFileSystem) { self.base = base }

    /// The names of the calls since ``fail(at:with:isCrash:)``.
    var calls: [String] { state.withLock { $0.calls } }

    /// Counts from here, and lets the call number `call` (from 0) fail.
    func fail(at call: Int?, with failure: Int32 = EIO, isCrash: Bool = false) {
        state.withLock { $0 = State(failing: call, failure: failure, isCrash: isCrash) }
    }

    private func step(_ name: String) throws(SystemFailure) {
        try state.withLock { (state) throws(SystemFailure) in
            let number = state.calls.count
            state.calls.append(name)
            guard let failing = state.failing, number == failing || (state.isCrash && number > failing) else { return }
            throw SystemFailure(errno: state.failure)
        }
    }

    func open(_ path: String, _ purpose: FilePurpose) throws(SystemFailure) -> Int32 {
        try step("open \(purpose)")
        return try base.open(path, purpose)
    }

    func status(_ descriptor: Int32) throws(SystemFailure) -> FileStatus {
        try step("status")
        return try base.status(descriptor)
    }

    func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer) throws(SystemFailure) -> Int {
        try step("read")
        return try base.read(descriptor, into: buffer)
    }

    func write(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) throws(SystemFailure) -> Int {
        do throws(SystemFailure) {
            try step("write")
        } catch {
            // A full disk takes a part.
            _ = try base.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<(bytes.count / 2)]))
            throw error
        }
        return try base.write(descriptor, bytes)
    }

    func synchronize(_ descriptor: Int32) throws(SystemFailure) {
        try step("synchronize")
        try base.synchronize(descriptor)
    }

    func lock(_ descriptor: Int32) throws(SystemFailure) -> Bool {
        try step("lock")
        return try base.lock(descriptor)
    }

    func rename(_ path: String, to target: String) throws(SystemFailure) {
        try step("rename")
        try base.rename(path, to: target)
    }

    func remove(_ path: String) throws(SystemFailure) {
        try step("remove")
        try base.remove(path)
    }

    func close(_ descriptor: Int32) { base.close(descriptor) }

    func pause(milliseconds: UInt32) { base.pause(milliseconds: milliseconds) }
}
