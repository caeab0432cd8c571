// SPDX-License-Identifier: Apache-2.0

import Foundation
import KelmarkTestSupport
import Testing

/// A page of the documentation whose `console` blocks show what really happens.
struct TranscriptPage: Sendable, CustomTestStringConvertible {
    let path: String
    var testDescription: String { path }

    /// One command with what it prints.
    struct Step: Sendable {
        let command: String
        let output: String
        let status: Int32
        let line: Int
    }

    static let root = Vectors.root.deletingLastPathComponent().deletingLastPathComponent()

    /// Every page with transcripts.
    static let all: [TranscriptPage] = {
        let docs = root.appending(path: "docs")
        let names = FileManager.default.enumerator(atPath: docs.path)?.compactMap { $0 as? String } ?? []
        return names.sorted().filter { $0.hasSuffix(".md") }.map { TranscriptPage(path: "docs/" + $0) }
            .filter { (try? $0.steps().isEmpty) == false }
    }()

    /// The commands of the page in order: a line that starts with `$ `, what is printed, and `[exit N]` unless it is 0.
    func steps() throws -> [Step] {
        let lines = try String(contentsOf: Self.root.appending(path: path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        var steps: [Step] = []
        var isInside = false
        var current: (command: String, output: [String], line: Int)?
        func finish() {
            guard let (command, printed, line) = current else { return }
            var output = printed
            var status: Int32 = 0
            if let last = output.last, let match = last.wholeMatch(of: /\[exit (\d+)\]/), let number = Int32(match.1) {
                status = number
                output.removeLast()
            }
            steps.append(Step(command: command, output: output.joined(separator: "\n"), status: status, line: line))
            current = nil
        }
        for (number, line) in lines.enumerated() {
            if line == "```console" {
                isInside = true
            } else if line == "```" {
                finish()
                isInside = false
            } else if isInside, line.hasPrefix("$ ") {
                finish()
                current = (String(line.dropFirst(2)), [], number + 1)
            } else if isInside {
                current?.output.append(line)
            }
        }
        return steps
    }
}

@Suite(.timeLimit(.minutes(5))) struct TranscriptTests {
    @Test func thereAreTranscripts() {
        #expect(TranscriptPage.all.contains { $0.path == "docs/reference/output.md" })
    }

    @Test(arguments: TranscriptPage.all)
    func pageShowsWhatHappens(page: TranscriptPage) throws {
        let box = try Sandbox()
        var environment = box.environment
        environment["PATH"] =
            URL(filePath: Binary.path).deletingLastPathComponent().path + ":" + (environment["PATH"] ?? "")
        for step in try page.steps() {
            let run = try Sandbox.run(
                "/bin/sh", ["-c", step.command + " 2>&1"], in: box.folder, environment: environment)
            #expect(run.status == step.status, "\(page.path):\(step.line)")
            #expect(
                Self.masked(run.text, box) == Self.masked(step.output, box),
                "\(page.path):\(step.line): \(step.command)")
        }
    }

    /// The text without what differs from run to run.
    private static func masked(_ text: String, _ box: Sandbox) -> String {
        text.replacing(box.home, with: "/home/you/.local/share/kelmark")
            .replacing(/[A-Za-z0-9_\-]{88}/, with: "<signature>")
            .replacing(/\b[A-Z][A-Za-z0-9_\-]{43}(?![A-Za-z0-9_\-])/, with: "<id>")
            .replacing(/\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)/, with: "<time>")
            .replacing(/\b[0-9a-f]{40}([0-9a-f]{24})?\b/, with: "<hex>")
            .replacing(/\d+ bytes/, with: "N bytes")
            .replacing(/"bytes":\d+/, with: "\"bytes\":N")
            .replacing(/\d+ MiB free/, with: "N MiB free")
            .replacing(/\[ *\d+\.\d s\]/, with: "[s]")
            .trimmingCharacters(in: .newlines)
    }
}
