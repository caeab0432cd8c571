// SPDX-License-Identifier: Apache-2.0

/// What can go wrong in one of the issuer's stores. When it is thrown, nothing of that transaction is kept.
public struct IssuerStoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What happened. The raw values are stable codes.
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// Somebody else changed meanwhile what was to be replaced.
        case conflict
        /// The medium is full, or a bound of the store is reached.
        case full
        /// The store can't be opened or written now.
        case unavailable
        /// What is stored can't be read back, or does not fit together.
        case corrupt
        /// The store was written by a newer version.
        case tooNew = "too-new"
    }

    /// What happened.
    public let code: Code
    /// Words for the operator; no secrets.
    public let detail: String

    /// Collects the two.
    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    /// Code and detail.
    public var description: String { "\(code.rawValue): \(detail)" }
}

extension IssuerError {
    /// What a caller is told when a store failed: that it may try again, or that the issuer itself is at fault. The
    /// store's own words go to the log.
    public init(_ error: IssuerStoreError, while action: String) {
        switch error.code {
        case .conflict, .full, .unavailable: self.init(.unavailable, action, cause: error)
        case .corrupt, .tooNew: self.init(.internal, action, cause: error)
        }
    }
}
