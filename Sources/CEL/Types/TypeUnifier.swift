/// Finds out what the free types of one expression are: the element of `[]`, the `A` of `optional.of(A)`.
///
/// The rules are cel-go's (`checker/types.go`), because they decide which expressions compile. Types are never deeper than
/// `maximumTypeDepth` nor larger than `maximumTypeNodes`, whatever an expression makes of them: what lies beyond is `dyn`.
struct TypeUnifier {
    /// How deep a type is known: deeper than data of any API, shallow enough for recursion on a small stack.
    static let maximumTypeDepth = 64

    /// How many parts of a type are known: `{a: a}` of a map of maps of maps doubles its type with every step.
    static let maximumTypeNodes = 128

    /// How many steps one comparison may take before it is taken to be true: many times that of the largest types.
    private static let maximumSteps = 2_000

    private var bindings: [CELType?] = []
    /// What a comparison has bound so far, to be taken back if it fails.
    private var trail: [(variable: Int, previous: CELType?)] = []
    private var steps = 0

    /// The first variables of all expressions, shared.
    private static let variables: [CELType] = (0..<128).map { .parameter("%\($0)") }

    /// A type that nothing is known of yet.
    mutating func makeVariable() -> CELType {
        let number = bindings.count
        bindings.append(nil)
        return number < Self.variables.count ? Self.variables[number] : .parameter("%\(number)")
    }

    /// The number of a variable; nil for any other type.
    @inline(__always)
    private func variable(_ type: CELType) -> Int? {
        guard case .parameter(let name) = type else { return nil }
        return Self.number(name)
    }

    private static func number(_ name: String) -> Int? {
        var digits = name.utf8.makeIterator()
        guard digits.next() == UInt8(ascii: "%") else { return nil }
        var number = 0
        while let digit = digits.next() { number = number * 10 + Int(digit) - 48 }
        return number
    }

    // MARK: Instances

    /// The types of a declaration with variables in the place of its parameters.
    mutating func instance(_ overload: Overload) -> (parameters: [CELType], result: CELType) {
        var names: [(name: String, variable: CELType)] = []
        var parameters: [CELType] = []
        parameters.reserveCapacity(overload.parameters.count)
        for parameter in overload.parameters { parameters.append(instance(parameter, &names)) }
        return (parameters, instance(overload.result, &names))
    }

    private mutating func instance(_ type: CELType, _ names: inout [(name: String, variable: CELType)]) -> CELType {
        switch type {
        case .parameter(let name):
            if let known = names.first(where: { $0.name == name }) { return known.variable }
            let variable = makeVariable()
            names.append((name, variable))
            return variable
        case .list(let element): return .list(instance(element, &names))
        case .map(let key, let value): return .map(instance(key, &names), instance(value, &names))
        case .optional(let value): return .optional(instance(value, &names))
        case .type(let value): return .type(instance(value, &names))
        default: return type
        }
    }

    // MARK: Comparing

    /// Whether a value of one type can stand where another is asked for; binds variables if so.
    mutating func isAssignable(_ given: CELType, _ wanted: CELType) -> Bool {
        steps = 0
        defer { trail.removeAll(keepingCapacity: true) }
        if assign(given, wanted, 0) { return true }
        undo()
        return false
    }

    /// Whether values of these types can stand where others are asked for, all of them; binds variables if so.
    mutating func areAssignable(_ given: [CELType], _ wanted: [CELType]) -> Bool {
        steps = 0
        defer { trail.removeAll(keepingCapacity: true) }
        for index in given.indices where !assign(given[index], wanted[index], 0) {
            undo()
            return false
        }
        return true
    }

    private mutating func undo() {
        for (variable, previous) in trail.reversed() { bindings[variable] = previous }
    }

    private mutating func bind(_ variable: Int, _ type: CELType) {
        trail.append((variable, bindings[variable]))
        bindings[variable] = type
    }

    private mutating func assign(_ first: CELType, _ second: CELType, _ depth: Int) -> Bool {
        steps += 1
        // Types this large are not worth an error: evaluating tells.
        guard steps < Self.maximumSteps, depth < 2 * Self.maximumTypeDepth else { return true }
        if let variable = variable(second) {
            switch substitute(first, variable, second, depth) {
            case .valid: return true
            case .contradicts: return false
            case .impossible: break
            }
        }
        if let variable = variable(first) { return substitute(second, variable, first, depth) == .valid }
        switch (first, second) {
        case (.dyn, _), (_, .dyn): return true
        case (.null, let other), (let other, .null): return Self.isNullable(other)
        case (.list(let first), .list(let second)): return assign(first, second, depth + 1)
        case (.optional(let first), .optional(let second)): return assign(first, second, depth + 1)
        case (.map(let firstKey, let firstValue), .map(let secondKey, let secondValue)):
            return assign(firstKey, secondKey, depth + 1) && assign(firstValue, secondValue, depth + 1)
        case (.type, .type): return true
        default: return first == second
        }
    }

    private static func isNullable(_ type: CELType) -> Bool {
        switch type {
        case .null, .optional, .object, .opaque, .duration, .timestamp: true
        default: false
        }
    }

    private enum Substitution {
        case valid
        /// The variable is bound to something else.
        case contradicts
        /// The variable would be a part of what it stands for.
        case impossible
    }

    private mutating func substitute(
        _ type: CELType,
        _ variable: Int,
        _ variableType: CELType,
        _ depth: Int
    ) -> Substitution {
        if type == variableType { return .valid }
        guard let bound = bindings[variable] else {
            guard !refers(type, to: variable, 0) else { return .impossible }
            bind(variable, type)
            return .valid
        }
        if type == bound { return .valid }
        guard assign(type, bound, depth + 1) else { return .contradicts }
        let general = Self.mostGeneral(type, bound)
        if !refers(general, to: variable, 0) { bind(variable, general) }
        return .valid
    }

    /// Whether a variable is a part of a type.
    private mutating func refers(_ type: CELType, to wanted: Int, _ depth: Int) -> Bool {
        steps += 1
        guard steps < Self.maximumSteps, depth < 2 * Self.maximumTypeDepth else { return true }
        switch type {
        case .parameter(let name):
            guard let variable = Self.number(name) else { return false }
            if variable == wanted { return true }
            guard let bound = bindings[variable] else { return false }
            return refers(bound, to: wanted, depth + 1)
        case .list(let part), .optional(let part), .type(let part): return refers(part, to: wanted, depth + 1)
        case .map(let key, let value): return refers(key, to: wanted, depth + 1) || refers(value, to: wanted, depth + 1)
        default: return false
        }
    }

    /// Of two types that agree, the one that says less; of `null` and a type that has it, the type.
    static func mostGeneral(_ first: CELType, _ second: CELType) -> CELType {
        if case .null = second, isNullable(first) { return first }
        return isEqualOrLessSpecific(first, second) ? first : second
    }

    private static func isEqualOrLessSpecific(_ first: CELType, _ second: CELType) -> Bool {
        switch (first, second) {
        case (.dyn, _), (.parameter, _): true
        case (_, .dyn), (_, .parameter): false
        case (.list(let first), .list(let second)): isEqualOrLessSpecific(first, second)
        case (.optional(let first), .optional(let second)): isEqualOrLessSpecific(first, second)
        case (.map(let firstKey, let firstValue), .map(let secondKey, let secondValue)):
            isEqualOrLessSpecific(firstKey, secondKey) && isEqualOrLessSpecific(firstValue, secondValue)
        case (.type, .type): true
        default: first == second
        }
    }

    // MARK: Results

    /// A type with all that is known of its variables, within the limits.
    func resolve(_ type: CELType) -> CELType {
        switch type {
        case .list, .map, .optional, .type, .parameter: break
        default: return type
        }
        var budget = Self.maximumTypeNodes
        if isResolved(type, 0, &budget) { return type }
        budget = Self.maximumTypeNodes
        return resolved(type, 0, &budget, freeIsDyn: false)
    }

    /// A type with all that is known of its variables, and `dyn` for those that nothing is known of.
    func finished(_ type: CELType) -> CELType {
        switch type {
        case .list, .map, .optional, .type, .parameter: break
        default: return type
        }
        guard type.hasParameters else { return type }
        var budget = Self.maximumTypeNodes
        return resolved(type, 0, &budget, freeIsDyn: true)
    }

    private func isResolved(_ type: CELType, _ depth: Int, _ budget: inout Int) -> Bool {
        budget -= 1
        guard budget > 0, depth < Self.maximumTypeDepth else { return false }
        switch type {
        case .parameter(let name): return Self.number(name).map { bindings[$0] == nil } ?? true
        case .list(let part), .optional(let part), .type(let part): return isResolved(part, depth + 1, &budget)
        case .map(let key, let value):
            return isResolved(key, depth + 1, &budget) && isResolved(value, depth + 1, &budget)
        default: return true
        }
    }

    private func resolved(_ type: CELType, _ depth: Int, _ budget: inout Int, freeIsDyn: Bool) -> CELType {
        budget -= 1
        guard budget > 0, depth < Self.maximumTypeDepth else { return .dyn }
        switch type {
        case .parameter(let name):
            guard let variable = Self.number(name), let bound = bindings[variable] else {
                return freeIsDyn ? .dyn : type
            }
            return resolved(bound, depth + 1, &budget, freeIsDyn: freeIsDyn)
        case .list(let element):
            return .list(resolved(element, depth + 1, &budget, freeIsDyn: freeIsDyn))
        case .optional(let value):
            return .optional(resolved(value, depth + 1, &budget, freeIsDyn: freeIsDyn))
        case .type(let value):
            return .type(resolved(value, depth + 1, &budget, freeIsDyn: freeIsDyn))
        case .map(let key, let value):
            let resolvedKey = resolved(key, depth + 1, &budget, freeIsDyn: freeIsDyn)
            return .map(resolvedKey, resolved(value, depth + 1, &budget, freeIsDyn: freeIsDyn))
        default: return type
        }
    }
}
