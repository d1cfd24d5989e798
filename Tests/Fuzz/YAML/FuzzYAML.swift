import TestSupport

/// What libFuzzer calls: parses a stream and reads the positions of what it holds.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ text: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzzed.yaml(unsafe Array(UnsafeBufferPointer(start: text, count: count)))
    return 0
}
