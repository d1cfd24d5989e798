internal import JSON

extension Library {
    /// Regular expressions in RE2's syntax (cel-go `ext/regex.go`).
    static let regex = Library(
        name: "regex",
        functions: [
            Function(
                "regex.extract",
                .function(
                    "regex_extract_string_string",
                    [.string, .string],
                    .optional(.string),
                    availability: .standardOnly,
                    charge: searchCost(fixed: 1),
                    .binary(Regex.extract)
                )
            ),
            Function(
                "regex.extractAll",
                .function(
                    "regex_extractAll_string_string",
                    [.string, .string],
                    .list(.string),
                    availability: .standardOnly,
                    charge: searchCost(fixed: 11),
                    .binary(Regex.extractAll)
                )
            ),
            Function(
                "regex.replace",
                .function(
                    "regex_replace_string_string_string",
                    [.string, .string, .string],
                    .string,
                    availability: .standardOnly,
                    charge: searchCost(fixed: 1),
                    .ternary(Regex.replace)
                ),
                .function(
                    "regex_replace_string_string_string_int",
                    [.string, .string, .string, .int],
                    .string,
                    availability: .standardOnly,
                    charge: searchCost(fixed: 1),
                    .variadic(Regex.replace)
                )
            ),
        ]
    )

    /// Kubernetes' own functions (`apiserver/pkg/cel/library/regex.go`).
    static let kubernetesRegex = Library(
        name: "kubernetes.regex",
        functions: [
            Function(
                "find",
                .method(
                    "string_find_string",
                    [.string, .string],
                    .string,
                    availability: .kubernetesOnly(),
                    named: findCost,
                    .binary(Regex.find)
                )
            ),
            Function(
                "findAll",
                .method(
                    "string_find_all_string",
                    [.string, .string],
                    .list(.string),
                    availability: .kubernetesOnly(),
                    named: findCost,
                    .binary(Regex.findAll)
                ),
                .method(
                    "string_find_all_string_int",
                    [.string, .string, .int],
                    .list(.string),
                    availability: .kubernetesOnly(),
                    named: findCost,
                    .ternary(Regex.findAll)
                )
            ),
        ]
    )

    /// A tenth of the text's length and one times a quarter of the pattern's and one, and the size of the result.
    private static func searchCost(fixed: Double) -> CallCost {
        .computed { arguments, result, evaluation in
            let text = Double(evaluation.size(of: arguments[0]) + 1) * 0.1
            let pattern = Double(evaluation.size(of: arguments[1]) + 1) * 0.25
            return UInt64((fixed + text * pattern + Double(evaluation.size(of: result))).rounded(.up))
        }
    }

    private static let findCost = CallCost.computed { arguments, _, evaluation in
        CallCost.pattern(evaluation.size(of: arguments[0]), evaluation.size(of: arguments[1]))
    }
}

extension CallCost {
    /// What Kubernetes charges for matching a pattern of so many code points against a text of so many.
    static func pattern(_ text: UInt64, _ pattern: UInt64) -> UInt64 {
        scaled(text.saturatingAdd(1), 0.1).saturatingMultiply(scaled(pattern, 0.25))
    }
}

private enum Regex {
    // MARK: Kubernetes

    static func find(
        _ text: CELValue,
        _ pattern: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let expression = try evaluation.patterns.expression(evaluation.string(pattern))
        return try evaluation.withUTF8(text) { (bytes) throws(CELError) -> CELValue in
            guard let range = expression.find(in: bytes)?[0] else { return .string("") }
            return .string(String(bytes.extracting(range)))
        }
    }

    static func findAll(
        _ text: CELValue,
        _ pattern: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try findAll(text, pattern, .int(-1), &evaluation)
    }

    /// So many matches at most; all of them if the number is negative.
    static func findAll(
        _ text: CELValue,
        _ pattern: CELValue,
        _ count: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let expression = try evaluation.patterns.expression(evaluation.string(pattern))
        let maximum = count.intValue < 0 ? Int64.max : count.intValue
        guard maximum > 0 else { return .list(ListValue([])) }
        return try texts(in: text, expression, group: 0, maximum: maximum, evaluation)
    }

    /// The texts of a group in one match after the other; for a group, of those where it is not empty.
    private static func texts(
        in text: CELValue,
        _ expression: RegularExpression,
        group: Int,
        maximum: Int64,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> CELValue {
        var found: [CELValue] = []
        let limit = evaluation.limits.elements
        try evaluation.withUTF8(text) { (bytes) throws(CELError) in
            try expression.forEachMatch(in: bytes, groups: group) { (match) throws(CELError) in
                guard let range = match[group], group == 0 || !range.isEmpty else { return true }
                try evaluation.checkTime()
                guard found.count < limit else { throw CELError(.tooLarge, "a list of more than \(limit) elements") }
                found.append(.string(String(bytes.extracting(range))))
                return found.count < maximum
            }
        }
        return .list(ListValue(found))
    }

    // MARK: The standard

    static func extract(
        _ text: CELValue,
        _ pattern: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let (expression, group) = try extracting(pattern, &evaluation)
        return try evaluation.withUTF8(text) { (bytes) throws(CELError) -> CELValue in
            guard let match = expression.find(in: bytes, groups: group), let range = match[group],
                group == 0 || !range.isEmpty
            else { return .optional(.none) }
            return .optional(OptionalValue(.string(String(bytes.extracting(range)))))
        }
    }

    static func extractAll(
        _ text: CELValue,
        _ pattern: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let (expression, group) = try extracting(pattern, &evaluation)
        return try texts(in: text, expression, group: group, maximum: .max, evaluation)
    }

    /// A pattern, and which of its groups is asked for: its only one, or all of the match if it has none.
    private static func extracting(
        _ pattern: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> (RegularExpression, group: Int) {
        let expression = try evaluation.patterns.expression(evaluation.string(pattern))
        guard expression.groupCount <= 1 else {
            throw CELError(
                .invalidArgument,
                "regular expression has more than one capturing group: \"\(expression.pattern)\""
            )
        }
        return (expression, expression.groupCount)
    }

    static func replace(
        _ text: CELValue,
        _ pattern: CELValue,
        _ replacement: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        try replace([text, pattern, replacement, .int(-1)], &evaluation)
    }

    /// Replaces so many matches, all of them if the number is negative; `\1` in the replacement is the match's first group.
    static func replace(_ arguments: [CELValue], _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        let text = arguments[0]
        guard arguments[3].intValue != 0 else { return text }
        let expression = try evaluation.patterns.expression(evaluation.string(arguments[1]))
        let maximum = arguments[3].intValue < 0 ? Int64.max : arguments[3].intValue
        let replacement = evaluation.utf8(arguments[2])
        var result = TextBuilder(evaluation)
        try evaluation.withUTF8(text) { (bytes) throws(CELError) in
            var end = 0
            var done: Int64 = 0
            try expression.forEachMatch(
                in: bytes,
                groups: RegularExpression.Match.maximumGroups
            ) { (match) throws(CELError) in
                guard let range = match[0] else { return false }
                try evaluation.checkTime()
                try result.append(bytes.extracting(end..<range.lowerBound))
                try append(replacement, match, expression, bytes, to: &result)
                end = range.upperBound
                done += 1
                return done < maximum
            }
            try result.append(bytes.extracting(end..<bytes.count))
        }
        return result.value
    }

    private static func append(
        _ replacement: [UInt8],
        _ match: RegularExpression.Match,
        _ expression: RegularExpression,
        _ text: Span<UInt8>,
        to result: inout TextBuilder
    ) throws(CELError) {
        var index = 0
        while index < replacement.count {
            let byte = replacement[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                try result.append(byte)
                continue
            }
            guard index < replacement.count else { throw invalid("\\ not allowed at end") }
            let escaped = replacement[index]
            index += 1
            switch escaped {
            case UInt8(ascii: "\\"): try result.append(escaped)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                let group = Int(escaped - UInt8(ascii: "0"))
                guard group <= expression.groupCount else {
                    throw CELError(
                        .invalidArgument,
                        "replacement string references group \(group) but regex has only "
                            + "\(expression.groupCount) group(s)"
                    )
                }
                if let range = match[group] { try result.append(text.extracting(range)) }
            default: throw invalid("\\ must be followed by a digit or \\")
            }
        }
    }

    private static func invalid(_ reason: String) -> CELError {
        CELError(.invalidArgument, "invalid replacement string: \(reason)")
    }
}
