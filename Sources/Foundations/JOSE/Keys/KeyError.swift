// SPDX-License-Identifier: Apache-2.0

/// Why bytes or members are no key, or none that is used here.
public struct KeyError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong; the raw value is stable.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        // Nothing wrong, but not for us: key sets skip such keys.
        /// A key type (`kty`) that is not known here; symmetric keys are such.
        case unknownKeyType = "key-type-unknown"
        /// A curve that is not known here.
        case unknownCurve = "key-curve-unknown"
        /// An RSA modulus of less than 2048 or more than 8192 bits.
        case modulusLength = "key-modulus-length"
        /// A SubjectPublicKeyInfo of an algorithm that is not known here.
        case unknownAlgorithm = "key-algorithm-unknown"

        // Wrong.
        /// Not JSON, not a map, or not DER.
        case malformed = "key-malformed"
        /// A member is missing or of the wrong type.
        case member = "key-member"
        /// A member is not unpadded base64url (or, for certificates, not padded base64).
        case base64 = "key-base64"
        /// A coordinate that is not as wide as the field.
        case coordinateWidth = "key-coordinate-width"
        /// Coordinates that are no point of the curve.
        case pointNotOnCurve = "key-point"
        /// A number with leading zeros, which is a second spelling of it.
        case leadingZero = "key-leading-zero"
        /// An exponent that is 1, even, or longer than 32 bits.
        case exponent = "key-exponent"
        /// A modulus that the library refuses.
        case modulus = "key-modulus"
        /// A private member in what should be public.
        case privateKey = "key-private"
        /// `alg` names an algorithm that does not fit the key.
        case algorithmMismatch = "key-algorithm-mismatch"
        /// Two keys of a set have the same `kid`.
        case duplicateKeyID = "key-id-duplicate"
        /// A set without the list `keys`.
        case keysMissing = "key-set-without-keys"
        /// More keys in a set than are read.
        case tooManyKeys = "key-set-too-large"
    }

    /// What is wrong.
    public let code: Code
    /// Which member or value, in a few words; never key material.
    public let detail: String

    init(_ code: Code, _ detail: String = "") {
        self.code = code
        self.detail = detail
    }

    /// Whether the key is merely of a kind that is not used here, so that a set goes on without it.
    public var isUnsupported: Bool {
        switch code {
        case .unknownKeyType, .unknownCurve, .modulusLength, .unknownAlgorithm: true
        default: false
        }
    }

    /// Code and detail.
    public var description: String { detail.isEmpty ? code.rawValue : "\(code.rawValue): \(detail)" }
}
