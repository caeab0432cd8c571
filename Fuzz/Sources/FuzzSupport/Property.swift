// SPDX-License-Identifier: Apache-2.0

/// Ends the process with `claim` when a property that must hold for every input does not; libFuzzer keeps the input.
public func property(_ holds: Bool, _ claim: StaticString) {
    if !holds { fatalError("property does not hold: \(claim)") }
}

/// Runs `body` on the bytes that libFuzzer hands over.
public func withInput(_ start: UnsafePointer<UInt8>?, _ count: Int, _ body: ([UInt8]) -> Void) -> CInt {
    body(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}
