import TestSupport

/// What libFuzzer calls: parses a text and, if it is JSON, reads and writes everything in it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ text: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzzed.json(unsafe Array(UnsafeBufferPointer(start: text, count: count)))
    return 0
}
