// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import KERINetwork

/// Completion of the names of our AIDs in a shell. It reads the book of the home folder that the environment names, asks
/// for nothing and says nothing when there is none.
enum NameCompletion {
    /// For arguments that take the name of an AID.
    static let kind = CompletionKind.custom { _, _, prefix in names(in: ProcessInfo.processInfo.environment, prefix) }

    /// The names that begin with a prefix.
    static func names(in environment: [String: String], _ prefix: String) -> [String] {
        guard let flags = try? GlobalOptions.parse([]),
            let settings = try? Settings.load(flags: flags, environment: environment),
            let identifiers = try? FileWalletBook(path: HomeFolder(path: settings.home).book).load()
        else { return [] }
        return identifiers.map(\.name).filter { $0.hasPrefix(prefix) }
    }
}
