// What names stand for: the longest prefix of `a.b.c` that is one name is one, looked up from the innermost container out.
extension Checker {
    mutating func checkIdentifier(_ node: Expression) {
        guard case .identifier(let name) = node.form else { return }
        if let type = local(name) {
            refer(node, to: .local(name))
            set(node, type)
        } else if let (reference, type) = global(name) {
            refer(node, to: reference)
            set(node, type)
        } else {
            reportUnknownVariable(name, at: node.offset)
        }
    }

    /// A name of the environment, of a type or of a constant, in the containers from the inside out.
    private func global(_ name: String) -> (CheckedExpression.Reference, CELType)? {
        if name.utf8.first == UInt8(ascii: ".") { return root(String(name.dropFirst())) }
        for prefix in environment.prefixes {
            if let found = root(prefix.isEmpty ? name : prefix + name) { return found }
        }
        return nil
    }

    private func root(_ name: String) -> (CheckedExpression.Reference, CELType)? {
        if let number = environment.variableNumbers[name] {
            return (.variable(number), environment.variables[number].type)
        }
        if let type = WellKnownType.names[name] ?? environment.table.types[name] {
            return (.type(type), .type(type))
        }
        if environment.objects[name] != nil { return (.type(.object(name)), .type(.object(name))) }
        if let constant = WellKnownType.constants[name] { return (.constant(constant), constant.type) }
        return nil
    }

    mutating func beginSelect(_ node: Expression) {
        guard case .select(let operand, _, let isTest) = node.form else { return }
        if !isTest, mayBeOneName(node), let name = node.qualifiedName, let (reference, type) = global(name) {
            refer(node, to: reference)
            set(node, type)
        } else {
            later(.complete(node))
            later(.check(operand))
        }
    }

    mutating func completeSelect(_ node: Expression) {
        guard case .select(let operand, let field, let isTest) = node.form else { return }
        let type = selected(field, of: operand, at: node.offset, isOptional: false)
        set(node, isTest ? .bool : type)
    }

    /// Whether a chain of selections begins as a name with dots does.
    private func mayBeOneName(_ node: Expression) -> Bool {
        var current = node
        while case .select(let operand, _, false) = current.form { current = operand }
        guard case .identifier(let root) = current.form else { return false }
        if root.utf8.first == UInt8(ascii: ".") { return true }
        guard local(root) == nil else { return false }
        return environment.prefixes.count > 1 || environment.dottedRoots.contains(root)
    }

    /// Finishes `operand.?field`.
    mutating func completeOptionalSelect(_ node: Expression, _ operand: Expression, _ field: Expression) {
        guard case .constant(.string(let name)) = field.form else { return }
        set(field, .string)
        set(node, selected(name, of: operand, at: node.offset, isOptional: true))
    }

    /// The type of a field of an operand that has been checked.
    private mutating func selected(
        _ name: String,
        of operand: Expression,
        at offset: Int,
        isOptional: Bool
    ) -> CELType {
        var isOptional = isOptional
        var type = unifier.resolve(type(of: operand))
        // Selecting from an optional gives an optional.
        if case .optional(let value) = type {
            isOptional = true
            type = value
        }
        let result: CELType
        switch type {
        case .map(_, let value): result = value
        case .object(let object): result = fieldType(name, of: object, at: offset)
        case .dyn: result = .dyn
        case .parameter:
            _ = unifier.isAssignable(.dyn, type)
            result = .dyn
        default:
            report("\(describe(type)) has no fields; '.\(name)' needs a map or an object", at: offset)
            result = .dyn
        }
        return isOptional ? .optional(result) : result
    }

    private mutating func fieldType(_ name: String, of object: String, at offset: Int) -> CELType {
        if let declared = environment.objects[object] {
            if let type = declared.fields[name] { return type }
            reportUnknownField(name, of: object, declared.fields, at: offset)
        } else if !environment.isOpen(object) {
            report("\(object) has no fields", at: offset)
        }
        return .dyn
    }

    /// The type that an object literal names: its full name, what the literal is, and its fields, nil for any.
    func resolveObject(_ name: String) -> (name: String, type: CELType, fields: [String: CELType]?)? {
        let candidates =
            name.utf8.first == UInt8(ascii: ".")
            ? [String(name.dropFirst())]
            : environment.prefixes.map { $0 + name }
        for candidate in candidates {
            if let declared = environment.objects[candidate] {
                return (candidate, .object(candidate), declared.fields)
            }
            if environment.isOpen(candidate) { return (candidate, .object(candidate), nil) }
            if let known = WellKnownType.all[candidate] { return (candidate, known.checkedType, known.fields) }
        }
        return nil
    }

    // MARK: Messages

    private mutating func reportUnknownVariable(_ name: String, at offset: Int) {
        guard wantsIssues else { return }
        let hint = Suggestion.text(for: name, among: variableNames)
        report("there is no variable '\(name)'\(hint)", at: offset)
    }

    mutating func reportUnknownType(_ name: String, at offset: Int) {
        guard wantsIssues else { return }
        let known = Array(environment.objects.keys) + Array(WellKnownType.all.keys)
        report("there is no type '\(name)'\(Suggestion.text(for: name, among: known))", at: offset)
    }

    mutating func reportUnknownField(_ name: String, of object: String, _ fields: [String: CELType], at offset: Int) {
        guard wantsIssues else { return }
        let hint = Suggestion.text(for: name, among: Array(fields.keys))
        report("\(object) has no field '\(name)'\(hint)", at: offset)
    }
}

extension CELEnvironment {
    /// Whether a type takes any fields: the open object or one below it.
    func isOpen(_ name: String) -> Bool {
        guard let openObject, name.utf8.starts(with: openObject.utf8) else { return false }
        let rest = name.utf8.dropFirst(openObject.utf8.count)
        return rest.isEmpty || rest.first == UInt8(ascii: ".")
    }
}
