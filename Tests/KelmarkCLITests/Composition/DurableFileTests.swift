// SPDX-License-Identifier: Apache-2.0

import Foundation
import Testing

@testable import KelmarkCLI

@Suite struct DurableFileTests {
    @Test func aSecretIsNotWrittenIntoAFileThatSomebodyPutThere() throws {
        let folder = try CommandFolder()
        let place = "\(folder.path)/key.pem"
        // As another user of a shared folder would do who guesses the name, and keeps a hold of his file.
        let planted = try folder.file("key.pem.\(getpid()).new", "")
        try FileManager.default.linkItem(atPath: planted, toPath: "\(folder.path)/mine")
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: planted)
        try DurableFile.writeSecret(Array("secret".utf8), to: place)
        #expect(try String(contentsOfFile: place, encoding: .utf8) == "secret")
        #expect(try FileManager.default.attributesOfItem(atPath: place)[.posixPermissions] as? Int == 0o600)
        #expect(try String(contentsOfFile: "\(folder.path)/mine", encoding: .utf8).isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["key.pem", "mine"])
    }

    @Test func aFolderThatEverybodyMayWriteIntoIsRefused() throws {
        let folder = try CommandFolder()
        let path = "\(folder.path)/kept"
        try HomeFolder.makePrivate(path)
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o700)
        for (mode, isTaken) in [(0o755, true), (0o1777, true), (0o777, false)] {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
            guard !isTaken else {
                try HomeFolder.makePrivate(path)
                continue
            }
            let failure = #expect(throws: CommandFailure.self) { try HomeFolder.makePrivate(path) }
            #expect(failure?.code == "KM-FOLDER-SHARED")
            #expect(failure?.status == .denied)
        }
    }

    @Test(.enabled(if: geteuid() == 0)) func aFolderOfAnotherUserIsRefused() throws {
        let folder = try CommandFolder()
        try #require(chown(folder.path, 65_534, 65_534) == 0)
        let failure = #expect(throws: CommandFailure.self) { try HomeFolder.makePrivate(folder.path) }
        #expect(failure?.code == "KM-FOLDER-SHARED")
    }
}
