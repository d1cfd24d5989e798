extension CELEnvironment {
    /// Parses an expression, finds out what its names stand for and whether its types agree.
    ///
    /// - Parameters:
    ///   - source: At most `Parser.maximumCodePoints` long.
    ///   - unchecked: Whether names and types are left to the evaluation: then everything is `dyn`, a call has all overloads
    ///     of its name and number of arguments, and what is unknown fails only when it is reached.
    /// - Returns: The tree with the types and references of its nodes.
    /// - Throws: Everything that is wrong.
    func check(_ source: String, unchecked: Bool = false) throws(CELCompileError) -> CheckedExpression {
        let root = try Parser.parse(source, profile: profile)
        var checker = Checker(self, nodes: root.id + 1, isUnchecked: unchecked)
        checker.check(root)
        return try checker.finish(root, source: source)
    }
}

/// Finds out what the names and calls of a tree stand for, and the types of its nodes.
///
/// The rules are cel-go's (`checker/checker.go`). Types are gradual: `dyn` agrees with everything, and after an error a node
/// is `dyn`, so that one mistake is told once.
///
/// Nothing recurses over the tree: what is still to be done lies on `tasks`, because a pass with frames as large as these
/// would need more than the 2 KiB that a level has on a small stack.
struct Checker {
    /// How deep comprehensions may be nested in the bodies of others.
    ///
    /// Kubernetes leaves that to the cost limit; nobody writes more than four, and evaluation keeps a few slots for each.
    static let maximumComprehensionNesting = 32

    let environment: CELEnvironment
    let isUnchecked: Bool
    var unifier = TypeUnifier()
    var issues: [SyntaxIssue] = []
    private var types: [CELType]
    private var references: [CheckedExpression.Reference]
    /// The variables of the comprehensions and bindings that enclose the node at hand.
    private var locals: [(name: String, type: CELType)] = []
    private var comprehensionNesting = 0
    private var tasks: [Task] = []

    /// What is to be done with a node, the last first.
    enum Task {
        case check(Expression)
        /// All below has been checked.
        case complete(Expression)
        /// The arguments, and the target unless it is a part of the function's name, have been checked.
        case resolve(Expression, FunctionTable.Entry, isMethod: Bool)
        /// A comprehension's range and initial value have been checked.
        case enterLoop(Expression)
        /// A comprehension's condition and step have been checked.
        case leaveLoop(Expression)
        /// A number of a block's bindings have been checked.
        case continueBlock(Expression, Int)
    }

    init(_ environment: CELEnvironment, nodes: Int, isUnchecked: Bool) {
        self.environment = environment
        self.isUnchecked = isUnchecked
        types = Array(repeating: .dyn, count: nodes)
        references = Array(repeating: .none, count: nodes)
    }

    /// What has been found out, with `dyn` for all types that nothing is known of.
    consuming func finish(_ root: Expression, source: String) throws(CELCompileError) -> CheckedExpression {
        for index in types.indices { types[index] = unifier.finished(types[index]) }
        var checked = CheckedExpression(source: source, root: root, types: types, references: references)
        if issues.isEmpty, !isUnchecked { issues = LiteralRules.issues(of: checked, in: environment.profile) }
        if isUnchecked {
            checked = CheckedExpression(
                source: source,
                root: root,
                types: Array(repeating: .dyn, count: types.count),
                references: references
            )
        }
        guard issues.isEmpty else {
            throw CELCompileError(issues.map { ($0.message, $0.offset) }, source: source)
        }
        return checked
    }

    // MARK: Nodes

    func type(of node: Expression) -> CELType { types[node.id] }

    mutating func set(_ node: Expression, _ type: CELType) { types[node.id] = unifier.resolve(type) }

    mutating func refer(_ node: Expression, to reference: CheckedExpression.Reference) {
        references[node.id] = reference
    }

    mutating func report(_ message: String, at offset: Int) {
        guard wantsIssues else { return }
        issues.append(SyntaxIssue(message: message, offset: offset))
    }

    /// Whether it is worth making a message: not if thousands of names are unknown.
    var wantsIssues: Bool { !isUnchecked && issues.count < 10 * CELCompileError.maximumIssues }

    /// Finds out about a node and all below.
    mutating func check(_ root: Expression) {
        tasks.append(.check(root))
        while let task = tasks.popLast() {
            switch task {
            case .check(let node): begin(node)
            case .complete(let node): complete(node)
            case .resolve(let node, let function, let isMethod): resolve(node, function, isMethod: isMethod)
            case .enterLoop(let node): enterLoop(node)
            case .leaveLoop(let node): leaveLoop(node)
            case .continueBlock(let node, let count): continueBlock(node, count)
            }
        }
    }

    /// Checks a node that has nothing below, or leaves for later what has to be done before and behind.
    private mutating func begin(_ node: Expression) {
        switch node.form {
        case .constant(let constant): types[node.id] = constant.type
        case .identifier: checkIdentifier(node)
        case .select: beginSelect(node)
        case .call: beginCall(node)
        case .list, .map, .object:
            later(.complete(node))
            laterChildren(of: node)
        case .comprehension(let fold):
            later(.enterLoop(node))
            later(.check(fold.initial))
            later(.check(fold.range))
        }
    }

    mutating func later(_ task: Task) { tasks.append(task) }

    /// Leaves for later to check what is directly below a node, the first first.
    private mutating func laterChildren(of node: Expression) {
        let first = tasks.count
        node.forEachChild { tasks.append(.check($0)) }
        tasks[first...].reverse()
    }

    private mutating func complete(_ node: Expression) {
        switch node.form {
        case .constant, .identifier: break
        case .select: completeSelect(node)
        case .call: completeCall(node)
        case .list: completeList(node)
        case .map: completeMap(node)
        case .object: completeObject(node)
        case .comprehension(let fold):
            locals.removeLast()
            set(node, type(of: fold.result))
        }
    }

    mutating func require(_ node: Expression, _ type: CELType, is wanted: CELType) {
        guard !isUnchecked, !unifier.isAssignable(wanted, type) else { return }
        report("expected \(describe(wanted)), found \(describe(type))", at: node.startOffset)
    }

    /// A type as messages show it: with what is known of it, and not longer than a line.
    func describe(_ type: CELType) -> String {
        let text = unifier.finished(type).description
        return text.utf8.count <= 100 ? text : String(text.prefix(97)) + "…"
    }

    // MARK: Literals

    private mutating func completeList(_ node: Expression) {
        guard case .list(let elements, let optional) = node.form else { return }
        var joined: CELType?
        var nextOptional = 0
        for (place, element) in elements.enumerated() {
            var type = type(of: element)
            if nextOptional < optional.count, optional[nextOptional] == place {
                nextOptional += 1
                type = unwrap(element, type)
            }
            joined = join(joined, type)
        }
        set(node, .list(joined ?? unifier.makeVariable()))
    }

    private mutating func completeMap(_ node: Expression) {
        guard case .map(let entries) = node.form else { return }
        var keys: CELType?
        var values: CELType?
        for entry in entries {
            keys = join(keys, type(of: entry.key))
            var type = type(of: entry.value)
            if entry.isOptional { type = unwrap(entry.value, type) }
            values = join(values, type)
        }
        let keyType = keys ?? unifier.makeVariable()
        set(node, .map(keyType, values ?? unifier.makeVariable()))
    }

    /// The type within an optional, which an element written with `?` has to be.
    private mutating func unwrap(_ node: Expression, _ type: CELType) -> CELType {
        switch unifier.resolve(type) {
        case .optional(let value): return value
        case .dyn: return .dyn
        case let other:
            report("what follows '?' has to be optional, found \(describe(other))", at: node.startOffset)
            return .dyn
        }
    }

    /// The type of several elements, the next one included.
    private mutating func join(_ previous: CELType?, _ type: CELType) -> CELType {
        guard let previous else { return type }
        guard !isUnchecked else { return .dyn }
        return unifier.isAssignable(previous, type) ? TypeUnifier.mostGeneral(previous, type) : .dyn
    }

    private mutating func completeObject(_ node: Expression) {
        guard case .object(let name, let fields) = node.form else { return }
        var objectFields: [String: CELType]?
        if let (fullName, type, known) = resolveObject(name) {
            objectFields = known
            refer(node, to: .type(.object(fullName)))
            set(node, type)
        } else {
            reportUnknownType(name, at: node.offset)
        }
        var names: Set<String> = []
        for field in fields {
            if !names.insert(field.name).inserted {
                issues.append(SyntaxIssue(message: "the field '\(field.name)' is there twice", offset: field.offset))
            }
            guard let objectFields, !isUnchecked else { continue }
            guard let wanted = objectFields[field.name] else {
                reportUnknownField(field.name, of: name, objectFields, at: field.offset)
                continue
            }
            var type = type(of: field.value)
            if field.isOptional { type = unwrap(field.value, type) }
            if !unifier.isAssignable(wanted, type) {
                let message = "the field '\(field.name)' is \(describe(wanted)), found \(describe(type))"
                report(message, at: field.value.startOffset)
            }
        }
    }

    // MARK: Comprehensions

    private mutating func enterLoop(_ node: Expression) {
        guard case .comprehension(let fold) = node.form else { return }
        let (first, second) = variables(of: fold)
        locals.append((fold.accumulator, type(of: fold.initial)))
        if fold.variable != Macro.unusedVariable {
            comprehensionNesting += 1
            if comprehensionNesting == Self.maximumComprehensionNesting + 1 {
                let message = "comprehensions are nested deeper than \(Self.maximumComprehensionNesting)"
                issues.append(SyntaxIssue(message: message, offset: node.offset))
            }
        }
        locals.append((fold.variable, first))
        if let name = fold.secondVariable { locals.append((name, second)) }
        later(.leaveLoop(node))
        later(.check(fold.step))
        later(.check(fold.condition))
    }

    private mutating func leaveLoop(_ node: Expression) {
        guard case .comprehension(let fold) = node.form else { return }
        require(fold.condition, type(of: fold.condition), is: .bool)
        require(fold.step, type(of: fold.step), is: type(of: fold.initial))
        locals.removeLast(fold.secondVariable == nil ? 1 : 2)
        if fold.variable != Macro.unusedVariable { comprehensionNesting -= 1 }
        later(.complete(node))
        later(.check(fold.result))
    }

    /// The types of a comprehension's variables.
    private mutating func variables(of fold: Expression.Comprehension) -> (CELType, CELType) {
        let range = unifier.resolve(type(of: fold.range))
        switch range {
        case .list(let element): return fold.secondVariable == nil ? (element, element) : (.int, element)
        case .map(let key, let value): return (key, value)
        case .dyn, .parameter:
            // Whatever it is bound to later, nothing is known of it here.
            _ = unifier.isAssignable(.dyn, range)
        default:
            report("\(fold.macro)() needs a list or a map, found \(describe(range))", at: fold.range.startOffset)
        }
        return (.dyn, .dyn)
    }

    /// Goes on with `cel.@block([a, b, …], result)`, in which `@index1` stands for `b` in all that follows it.
    private mutating func continueBlock(_ node: Expression, _ count: Int) {
        guard case .call(_, _, let arguments) = node.form, case .list(let bindings, _) = arguments[0].form else {
            return
        }
        if count > 0 { locals.append(("@index\(count - 1)", type(of: bindings[count - 1]))) }
        if count < bindings.count {
            later(.continueBlock(node, count + 1))
            later(.check(bindings[count]))
        } else {
            set(arguments[0], .list(.dyn))
            later(.complete(node))
            later(.check(arguments[1]))
        }
    }

    /// Finishes a block whose result has been checked.
    mutating func completeBlock(_ node: Expression, _ bindings: [Expression], _ result: Expression) {
        locals.removeLast(bindings.count)
        set(node, type(of: result))
    }

    /// The type of a local variable; nil if no local variable has the name.
    func local(_ name: String) -> CELType? {
        locals.last { $0.name == name }?.type
    }

    /// The names of all variables, for suggestions; those that no source can spell are left out.
    var variableNames: [String] {
        environment.variables.map(\.name)
            + locals.map(\.name).filter { $0.utf8.first != UInt8(ascii: "@") && $0.utf8.first != UInt8(ascii: "#") }
    }
}

extension Constant {
    /// The type of the literal.
    var type: CELType {
        switch self {
        case .null: .null
        case .bool: .bool
        case .int: .int
        case .uint: .uint
        case .double: .double
        case .string: .string
        case .bytes: .bytes
        }
    }
}
