extension CELOutline {
    /// What an expression gives as far as it can be told without the object.
    indirect enum Outcome: Equatable {
        case known(Constant)
        /// A list, map or the like with nothing in it.
        case empty
        /// An optional without value.
        case none
        /// An optional with a value.
        case some(Outcome)
        /// An evaluation that breaks.
        case failed
        case unknown

        fileprivate var truth: Bool? {
            guard case .known(.bool(let value)) = self else { return nil }
            return value
        }

        fileprivate static func bool(_ value: Bool) -> Outcome { .known(.bool(value)) }
    }

    /// Where the expression lets an object through because a field is not there; nil if it never does.
    ///
    /// - Parameters:
    ///   - path: The field that is not there.
    ///   - letting: What lets through: true for a rule, false for a condition without which no rule is asked.
    /// - Returns: The place of the first mention of the field: bytes of UTF-8 before it.
    public func passes(without path: OutlinePath, letting: Bool) -> Int? {
        var evaluation = AbsenceEvaluation(path, of: self)
        guard evaluation.passes(root, letting) else { return nil }
        return mentions.filter { $0.key.leads(through: path) }.values.min() ?? 0
    }

    /// Whether a field is named by the expression, or by a variable that it reads.
    public func mentionsAnywhere(_ path: OutlinePath) -> Bool {
        func names(_ outline: CELOutline) -> Bool { outline.mentions.keys.contains { $0.leads(through: path) } }
        return names(self) || usedVariables.contains { variables[$0].map(names) ?? false }
    }
}

/// Evaluates an expression for objects without a certain field, of which nothing else is known.
private struct AbsenceEvaluation {
    typealias Outcome = CELOutline.Outcome

    private let path: OutlinePath
    private let outline: CELOutline
    private var walk: PresenceWalk
    private var locals: [(name: String, outcome: Outcome)] = []
    private var variables: [String: Outcome] = [:]
    private var mentioning: [Int: Bool] = [:]

    init(_ path: OutlinePath, of outline: CELOutline, variables: [String: Outcome]? = nil) {
        self.path = path
        self.outline = outline
        walk = PresenceWalk(outline.variables, scope: "", { _ in false })
        if let variables {
            self.variables = variables
            return
        }
        // Each names those before it alone: with the names sorted by how many they read, no one waits for another.
        let used = outline.usedVariables.sorted {
            let (one, other) = (outline.variables[$0], outline.variables[$1])
            return (one?.usedVariables.count ?? 0, $0) < (other?.usedVariables.count ?? 0, $1)
        }
        for name in used {
            guard let variable = outline.variables[name] else { continue }
            var evaluation = AbsenceEvaluation(path, of: variable, variables: self.variables)
            self.variables[name] = evaluation.outcome(of: variable.root)
        }
    }

    // MARK: Passing

    /// Whether a part of a condition that names the field lets through without it.
    mutating func passes(_ node: Expression, _ letting: Bool) -> Bool {
        guard mentions(node) else { return false }
        if let truth = outcome(of: node).truth { return truth == letting }
        guard case .call(let function, _, let arguments) = node.form else { return false }
        switch function {
        case "!_": return passes(arguments[0], !letting)
        case letting ? "_&&_" : "_||_": return arguments.contains { passes($0, letting) }
        case "_?_:_": return arguments.dropFirst().contains { passes($0, letting) }
        default: return false
        }
    }

    private mutating func mentions(_ node: Expression) -> Bool {
        if let known = mentioning[node.id] { return known }
        var found = false
        var pending = [node]
        while let next = pending.popLast(), !found {
            if case .select(let operand, let field, true) = next.form {
                found = walk.reference(to: operand)?.path.appending(field).leads(through: path) ?? false
            } else if case .select(let operand, let name, false) = next.form,
                case .identifier(CELOutline.variablesName) = operand.form
            {
                found = outline.variables[name]?.mentionsAnywhere(path) ?? false
            }
            found = found || walk.reference(to: next)?.path.leads(through: path) ?? false
            next.forEachChild { pending.append($0) }
        }
        mentioning[node.id] = found
        return found
    }

    // MARK: Outcomes

    mutating func outcome(of node: Expression) -> Outcome {
        if case .select(let operand, let name, false) = node.form,
            case .identifier(CELOutline.variablesName) = operand.form
        {
            return variables[name] ?? .unknown
        }
        if let reference = walk.reference(to: node), reference.path.leads(through: path) {
            return reference.isOptional ? .none : .failed
        }
        switch node.form {
        case .constant(let constant): return .known(constant)
        case .identifier(let name): return locals.last { $0.name == name }?.outcome ?? .unknown
        case .list(let elements, _): return elements.isEmpty ? .empty : combined(elements)
        case .map(let entries): return entries.isEmpty ? .empty : combined(entries.flatMap { [$0.key, $0.value] })
        case .object: return .unknown
        case .select(let operand, let field, true):
            if let reference = walk.reference(to: operand) {
                let asked = reference.path.appending(field)
                if asked == path { return .bool(false) }
                if asked.leads(through: path) { return reference.isOptional ? .bool(false) : .failed }
            }
            return outcome(of: operand) == .failed ? .failed : .unknown
        case .select(let operand, _, false):
            switch outcome(of: operand) {
            case .none: return .none
            case .failed, .empty: return .failed
            default: return .unknown
            }
        case .call(let function, let target, let arguments):
            if let library = node.libraryCall { return outcome(of: library, nil, arguments) }
            return outcome(of: function, target, arguments)
        case .comprehension(let fold): return outcome(of: fold)
        }
    }

    /// Unknown, unless a part breaks.
    private mutating func combined(_ nodes: [Expression]) -> Outcome {
        for node in nodes where outcome(of: node) == .failed { return .failed }
        return .unknown
    }

    private mutating func outcome(of fold: Expression.Comprehension) -> Outcome {
        if fold.variable == Macro.unusedVariable {
            locals.append((fold.accumulator, outcome(of: fold.initial)))
            defer { locals.removeLast() }
            return outcome(of: fold.result)
        }
        switch outcome(of: fold.range) {
        case .failed, .none: return .failed
        case .empty:
            switch fold.macro {
            case "all": return .bool(true)
            case "exists", "exists_one", "existsOne": return .bool(false)
            default: return .empty
            }
        default: return .unknown
        }
    }

    private mutating func outcome(of function: String, _ target: Expression?, _ arguments: [Expression]) -> Outcome {
        switch (function, arguments.count) {
        case ("_&&_", 2): return logic(arguments, deciding: false)
        case ("_||_", 2): return logic(arguments, deciding: true)
        case ("_?_:_", 3):
            let asked = outcome(of: arguments[0])
            if let truth = asked.truth { return outcome(of: arguments[truth ? 1 : 2]) }
            if asked == .failed { return .failed }
            let (yes, no) = (outcome(of: arguments[1]), outcome(of: arguments[2]))
            return yes == no ? yes : .unknown
        case ("orValue", 1), ("or", 1):
            guard let target else { return .unknown }
            let optional = outcome(of: target)
            switch optional {
            case .none: return outcome(of: arguments[0])
            case .some(let value): return function == "or" ? optional : value
            case .failed: return .failed
            default: return .unknown
            }
        case ("@in", 2):
            guard case .list(let elements, _) = arguments[1].form, !elements.isEmpty else { fallthrough }
            return find(outcome(of: arguments[0]), among: elements)
        default:
            let operands = ((target.map { [$0] } ?? []) + arguments).map { outcome(of: $0) }
            if operands.contains(.failed) { return .failed }
            return Self.apply(function, operands)
        }
    }

    /// `&&` and `||`: one operand can decide, and a failure counts only if none does.
    private mutating func logic(_ arguments: [Expression], deciding: Bool) -> Outcome {
        let outcomes = arguments.map { outcome(of: $0) }
        if outcomes.contains(where: { $0.truth == deciding }) { return .bool(deciding) }
        if outcomes.allSatisfy({ $0.truth == !deciding }) { return .bool(!deciding) }
        // Beside a failure what is unknown may still decide, but it cannot give the other truth value.
        if outcomes.contains(.failed), !deciding || !outcomes.contains(.unknown) { return .failed }
        return .unknown
    }

    /// Whether a value is an element of a list that is written down.
    private mutating func find(_ value: Outcome, among elements: [Expression]) -> Outcome {
        guard case .known(let wanted) = value else { return value == .failed ? .failed : .unknown }
        let found = elements.map { outcome(of: $0) }
        if found.contains(.known(wanted)) { return .bool(true) }
        if found.contains(.failed) { return .failed }
        return found.contains { if case .known = $0 { false } else { true } } ? .unknown : .bool(false)
    }

    private static func apply(_ function: String, _ operands: [Outcome]) -> Outcome {
        switch (function, operands.first, operands.dropFirst().first) {
        case ("!_", .known(.bool(let value))?, _): return .bool(!value)
        case ("optional.none", _, _): return .none
        case ("optional.of", let value?, _): return value == .unknown ? .unknown : .some(value)
        case ("hasValue", .some(.none), _): return .bool(false)
        case ("hasValue", .some(.some)?, _): return .bool(true)
        case ("value", .some(.some(let value))?, _): return value
        case ("value", .some(.none), _): return .failed
        case ("_[_]", .empty?, _), ("_[_]", .some(.none), _): return .failed
        case ("_?._", .empty?, _), ("_?._", .some(.none), _), ("_[?_]", .empty?, _), ("_[?_]", .some(.none), _):
            return .none
        case ("_==_", .known(let one)?, .known(let other)?): return .bool(one == other)
        case ("_!=_", .known(let one)?, .known(let other)?): return .bool(one != other)
        case ("_==_", .empty?, .empty?): return .bool(true)
        case ("_!=_", .empty?, .empty?): return .bool(false)
        case ("@in", _, .empty?): return .bool(false)
        case ("size", .empty?, _): return .known(.int(0))
        case ("size", .known(.string(let text))?, _): return .known(.int(Int64(text.unicodeScalars.count)))
        case ("contains", .known(.string(let text))?, .known(.string(let part))?):
            return .bool(part.isEmpty || text.contains(part))
        case ("startsWith", .known(.string(let text))?, .known(.string(let part))?):
            return .bool(text.utf8.starts(with: part.utf8))
        case ("endsWith", .known(.string(let text))?, .known(.string(let part))?):
            return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
        case ("_<_", .known(.int(let one))?, .known(.int(let other))?): return .bool(one < other)
        case ("_<=_", .known(.int(let one))?, .known(.int(let other))?): return .bool(one <= other)
        case ("_>_", .known(.int(let one))?, .known(.int(let other))?): return .bool(one > other)
        case ("_>=_", .known(.int(let one))?, .known(.int(let other))?): return .bool(one >= other)
        default: return .unknown
        }
    }
}
