internal import Azure

/// What a rule asks of the values at a place, as CEL.
struct PlaceTest {
    /// The condition under which a value, given as an expression, passes.
    let passes: (String) -> String
    /// What failures ask for.
    let demand: String
    var deniesAbsence = true
    var deniesUnknown = true
    /// Whether what the provider takes is judged where nothing stands.
    var usesDefaults = false
    /// Whether values are scalars, which messages can show.
    var isScalar = true
    /// A condition under which absence is fine.
    var absenceIsFineIf: String?
}

/// Writes CEL that reads the places of facets.
///
/// An object is the variable `o`. Failures are a list of pairs: the words, and the value, so that two objects' failures can be
/// compared.
struct PlaceExpression {
    let place: FacetPlace

    init(_ place: FacetPlace) {
        self.place = place
    }

    /// A list of the failures of all values at the place.
    func failures(_ test: PlaceTest) -> String {
        Self.walk(place.steps[...], in: "o", label: "") { base, names in
            Leaf(
                condition: condition(test, base, names),
                value: Self.value(base, names),
                demand: test.demand,
                isScalar: test.isScalar,
                missing: missing(test, base, names)
            )
        }
    }

    /// Whether any value at the place passes.
    func exists(_ passes: (String) -> String) -> String {
        Self.exists(place.steps[...], in: "o", passes)
    }

    // MARK: Values

    /// `a.?b.?c`, the value that may be there.
    static func optional(_ base: String, _ names: some Sequence<String>) -> String {
        names.reduce(base) { $0 + ($1.isPlainName ? ".?\($1)" : "[?\($1.celLiteral)]") }
    }

    /// The value, or null.
    static func value(_ base: String, _ names: [String]) -> String {
        // What an index gives has no type of its own that null could be of.
        names.isEmpty
            ? base
            : optional(base, names) + (names.allSatisfy(\.isPlainName) ? ".orValue(null)" : ".orValue(dyn(null))")
    }

    private static func unknown(_ base: String, _ names: [String]) -> String? {
        guard let last = names.last else { return nil }
        return value(base, names.dropLast() + [last + "FromConfig"]) + " != null"
    }

    // MARK: Conditions

    /// What is said where nothing stands: with what the provider takes then, if that is known.
    ///
    /// That a value comes of a ConfigMap is another failure than that there is none, so that it is none of before.
    func missing(_ test: PlaceTest, _ base: String, _ names: [String]) -> String {
        var result = "' is not set'"
        if test.usesDefaults {
            for provided in place.defaults.reversed() {
                let words = " is not set and Azure takes \(provided.text)".celLiteral
                let conditions = provided.conditions.map { "(\($0.expression))" }
                result =
                    conditions.isEmpty ? words : "(\(conditions.joined(separator: " && ")) ? \(words) : \(result))"
            }
        }
        guard test.deniesUnknown, let isUnknown = Self.unknown(base, names) else { return result }
        return "(\(isUnknown) ? ' is not known yet' : \(result))"
    }

    private func condition(_ test: PlaceTest, _ base: String, _ names: [String]) -> String {
        let value = Self.value(base, names)
        var passes = place.sense == .holder ? "true" : test.passes(value)
        if place.sense == .regionOrNone { passes = "\(value) == 'None' || \(passes)" }
        switch (nothing(test, base, names), passes) {
        case ("false", "true"): return "false"
        case ("false", _): return "\(value) != null && !(\(passes))"
        case ("true", "true"): return "\(value) == null"
        case ("true", "false"): return "true"
        case ("true", _): return "\(value) == null || !(\(passes))"
        case (let nothing, "true"): return "\(value) == null && (\(nothing))"
        case (let nothing, _): return "\(value) == null ? (\(nothing)) : !(\(passes))"
        }
    }

    /// Whether it is a failure that nothing stands there; `otherwise` counts if it is never told that nothing does.
    func nothing(
        _ test: PlaceTest,
        _ base: String,
        _ names: [String],
        otherwise: String = "false"
    ) -> String {
        let absent = place.absence == .never ? otherwise : absence(test, base, names)
        let unknown = test.deniesUnknown ? "true" : "false"
        guard absent != unknown, let isUnknown = Self.unknown(base, names) else { return absent }
        return switch (absent, unknown) {
        case ("false", _): isUnknown
        case ("true", _): "!(\(isUnknown))"
        default: "\(isUnknown) ? \(unknown) : (\(absent))"
        }
    }

    private func absence(_ test: PlaceTest, _ base: String, _ names: [String]) -> String {
        var result = test.deniesAbsence ? "true" : "false"
        if test.usesDefaults {
            for provided in place.defaults.reversed() {
                let passes = test.passes("dyn(\(provided.literal(place.sense)))")
                let conditions = provided.conditions.map { $0.expression }
                guard !conditions.isEmpty else {
                    result = "!(\(passes))"
                    continue
                }
                result = "\(conditions.map { "(\($0))" }.joined(separator: " && ")) ? !(\(passes)) : (\(result))"
            }
        }
        if result == "false" { return result }
        if place.absence == .inside, names.count > 1 {
            result = Self.and(Self.optional(base, names.dropLast()) + ".hasValue()", result)
        }
        if let fine = test.absenceIsFineIf { result = Self.and("!(\(fine))", result) }
        return result
    }

    private static func and(_ first: String, _ second: String) -> String {
        second == "true" ? first : "\(first) && (\(second))"
    }

    // MARK: Ways

    /// What is asked at the end of a way.
    struct Leaf {
        /// When it is a failure.
        let condition: String
        /// The value.
        let value: String
        let demand: String
        var isScalar = true
        /// What is said if there is no value, as an expression.
        var missing = "' is not set'"
    }

    /// Follows steps from an expression that is not null, through lists by comprehensions, to a list of failures.
    ///
    /// `label` is an expression of the way so far, empty at the beginning; `leaf` makes the question of the last expression and
    /// the members that remain.
    static func walk(
        _ steps: ArraySlice<FacetPlace.Step>,
        in base: String,
        label: String,
        depth: Int = 0,
        _ leaf: (String, [String]) -> Leaf
    ) -> String {
        let (names, rest) = split(steps)
        var label = label
        append(names, to: &label)
        guard let step = rest.first else {
            let leaf = leaf(base, names)
            switch leaf.condition {
            case "false": return "[]"
            case "true": return "[\(pair(leaf, label))]"
            default: return "(\(leaf.condition)) ? [\(pair(leaf, label))] : []"
            }
        }
        let element = depth == 0 ? "e" : "e\(depth)"
        let inner = rest.dropFirst()
        let list: String
        var next = element
        var innerLabel = label.isEmpty ? "'['" : "\(label) + '['"
        switch step {
        case .entry:
            let map = optional(base, names) + ".orValue({})"
            list = map
            next = "\(map)[\(element)]"
            innerLabel += " + \(element) + ']'"
        default:
            list = names.isEmpty ? base : optional(base, names) + ".orValue([])"
            innerLabel += " + \(inner.isEmpty ? "string(\(element))" : key(of: element)) + ']'"
        }
        let (members, beyond) = split(inner)
        if beyond.isEmpty {
            append(members, to: &innerLabel)
            let leaf = leaf(next, members)
            if leaf.condition == "false" { return "[]" }
            let filtered = leaf.condition == "true" ? list : "\(list).filter(\(element), \(leaf.condition))"
            return "\(filtered).map(\(element), \(pair(leaf, innerLabel)))"
        }
        let failures = walk(inner, in: next, label: innerLabel, depth: depth + 1, leaf)
        return "\(list).map(\(element), \(failures)).filter(f, size(f) > 0)"
            + ".map(f, [dyn(f.map(g, string(g[0])).join('; ')), dyn(f)])"
    }

    private static func exists(
        _ steps: ArraySlice<FacetPlace.Step>,
        in base: String,
        depth: Int = 0,
        _ passes: (String) -> String
    ) -> String {
        let (names, rest) = split(steps)
        guard let step = rest.first else {
            let value = value(base, names)
            return "\(value) != null && (\(passes(value)))"
        }
        let element = "x\(depth)"
        switch step {
        case .entry:
            let map = optional(base, names) + ".orValue({})"
            return "\(map).exists(\(element), "
                + exists(rest.dropFirst(), in: "\(map)[\(element)]", depth: depth + 1, passes) + ")"
        default:
            let list = names.isEmpty ? base : optional(base, names) + ".orValue([])"
            return "\(list).exists(\(element), "
                + exists(rest.dropFirst(), in: element, depth: depth + 1, passes) + ")"
        }
    }

    /// The members before the next list, and what comes after them.
    static func split(
        _ steps: ArraySlice<FacetPlace.Step>
    ) -> (names: [String], rest: ArraySlice<FacetPlace.Step>) {
        var names: [String] = []
        for step in steps {
            guard case .member(let name) = step else { break }
            names.append(name)
        }
        return (names, steps.dropFirst(names.count))
    }

    /// Appends members to the expression of a way.
    private static func append(_ names: [String], to label: inout String) {
        guard !names.isEmpty else { return }
        var text = ""
        for name in names {
            if name.isPlainName {
                text += (text.isEmpty && label.isEmpty ? "" : ".") + name
            } else {
                text += "[\"\(name)\"]"
            }
        }
        label += (label.isEmpty ? "" : " + ") + text.celLiteral
    }

    /// What tells an element from the others wherever it stands.
    private static func key(of element: String) -> String {
        let names = ["name", "id", "key", "armId", "locationName", "location", "lun"]
        let first = "\(element).?\(names[0])"
        return "string(\(names.dropFirst().reduce(first) { "\($0).or(\(element).?\($1))" }).orValue(''))"
    }

    private static func pair(_ leaf: Leaf, _ label: String) -> String {
        let value = leaf.value
        let shown = leaf.isScalar ? "' is \"' + string(\(value)) + '\"'" : "' does not do'"
        let words = "\(label) + (\(value) == null ? \(leaf.missing) : \(shown)) + \("; \(leaf.demand)".celLiteral)"
        return "[dyn(\(words)), dyn(\(value))]"
    }
}

extension FacetPlace.Default {
    /// The value as CEL.
    fileprivate func literal(_ sense: Facet.Sense) -> String {
        switch sense {
        case .number, .gigabytes, .megabytes, .bytes, .days, .hours: text
        default: text == "true" || text == "false" ? text : text.celLiteral
        }
    }
}

extension FacetPlace.Default.Condition {
    /// Whether the object `o` is so.
    var expression: String {
        let value = PlaceExpression.value("o", path)
        var choices: [String] = []
        if words.contains("*") { choices.append("\(value) != null") }
        let named = words.filter { $0 != "*" && $0 != "-" }
        if !named.isEmpty {
            let list = named.map(\.celLiteral).joined(separator: ", ")
            choices.append("\(value) != null && string(\(value)).lowerAscii() in [\(list)]")
        }
        if words.contains("-") {
            let stand = PlaceExpression.value("o", path.dropLast() + [(path.last ?? "") + "FromConfig"])
            choices.append("\(value) == null && \(stand) == null")
        }
        return choices.joined(separator: " || ")
    }
}

extension String {
    /// Whether the text may stand after a dot in CEL and in Kubernetes' paths.
    var isPlainName: Bool {
        let reserved: Set<String> = [
            "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let", "loop",
            "namespace", "null", "package", "return", "true", "var", "void", "while",
        ]
        guard let first = utf8.first, !(0x30...0x39).contains(first), !reserved.contains(self) else { return false }
        return utf8.allSatisfy { byte in
            (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || byte == 0x5f
        }
    }
}
