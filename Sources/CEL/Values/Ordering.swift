internal import JSON

/// How two numbers of any types stand to each other, on one number line.
///
/// An integer is rounded to a double before it is compared with one, as all implementations of CEL do; a double outside of the
/// integers' range is compared without that.
enum NumericOrder {
    case less
    case equal
    case greater
    /// One is NaN.
    case unordered
    /// One is not a number.
    case none

    @inline(__always)
    init(_ a: CELValue, _ b: CELValue) {
        switch (a, b) {
        case (.int(let left), .int(let right)): self.init(left, right)
        case (.uint(let left), .uint(let right)): self.init(left, right)
        case (.double(let left), .double(let right)): self.init(left, right)
        case (.int(let left), .uint(let right)): self = left < 0 ? .less : .init(UInt64(left), right)
        case (.uint(let left), .int(let right)): self = right < 0 ? .greater : .init(left, UInt64(right))
        case (.int(let left), .double(let right)): self.init(Double(left), right)
        case (.double(let left), .int(let right)): self.init(left, Double(right))
        case (.uint(let left), .double(let right)): self.init(Double(left), right)
        case (.double(let left), .uint(let right)): self.init(left, Double(right))
        default: self = .none
        }
    }

    @inline(__always)
    private init<Number: Comparable>(_ a: Number, _ b: Number) {
        self = a < b ? .less : a == b ? .equal : a > b ? .greater : .unordered
    }
}

extension Evaluation {
    /// How `<` and its like order two values: negative, zero or positive.
    ///
    /// - Throws: `.noSuchOverload` for values that have no order among each other, `.invalidArgument` for NaN.
    public func order(_ a: CELValue, _ b: CELValue) throws(CELError) -> Int {
        switch NumericOrder(a, b) {
        case .less: return -1
        case .equal: return 0
        case .greater: return 1
        case .unordered: throw CELError(.invalidArgument, "NaN has no order")
        case .none: break
        }
        switch (a, b) {
        case (.bool(let left), .bool(let right)):
            return left == right ? 0 : left ? 1 : -1
        case (.bytes(let left), .bytes(let right)):
            return left.span.order(right.span)
        case (.timestamp(let left), .timestamp(let right)):
            return left < right ? -1 : left == right ? 0 : 1
        case (.duration(let left), .duration(let right)):
            return left < right ? -1 : left == right ? 0 : 1
        default:
            guard isString(a), isString(b) else {
                throw CELError(.noSuchOverload, "\(typeName(of: a)) and \(typeName(of: b)) cannot be ordered")
            }
            return try withUTF8(a) { left throws(CELError) in
                try withUTF8(b) { right throws(CELError) in left.order(right) }
            }
        }
    }

    /// Whether a value is a string, wherever it lies.
    @inline(__always)
    func isString(_ value: CELValue) -> Bool {
        switch value {
        case .string: true
        case .json(let json): json.isString
        default: false
        }
    }
}
