// SPDX-License-Identifier: Apache-2.0

/// Why a text is no signed token, or not one that this key signed.
public struct JWSError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// More bytes than the limits allow.
        case tooLarge = "jws-too-large"
        /// Not three parts with two dots between them.
        case parts = "jws-parts"
        /// A part is not unpadded base64url.
        case base64 = "jws-base64"
        /// The header is no JSON map, or has a member twice.
        case header = "jws-header"
        /// A member of the header is missing or of the wrong type.
        case headerMember = "jws-header-member"
        /// `alg` is none of the nine.
        case algorithm = "jws-algorithm"
        /// The header makes extensions critical; none is known here.
        case critical = "jws-critical"
        /// The header brings its own key, or says where to fetch one.
        case embeddedKey = "jws-embedded-key"
        /// The algorithm does not fit the key.
        case keyMismatch = "jws-key-mismatch"
        /// The signature is not that of the key over these bytes.
        case signature = "jws-signature"
        /// A signer gave back something that can't be a signature.
        case signer = "jws-signer"
    }

    /// What is wrong.
    public let code: Code
    /// Which part or member.
    public let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
