internal import Azure

/// Azure's conditions as comparisons of CEL.
///
/// Texts are compared without regard to letter case, but for `match`; a truth value or a number and a text by how they are
/// written. A field that is missing equals nothing, is in no list and is like nothing, so that `notEquals`, `notIn` and
/// `notLike` are true of it.
extension ConditionTranslator {
    func test(
        _ left: Term,
        _ op: PolicyCondition.Operator,
        _ right: Term,
        _ applies: Bool
    ) throws(ImportReason) -> Formula {
        if let base = op.denied { return !(try test(left, base, right, !applies)) }
        let known = try known(left, op, right)
        if known.constant != nil, left.unknown.isEmpty, right.unknown.isEmpty { return known }
        let unknown = Formula.any(left.unknown + right.unknown)
        return applies ? .any([unknown, known]) : .all([!unknown, known])
    }

    private func known(
        _ left: Term,
        _ op: PolicyCondition.Operator,
        _ right: Term
    ) throws(ImportReason) -> Formula {
        if left.isAPIVersion || right.isAPIVersion { return try versionTest(left, op, right) }
        if left.literal == .null, op != .exists, op != .equals { return .constant(false) }
        switch op {
        case .exists:
            guard let wanted = right.literal?.folded, wanted == "true" || wanted == "false" else {
                throw ImportReason(.unsupported, "exists with a value that is neither true nor false")
            }
            let isThere: Formula =
                left.literal == .null
                ? .constant(false) : left.isOptional ? .call("\(left.text).hasValue()") : .constant(true)
            return wanted == "true" ? isThere : !isThere
        case .equals: return try equality(left, right)
        case .in: return try membership(left, right)
        case .contains: return try containment(left, right)
        case .containsKey: return try keyContainment(left, right)
        case .like: return try likeness(left, right)
        case .match, .matchInsensitively: return try matching(left, right, ignoresCase: op == .matchInsensitively)
        case .less: return try order(left, .less, right)
        case .lessOrEquals: return try order(left, .lessOrEqual, right)
        case .greater: return try order(left, .greater, right)
        case .greaterOrEquals: return try order(left, .greaterOrEqual, right)
        default: preconditionFailure("\(op) denies another")
        }
    }

    /// A value that is there in any case: a missing one is the empty text.
    func concrete(_ term: Term) -> String {
        guard term.isOptional else { return term.text }
        switch term.type {
        case .array: return "\(term.text).orValue([])"
        case .object: return "\(term.text).orValue({})"
        default: return "\(term.text).orValue('')"
        }
    }

    /// A value as text in small letters.
    func folded(_ term: Term) -> String {
        if !term.isType, let text = term.literal?.folded { return normalized(text, term).celLiteral }
        let text = term.isOptional || term.type != .string ? "string(\(concrete(term)))" : term.text
        return "\(text).lowerAscii()" + (term.isRegion ? ".replace(' ', '')" : "")
    }

    private func normalized(_ text: String, _ term: Term) -> String {
        term.isRegion ? text.replacing(" ", with: "") : text
    }

    /// That a value is there, where that is not sure.
    private func presence(_ term: Term) -> Formula {
        term.isOptional && !term.isEmptyIfMissing ? .call("\(term.text).hasValue()") : .constant(true)
    }

    // MARK: - Comparisons

    private func equality(_ left: Term, _ right: Term) throws(ImportReason) -> Formula {
        var (left, right) = (left, right)
        if left.literal != nil, right.literal == nil, !right.isOptional || right.isEmptyIfMissing {
            (left, right) = (right, left)
        }
        if left.isRegion { right.isRegion = true }
        if let wanted = right.literal {
            if let given = left.literal {
                if case .null = given { return .constant(wanted == .null) }
                guard let a = given.folded, let b = wanted.folded else { return .constant(given == wanted) }
                return .constant(normalized(a, left) == normalized(b, left))
            }
            guard let text = wanted.folded else {
                switch wanted {
                case .null: return left.isOptional ? .call("!\(left.text).hasValue()") : .constant(false)
                case .array, .object:
                    return .compare(left.isOptional ? "\(left.text).orValue(null)" : left.text, .equal, wanted.cel)
                default: preconditionFailure("scalars are text")
                }
            }
            if let formula = left.formula, left.type == .bool {
                return text == "true" ? formula : text == "false" ? !formula : .constant(false)
            }
            if left.type == .array || left.type == .object {
                guard text.isEmpty, left.isEmptyIfMissing, left.isOptional else { return .constant(false) }
                return !.call("\(left.text).hasValue()")
            }
            if text.isEmpty, left.isOptional, !left.isEmptyIfMissing {
                return .compare("\(left.text).orValue(null)", .equal, "''")
            }
            return .compare(folded(left), .equal, normalized(text, left).celLiteral)
        }
        if left.type == .array || right.type == .array {
            return .compare(dynamic(left), .equal, dynamic(right))
        }
        return .all([presence(left), .compare(folded(left), .equal, folded(right))])
    }

    private func dynamic(_ term: Term) -> String { "dyn(\(concrete(term)))" }

    private func membership(_ left: Term, _ right: Term) throws(ImportReason) -> Formula {
        var right = right
        if left.type == .array { throw ImportReason(.unsupported, "in, asked of an array") }
        if let wanted = right.literal {
            guard let elements = wanted.elements else {
                throw ImportReason(.unsupported, "in, with a value that is no array")
            }
            let texts = elements.compactMap(\.folded).map { normalized($0, left) }
            if let given = left.literal {
                return .constant(given.folded.map { texts.contains(normalized($0, left)) } ?? false)
            }
            if texts.isEmpty { return .constant(false) }
            let list = "[" + texts.map(\.celLiteral).joined(separator: ", ") + "]"
            let test = Formula.term("\(folded(left)) in \(list)", denied: "!(\(folded(left)) in \(list))")
            return texts.contains("") ? .all([presence(left), test]) : test
        }
        guard right.type == .array || right.type == .any else {
            throw ImportReason(.unsupported, "in, with a value that is no array")
        }
        right.isRegion = left.isRegion
        let list = "\(concrete(right)).map(p, string(p).lowerAscii()\(left.isRegion ? ".replace(' ', '')" : ""))"
        let test = "\(folded(left)) in \(list)"
        return .all([presence(left), .term(test, denied: "!(\(test))")])
    }

    private func containment(_ left: Term, _ right: Term) throws(ImportReason) -> Formula {
        if let given = left.literal, let wanted = right.literal?.folded {
            if let elements = given.elements { return .constant(elements.contains { $0.folded == wanted }) }
            return .constant(given.folded?.contains(wanted) ?? false)
        }
        switch left.type {
        case .array:
            return .call("\(concrete(left)).exists(c, string(c).lowerAscii() == \(folded(right)))")
        case .string, .int, .double, .bool:
            let test = Formula.call("\(folded(left)).contains(\(folded(right)))")
            return right.literal?.folded?.isEmpty ?? true ? .all([presence(left), test]) : test
        case .any, .object: throw ImportReason(.unsupported, "contains, of what may be a text or an array")
        }
    }

    private func keyContainment(_ left: Term, _ right: Term) throws(ImportReason) -> Formula {
        if let given = left.literal?.members, let key = right.literal?.folded {
            return .constant(given.contains { $0.key.lowercasedASCII == key })
        }
        guard left.type == .object || left.type == .any else {
            throw ImportReason(.unsupported, "containsKey, of what is no object")
        }
        let object = left.isOptional ? "\(left.text).orValue({})" : left.text
        return .call("\(object).exists(k, k.lowerAscii() == \(folded(right)))")
    }

    private func likeness(_ left: Term, _ right: Term) throws(ImportReason) -> Formula {
        guard let pattern = right.literal?.folded.map({ normalized($0, left) }) else {
            if right.literal != nil { throw ImportReason(.unsupported, "like, with a value that is no text") }
            // One asterisk at most, as Azure asks: what is before and after it.
            let parts = "\(folded(right)).split('*', 2)"
            let text = folded(left)
            let test = Formula.call(
                "cel.bind(w, \(parts), size(w) == 1 ? \(text) == w[0] : "
                    + "\(text).startsWith(w[0]) && \(text).endsWith(w[1]) && size(\(text)) >= size(w[0]) + size(w[1]))"
            )
            return .all([presence(left), test])
        }
        let parts = pattern.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
        if let given = left.literal {
            guard let text = given.folded else { return .constant(false) }
            return .constant(normalized(text, left).isLike(parts[...]))
        }
        if left.type == .array { throw ImportReason(.unsupported, "like, asked of an array") }
        guard parts.count > 1 else { return try equality(left, Term(.string(pattern))) }
        let text = folded(left)
        if parts.count == 2 {
            if parts == ["", ""] { return left.isOptional ? .call("\(left.text).hasValue()") : .constant(true) }
            var tests: [Formula] = []
            if !parts[0].isEmpty { tests.append(.call("\(text).startsWith(\(parts[0].celLiteral))")) }
            if !parts[1].isEmpty { tests.append(.call("\(text).endsWith(\(parts[1].celLiteral))")) }
            if tests.count == 2 {
                let least = parts[0].unicodeScalars.count + parts[1].unicodeScalars.count
                tests.append(.compare("size(\(text))", .greaterOrEqual, String(least)))
            }
            return .all(tests)
        }
        if parts.count == 3, parts[0].isEmpty, parts[2].isEmpty, !parts[1].isEmpty {
            return .call("\(text).contains(\(parts[1].celLiteral))")
        }
        let expression = "^" + parts.map(\.quotedForRE2).joined(separator: ".*") + "$"
        return .all([presence(left), .call("\(text).matches(\("(?s)\(expression)".celLiteral))")])
    }

    private func matching(_ left: Term, _ right: Term, ignoresCase: Bool) throws(ImportReason) -> Formula {
        guard let pattern = right.literal?.text else {
            throw ImportReason(.unsupported, "match, with a pattern that only the assignment knows")
        }
        if left.type == .array { throw ImportReason(.unsupported, "match, asked of an array") }
        var expression = ignoresCase ? "(?is)^" : "(?s)^"
        for scalar in pattern.unicodeScalars {
            switch scalar {
            case "#": expression += "[0-9]"
            case "?": expression += "[A-Za-z]"
            case ".": expression += "."
            default: expression += String(scalar).quotedForRE2
            }
        }
        let text = left.isOptional || left.type != .string ? "string(\(concrete(left)))" : left.text
        return .all([presence(left), .call("\(text).matches(\((expression + "$").celLiteral))")])
    }

    private func order(_ left: Term, _ sign: Formula.Sign, _ right: Term) throws(ImportReason) -> Formula {
        if let a = left.literal, let b = right.literal { return .constant(try Self.order(a, sign, b)) }
        let isNumber: (Term) -> Bool = { $0.type == .int || $0.type == .double }
        if isNumber(left) && right.type == .string || left.type == .string && isNumber(right)
            || [left.type, right.type].contains(.array) || [left.type, right.type].contains(.object)
        {
            throw ImportReason(.unsupported, "a comparison of a number with a text")
        }
        let isText = left.type == .string || right.type == .string
        if left.isOptional, !left.isEmptyIfMissing {
            let bound = isText ? folded(right) : concrete(right)
            let value = isText ? "string(n).lowerAscii()" : "n"
            return .call("\(left.text).optMap(n, \(value) \(sign.rawValue) \(bound)).orValue(false)")
        }
        return isText
            ? .compare(folded(left), sign, folded(right)) : .compare(concrete(left), sign, concrete(right))
    }

    static func order(_ a: TemplateLiteral, _ sign: Formula.Sign, _ b: TemplateLiteral) throws(ImportReason) -> Bool {
        switch (a, b) {
        case (.string, .string):
            return holds(a.folded ?? "", sign, b.folded ?? "")
        case (.int(let a), .int(let b)): return holds(a, sign, b)
        default: throw ImportReason(.unsupported, "a comparison of values of different types")
        }
    }

    private static func holds<Value: Comparable>(_ a: Value, _ sign: Formula.Sign, _ b: Value) -> Bool {
        switch sign {
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .equal: a == b
        case .notEqual: a != b
        }
    }

    // MARK: - API versions

    /// A comparison with the API version of the request, which is that of the object.
    private func versionTest(
        _ left: Term,
        _ op: PolicyCondition.Operator,
        _ right: Term
    ) throws(ImportReason) -> Formula {
        var fitting: [String] = []
        var others: [String] = []
        var isNewest = false
        for version in kind.versions {
            let date = TemplateLiteral.string(kind.armVersion(of: version))
            let holds =
                try known(
                    left.isAPIVersion ? Term(date) : left,
                    op,
                    right.isAPIVersion ? Term(date) : right
                ).constant
            guard let holds else {
                throw ImportReason(.unsupported, "an API version that is compared with a value of the resource")
            }
            if version == kind.newestVersion { isNewest = holds }
            if holds { fitting.append(version) } else { others.append(version) }
        }
        if others.isEmpty || fitting.isEmpty { return .constant(others.isEmpty) }
        // A version that comes later is rather like the newest.
        let names = (isNewest ? others : fitting).flatMap { ["\(kind.group)/\($0)", "\(kind.group)/\($0)storage"] }
        let list = "[" + names.map(\.celLiteral).joined(separator: ", ") + "]"
        let test = Formula.term("\(root).apiVersion in \(list)", denied: "!(\(root).apiVersion in \(list))")
        return isNewest ? !test : test
    }
}

extension String {
    /// The text with the characters quoted that mean something in a pattern of RE2.
    fileprivate var quotedForRE2: String {
        var result = ""
        for scalar in unicodeScalars {
            if "\\.+*?()|[]{}^$".unicodeScalars.contains(scalar) { result += "\\" }
            result.unicodeScalars.append(scalar)
        }
        return result
    }

    /// Whether it is the parts with anything between them.
    fileprivate func isLike(_ parts: ArraySlice<String>) -> Bool {
        guard let first = parts.first else { return isEmpty }
        guard parts.count > 1 else { return self == first }
        guard hasPrefix(first) else { return false }
        let rest = dropFirst(first.count)
        let next = parts.dropFirst()
        return rest.indices.contains { String(rest[$0...]).isLike(next) } || "".isLike(next)
    }
}
