internal import JSON

/// A path of fields, keys and indices that begins at a variable or any other value: `object.spec.rules[0].?host`.
///
/// Once a step is optional, so are those after it, and the result is an optional value.
final class AttributeNode: Node {
    /// One step of a path.
    struct Step {
        enum Kind {
            /// A field or a key that is a string literal.
            case field(JSONKey, String)
            /// An index that is known.
            case constant(CELValue)
            /// An index that has to be evaluated.
            case computed(Node)
        }
        let kind: Kind
        let isOptional: Bool
        let offset: Int
    }

    /// What does not change from step to step.
    struct Rules: Sendable {
        /// Whether the path is the operand of `has()`: the last step is looked for and not read.
        var isTest = false
        /// Whether to look for a field in a value that has none is an error; Kubernetes finds nothing there.
        let isStrict: Bool
    }

    let base: Node
    let steps: [Step]
    private let rules: Rules
    private let expression: Expression

    init(_ base: Node, _ steps: [Step], _ rules: Rules, _ expression: Expression) {
        self.base = base
        self.steps = steps
        self.rules = rules
        self.expression = expression
        super.init(offset: expression.offset)
    }

    /// The same path with one step more; nil if this one ends with a test.
    func extended(by step: Step, isTest: Bool, _ expression: Expression) -> AttributeNode? {
        guard !rules.isTest else { return nil }
        var rules = rules
        rules.isTest = isTest
        return AttributeNode(base, steps + [step], rules, expression)
    }

    override var isAttribute: Bool { true }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try charge(&evaluation)
        return try resolve(&evaluation)
    }

    override func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        switch try read(&evaluation) {
        case .value(let value): value
        case .present(let value): rules.isTest ? .bool(true) : .optional(OptionalValue(value))
        case .absent: rules.isTest ? .bool(false) : .optional(.none)
        }
    }

    /// Evaluates the path as the target of `orValue`: an optional value is not put into an object first.
    func evaluateOptional(_ evaluation: inout Evaluation) throws(CELError) -> Finding {
        try charge(&evaluation)
        return try read(&evaluation)
    }

    /// Where a path has led.
    enum Finding {
        /// To a value, which may be an optional.
        case value(CELValue)
        /// By an optional step, to a value.
        case present(CELValue)
        /// By an optional step, to nothing.
        case absent
    }

    @inline(__always)
    private func charge(_ evaluation: inout Evaluation) throws(CELError) {
        // A path that begins with a conditional is not charged for it, and `has()` is a unit cheaper.
        switch (base is ConditionalNode, rules.isTest) {
        case (false, false): try evaluation.charge(1)
        case (true, true): evaluation.refund(1)
        default: break
        }
    }

    /// Where the reading of a path stands.
    private struct Position {
        var value: CELValue
        var isOptional = false
        var isAbsent = false

        /// Goes into an optional value; false if there is none.
        mutating func enter() -> Bool {
            guard case .optional(let optional) = value else { return true }
            isOptional = true
            guard let inner = optional.value else {
                isAbsent = true
                return false
            }
            value = inner
            return true
        }
    }

    // Indices may be paths themselves, and so on: what recurses keeps little on the stack.
    private func read(_ evaluation: inout Evaluation) throws(CELError) -> Finding {
        var position = Position(value: try root(&evaluation))
        for index in steps.indices {
            guard position.enter() else { return .absent }
            var key = CELValue.null
            if case .computed(let node) = steps[index].kind {
                // An index is evaluated after the value that it is taken of, and is not charged for as a variable.
                key = try node.isAttribute ? node.resolve(&evaluation) : node.evaluate(&evaluation)
            }
            try take(index, key, &position, &evaluation)
            if position.isAbsent { return .absent }
        }
        return position.isOptional ? .present(position.value) : .value(position.value)
    }

    @inline(never)
    private func root(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        try base.isAttribute ? base.resolve(&evaluation) : base.evaluate(&evaluation)
    }

    /// Goes one step further.
    @inline(never)
    private func take(
        _ index: Int,
        _ computed: CELValue,
        _ position: inout Position,
        _ evaluation: inout Evaluation
    ) throws(CELError) {
        position.isOptional = position.isOptional || steps[index].isOptional
        let isTest = rules.isTest && index == steps.count - 1
        // A step that must succeed is charged in any case, an optional one only if it does.
        if !position.isOptional { try evaluation.charge(1) }
        let mayBeAbsent = isTest || position.isOptional
        guard let next = try find(index, computed, in: position.value, mayBeAbsent: mayBeAbsent, &evaluation) else {
            position.isAbsent = true
            return
        }
        if position.isOptional { try evaluation.charge(1) }
        position.value = next
        if isTest { position.isOptional = true }
    }

    /// Reads one field, key or element.
    ///
    /// - Returns: nil if it is absent and may be.
    private func find(
        _ index: Int,
        _ computed: CELValue,
        in value: CELValue,
        mayBeAbsent: Bool,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue? {
        let key: CELValue
        switch steps[index].kind {
        case .field(let field, let name):
            if case .json(let json) = value {
                let document = evaluation.document(of: json)
                if let member = document.member(field, of: json) {
                    do throws(CELError) {
                        try evaluation.requireKnown(member, in: document)
                    } catch {
                        throw error.located(at: steps[index].offset)
                    }
                    return evaluation.value(member, in: document)
                }
            }
            key = .string(name)
        case .constant(let constant):
            key = constant
        case .computed:
            key = computed
        }
        do throws(CELError) {
            let member = try evaluation.member(key, of: value, isTest: mayBeAbsent, isStrict: rules.isStrict)
            if let member { return try member.known() }
        } catch {
            throw error.located(at: steps[index].offset)
        }
        guard !mayBeAbsent else { return nil }
        throw missing(key, in: value, evaluation).located(at: steps[index].offset)
    }

    private func missing(_ key: CELValue, in value: CELValue, _ evaluation: borrowing Evaluation) -> CELError {
        let path = expression.text
        if case .int(let place) = key, evaluation.isValue(value, of: .list(.dyn)) {
            let count = evaluation.count(of: value)
            return CELError(.noSuchKey, "index \(place) is out of range in \(path): the list has \(count) elements")
        }
        return CELError(.noSuchKey, "no such key: \(evaluation.description(of: key)) in \(path)")
    }
}

extension Evaluation {
    /// What is at a key of a map, an index of a list or a field of an object; nil if there is nothing.
    ///
    /// - Throws: If the value has neither, unless it is a test that is not strict, or if the key cannot be one.
    mutating func member(
        _ key: CELValue,
        of value: CELValue,
        isTest: Bool,
        isStrict: Bool
    ) throws(CELError) -> CELValue? {
        switch value {
        case .map:
            return self.value(at: key, of: value)
        case .json(let json) where json.isObject:
            return self.value(at: key, of: value)
        case .list, .json:
            guard isValue(value, of: .list(.dyn)) else { break }
            return element(try index(key), of: value)
        case .object(let object):
            guard isString(key) else { break }
            return try object.field(string(key), &self)
        default:
            break
        }
        if isTest && !isStrict { return nil }
        throw CELError(.noSuchKey, "no such key: \(description(of: key)), because \(typeName(of: value)) has no fields")
    }

    /// The place that an index of a list stands for; -1 for one that no list has.
    private func index(_ key: CELValue) throws(CELError) -> Int {
        switch key {
        case .int(let place): return Int(place)
        case .uint(let place): return Int(exactly: place) ?? -1
        case .double(let place):
            guard let place = Int(exactly: place) else { break }
            return place
        default: break
        }
        throw CELError(.invalidArgument, "\(description(of: key)) cannot be the index of a list")
    }

    /// Gives back what was charged too much.
    mutating func refund(_ units: UInt64) { cost = cost >= units ? cost - units : 0 }
}

/// A path of fields alone that begins at a variable of the host: the most common expression of policies.
final class FieldPathNode: Node {
    private let variable: Int
    private let keys: [JSONKey]
    private let isTest: Bool
    /// Evaluates whatever is not JSON all the way, and finds the words for failures.
    let general: AttributeNode

    init(_ variable: Int, _ keys: [JSONKey], isTest: Bool, _ general: AttributeNode) {
        self.variable = variable
        self.keys = keys
        self.isTest = isTest
        self.general = general
        super.init(offset: general.offset)
    }

    override var isAttribute: Bool { true }

    override func evaluate(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        guard let value = follow(evaluation) else { return try general.evaluate(&evaluation) }
        try evaluation.charge(UInt64(truncatingIfNeeded: isTest ? keys.count : keys.count &+ 1))
        return value
    }

    override func resolve(_ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        guard let value = follow(evaluation) else { return try general.resolve(&evaluation) }
        try evaluation.charge(UInt64(truncatingIfNeeded: keys.count))
        return value
    }

    @inline(__always)
    private func follow(_ evaluation: borrowing Evaluation) -> CELValue? {
        guard case .json(var json)? = evaluation.variable(variable) else { return nil }
        let document = evaluation.document(of: json)
        for index in keys.indices {
            guard let member = document.member(keys[index], of: json) else {
                // A missing field before the last, or of a value that has none, is for the general node.
                guard isTest, index == keys.count &- 1, json.isObject else { return nil }
                return .bool(false)
            }
            json = member
        }
        // What is not known, the general node has the words for.
        if json.isUnknown || json.isArray && document.mayHaveUnknowns { return nil }
        return isTest ? .bool(true) : evaluation.value(json, in: document)
    }
}
