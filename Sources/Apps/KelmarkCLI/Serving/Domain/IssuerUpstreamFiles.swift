// SPDX-License-Identifier: Apache-2.0

internal import Issuer

/// Reads the files of an upstream authority from the disk.
struct IssuerUpstreamFiles: UpstreamFiles {
    @concurrent func read(_ path: String, limit: Int) async throws -> [UInt8] {
        try DurableFile.read(path, atMost: limit)
    }
}
