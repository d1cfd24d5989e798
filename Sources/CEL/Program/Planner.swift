internal import JSON

/// Makes a checked expression a tree of nodes that evaluate it.
///
/// An object, because it is handed down as deep as the expression is.
final class Planner {
    private let checked: CheckedExpression
    private let environment: CELEnvironment
    /// Whether sub-expressions are recorded while they are evaluated.
    private let traces: Bool

    /// The names of the comprehensions and bindings around the place, the innermost last.
    private var scope: [(name: String, binding: Binding)] = []
    /// How many slots are in use around the place, and at most.
    private var slots = 0
    private(set) var slotCount = 0

    /// What a local name stands for.
    private enum Binding {
        /// A slot that always holds a value.
        case plain(slot: Int)
        /// A slot that may hold a failure, or nothing yet.
        case lazy(slot: Int, value: Node?)
    }

    init(_ checked: CheckedExpression, _ environment: CELEnvironment, traces: Bool) {
        self.checked = checked
        self.environment = environment
        self.traces = traces
    }

    /// Plans the whole.
    ///
    /// - Throws: If a part that is constant is known to fail.
    func plan() throws(CELCompileError) -> Node { try plan(checked.root) }

    /// Whether values that Kubernetes takes, such as a map with a key twice, are errors.
    private var isStrict: Bool { environment.profile == .standard }

    private func plan(_ expression: Expression) throws(CELCompileError) -> Node {
        let node = try planForm(expression)
        guard traces, node.constant == nil else { return node }
        return TraceNode(node, expression)
    }

    /// Plans a node by its form.
    ///
    /// Each form has a function of its own, and what a call is made of is planned apart from what is made of it: so what every
    /// level has on the stack stays small.
    private func planForm(_ expression: Expression) throws(CELCompileError) -> Node {
        switch expression.kind {
        case .constant: planConstant(expression)
        case .identifier: planIdentifier(expression)
        case .select: try planSelect(expression)
        case .call: try planCall(expression)
        case .list: try planList(expression)
        case .map: try planMap(expression)
        case .object: try planObject(expression)
        case .comprehension: try planComprehension(expression)
        }
    }

    @inline(never)
    private func planConstant(_ expression: Expression) -> Node {
        guard case .constant(let constant) = expression.form else { return FailingNode.impossible }
        return ConstantNode(CELValue(constant), offset: expression.offset)
    }

    @inline(never)
    private func planIdentifier(_ expression: Expression) -> Node {
        guard case .identifier(let name) = expression.form else { return FailingNode.impossible }
        return planName(name, expression)
    }

    private func failure(_ error: CELError, at offset: Int) -> CELCompileError {
        CELCompileError([(message: error.message, offset: error.offset ?? offset)], source: checked.source)
    }

    // MARK: Names

    private func planName(_ name: String, _ expression: Expression) -> Node {
        switch checked.references[expression.id] {
        case .variable(let number):
            return VariableNode(number, name: environment.variables[number].name, offset: expression.offset)
        case .local(let name):
            return local(name, expression.offset) ?? unknown(name, expression)
        case .type(let type):
            return ConstantNode(.type(type), offset: expression.offset)
        case .constant(let constant):
            return ConstantNode(CELValue(constant), offset: expression.offset)
        case .overloads, .none:
            return unknown(name, expression)
        }
    }

    private func unknown(_ name: String, _ expression: Expression) -> Node {
        FailingNode(
            CELError(.unboundVariable, "there is no variable '\(name)'"),
            cost: 1,
            offset: expression.offset
        )
    }

    private func local(_ name: String, _ offset: Int) -> Node? {
        for (other, binding) in scope.reversed() where other.isSame(as: name) {
            switch binding {
            case .plain(let slot): return LocalNode(slot: slot, offset: offset)
            case .lazy(let slot, let value): return LazyNode(slot: slot, value: value, offset: offset)
            }
        }
        return nil
    }

    private func slot() -> Int {
        slots += 1
        slotCount = max(slotCount, slots)
        return slots - 1
    }

    // MARK: Paths

    @inline(never)
    private func planSelect(_ expression: Expression) throws(CELCompileError) -> Node {
        guard case .none = checked.references[expression.id] else { return planQualifiedName(expression) }
        let base = try planUntraced(expression.operands[0])
        return select(expression, from: base)
    }

    @inline(never)
    private func planQualifiedName(_ expression: Expression) -> Node {
        guard case .select(_, let field, _) = expression.form else { return FailingNode.impossible }
        return planName(field, expression)
    }

    @inline(never)
    private func select(_ expression: Expression, from base: Node) -> Node {
        guard case .select(_, let field, let isTest) = expression.form else { return FailingNode.impossible }
        let step = AttributeNode.Step(
            kind: .field(JSONKey(field), field),
            isOptional: false,
            offset: expression.offset
        )
        return path(base, step, isTest: isTest, expression)
    }

    /// Plans what a path begins with: its own steps are not recorded.
    private func planUntraced(_ expression: Expression) throws(CELCompileError) -> Node {
        let node = try plan(expression)
        guard let traced = node as? TraceNode else { return node }
        return traced.inner.isAttribute && !(traced.inner is ConditionalNode) ? traced.inner : traced
    }

    /// Adds a step to a path, or begins one.
    private func path(_ base: Node, _ step: AttributeNode.Step, isTest: Bool, _ expression: Expression) -> Node {
        let previous = (base as? FieldPathNode)?.general ?? base as? AttributeNode
        let attribute =
            previous?.extended(by: step, isTest: isTest, expression)
            ?? AttributeNode(base, [step], AttributeNode.Rules(isTest: isTest, isStrict: isStrict), expression)
        guard let variable = attribute.base as? VariableNode else { return attribute }
        var keys: [JSONKey] = []
        for step in attribute.steps {
            guard case .field(let key, _) = step.kind, !step.isOptional else { return attribute }
            keys.append(key)
        }
        return FieldPathNode(variable.number, keys, isTest: isTest, attribute)
    }

    @inline(never)
    private func planIndex(_ expression: Expression, isOptional: Bool) throws(CELCompileError) -> Node {
        let operands = expression.operands
        let base = try planUntraced(operands[0])
        let index = try plan(operands[1])
        return try makeIndex(expression, base, index, isOptional: isOptional)
    }

    @inline(never)
    private func makeIndex(
        _ expression: Expression,
        _ base: Node,
        _ index: Node,
        isOptional: Bool
    ) throws(CELCompileError) -> Node {
        let kind: AttributeNode.Step.Kind
        switch index.constant {
        case .string(let name)?: kind = .field(JSONKey(name), name)
        case let value?:
            if !isStrict { try checkIndex(value, at: index.offset) }
            kind = .constant(value)
        case nil: kind = .computed(index)
        }
        let step = AttributeNode.Step(kind: kind, isOptional: isOptional, offset: expression.offset)
        return path(base, step, isTest: false, expression)
    }

    /// Kubernetes refuses to compile an index that is constant and can be none.
    private func checkIndex(_ value: CELValue, at offset: Int) throws(CELCompileError) {
        switch value {
        case .bool, .int, .uint, .double: break
        default:
            let error = CELError(.invalidArgument, "\(Evaluation().description(of: value)) cannot be an index")
            throw failure(error, at: offset)
        }
    }

    // MARK: Literals

    @inline(never)
    private func planList(_ expression: Expression) throws(CELCompileError) -> Node {
        makeList(expression, try planAll(expression.operands))
    }

    @inline(never)
    private func makeList(_ expression: Expression, _ nodes: [Node]) -> Node {
        guard case .list(_, let optional) = expression.form else { return FailingNode.impossible }
        let node = ListNode(nodes, optional: Set(optional), offset: expression.offset)
        return nodes.allSatisfy { $0.constant != nil } ? fold(node, isFree: true) : node
    }

    @inline(never)
    private func planMap(_ expression: Expression) throws(CELCompileError) -> Node {
        makeMap(expression, try planAll(expression.operands))
    }

    @inline(never)
    private func makeMap(_ expression: Expression, _ nodes: [Node]) -> Node {
        guard case .map(let entries) = expression.form else { return FailingNode.impossible }
        var planned: [MapNode.Entry] = []
        for (index, entry) in entries.enumerated() {
            let (key, value) = (nodes[index * 2], nodes[index * 2 + 1])
            planned.append(MapNode.Entry(key: key, value: value, isOptional: entry.isOptional))
        }
        let node = MapNode(planned, isStrict: isStrict, offset: expression.offset)
        return nodes.allSatisfy { $0.constant != nil } ? fold(node, isFree: true) : node
    }

    @inline(never)
    private func planObject(_ expression: Expression) throws(CELCompileError) -> Node {
        makeObject(expression, try planAll(expression.operands))
    }

    @inline(never)
    private func makeObject(_ expression: Expression, _ nodes: [Node]) -> Node {
        guard case .object(let name, let fields) = expression.form else { return FailingNode.impossible }
        var planned: [ObjectNode.Field] = []
        for (field, node) in zip(fields, nodes) {
            planned.append(ObjectNode.Field(name: field.name, value: node, isOptional: field.isOptional))
        }
        return ObjectNode(typeName(name, expression), planned, offset: expression.offset)
    }

    /// The full name of an object literal's type.
    private func typeName(_ name: String, _ expression: Expression) -> String {
        if case .type(.object(let full)) = checked.references[expression.id] { return full }
        return name
    }

    private func planAll(_ expressions: [Expression]) throws(CELCompileError) -> [Node] {
        var nodes: [Node] = []
        nodes.reserveCapacity(expressions.count)
        for expression in expressions { nodes.append(try plan(expression)) }
        return nodes
    }

    /// Evaluates a node whose operands are constant, if that succeeds at little cost.
    ///
    /// It is free if Kubernetes does the same and does not charge for it later.
    private func fold(_ node: Node, isFree: Bool) -> Node {
        var evaluation = Evaluation(limits: Self.foldingLimits)
        do throws(CELError) {
            let value = try node.evaluate(&evaluation)
            if isFree { return ConstantNode(value, offset: node.offset) }
            return traces ? node : FoldedNode(value, cost: evaluation.cost, offset: node.offset)
        } catch {
            return node
        }
    }

    /// What compiling may spend on one constant.
    private static let foldingLimits = {
        var limits = Evaluation.Limits()
        limits.cost = 10_000
        limits.stringBytes = 64 * 1024
        return limits
    }()

    // MARK: Calls

    @inline(never)
    private func planCall(_ expression: Expression) throws(CELCompileError) -> Node {
        let construct = expression.construct
        guard construct == .other else { return try planConstruct(expression, construct) }
        return try makeCall(expression, try planAll(operands(of: expression)))
    }

    @inline(never)
    private func planConstruct(
        _ expression: Expression,
        _ construct: Expression.Construct
    ) throws(CELCompileError) -> Node {
        guard construct != .block else { return try planBlock(expression) }
        return try planIndex(expression, isOptional: construct == .optionalIndex)
    }

    /// What a call applies to: not the target, if what stands before the last dot is a part of the function's name.
    @inline(never)
    private func operands(of expression: Expression) -> [Expression] {
        guard case .call(_, .some, let arguments) = expression.form,
            case .overloads(let overloads) = checked.references[expression.id],
            let overload = overloads.first, !overload.isMember
        else { return expression.operands }
        return arguments
    }

    @inline(never)
    private func makeCall(_ expression: Expression, _ nodes: [Node]) throws(CELCompileError) -> Node {
        guard case .call(let function, _, _) = expression.form else { return FailingNode.impossible }
        let offset = expression.offset
        let overloads: [Overload]
        if case .overloads(let left) = checked.references[expression.id] { overloads = left } else { overloads = [] }
        let overload = overloads.count == 1 ? overloads.first : nil
        if nodes.count == 2 {
            switch function {
            case "_&&_": return LogicNode(nodes[0], nodes[1], deciding: false, offset: offset)
            case "_||_": return LogicNode(nodes[0], nodes[1], deciding: true, offset: offset)
            case "_==_", "_!=_": return equality(nodes, isEquality: function == "_==_", offset)
            case "@in": return membership(nodes, overload, offset)
            case "or" where overloads.contains { $0.id == "optional_or_optional" }:
                return OptionalOrNode(nodes[0], nodes[1], givesValue: false, offset: offset)
            case "orValue" where overloads.contains { $0.id == "optional_orValue_value" }:
                return OptionalOrNode(nodes[0], nodes[1], givesValue: true, offset: offset)
            case "matches":
                if let node = try match(expression, nodes, isMember: overload?.isMember ?? false) { return node }
            default:
                if let node = binary(function, nodes, overload, offset) { return node }
            }
        }
        switch (function, nodes.count) {
        case ("_?_:_", 3): return ConditionalNode(nodes[0], nodes[1], nodes[2], offset: offset)
        case ("@not_strictly_false", 1): return NotStrictlyFalseNode(nodes[0], offset: offset)
        default: break
        }
        return try call(expression, function, overloads.filter { $0.takes(nodes.count) }, nodes)
    }

    private func call(
        _ expression: Expression,
        _ function: String,
        _ overloads: [Overload],
        _ nodes: [Node]
    ) throws(CELCompileError) -> Node {
        let offset = expression.offset
        let node = CallNode(function, overloads, nodes, offset: offset)
        guard let first = overloads.first, first.isPure, nodes.allSatisfy({ $0.constant != nil }), !nodes.isEmpty else {
            return node
        }
        guard Standard.conversionNames.contains(function), nodes.count == 1 else { return fold(node, isFree: false) }
        let folded = fold(node, isFree: true)
        guard folded === node, !isStrict else { return folded }
        // Kubernetes refuses to compile a conversion that is bound to fail.
        var evaluation = Evaluation(limits: Self.foldingLimits)
        do throws(CELError) {
            _ = try node.evaluate(&evaluation)
            return node
        } catch {
            throw failure(error, at: offset)
        }
    }

    private func binary(_ function: String, _ nodes: [Node], _ overload: Overload?, _ offset: Int) -> Node? {
        let isText = overload.map { $0.parameters[0] == .string || $0.parameters[0] == .bytes } ?? false
        let relation: OrderNode.Relation
        let body: ArithmeticNode.Body
        switch function {
        case "_<_": relation = OrderNode.Relation(less: true, equal: false, greater: false)
        case "_<=_": relation = OrderNode.Relation(less: true, equal: true, greater: false)
        case "_>_": relation = OrderNode.Relation(less: false, equal: false, greater: true)
        case "_>=_": relation = OrderNode.Relation(less: false, equal: true, greater: true)
        case "contains": return textPredicate(nodes, .contains, function, overload, offset)
        case "startsWith": return textPredicate(nodes, .startsWith, function, overload, offset)
        case "endsWith": return textPredicate(nodes, .endsWith, function, overload, offset)
        default:
            switch function {
            case "_+_": body = Standard.add
            case "_-_": body = Standard.subtract
            case "_*_": body = Standard.multiply
            case "_/_": body = Standard.divide
            case "_%_": body = Standard.modulo
            default: return nil
            }
            let node = ArithmeticNode(nodes[0], nodes[1], isText: isText, offset: offset, body)
            return nodes.allSatisfy { $0.constant != nil } ? fold(node, isFree: false) : node
        }
        let node = OrderNode(nodes[0], nodes[1], relation, isText: isText, offset: offset)
        return nodes.allSatisfy { $0.constant != nil } ? fold(node, isFree: false) : node
    }

    private func textPredicate(
        _ nodes: [Node],
        _ predicate: TextPredicateNode.Predicate,
        _ name: String,
        _ overload: Overload?,
        _ offset: Int
    ) -> Node? {
        guard let overload, ["contains_string", "starts_with_string", "ends_with_string"].contains(overload.id) else {
            return nil
        }
        return TextPredicateNode(nodes[0], nodes[1], predicate, name: name, offset: offset)
    }

    private func equality(_ nodes: [Node], isEquality: Bool, _ offset: Int) -> Node {
        for (index, node) in nodes.enumerated() {
            if case .string(let text)? = node.constant, nodes[1 - index].constant == nil {
                return TextEqualityNode(nodes[1 - index], text, isEquality: isEquality, offset: offset)
            }
        }
        let node = EqualityNode(nodes[0], nodes[1], isEquality: isEquality, offset: offset)
        return nodes.allSatisfy { $0.constant != nil } ? fold(node, isFree: false) : node
    }

    private func membership(_ nodes: [Node], _ overload: Overload?, _ offset: Int) -> Node {
        let isList = overload?.id == "in_list"
        if isList, case .list(let list)? = nodes[1].constant {
            // Kubernetes does not even evaluate what is looked for in an empty list; the specification does, and it may fail.
            if list.elements.isEmpty, !isStrict { return ConstantNode(.bool(false), offset: offset) }
            let areScalars = list.elements.allSatisfy {
                switch $0 {
                case .bool, .int, .uint, .double, .string: true
                default: false
                }
            }
            if areScalars { return ConstantMembershipNode(nodes[0], list.elements, offset: offset) }
        }
        return MembershipNode(nodes[0], nodes[1], isList: isList, offset: offset)
    }

    /// A match against a constant pattern; nil if it is not constant.
    private func match(
        _ expression: Expression,
        _ nodes: [Node],
        isMember: Bool
    ) throws(CELCompileError) -> Node? {
        guard case .string(let pattern)? = nodes[1].constant else { return nil }
        do throws(RegularExpressionError) {
            let compiled = try RegularExpression(pattern)
            return MatchNode(nodes[0], compiled, isMember: isMember, offset: expression.offset)
        } catch {
            throw failure(CELError(.invalidArgument, error.description), at: nodes[1].offset)
        }
    }

    // MARK: Comprehensions

    @inline(never)
    private func planBlock(_ expression: Expression) throws(CELCompileError) -> Node {
        let arguments = expression.operands
        guard case .list(let elements, _) = arguments[0].form else {
            throw failure(CELError(.invalidArgument, "cel.block() needs a list literal first"), at: expression.offset)
        }
        let outer = (slots: slots, names: scope.count)
        defer {
            slots = outer.slots
            scope.removeLast(scope.count - outer.names)
        }
        var names: [Int] = []
        for _ in elements { names.append(slot()) }
        for (index, element) in elements.enumerated() {
            let value = try plan(element)
            scope.append(("@index\(index)", .lazy(slot: names[index], value: value)))
        }
        return BindNode(outer.slots..<outer.slots + elements.count, try plan(arguments[1]), offset: expression.offset)
    }

    @inline(never)
    private func planComprehension(_ expression: Expression) throws(CELCompileError) -> Node {
        guard case .comprehension(let fold) = expression.form else { return FailingNode.impossible }
        let outer = (slots: slots, names: scope.count)
        defer {
            slots = outer.slots
            scope.removeLast(scope.count - outer.names)
        }
        if case .list(let elements, _) = fold.range.form, elements.isEmpty, fold.condition.isConstant(.bool(false)) {
            let value = try plan(fold.initial)
            let slot = slot()
            scope.append((fold.accumulator, .lazy(slot: slot, value: value)))
            return BindNode(slot..<slot + 1, try plan(fold.result), offset: expression.offset)
        }
        let range = try plan(fold.range)
        let initial = try plan(fold.initial)
        let accumulator = slot()
        let element = slot()
        let second = fold.secondVariable.map { _ in slot() }
        let loop = Loop(range: range, slot: element, secondSlot: second)
        scope.append((fold.accumulator, .lazy(slot: accumulator, value: nil)))
        scope.append((fold.variable, .plain(slot: element)))
        if let name = fold.secondVariable, let second { scope.append((name, .plain(slot: second))) }
        if let node = try planKnown(expression, fold, loop) { return node }
        let condition = try plan(fold.condition)
        let step = try plan(fold.step)
        scope.removeLast(scope.count - outer.names - 1)
        return FoldNode(
            loop,
            accumulator: accumulator,
            initial: initial,
            condition: condition,
            step: step,
            result: try plan(fold.result),
            offset: expression.offset
        )
    }

    /// The form that a macro gives a comprehension; nil if it is none of those that are known.
    private func planKnown(
        _ expression: Expression,
        _ fold: Expression.Comprehension,
        _ loop: Loop
    ) throws(CELCompileError) -> Node? {
        let soFar = fold.accumulator
        let offset = expression.offset
        if let predicate = fold.step.operand(of: "_&&_", after: soFar), fold.initial.isConstant(.bool(true)) {
            let predicate = try plan(predicate)
            return QuantifierNode(loop, predicate, deciding: false, name: fold.macro, offset: offset)
        }
        if let predicate = fold.step.operand(of: "_||_", after: soFar), fold.initial.isConstant(.bool(false)) {
            let predicate = try plan(predicate)
            return QuantifierNode(loop, predicate, deciding: true, name: fold.macro, offset: offset)
        }
        guard fold.condition.isConstant(.bool(true)) else { return nil }
        var step = fold.step
        var filter: Expression?
        if case .call("_?_:_", nil, let parts) = step.form, parts.count == 3, parts[2].isName(soFar) {
            filter = parts[0]
            step = parts[1]
        }
        if let filter, step.operand(of: "_+_", after: soFar)?.isConstant(.int(1)) == true,
            fold.result.operand(of: "_==_", after: soFar)?.isConstant(.int(1)) == true
        {
            return ExistsOneNode(loop, try plan(filter), offset: offset)
        }
        guard fold.result.isName(soFar) else { return nil }
        if case .list(let elements, _)? = step.operand(of: "_+_", after: soFar)?.form, elements.count == 1,
            case .list(let initial, _) = fold.initial.form, initial.isEmpty
        {
            let filter = try planOptional(filter)
            return CollectNode(loop, filter: filter, try plan(elements[0]), offset: offset)
        }
        guard case .map(let initial) = fold.initial.form, initial.isEmpty,
            case .call("cel.@mapInsert", nil, let parts) = step.form, let first = parts.first, first.isName(soFar),
            let value = parts.last, parts.count == 2 || parts.count == 3
        else { return nil }
        let filterNode = try planOptional(filter)
        let key = parts.count == 3 ? try plan(parts[1]) : nil
        return CollectMapNode(
            loop,
            filter: filterNode,
            key: key,
            try plan(value),
            offset: offset
        )
    }

    private func planOptional(_ expression: Expression?) throws(CELCompileError) -> Node? {
        guard let expression else { return nil }
        return try plan(expression)
    }
}

extension Overload {
    /// Whether calls with the same arguments always give the same: those of the language itself do, hosts' may not.
    fileprivate var isPure: Bool { !id.hasPrefix("host_") }
}

extension Expression {
    /// The expressions that are evaluated before the node is, in their order; none of a comprehension.
    fileprivate var operands: [Expression] {
        switch form {
        case .constant, .identifier, .comprehension: []
        case .select(let operand, _, _): [operand]
        case .call(_, let target, let arguments): target.map { [$0] + arguments } ?? arguments
        case .list(let elements, _): elements
        case .map(let entries): entries.flatMap { [$0.key, $0.value] }
        case .object(_, let fields): fields.map(\.value)
        }
    }

    /// The form without what belongs to it.
    fileprivate enum Kind {
        case constant
        case identifier
        case select
        case call
        case list
        case map
        case object
        case comprehension
    }

    fileprivate var kind: Kind {
        switch form {
        case .constant: .constant
        case .identifier: .identifier
        case .select: .select
        case .call: .call
        case .list: .list
        case .map: .map
        case .object: .object
        case .comprehension: .comprehension
        }
    }

    /// What a call is that is no call of a function.
    fileprivate enum Construct {
        case index
        case optionalIndex
        case block
        case other
    }

    fileprivate var construct: Construct {
        guard case .call(let function, _, let arguments) = form, arguments.count == 2 else { return .other }
        switch function {
        case "_[_]": return .index
        case "_[?_]", "_?._": return .optionalIndex
        case "cel.@block": return .block
        default: return .other
        }
    }

    fileprivate func isConstant(_ value: Constant) -> Bool {
        if case .constant(value) = form { return true }
        return false
    }

    fileprivate func isName(_ name: String) -> Bool {
        if case .identifier(name) = form { return true }
        return false
    }

    /// The second operand of an operator whose first is a name; nil for anything else.
    fileprivate func operand(of function: String, after name: String) -> Expression? {
        guard case .call(function, nil, let arguments) = form, arguments.count == 2, arguments[0].isName(name) else {
            return nil
        }
        return arguments[1]
    }
}

extension CELValue {
    /// A literal's value.
    init(_ constant: Constant) {
        switch constant {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .uint(let value): self = .uint(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .bytes(let value): self = .bytes(value)
        }
    }
}
