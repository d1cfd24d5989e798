internal import Azure

/// One MutatingAdmissionPolicy with its binding, as it is put together.
struct MutatingPolicy {
    private let match: MatchExpression
    private let tables: AzureTables
    private let operations: [String]
    private var mutations: [TemplateLiteral] = []

    init(_ spec: TemplateLiteral, _ match: MatchExpression, _ tables: AzureTables) {
        self.match = match
        self.tables = tables
        operations = match.operations.filter { $0 == "CREATE" || $0 == "UPDATE" }
    }

    var isEmpty: Bool { mutations.isEmpty || operations.isEmpty }

    /// Adds a mutation.
    ///
    /// - Throws: Why it cannot be said.
    mutating func add(_ mutation: TemplateLiteral) throws(Unsayable) {
        if operations.isEmpty { throw Unsayable("it is for neither CREATE nor UPDATE") }
        for (body, reason) in Self.unsayable where mutation[body] != nil { throw Unsayable("\(body): \(reason)") }
        // Each sees what those before it have made, so that they need not know of each other.
        let expressions: [String]
        if let tags = mutation["tags"] {
            expressions = try self.tags(tags)
        } else if let fields = mutation["set"]?.members ?? mutation["defaults"]?.members {
            expressions = try fields.map { (field) throws(Unsayable) in
                try Self.field(field.key, field.value, overwrites: mutation["set"] != nil)
            }
        } else if let fields = mutation["remove"]?.elements {
            expressions = try fields.compactMap(\.text).map { (field) throws(Unsayable) in try Self.removal(field) }
        } else if let body = mutation["location"] {
            if let source = NamespaceText.expression(body) {
                expressions = ["\(source) == '' ? [] : (\(try self.location(source)))"]
            } else {
                expressions = [try self.location(try Self.plain(body["default"]?.text ?? "", "location"))]
            }
        } else if let secret = mutation["credential"]?["default"]?.text {
            expressions = [
                Self.annotation("serviceoperator.azure.com/credential-from", try Self.plain(secret, "credential"))
            ]
        } else {
            throw Unsayable("says nothing that CEL can say")
        }
        mutations += expressions.map { expression in
            .record([
                ("patchType", .string("JSONPatch")),
                ("jsonPatch", .record([("expression", .string(expression))])),
            ])
        }
    }

    private static let unsayable = [
        ("sku", "smaller SKUs are told by a table of sizes"),
        ("azureName", "what Azure takes for a name is told by tables"),
        (
            "cel",
            "its expression sees what other mutations have made, and Kubernetes' do so only when they are asked again"
        ),
    ]

    /// A text without templates.
    private static func plain(_ text: String, _ body: String) throws(Unsayable) -> String {
        if text.contains("${") { throw Unsayable("\(body): its value is an expression of our own environment") }
        return text.celLiteral
    }

    /// An expression for each kind; an empty list for kinds without one.
    private func byKind(_ expression: (AzureKind) throws(Unsayable) -> String?) throws(Unsayable) -> String {
        var groups: [(expression: String, kinds: [String])] = []
        let others = match.meansUnknownKinds ? try expression(tables.general) ?? "[]" : "[]"
        for kind in match.kinds {
            let text = try expression(kind) ?? "[]"
            if text == others { continue }
            if let place = groups.firstIndex(where: { $0.expression == text }) {
                groups[place].kinds.append(kind.description)
            } else {
                groups.append((text, [kind.description]))
            }
        }
        if groups.isEmpty, others == "[]" { throw Unsayable("no kind that it is for has such a field") }
        if groups.count == 1, groups[0].kinds.count == match.kinds.count, !match.meansUnknownKinds {
            return groups[0].expression
        }
        return groups.reversed().reduce(others) { rest, group in
            "\(NameExpression.matches(MatchExpression.kind, group.kinds)) ? (\(group.expression)) : (\(rest))"
        }
    }

    // MARK: Bodies

    private func tags(_ body: TemplateLiteral) throws(Unsayable) -> [String] {
        if let inherited = body["inherit"] {
            return try NamespaceText.inherited(inherited).map { (tag) throws(Unsayable) in
                "\(tag.value) == '' ? [] : (\(try valued([tag], overwrites: true)))"
            }
        }
        if let patterns = body["remove"]?.elements?.compactMap(\.text) {
            return [
                try byKind { (kind) throws(Unsayable) in
                    try tagsPlace(of: kind).map { names, _ in
                        let map = PlaceExpression.optional("object", names) + ".orValue({})"
                        return "\(map).filter(k, \(NameExpression.matches("k", patterns, ignoringCase: true)))"
                            + ".map(k, JSONPatch{op: 'remove', path: \(Self.path(names, beyond: "k"))})"
                    }
                }
            ]
        }
        var tags: [(name: String, value: String)] = []
        for tag in (body["set"] ?? body["default"])?.members ?? [] {
            guard let value = tag.value.text else { throw Unsayable("tags: the value of \(tag.key) is no text") }
            tags.append((tag.key, try Self.plain(value, "tags")))
        }
        return [try valued(tags, overwrites: body["set"] != nil)]
    }

    /// Tags with the expressions of their values.
    private func valued(_ tags: [(name: String, value: String)], overwrites: Bool) throws(Unsayable) -> String {
        try byKind { (kind) throws(Unsayable) in
            try tagsPlace(of: kind).map { names, isMade in
                let map = PlaceExpression.optional("object", names)
                let old = PlaceExpression.optional("oldObject", names) + ".orValue({})"
                let changes = tags.map { tag in
                    let isName = NameExpression.matches("k", [tag.name], ignoringCase: true)
                    let place = Self.path(names, beyond: "k")
                    let add =
                        "[JSONPatch{op: 'add', path: \(Self.path(names, beyond: tag.name.celLiteral)), value: \(tag.value)}]"
                    let isSet = "\(map).orValue({}).exists(k, \(isName) && \(map).orValue({})[k] != null)"
                    guard !overwrites else {
                        let other =
                            "\(map).orValue({}).filter(k, \(isName) && \(map).orValue({})[k] != \(tag.value))"
                            + ".map(k, JSONPatch{op: 'replace', path: \(place), value: \(tag.value)})"
                        return "(\(isSet) ? \(other) : \(add))"
                    }
                    // What was there before an UPDATE stays.
                    let was = "oldObject != null && \(old).exists(k, \(isName) && \(old)[k] != null)"
                    let keep =
                        "\(old).filter(k, \(isName)).map(k, JSONPatch{op: 'add', path: \(place), value: \(old)[k]})"
                    return "(\(isSet) ? [] : \(was) ? \(keep) : \(add))"
                }
                guard isMade else {
                    return
                        "\(PlaceExpression.value("object", names)) == null ? [] : (\(changes.joined(separator: " + ")))"
                }
                // What holds the tags is made where it is missing.
                let makes = (2...names.count).map { count in
                    let place = Array(names.prefix(count))
                    return "(\(PlaceExpression.value("object", place)) == null"
                        + " ? [JSONPatch{op: 'add', path: \(Self.path(place)), value: {}}] : [])"
                }
                return (makes + changes).joined(separator: " + ")
            }
        }
    }

    /// The members that lead to a kind's tags, and whether they are made where they are missing; nil if it has none.
    private func tagsPlace(of kind: AzureKind) throws(Unsayable) -> (names: [String], isMade: Bool)? {
        guard let place = tables.places(of: kind, { $0 == .tags && $1 == .map }).first else { return nil }
        let (names, rest) = PlaceExpression.split(place.steps[...])
        guard rest.isEmpty, names.count > 1 else { throw Unsayable("tags: a kind keeps them in a list") }
        return (names, place.absence == .always)
    }

    private func location(_ value: String) throws(Unsayable) -> String {
        try byKind { kind in
            let isThere = tables.places(of: kind) { $0 == .location && $1 == .region }.contains {
                $0.steps == [.member("spec"), .member("location")] && $0.absence != .never
            }
            guard isThere else { return nil }
            return
                "object.?spec.?location.orValue(null) == null && object.?spec.?locationFromConfig.orValue(null) == null"
                + " ? [JSONPatch{op: 'add', path: '/spec/location', value: \(Self.kept(["spec", "location"], value))}] : []"
        }
    }

    private static func annotation(_ name: String, _ value: String) -> String {
        let map = "object.?metadata.?annotations"
        let path = path(["metadata", "annotations"], beyond: name.celLiteral)
        let kept = kept(["metadata", "annotations", name], value)
        return "\(map).orValue(null) == null"
            + " ? [JSONPatch{op: 'add', path: '/metadata/annotations', value: {\(name.celLiteral): \(kept)}}]"
            + " : \(name.celLiteral) in \(map).orValue({}) ? []"
            + " : [JSONPatch{op: 'add', path: \(path), value: \(kept)}]"
    }

    /// A value, or what was there before an UPDATE.
    private static func kept(_ names: [String], _ value: String) -> String {
        let before = PlaceExpression.value("oldObject", names)
        return "(oldObject != null && \(before) != null ? \(before) : dyn(\(value)))"
    }

    // MARK: Fields

    /// Gives a field a value, and makes what holds it where that is missing.
    private static func field(
        _ field: String,
        _ value: TemplateLiteral,
        overwrites: Bool
    ) throws(Unsayable) -> String {
        let names = try FieldNames.names(of: field, overwrites ? "set" : "defaults")
        let wanted: String
        switch value {
        case .string(let text): wanted = try plain(text, field)
        default: wanted = value.kubernetesCEL
        }
        let current = PlaceExpression.value("object", names)
        let stand = PlaceExpression.value("object", names.dropLast() + [(names.last ?? "") + "FromConfig"])
        let makes = (1..<max(names.count, 1)).map { count in
            let place = Array(names.prefix(count))
            return "(\(PlaceExpression.value("object", place)) == null"
                + " ? [JSONPatch{op: 'add', path: \(FieldNames.pointer(place)), value: {}}] : [])"
        }
        let new = overwrites ? "dyn(\(wanted))" : kept(names, wanted)
        let add = "[JSONPatch{op: 'add', path: \(FieldNames.pointer(names)), value: \(new)}]"
        let isNeeded = overwrites ? "\(current) != dyn(\(wanted))" : "\(current) == null"
        return "\(isNeeded) && \(stand) == null ? (\((makes + [add]).joined(separator: " + "))) : []"
    }

    private static func removal(_ field: String) throws(Unsayable) -> String {
        let names = try FieldNames.names(of: field, "remove")
        return "\(PlaceExpression.value("object", names)) != null"
            + " ? [JSONPatch{op: 'remove', path: \(FieldNames.pointer(names))}] : []"
    }

    /// The expression of a JSON Pointer.
    private static func path(_ names: [String], beyond key: String? = nil) -> String {
        let start = "/" + names.joined(separator: "/")
        guard let key else { return start.celLiteral }
        return "\("\(start)/".celLiteral) + jsonpatch.escapeKey(\(key))"
    }

    // MARK: Manifests

    /// The policy and its binding.
    func manifests(named name: String) -> [[String]] {
        [
            AdmissionManifest.lines(
                "MutatingAdmissionPolicy",
                named: name,
                [
                    ("failurePolicy", .string(match.failurePolicy)), ("reinvocationPolicy", .string("IfNeeded")),
                    ("matchConstraints", match.constraints(operations)), ("matchConditions", match.matchConditions),
                    ("mutations", .array(mutations)),
                ]
            ),
            AdmissionManifest.lines("MutatingAdmissionPolicyBinding", named: name, [("policyName", .string(name))]),
        ]
    }
}
