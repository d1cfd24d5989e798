internal import JSON

extension Evaluation {
    /// As `isEqual`, for a comparison that an expression asks for: a large one takes steps.
    ///
    /// - Throws: `.costExceeded` or `.deadlineExceeded`.
    @inline(__always)
    mutating func compare(_ a: CELValue, _ b: CELValue) throws(CELError) -> Bool {
        if case .bool = a {} else if case .int = a {} else { try step(Swift.min(a.weight, b.weight)) }
        try requireComparable(a)
        try requireComparable(b)
        return isEqual(a, b)
    }

    /// Whether two values are equal as `==` has it: numbers by value whatever their types, values of different types never,
    /// NaN not even to itself; JSON is compared where it lies.
    public func isEqual(_ a: CELValue, _ b: CELValue) -> Bool {
        switch (a, b) {
        case (.json(let left), .json(let right)):
            isEqual(left, right)
        case (.json(let json), let other), (let other, .json(let json)):
            isEqual(json, made: other)
        case (.null, .null):
            true
        case (.bool(let left), .bool(let right)):
            left == right
        case (.string(let left), .string(let right)):
            left.utf8Span.span.isEqual(to: right.utf8Span.span)
        case (.bytes(let left), .bytes(let right)):
            left == right
        case (.list(let left), .list(let right)):
            left === right && left.elements.allSatisfy(Self.isReflexive) || isEqual(left.elements, right.elements)
        case (.map(let left), .map(let right)):
            isEqual(left, .map(right))
        case (.timestamp(let left), .timestamp(let right)):
            left == right
        case (.duration(let left), .duration(let right)):
            left == right
        case (.type(let left), .type(let right)):
            left.isSameRuntimeType(as: right)
        case (.optional(let left), .optional(let right)):
            isEqual(left, right)
        case (.object(let left), .object(let right)):
            left === right || isEqual(left, right)
        default:
            NumericOrder(a, b) == .equal
        }
    }

    /// Scalars that are equal to themselves: what spares a look at the elements of a list that is compared to itself.
    private static func isReflexive(_ value: CELValue) -> Bool {
        switch value {
        case .null, .bool, .int, .uint, .string, .bytes, .timestamp, .duration, .type: true
        default: false
        }
    }

    private func isEqual(_ a: OptionalValue, _ b: OptionalValue) -> Bool {
        switch (a.value, b.value) {
        case (nil, nil): true
        case (let left?, let right?): isEqual(left, right)
        default: false
        }
    }

    private func isEqual(_ a: any ObjectValue, _ b: any ObjectValue) -> Bool {
        guard let left = a as? StructValue else { return a.isEqual(to: b) }
        guard let right = b as? StructValue, left.typeName.isSame(as: right.typeName) else { return false }
        guard left.fields.count == right.fields.count else { return false }
        return left.fields.allSatisfy { field in
            right.fields.contains { $0.name.isSame(as: field.name) && isEqual($0.value, field.value) }
        }
    }

    private func isEqual(_ a: [CELValue], _ b: [CELValue]) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.indices where !isEqual(a[index], b[index]) { return false }
        return true
    }

    private func isEqual(_ map: MapValue, _ other: CELValue) -> Bool {
        guard map.entries.count == count(of: other) else { return false }
        for (key, value) in map.entries {
            guard let match = self.value(at: key, of: other), isEqual(value, match) else { return false }
        }
        return true
    }

    /// Compares two values of documents, which may be nested deep: what recurses keeps little on the stack.
    private func isEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        // JSON has no NaN: a value is equal to itself.
        if a.isSamePlace(as: b) { return true }
        if a.isArray { return b.isArray && areEqualArrays(a, b) }
        if a.isObject { return b.isObject && areEqualObjects(a, b) }
        return areEqualScalars(a, b)
    }

    @inline(never)
    private func areEqualScalars(_ a: JSONValue, _ b: JSONValue) -> Bool {
        guard a.isString else { return isEqual(value(a), value(b)) }
        return b.isString && document(of: a).utf8(a).isEqual(to: document(of: b).utf8(b))
    }

    @inline(never)
    private func areEqualArrays(_ a: JSONValue, _ b: JSONValue) -> Bool {
        let second = document(of: b)
        guard count(of: .json(a)) == second.count(of: b) else { return false }
        var others = second.elements(of: b)
        for element in document(of: a).elements(of: a) {
            guard let other = others.next(), isEqual(element, other) else { return false }
        }
        return true
    }

    @inline(never)
    private func areEqualObjects(_ a: JSONValue, _ b: JSONValue) -> Bool {
        let (first, second) = (document(of: a), document(of: b))
        guard first.count(of: a) == second.count(of: b) else { return false }
        for (key, member) in first.members(of: a) {
            guard let other = second.member(first.utf8(key), of: b), isEqual(member, other) else { return false }
        }
        return true
    }

    private func isEqual(_ json: JSONValue, made other: CELValue) -> Bool {
        let document = document(of: json)
        switch (json.kind, other) {
        case (.string, .string(let text)):
            return document.utf8(json).isEqual(to: text.utf8Span.span)
        case (.array, .list(let list)):
            guard document.count(of: json) == list.elements.count else { return false }
            var index = 0
            for element in document.elements(of: json) {
                guard isEqual(value(element), list.elements[index]) else { return false }
                index += 1
            }
            return true
        case (.object, .map(let map)):
            return isEqual(map, .json(json))
        default:
            return false
        }
    }
}

extension CELType {
    /// Whether values of both answer `type()` alike: parameters do not count.
    func isSameRuntimeType(as other: CELType) -> Bool {
        switch (self, other) {
        case (.list, .list), (.map, .map), (.optional, .optional), (.type, .type): true
        default: self == other
        }
    }
}

extension Span where Element == UInt8 {
    /// Whether both hold the same bytes.
    @inline(__always)
    func isEqual(to other: Span<UInt8>) -> Bool {
        guard count == other.count else { return false }
        var index = 0
        while index &+ 8 <= count {
            guard word(at: index) == other.word(at: index) else { return false }
            index &+= 8
        }
        while index < count {
            guard self[index] == other[index] else { return false }
            index &+= 1
        }
        return true
    }

    /// Eight bytes as a word; bounds are checked.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        // Unsafe by name, for what it can make of bytes; every pattern of bytes is an integer.
        unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// How UTF-8 orders both, which is how their code points do: negative, zero or positive.
    func order(_ other: Span<UInt8>) -> Int {
        for index in 0..<Swift.min(count, other.count) where self[index] != other[index] {
            return self[index] < other[index] ? -1 : 1
        }
        return count == other.count ? 0 : count < other.count ? -1 : 1
    }

    /// How many code points valid UTF-8 has.
    @inline(__always)
    var codePoints: Int {
        var result = 0
        var index = 0
        while index &+ 8 <= count {
            // A byte continues a character if its two highest bits are 10.
            let word = word(at: index)
            result &+= 8 &- ((word >> 7) & ~(word >> 6) & 0x0101_0101_0101_0101).nonzeroBitCount
            index &+= 8
        }
        while index < count {
            if self[index] & 0xc0 != 0x80 { result &+= 1 }
            index &+= 1
        }
        return result
    }
}

extension String {
    /// Whether both have the same code points: `==` would take canonically equivalent texts for the same.
    @inline(__always)
    func isSame(as other: String) -> Bool { utf8Span.span.isEqual(to: other.utf8Span.span) }
}
