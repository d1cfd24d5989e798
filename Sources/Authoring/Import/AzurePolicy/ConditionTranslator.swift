internal import Azure

/// Says the condition of a definition in CEL, for the resources of one kind.
///
/// What the kind decides is decided here: its type, the API versions, aliases of other types. A value that admission cannot
/// know (taken from a ConfigMap, a reference by name) makes the condition true where that makes the definition apply, and false
/// under a `not`: what is not known is taken for a violation.
struct ConditionTranslator {
    /// A value in CEL.
    struct Term {
        enum ValueType: Hashable { case string, int, double, bool, array, object, any }

        var text: String
        var type: ValueType
        /// Whether it is an optional value of CEL.
        var isOptional = false
        /// Whether a missing value is the empty text, as the function `field` has it.
        var isEmptyIfMissing = false
        var literal: TemplateLiteral?
        var formula: Formula?
        /// What is true while the value is not known.
        var unknown: [Formula] = []
        var isRegion = false
        var isAPIVersion = false
        /// Whether it is the resource type, which is known but says itself where it is compared with what is not.
        var isType = false

        /// Whether it surely is a number, a truth value or a text.
        var isScalar: Bool { !isOptional && [.int, .double, .bool, .string].contains(type) }

        init(_ text: String, _ type: ValueType) {
            self.text = text
            self.type = type
        }

        init(_ literal: TemplateLiteral) {
            self.literal = literal
            text = literal.cel
            type =
                switch literal {
                case .string: .string
                case .int: .int
                case .double: .double
                case .bool(_): .bool
                case .array: .array
                case .object: .object
                case .null: .any
                }
            if case .bool(let value) = literal { formula = .constant(value) }
        }

        init(_ formula: Formula) {
            if let value = formula.constant {
                self.init(TemplateLiteral.bool(value))
            } else {
                self.init(formula.operand, .bool)
                self.formula = formula
            }
        }
    }

    /// What is counted at the moment, and the variables that stand for it.
    struct Scope {
        /// Ways through lists, each to its last `element`, with the variable that stands for that element.
        var elements: [(steps: [FieldStep], variable: String)] = []
        /// Elements of values, by the name of their count.
        var values: [(name: String?, variable: String)] = []
        /// The alias of the count that is nearest.
        var alias: String?
    }

    /// The variable that gives an object's type.
    static let typeVariable = "variables.type"

    let resolver: AliasResolver
    let parameters: [PolicyDefinition.Parameter]
    /// The variable that holds the object.
    let root: String
    /// The parameters that expressions name.
    private(set) var usedParameters: Set<String> = []
    /// The fields that were read, without those in lists.
    private(set) var readFields: Set<String> = []
    /// Whether a list, metadata or anything else was read that is not one field.
    private(set) var readsMore = false
    /// Whether a field was asked for that no resource of the kind has.
    private(set) var readsAbsent = false
    private var lastVariable = 0

    init(_ resolver: AliasResolver, parameters: [PolicyDefinition.Parameter], root: String = "object") {
        self.resolver = resolver
        self.parameters = parameters
        self.root = root
    }

    var kind: AzureKind { resolver.kind }

    mutating func variable(_ letter: String) -> String {
        lastVariable += 1
        return "\(letter)\(lastVariable)"
    }

    // MARK: - Conditions

    /// The condition in CEL.
    ///
    /// - Parameters:
    ///   - condition: The condition.
    ///   - scope: What is counted at the moment.
    ///   - applies: Whether what is not known makes it true.
    /// - Returns: What is true of an object for which the condition is.
    /// - Throws: What cannot be said.
    mutating func formula(
        _ condition: PolicyCondition,
        _ scope: Scope = Scope(),
        applies: Bool = true
    ) throws(ImportReason) -> Formula {
        switch condition {
        case .allOf(let parts): return .all(try formulas(parts, scope, applies, decides: false))
        case .anyOf(let parts): return .any(try formulas(parts, scope, applies, decides: true))
        case .not(let inner): return !(try formula(inner, scope, applies: !applies))
        case .test(let subject, let op, let operand):
            switch subject {
            case .field(let name): return try fieldTest(name, op, operand, scope, applies)
            case .value(let value):
                let left = try term(value, scope)
                let right = try term(operand, scope)
                return try test(left, op, right, applies)
            case .count(let count): return try countTest(count, op, operand, scope, applies)
            }
        }
    }

    /// The parts of an allOf or anyOf; a part that decides makes it unimportant what the others cannot say.
    private mutating func formulas(
        _ parts: [PolicyCondition],
        _ scope: Scope,
        _ applies: Bool,
        decides: Bool
    ) throws(ImportReason) -> [Formula] {
        var result: [Formula] = []
        var failure: ImportReason?
        var decided: (formula: Formula, absent: Bool)?
        let (parameters, fields, more, absent) = (usedParameters, readFields, readsMore, readsAbsent)
        for part in parts {
            let wasAbsent = readsAbsent
            readsAbsent = false
            defer { readsAbsent = readsAbsent || wasAbsent }
            do throws(ImportReason) {
                let formula = try formula(part, scope, applies: applies)
                if formula == .constant(decides) {
                    (usedParameters, readFields, readsMore) = (parameters, fields, more)
                    let isAbsent = readsAbsent
                    decided = (formula, absent || isAbsent)
                    break
                }
                result.append(formula)
            } catch {
                failure = failure ?? error
            }
        }
        if let decided {
            readsAbsent = decided.absent
            return [decided.formula]
        }
        if let failure { throw failure }
        return result
    }

    private mutating func fieldTest(
        _ name: TemplateExpression,
        _ op: PolicyCondition.Operator,
        _ operand: TemplateExpression,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> Formula {
        if case .call("if", let parts) = name, parts.count == 3 {
            guard let condition = try term(parts[0], scope).formula else {
                throw ImportReason(.unsupported, "a field that is chosen by a value")
            }
            let first = try fieldTest(parts[1], op, operand, scope, applies)
            let second = try fieldTest(parts[2], op, operand, scope, applies)
            return .any([.all([condition, first]), .all([!condition, second])])
        }
        if let tag = try tag(namedBy: name, scope) {
            return try test(tag, op, try term(operand, scope), applies)
        }
        guard case .string(let text)? = try term(name, scope).literal else {
            throw ImportReason(.unsupported, "a field whose name is known only to the assignment")
        }
        let right = try term(operand, scope)
        switch try resolver.resolve(text) {
        case .known(let literal): return try test(typeTerm(literal), op, right, applies)
        case .name: return try test(nameTerm(), op, right, applies)
        case .absent:
            readsAbsent = true
            // No element, no violation: a condition on all elements of nothing is true.
            if text.contains("[*]") { return .constant(true) }
            return try test(Term(.null), op, right, applies)
        case .field(let field):
            if op == .exists { return try existence(field, right, scope, applies) }
            return try each(field.steps, scope) { (translator, way, scope) throws(ImportReason) in
                try translator.test(translator.term(field, way), op, right, applies)
            }
        }
    }

    /// The type of the resource.
    private func typeTerm(_ literal: TemplateLiteral) -> Term {
        var result = Term(literal)
        result.text = Self.typeVariable
        result.isType = true
        return result
    }

    mutating func nameTerm() throws(ImportReason) -> Term {
        readsMore = true
        switch kind.azureName {
        case .fixed(let name): return Term(.string(name))
        case .spec: return Term("\(root).?spec.?azureName.orValue(\(root).metadata.name)", .string)
        case .none: throw ImportReason(.noField, "the name of \(kind): it has none")
        }
    }

    /// The name of a tag that a parameter gives: `[concat('tags[', parameters('tagName'), ']')]`.
    static func tagName(in name: TemplateExpression) -> TemplateExpression? {
        guard case .call("concat", let parts) = name, parts.count == 3, parts[1].literal == nil,
            let start = parts[0].literal?.text?.lowercasedASCII, ["tags[", "tags['", "tags."].contains(start),
            let end = parts[2].literal?.text, ["']", "]", ""].contains(end)
        else { return nil }
        return parts[1]
    }

    private mutating func tag(namedBy name: TemplateExpression, _ scope: Scope) throws(ImportReason) -> Term? {
        guard let tag = Self.tagName(in: name) else { return nil }
        guard case .field(let tags) = try resolver.resolve("tags") else { return Term(.null) }
        let key = folded(try term(tag, scope))
        readsMore = true
        let way = try way(tags.steps[...], scope)
        let (name, value) = (variable("k"), variable("v"))
        var result = Term(
            "\(way.text).orValue({}).transformList(\(name), \(value), \(name).lowerAscii() == \(key), \(value))[?0]",
            .string
        )
        result.isOptional = true
        return result
    }

    // MARK: - Fields

    /// How far one has come on the way to a field.
    struct Way {
        var text: String
        var isOptional: Bool
    }

    /// Follows steps without elements of lists.
    private mutating func way(_ steps: ArraySlice<FieldStep>, from start: Way) -> Way {
        var way = start
        for step in steps {
            switch step {
            case .member(let name):
                way.text += name.isCELField ? ".?\(name)" : "[?\(name.celLiteral)]"
            case .key(let name):
                let (key, value) = (variable("k"), variable("v"))
                let folded = name.lowercasedASCII.celLiteral
                way.text =
                    "\(way.isOptional ? "\(way.text).orValue({})" : way.text)"
                    + ".transformList(\(key), \(value), \(key).lowerAscii() == \(folded), \(value))[?0]"
            case .element: preconditionFailure("an element has a variable")
            }
            way.isOptional = true
        }
        return way
    }

    /// Where a way begins: at the object, or at the element that a count is at.
    private func start(_ steps: [FieldStep], _ scope: Scope) -> (way: Way, rest: ArraySlice<FieldStep>) {
        for (known, variable) in scope.elements.reversed() where steps.starts(with: known) {
            return (Way(text: variable, isOptional: false), steps[known.count...])
        }
        return (Way(text: root, isOptional: false), steps[...])
    }

    private mutating func way(_ steps: ArraySlice<FieldStep>, _ scope: Scope) throws(ImportReason) -> Way {
        let (way, rest) = start(Array(steps), scope)
        return self.way(rest, from: way)
    }

    /// Asks a question of the field in every element of the lists on the way.
    private mutating func each(
        _ steps: [FieldStep],
        _ scope: Scope,
        some: Bool = false,
        _ ask: (inout ConditionTranslator, Way, Scope) throws(ImportReason) -> Formula
    ) throws(ImportReason) -> Formula {
        let (begin, rest) = start(steps, scope)
        guard let place = rest.firstIndex(of: .element) else {
            note(steps, isInList: begin.text != root)
            return try ask(&self, way(rest, from: begin), scope)
        }
        let list = way(rest[..<place], from: begin)
        let element = variable("e")
        var inner = scope
        inner.elements.append((Array(steps[...place]), element))
        readsMore = true
        let question = try each(steps, inner, some: some, ask)
        let elements = list.isOptional ? "\(list.text).orValue([])" : list.text
        switch (question.constant, some) {
        case (true, false): return .constant(true)
        case (false, true): return .constant(false)
        case (.some, _): return .compare("\(elements).size()", some ? .greater : .equal, "0")
        case (nil, false): return .call("\(elements).all(\(element), \(question.text))")
        case (nil, true): return .call("\(elements).exists(\(element), \(question.text))")
        }
    }

    private mutating func note(_ steps: [FieldStep], isInList: Bool) {
        var path = ""
        for case .member(let name) in steps { path += path.isEmpty ? name : ".\(name)" }
        if isInList || steps.contains(where: { if case .key = $0 { true } else { false } }) {
            readsMore = true
        } else {
            readFields.insert(path)
        }
    }

    /// The value at the end of a way.
    private mutating func term(_ field: AliasField, _ way: Way) -> Term {
        let way = self.way(to: field, way)
        var result = Term(way.text, .any)
        result.isOptional = way.isOptional
        result.isRegion = field.isRegion
        switch field.type {
        case .string: result.type = .string
        case .int: result.type = .int
        case .double: result.type = .double
        case .bool: result.type = .bool
        case .other: result.type = field.isList ? .array : field.isMap ? .object : .any
        }
        if field.isList { result.type = .array }
        if field.isMap { result.type = .object }
        let present = Formula.call("\(way.text).hasValue()")
        switch field.rule {
        case .reference where !field.isList, .wellKnownReference where !field.isList,
            .referenceList where !field.isList:
            let known = field.rule == .wellKnownReference ? ["armId", "wellKnownName"] : ["armId"]
            let named = known.map { Formula.call("\(way.text).?\($0).hasValue()") }
            result.text += ".?armId"
            result.unknown = [.all((way.isOptional ? [present] : []) + named.map { !$0 })]
            result.isOptional = true
            result.type = .string
        case .referenceSet, .referenceList, .referenceMap:
            result.unknown = way.isOptional ? [present] : [.constant(true)]
        case .secret, .secretMap:
            result.unknown = way.isOptional ? [present] : [.constant(true)]
            result.text = "optional.none()"
            result.isOptional = true
        default: break
        }
        if let twin = field.configTwin, let name = twin.last, case .member(let name) = name,
            let last = field.steps.last, case .member(let own) = last
        {
            // The twin stands beside the field.
            let end = own.isCELField ? ".?\(own)" : "[?\(own.celLiteral)]"
            if way.text.hasSuffix(end) {
                result.unknown.append(.call("\(way.text.dropLast(end.count)).?\(name).hasValue()"))
            }
        }
        return result
    }

    /// The way to whichever form of the object is there.
    private mutating func way(to field: AliasField, _ way: Way) -> Way {
        var result = way
        guard !field.alternatives.isEmpty, !way.text.contains(".or(") else { return way }
        for steps in field.alternatives {
            note(steps, isInList: false)
            result.text += ".or(\(self.way(steps[...], from: Way(text: root, isOptional: false)).text))"
        }
        return result
    }

    /// Whether a field is there, whatever its value.
    private mutating func existence(
        _ field: AliasField,
        _ wanted: Term,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> Formula {
        guard let wanted = wanted.literal?.folded, wanted == "true" || wanted == "false" else {
            throw ImportReason(.unsupported, "exists with a value that is neither true nor false")
        }
        return try each(field.steps, scope) { (translator, way, scope) throws(ImportReason) in
            let way = translator.way(to: field, way)
            var parts: [Formula] = way.isOptional ? [.call("\(way.text).hasValue()")] : [.constant(true)]
            if field.configTwin != nil {
                parts += translator.term(field, way).unknown
            }
            let present = Formula.any(parts)
            return wanted == "true" ? present : !present
        }
    }

    /// The values of a field as a function of the template language gets them.
    mutating func value(ofField name: String, _ scope: Scope) throws(ImportReason) -> Term {
        switch try resolver.resolve(name) {
        case .known(let literal): return typeTerm(literal)
        case .name: return try nameTerm()
        case .absent:
            readsAbsent = true
            return Term(name.contains("[*]") ? .array([]) : .string(""))
        case .field(let field):
            guard field.steps.contains(.element) else {
                note(field.steps, isInList: false)
                var result = term(field, try way(field.steps[...], scope))
                result.isEmptyIfMissing = true
                return result
            }
            return try list(of: field, scope)
        }
    }

    /// The list of the values of a field in lists.
    private mutating func list(of field: AliasField, _ scope: Scope) throws(ImportReason) -> Term {
        readsMore = true
        let (begin, rest) = start(field.steps, scope)
        guard let place = rest.firstIndex(of: .element) else {
            // The element that a count is at: a list of one.
            let value = term(field, way(rest, from: begin))
            var result = Term(value.isOptional ? "\(value.text).optMap(x, [x]).orValue([])" : "[\(value.text)]", .array)
            result.unknown = value.unknown
            return result
        }
        let elements = way(rest[..<place], from: begin)
        let list = elements.isOptional ? "\(elements.text).orValue([])" : elements.text
        let element = variable("e")
        var inner = scope
        inner.elements.append((Array(field.steps[...place]), element))
        let remaining = field.steps[(place + 1)...]
        if remaining.contains(.element) {
            let below = try self.list(of: field, inner)
            var result = Term("\(list).map(\(element), \(below.text)).flatten()", .array)
            result.unknown = below.unknown.map { some($0, element, list) }
            return result
        }
        if remaining.isEmpty, !field.isReference, field.rule != .referenceList { return Term(list, .array) }
        let value = term(field, way(remaining, from: Way(text: element, isOptional: false)))
        var result = Term(
            value.isOptional
                ? "\(list).map(\(element), \(value.text)).filter(o, o.hasValue()).map(o, o.value())"
                : "\(list).map(\(element), \(value.text))",
            .array
        )
        result.unknown = value.unknown.map { some($0, element, list) }
        return result
    }

    private func some(_ formula: Formula, _ element: String, _ list: String) -> Formula {
        formula.constant == nil
            ? .call("\(list).exists(\(element), \(formula.text))") : .compare("\(list).size()", .greater, "0")
    }

    /// The value of the element that a count is at.
    mutating func current(_ name: String?, _ scope: Scope) throws(ImportReason) -> Term {
        if let value = scope.values.last(where: { name == nil || $0.name?.lowercasedASCII == name?.lowercasedASCII }),
            name != nil || scope.alias == nil
        {
            return Term(value.variable, .any)
        }
        guard let alias = name ?? scope.alias, case .field(let field) = try resolver.resolve(alias) else {
            throw ImportReason(.unsupported, "current('\(name ?? "")') outside of a count")
        }
        let (begin, rest) = start(field.steps, scope)
        guard !rest.contains(.element), begin.text != root else {
            throw ImportReason(.unsupported, "current('\(alias)') outside of its count")
        }
        var result = term(field, way(rest, from: begin))
        result.isEmptyIfMissing = true
        return result
    }

    // MARK: - Counts

    private mutating func countTest(
        _ count: PolicyCondition.Count,
        _ op: PolicyCondition.Operator,
        _ operand: TemplateExpression,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> Formula {
        let right = try term(operand, scope)
        var number: Int64?
        switch right.literal {
        case .int(let value)?: number = value
        case .string(let text)?: number = Int64(text)
        case nil: break
        default: throw ImportReason(.unsupported, "a count that is compared with no number")
        }
        let isSome: Bool?
        switch (op, number) {
        case (.greater, 0), (.greaterOrEquals, 1), (.notEquals, 0): isSome = true
        case (.equals, 0), (.less, 1), (.lessOrEquals, 0): isSome = false
        default: isSome = nil
        }
        if let isSome {
            let found = try someElement(count, scope, isSome ? applies : !applies)
            return isSome ? found : !found
        }
        let bound = number.map(String.init) ?? concrete(right)
        let sign: Formula.Sign
        let grows: Bool
        switch op {
        case .greater: (sign, grows) = (.greater, true)
        case .greaterOrEquals: (sign, grows) = (.greaterOrEqual, true)
        case .less: (sign, grows) = (.less, false)
        case .lessOrEquals: (sign, grows) = (.lessOrEqual, false)
        case .equals: return try exactCount(count, bound, scope, applies)
        case .notEquals: return !(try exactCount(count, bound, scope, !applies))
        default: throw ImportReason(.unsupported, "a count with \(op.rawValue)")
        }
        return Self.compare(try countSize(count, scope, grows == applies), sign, bound)
    }

    /// That the count is a number: what is not known may be counted or not.
    private mutating func exactCount(
        _ count: PolicyCondition.Count,
        _ bound: String,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> Formula {
        var other = self
        let most = try countSize(count, scope, true)
        let least = try other.countSize(count, scope, false)
        if least == most { return Self.compare(most, .equal, bound) }
        return applies
            ? .all([Self.compare(least, .lessOrEqual, bound), Self.compare(most, .greaterOrEqual, bound)])
            : .all([Self.compare(least, .equal, bound), Self.compare(most, .equal, bound)])
    }

    /// A comparison in CEL, decided if both sides are numbers.
    private static func compare(_ left: String, _ sign: Formula.Sign, _ right: String) -> Formula {
        guard let a = Int64(left), let b = Int64(right) else { return .compare(left, sign, right) }
        return .constant(compare(a, sign, b))
    }

    private static func compare(_ left: Int64, _ sign: Formula.Sign, _ right: Int64) -> Bool {
        switch sign {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        }
    }

    /// Whether some element fulfils the condition.
    private mutating func someElement(
        _ count: PolicyCondition.Count,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> Formula {
        switch count.source {
        case .field(let alias):
            guard let field = try counted(alias) else { return .constant(false) }
            return try each(field.steps, scope, some: true) { (translator, _, inner) throws(ImportReason) in
                guard let condition = count.condition else { return .constant(true) }
                var inner = inner
                inner.alias = alias
                return try translator.formula(condition, inner, applies: applies)
            }
        case .value(let value, let name):
            let (list, element, inner) = try elements(value, name, scope)
            if list.literal?.elements?.isEmpty ?? false { return .constant(false) }
            let condition = try count.condition.map { condition throws(ImportReason) in
                try formula(condition, inner, applies: applies)
            }
            let text = concrete(list)
            guard let condition, condition.constant != true else { return .compare("\(text).size()", .greater, "0") }
            if condition.constant == false { return condition }
            return .call("\(text).exists(\(element), \(condition.text))")
        }
    }

    /// How many elements fulfil the condition, in CEL.
    private mutating func countSize(
        _ count: PolicyCondition.Count,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> String {
        switch count.source {
        case .field(let alias):
            guard let field = try counted(alias) else { return "0" }
            return try size(field.steps, alias, count.condition, scope, applies)
        case .value(let value, let name):
            let (list, element, inner) = try elements(value, name, scope)
            let text = concrete(list)
            guard let condition = count.condition else { return "\(text).size()" }
            return filtered(text, element, try formula(condition, inner, applies: applies))
        }
    }

    private mutating func size(
        _ steps: [FieldStep],
        _ alias: String,
        _ condition: PolicyCondition?,
        _ scope: Scope,
        _ applies: Bool
    ) throws(ImportReason) -> String {
        readsMore = true
        let (begin, rest) = start(steps, scope)
        guard let place = rest.firstIndex(of: .element) else {
            // The element that a count around this one is at.
            guard let condition else { return "1" }
            return "(\(try formula(condition, scope, applies: applies).text) ? 1 : 0)"
        }
        let way = way(rest[..<place], from: begin)
        let list = way.isOptional ? "\(way.text).orValue([])" : way.text
        let element = variable("e")
        var inner = scope
        inner.elements.append((Array(steps[...place]), element))
        inner.alias = alias
        if steps[(place + 1)...].contains(.element) {
            let below = try size(steps, alias, condition, inner, applies)
            return "\(list).map(\(element), \(below)).sum()"
        }
        guard let condition else { return "\(list).size()" }
        return filtered(list, element, try formula(condition, inner, applies: applies))
    }

    private func filtered(_ list: String, _ element: String, _ condition: Formula) -> String {
        switch condition.constant {
        case true?: "\(list).size()"
        case false?: "0"
        case nil: "\(list).filter(\(element), \(condition.text)).size()"
        }
    }

    private mutating func counted(_ alias: String) throws(ImportReason) -> AliasField? {
        switch try resolver.resolve(alias) {
        case .field(let field): return field
        case .absent:
            readsAbsent = true
            return nil
        case .known, .name: throw ImportReason(.unsupported, "a count of \(alias)")
        }
    }

    private mutating func elements(
        _ value: TemplateExpression,
        _ name: String?,
        _ scope: Scope
    ) throws(ImportReason) -> (list: Term, element: String, scope: Scope) {
        var list = try term(value, scope)
        if list.type != .array {
            guard list.type != .any else { throw ImportReason(.unsupported, "a count of a value that may be no array") }
            // A single value is counted as a list of it.
            let only = concrete(list)
            list.text = "[\(only)]"
            list.type = .array
            list.isOptional = false
            list.literal = list.literal.map { .array([$0]) }
            list.formula = nil
        }
        guard list.unknown.isEmpty else {
            throw ImportReason(.unsupported, "a count of values that admission cannot know")
        }
        let element = variable("e")
        var inner = scope
        inner.values.append((name, element))
        inner.alias = nil
        return (list, element, inner)
    }

    mutating func noteParameter(_ name: String) { usedParameters.insert(name) }
    mutating func noteMore() { readsMore = true }
}

extension String {
    /// Whether CEL takes it as a field's name after a dot.
    var isCELField: Bool {
        let reserved: Set<String> = [
            "false", "in", "null", "true", "as", "break", "const", "continue", "else", "for", "function", "if",
            "import",
            "let", "loop", "package", "namespace", "return", "var", "void", "while",
        ]
        guard let first = utf8.first, !reserved.contains(self) else { return false }
        let isLetter: (UInt8) -> Bool = { $0 == 0x5f || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) }
        return isLetter(first) && utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) }
    }
}
