/// A call that the parser replaces by a tree of other nodes.
///
/// The trees are those of cel-go node for node, because Kubernetes' cost is counted over them.
struct Macro: Sendable {
    /// What stands in the source.
    struct Call {
        let offset: Int
        let name: String
        let target: Expression?
        let arguments: [Expression]
    }

    /// Makes the tree; nil if the call is no use of the macro after all.
    typealias Expansion = @Sendable (inout Parser, Call) throws(SyntaxIssue) -> Expression?

    /// How many arguments it has; nil for any number.
    let arity: Int?
    let isMember: Bool
    let availability: Availability
    let expansion: Expansion

    /// The macro that a call names in a profile.
    static func find(_ name: String, arity: Int, isMember: Bool, in profile: Profile) -> Macro? {
        guard let candidates = table[name] else { return nil }
        return candidates.first {
            $0.isMember == isMember && ($0.arity ?? arity) == arity && $0.availability.includes(profile)
        }
    }

    /// The macros by name.
    ///
    /// Releases of Kubernetes have those of the cel-go that they are built with: 1.30 of 0.17.8, 1.31 of 0.20.1, 1.32 of 0.22.0,
    /// 1.33 of 0.23.2, 1.34 to 1.36 of 0.26.0.
    private static let table: [String: [Macro]] = [
        "has": [global(1, has)],
        "all": [member(2, all), member(3, allPairs, pairs)],
        "exists": [member(2, exists), member(3, existsPair, pairs)],
        "exists_one": [member(2, existsOne), member(3, existsOnePair, pairs)],
        "existsOne": [member(2, existsOne, .everywhere(kubernetes: 33)), member(3, existsOnePair, pairs)],
        "map": [member(2, map), member(3, map)],
        "filter": [member(2, filter)],
        "transformList": [member(3, transformList, pairs), member(4, transformList, pairs)],
        "transformMap": [member(3, transformMap, pairs), member(4, transformMap, pairs)],
        "transformMapEntry": [member(3, transformMapEntry, pairs), member(4, transformMapEntry, pairs)],
        "optMap": [member(2, optMap)],
        "optFlatMap": [member(2, optFlatMap)],
        "sortBy": [member(2, sortBy, .everywhere(kubernetes: 34))],
        "bind": [member(3, bind, .standardOnly)],
        "block": [member(2, block, .standardOnly)],
        "index": [member(1, index, .standardOnly)],
        "iterVar": [member(2, blockVariable, .standardOnly)],
        "accuVar": [member(2, blockVariable, .standardOnly)],
        "greatest": [member(nil, extremum, .standardOnly)],
        "least": [member(nil, extremum, .standardOnly)],
    ]

    /// Since when Kubernetes has comprehensions with two variables.
    private static let pairs = Availability.everywhere(kubernetes: 32)

    private static func global(_ arity: Int, _ expansion: @escaping Expansion) -> Macro {
        Macro(arity: arity, isMember: false, availability: .everywhere, expansion: expansion)
    }

    private static func member(
        _ arity: Int?,
        _ expansion: @escaping Expansion,
        _ availability: Availability = .everywhere
    ) -> Macro {
        Macro(arity: arity, isMember: true, availability: availability, expansion: expansion)
    }
}

extension Availability {
    /// Whether a profile has what this stands beside.
    func includes(_ profile: Profile) -> Bool {
        switch profile {
        case .standard: isStandard
        case .kubernetes(let minor): kubernetes.map { $0 <= minor } ?? false
        }
    }
}

// MARK: Presence

extension Macro {
    private static let has: Expansion = { parser, call throws(SyntaxIssue) in
        guard case .select(let operand, let field, false) = call.arguments[0].form else {
            throw SyntaxIssue(
                message: "has() needs a field selection, such as has(a.b)",
                offset: call.arguments[0].offset
            )
        }
        let form = Expression.Form.select(operand: operand, field: field, isTest: true)
        return try parser.node(form, call.arguments[0].offset, depth: operand.depth + 1)
    }

    private static let optMap: Expansion = { parser, call throws(SyntaxIssue) in
        try optional(&parser, call) { parser, result throws(SyntaxIssue) in
            try parser.call("optional.of", [result], call.offset)
        }
    }

    private static let optFlatMap: Expansion = { parser, call throws(SyntaxIssue) in
        try optional(&parser, call) { _, result throws(SyntaxIssue) in result }
    }

    /// Makes `target.hasValue() ? wrap(bind(name, target.value(), result)) : optional.none()`.
    private static func optional(
        _ parser: inout Parser,
        _ call: Call,
        _ wrap: (inout Parser, Expression) throws(SyntaxIssue) -> Expression
    ) throws(SyntaxIssue) -> Expression? {
        guard let target = call.target else { return nil }
        let name = try variable(call, 0)
        let copy = try parser.copy(target)
        let condition = try parser.call("hasValue", target: target, [], call.offset)
        let value = try parser.call("value", target: copy, [], call.offset)
        let result = try binding(&parser, call, name, value, call.arguments[1])
        let none = try parser.call("optional.none", [], call.offset)
        return try parser.call("_?_:_", [condition, try wrap(&parser, result), none], call.offset)
    }
}

// MARK: Comprehensions

extension Macro {
    /// The name of every comprehension's accumulator, which no source can spell.
    static let accumulator = "@result"

    /// The name of the loop variable of a binding, whose loop never runs.
    static let unusedVariable = "#unused"

    /// The variable that an argument names.
    private static func variable(_ call: Call, _ place: Int) throws(SyntaxIssue) -> String {
        let argument = call.arguments[place]
        guard case .identifier(let name) = argument.form, name.utf8.first != UInt8(ascii: ".") else {
            let message = "\(call.name)() needs a simple name for its variable, such as x"
            throw SyntaxIssue(message: message, offset: argument.startOffset)
        }
        // The name that the accumulator had in older releases is still refused there.
        guard name != accumulator, name != "__result__" else {
            throw SyntaxIssue(message: "a variable cannot be called '\(name)'", offset: argument.offset)
        }
        return name
    }

    /// The parts of a comprehension that differ from macro to macro.
    private struct Parts {
        let initial: Expression
        let condition: Expression
        let step: Expression
        let result: Expression
    }

    /// A comprehension over the target with one variable or two.
    private static func fold(
        _ parser: inout Parser,
        _ call: Call,
        pair: Bool,
        _ parts: (inout Parser) throws(SyntaxIssue) -> Parts
    ) throws(SyntaxIssue) -> Expression? {
        guard let target = call.target else { return nil }
        let first = try variable(call, 0)
        let second = pair ? try variable(call, 1) : nil
        guard first != second else {
            let message = "the two variables of \(call.name)() need different names"
            throw SyntaxIssue(message: message, offset: call.arguments[1].offset)
        }
        let parts = try parts(&parser)
        return try parser.comprehension(
            Expression.Comprehension(
                variable: first,
                secondVariable: second,
                range: target,
                accumulator: accumulator,
                initial: parts.initial,
                condition: parts.condition,
                step: parts.step,
                result: parts.result,
                macro: call.name
            ),
            call.offset
        )
    }

    private static let all: Expansion = { parser, call throws(SyntaxIssue) in
        try quantifier(&parser, call, pair: false, isAll: true)
    }

    private static let allPairs: Expansion = { parser, call throws(SyntaxIssue) in
        try quantifier(&parser, call, pair: true, isAll: true)
    }

    private static let exists: Expansion = { parser, call throws(SyntaxIssue) in
        try quantifier(&parser, call, pair: false, isAll: false)
    }

    private static let existsPair: Expansion = { parser, call throws(SyntaxIssue) in
        try quantifier(&parser, call, pair: true, isAll: false)
    }

    private static func quantifier(
        _ parser: inout Parser,
        _ call: Call,
        pair: Bool,
        isAll: Bool
    ) throws(SyntaxIssue) -> Expression? {
        try fold(&parser, call, pair: pair) { parser throws(SyntaxIssue) in
            let initial = try parser.constant(.bool(isAll), call.offset)
            var goesOn = try parser.identifier(accumulator, call.offset)
            if !isAll { goesOn = try parser.call("!_", [goesOn], call.offset) }
            let condition = try parser.call("@not_strictly_false", [goesOn], call.offset)
            let soFar = try parser.identifier(accumulator, call.offset)
            let predicate = call.arguments[pair ? 2 : 1]
            return Parts(
                initial: initial,
                condition: condition,
                step: try parser.call(isAll ? "_&&_" : "_||_", [soFar, predicate], call.offset),
                result: try parser.identifier(accumulator, call.offset)
            )
        }
    }

    private static let existsOne: Expansion = { parser, call throws(SyntaxIssue) in
        try existsOne(&parser, call, pair: false)
    }

    private static let existsOnePair: Expansion = { parser, call throws(SyntaxIssue) in
        try existsOne(&parser, call, pair: true)
    }

    private static func existsOne(
        _ parser: inout Parser,
        _ call: Call,
        pair: Bool
    ) throws(SyntaxIssue) -> Expression? {
        try fold(&parser, call, pair: pair) { parser throws(SyntaxIssue) in
            let initial = try parser.constant(.int(0), call.offset)
            let condition = try parser.constant(.bool(true), call.offset)
            let count = try parser.identifier(accumulator, call.offset)
            let one = try parser.constant(.int(1), call.offset)
            let more = try parser.call("_+_", [count, one], call.offset)
            let same = try parser.identifier(accumulator, call.offset)
            let step = try parser.call("_?_:_", [call.arguments[pair ? 2 : 1], more, same], call.offset)
            let total = try parser.identifier(accumulator, call.offset)
            let wanted = try parser.constant(.int(1), call.offset)
            let result = try parser.call("_==_", [total, wanted], call.offset)
            return Parts(initial: initial, condition: condition, step: step, result: result)
        }
    }

    private static let map: Expansion = { parser, call throws(SyntaxIssue) in
        try collect(&parser, call, pair: false, filter: call.arguments.count == 3 ? call.arguments[1] : nil) {
            parser,
            soFar throws(SyntaxIssue) in
            let element = try parser.list([call.arguments[call.arguments.count - 1]], call.offset)
            return try parser.call("_+_", [soFar, element], call.offset)
        }
    }

    private static let filter: Expansion = { parser, call throws(SyntaxIssue) in
        try collect(&parser, call, pair: false, filter: call.arguments[1]) { parser, soFar throws(SyntaxIssue) in
            let element = try parser.list([call.arguments[0]], call.offset)
            return try parser.call("_+_", [soFar, element], call.offset)
        }
    }

    private static let transformList: Expansion = { parser, call throws(SyntaxIssue) in
        try collect(&parser, call, pair: true, filter: call.arguments.count == 4 ? call.arguments[2] : nil) {
            parser,
            soFar throws(SyntaxIssue) in
            let element = try parser.list([call.arguments[call.arguments.count - 1]], call.offset)
            return try parser.call("_+_", [soFar, element], call.offset)
        }
    }

    private static let transformMap: Expansion = { parser, call throws(SyntaxIssue) in
        let key = try variable(call, 0)
        return try collect(
            &parser,
            call,
            pair: true,
            intoMap: true,
            filter: call.arguments.count == 4 ? call.arguments[2] : nil
        ) { parser, soFar throws(SyntaxIssue) in
            let key = try parser.identifier(key, call.offset)
            return try parser.call(
                "cel.@mapInsert",
                [soFar, key, call.arguments[call.arguments.count - 1]],
                call.offset
            )
        }
    }

    private static let transformMapEntry: Expansion = { parser, call throws(SyntaxIssue) in
        try collect(
            &parser,
            call,
            pair: true,
            intoMap: true,
            filter: call.arguments.count == 4 ? call.arguments[2] : nil
        ) { parser, soFar throws(SyntaxIssue) in
            try parser.call("cel.@mapInsert", [soFar, call.arguments[call.arguments.count - 1]], call.offset)
        }
    }

    /// A comprehension that adds to a list or a map whatever passes a filter.
    private static func collect(
        _ parser: inout Parser,
        _ call: Call,
        pair: Bool,
        intoMap: Bool = false,
        filter: Expression?,
        _ add: (inout Parser, _ soFar: Expression) throws(SyntaxIssue) -> Expression
    ) throws(SyntaxIssue) -> Expression? {
        try fold(&parser, call, pair: pair) { parser throws(SyntaxIssue) in
            let initial =
                intoMap
                ? try parser.node(.map([]), call.offset, depth: 1)
                : try parser.list([], call.offset)
            let condition = try parser.constant(.bool(true), call.offset)
            var step = try add(&parser, try parser.identifier(accumulator, call.offset))
            if let filter {
                let same = try parser.identifier(accumulator, call.offset)
                step = try parser.call("_?_:_", [filter, step, same], call.offset)
            }
            let result = try parser.identifier(accumulator, call.offset)
            return Parts(initial: initial, condition: condition, step: step, result: result)
        }
    }

    /// A fold over nothing, whose accumulator is the variable that is bound.
    private static func binding(
        _ parser: inout Parser,
        _ call: Call,
        _ name: String,
        _ value: Expression,
        _ result: Expression
    ) throws(SyntaxIssue) -> Expression {
        try parser.comprehension(
            Expression.Comprehension(
                variable: unusedVariable,
                secondVariable: nil,
                range: try parser.list([], call.offset),
                accumulator: name,
                initial: value,
                condition: try parser.constant(.bool(false), call.offset),
                step: try parser.identifier(name, call.offset),
                result: result,
                macro: call.name
            ),
            call.offset
        )
    }

    /// Makes `bind(input, target, input.@sortByAssociatedKeys(input.map(x, key)))`.
    private static let sortBy: Expansion = { parser, call throws(SyntaxIssue) in
        guard let target = call.target else { return nil }
        switch target.form {
        case .list, .select, .identifier, .comprehension, .call: break
        default: throw SyntaxIssue(message: "sortBy() needs a list before the dot", offset: target.startOffset)
        }
        let input = "@__sortBy_input__"
        let range = try parser.identifier(input, call.offset)
        let keys = try map(
            &parser,
            Call(offset: call.offset, name: call.name, target: range, arguments: call.arguments)
        )
        guard let keys else { return nil }
        let list = try parser.identifier(input, call.offset)
        let sorted = try parser.call("@sortByAssociatedKeys", target: list, [keys], call.offset)
        return try binding(&parser, call, input, target, sorted)
    }
}

// MARK: Namespaces

extension Macro {
    /// Whether the target of a call is the name of a library and nothing else.
    private static func isNamespace(_ call: Call, _ namespace: String) -> Bool {
        guard let target = call.target, case .identifier(let name) = target.form else { return false }
        return name == namespace || name == "." + namespace
    }

    private static let bind: Expansion = { parser, call throws(SyntaxIssue) in
        guard isNamespace(call, "cel") else { return nil }
        return try binding(&parser, call, try variable(call, 0), call.arguments[1], call.arguments[2])
    }

    private static let block: Expansion = { parser, call throws(SyntaxIssue) in
        guard isNamespace(call, "cel") else { return nil }
        guard case .list(_, optional: []) = call.arguments[0].form else {
            throw SyntaxIssue(message: "cel.block() needs a list literal first", offset: call.arguments[0].startOffset)
        }
        return try parser.call("cel.@block", call.arguments, call.offset)
    }

    private static let index: Expansion = { parser, call throws(SyntaxIssue) in
        guard isNamespace(call, "cel") else { return nil }
        return try parser.identifier("@index\(try number(call, 0))", call.offset)
    }

    /// The loop variables and accumulators of expressions that an optimizer has made.
    private static let blockVariable: Expansion = { parser, call throws(SyntaxIssue) in
        guard isNamespace(call, "cel") else { return nil }
        let prefix = call.name == "iterVar" ? "@it" : "@ac"
        return try parser.identifier("\(prefix):\(try number(call, 0)):\(try number(call, 1))", call.offset)
    }

    private static func number(_ call: Call, _ place: Int) throws(SyntaxIssue) -> Int64 {
        guard case .constant(.int(let number)) = call.arguments[place].form, number >= 0 else {
            let message = "cel.\(call.name)() needs an integer literal that is not negative"
            throw SyntaxIssue(message: message, offset: call.arguments[place].startOffset)
        }
        return number
    }

    /// `math.greatest` and `math.least`: of one number or list, of two numbers, or of a list of more.
    private static let extremum: Expansion = { parser, call throws(SyntaxIssue) in
        guard isNamespace(call, "math") else { return nil }
        let function = call.name == "least" ? "math.@min" : "math.@max"
        guard let first = call.arguments.first else {
            throw SyntaxIssue(message: "math.\(call.name)() needs at least one argument", offset: call.offset)
        }
        if call.arguments.count == 1, case .list(let elements, _) = first.form {
            guard !elements.isEmpty else {
                throw SyntaxIssue(message: "math.\(call.name)() needs a list that is not empty", offset: first.offset)
            }
            for element in elements { try requireNumber(call, element) }
            return try parser.call(function, [first], call.offset)
        }
        for argument in call.arguments { try requireNumber(call, argument) }
        guard call.arguments.count > 2 else { return try parser.call(function, call.arguments, call.offset) }
        return try parser.call(function, [try parser.list(call.arguments, call.offset)], call.offset)
    }

    private static func requireNumber(_ call: Call, _ argument: Expression) throws(SyntaxIssue) {
        switch argument.form {
        case .constant(.int), .constant(.uint), .constant(.double): return
        case .constant, .list, .map, .object:
            throw SyntaxIssue(message: "math.\(call.name)() needs numbers", offset: argument.startOffset)
        default: return
        }
    }
}

// MARK: Nodes

extension Parser {
    fileprivate mutating func constant(_ value: Constant, _ offset: Int) throws(SyntaxIssue) -> Expression {
        try node(.constant(value), offset, depth: 1)
    }

    fileprivate mutating func identifier(_ name: String, _ offset: Int) throws(SyntaxIssue) -> Expression {
        try node(.identifier(name), offset, depth: 1)
    }

    fileprivate mutating func list(_ elements: [Expression], _ offset: Int) throws(SyntaxIssue) -> Expression {
        try node(.list(elements, optional: []), offset, depth: 1 + (elements.map(\.depth).max() ?? 0))
    }

    fileprivate mutating func comprehension(
        _ parts: Expression.Comprehension,
        _ offset: Int
    ) throws(SyntaxIssue) -> Expression {
        var depth = max(parts.range.depth, parts.initial.depth)
        depth = max(depth, max(parts.condition.depth, max(parts.step.depth, parts.result.depth)))
        return try node(.comprehension(parts), offset, depth: depth + 1)
    }

    /// A copy of a tree with numbers of its own.
    fileprivate mutating func copy(_ original: Expression) throws(SyntaxIssue) -> Expression {
        var nodes = [original]
        var next = 0
        while next < nodes.count {
            nodes[next].forEachChild { nodes.append($0) }
            next += 1
        }
        // In the order of their numbers, what is below a node comes before it.
        nodes.sort { $0.id < $1.id }
        var copies: [Int: Expression] = [:]
        for node in nodes {
            let form = node.form.mapChildren { copies[$0.id] ?? $0 }
            copies[node.id] = try self.node(form, node.offset, depth: node.depth)
        }
        return copies[original.id] ?? original
    }
}

extension Expression.Form {
    /// The same form over other nodes.
    fileprivate func mapChildren(_ transform: (Expression) -> Expression) -> Expression.Form {
        switch self {
        case .constant, .identifier:
            self
        case .select(let operand, let field, let isTest):
            .select(operand: transform(operand), field: field, isTest: isTest)
        case .call(let function, let target, let arguments):
            .call(function: function, target: target.map(transform), arguments: arguments.map(transform))
        case .list(let elements, let optional):
            .list(elements.map(transform), optional: optional)
        case .map(let entries):
            .map(
                entries.map {
                    Expression.Entry(key: transform($0.key), value: transform($0.value), isOptional: $0.isOptional)
                }
            )
        case .object(let name, let fields):
            .object(
                name: name,
                fields: fields.map {
                    Expression.Field(
                        name: $0.name,
                        offset: $0.offset,
                        value: transform($0.value),
                        isOptional: $0.isOptional
                    )
                }
            )
        case .comprehension(let fold):
            .comprehension(
                Expression.Comprehension(
                    variable: fold.variable,
                    secondVariable: fold.secondVariable,
                    range: transform(fold.range),
                    accumulator: fold.accumulator,
                    initial: transform(fold.initial),
                    condition: transform(fold.condition),
                    step: transform(fold.step),
                    result: transform(fold.result),
                    macro: fold.macro
                )
            )
        }
    }
}

// MARK: Messages

extension Macro {
    /// The library whose name stands before the dot of a macro, for those that have one.
    private static let namespaces = [
        "bind": "cel", "block": "cel", "index": "cel", "iterVar": "cel", "accuVar": "cel", "greatest": "math",
        "least": "math",
    ]

    /// The names of all macros of a profile, for suggestions.
    static func names(in profile: Profile) -> [String] {
        table.filter { $0.value.contains { $0.availability.includes(profile) } }
            .map { name, _ in namespaces[name].map { $0 + "." + name } ?? name }
    }

    /// Why a call by the name of a macro is no use of it; nil if no macro has the name.
    static func misuse(_ name: String, target: Expression?, arguments: Int, _ profile: Profile) -> String? {
        guard let candidates = table[name] else { return nil }
        var shown = name
        if let namespace = namespaces[name] {
            guard case .identifier(namespace) = target?.form else { return nil }
            shown = namespace + "." + name
        }
        let available = candidates.filter { $0.availability.includes(profile) }
        guard !available.isEmpty else { return "\(profile) does not have the macro '\(shown)'" }
        guard available.contains(where: { $0.isMember == (target != nil) }) else {
            return target != nil
                ? "'\(name)' is a function: write \(name)(a.b)" : "'\(name)' is a method: write x.\(name)(…)"
        }
        guard !available.contains(where: { ($0.arity ?? arguments) == arguments }) else { return nil }
        let arities = available.compactMap(\.arity).map(String.init).joined(separator: " or ")
        return "\(shown)() takes \(arities) arguments, not \(arguments)"
    }
}
