internal import JSON

// Stand-ins for what Values/ and Program/ bring: whoever merges those deletes this file.
extension Evaluation {
    func isEqual(_ a: CELValue, _ b: CELValue) -> Bool {
        if a.isString || b.isString {
            guard a.isString, b.isString else { return false }
            let result: Bool? = try? withUTF8(a, b) { (x, y) throws(CELError) -> Bool in x.isEqual(to: y) }
            return result ?? false
        }
        if let order = libOrder(a, b) { return order == 0 }
        switch (a, b) {
        case (.null, .null): return true
        case (.bool(let x), .bool(let y)): return x == y
        case (.bytes(let x), .bytes(let y)): return x == y
        case (.object(let x), .object(let y)): return x.isEqual(to: y)
        case (.type(let x), .type(let y)): return x == y
        case (.list(let x), .list(let y)):
            return x.elements.count == y.elements.count
                && zip(x.elements, y.elements).allSatisfy { isEqual($0, $1) }
        case (.map(let x), .map(let y)):
            return x.entries.count == y.entries.count
                && x.entries.allSatisfy { e in
                    y.entries.contains { isEqual(e.key, $0.key) && isEqual(e.value, $0.value) }
                }
        default: return false
        }
    }
    func order(_ a: CELValue, _ b: CELValue) throws(CELError) -> Int {
        if let o = libOrder(a, b) { return o }
        if case .double = a { throw CELError(.invalidArgument, "NaN") }
        if case .double = b { throw CELError(.invalidArgument, "NaN") }
        throw CELError(.noSuchOverload, "order")
    }

    private func libOrder(_ a: CELValue, _ b: CELValue) -> Int? {
        func order<T: Comparable>(_ x: T, _ y: T) -> Int { x < y ? -1 : x == y ? 0 : 1 }
        if a.isString, b.isString {
            let (x, y) = (utf8(a), utf8(b))
            return x.lexicographicallyPrecedes(y) ? -1 : x == y ? 0 : 1
        }
        switch (a, b) {
        case (.bool(let x), .bool(let y)): return order(x ? 1 : 0, y ? 1 : 0)
        case (.int(let x), .int(let y)): return order(x, y)
        case (.uint(let x), .uint(let y)): return order(x, y)
        case (.int(let x), .uint(let y)): return x < 0 ? -1 : order(UInt64(x), y)
        case (.uint(let x), .int(let y)): return y < 0 ? 1 : order(x, UInt64(y))
        case (.double(let x), .double(let y)): return x.isNaN || y.isNaN ? nil : order(x, y)
        case (.double(let x), .int(let y)): return x.isNaN ? nil : order(x, Double(y))
        case (.int(let x), .double(let y)): return y.isNaN ? nil : order(Double(x), y)
        case (.double(let x), .uint(let y)): return x.isNaN ? nil : order(x, Double(y))
        case (.uint(let x), .double(let y)): return y.isNaN ? nil : order(Double(x), y)
        case (.bytes(let x), .bytes(let y)): return x.lexicographicallyPrecedes(y) ? -1 : x == y ? 0 : 1
        default: return nil
        }
    }

    func type(of value: CELValue) -> CELType {
        switch value {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .json(let json):
            json.kind == .string ? .string : json.kind == .array ? .list(.dyn) : .map(.string, .dyn)
        case .bytes: .bytes
        case .list: .list(.dyn)
        case .map: .map(.dyn, .dyn)
        case .timestamp: .timestamp
        case .duration: .duration
        case .type(let type): .type(type)
        case .optional: .optional(.dyn)
        case .object(let object): object.type
        }
    }
    func typeName(of value: CELValue) -> String { type(of: value).runtimeName }
    func size(of value: CELValue) -> UInt64 {
        switch value {
        case .string(let text): return UInt64(text.utf8Span.span.codePoints)
        case .bytes(let bytes): return UInt64(bytes.count)
        case .list, .map: return UInt64(count(of: value))
        case .json(let json):
            let document = document(of: json)
            return UInt64(json.isString ? document.utf8(json).codePoints : document.count(of: json))
        default: return 1
        }
    }
    func cost(_ cost: CallCost, _ arguments: [CELValue], _ result: CELValue) -> UInt64 { 1 }
    func allowElements(_ count: Int) throws(CELError) {
        guard count <= limits.elements else { throw CELError(.tooLarge, "list") }
    }
}

extension Span where Element == UInt8 {
    var codePoints: Int {
        var count = 0
        for index in indices where !Self.isContinuation(self[index]) { count &+= 1 }
        return count
    }

    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        for index in indices where self[index] != other[index] { return false }
        return true
    }
}

extension CELType {
    var runtimeName: String {
        switch self {
        case .dyn: "dyn"
        case .null: "null_type"
        case .bool: "bool"
        case .int: "int"
        case .uint: "uint"
        case .double: "double"
        case .string: "string"
        case .bytes: "bytes"
        case .timestamp: "google.protobuf.Timestamp"
        case .duration: "google.protobuf.Duration"
        case .list: "list"
        case .map: "map"
        case .optional: "optional_type"
        case .type: "type"
        case .object(let name), .opaque(let name), .parameter(let name): name
        }
    }
}
extension TimestampValue { var description: String { "T\(seconds)" } }
extension DurationValue {
    var description: String { "\(seconds)s" }
    var totalNanoseconds: Int64 { seconds * 1_000_000_000 + Int64(nanoseconds) }
    init(nanoseconds: Int64) {
        self.init(seconds: nanoseconds / 1_000_000_000, nanoseconds: Int32(nanoseconds % 1_000_000_000))
    }
}
