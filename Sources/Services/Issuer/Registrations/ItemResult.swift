// SPDX-License-Identifier: Apache-2.0

/// What became of one item of a batch. A refusal may carry a value too: the entry that is there already.
public struct ItemResult<Value: Sendable>: Sendable {
    /// Why the item was refused; nil when it was not.
    public let refusal: IssuerError?
    /// What was made, changed or found.
    public let value: Value?

    init(_ value: Value) {
        refusal = nil
        self.value = value
    }

    init(_ refusal: IssuerError, value: Value? = nil) {
        self.refusal = refusal
        self.value = value
    }
}

extension ItemResult: Equatable where Value: Equatable {}
