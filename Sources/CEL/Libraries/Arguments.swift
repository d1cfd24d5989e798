internal import JSON

// What the implementations of functions share: arguments have the kinds of their parameters (see `Implementation`), so what
// stands for a kind that cannot come is never seen.

extension CELValue {
    var boolValue: Bool { if case .bool(let value) = self { value } else { false } }
    var intValue: Int64 { if case .int(let value) = self { value } else { 0 } }
    var uintValue: UInt64 { if case .uint(let value) = self { value } else { 0 } }
    var doubleValue: Double { if case .double(let value) = self { value } else { 0 } }
    var bytesValue: [UInt8] { if case .bytes(let value) = self { value } else { [] } }

    var isString: Bool {
        switch self {
        case .string: true
        case .json(let json): json.kind == .string
        default: false
        }
    }

    var isList: Bool {
        switch self {
        case .list: true
        case .json(let json): json.kind == .array
        default: false
        }
    }

    /// A list of texts.
    static func strings(_ texts: [String]) -> CELValue { .list(ListValue(texts.map { .string($0) })) }
}

extension Evaluation {
    /// The bytes of a string value.
    func utf8(_ value: CELValue) -> [UInt8] {
        // The closure is untyped in its failure, which Swift 6.3 does not infer.
        let bytes: [UInt8]? = try? withUTF8(value) { (bytes) throws(CELError) -> [UInt8] in [UInt8](bytes) }
        return bytes ?? []
    }

    /// Ends a call that would certainly cost more than the expression may, before it takes the time.
    ///
    /// The accounting charges calls when they are done; one that is charged by the square of a list's length has to be
    /// refused before.
    func foresee(_ units: UInt64) throws(CELError) {
        let (sum, overflow) = cost.addingReportingOverflow(units)
        guard !overflow, sum <= limits.cost else {
            throw CELError(.costExceeded, "the expression costs more than \(limits.cost)")
        }
    }

    /// A tenth of a unit for each byte of a text, rounded down.
    fileprivate func textSize(_ value: CELValue) -> UInt64 {
        let count: Int? = try? withUTF8(value) { (bytes) throws(CELError) -> Int in bytes.count }
        return UInt64(Double(count ?? 0) * 0.1)
    }
}

extension Evaluation {
    /// Reads the UTF-8 of two string values without copying it.
    func withUTF8<Result>(
        _ first: CELValue,
        _ second: CELValue,
        _ body: (Span<UInt8>, Span<UInt8>) throws(CELError) -> Result
    ) throws(CELError) -> Result {
        try withUTF8(first) { (first) throws(CELError) -> Result in
            try withUTF8(second) { (second) throws(CELError) -> Result in try body(first, second) }
        }
    }
}

// MARK: Rows

extension Function {
    init(_ name: String, _ overloads: Overload...) { self.init(name: name, overloads: overloads) }
}

extension Overload {
    /// A row of a method, whose first parameter is the target.
    ///
    /// A call costs `charge` if this overload is the only one that the
    /// checker has left; `named` is what any call of that name costs instead.
    static func method(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        availability: Availability = .everywhere,
        charge: CallCost = .one,
        named: CallCost? = nil,
        _ implementation: Implementation
    ) -> Overload {
        Overload(
            id,
            isMember: true,
            parameters,
            result,
            availability: availability,
            cost: named ?? charge,
            isCostByName: named != nil,
            implementation
        )
    }

    /// A row of a function; see `method`.
    static func function(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        availability: Availability = .everywhere,
        charge: CallCost = .one,
        named: CallCost? = nil,
        _ implementation: Implementation
    ) -> Overload {
        Overload(
            id,
            parameters,
            result,
            availability: availability,
            cost: named ?? charge,
            isCostByName: named != nil,
            implementation
        )
    }
}

extension CallCost {
    /// `size × factor`, rounded up, in the floating-point numbers that Kubernetes takes.
    static func scaled(_ size: UInt64, _ factor: Double) -> UInt64 {
        let product = (Double(size) * factor).rounded(.up)
        return product < 0x1p63 ? UInt64(product) : UInt64.max
    }

    /// A tenth of a unit for each code point of the first argument.
    static let traversal = CallCost.size(of: 0, times: 1)
    /// A tenth for each code point that is read and for each that is made.
    static let traversalTwice = CallCost.size(of: 0, times: 2)
    /// A unit for each scalar in the first argument, however deep, and a tenth for each byte of its texts, rounded down.
    static let tree = CallCost.computed { arguments, _, evaluation in treeSize(arguments[0], evaluation) }

    private static func treeSize(_ value: CELValue, _ evaluation: borrowing Evaluation) -> UInt64 {
        // Without recursion: JSON may be deep.
        var size: UInt64 = 0
        var pending = [value]
        while let next = pending.popLast() {
            switch evaluation.type(of: next) {
            case .string: size &+= evaluation.textSize(next)
            case .bytes: size &+= UInt64(Double(next.bytesValue.count) * 0.1)
            case .list: pending += evaluation.elements(of: next)
            case .map:
                for entry in evaluation.entries(of: next) { pending += [entry.key, entry.value] }
            default: size &+= 1
            }
        }
        return size
    }
}

extension UInt64 {
    /// The sum, or the largest number if there is none.
    func saturatingAdd(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }

    /// The product, or the largest number if there is none.
    func saturatingMultiply(_ other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}

// MARK: Text

extension Span where Element == UInt8 {
    /// Where the code point of a number begins, counted from one that begins at `start`; nil if there are not so many.
    ///
    /// The number of all of them gives the end.
    func offset(ofCodePoint number: Int, from start: Int = 0) -> Int? {
        var left = number
        var index = start
        while left > 0, index < count {
            index = end(ofCodePointAt: index)
            left &-= 1
        }
        return left == 0 ? index : nil
    }

    /// Where the code point ends that begins at an offset.
    func end(ofCodePointAt offset: Int) -> Int {
        var index = offset &+ 1
        while index < count, Self.isContinuation(self[index]) { index &+= 1 }
        return index
    }

    static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// Where a sequence of bytes is first found at or after an offset: in time linear in both, whatever they are.
    func first(of needle: Span<UInt8>, from start: Int = 0) -> Int? {
        find(needle, in: start..<count, backwards: false)
    }

    /// Where a sequence of bytes is last found so that it ends at or before an offset.
    func last(of needle: Span<UInt8>, endingBy end: Int) -> Int? {
        find(needle, in: 0..<end, backwards: true)
    }

    /// Short sequences are compared at every place; for longer ones the borders of their prefixes are computed first (Knuth,
    /// Morris, Pratt), so that `aaaa…` in `aaaa…` takes no time that is quadratic.
    private func find(_ needle: Span<UInt8>, in range: Range<Int>, backwards: Bool) -> Int? {
        let length = needle.count
        guard length <= range.count else { return nil }
        guard length > 0 else { return backwards ? range.upperBound : range.lowerBound }
        func pattern(_ index: Int) -> UInt8 { needle[backwards ? length &- 1 &- index : index] }
        func text(_ index: Int) -> UInt8 {
            self[backwards ? range.upperBound &- 1 &- index : range.lowerBound &+ index]
        }
        func place(_ index: Int) -> Int {
            backwards ? range.upperBound &- index &- length : range.lowerBound &+ index
        }
        if length <= 32 {
            let head = pattern(0)
            for start in 0...(range.count &- length) where text(start) == head {
                var matched = 1
                while matched < length, text(start &+ matched) == pattern(matched) { matched &+= 1 }
                if matched == length { return place(start) }
            }
            return nil
        }
        var borders = [Int](repeating: 0, count: length)
        var border = 0
        for index in 1..<length {
            while border > 0, pattern(index) != pattern(border) { border = borders[border &- 1] }
            if pattern(index) == pattern(border) { border &+= 1 }
            borders[index] = border
        }
        var matched = 0
        for index in 0..<range.count {
            while matched > 0, text(index) != pattern(matched) { matched = borders[matched &- 1] }
            if text(index) == pattern(matched) { matched &+= 1 }
            if matched == length { return place(index &+ 1 &- length) }
        }
        return nil
    }
}

/// A text that is written piece by piece and may not outgrow the evaluation's limit.
struct TextBuilder {
    private(set) var bytes: [UInt8] = []
    let limit: Int

    init(_ evaluation: borrowing Evaluation) { limit = evaluation.limits.stringBytes }

    mutating func append(_ piece: Span<UInt8>) throws(CELError) {
        try reserve(piece.count)
        unsafe piece.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    mutating func append(_ text: String) throws(CELError) {
        try reserve(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func append(_ byte: UInt8) throws(CELError) {
        try reserve(1)
        bytes.append(byte)
    }

    /// The text; what is not UTF-8 is replaced by U+FFFD.
    var text: String { String(bytes.span) }
    /// The text as a value.
    var value: CELValue { .string(text) }

    private func reserve(_ count: Int) throws(CELError) {
        guard bytes.count &+ count <= limit else {
            throw CELError(.tooLarge, "a text of more than \(limit) bytes")
        }
    }
}
