import TestSupport

/// What libFuzzer calls: compiles an expression and evaluates it if it is one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ text: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzzed.cel(unsafe Array(UnsafeBufferPointer(start: text, count: count)))
    return 0
}
