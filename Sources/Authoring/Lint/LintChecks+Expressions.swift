internal import Azure
internal import CEL
internal import JSON

/// What lint looks for in expressions, by their syntax trees.
extension LintChecks {
    /// An expression of a policy, where it stands, and what it is for.
    private struct Written {
        enum Purpose {
            case condition, variable, rule, message, mutation
        }
        let value: JSONValue
        let path: String
        let purpose: Purpose
        var outline: CELOutline
    }

    /// The largest object that an API server takes, in bytes.
    private static let maximumObjectBytes = 3.0 * 1024 * 1024
    /// An object that is large and no attack.
    private static let largeObjectBytes = 16.0 * 1024
    /// What is bounded by other means than the object's size: who asks, and the namespace.
    private static let otherBytes = 16.0 * 1024
    /// The longest names that Kubernetes takes, in bytes.
    private static let nameBytes = 253.0
    /// `PerCallLimit` in `apiserver/pkg/apis/cel/config.go`.
    private static let costLimit = 1_000_000.0

    mutating func checkExpressions(_ spec: JSONValue, _ kinds: [AzureKind]) {
        var variables: [String: CELOutline] = [:]
        var places: [String: (value: JSONValue, path: String)] = [:]
        var written: [Written] = []
        for (number, variable) in elements(spec, "variables").enumerated() {
            guard let name = text(variable, "name"),
                let read = read(variable, "expression", "spec.variables[\(number)]", .variable, variables, name: name)
            else { continue }
            variables[name] = read.outline
            places[name] = (read.value, read.path)
            written.append(read)
        }
        let match = document.member("match", of: spec)
        var conditions = (match.map { elements($0, "conditions") } ?? []).enumerated().compactMap { number, element in
            read(element, "expression", "spec.match.conditions[\(number)]", .condition, variables)
        }
        // What a condition asks for is there when the others and the rules are asked.
        let asked = conditions.map { $0.outline.presentIfTrue ?? [] }
        for place in conditions.indices {
            let others = asked.enumerated().filter { $0.offset != place }.reduce(into: Set()) {
                $0.formUnion($1.element)
            }
            conditions[place].outline =
                outline(conditions[place].outline.source, variables, others)
                ?? conditions[place].outline
        }
        written += conditions
        let present = asked.reduce(into: Set()) { $0.formUnion($1) }
        for (list, purpose) in [("rules", Written.Purpose.rule), ("mutations", .mutation)] {
            for (number, element) in elements(spec, list).enumerated() {
                let path = "spec.\(list)[\(number)].cel"
                guard let cel = document.member("cel", of: element),
                    let expression = read(cel, "expression", path, purpose, variables, present)
                else { continue }
                written.append(expression)
                let denied = present.union(expression.outline.presentIfFalse ?? [])
                if let message = read(cel, "messageExpression", path, .message, variables, denied) {
                    written.append(message)
                }
            }
        }
        let twins = written.isEmpty ? [] : fromConfigTwins(of: kinds)
        var told: Set<String> = []
        for expression in written {
            checkReads(of: expression, places, &told)
            checkTwins(of: expression, twins, conditions.map(\.outline), written.filter { $0.purpose == .rule })
            checkCost(of: expression, spec)
        }
    }

    // MARK: Outlines

    /// An expression's outline; nil if it is no CEL, of which the compiler tells.
    private func outline(
        _ source: String,
        _ variables: [String: CELOutline],
        _ present: Set<OutlinePath>,
        name: String? = nil
    ) -> CELOutline? {
        try? CELOutline(
            source,
            name: name,
            variables: variables,
            present: present,
            mayBeMissing: Self.mayBeMissing
        )
    }

    private func read(
        _ owner: JSONValue,
        _ field: String,
        _ path: String,
        _ purpose: Written.Purpose,
        _ variables: [String: CELOutline],
        _ present: Set<OutlinePath> = [],
        name: String? = nil
    ) -> Written? {
        guard let value = document.member(field, of: owner), value.isString, let source = document.string(value),
            let outline = outline(source, variables, present, name: name)
        else { return nil }
        return Written(value: value, path: "\(path).\(field)", purpose: purpose, outline: outline)
    }

    /// Whether an object may be without a field; `[]` stands for what a list holds.
    private static func mayBeMissing(_ path: OutlinePath) -> Bool {
        if path.isElement { return true }
        guard path.variable == "object" || path.variable == "oldObject" else { return false }
        switch path.names.first {
        case "spec": return path.names.count > 1
        case "status": return true
        case "metadata":
            guard path.names.count > 1, path.names.last != "[]" else { return false }
            let always: Set<String> = [
                "name", "namespace", "uid", "creationTimestamp", "generation", "managedFields", "resourceVersion",
            ]
            return !always.contains(path.names[1])
        default: return false
        }
    }

    // MARK: Fields

    private mutating func checkReads(
        of expression: Written,
        _ variables: [String: (value: JSONValue, path: String)],
        _ told: inout Set<String>
    ) {
        // What a variable reads is told where something reads the variable without having asked.
        if expression.purpose == .variable { return }
        for read in expression.outline.uncheckedReads {
            let place = read.variable.flatMap { variables[$0] } ?? (value: expression.value, path: expression.path)
            let name = read.missing
            guard told.insert("\(place.path): \(name)").inserted else { continue }
            let consequence =
                expression.purpose == .message
                ? "the message is not made then" : "the failurePolicy decides then"
            report(
                .uncheckedField,
                place.path,
                at: place.value,
                offset: read.offset,
                "reads \(name), which \(name.isElement ? "an element" : "an object") may not have: \(consequence)",
                mend: "ask has(\(name)) before, or read it with .? and orValue()"
            )
        }
    }

    /// The fields of kinds for which a ConfigMap may be named instead.
    private func fromConfigTwins(of kinds: [AzureKind]) -> Set<String> {
        let suffix = "FromConfig"
        return Set(
            kinds.lazy.flatMap { ARMFieldTable.embedded.fields(of: $0) }.map(\.path)
                .filter { $0.hasSuffix(suffix) && !$0.contains("[") && !$0.contains("{") }
                .map { String($0.dropLast(suffix.count)) }
        )
    }

    private mutating func checkTwins(
        of expression: Written,
        _ twins: Set<String>,
        _ conditions: [CELOutline],
        _ rules: [Written]
    ) {
        guard expression.purpose == .rule || expression.purpose == .condition else { return }
        let outline = expression.outline
        for field in twins.sorted() {
            let names = field.split(separator: ".").map(String.init)
            let path = OutlinePath("object", names)
            guard outline.mentionsAnywhere(path) else { continue }
            let twin = (names.last ?? "") + "FromConfig"
            let twinPath = OutlinePath("object", names.dropLast() + [twin])
            if outline.mentionsAnywhere(twinPath) || conditions.contains(where: { $0.mentionsAnywhere(twinPath) }) {
                continue
            }
            // Another rule may ask for the field, for all of them.
            let isAsked = rules.contains {
                $0.outline.mentionsAnywhere(twinPath) && $0.outline.passes(without: path, letting: true) == nil
            }
            if isAsked { continue }
            let isRule = expression.purpose == .rule
            guard let offset = outline.passes(without: path, letting: isRule) else { continue }
            report(
                .fromConfig,
                expression.path,
                at: expression.value,
                offset: offset,
                isRule
                    ? "lets through who leaves \(field) out, which a ConfigMap may hold instead: \(twin)"
                    : "leaves out who has no \(field), which a ConfigMap may hold instead: \(twin)",
                mend: "say what has(\(twinPath)) means"
            )
        }
    }

    // MARK: Cost

    private mutating func checkCost(of expression: Written, _ spec: JSONValue) {
        // Variables cost what they cost to whom reads them.
        if expression.purpose == .variable { return }
        let depth = expression.outline.loopDepth
        if depth >= 3 {
            report(
                .nestedLoops,
                expression.path,
                at: expression.value,
                "has \(depth) loops inside each other, which cost the product of their lists",
                mend: "take a loop out into spec.variables, or compare with 'in'"
            )
            return
        }
        let parameters = document.member("parameters", of: spec)
        let reader = self
        func cost(_ objectBytes: Double) -> Double {
            expression.outline.costEstimate { path in
                reader.bounds(of: path, objectBytes, parameters)
            }
        }
        let most = cost(Self.maximumObjectBytes)
        guard most > Self.costLimit else { return }
        // The smallest object that reaches the limit.
        var (fine, over) = (0.0, Self.maximumObjectBytes)
        while over - fine > 1 {
            let middle = ((fine + over) / 2).rounded(.down)
            if cost(middle) > Self.costLimit { over = middle } else { fine = middle }
        }
        let isLikely = over <= Self.largeObjectBytes
        report(
            .costly,
            expression.path,
            at: expression.value,
            level: isLikely ? nil : .note,
            "may cost \(Self.shown(most)) units for the largest object, and 1,000,000 are allowed: "
                + "one of \(Self.shown(over)) bytes could reach that",
            mend: "go through one list alone and compare with 'in', or move a list that does not change to parameters"
        )
    }

    private func bounds(of path: OutlinePath, _ objectBytes: Double, _ parameters: JSONValue?) -> CELOutline.Bounds {
        switch path.variable {
        case "object", "oldObject":
            switch (path.names.first, path.names.dropFirst().first) {
            case ("apiVersion", _), ("kind", _), ("metadata", "name"), ("metadata", "namespace"), ("metadata", "uid"):
                return CELOutline.Bounds(bytes: min(objectBytes, Self.nameBytes))
            case ("metadata", "labels"), ("metadata", "annotations"):
                return CELOutline.Bounds(bytes: objectBytes, isMap: path.names.count == 2)
            default: return CELOutline.Bounds(bytes: objectBytes)
            }
        case "params", "facets": return CELOutline.Bounds(bytes: objectBytes)
        case "parameters":
            guard let name = path.names.first, let value = parameters.flatMap({ document.member(name, of: $0) }) else {
                return CELOutline.Bounds(bytes: 1)
            }
            var writer = JSONWriter()
            writer.copy(value, in: document)
            return CELOutline.Bounds(bytes: Double(writer.finish().count), isMap: value.isObject)
        case "request" where path.names.first != "userInfo" && path.names.first != "options":
            return CELOutline.Bounds(bytes: Self.nameBytes)
        default: return CELOutline.Bounds(bytes: Self.otherBytes)
        }
    }

    /// A number as people read it.
    private static func shown(_ number: Double) -> String {
        guard number < 1e15 else { return "more than 1,000,000,000,000,000" }
        var text = ""
        for (place, digit) in String(Int(number)).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
