// SPDX-License-Identifier: Apache-2.0

internal import EventProperties

/// A message body in MessagePack.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEventMessagePack(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    fuzzEvent(start, count, .messagePack)
}
