/// The template language in CEL.
///
/// What it does with a missing value of the resource follows Azure's documentation: `field` gives the empty text, or the empty
/// list for the elements of an array. Where a function would fail in Azure, which denies then, the expression fails too.
extension ConditionTranslator {
    mutating func term(_ expression: TemplateExpression, _ scope: Scope) throws(ImportReason) -> Term {
        switch expression {
        case .literal(let literal): return Term(literal)
        case .array(let elements):
            var terms: [Term] = []
            for element in elements { terms.append(try term(element, scope)) }
            return list(terms)
        case .member(let base, let name): return try member(base, name, scope)
        case .index(let base, let index):
            let base = try term(base, scope)
            let index = try term(index, scope)
            guard !base.isScalar || base.type == .string, index.type != .bool else {
                throw ImportReason(.unsupported, "an index of what is no array")
            }
            return combine("\(concrete(base))[\(concrete(index))]", base.type == .array ? .any : .any, [base, index])
        case .call(let name, let arguments): return try call(name, arguments, scope)
        }
    }

    private func list(_ terms: [Term]) -> Term {
        let literals = terms.compactMap(\.literal)
        if literals.count == terms.count { return Term(.array(literals)) }
        return combine("[" + terms.map { "dyn(\(concrete($0)))" }.joined(separator: ", ") + "]", .array, terms)
    }

    /// A value that is made of others.
    private func combine(_ text: String, _ type: Term.ValueType, _ parts: [Term]) -> Term {
        var result = Term(text, type)
        result.unknown = parts.flatMap(\.unknown)
        return result
    }

    private func truth(_ formula: Formula, _ parts: [Term]) -> Term {
        var result = Term(formula)
        result.unknown = parts.flatMap(\.unknown)
        return result
    }

    private mutating func member(
        _ base: TemplateExpression,
        _ name: String,
        _ scope: Scope
    ) throws(ImportReason) -> Term {
        if case .call("requestcontext", _) = base {
            guard name.lowercasedASCII == "apiversion" else {
                throw ImportReason(.needsAzure, "requestContext().\(name)")
            }
            noteMore()
            var result = Term("\(root).apiVersion", .string)
            result.isAPIVersion = true
            return result
        }
        let value = try term(base, scope)
        if let member = value.literal?[name] { return Term(member) }
        guard name.isCELField else { throw ImportReason(.unsupported, "a property named \(name.abridged)") }
        return combine("\(value.isOptional ? "\(value.text).orValue({})" : value.text).\(name)", .any, [value])
    }

    private static let unavailable: [String: (ImportReason.Code, String)] = [
        "resourcegroup": (.needsAzure, "resourceGroup(): what Azure knows of the resource group"),
        "subscription": (.needsAzure, "subscription()"),
        "managementgroup": (.needsAzure, "managementGroup()"),
        "policy": (.needsAzure, "policy()"),
        "requestcontext": (.needsAzure, "requestContext()"),
        "reference": (.needsAzure, "reference()"),
        "utcnow": (.needsClock, "utcNow()"),
        "adddays": (.needsClock, "addDays()"),
        "datetimeadd": (.needsClock, "dateTimeAdd()"),
    ]

    private mutating func call(
        _ name: String,
        _ arguments: [TemplateExpression],
        _ scope: Scope
    ) throws(ImportReason) -> Term {
        if let (code, message) = Self.unavailable[name] { throw ImportReason(code, message) }
        switch name {
        case "parameters": return try parameter(arguments, scope)
        case "field":
            guard
                case .string(let field)? = try arguments.first.map({ (argument) throws(ImportReason) in
                    try term(argument, scope)
                })?.literal
            else { throw ImportReason(.unsupported, "field() of a name that only the assignment knows") }
            return try value(ofField: field, scope)
        case "current":
            return try current(arguments.first?.literal?.text, scope)
        case "if" where arguments.count == 3: return try choice(arguments, scope)
        default: break
        }
        var terms: [Term] = []
        for argument in arguments { terms.append(try term(argument, scope)) }
        if let known = try Self.fold(name, terms) { return Term(known) }
        if terms.contains(where: \.isAPIVersion) { return try versionCall(name, terms) }
        return try call(name, terms)
    }

    private mutating func parameter(_ arguments: [TemplateExpression], _ scope: Scope) throws(ImportReason) -> Term {
        guard let name = arguments.first?.literal?.text,
            let parameter = parameters.first(where: { $0.name.lowercasedASCII == name.lowercasedASCII })
        else { throw ImportReason(.unsupported, "a parameter that the definition does not declare") }
        if let value = parameter.fixed { return Term(value) }
        noteParameter(parameter.name)
        return Term("parameters.\(parameter.name.asParameterName)", parameter.type)
    }

    private mutating func choice(_ arguments: [TemplateExpression], _ scope: Scope) throws(ImportReason) -> Term {
        let condition = try term(arguments[0], scope)
        if let known = condition.formula?.constant { return try term(arguments[known ? 1 : 2], scope) }
        let first = try term(arguments[1], scope)
        let second = try term(arguments[2], scope)
        let test = truthText(condition)
        if let a = first.formula, let b = second.formula, let condition = condition.formula {
            return truth(.any([.all([condition, a]), .all([!condition, b])]), [first, second])
        }
        let isSame = first.type == second.type && first.type != .any && !first.isOptional && !second.isOptional
        let wrap: (Term) -> String = { [self] in isSame ? concrete($0) : "dyn(\(concrete($0)))" }
        let type = first.type == second.type ? first.type : .any
        var result = combine("(\(test) ? \(wrap(first)) : \(wrap(second)))", type, [condition, first, second])
        if !isSame, type != .array { result.type = .any }
        return result
    }

    /// A value as a truth value.
    private func truthText(_ term: Term) -> String {
        if let formula = term.formula { return formula.operand }
        return term.type == .bool && !term.isOptional ? term.text : "\(folded(term)) == 'true'"
    }

    private func truthFormula(_ term: Term) -> Formula {
        term.formula ?? .compare(folded(term), .equal, "'true'")
    }

    private func versionCall(_ name: String, _ terms: [Term]) throws(ImportReason) -> Term {
        let operators: [String: PolicyCondition.Operator] = [
            "equals": .equals, "less": .less, "lessorequals": .lessOrEquals, "greater": .greater,
            "greaterorequals": .greaterOrEquals,
        ]
        guard let op = operators[name], terms.count == 2 else {
            throw ImportReason(.unsupported, "\(name)() of the API version")
        }
        return Term(try test(terms[0], op, terms[1], true))
    }

    private func text(_ term: Term) -> String {
        if let literal = term.literal, let text = literal.text { return text.celLiteral }
        return term.type == .string && !term.isOptional ? term.text : "string(\(concrete(term)))"
    }

    private func call(_ name: String, _ terms: [Term]) throws(ImportReason) -> Term {
        if ["length", "empty", "first", "last", "take", "skip"].contains(name), let value = terms.first,
            value.isScalar, value.type != .string
        {
            throw ImportReason(.unsupported, "the function \(name) of what is neither text nor array")
        }
        switch (name, terms.count) {
        case ("concat", 1...):
            if terms.allSatisfy({ $0.type == .array }) {
                return combine(terms.map(concrete).joined(separator: " + "), .array, terms)
            }
            return combine("(" + terms.map(text).joined(separator: " + ") + ")", .string, terms)
        case ("tolower", 1): return combine("\(text(terms[0])).lowerAscii()", .string, terms)
        case ("toupper", 1): return combine("\(text(terms[0])).upperAscii()", .string, terms)
        case ("trim", 1): return combine("\(text(terms[0])).trim()", .string, terms)
        case ("string", 1): return combine(text(terms[0]), .string, terms)
        case ("int", 1): return combine("int(\(concrete(terms[0])))", .int, terms)
        case ("bool", 1): return truth(.compare(folded(terms[0]), .equal, "'true'"), terms)
        case ("length", 1): return combine("size(\(concrete(terms[0])))", .int, terms)
        case ("empty", 1): return truth(.compare("size(\(concrete(terms[0])))", .equal, "0"), terms)
        case ("not", 1): return truth(!truthFormula(terms[0]), terms)
        case ("and", 1...): return truth(.all(terms.map(truthFormula)), terms)
        case ("or", 1...): return truth(.any(terms.map(truthFormula)), terms)
        case ("equals", 2): return truth(equal(terms[0], terms[1]), terms)
        case ("less", 2): return truth(comparison(terms[0], .less, terms[1]), terms)
        case ("lessorequals", 2): return truth(comparison(terms[0], .lessOrEqual, terms[1]), terms)
        case ("greater", 2): return truth(comparison(terms[0], .greater, terms[1]), terms)
        case ("greaterorequals", 2): return truth(comparison(terms[0], .greaterOrEqual, terms[1]), terms)
        case ("add", 2): return arithmetic("+", terms)
        case ("sub", 2): return arithmetic("-", terms)
        case ("mul", 2): return arithmetic("*", terms)
        case ("div", 2): return arithmetic("/", terms)
        case ("mod", 2): return arithmetic("%", terms)
        case ("min", 1...): return combine("math.least(\(terms.map(concrete).joined(separator: ", ")))", .any, terms)
        case ("max", 1...): return combine("math.greatest(\(terms.map(concrete).joined(separator: ", ")))", .any, terms)
        case ("contains", 2): return try containment(terms)
        case ("startswith", 2): return truth(.call("\(folded(terms[0])).startsWith(\(folded(terms[1])))"), terms)
        case ("endswith", 2): return truth(.call("\(folded(terms[0])).endsWith(\(folded(terms[1])))"), terms)
        case ("indexof", 2): return combine("\(folded(terms[0])).indexOf(\(folded(terms[1])))", .int, terms)
        case ("lastindexof", 2): return combine("\(folded(terms[0])).lastIndexOf(\(folded(terms[1])))", .int, terms)
        case ("replace", 3):
            return combine("\(text(terms[0])).replace(\(text(terms[1])), \(text(terms[2])))", .string, terms)
        case ("split", 2) where terms[1].literal?.elements != nil:
            let marks = terms[1].literal?.elements?.compactMap(\.text) ?? []
            guard let first = marks.first else { throw ImportReason(.unsupported, "split without a mark") }
            let same = marks.dropFirst().reduce(text(terms[0])) {
                "\($0).replace(\($1.celLiteral), \(first.celLiteral))"
            }
            return combine("\(same).split(\(first.celLiteral))", .array, terms)
        case ("split", 2) where terms[1].type != .array:
            return combine("\(text(terms[0])).split(\(text(terms[1])))", .array, terms)
        case ("join", 2):
            return combine("\(concrete(terms[0])).map(j, string(j)).join(\(text(terms[1])))", .string, terms)
        case ("substring", 2): return combine("\(text(terms[0])).substring(\(concrete(terms[1])))", .string, terms)
        case ("substring", 3):
            let start = concrete(terms[1])
            return combine(
                "\(text(terms[0])).substring(\(start), \(start) + \(concrete(terms[2])))",
                .string,
                terms
            )
        case ("first", 1), ("last", 1), ("take", 2), ("skip", 2): return part(name, terms)
        case ("createarray", _): return list(terms)
        case ("array", 1): return terms[0].type == .array ? terms[0] : list(terms)
        case ("intersection", 2) where terms.allSatisfy { $0.type == .array }:
            return combine("\(concrete(terms[0])).filter(i, i in \(concrete(terms[1])))", .array, terms)
        case ("union", 2) where terms.allSatisfy { $0.type == .array }:
            return combine("(\(concrete(terms[0])) + \(concrete(terms[1]))).distinct()", .array, terms)
        case ("coalesce", 1...): return coalesced(terms)
        case ("iprangecontains", 2): return try addressContainment(terms)
        default:
            let count = terms.count == 1 ? "1 argument" : "\(terms.count) arguments"
            throw ImportReason(.unsupported, "the function \(name) with \(count)")
        }
    }

    private func arithmetic(_ sign: String, _ terms: [Term]) -> Term {
        combine("(\(concrete(terms[0])) \(sign) \(concrete(terms[1])))", .int, terms)
    }

    /// The function `equals`, to which letter case makes a difference.
    private func equal(_ a: Term, _ b: Term) -> Formula {
        if let a = a.formula, let b = b.literal, case .bool(let wanted) = b { return wanted ? a : !a }
        let isPlain = a.type == b.type && a.type != .any && !a.isOptional && !b.isOptional
        let wrap: (Term) -> String = { isPlain || $0.isOptional ? self.concrete($0) : "dyn(\($0.text))" }
        return .compare(wrap(a), .equal, wrap(b))
    }

    private func comparison(_ a: Term, _ sign: Formula.Sign, _ b: Term) -> Formula {
        .compare(concrete(a), sign, concrete(b))
    }

    private func containment(_ terms: [Term]) throws(ImportReason) -> Term {
        switch terms[0].type {
        case .array:
            let test = "dyn(\(concrete(terms[1]))) in \(concrete(terms[0]))"
            return truth(.term(test, denied: "!(\(test))"), terms)
        case .object:
            let test = "\(text(terms[1])) in \(concrete(terms[0]))"
            return truth(.term(test, denied: "!(\(test))"), terms)
        case .string: return truth(.call("\(text(terms[0])).contains(\(text(terms[1])))"), terms)
        default: throw ImportReason(.unsupported, "the function contains of what may be a text or an array")
        }
    }

    private func part(_ name: String, _ terms: [Term]) -> Term {
        let value = concrete(terms[0])
        let isList = terms[0].type == .array
        let slice = isList ? "slice" : "substring"
        let type: Term.ValueType = isList ? .array : .string
        switch name {
        case "first":
            if isList { return combine("\(value)[0]", .any, terms) }
            return combine("\(text(terms[0])).substring(0, math.least(1, size(\(text(terms[0])))))", .string, terms)
        case "last":
            if isList { return combine("\(value)[size(\(value)) - 1]", .any, terms) }
            let size = "size(\(text(terms[0])))"
            return combine("\(text(terms[0])).substring(math.greatest(0, \(size) - 1))", .string, terms)
        default:
            let whole = isList ? value : text(terms[0])
            let count = "math.least(math.greatest(0, \(concrete(terms[1]))), size(\(whole)))"
            let bounds = name == "take" ? "0, \(count)" : "\(count), size(\(whole))"
            return combine("\(whole).\(slice)(\(bounds))", type, terms)
        }
    }

    private func coalesced(_ terms: [Term]) -> Term {
        var result = terms[terms.count - 1]
        for term in terms.dropLast().reversed() {
            guard term.isOptional else {
                result = term
                continue
            }
            let rest = concrete(result)
            let unknown = term.unknown + result.unknown
            let type: Term.ValueType = term.type == result.type ? term.type : .any
            // Optional values of the resource are of no type that is known, and so is what stands in for them.
            result = Term("\(term.text).orValue(\(rest))", type)
            result.unknown = unknown
        }
        return result
    }

    /// `ipRangeContains(range, target)`: both are addresses or prefixes.
    private func addressContainment(_ terms: [Term]) throws(ImportReason) -> Term {
        if let text = terms[0].literal?.text, text.contains("-") {
            throw ImportReason(.unsupported, "ipRangeContains with a range of two addresses")
        }
        let prefix: (Term) -> String = {
            let text = self.text($0)
            return "cidr(\(text).contains('/') ? \(text) : \(text) + (\(text).contains(':') ? '/128' : '/32'))"
        }
        return truth(.call("\(prefix(terms[0])).containsCIDR(\(prefix(terms[1])))"), terms)
    }

    /// What is known when the definition is read.
    private static func fold(_ name: String, _ terms: [Term]) throws(ImportReason) -> TemplateLiteral? {
        let values = terms.compactMap(\.literal)
        guard values.count == terms.count else {
            // A field that no resource of the kind has decides some calls by itself.
            return nil
        }
        switch (name, values.count) {
        case ("concat", 1...):
            let texts = values.compactMap { $0 == .null ? "" : $0.text ?? ($0.elements == nil ? $0.folded : nil) }
            return texts.count == values.count ? .string(texts.joined()) : nil
        case ("tolower", 1): return values[0].text.map { .string($0.lowercasedASCII) }
        case ("toupper", 1): return values[0].text.map { .string($0.uppercased()) }
        case ("string", 1): return values[0].text.map { .string($0) }
        case ("empty", 1):
            if case .null = values[0] { return .bool(true) }
            return (values[0].text?.isEmpty ?? values[0].elements?.isEmpty ?? values[0].members?.isEmpty)
                .map { .bool($0) }
        case ("length", 1):
            return (values[0].text?.utf16.count ?? values[0].elements?.count).map { .int(Int64($0)) }
        case ("equals", 2): return .bool(values[0] == values[1])
        case ("not", 1):
            if case .bool(let value) = values[0] { return .bool(!value) }
            return nil
        case ("createarray", _): return .array(values)
        case ("array", 1): return values[0].elements == nil ? .array(values) : values[0]
        case ("coalesce", 1...): return values.first { $0 != .null } ?? .null
        case ("contains", 2):
            if let elements = values[0].elements { return .bool(elements.contains(values[1])) }
            guard let whole = values[0].text, let part = values[1].text else { return nil }
            return .bool(part.isEmpty || whole.contains(part))
        case ("split", 2):
            guard let text = values[0].text, let mark = values[1].text, !mark.isEmpty else { return nil }
            return .array(text.split(separator: mark, omittingEmptySubsequences: false).map { .string(String($0)) })
        case ("replace", 3):
            guard let text = values[0].text, let a = values[1].text, let b = values[2].text, !a.isEmpty else {
                return nil
            }
            return .string(text.replacing(a, with: b))
        case ("less", 2): return .bool(try order(values[0], .less, values[1]))
        case ("lessorequals", 2): return .bool(try order(values[0], .lessOrEqual, values[1]))
        case ("greater", 2): return .bool(try order(values[0], .greater, values[1]))
        case ("greaterorequals", 2): return .bool(try order(values[0], .greaterOrEqual, values[1]))
        default: return nil
        }
    }
}
