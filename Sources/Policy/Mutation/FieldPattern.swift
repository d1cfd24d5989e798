internal import Azure
internal import JSON

/// A field as policies name it: `spec.sku.name`, `metadata.labels['team']`, `spec.agentPoolProfiles[].vmSize`,
/// `spec.rules[name=web].access`.
struct FieldPattern: Hashable, Sendable, CustomStringConvertible {
    /// One step into a value.
    enum Step: Hashable, Sendable {
        case member(String)
        /// Into every element of a list.
        case every
        /// Into the elements of a list that have a member with this text.
        case keyed(String, String)
    }

    let steps: [Step]
    let description: String

    static let maximumSteps = 24
    /// The most elements of one list that are looked at.
    static let maximumElements = 1000

    /// Whether an object has at most one such field.
    var isSingle: Bool { steps.allSatisfy { if case .member = $0 { true } else { false } } }

    /// The names of the members on the way and at its end.
    var names: [String] {
        steps.compactMap { if case .member(let name) = $0 { name } else { nil } }
    }

    /// Whether a place that one stands for may lie in, or hold, one that the other stands for.
    func overlaps(_ other: FieldPattern) -> Bool {
        zip(steps, other.steps).allSatisfy { first, second in
            switch (first, second) {
            case (.member(let first), .member(let second)): first == second
            case (.keyed(let key, let first), .keyed(let other, let second)): key != other || first == second
            case (.member, _), (_, .member): false
            default: true
            }
        }
    }

    /// The same for one place.
    func overlaps(_ path: FieldPath) -> Bool {
        zip(steps, path.steps).allSatisfy { step, place in
            switch (step, place) {
            case (.member(let name), .member(let member)): name == member
            case (.every, .element), (.keyed, .element): true
            default: false
            }
        }
    }
}

extension FieldPath {
    /// Whether one of the places holds the other, or is it.
    func overlaps(_ other: FieldPath) -> Bool {
        zip(steps, other.steps).allSatisfy { $0 == $1 }
    }
}

// MARK: Parsing

extension FieldPattern {
    /// What is wrong with a text, so many bytes from its beginning.
    struct ParseError: Error, Equatable {
        let offset: Int
        let message: String
        let mend: String
    }

    init(parsing text: String) throws(ParseError) {
        var parser = Parser(bytes: Array(text.utf8))
        steps = try parser.steps()
        description = text
    }

    private struct Parser {
        let bytes: [UInt8]
        var index = 0

        init(bytes: [UInt8]) {
            self.bytes = bytes
        }

        mutating func steps() throws(ParseError) -> [Step] {
            var steps: [Step] = []
            while index < bytes.count {
                guard steps.count < FieldPattern.maximumSteps else {
                    throw fault("has more than \(FieldPattern.maximumSteps) steps", "name a field further up")
                }
                if bytes[index] == UInt8(ascii: "[") {
                    guard !steps.isEmpty else { throw fault("begins with '['", "begin with spec or metadata") }
                    steps.append(try bracket())
                    continue
                }
                if !steps.isEmpty {
                    guard bytes[index] == UInt8(ascii: ".") else {
                        throw fault("goes on after ']' without '.'", "write a '.' before the next name")
                    }
                    index += 1
                }
                steps.append(.member(try name()))
            }
            guard !steps.isEmpty else { throw fault("is empty", "name a field, such as spec.location") }
            return steps
        }

        private mutating func name() throws(ParseError) -> String {
            let start = index
            while index < bytes.count, bytes[index].isPlainInFieldPattern { index += 1 }
            guard index > start else {
                let isStar = index < bytes.count && bytes[index] == UInt8(ascii: "*")
                throw fault(
                    "lacks a name here",
                    isStar
                        ? "write [] for every element of a list; members are named one by one"
                        : "write letters and digits, or quote the name: ['…']"
                )
            }
            return String(decoding: bytes[start..<index], as: UTF8.self)
        }

        /// Reads `[]`, `[*]`, `['name']` or `[key=value]`.
        private mutating func bracket() throws(ParseError) -> Step {
            let start = index
            index += 1
            if let quoted = try quoted() {
                try close(start)
                return .member(quoted)
            }
            if index < bytes.count, bytes[index] == UInt8(ascii: "*") { index += 1 }
            if index < bytes.count, bytes[index] == UInt8(ascii: "]") {
                index += 1
                return .every
            }
            let key = index
            while index < bytes.count, bytes[index].isPlainInFieldPattern { index += 1 }
            guard index > key, index < bytes.count, bytes[index] == UInt8(ascii: "=") else {
                index = start
                throw fault(
                    "has a '[' that nothing fitting follows",
                    "write [] for every element, [name=…] for those with that member (places change), or ['name']"
                )
            }
            let name = String(decoding: bytes[key..<index], as: UTF8.self)
            index += 1
            if let quoted = try quoted() {
                try close(start)
                return .keyed(name, quoted)
            }
            let value = index
            while index < bytes.count, bytes[index] != UInt8(ascii: "]") { index += 1 }
            let text = String(decoding: bytes[value..<index], as: UTF8.self)
            try close(start)
            return .keyed(name, text)
        }

        private mutating func close(_ start: Int) throws(ParseError) {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "]") else {
                index = start
                throw fault("has a '[' that is not closed", "add ']'")
            }
            index += 1
        }

        /// Reads a text in quotes of either form, if one begins here.
        private mutating func quoted() throws(ParseError) -> String? {
            guard index < bytes.count, bytes[index] == UInt8(ascii: "'") || bytes[index] == UInt8(ascii: "\"") else {
                return nil
            }
            let start = index + 1
            guard let end = bytes[start...].firstIndex(of: bytes[index]) else {
                throw fault("has a quote that is not closed", "add the second quote")
            }
            guard end > start else { throw fault("quotes nothing", "write the name between the quotes") }
            index = end + 1
            return String(decoding: bytes[start..<end], as: UTF8.self)
        }

        private func fault(_ message: String, _ mend: String) -> ParseError {
            ParseError(offset: index, message: message, mend: mend)
        }
    }
}

extension UInt8 {
    fileprivate var isPlainInFieldPattern: Bool {
        isAlphanumericASCII || self == UInt8(ascii: "_") || self == UInt8(ascii: "-") || self == UInt8(ascii: "$")
    }
}

extension Node {
    /// A field's name.
    func fieldPattern() -> FieldPattern? {
        string().flatMap { fieldPattern($0) }
    }

    /// The same, if it is the key under which the node stands.
    func fieldPattern(_ text: String) -> FieldPattern? {
        do throws(FieldPattern.ParseError) {
            return try FieldPattern(parsing: text)
        } catch {
            let place = "at character \(error.offset + 1): " + error.message
            self.error("\"\(text.prefix(80))\" names no field: \(place)", mend: error.mend)
            return nil
        }
    }
}

// MARK: Finding

extension FieldPattern {
    /// One place that a pattern stands for.
    struct Place {
        let path: FieldPath
        /// What stands there; never `null`.
        let value: JSONValue?
        /// The object in which it stands or would stand; nil if that is missing too.
        let container: JSONValue?
        /// What stood there before.
        let old: JSONValue?
    }

    /// Why the places of an object cannot be told.
    enum Fault: Error {
        /// What is on the way is neither an object nor a list where it should be one.
        case malformed(FieldPath, expected: String)
        case tooManyElements

        func evaluationError(_ field: FieldPattern) -> EvaluationError {
            switch self {
            case .malformed(let path, let expected): .malformed(path: path.description, expected: expected)
            case .tooManyElements:
                .expression("\(field) is in a list of more than \(FieldPattern.maximumElements) elements")
            }
        }
    }

    /// The places of an object, elements of lists in their order; what is missing counts where an object could hold it.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - old: What it was before; elements of lists are the same if their keys are.
    ///   - isStrict: Whether it is a fault if the object has another form than the pattern asks for; else it has no such field.
    /// - Returns: The places.
    /// - Throws: If the object has another form, or a list has too many elements.
    func places(
        in object: JSONFragment,
        before old: JSONFragment?,
        isStrict: Bool
    ) throws(Fault) -> [Place] {
        var finder = Finder(steps: steps, document: object.document, old: old?.document, isStrict: isStrict)
        try finder.descend(0, [], object.value, object.value, old?.value)
        return finder.places
    }

    private struct Finder {
        let steps: [Step]
        let document: JSONDocument
        let old: JSONDocument?
        let isStrict: Bool
        var places: [Place] = []

        mutating func descend(
            _ depth: Int,
            _ path: [FieldPath.Step],
            _ value: JSONValue?,
            _ container: JSONValue?,
            _ before: JSONValue?
        ) throws(Fault) {
            guard depth < steps.count else {
                places.append(Place(path: FieldPath(path), value: value, container: container, old: before))
                return
            }
            switch steps[depth] {
            case .member(let name):
                if isStrict, let value, !value.isObject { throw .malformed(FieldPath(path), expected: "an object") }
                try descend(
                    depth + 1,
                    path + [.member(name)],
                    value.flatMap { $0.isUnknown ? $0 : document.present(name, of: $0) },
                    value,
                    before.flatMap { old?.present(name, of: $0) }
                )
            case .every, .keyed:
                guard let value else { return }
                guard value.isArray else {
                    if isStrict { throw .malformed(FieldPath(path), expected: "a list") }
                    return
                }
                guard document.count(of: value) <= FieldPattern.maximumElements else { throw .tooManyElements }
                let counterparts = elements(of: before)
                for (index, element) in document.elements(of: value).enumerated() where !element.isNull {
                    if case .keyed(let key, let text) = steps[depth] {
                        guard let member = document.present(key, of: element), document.says(member, text) else {
                            continue
                        }
                    }
                    let key = document.elementKey(element) ?? .element(index)
                    try descend(depth + 1, path + [.element(index)], element, value, counterparts[key])
                }
            }
        }

        /// The elements that a list had, by their keys.
        private func elements(of list: JSONValue?) -> [StableStep: JSONValue] {
            guard let list, let old, list.isArray, old.count(of: list) <= FieldPattern.maximumElements else {
                return [:]
            }
            var result: [StableStep: JSONValue] = [:]
            for (index, element) in old.elements(of: list).enumerated() where !element.isNull {
                let key = old.elementKey(element) ?? .element(index)
                if result[key] == nil { result[key] = element }
            }
            return result
        }
    }
}

extension JSONDocument {
    /// A member that is not `null`, though nobody may know it yet; nil for what is no object.
    func present(_ name: String, of object: JSONValue) -> JSONValue? {
        guard object.isObject, let value = member(name, of: object), !value.isNull || value.isUnknown else {
            return nil
        }
        return value
    }

    /// Whether a scalar is written so.
    func says(_ value: JSONValue, _ text: String) -> Bool {
        if value.isString { return equals(value, text) }
        return !value.isObject && !value.isArray && String(lexeme(value)) == text
    }
}
