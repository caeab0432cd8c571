// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import CESR
internal import KelmarkBytes
internal import TrustBinding

/// `kelmark inspect`.
struct InspectCommand: KelmarkCommand {
    static let path = "inspect"
    static let configuration = CommandConfiguration.kelmark(
        "inspect", "Prints any CESR stream as an annotated tree.",
        about: "Nothing is verified: inspect shows what the bytes say, also where they are wrong.",
        examples: [
            CommandExample("a log or proof file", "kelmark inspect acme.cesr"),
            CommandExample("from another program", "kelmark id export acme | kelmark inspect -"),
            CommandExample("for a script", "kelmark inspect acme.cesr --json"),
        ])

    @OptionGroup var global: GlobalOptions
    @Argument(help: "File, or - for standard input.", completion: .file())
    var file: String

    func perform(in context: CommandContext) async throws -> CommandResult {
        let bytes = try DurableFile.read(file, atMost: context.settings.largestInput)
        guard !bytes.isEmpty else { throw CommandFailure("KM-INPUT-EMPTY", "\(file) is empty") }
        if let proof = try? ProofFile(bytes),
            proof.manifest != nil || proof.parts.contains(where: { $0.name.kind != .keyEventLog })
        {
            return ProofFileView.result(of: proof, bytes: bytes.count, source: file)
        }
        let stream = AnnotatedStream(bytes.span)
        var result = CommandResult(
            data: ["source": .text(file), "bytes": OrderedValue(bytes.count), "stream": stream.value],
            text: stream.text.split(separator: "\n", omittingEmptySubsequences: false).map { printable(String($0)) })
        if stream.hasFaults { result.concern = firstFault(in: bytes) }
        return result
    }

    /// Names the first place where the stream can't be divided into messages.
    private func firstFault(in bytes: [UInt8]) -> CommandFailure {
        var reader = StreamReader()
        while true {
            switch reader.next(in: bytes.span) {
            case .fault(let fault): return ErrorTranslation.failure(for: fault)
            case .message: continue
            case .needMore, .end:
                return CommandFailure("KM-MESSAGE-FRAMING", "\(file) has parts that can't be read")
            }
        }
    }
}
