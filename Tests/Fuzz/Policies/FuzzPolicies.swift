import TestSupport

/// What libFuzzer calls: compiles a file of a policy folder and judges a request by it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ text: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    Fuzzed.policies(unsafe Array(UnsafeBufferPointer(start: text, count: count)))
    return 0
}
