// SPDX-License-Identifier: Apache-2.0

private import CSodium

/// Whether both have the same bytes, in a time that depends on the lengths only.
public func constantTimeEquals(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    return left.withUnsafeBufferPointer { one in
        right.withUnsafeBufferPointer { other in
            guard let a = one.baseAddress, let b = other.baseAddress else { return true }
            return sodium_memcmp(a, b, one.count) == 0
        }
    }
}
