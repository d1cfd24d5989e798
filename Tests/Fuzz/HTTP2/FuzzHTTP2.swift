import TestSupport

/// What libFuzzer calls: serves what a peer sends over HTTP/2.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzzed.http2(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
