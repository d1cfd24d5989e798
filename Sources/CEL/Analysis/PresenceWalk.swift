/// Goes through an expression with the fields that are known to be there, and notes those that are read and are not.
///
/// What `has()` is asked about is there where it is true, whichever operand of `&&` it is: a failure of the other one does not
/// count beside a false one.
struct PresenceWalk {
    /// The fields that are there if a node is true, and if it is false; nil where it never is.
    struct Facts {
        var ifTrue: Set<OutlinePath>? = []
        var ifFalse: Set<OutlinePath>? = []
        static let none = Facts()
    }

    /// What the variable of a loop or a binding stands for.
    private struct Local {
        let name: String
        var reference: OutlineReference?
        var facts = Facts.none
    }

    private let variables: [String: CELOutline]
    private let scope: String
    private let mayBeMissing: (OutlinePath) -> Bool
    private var locals: [Local] = []
    private var known: [Int: Facts] = [:]
    private(set) var reads: [CELOutline.Read] = []
    private(set) var mentions: [OutlinePath: Int] = [:]
    private(set) var usedVariables: Set<String> = []

    init(_ variables: [String: CELOutline], scope: String, _ mayBeMissing: @escaping (OutlinePath) -> Bool) {
        self.variables = variables
        self.scope = scope
        self.mayBeMissing = mayBeMissing
    }

    // MARK: Names

    private func local(_ name: String) -> Local? { locals.last { $0.name == name } }

    /// The variable that `variables.x` names.
    private func variable(_ node: Expression) -> (name: String, outline: CELOutline)? {
        guard case .select(let operand, let field, false) = node.form, case .identifier(let name) = operand.form,
            name == CELOutline.variablesName, local(name) == nil
        else { return nil }
        return variables[field].map { (field, $0) }
    }

    /// The operand and the field of a selection or an index by a literal.
    private static func step(_ node: Expression) -> (operand: Expression, field: String, isOptional: Bool)? {
        switch node.form {
        case .select(let operand, let field, false): return (operand, field, false)
        case .call(let function, nil, let arguments) where arguments.count == 2:
            guard ["_?._", "_[?_]", "_[_]"].contains(function),
                case .constant(.string(let field)) = arguments[1].form
            else { return nil }
            return (arguments[0], field, function != "_[_]")
        default: return nil
        }
    }

    /// The field that a node stands for.
    func reference(to node: Expression) -> OutlineReference? {
        // The way to the root is gone in a loop: a tree is as deep as the parser allows, which is enough for one function.
        var fields: [(name: String, isOptional: Bool)] = []
        var node = node
        while true {
            if let (_, outline) = variable(node) {
                return outline.reference.map { Self.reference($0, fields) }
            }
            if let step = Self.step(node) {
                fields.append((step.field, step.isOptional))
                node = step.operand
                continue
            }
            switch node.form {
            case .identifier(let name):
                if let local = local(name) { return local.reference.map { Self.reference($0, fields) } }
                let name = name.utf8.first == UInt8(ascii: ".") ? String(name.dropFirst()) : name
                return Self.reference(OutlineReference(path: OutlinePath(name, [])), fields)
            case .call("dyn", nil, let arguments) where arguments.count == 1: node = arguments[0]
            case .call("value", let target?, let arguments) where arguments.isEmpty:
                guard var found = reference(to: target), found.isOptional else { return nil }
                found.isOptional = false
                return Self.reference(found, fields)
            default: return nil
            }
        }
    }

    private static func reference(
        _ start: OutlineReference,
        _ fields: [(name: String, isOptional: Bool)]
    ) -> OutlineReference {
        fields.reversed().reduce(into: start) { reference, field in
            reference.path = reference.path.appending(field.name)
            reference.isOptional = reference.isOptional || field.isOptional
        }
    }

    // MARK: Facts

    /// The fields that are there if a reference has a value.
    private static func steps(_ reference: OutlineReference) -> Set<OutlinePath> {
        // What is no optional has failed on its way.
        reference.isOptional ? Set(reference.path.steps) : [reference.path]
    }

    private static func both(_ one: Set<OutlinePath>?, _ other: Set<OutlinePath>?) -> Set<OutlinePath>? {
        guard let one, let other else { return nil }
        return one.union(other)
    }

    private static func either(_ one: Set<OutlinePath>?, _ other: Set<OutlinePath>?) -> Set<OutlinePath>? {
        guard let one else { return other }
        guard let other else { return one }
        return one.intersection(other)
    }

    /// What is known if a node is true or false.
    mutating func facts(of node: Expression) -> Facts {
        if let facts = known[node.id] { return facts }
        let facts = makeFacts(of: node)
        known[node.id] = facts
        return facts
    }

    private mutating func makeFacts(of node: Expression) -> Facts {
        if let (_, outline) = variable(node) {
            return Facts(ifTrue: outline.presentIfTrue, ifFalse: outline.presentIfFalse)
        }
        switch node.form {
        case .constant(.bool(let value)): return value ? Facts(ifFalse: nil) : Facts(ifTrue: nil)
        case .identifier(let name): return local(name)?.facts ?? .none
        case .select(let operand, let field, true):
            guard var reference = reference(to: operand) else { return .none }
            reference.path = reference.path.appending(field)
            return Facts(ifTrue: Self.steps(reference))
        case .call(let function, let target, let arguments): return facts(of: function, target, arguments)
        case .comprehension(let fold) where fold.variable == Macro.unusedVariable:
            bind(fold)
            defer { locals.removeLast() }
            return facts(of: fold.result)
        default: return .none
        }
    }

    private mutating func facts(of function: String, _ target: Expression?, _ arguments: [Expression]) -> Facts {
        switch (function, arguments.count) {
        case ("!_", 1):
            let facts = facts(of: arguments[0])
            return Facts(ifTrue: facts.ifFalse, ifFalse: facts.ifTrue)
        case ("_&&_", 2):
            let (one, other) = (facts(of: arguments[0]), facts(of: arguments[1]))
            return Facts(
                ifTrue: Self.both(one.ifTrue, other.ifTrue),
                ifFalse: Self.either(one.ifFalse, other.ifFalse)
            )
        case ("_||_", 2):
            let (one, other) = (facts(of: arguments[0]), facts(of: arguments[1]))
            return Facts(
                ifTrue: Self.either(one.ifTrue, other.ifTrue),
                ifFalse: Self.both(one.ifFalse, other.ifFalse)
            )
        case ("_?_:_", 3):
            let (asked, yes, no) = (facts(of: arguments[0]), facts(of: arguments[1]), facts(of: arguments[2]))
            return Facts(
                ifTrue: Self.either(Self.both(asked.ifTrue, yes.ifTrue), Self.both(asked.ifFalse, no.ifTrue)),
                ifFalse: Self.either(Self.both(asked.ifTrue, yes.ifFalse), Self.both(asked.ifFalse, no.ifFalse))
            )
        case ("@in", 2):
            guard case .constant(.string(let field)) = arguments[0].form,
                var reference = reference(to: arguments[1]) ?? orEmpty(arguments[1])
            else { return .none }
            reference.path = reference.path.appending(field)
            return Facts(ifTrue: Self.steps(reference))
        case ("hasValue", 0):
            guard let target, let reference = reference(to: target), reference.isOptional else { return .none }
            return Facts(ifTrue: Self.steps(reference))
        case ("orValue", 1):
            guard let (reference, fallback) = orValue(target, arguments), case .bool(let value) = fallback else {
                return .none
            }
            return value ? Facts(ifFalse: Self.steps(reference)) : Facts(ifTrue: Self.steps(reference))
        case ("_==_", 2), ("_!=_", 2):
            let facts = comparison(arguments[0], arguments[1]) ?? comparison(arguments[1], arguments[0]) ?? .none
            return function == "_==_" ? facts : Facts(ifTrue: facts.ifFalse, ifFalse: facts.ifTrue)
        default: return .none
        }
    }

    /// What an optional field gives if it is there, or else a constant.
    private func orValue(_ target: Expression?, _ arguments: [Expression]) -> (OutlineReference, Constant)? {
        guard let target, arguments.count == 1, case .constant(let fallback) = arguments[0].form,
            let reference = reference(to: target), reference.isOptional
        else { return nil }
        return (reference, fallback)
    }

    /// What an optional field gives if it is there, or else nothing to look into.
    private func orEmpty(_ node: Expression) -> OutlineReference? {
        guard case .call("orValue", let target?, let arguments) = node.form, arguments.count == 1,
            let reference = reference(to: target), reference.isOptional
        else { return nil }
        switch arguments[0].form {
        case .map(let entries) where entries.isEmpty: return reference
        case .list(let elements, _) where elements.isEmpty: return reference
        default: return nil
        }
    }

    /// What is known if the one is equal to the other, and if it is not.
    private func comparison(_ one: Expression, _ other: Expression) -> Facts? {
        if case .call("orValue", let target, let arguments) = one.form,
            let (reference, fallback) = orValue(target, arguments), case .constant(let constant) = other.form
        {
            return fallback == constant
                ? Facts(ifFalse: Self.steps(reference)) : Facts(ifTrue: Self.steps(reference))
        }
        if other.libraryCall == "optional.of", let reference = reference(to: one), reference.isOptional {
            return Facts(ifTrue: Self.steps(reference))
        }
        if other.libraryCall == "optional.none", let reference = reference(to: one), reference.isOptional {
            return Facts(ifFalse: Self.steps(reference))
        }
        return nil
    }

    // MARK: Reads

    /// Goes through a node where some fields are known to be there.
    mutating func walk(_ node: Expression, _ present: Set<OutlinePath>) {
        mention(node)
        if let (name, outline) = variable(node) {
            usedVariables.insert(name)
            usedVariables.formUnion(outline.usedVariables)
            for read in outline.uncheckedReads {
                note(read.steps.filter { !present.contains($0) }, at: read.offset, of: read.variable ?? name)
            }
            return
        }
        if Self.step(node) != nil { return walk(way: node, present) }
        switch node.form {
        case .select(let operand, _, true): walk(operand, present)
        case .call(let function, let target, let arguments): walk(function, target, arguments, present)
        case .comprehension(let fold): walk(node, fold, present)
        default: node.forEachChild { walk($0, present) }
        }
    }

    /// Goes through selections up to what they begin with, and notes the fields on the way that may be missing.
    private mutating func walk(way node: Expression, _ present: Set<OutlinePath>) {
        var node = node
        var missing: [(path: OutlinePath, offset: Int)] = []
        while variable(node) == nil, let (operand, field, isOptional) = Self.step(node) {
            if !isOptional, let reference = reference(to: operand), !reference.isOptional {
                let path = reference.path.appending(field)
                if !present.contains(path), mayBeMissing(path) { missing.append((path, node.offset)) }
            }
            node = operand
            if Self.step(node) != nil { mention(node) }
        }
        walk(node, present)
        missing.reverse()
        note(missing.map(\.path), at: missing.first?.offset ?? 0, of: nil)
    }

    private mutating func note(_ steps: [OutlinePath], at offset: Int, of variable: String?) {
        guard !steps.isEmpty, reads.count < CELOutline.maximumReads else { return }
        let read = CELOutline.Read(steps: steps, offset: offset, variable: variable)
        if !reads.contains(read) { reads.append(read) }
    }

    private mutating func mention(_ node: Expression) {
        var path: OutlinePath?
        if case .select(let operand, let field, true) = node.form {
            path = reference(to: operand)?.path.appending(field)
        } else if case .call("@in", nil, let arguments) = node.form, arguments.count == 2,
            case .constant(.string(let field)) = arguments[0].form
        {
            path = (reference(to: arguments[1]) ?? orEmpty(arguments[1]))?.path.appending(field)
        } else {
            path = reference(to: node)?.path
        }
        guard let path, !path.isElement, mentions[path] == nil, mentions.count < CELOutline.maximumReads else { return }
        mentions[path] = node.offset
    }

    private mutating func walk(
        _ function: String,
        _ target: Expression?,
        _ arguments: [Expression],
        _ present: Set<OutlinePath>
    ) {
        func known(_ facts: Set<OutlinePath>?) -> Set<OutlinePath> { facts.map { present.union($0) } ?? present }
        switch (function, arguments.count) {
        case ("_&&_", 2):
            let (one, other) = (facts(of: arguments[0]), facts(of: arguments[1]))
            walk(arguments[0], known(other.ifTrue))
            walk(arguments[1], known(one.ifTrue))
        case ("_||_", 2):
            let (one, other) = (facts(of: arguments[0]), facts(of: arguments[1]))
            walk(arguments[0], known(other.ifFalse))
            walk(arguments[1], known(one.ifFalse))
        case ("_?_:_", 3):
            let asked = facts(of: arguments[0])
            walk(arguments[0], present)
            walk(arguments[1], known(asked.ifTrue))
            walk(arguments[2], known(asked.ifFalse))
        case ("value", 0):
            guard let target else { return }
            walk(target, present)
            guard let reference = reference(to: target), reference.isOptional else { return }
            let missing = reference.path.steps.filter { !present.contains($0) && mayBeMissing($0) }
            note(missing, at: target.offset, of: nil)
        default:
            if let target { walk(target, present) }
            for argument in arguments { walk(argument, present) }
        }
    }

    private mutating func bind(_ fold: Expression.Comprehension) {
        let reference = reference(to: fold.initial)
        locals.append(Local(name: fold.accumulator, reference: reference, facts: facts(of: fold.initial)))
    }

    private mutating func walk(_ node: Expression, _ fold: Expression.Comprehension, _ present: Set<OutlinePath>) {
        if fold.variable == Macro.unusedVariable {
            walk(fold.initial, present)
            bind(fold)
            defer { locals.removeLast() }
            return walk(fold.result, present)
        }
        walk(fold.range, present)
        var present = present
        let (first, second) = (fold.variable, fold.secondVariable)
        // The element is the second of two; the key of a map has no fields.
        let name = second ?? first
        let element = OutlinePath(.element(scope: scope, node.id), name)
        let isOfObject = source(of: fold.range)
        locals.append(Local(name: fold.accumulator))
        if second != nil { locals.append(Local(name: first)) }
        locals.append(Local(name: name, reference: isOfObject ? OutlineReference(path: element) : nil))
        defer { locals.removeLast(second == nil ? 2 : 3) }
        for names in elementFacts(of: fold.range) {
            var path = element
            path.names = names
            present.insert(path)
        }
        walk(fold.condition, present)
        walk(fold.step, present)
        walk(fold.result, present)
    }

    /// The list below `orValue()` and filters.
    private func list(below node: Expression) -> Expression {
        var node = node
        while true {
            switch node.form {
            case .call("orValue", let target?, _): node = target
            case .comprehension(let fold) where fold.macro == "filter": node = fold.range
            default: return node
            }
        }
    }

    /// Whether the elements of a list are parts of an object, which may be without fields.
    private func source(of range: Expression) -> Bool {
        guard let path = reference(to: list(below: range))?.path else { return false }
        return mayBeMissing(path.appending(""))
    }

    /// The fields that all elements of a filtered list have.
    private mutating func elementFacts(of range: Expression) -> [[String]] {
        guard case .comprehension(let fold) = range.form, fold.macro == "filter",
            case .call("_?_:_", _, let arguments) = fold.step.form
        else { return [] }
        let element = OutlinePath(.element(scope: scope, range.id), fold.variable)
        let facts = facts(of: arguments[0]).ifTrue ?? []
        return facts.filter { $0.root == element.root }.map(\.names) + elementFacts(of: fold.range)
    }
}
