internal import JSON

extension Library {
    /// Functions on texts; positions count code points (cel-go `ext/strings.go`).
    static let strings = Library(
        name: "strings",
        functions: [
            Function("charAt", .method("string_char_at_int", [.string, .int], .string, .binary(Strings.characterAt))),
            Function(
                "indexOf",
                .method("string_index_of_string", [.string, .string], .int, named: .tree, .binary(Strings.indexOf)),
                .method(
                    "string_index_of_string_int",
                    searchFrom,
                    .int,
                    availability: .standardOnly,
                    named: .tree,
                    .ternary(Strings.indexOf)
                ),
                .method(
                    "string_index_of_string_int",
                    searchFrom,
                    .int,
                    availability: .kubernetesOnly(),
                    named: .tree,
                    .ternary(Strings.indexOfForKubernetes)
                )
            ),
            Function(
                "lastIndexOf",
                .method("string_last_index_of_string", search, .int, named: .tree, .binary(Strings.lastIndexOf)),
                .method(
                    "string_last_index_of_string_int",
                    searchFrom,
                    .int,
                    availability: .standardOnly,
                    named: .tree,
                    .ternary(Strings.lastIndexOf)
                ),
                .method(
                    "string_last_index_of_string_int",
                    searchFrom,
                    .int,
                    availability: .kubernetesOnly(),
                    named: .tree,
                    .ternary(Strings.lastIndexOfForKubernetes)
                )
            ),
            Function(
                "lowerAscii",
                .method("string_lower_ascii", [.string], .string, named: .traversal, .unary(Strings.lowerAscii))
            ),
            Function(
                "upperAscii",
                .method("string_upper_ascii", [.string], .string, named: .traversal, .unary(Strings.upperAscii))
            ),
            Function(
                "replace",
                .method(
                    "string_replace_string_string",
                    [.string, .string, .string],
                    .string,
                    named: .traversalTwice,
                    .ternary(Strings.replace)
                ),
                .method(
                    "string_replace_string_string_int",
                    [.string, .string, .string, .int],
                    .string,
                    named: .traversalTwice,
                    .variadic(Strings.replace)
                )
            ),
            Function(
                "split",
                .method("string_split_string", search, .list(.string), named: .traversalTwice, .binary(Strings.split)),
                .method(
                    "string_split_string_int",
                    searchFrom,
                    .list(.string),
                    named: .traversalTwice,
                    .ternary(Strings.split)
                )
            ),
            Function(
                "substring",
                .method(
                    "string_substring_int",
                    [.string, .int],
                    .string,
                    named: .traversal,
                    .binary(Strings.substring)
                ),
                .method(
                    "string_substring_int_int",
                    [.string, .int, .int],
                    .string,
                    named: .traversal,
                    .ternary(Strings.substring)
                )
            ),
            Function("trim", .method("string_trim", [.string], .string, named: .traversal, .unary(Strings.trim))),
            Function(
                "join",
                .method("list_join", [.list(.string)], .string, named: joinCost, .unary(Strings.join)),
                .method("list_join_string", [.list(.string), .string], .string, named: joinCost, .binary(Strings.join))
            ),
            Function(
                "reverse",
                .method(
                    "string_reverse",
                    [.string],
                    .string,
                    availability: .standardOnly,
                    charge: .traversal,
                    .unary(Strings.reverse)
                )
            ),
            Function(
                "strings.quote",
                .function(
                    "strings_quote",
                    [.string],
                    .string,
                    availability: version1,
                    charge: .traversal,
                    .unary(Strings.quote)
                )
            ),
            Function(
                "format",
                .method(
                    "string_format",
                    [.string, .list(.dyn)],
                    .string,
                    availability: .standardOnly,
                    charge: .traversal,
                    .binary(StringFormat.format)
                ),
                // One identifier in two profiles, as in cel-go, where the version of the library decides.
                .method(
                    "string_format",
                    [.string, .list(.dyn)],
                    .string,
                    availability: .kubernetesOnly(from: 29),
                    charge: .traversal,
                    .binary(StringFormat.formatForKubernetes)
                )
            ),
        ]
    )

    private static let search: [CELType] = [.string, .string]
    private static let searchFrom: [CELType] = [.string, .string, .int]
    private static let version1 = Availability.everywhere(kubernetes: 29)
    private static let joinCost = CallCost.computed { _, result, evaluation in
        CallCost.scaled(evaluation.size(of: result), 2 * 0.1)
    }
}

private enum Strings {
    // MARK: Positions

    static func characterAt(
        _ text: CELValue,
        _ index: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.withUTF8(text) { (bytes) throws(CELError) -> CELValue in
            let start = try offset(index.intValue, in: bytes)
            guard start < bytes.count else { return .string("") }
            return .string(String(bytes.extracting(start..<bytes.end(ofCodePointAt: start))))
        }
    }

    static func substring(
        _ text: CELValue,
        _ start: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.withUTF8(text) { (bytes) throws(CELError) -> CELValue in
            let offset = try offset(start.intValue, in: bytes)
            return .string(String(bytes.extracting(offset..<bytes.count)))
        }
    }

    static func substring(
        _ text: CELValue,
        _ start: CELValue,
        _ end: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.withUTF8(text) { (bytes) throws(CELError) -> CELValue in
            let (start, end) = (start.intValue, end.intValue)
            guard start <= end else {
                throw CELError(.invalidArgument, "invalid substring range. start: \(start), end: \(end)")
            }
            let offset = try offset(start, in: bytes)
            guard let stop = bytes.offset(ofCodePoint: Int(end - start), from: offset) else { throw outOfRange(end) }
            return .string(String(bytes.extracting(offset..<stop)))
        }
    }

    /// Where a code point begins; the number of all of them gives the end.
    private static func offset(_ number: Int64, in bytes: Span<UInt8>) throws(CELError) -> Int {
        guard number >= 0, let offset = bytes.offset(ofCodePoint: Int(number)) else { throw outOfRange(number) }
        return offset
    }

    private static func outOfRange(_ number: Int64) -> CELError {
        CELError(.invalidArgument, "index out of range: \(number)")
    }

    // MARK: Searching

    static func indexOf(
        _ text: CELValue,
        _ part: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try indexOf(text, part, .int(0), &evaluation)
    }

    static func indexOf(
        _ text: CELValue,
        _ part: CELValue,
        _ from: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try checkPosition(from, in: text, evaluation)
        return try indexOfForKubernetes(text, part, from, &evaluation)
    }

    /// The specification's tests ask for an error where a position is not in the text; Kubernetes finds nothing there.
    private static func checkPosition(
        _ position: CELValue,
        in text: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) {
        try evaluation.withUTF8(text) { (bytes) throws(CELError) in _ = try offset(position.intValue, in: bytes) }
    }

    static func indexOfForKubernetes(
        _ text: CELValue,
        _ part: CELValue,
        _ from: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let number = from.intValue
        return try evaluation.withUTF8(text, part) { (bytes, part) throws(CELError) -> CELValue in
            // Kubernetes finds the empty text at every position there is, and at every other.
            if part.isEmpty { return .int(number) }
            guard number >= 0 else { throw outOfRange(number) }
            guard let start = bytes.offset(ofCodePoint: Int(number)), let place = bytes.first(of: part, from: start)
            else { return .int(-1) }
            return .int(number + Int64(bytes.extracting(start..<place).codePoints))
        }
    }

    static func lastIndexOf(
        _ text: CELValue,
        _ part: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try evaluation.withUTF8(text, part) { (bytes, part) throws(CELError) -> CELValue in
            guard let place = bytes.last(of: part, endingBy: bytes.count) else { return .int(-1) }
            return .int(Int64(bytes.extracting(0..<place).codePoints))
        }
    }

    static func lastIndexOf(
        _ text: CELValue,
        _ part: CELValue,
        _ from: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try checkPosition(from, in: text, evaluation)
        return try lastIndexOfForKubernetes(text, part, from, &evaluation)
    }

    /// The last place at or before a position; no place at all if the position is not in the text.
    static func lastIndexOfForKubernetes(
        _ text: CELValue,
        _ part: CELValue,
        _ from: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let number = from.intValue
        return try evaluation.withUTF8(text, part) { (bytes, part) throws(CELError) -> CELValue in
            // Kubernetes finds the empty text at every position there is, and at every other.
            if part.isEmpty { return .int(number) }
            guard number >= 0 else { throw outOfRange(number) }
            guard let start = bytes.offset(ofCodePoint: Int(number)), start < bytes.count else { return .int(-1) }
            let end = Swift.min(bytes.count, start + part.count)
            guard let place = bytes.last(of: part, endingBy: end) else { return .int(-1) }
            return .int(Int64(bytes.extracting(0..<place).codePoints))
        }
    }

    // MARK: Changing

    static func lowerAscii(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        map(text, &evaluation) { UInt8(ascii: "A")...UInt8(ascii: "Z") ~= $0 ? $0 | 0x20 : $0 }
    }

    static func upperAscii(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        map(text, &evaluation) { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 & ~0x20 : $0 }
    }

    private static func map(
        _ text: CELValue,
        _ evaluation: inout Evaluation,
        _ change: (UInt8) -> UInt8
    ) -> CELValue {
        var bytes = evaluation.utf8(text)
        for index in bytes.indices { bytes[index] = change(bytes[index]) }
        return .string(String(bytes.span))
    }

    static func replace(
        _ text: CELValue,
        _ old: CELValue,
        _ new: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try replace(text, old, new, count: -1, &evaluation)
    }

    static func replace(_ arguments: [CELValue], _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try replace(arguments[0], arguments[1], arguments[2], count: arguments[3].intValue, &evaluation)
    }

    /// Replaces so many occurrences, all of them if the number is negative; an empty text occurs before every code point and
    /// at the end.
    private static func replace(
        _ text: CELValue,
        _ old: CELValue,
        _ new: CELValue,
        count: Int64,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let new = evaluation.utf8(new)
        var result = TextBuilder(evaluation)
        try evaluation.withUTF8(text, old) { (bytes, old) throws(CELError) in
            var left = count < 0 ? Int64.max : count
            var start = 0
            while left > 0, let place = bytes.first(of: old, from: start) {
                try result.append(bytes.extracting(start..<place))
                try result.append(new.span)
                left -= 1
                start = place + old.count
                if old.isEmpty {
                    guard start < bytes.count else { break }
                    let next = bytes.end(ofCodePointAt: start)
                    try result.append(bytes.extracting(start..<next))
                    start = next
                }
            }
            try result.append(bytes.extracting(start..<bytes.count))
        }
        return result.value
    }

    static func trim(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let scalars = evaluation.string(text).unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return .string("") }
        return .string(String(scalars[first...last]))
    }

    static func reverse(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        var result = String.UnicodeScalarView()
        result.append(contentsOf: evaluation.string(text).unicodeScalars.reversed())
        return .string(String(result))
    }

    /// The text between double quotes, with CEL's escapes for control characters.
    static func quote(_ text: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        var result = TextBuilder(evaluation)
        try evaluation.withUTF8(text) { (bytes) throws(CELError) in
            try result.append(UInt8(ascii: "\""))
            for index in bytes.indices {
                if let escape = escape(bytes[index]) {
                    try result.append(UInt8(ascii: "\\")); try result.append(escape)
                } else {
                    try result.append(bytes[index])
                }
            }
            try result.append(UInt8(ascii: "\""))
        }
        return result.value
    }

    private static func escape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x07: UInt8(ascii: "a")
        case 0x08: UInt8(ascii: "b")
        case 0x0C: UInt8(ascii: "f")
        case 0x0A: UInt8(ascii: "n")
        case 0x0D: UInt8(ascii: "r")
        case 0x09: UInt8(ascii: "t")
        case 0x0B: UInt8(ascii: "v")
        case UInt8(ascii: "\\"), UInt8(ascii: "\""): byte
        default: nil
        }
    }

    // MARK: Lists

    static func split(
        _ text: CELValue,
        _ separator: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try split(text, separator, .int(-1), &evaluation)
    }

    /// Splits into at most so many parts, the last of which is the rest; into all parts if the number is negative.
    ///
    /// An empty separator is between all code points.
    static func split(
        _ text: CELValue,
        _ separator: CELValue,
        _ count: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let maximum = count.intValue < 0 ? Int64.max : count.intValue
        guard maximum > 0 else { return .list(ListValue([])) }
        let limit = evaluation.limits.elements
        let parts = try evaluation.withUTF8(text, separator) { (bytes, separator) throws(CELError) -> [CELValue] in
            var parts: [CELValue] = []
            var start = 0
            if separator.isEmpty, bytes.isEmpty { return parts }
            while parts.count + 1 < maximum {
                let end: Int
                if separator.isEmpty {
                    end = bytes.end(ofCodePointAt: start)
                    guard end < bytes.count else { break }
                } else {
                    guard let place = bytes.first(of: separator, from: start) else { break }
                    end = place
                }
                guard parts.count < limit else {
                    throw CELError(.tooLarge, "a list of more than \(limit) elements")
                }
                parts.append(.string(String(bytes.extracting(start..<end))))
                start = end + separator.count
            }
            parts.append(.string(String(bytes.extracting(start..<bytes.count))))
            return parts
        }
        return .list(ListValue(parts))
    }

    static func join(_ list: CELValue, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try join(list, .string(""), &evaluation)
    }

    static func join(
        _ list: CELValue,
        _ separator: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        var result = TextBuilder(evaluation)
        let separator = evaluation.utf8(separator)
        var isFirst = true
        for element in evaluation.elements(of: list) {
            guard element.isString else { throw CELError(.invalidArgument, "join: an element is not a string") }
            if !isFirst { try result.append(separator.span) }
            isFirst = false
            try evaluation.withUTF8(element) { (bytes) throws(CELError) in try result.append(bytes) }
        }
        return result.value
    }
}
