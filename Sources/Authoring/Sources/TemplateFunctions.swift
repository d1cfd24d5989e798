internal import JSON

/// The functions of ARM templates that need nothing but their arguments.
///
/// An argument that nobody knows makes the result unknown, and what Azure would refuse is an unknown with that reason: a template
/// that cannot be deployed has nothing to judge, but somebody may still mend it.
enum TemplateFunctions {
    /// The longest text that a function takes or makes.
    static let maximumBytes = 1_048_576
    /// The longest list that a function makes of several, or of a text.
    private static let maximumElements = 100_000

    /// What a function gives; nil if there is none of that name here.
    static func call(_ name: String, _ arguments: [Draft]) -> Draft? {
        guard isKnown(name) else { return nil }
        let unknown =
            carriers.contains(name)
            ? arguments.first { $0.isUnknown && name != "createarray" && name != "createobject" }
            : arguments.lazy.compactMap(\.firstUnknown).first
        if let unknown { return unknown }
        guard arguments.allSatisfy({ ($0.text?.utf8.count ?? 0) <= maximumBytes }),
            let result = evaluate(name, arguments), (result.text?.utf8.count ?? 0) <= maximumBytes
        else {
            return Draft(.unknown(because: "\(name)() cannot take these arguments"))
        }
        return result
    }

    static func isKnown(_ name: String) -> Bool { names.contains(name) }

    /// Whether a function looks at all that is in its arguments.
    static func readsAll(_ name: String) -> Bool {
        isKnown(name) && (!carriers.contains(name) || comparers.contains(name))
    }

    private static let names: Set<String> = [
        "concat", "format", "tolower", "toupper", "equals", "not", "empty", "length", "contains", "substring",
        "replace",
        "split", "join", "string", "int", "bool", "trim", "padleft", "startswith", "endswith", "indexof", "lastindexof",
        "first", "last", "take", "skip", "array", "createarray", "createobject", "union", "intersection", "min", "max",
        "add", "sub", "mul", "div", "mod", "greater", "greaterorequals", "less", "lessorequals", "true", "false",
        "null",
        "json", "range", "items", "objectkeys", "tryget", "flatten", "shallowmerge",
    ]

    /// Those that hand on what is in their arguments without looking at it.
    private static let carriers: Set<String> = [
        "createarray", "createobject", "concat", "union", "shallowmerge", "flatten", "first", "last", "take", "skip",
        "array",
        "items", "objectkeys", "tryget", "length", "empty", "contains",
    ]

    /// Those among them that compare what is in it.
    private static let comparers: Set<String> = ["union", "shallowmerge", "flatten", "contains", "tryget"]

    private static func evaluate(_ name: String, _ a: [Draft]) -> Draft? {
        switch name {
        case "true", "false": return Draft(.bool(name == "true"))
        case "null": return Draft(.null)
        case "concat": return concat(a)
        case "format": return format(a)
        case "tolower": return a.text(0).map { Draft(.string($0.lowercased())) }
        case "toupper": return a.text(0).map { Draft(.string($0.uppercased())) }
        case "trim": return a.text(0).map { Draft(.string(trimmed($0))) }
        case "equals": return a.count == 2 ? Draft(.bool(isEqual(a[0], a[1]))) : nil
        case "not": return a.flag(0).map { Draft(.bool(!$0)) }
        case "empty": return a.count == 1 ? Draft(.bool(a[0].isEmpty)) : nil
        case "length": return a.first?.length.map(number)
        case "contains": return contains(a)
        case "substring":
            guard let text = a.text(0), let start = a.number(1) else { return nil }
            let characters = Array(text)
            let length = a.count > 2 ? a.number(2) : characters.count - start
            guard let length, start >= 0, length >= 0, start <= characters.count, length <= characters.count - start
            else { return nil }
            return Draft(.string(String(characters[start..<start + length])))
        case "replace":
            guard let text = a.text(0), let old = a.text(1), let new = a.text(2), !old.isEmpty else { return nil }
            return bounded(text.split(separator: old, omittingEmptySubsequences: false).map(String.init), new)
        case "split":
            guard let text = a.text(0), a.count == 2 else { return nil }
            let marks: [String]
            if case .array(let elements) = a[1].content {
                marks = elements.compactMap(\.text)
            } else {
                marks = [a.text(1) ?? ""]
            }
            var parts = [text]
            for mark in marks where !mark.isEmpty {
                parts = parts.flatMap { $0.split(separator: mark, omittingEmptySubsequences: false).map(String.init) }
                guard parts.count <= maximumElements else { return nil }
            }
            return Draft(.array(parts.map { Draft(.string($0)) }))
        case "join":
            guard case .array(let elements)? = a.first?.content, let mark = a.text(1) else { return nil }
            if let unknown = elements.first(where: \.isUnknown) { return unknown }
            return bounded(elements.compactMap(\.plain), mark)
        case "string": return a.first?.plain.map { Draft(.string($0)) } ?? a.first.map { Draft(.string(json($0))) }
        case "int": return a.first?.plain.flatMap { Int64($0) }.map { Draft(.number(Array("\($0)".utf8))) }
        case "bool":
            switch a.first?.plain?.lowercased() {
            case "true", "1": return Draft(.bool(true))
            case "false", "0": return Draft(.bool(false))
            default: return nil
            }
        case "padleft":
            guard let text = a.first?.plain, let width = a.number(1), width <= 10_000 else { return nil }
            let mark = a.count > 2 ? a.text(2) ?? " " : " "
            guard mark.count == 1 else { return nil }
            return Draft(.string(String(repeating: mark, count: max(0, width - text.count)) + text))
        case "startswith", "endswith":
            guard let text = a.text(0)?.lowercased(), let part = a.text(1)?.lowercased() else { return nil }
            return Draft(.bool(name == "startswith" ? text.hasPrefix(part) : text.hasSuffix(part)))
        case "indexof", "lastindexof":
            guard let text = a.text(0)?.lowercased(), let part = a.text(1)?.lowercased(), !part.isEmpty else {
                return nil
            }
            let ranges = text.ranges(of: part)
            let range = name == "indexof" ? ranges.first : ranges.last
            return number(range.map { text.distance(from: text.startIndex, to: $0.lowerBound) } ?? -1)
        case "first", "last":
            switch a.first?.content {
            case .array(let elements)?: return (name == "first" ? elements.first : elements.last) ?? Draft(.null)
            case .string(let text)?:
                return Draft(.string((name == "first" ? text.first : text.last).map(String.init) ?? ""))
            default: return nil
            }
        case "take", "skip":
            guard let count = a.number(1).map({ max(0, $0) }) else { return nil }
            switch a.first?.content {
            case .array(let elements)?:
                return Draft(.array(Array(name == "take" ? elements.prefix(count) : elements.dropFirst(count))))
            case .string(let text)?:
                return Draft(.string(String(name == "take" ? text.prefix(count) : text.dropFirst(count))))
            default: return nil
            }
        case "array":
            if case .array? = a.first?.content { return a.first }
            return Draft(.array(a))
        case "createarray": return Draft(.array(a))
        case "createobject":
            guard a.count.isMultiple(of: 2) else { return nil }
            var members: [(name: String, value: Draft)] = []
            for place in stride(from: 0, to: a.count, by: 2) {
                guard let name = a[place].text else { return a[place].isUnknown ? a[place] : nil }
                members.append((name, a[place + 1]))
            }
            return Draft(.object(members))
        case "union", "shallowmerge", "intersection", "flatten": return combine(name, a)
        case "min", "max":
            let list: [Draft]
            if case .array(let elements)? = a.first?.content { list = elements } else { list = a }
            let numbers = list.compactMap(\.whole)
            guard numbers.count == list.count else { return list.first(where: \.isUnknown) }
            return (name == "min" ? numbers.min() : numbers.max()).map(number)
        case "add", "sub", "mul", "div", "mod":
            guard let first = a.number(0), let second = a.number(1) else { return nil }
            return calculate(name, first, second)
        case "greater", "greaterorequals", "less", "lessorequals":
            guard a.count == 2 else { return nil }
            if let first = a.number(0), let second = a.number(1) { return Draft(.bool(compare(name, first, second))) }
            guard let first = a.text(0), let second = a.text(1) else { return nil }
            return Draft(.bool(compare(name, first, second)))
        case "json":
            guard let text = a.text(0), let document = try? JSONDocument(parsing: Array(text.utf8)) else { return nil }
            return Draft(document.root, in: document)
        case "range":
            guard let start = a.number(0), let count = a.number(1), (0...10_000).contains(count) else { return nil }
            guard !start.addingReportingOverflow(count).overflow else { return nil }
            return Draft(.array((start..<start + count).map(number)))
        case "items", "objectkeys":
            guard case .object(let members)? = a.first?.content else { return nil }
            return Draft(
                .array(
                    members.sorted { $0.name < $1.name }.map { member in
                        let key = Draft(.string(member.name))
                        return name == "items" ? Draft(.object([("key", key), ("value", member.value)])) : key
                    }
                )
            )
        case "tryget":
            guard var value = a.first else { return nil }
            for key in a.dropFirst() {
                guard let next = value.member(key) else { return Draft(.null) }
                value = next
            }
            return value
        default: return nil
        }
    }

    // MARK: Parts

    static func number(_ value: Int) -> Draft { Draft(.number(Array("\(value)".utf8))) }

    private static func bounded(_ parts: [String], _ mark: String) -> Draft? {
        let bytes = parts.reduce(0) { $0 + $1.utf8.count } + max(0, parts.count - 1) * mark.utf8.count
        return bytes <= maximumBytes ? Draft(.string(parts.joined(separator: mark))) : nil
    }

    private static func concat(_ arguments: [Draft]) -> Draft? {
        if case .array? = arguments.first?.content {
            var elements: [Draft] = []
            for argument in arguments {
                guard case .array(let more) = argument.content else { return nil }
                elements += more
                guard elements.count <= maximumElements else { return nil }
            }
            return Draft(.array(elements))
        }
        let parts = arguments.compactMap(\.plain)
        return parts.count == arguments.count ? bounded(parts, "") : nil
    }

    /// As .NET's composite formatting, for what templates use of it: `{0}`, and `{0:D2}` of a number.
    private static func format(_ arguments: [Draft]) -> Draft? {
        guard let pattern = arguments.text(0) else { return nil }
        var result = ""
        var rest = pattern[...]
        while let character = rest.popFirst() {
            guard character == "{" || character == "}" else {
                result.append(character)
                continue
            }
            if rest.first == character {
                rest = rest.dropFirst()
                result.append(character)
                continue
            }
            guard character == "{", let end = rest.firstIndex(of: "}") else { return nil }
            let parts = rest[..<end].split(separator: ":", maxSplits: 1)
            rest = rest[rest.index(after: end)...]
            guard let index = parts.first.flatMap({ Int($0) }), arguments.indices.contains(index + 1), index >= 0,
                var text = arguments[index + 1].plain
            else { return nil }
            if parts.count == 2 {
                guard parts[1].lowercased().hasPrefix("d"), let width = Int(parts[1].dropFirst()), width <= 64 else {
                    return nil
                }
                text = String(repeating: "0", count: max(0, width - text.count)) + text
            }
            result += text
            guard result.utf8.count <= maximumBytes else { return nil }
        }
        return Draft(.string(result))
    }

    private static func contains(_ arguments: [Draft]) -> Draft? {
        guard arguments.count == 2 else { return nil }
        switch arguments[0].content {
        case .string(let text): return arguments.text(1).map { Draft(.bool($0.isEmpty || text.contains($0))) }
        case .array(let elements):
            if elements.contains(where: { isEqual($0, arguments[1]) }) { return Draft(.bool(true)) }
            return elements.lazy.compactMap(\.firstUnknown).first ?? Draft(.bool(false))
        case .object: return arguments[1].text.map { _ in Draft(.bool(arguments[0].member(arguments[1]) != nil)) }
        default: return nil
        }
    }

    private static func combine(_ name: String, _ arguments: [Draft]) -> Draft? {
        var lists = arguments
        if name == "shallowmerge" || name == "flatten" {
            guard case .array(let elements)? = arguments.first?.content else { return nil }
            lists = elements
        }
        if let unknown = lists.first(where: \.isUnknown) { return unknown }
        guard var result = lists.first else { return name == "flatten" ? Draft(.array([])) : .emptyObject }
        for other in lists.dropFirst() {
            switch (result.content, other.content) {
            case (.object(let members), .object(let more)):
                guard name != "intersection" else { return nil }
                result = merge(members, more, isDeep: name == "union")
            case (.array(let elements), .array(let more)) where name == "flatten":
                result = Draft(.array(elements + more))
            case (.array(let elements), .array(let more)):
                if let unknown = (elements + more).first(where: \.isUnknown) { return unknown }
                guard elements.count + more.count <= 2_000 else { return nil }
                if name == "intersection" {
                    result = Draft(.array(elements.filter { element in more.contains { isEqual($0, element) } }))
                } else {
                    result = Draft(.array(elements + more.filter { new in !elements.contains { isEqual($0, new) } }))
                }
            default: return nil
            }
        }
        return result
    }

    private static func merge(
        _ members: [(name: String, value: Draft)],
        _ more: [(name: String, value: Draft)],
        isDeep: Bool
    ) -> Draft {
        var result = members
        // Of several of a name the first is meant.
        var places = Dictionary(members.indices.map { (members[$0].name.lowercased(), $0) }) { first, _ in first }
        for member in more {
            let name = member.name.lowercased()
            guard let place = places[name] else {
                places[name] = result.count
                result.append(member)
                continue
            }
            if isDeep, case .object(let old) = result[place].value.content, case .object(let new) = member.value.content
            {
                result[place].value = merge(old, new, isDeep: true)
            } else {
                result[place].value = member.value
            }
        }
        return Draft(.object(result))
    }

    private static func calculate(_ name: String, _ a: Int, _ b: Int) -> Draft? {
        let (value, isTooLarge): (Int, Bool)
        switch name {
        case "add": (value, isTooLarge) = a.addingReportingOverflow(b)
        case "sub": (value, isTooLarge) = a.subtractingReportingOverflow(b)
        case "mul": (value, isTooLarge) = a.multipliedReportingOverflow(by: b)
        case "div": (value, isTooLarge) = a.dividedReportingOverflow(by: b)
        default: (value, isTooLarge) = a.remainderReportingOverflow(dividingBy: b)
        }
        return isTooLarge ? nil : number(value)
    }

    private static func compare<Value: Comparable>(_ name: String, _ a: Value, _ b: Value) -> Bool {
        switch name {
        case "greater": a > b
        case "greaterorequals": a >= b
        case "less": a < b
        default: a <= b
        }
    }

    /// Whether two values are equal as `equals()` has it: texts with their case.
    static func isEqual(_ a: Draft, _ b: Draft) -> Bool {
        switch (a.content, b.content) {
        case (.null, .null): true
        case (.bool(let first), .bool(let second)): first == second
        case (.string(let first), .string(let second)): first == second
        case (.number(let first), .number(let second)):
            Double(String(decoding: first, as: UTF8.self)) == Double(String(decoding: second, as: UTF8.self))
        case (.array(let first), .array(let second)):
            first.count == second.count && zip(first, second).allSatisfy { isEqual($0, $1) }
        case (.object(let first), .object(let second)): first.count == second.count && areEqual(first, second)
        default: false
        }
    }

    private static func areEqual(
        _ first: [(name: String, value: Draft)],
        _ second: [(name: String, value: Draft)]
    ) -> Bool {
        let others = Dictionary(second.map { ($0.name, $0.value) }) { first, _ in first }
        return first.allSatisfy { member in others[member.name].map { isEqual(member.value, $0) } ?? false }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }

    private static func json(_ value: Draft) -> String {
        var writer = JSONWriter()
        value.write(to: &writer)
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}

extension [Draft] {
    fileprivate func text(_ place: Int) -> String? { indices.contains(place) ? self[place].text : nil }

    fileprivate func number(_ place: Int) -> Int? { indices.contains(place) ? self[place].whole : nil }

    fileprivate func flag(_ place: Int) -> Bool? {
        guard indices.contains(place), case .bool(let value) = self[place].content else { return nil }
        return value
    }
}

extension Draft {
    /// A whole number.
    var whole: Int? {
        guard case .number(let digits) = content else { return nil }
        return Int(String(decoding: digits, as: UTF8.self))
    }

    /// Something in it that nobody knows.
    var firstUnknown: Draft? {
        switch content {
        case .unknown: self
        case .array(let elements): elements.lazy.compactMap(\.firstUnknown).first
        case .object(let members): members.lazy.compactMap(\.value.firstUnknown).first
        default: nil
        }
    }

    /// A scalar as text.
    fileprivate var plain: String? {
        switch content {
        case .string(let text): text
        case .number(let digits): String(decoding: digits, as: UTF8.self)
        case .bool(let value): value ? "True" : "False"
        case .null: ""
        default: nil
        }
    }

    /// How many members or elements it has; of a text, how much a look at all of it takes.
    var width: Int {
        switch content {
        case .string(let text): text.utf8.count / 16
        case .array(let elements): elements.count
        case .object(let members): members.count
        default: 0
        }
    }

    fileprivate var length: Int? {
        switch content {
        case .string(let text): text.count
        case .array(let elements): elements.count
        case .object(let members): members.count
        default: nil
        }
    }

    /// A member by name, whose case does not count, or an element by its place.
    func member(_ key: Draft) -> Draft? {
        switch (content, key.content) {
        case (.object(let members), .string(let name)):
            return members.first { $0.name == name }?.value
                ?? members.first { $0.name.lowercased() == name.lowercased() }?.value
        case (.array(let elements), .number):
            guard let index = key.whole, elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }
}
