// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkCrypto
import Testing

@Suite struct SecretBytesTests {
    @Test(arguments: [0, 1, 32, 4096, 5000]) func keepsWhatItWasGiven(_ count: Int) throws {
        let bytes = pattern(count)
        let secret = try SecretBytes(bytes)
        #expect(secret.count == count)
        #expect(secret.bytes == bytes)
    }

    @Test func startsWithZeros() throws {
        let secret = try SecretBytes(count: 100) { _ in }
        #expect(secret.bytes == [UInt8](repeating: 0, count: 100))
    }

    @Test func wipesWhatItTakesOver() throws {
        var source = pattern(40)
        let secret = try SecretBytes(moving: &source)
        #expect(source == [UInt8](repeating: 0, count: 40))
        #expect(secret.bytes == pattern(40))
    }

    @Test func passesOnWhatTheFillerThrows() {
        #expect(throws: CryptoError.invalidKey) {
            _ = try SecretBytes(count: 8) { (_: inout MutableSpan<UInt8>) throws(CryptoError) in
                throw .invalidKey
            }
        }
    }

    @Test func refusesImpossibleSizes() {
        #expect(throws: CryptoError.outOfMemory) { _ = try SecretBytes(count: -1) { _ in } }
        #expect(throws: CryptoError.outOfMemory) { _ = try SecretBytes(count: .max) { _ in } }
    }

    @Test func comparesContents() throws {
        let one = try SecretBytes(pattern(32))
        var other = pattern(32)
        #expect(one == (try SecretBytes(other)))
        other[31] ^= 1
        #expect(one != (try SecretBytes(other)))
        other.removeLast()
        #expect(one != (try SecretBytes(other)))
    }

    @Test func randomOnesDiffer() throws {
        #expect(try SecretBytes.random(count: 32) != SecretBytes.random(count: 32))
        #expect(try RandomBytes.generate(count: 32) != RandomBytes.generate(count: 32))
        #expect(try RandomBytes.generate(count: 0) == [])
    }

    @Test func rethrowsTheErrorOfTheReader() throws {
        struct Refused: Error, Equatable {}
        let secret = try SecretBytes(pattern(3))
        #expect(throws: Refused()) { try secret.withBytes { (_: Span<UInt8>) throws(Refused) in throw Refused() } }
    }

    @Test func showsNothingOfItself() throws {
        let secret = try SecretBytes(Array("correct horse".utf8))
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), dumped] {
            #expect(!text.contains("correct horse"))
            #expect(!text.contains("storage"))
            #expect(!text.contains("99"))
        }
        #expect(Mirror(reflecting: secret).children.isEmpty)
        #expect(!((secret as Any) is any Encodable))
    }

    /// Looks through all memory of the process for the secret, which is stored nowhere but masked.
    @Test func nothingIsLeftAfterTheLastReference() throws {
        let masked = try RandomBytes.generate(count: 48)
        let mask: UInt8 = 0x5a
        var secret: SecretBytes? = try SecretBytes(count: masked.count) { target in
            for index in masked.indices { target[index] = masked[index] ^ mask }
        }
        #expect(try Self.occurrences(ofMasked: masked, mask: mask) >= 1)
        #expect(secret?.count == 48)
        secret = nil
        #expect(try Self.occurrences(ofMasked: masked, mask: mask) == 0)
    }

    /// A write into the read-only pages stops the process.
    @Test func writingThroughAPointerStopsTheProcess() async {
        await #expect(processExitsWith: .failure) {
            let secret = try SecretBytes(pattern(32))
            secret.withBytes { bytes in
                bytes.withUnsafeBufferPointer { buffer in
                    UnsafeMutablePointer(mutating: buffer.baseAddress!).pointee = 1
                }
            }
        }
    }

    /// Reads the memory window by window through a buffer of its own, which is left out and wiped.
    private static func occurrences(ofMasked masked: [UInt8], mask: UInt8) throws -> Int {
        // The file says that it is empty, so it is read until nothing comes.
        let file = try FileHandle(forReadingFrom: URL(filePath: "/proc/self/maps"))
        var maps = ""
        while let part = try file.read(upToCount: 1 << 16), !part.isEmpty {
            maps += String(decoding: part, as: UTF8.self)
        }
        let memory = open("/proc/self/mem", O_RDONLY)
        defer { close(memory) }
        let window = 1 << 20
        let buffer = UnsafeMutableRawBufferPointer(
            start: mmap(nil, window, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)!, count: window)
        defer { munmap(buffer.baseAddress!, window) }
        let own = UInt(bitPattern: buffer.baseAddress!)
        var found = 0
        for line in maps.split(separator: "\n") {
            let parts = line.split(separator: " ", omittingEmptySubsequences: true)
            guard parts[1].hasPrefix("r"), parts[4] == "0" else { continue }
            let ends = parts[0].split(separator: "-").map { UInt($0, radix: 16)! }
            // The address sanitizer reserves terabytes.
            guard ends[1] - ends[0] <= 1 << 30 else { continue }
            var position = ends[0]
            while position < ends[1] {
                // The kernel may have merged the buffer with its neighbours.
                guard position < own || position >= own + UInt(window) else {
                    position = own + UInt(window)
                    continue
                }
                var end = min(position + UInt(window), ends[1])
                if position < own { end = min(end, own) }
                let count = pread(memory, buffer.baseAddress!, Int(end - position), off_t(position))
                guard count > 0 else { break }
                found += Self.count(in: UnsafeRawBufferPointer(rebasing: buffer[..<count]), masked: masked, mask: mask)
                position = end == ends[1] || end == own ? end : end - UInt(masked.count - 1)
            }
        }
        return found
    }

    private static func count(in bytes: UnsafeRawBufferPointer, masked: [UInt8], mask: UInt8) -> Int {
        var found = 0
        let first = masked[0] ^ mask
        var position = 0
        while position + masked.count <= bytes.count,
            let hit = memchr(bytes.baseAddress! + position, Int32(first), bytes.count - position)
        {
            position = UnsafeRawPointer(hit) - bytes.baseAddress!
            if position + masked.count <= bytes.count,
                masked.indices.allSatisfy({ bytes[position + $0] ^ mask == masked[$0] })
            {
                found += 1
            }
            position += 1
        }
        return found
    }
}

@Suite struct ComparisonTests {
    @Test func comparesLengthsAndBytes() {
        #expect(equal([], []))
        #expect(equal([1, 2], [1, 2]))
        #expect(!equal([1, 2], [1, 3]))
        #expect(!equal([1, 2], [1]))
        #expect(!equal([], [0]))
    }
}
