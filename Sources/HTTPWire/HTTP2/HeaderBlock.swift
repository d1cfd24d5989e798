import CNghttp2

/// A list of fields on its way to HPACK.
struct HeaderBlock {
    private var bytes: [UInt8] = []
    private var ends: [(name: Int, value: Int)] = []

    /// Starts an empty list in the same memory.
    mutating func begin() {
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    mutating func append(_ name: StaticString, _ value: StaticString) {
        append(name) { $0.append(value) }
    }

    mutating func append(_ name: StaticString, decimal value: Int) {
        append(name) { $0.append(decimal: value) }
    }

    mutating func append(_ name: StaticString, _ value: String) {
        append(name) { $0.append(contentsOf: value.utf8) }
    }

    mutating func append(_ field: HTTPField) {
        append(field.name) { $0.append(contentsOf: field.value) }
    }

    mutating func append(_ name: StaticString, writing value: (inout [UInt8]) -> Void) {
        bytes.append(name)
        let nameEnd = bytes.count
        value(&bytes)
        ends.append((nameEnd, bytes.count))
    }

    /// Lends the list in nghttp2's form, which copies it.
    mutating func withNameValues<Result>(
        _ body: (UnsafeMutablePointer<nghttp2_nv>?, Int) -> Result
    ) -> Result {
        let ends = ends
        return unsafe bytes.withUnsafeMutableBufferPointer { bytes in
            unsafe withUnsafeTemporaryAllocation(of: nghttp2_nv.self, capacity: ends.count) { list in
                var start = 0
                for (index, end) in ends.enumerated() {
                    // Each slice starts inside `bytes`, which has at least the names in it.
                    unsafe list.initializeElement(
                        at: index,
                        to: nghttp2_nv(
                            name: bytes.baseAddress.map { unsafe $0 + start },
                            value: bytes.baseAddress.map { unsafe $0 + end.name },
                            namelen: end.name - start,
                            valuelen: end.value - end.name,
                            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)
                        )
                    )
                    start = end.value
                }
                return unsafe body(list.baseAddress, ends.count)
            }
        }
    }
}
