// SPDX-License-Identifier: Apache-2.0

public import Foundation

/// Finds test data in `Tests/Vectors` of this checkout.
public enum Vectors {
    /// The folder `Tests/Vectors`.
    public static let root = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Vectors", directoryHint: .isDirectory)

    /// The bytes of `Tests/Vectors/<path>`.
    public static func data(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: root.appending(path: path)))
    }

    /// `Tests/Vectors/<path>` decoded from JSON.
    public static func decode<T: Decodable>(_ type: T.Type, from path: String) throws -> T {
        try JSONDecoder().decode(type, from: Data(contentsOf: root.appending(path: path)))
    }
}

/// A byte string as vector files write it: standard Base64, a length, and text when it is printable.
public struct Blob: Decodable, Sendable {
    public let bytes: [UInt8]

    enum CodingKeys: String, CodingKey { case b64, len }

    public init(from decoder: any Decoder) throws {
        let box = try decoder.container(keyedBy: CodingKeys.self)
        let text = try box.decode(String.self, forKey: .b64)
        guard let data = Data(base64Encoded: text), data.count == (try box.decode(Int.self, forKey: .len)) else {
            throw DecodingError.dataCorruptedError(forKey: .b64, in: box, debugDescription: "not what len says")
        }
        bytes = [UInt8](data)
    }
}
