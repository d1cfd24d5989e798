internal import Azure
internal import JSON
internal import Policy

/// What lint looks for in one document beside what the compiler tells.
struct LintChecks {
    private let document: JSONDocument
    private let object: JSONValue
    private let file: String
    private let tables: AzureTables
    private(set) var findings: [LintFinding] = []
    /// How many things are told of one document.
    private static let maximumFindings = 200

    init(_ document: JSONDocument, _ object: JSONValue, file: String, _ tables: AzureTables) {
        self.document = document
        self.object = object
        self.file = file
        self.tables = tables
    }

    /// Looks for all there is to find; documents that are no policies of ours have nothing.
    mutating func run(hasTests: Bool) {
        guard text(object, "apiVersion") == PolicyFile.apiVersion, let spec = document.member("spec", of: object),
            spec.isObject
        else { return }
        switch text(object, "kind") {
        case "AzurePolicy", "NamespaceAzurePolicy": checkPolicy(spec, hasTests: hasTests)
        case "AzureBinding": checkBinding(spec)
        default: break
        }
    }

    // MARK: Values

    private func text(_ value: JSONValue, _ name: String) -> String? {
        document.member(name, of: value).flatMap { document.string($0) }
    }

    private func has(_ value: JSONValue, _ name: String) -> Bool {
        document.member(name, of: value).map { !$0.isNull } ?? false
    }

    private func elements(_ value: JSONValue, _ name: String) -> [JSONValue] {
        guard let list = document.member(name, of: value), list.isArray else { return [] }
        return Array(document.elements(of: list))
    }

    private mutating func report(
        _ code: LintCode,
        _ field: String,
        at value: JSONValue,
        offset: Int? = nil,
        _ message: String,
        mend: String,
        new: String? = nil
    ) {
        guard findings.count < Self.maximumFindings else { return }
        let position = offset.map { document.position(at: $0, in: value) } ?? document.position(of: value)
        let edit = new.flatMap { new in
            document.string(value).map { LintEdit(line: position.line, column: position.column, old: $0, new: new) }
        }
        let place = Report.Place(file: file, line: position.line, column: position.column)
        findings.append(LintFinding(code, field: field, message, mend: mend, at: place, edit: edit))
    }

    // MARK: Policies

    private mutating func checkPolicy(_ spec: JSONValue, hasTests: Bool) {
        if !hasTests {
            let name = document.member("metadata", of: object).flatMap { document.member("name", of: $0) }
            report(
                .noTests,
                "metadata.name",
                at: name ?? object,
                "no tests lie beside the policy or above it",
                mend: "write a PolicyTest in a folder 'tests' beside it"
            )
        }
        let kinds = matchedKinds(spec)
        let rules = elements(spec, "rules")
        let policyAction = text(spec, "action")?.lowercased() ?? "deny"
        if text(spec, "failurePolicy")?.lowercased() == "ignore",
            let place = document.member("failurePolicy", of: spec),
            rules.contains(where: { !["warn", "audit"].contains(text($0, "action")?.lowercased() ?? policyAction) })
        {
            report(
                .ignoredFailure,
                "spec.failurePolicy",
                at: place,
                "lets in what a rule that denies cannot judge",
                mend: "write Fail, or make a policy of its own of what may be skipped"
            )
        }
        for (number, rule) in rules.enumerated() { checkRule(rule, "spec.rules[\(number)]", kinds) }
        checkExpressions(spec, kinds)
        checkVariables(spec)
    }

    /// The kinds of the tables that a policy matches.
    private func matchedKinds(_ spec: JSONValue) -> [AzureKind] {
        let match = document.member("match", of: spec)
        func globs(_ name: String) -> [Glob]? {
            guard var list = match.flatMap({ document.member(name, of: $0) }) else { return nil }
            let reference = document.string(list).flatMap { text -> String? in
                guard text.hasPrefix("${parameters."), text.hasSuffix("}") else { return nil }
                return String(text.dropFirst("${parameters.".count).dropLast())
            }
            if let reference, let values = document.member("parameters", of: spec),
                let value = document.member(reference, of: values)
            {
                list = value
            }
            guard list.isArray else { return nil }
            return document.elements(of: list).compactMap { document.string($0).map { Glob($0) } }
        }
        let included = globs("resources")
        let excluded = globs("excludedResources") ?? []
        return tables.kinds.filter { kind in
            (included?.contains { $0.matches(kind.description) } ?? true)
                && !excluded.contains { $0.matches(kind.description) }
        }
    }

    private mutating func checkRule(_ rule: JSONValue, _ path: String, _ kinds: [AzureKind]) {
        if let skus = document.member("skus", of: rule) {
            // No value satisfies no allow-list.
            if !has(skus, "allow"), ["deny", "maximum", "total"].contains(where: { has(skus, $0) }),
                !has(rule, "ifAbsent"),
                let kind = kinds.first(where: {
                    $0.facets.contains(.sku) && !tables.knowsDefault(of: .sku, .name, of: $0)
                })
            {
                report(
                    .absence,
                    "\(path).skus",
                    at: skus,
                    "finds nothing where an object names no SKU, and nobody documents what Azure takes for \(kind) then",
                    mend: "add ifAbsent: Deny, or ifAbsent: Allow if that is meant"
                )
            }
            let sized = ["maximum", "total"].contains { name in
                document.member(name, of: skus).map { has($0, "vCores") || has($0, "memoryGB") } ?? false
            }
            if sized { checkSize(rule, skus, "\(path).skus", "an SKU whose size the tables do not know passes") }
        }
        if let cost = document.member("cost", of: rule) {
            checkSize(rule, cost, "\(path).cost", "what no price list speaks of passes")
        }
        if let cel = document.member("cel", of: rule), has(cel, "expression"),
            !has(rule, "message"), !has(cel, "message"), !has(cel, "messageExpression")
        {
            report(
                .noMessage,
                "\(path).cel",
                at: cel,
                "tells the user nothing but the expression",
                mend: "add message: what to do"
            )
        }
        if let locations = document.member("locations", of: rule) {
            checkRegions(locations, "\(path).locations")
            if let replicas = document.member("replicas", of: locations) {
                checkRegions(replicas, "\(path).locations.replicas")
            }
        }
    }

    private mutating func checkSize(_ rule: JSONValue, _ body: JSONValue, _ path: String, _ message: String) {
        guard !has(rule, "ifUnknown") else { return }
        report(.unknownSize, path, at: body, message, mend: "add ifUnknown: Deny, or ifUnknown: Allow if that is meant")
    }

    private mutating func checkRegions(_ locations: JSONValue, _ path: String) {
        for list in ["allow", "deny"] {
            for (number, element) in elements(locations, list).enumerated() {
                guard let text = document.string(element) else { continue }
                let name = Region.normalise(text)
                guard name != text, tables.region(name) != nil else { continue }
                report(
                    .regionSpelling,
                    "\(path).\(list)[\(number)]",
                    at: element,
                    "\"\(text)\" is \(name) in Azure",
                    mend: "write \(name)",
                    new: name
                )
            }
        }
    }

    private mutating func checkVariables(_ spec: JSONValue) {
        let variables = elements(spec, "variables")
        // The compiler takes fewer.
        guard (1...Self.maximumFindings).contains(variables.count) else { return }
        let texts = strings(of: spec)
        for (number, variable) in variables.enumerated() {
            guard let name = text(variable, "name"), !texts.contains(where: { $0.reads("variables." + name) }) else {
                continue
            }
            report(
                .unused,
                "spec.variables[\(number)]",
                at: variable,
                "is a variable that nothing reads",
                mend: "read variables.\(name) where it is meant, or remove it"
            )
        }
    }

    /// All strings of a value.
    private func strings(of value: JSONValue) -> [String] {
        var pending = [value]
        var strings: [String] = []
        while let value = pending.popLast() {
            switch value.kind {
            case .string: if let text = document.string(value) { strings.append(text) }
            case .array: pending += document.elements(of: value)
            case .object: pending += document.members(of: value).map(\.value)
            default: break
            }
        }
        return strings
    }

    // MARK: Expressions

    private mutating func checkExpressions(_ spec: JSONValue, _ kinds: [AzureKind]) {
        var expressions: [(value: JSONValue, path: String)] = []
        var guarded: Set<[String]> = []
        var conditions = ""
        func add(_ owner: JSONValue, _ name: String, _ path: String) {
            if let value = document.member(name, of: owner), value.isString {
                expressions.append((value, "\(path).\(name)"))
            }
        }
        if let match = document.member("match", of: spec) {
            for (number, condition) in elements(match, "conditions").enumerated() {
                add(condition, "expression", "spec.match.conditions[\(number)]")
                // What a condition asks for is there when rules are asked.
                guard let text = text(condition, "expression") else { continue }
                guarded.formUnion(ExpressionText(text).guards)
                conditions += text + "\n"
            }
        }
        for (number, variable) in elements(spec, "variables").enumerated() {
            add(variable, "expression", "spec.variables[\(number)]")
        }
        for list in ["rules", "mutations"] {
            for (number, element) in elements(spec, list).enumerated() {
                guard let cel = document.member("cel", of: element) else { continue }
                add(cel, "expression", "spec.\(list)[\(number)].cel")
                add(cel, "messageExpression", "spec.\(list)[\(number)].cel")
            }
        }
        let twins = expressions.isEmpty ? [] : fromConfigTwins(of: kinds)
        for (value, path) in expressions {
            guard let source = document.string(value) else { continue }
            check(ExpressionText(source), of: value, path, guarded, conditions, twins)
        }
    }

    private mutating func check(
        _ expression: ExpressionText,
        of value: JSONValue,
        _ path: String,
        _ guarded: Set<[String]>,
        _ conditions: String,
        _ twins: Set<String>
    ) {
        let guarded = guarded.union(expression.guards)
        var told: Set<[String]> = []
        for read in expression.reads {
            let missing = (3...max(3, read.names.count)).lazy.map { Array(read.names.prefix($0)) }.first {
                $0.count >= 3 && !guarded.contains($0)
            }
            if let missing, read.isRead || missing.count < read.names.count, told.insert(missing).inserted {
                let shown = missing.joined(separator: ".")
                report(
                    .uncheckedField,
                    path,
                    at: value,
                    offset: read.offset,
                    "reads \(shown), which an object may not have: the failurePolicy decides then",
                    mend: "ask has(\(shown)) before, or read it with .? and orValue()"
                )
            }
            let field = read.names.dropFirst().joined(separator: ".")
            let twin = (read.names.last ?? "") + "FromConfig"
            // An expression that asks for the field refuses who leaves it out.
            if twins.contains(field), expression.absences.contains(read.names), !expression.source.contains(twin),
                !conditions.contains(twin),
                told.insert(read.names + [twin]).inserted
            {
                report(
                    .fromConfig,
                    path,
                    at: value,
                    offset: read.offset,
                    "reads \(field), which a ConfigMap may hold instead: \(twin)",
                    mend: "say what has(…\(twin)) means"
                )
            }
        }
        if expression.loopDepth >= 3 {
            report(
                .nestedLoops,
                path,
                at: value,
                "has \(expression.loopDepth) loops inside each other, which cost the product of their lists",
                mend: "take a loop out into spec.variables, or compare with 'in'"
            )
        }
    }

    /// The fields of kinds for which a ConfigMap may be named instead.
    private func fromConfigTwins(of kinds: [AzureKind]) -> Set<String> {
        let suffix = "FromConfig"
        return Set(
            kinds.lazy.flatMap { ARMFieldTable.embedded.fields(of: $0) }.map(\.path)
                .filter { $0.hasSuffix(suffix) && !$0.contains("[") }.map { String($0.dropLast(suffix.count)) }
        )
    }

    // MARK: Bindings

    private mutating func checkBinding(_ spec: JSONValue) {
        for (number, element) in elements(spec, "namespaces").enumerated() where document.equals(element, "*") {
            report(
                .everyNamespace,
                "spec.namespaces[\(number)]",
                at: element,
                "gives every namespace the same credentials and identities",
                mend: "name the namespaces that are meant"
            )
        }
    }
}

/// An expression as far as lint reads it: words outside of strings.
struct ExpressionText {
    /// `object.spec.a.b`, and where it stands.
    struct Read {
        let names: [String]
        let offset: Int
        /// Whether the last field is read, and not only asked for by `has()`.
        let isRead: Bool
    }

    /// What is asked about a field.
    private enum Test {
        case none
        case presence
        case absence
    }

    let source: String
    private(set) var reads: [Read] = []
    /// What `has()` is asked about.
    private(set) var guards: Set<[String]> = []
    /// What `!has()` is asked about.
    private(set) var absences: Set<[String]> = []
    /// How many loops stand inside each other.
    private(set) var loopDepth = 0

    private static let loops: Set<String> = [
        "all", "exists", "exists_one", "existsOne", "map", "filter", "transformList", "transformMap",
        "transformMapEntry",
    ]

    init(_ source: String) {
        self.source = source
        let text = Self.withoutStrings(Array(source.utf8))
        var brackets: [(isLoop: Bool, test: Test)] = []
        var index = 0
        var word = ""
        var isMember = false
        var isNegated = false
        var loops = 0
        while index < text.count {
            let byte = text[index]
            if byte.isIdentifierStart {
                let start = index
                isMember = start > 0 && text[start - 1] == UInt8(ascii: ".")
                isNegated = text[..<start].last { $0 > 0x20 } == UInt8(ascii: "!")
                word = Self.identifier(text, &index)
                guard !isMember, word == "object" || word == "oldObject" else { continue }
                read(text, &index, from: start, word, brackets.last?.test ?? .none)
                word = ""
                continue
            }
            switch byte {
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
                let isCall = byte == UInt8(ascii: "(")
                let isHas = isCall && !isMember && word == "has"
                brackets.append(
                    (isCall && isMember && Self.loops.contains(word), isHas ? isNegated ? .absence : .presence : .none)
                )
                if brackets.last?.isLoop ?? false { loops += 1 }
                loopDepth = max(loopDepth, loops)
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                if brackets.popLast()?.isLoop ?? false { loops -= 1 }
            default: break
            }
            word = ""
            index += 1
        }
    }

    /// Reads the fields behind `object`.
    private mutating func read(_ text: [UInt8], _ index: inout Int, from start: Int, _ root: String, _ test: Test) {
        var names = [root]
        var last = index
        while index + 1 < text.count, text[index] == UInt8(ascii: "."), text[index + 1].isIdentifierStart {
            last = index
            index += 1
            names.append(Self.identifier(text, &index))
        }
        if index < text.count, text[index] == UInt8(ascii: "("), names.count > 1 {
            // A function, which is looked at as one.
            names.removeLast()
            index = last
        }
        guard names.count >= 3, names[1] == "spec" || names[2] == "labels" || names[2] == "annotations" else { return }
        if test != .none { guards.insert(names) }
        if test == .absence { absences.insert(names) }
        reads.append(Read(names: names, offset: start, isRead: test == .none))
    }

    private static func identifier(_ text: [UInt8], _ index: inout Int) -> String {
        let start = index
        while index < text.count, text[index].isIdentifierStart || (0x30...0x39).contains(text[index]) { index += 1 }
        return String(Array(text[start..<index]).span)
    }

    /// The text with spaces for strings and comments, as long as it was.
    private static func withoutStrings(_ text: [UInt8]) -> [UInt8] {
        var result = text
        var index = 0
        while index < text.count {
            let quote = text[index]
            if quote == UInt8(ascii: "/"), index + 1 < text.count, text[index + 1] == quote {
                while index < text.count, text[index] != 0x0a {
                    result[index] = 0x20
                    index += 1
                }
                continue
            }
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                index += 1
                continue
            }
            let isRaw = index > 0 && [UInt8(ascii: "r"), UInt8(ascii: "R")].contains(text[index - 1])
            let isTriple = text[index...].starts(with: [quote, quote, quote])
            let end: [UInt8] = isTriple ? [quote, quote, quote] : [quote]
            let start = index
            index += end.count
            while index < text.count, !text[index...].starts(with: end) {
                index += text[index] == UInt8(ascii: "\\") && !isRaw ? 2 : 1
            }
            index = min(index + end.count, text.count)
            for place in start..<index { result[place] = 0x20 }
        }
        return result
    }
}

extension UInt8 {
    fileprivate var isIdentifierStart: Bool {
        (0x41...0x5a).contains(self) || (0x61...0x7a).contains(self) || self == UInt8(ascii: "_")
    }
}

extension String {
    /// Whether a name stands in the text, not as the beginning of a longer one.
    fileprivate func reads(_ name: String) -> Bool {
        let (text, name) = (Array(utf8), Array(name.utf8))
        guard text.count >= name.count else { return false }
        return (0...(text.count - name.count)).contains { start in
            guard text[start] == name.first ?? 0, text[start...].starts(with: name) else { return false }
            let end = start + name.count
            return end == text.count || !(text[end].isIdentifierStart || (0x30...0x39).contains(text[end]))
        }
    }
}
