internal import JSON

/// What is wrong with a template, without its place.
struct TemplateFault: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

/// What expressions of one template can refer to: parameters, variables, and where it is deployed.
final class TemplateScope {
    /// Where it is deployed to, as its functions tell it.
    let target: DeploymentTarget
    private let document: JSONDocument
    private let parameters: JSONValue?
    private let variables: JSONValue?
    /// Values from outside, by name in small letters.
    private let given: [String: Draft]
    private var evaluated: [String: Draft] = [:]
    private var pending: [String] = []
    /// How deep values and expressions stand in each other, those of names included.
    private var depth = 0
    let budget: Budget

    /// How much may still be evaluated of one file.
    final class Budget {
        private(set) var steps = 2_000_000

        func spend(_ count: Int) throws(TemplateFault) {
            steps -= count
            guard steps >= 0 else { throw TemplateFault("takes more than 2000000 steps to evaluate") }
        }

        func spend(onText text: String) throws(TemplateFault) { try spend(1 + text.utf8.count / 16) }

        /// Spends for all that is in a value, each time that it is there: what is shared in memory is written out later.
        func spend(on value: Draft, depth: Int = 0) throws(TemplateFault) {
            guard depth < ResourceSource.limits.maximumDepth else {
                throw TemplateFault("has a value that is more than \(ResourceSource.limits.maximumDepth) deep")
            }
            switch value.content {
            case .string(let text), .unknown(because: let text): try spend(onText: text)
            case .number(let digits): try spend(1 + digits.count / 16)
            case .bool, .null: try spend(1)
            case .array(let elements):
                try spend(1)
                for element in elements { try spend(on: element, depth: depth + 1) }
            case .object(let members):
                try spend(1)
                for member in members {
                    try spend(onText: member.name)
                    try spend(on: member.value, depth: depth + 1)
                }
            }
        }
    }

    init(
        _ template: CaselessObject,
        in document: JSONDocument,
        given: [String: Draft],
        target: DeploymentTarget,
        budget: Budget
    ) {
        self.document = document
        self.given = given
        self.target = target
        self.budget = budget
        parameters = template["parameters"]
        variables = template["variables"]
    }

    /// Where the loops stand around a value: the index by the loop's name, and of the innermost under the empty name.
    typealias Loops = [String: Draft]

    // MARK: Values

    /// A value with its expressions evaluated.
    func value(_ value: JSONValue, _ loops: Loops = [:]) throws(TemplateFault) -> Draft {
        try enter()
        defer { depth -= 1 }
        switch value.kind {
        case .string: return try text(document.string(value) ?? "", loops)
        case .array:
            var elements: [Draft] = []
            for element in document.elements(of: value) { elements.append(try self.value(element, loops)) }
            return Draft(.array(elements))
        case .object:
            var members: [(name: String, value: Draft)] = []
            for (key, member) in document.members(of: value) {
                let name = document.string(key) ?? ""
                if name.lowercased() == "copy", member.isArray, try isCopy(member) {
                    members += try copies(member, loops)
                    continue
                }
                let key = try text(name, loops)
                // Nobody knows under which name it will be: nothing of the object is certain.
                if key.isUnknown { return key }
                members.append((key.text ?? name, try self.value(member, loops)))
            }
            return Draft(.object(members))
        default:
            let scalar = Draft(value, in: document)
            try budget.spend(on: scalar)
            return scalar
        }
    }

    /// Counts a step, and one more that stands in others: what recurses must not outgrow the stack.
    private func enter() throws(TemplateFault) {
        try budget.spend(1)
        guard depth < Self.maximumDepth else {
            throw TemplateFault("has values and expressions in each other, \(Self.maximumDepth) deep")
        }
        depth += 1
    }

    private static let maximumDepth = 1_000

    private func isCopy(_ list: JSONValue) throws(TemplateFault) -> Bool {
        for entry in document.elements(of: list) {
            guard try member("name", of: entry) != nil, try member("input", of: entry) != nil else { return false }
        }
        return true
    }

    /// The members that a `copy` in an object makes.
    private func copies(_ list: JSONValue, _ loops: Loops) throws(TemplateFault) -> [(name: String, value: Draft)] {
        var members: [(name: String, value: Draft)] = []
        for entry in document.elements(of: list) {
            guard let name = try member("name", of: entry).flatMap({ document.string($0) }),
                let input = try member("input", of: entry)
            else { continue }
            var elements: [Draft] = []
            switch try count(of: entry, loops) {
            case .some(let count):
                for index in 0..<count {
                    var inner = loops
                    inner[name.lowercased()] = TemplateFunctions.number(index)
                    inner[""] = inner[""] ?? TemplateFunctions.number(index)
                    elements.append(try value(input, inner))
                }
                members.append((name, Draft(.array(elements))))
            case nil: members.append((name, Draft(.unknown(because: "how often its loop runs is not known"))))
            }
        }
        return members
    }

    /// How often a loop runs; nil if that is not known.
    func count(of loop: JSONValue, _ loops: Loops) throws(TemplateFault) -> Int? {
        guard let value = try member("count", of: loop) else {
            throw TemplateFault("has a copy without count")
        }
        let count = try self.value(value, loops)
        if count.isUnknown { return nil }
        guard let number = count.whole, (0...Self.maximumCopies).contains(number) else {
            throw TemplateFault("has a copy whose count is none from 0 to \(Self.maximumCopies)")
        }
        return number
    }

    /// As many as Azure makes.
    static let maximumCopies = 800

    /// A text, which may be an expression.
    func text(_ text: String, _ loops: Loops) throws(TemplateFault) -> Draft {
        let result = try resolve(text, loops)
        try budget.spend(on: result)
        return result
    }

    private func resolve(_ text: String, _ loops: Loops) throws(TemplateFault) -> Draft {
        if text.hasPrefix("["), text.hasSuffix("]"), !text.hasPrefix("[[") {
            let expression: TemplateExpression
            do throws(TemplateError) {
                expression = try TemplateExpression(text)
            } catch {
                // Functions of the template's own, and what Azure will refuse.
                return Draft(
                    .unknown(because: "its expression cannot be read: \(error.message) at \(error.offset + 1)")
                )
            }
            return try evaluate(expression, loops)
        }
        // Two brackets are one that is none.
        return Draft(.string(text.hasPrefix("[[") ? String(text.dropFirst()) : text))
    }

    // MARK: Names

    private func parameter(_ name: String) throws(TemplateFault) -> Draft {
        let value = given[name.lowercased()]
        if let value, value.isUnknown { return value }
        return try once("parameters('\(name)')") { () throws(TemplateFault) in
            guard let parameters, let declared = try member(name, of: parameters) else {
                if let value { return value }
                throw TemplateFault("has no parameter '\(name.prefix(80))'")
            }
            let type = try member("type", of: declared).flatMap { document.string($0) }?.lowercased()
            // Also if its value is given: no message is to show it.
            if type == "securestring" || type == "secureobject" {
                return Draft(.unknown(because: "the parameter \(name) is a secret"))
            }
            if let value { return value }
            guard let value = try member("defaultValue", of: declared) else {
                return Draft(.unknown(because: "the parameter \(name) has no value here"))
            }
            return try self.value(value)
        }
    }

    private func variable(_ name: String) throws(TemplateFault) -> Draft {
        try once("variables('\(name)')") { () throws(TemplateFault) in
            if let variables, let value = try member(name, of: variables) { return try self.value(value) }
            if let variables, let copy = try member("copy", of: variables), copy.isArray,
                let made = try copies(copy, [:]).first(where: { $0.name.lowercased() == name.lowercased() })
            {
                return made.value
            }
            throw TemplateFault("has no variable '\(name.prefix(80))'")
        }
    }

    /// What a name stands for, evaluated once.
    private func once(_ name: String, _ make: () throws(TemplateFault) -> Draft) throws(TemplateFault) -> Draft {
        let key = name.lowercased()
        if let value = evaluated[key] { return value }
        guard !pending.contains(key) else { throw TemplateFault("has a loop: \(name) is told by itself") }
        guard pending.count < 128 else { throw TemplateFault("has more than 128 names that are told by one another") }
        pending.append(key)
        defer { pending.removeLast() }
        let value = try make()
        evaluated[key] = value
        return value
    }

    /// A member whose name's case does not count: nobody tells which of two Azure takes.
    private func member(_ name: String, of object: JSONValue) throws(TemplateFault) -> JSONValue? {
        try budget.spend(1 + document.count(of: object) / 8)
        let wanted = name.lowercased()
        var found: JSONValue?
        for (key, value) in document.members(of: object) where document.string(key)?.lowercased() == wanted {
            guard found == nil else {
                throw TemplateFault("has two members '\(name.prefix(80))', whose case does not count")
            }
            found = value
        }
        return found
    }

    // MARK: Expressions

    private func evaluate(_ expression: TemplateExpression, _ loops: Loops) throws(TemplateFault) -> Draft {
        try enter()
        defer { depth -= 1 }
        switch expression {
        case .literal(let literal):
            let value = Draft(literal: literal)
            try budget.spend(on: value)
            return value
        case .array(let elements):
            var values: [Draft] = []
            for element in elements { values.append(try evaluate(element, loops)) }
            return Draft(.array(values))
        case .member(let container, let name): return try member(Draft(.string(name)), of: container, loops)
        case .index(let container, let index): return try member(try evaluate(index, loops), of: container, loops)
        case .call(let name, let arguments): return try call(name, arguments, loops)
        }
    }

    private func member(
        _ key: Draft,
        of container: TemplateExpression,
        _ loops: Loops
    ) throws(TemplateFault) -> Draft {
        let value = try evaluate(container, loops)
        if value.isUnknown { return value }
        if key.isUnknown { return key }
        try budget.spend(1 + value.width / 4)
        return value.member(key)
            ?? Draft(.unknown(because: "it is taken from something that has no '\(key.text ?? "such place")'"))
    }

    /// Spends for what a function looks at in its arguments; what it gives is spent for when it is there.
    private func spend(on name: String, _ arguments: [Draft]) throws(TemplateFault) {
        guard TemplateFunctions.readsAll(name) else {
            for value in arguments { try budget.spend(1 + value.width / 4) }
            return
        }
        for (place, value) in arguments.enumerated() {
            let before = budget.steps
            try budget.spend(on: value)
            let size = before - budget.steps
            guard place > 0 else { continue }
            switch name {
            case "union", "intersection":
                // What is in one list is compared with all that is in those before it.
                for other in arguments[..<place] {
                    guard case .array(let elements) = other.content else { break }
                    try budget.spend(min(size, 2_000_000) * elements.count / 4)
                }
            case "split":
                // Each mark goes through all of the text.
                guard case .array(let marks) = value.content, let text = arguments[0].text else { break }
                for _ in marks { try budget.spend(onText: text) }
            default: break
            }
        }
    }

    private func call(
        _ name: String,
        _ arguments: [TemplateExpression],
        _ loops: Loops
    ) throws(TemplateFault) -> Draft {
        switch name {
        case "if":
            guard arguments.count == 3 else { throw TemplateFault("has an if() without three arguments") }
            let condition = try evaluate(arguments[0], loops)
            guard case .bool(let isTrue) = condition.content else {
                return condition.isUnknown ? condition : Draft(.unknown(because: "if() is given no truth value"))
            }
            return try evaluate(arguments[isTrue ? 1 : 2], loops)
        case "and", "or":
            // What decides it goes before what is not known.
            var unknown: Draft?
            for argument in arguments {
                let value = try evaluate(argument, loops)
                if case .bool(let isTrue) = value.content {
                    if isTrue == (name == "or") { return value }
                } else {
                    unknown =
                        unknown
                        ?? (value.isUnknown ? value : Draft(.unknown(because: "\(name)() is given no truth value")))
                }
            }
            return unknown ?? Draft(.bool(name == "and"))
        case "coalesce":
            for argument in arguments {
                let value = try evaluate(argument, loops)
                if case .null = value.content { continue }
                return value
            }
            return Draft(.null)
        default: break
        }
        var values: [Draft] = []
        for argument in arguments { values.append(try evaluate(argument, loops)) }
        switch name {
        case "parameters", "variables":
            guard let value = values.first else { throw TemplateFault("has a \(name)() without name") }
            if value.isUnknown { return value }
            guard let text = value.text else { throw TemplateFault("has a \(name)() whose name is no text") }
            return name == "parameters" ? try parameter(text) : try variable(text)
        case "copyindex":
            var index = loops[""]
            var offset = 0
            for value in values {
                if let name = value.text { index = loops[name.lowercased()] } else { offset = value.whole ?? 0 }
            }
            guard let index else { throw TemplateFault("has a copyIndex() outside of a loop") }
            guard let number = index.whole else { return index }
            return TemplateFunctions.number(number + offset)
        case "resourcegroup", "subscription", "resourceid", "subscriptionresourceid", "extensionresourceid",
            "tenantresourceid":
            return target.call(name, values)
        default:
            try spend(on: name, values)
            guard let result = TemplateFunctions.call(name, values) else {
                return Draft(.unknown(because: "it depends on \(name.prefix(40))()"))
            }
            try budget.spend(on: result)
            return result
        }
    }
}

extension Draft {
    /// A value of an expression.
    fileprivate convenience init(literal: TemplateLiteral) {
        switch literal {
        case .null: self.init(.null)
        case .bool(let value): self.init(.bool(value))
        case .int(let value): self.init(.number(Array("\(value)".utf8)))
        case .double(let value): self.init(.number(Array("\(value)".utf8)))
        case .string(let text): self.init(.string(text))
        case .array(let elements): self.init(.array(elements.map { Draft(literal: $0) }))
        case .object(let members): self.init(.object(members.map { ($0.key, Draft(literal: $0.value)) }))
        }
    }
}
