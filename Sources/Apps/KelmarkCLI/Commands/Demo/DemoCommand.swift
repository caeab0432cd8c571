// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Foundation
internal import KelmarkBytes

/// `kelmark demo`.
struct DemoCommand: KelmarkCommand {
    static let path = "demo"
    static let configuration = CommandConfiguration.kelmark(
        "demo", "Tells the whole story in a throw-away folder and proves every step.",
        about:
            "An organisation of three keys, an authority credential for an issuer, a sealed statement, a signed SVID that "
            + "openssl accepts, a verdict from one AID, then every damage to the proof with the one verdict that it must "
            + "get, and a revocation. Your own home folder is not touched.",
        examples: [
            CommandExample("the story", "kelmark demo"),
            CommandExample("keep the files to look at them", "kelmark demo --keep"),
            CommandExample("the results for a script", "kelmark demo --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Flag(help: "Keep the folder and print where it is.")
    var keep = false

    func perform(in context: CommandContext) async throws -> CommandResult {
        guard let openssl = Tool.find("openssl", environment: context.environment) else {
            throw CommandFailure("KM-TOOL-MISSING", "openssl is not installed")
        }
        let folder = try Self.temporaryFolder(context.environment)
        defer { if !keep { Self.remove(folder) } }
        let story = DemoStory(folder: folder, openssl: openssl, context: context)
        var data = try await story.tell()
        let took = ContinuousClock.now - context.console.began
        data["seconds"] = .text(Console.seconds(took).filter { $0 != " " && $0 != "s" })
        if keep { data["folder"] = .text(folder) }
        return CommandResult(
            data: data,
            text: ["", "All as it must be, in \(Console.seconds(took).drop { $0 == " " })."],
            hints: keep
                ? ["the files are in \(folder)"]
                : ["\(Product.command) init begins your own; --keep keeps the files of the demo"])
    }

    private static func temporaryFolder(_ environment: [String: String]) throws -> String {
        let base = environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(base)/\(Product.command)-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HomeFolder.failure(errno, base) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func remove(_ folder: String) {
        try? FileManager.default.removeItem(atPath: folder)
    }
}
