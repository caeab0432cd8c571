// SPDX-License-Identifier: Apache-2.0

internal import EventProperties

/// A message body in JSON.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEventJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { fuzzEvent(start, count, .json) }
