// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkBytes
import Testing

@testable import KelmarkCLI

@Suite struct StateFileTests {
    private func file(_ folder: URL) -> StateFile<String> {
        StateFile(
            path: folder.appending(path: "state.json").path, empty: "",
            decode: { $0["text"]?.textValue ?? "" }, encode: { ["text": .text($0)] })
    }

    /// A book that strangers can fill must be read back whatever it holds.
    @Test func whatIsWrittenIsReadBack() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kelmark-state-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = String(repeating: "x", count: 20 << 20)
        try file(folder).update { $0 = text }
        #expect(try file(folder).load() == text)
    }

    @Test func whatCouldNotBeReadBackIsNotWritten() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "kelmark-state-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try file(folder).update { $0 = "before" }
        #expect(throws: (any Error).self) {
            try file(folder).update { $0 = String(repeating: "x", count: 65 << 20) }
        }
        #expect(try file(folder).load() == "before")
    }
}
