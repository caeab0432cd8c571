// SPDX-License-Identifier: Apache-2.0

internal import CESR
internal import KelmarkBytes
internal import KelmarkCrypto

/// Names and bounds of the proof file, in one place. `docs/reference/proof-file.md` is the description.
public enum ProofFileFormat {
    /// Extension of the files, without the dot.
    public static let fileExtension = "kel"
    /// Protocol of the messages of ours in their version string.
    static let protocolName = "KMRK"
    /// Type of a message that carries one part.
    static let partType = "km.part.1"
    /// Type of the message at the end.
    static let manifestType = "km.manifest.1"
    /// Most bytes of a file that are read.
    public static let largestFile = 64 << 20
    /// Most parts of a file.
    public static let mostParts = 4096
    /// Most bytes of the content of one part that is no key event log.
    public static let largestContent = 1 << 20

    /// The version string of a body of ours with `count` bytes: 17 characters (facts/keri.md, 2.2).
    static func version(bodyBytes count: Int) -> String {
        let size = String(count, radix: 16)
        return protocolName + "10JSON" + String(repeating: "0", count: max(0, 6 - size.utf8.count)) + size + "_"
    }

    /// Puts version and SAID into a body whose first members are `v`, `t`, `d`.
    /// - Returns: nil when the body can't be written or is longer than a version string can say.
    static func address(_ body: OrderedMap) -> [UInt8]? {
        var body = body
        body["v"] = .text(version(bodyBytes: 0))
        body["d"] = .text(SelfAddressing.dummy)
        guard let count = (try? body.encoded(as: .json))?.count, count < 1 << 24 else { return nil }
        body["v"] = .text(version(bodyBytes: count))
        return SelfAddressing.address(body, label: "d")?.bytes
    }

    static func sha256(_ bytes: [UInt8]) -> [UInt8] { DigestAlgorithm.sha2_256.digest(bytes.span) }
}
