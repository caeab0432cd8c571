// SPDX-License-Identifier: Apache-2.0

internal import EventProperties

/// A message body in CBOR.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzEventCBOR(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt { fuzzEvent(start, count, .cbor) }
