import TestSupport

/// What libFuzzer calls: serves what a peer sends over HTTP/1.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzzed.http1(unsafe Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
