internal import Azure

/// Why something of a policy cannot be said in CEL.
struct Unsayable: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// Writes a typed rule as CEL, kind by kind.
///
/// What it writes gives a list of failures of the object `o`, as `PlaceExpression` has them.
struct RuleExpression {
    let rule: TemplateLiteral
    let tables: AzureTables
    let ifAbsent: Bool?
    let ifUnknown: Bool?

    init(_ rule: TemplateLiteral, _ tables: AzureTables) {
        self.rule = rule
        self.tables = tables
        ifAbsent = rule["ifAbsent"]?.text.map { $0 == "Deny" }
        ifUnknown = rule["ifUnknown"]?.text.map { $0 == "Deny" }
    }

    /// The bodies that this can write.
    static let bodies = ["locations", "skus", "tags", "exposure", "encryption", "zones", "backup", "naming"]

    /// The failures of an object of a kind; nil if the rule does not concern the kind.
    ///
    /// - Throws: Why it cannot be said.
    func failures(of kind: AzureKind) throws(Unsayable) -> String? {
        guard let name = Self.bodies.first(where: { rule[$0] != nil }), let body = rule[name] else {
            throw Unsayable("says nothing that CEL can say")
        }
        let lists: [String] =
            switch name {
            case "locations": try locations(body, kind)
            case "skus": try skus(body, kind)
            case "tags": try tags(body, kind)
            case "exposure": try exposure(body, kind)
            case "encryption": try encryption(body, kind)
            case "zones": try zones(body, kind)
            case "naming": try naming(body, kind)
            default: try backup(body, kind)
            }
        let said = lists.filter { $0 != "[]" }
        return said.isEmpty ? nil : said.count == 1 ? said[0] : said.map { "(\($0))" }.joined(separator: " + ")
    }

    // MARK: Switches

    func places(_ kind: AzureKind, _ facet: Facet, _ part: Facet.Part) -> [FacetPlace] {
        tables.places(of: kind) { $0 == facet && $1 == part }
    }

    /// A switch that must be closed, or open.
    func test(
        _ place: FacetPlace,
        isOpen: Bool = false,
        wanted: String,
        alternative: String? = nil
    ) -> PlaceTest {
        PlaceTest(
            passes: { value in
                let passes = isOpen ? place.sense.isOpen(value) : place.sense.isClosed(value)
                guard let alternative else { return passes }
                return "\(passes) || string(\(value)).lowerAscii() == \(alternative.lowercasedASCII.celLiteral)"
            },
            demand: "it must be \(place.word(isOpen: isOpen) ?? wanted)" + (alternative.map { " or \($0)" } ?? ""),
            deniesAbsence: ifAbsent ?? true,
            deniesUnknown: ifUnknown ?? true,
            usesDefaults: ifAbsent == nil,
            isScalar: place.sense.isScalar
        )
    }

    func switches(
        _ kind: AzureKind,
        _ facet: Facet,
        _ part: Facet.Part,
        isOpen: Bool = false,
        wanted: String
    ) -> [String] {
        places(kind, facet, part).map { PlaceExpression($0).failures(test($0, isOpen: isOpen, wanted: wanted)) }
    }

    // MARK: Encryption, zones, backups

    private func encryption(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        var lists: [String] = []
        for member in body.members ?? [] {
            guard let part = Facet.Part(rawValue: member.key) else { throw Unsayable("\(member.key) is no such field") }
            let wanted = part == .customerManagedKey ? "a key of your own" : "true"
            lists += switches(kind, .encryption, part, wanted: wanted)
        }
        return lists
    }

    private func zones(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        var lists: [String] = []
        for member in body.members ?? [] {
            switch member.key {
            case "redundant":
                let found = switches(kind, .zone, .redundant, wanted: "zone redundancy").filter { $0 != "[]" }
                // Redis allocates zones by itself, or is given a list.
                let twins = kind.group == "cache.azure.com" ? places(kind, .zone, .redundant) : []
                let closed = twins.count < 2 ? [] : twins.map { PlaceExpression($0).exists($0.sense.isClosed) }
                lists += Self.unless(closed, found)
            case "allow":
                let zones = (member.value.elements ?? []).compactMap(\.folded)
                lists += places(kind, .zone, .zone).map { place in
                    PlaceExpression(place).failures(
                        PlaceTest(
                            passes: { NameExpression.matches("string(\($0))", zones, ignoringCase: true) },
                            demand: "allowed: \(zones.joined(separator: ", "))",
                            deniesAbsence: false,
                            deniesUnknown: ifUnknown ?? true
                        )
                    )
                }
            case "minimum":
                guard case .int(let minimum)? = Optional(member.value) else {
                    throw Unsayable("minimum is no whole number")
                }
                lists += places(kind, .zone, .zones).map { place in
                    PlaceExpression(place).failures(
                        PlaceTest(
                            passes: { "type(\($0)) == list && (\(Self.hasDifferent($0, Int(minimum))))" },
                            demand: "it must list \(minimum) or more zones",
                            deniesAbsence: ifAbsent ?? true,
                            deniesUnknown: ifUnknown ?? true,
                            isScalar: false
                        )
                    )
                }
            default: throw Unsayable("\(member.key) is no such field")
            }
        }
        return lists
    }

    private func backup(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        var lists: [String] = []
        for member in body.members ?? [] {
            switch member.key {
            case "geoRedundant":
                let isOpen = member.value.text == "Disabled"
                lists += switches(kind, .backup, .geoRedundant, isOpen: isOpen, wanted: isOpen ? "Disabled" : "Enabled")
            case "softDelete", "purgeProtection", "versioning", "immutability":
                guard let part = Facet.Part(rawValue: member.key) else { continue }
                lists += switches(kind, .backup, part, wanted: "Enabled")
            case "minimumRetentionDays": lists += try days(.retentionDays, member.value, isMinimum: true, kind)
            case "maximumRetentionDays": lists += try days(.retentionDays, member.value, isMinimum: false, kind)
            case "minimumSoftDeleteDays": lists += try days(.softDeleteDays, member.value, isMinimum: true, kind)
            case "maximumSoftDeleteDays": lists += try days(.softDeleteDays, member.value, isMinimum: false, kind)
            default: throw Unsayable("\(member.key) is no such field")
            }
        }
        return lists
    }

    /// Whether a list has so many elements that differ from each other; a region has three zones at most.
    private static func hasDifferent(_ list: String, _ count: Int) -> String {
        switch count {
        case ...1: "size(\(list)) > 0"
        case 2: "\(list).exists(a, a != \(list)[0])"
        default: "\(list).exists(a, a != \(list)[0] && \(list).exists(b, b != \(list)[0] && b != a))"
        }
    }

    private func days(
        _ part: Facet.Part,
        _ limit: TemplateLiteral,
        isMinimum: Bool,
        _ kind: AzureKind
    ) throws(Unsayable) -> [String] {
        let wanted: Double
        switch limit {
        case .int(let value): wanted = Double(value)
        case .double(let value): wanted = value
        default: throw Unsayable("backup: a limit is no number")
        }
        return places(kind, .backup, part).map { place in
            let isHolder = place.sense == .holder
            return PlaceExpression(place).failures(
                PlaceTest(
                    passes: { Self.days($0, place.sense, "\(isMinimum ? ">=" : "<=") \(wanted)") },
                    demand: "keep it \(limit.cel) days or \(isMinimum ? "more" : "less")",
                    deniesAbsence: ifAbsent ?? isMinimum,
                    deniesUnknown: ifUnknown ?? isMinimum,
                    usesDefaults: ifAbsent == nil && !isHolder,
                    isScalar: !isHolder
                )
            )
        }
    }

    /// Whether a span of time, in the unit of its place, compares so with a number of days; false for what is no span.
    private static func days(_ value: String, _ sense: Facet.Sense, _ comparison: String) -> String {
        let text = "string(\(value))"
        switch sense {
        case .days:
            // The only number in a word, such as Continuous7Days.
            let inWord = "\(text).matches('^[^0-9]*[0-9]+[^0-9]*$') && double(\(text).find('[0-9]+')) \(comparison)"
            return "type(\(value)) == string ? \(inWord) : double(\(value)) \(comparison)"
        case .hours: return "type(\(value)) != string && double(\(value)) / 24.0 \(comparison)"
        case .duration:
            // Of ISO 8601: each unit by itself, and those of the day behind the T.
            let lower = "\(text).lowerAscii()"
            func sum(_ part: String, _ units: [(String, String)]) -> String {
                units.map { unit, days in
                    "\(part).findAll('[0-9]+\(unit)').map(n, double(n.replace('\(unit)', '')) * \(days)).sum()"
                }.joined(separator: " + ")
            }
            let date = sum("\(lower).find('^p[^t]*')", [("y", "365.0"), ("m", "30.0"), ("w", "7.0"), ("d", "1.0")])
            let time = sum(
                "\(lower).find('t.*')",
                [("h", "(1.0 / 24.0)"), ("m", "(1.0 / 1440.0)"), ("s", "(1.0 / 86400.0)")]
            )
            let isSpan = "size(\(text)) > 2 && \(lower).matches('^p([0-9]+[ymwd])*(t([0-9]+[hms])*)?$')"
            return "type(\(value)) == string && \(isSpan) && \(date) + \(time) \(comparison)"
        default: return "false"
        }
    }

    // MARK: Names

    /// Azure's name is `spec.azureName`, or the object's own; what a ConfigMap or the API server makes of it is unknown.
    private func naming(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        guard kind.azureName == .spec else { return [] }
        let stated = PlaceExpression.value("o", ["spec", "azureName"])
        let stand = PlaceExpression.value("o", ["spec", "azureNameFromConfig"])
        let own = "o.?metadata.?name.orValue('')"
        let name =
            "(\(stated) != null && \(stated) != '' ? [dyn('spec.azureName'), dyn(\(stated))]"
            + " : \(stand) != null ? [dyn('spec.azureName'), dyn(null)]"
            + " : \(own) != '' ? [dyn('metadata.name'), dyn(\(own))] : [dyn('metadata.name'), dyn(null)])"
        func failures(unless passes: String, _ words: String) -> String {
            "[\(name)].filter(n, n[1] != null && !(\(passes))).map(n, "
                + "[dyn(string(n[0]) + ' is \"' + string(n[1]) + '\"\(words.celLiteral.dropFirst())), n[1]])"
        }
        let text = "string(n[1])"
        var lists: [String] = []
        func template(_ text: String) throws(Unsayable) -> String {
            try ValidatingPolicy.template(text, name: own, "naming: a prefix or suffix")
        }
        for member in body.members ?? [] {
            switch (member.key, member.value) {
            case ("pattern", .string(let pattern)):
                lists.append(failures(unless: "\(text).matches(\(pattern.celLiteral))", "; it must match \(pattern)"))
            case ("prefix", .string(let prefix)):
                lists.append(
                    failures(unless: "\(text).startsWith(\(try template(prefix)))", "; it must begin with \(prefix)")
                )
            case ("suffix", .string(let suffix)):
                lists.append(
                    failures(unless: "\(text).endsWith(\(try template(suffix)))", "; it must end with \(suffix)")
                )
            case ("minimumLength", .int(let length)):
                lists.append(failures(unless: "size(\(text)) >= \(length)", "; the minimum is \(length) characters"))
            case ("maximumLength", .int(let length)):
                lists.append(failures(unless: "size(\(text)) <= \(length)", "; the maximum is \(length) characters"))
            case ("deny", .array(let patterns)):
                let choices = patterns.compactMap(\.text).map { "\(text).matches(\($0.celLiteral))" }
                if choices.isEmpty { continue }
                lists.append(failures(unless: "!(\(choices.joined(separator: " || ")))", "; such names are denied"))
            case ("limits", _):
                guard let limits = tables.nameLimits(of: kind) else { continue }
                var passes = "size(\(text)) >= \(limits.minimum) && size(\(text)) <= \(limits.maximum)"
                var words = "; Azure takes \(limits.minimum) to \(limits.maximum) characters"
                if let pattern = limits.pattern {
                    passes += " && \(text).matches(\(pattern.celLiteral))"
                    words += " that match \(pattern)"
                }
                lists.append(failures(unless: passes, words))
            default: throw Unsayable("naming: \(member.key) has another form than CEL could be written for")
            }
        }
        if ifUnknown ?? true {
            lists.append(
                "[\(name)].filter(n, n[1] == null).map(n, [dyn(string(n[0]) + ' is not known yet; write it'), dyn(null)])"
            )
        }
        return lists
    }

    // MARK: Locations

    private func locations(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        if body["sameAsOwner"] != nil {
            throw Unsayable(
                "sameAsOwner: the owner is another object, and Kubernetes' policies see only the object, its namespace and parameters"
            )
        }
        let isGlobalAllowed = body["global"]?.text != "Deny"
        let all = places(kind, .location, .region)
        return all.map { place in
            let replicas = place.isReplica ? body["replicas"] : nil
            let lists = replicas ?? body
            let allow = lists["allow"]?.elements.map { $0.compactMap(\.text).map(Region.normalise) }
            let deny = (lists["deny"]?.elements ?? []).compactMap(\.text).map(Region.normalise)
            let isGlobal = isGlobalAllowed || allow?.contains("global") == true
            let home = replicas == nil ? [] : all.filter { !$0.isReplica }
            return PlaceExpression(place).failures(
                PlaceTest(
                    passes: { value in
                        let region = Self.region(value)
                        var conditions: [String] = []
                        if !deny.isEmpty { conditions.append("!(\(NameExpression.matches(region, deny)))") }
                        if let allow { conditions.append(NameExpression.matches(region, allow)) }
                        var passes = conditions.isEmpty ? "true" : conditions.joined(separator: " && ")
                        let global = "\(region) == 'global'"
                        passes = isGlobal ? "\(global) || \(passes)" : "!(\(global)) && (\(passes))"
                        for place in home {
                            passes += " || \(PlaceExpression(place).exists { "\(Self.region($0)) == \(region)" })"
                        }
                        return passes
                    },
                    demand: allow.map { "allowed: \($0.joined(separator: ", "))" } ?? "it is denied",
                    deniesAbsence: ifAbsent ?? (allow != nil),
                    deniesUnknown: ifUnknown ?? (allow != nil)
                )
            )
        }
    }

    private static func region(_ value: String) -> String { "string(\(value)).lowerAscii().replace(' ', '')" }

    // MARK: SKUs

    private func skus(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        for name in ["maximum", "total"] where body[name] != nil {
            throw Unsayable("\(name): sizes of machines are told by a table of some thousand names")
        }
        let allow = body["allow"]?.elements
        let deny = body["deny"]?.elements ?? []
        let isAboutMachines = body["of"]?.text.map { $0 == "Machines" }
        var groups: [(steps: [FacetPlace.Step], places: [FacetPlace])] = []
        for place in tables.places(of: kind, { facet, _ in facet == .sku }) {
            let steps = Array(place.steps.dropLast())
            if let group = groups.firstIndex(where: { $0.steps == steps }) {
                groups[group].places.append(place)
            } else {
                groups.append((steps, [place]))
            }
        }
        var lists: [String] = []
        for (steps, places) in groups {
            let isMachine = places.contains { $0.part == .name && $0.sense == .machine }
            if let isAboutMachines, isAboutMachines != isMachine { continue }
            lists.append(try sku(steps, places, allow, deny))
        }
        return lists
    }

    /// The parts of one SKU, which stand in one object.
    private func sku(
        _ steps: [FacetPlace.Step],
        _ places: [FacetPlace],
        _ allow: [TemplateLiteral]?,
        _ deny: [TemplateLiteral]
    ) throws(Unsayable) -> String {
        let order: [Facet.Part] = [.name, .tier, .family, .size]
        let parts = order.compactMap { part in places.first { $0.part == part } }
        let patterns = (allow ?? []) + deny
        let namesParts = patterns.contains { $0.members?.contains { $0.key != "name" } ?? false }
        if namesParts, ifAbsent == nil, parts.contains(where: { !$0.defaults.isEmpty }) {
            throw Unsayable("skus: the parts of what Azure takes for a missing SKU depend on each other")
        }
        guard let first = parts.first else { return "[]" }
        let shown = (allow ?? []).map { pattern in
            pattern.text
                ?? (pattern.members ?? []).map { "\($0.key)=\($0.value.text ?? "")" }.joined(separator: " ")
        }
        // The last step of a part is a member of the object in which they all stand.
        func names(_ place: FacetPlace, _ members: [String]) -> [String] {
            guard case .member(let name)? = place.steps.last else { return members }
            return members + [name]
        }
        func passes(_ base: String, _ members: [String]) -> String {
            func fits(_ pattern: TemplateLiteral) -> String {
                let wanted: [(String, String)] =
                    pattern.text.map { [("name", $0)] }
                    ?? (pattern.members ?? []).map { ($0.key, $0.value.text ?? "") }
                return wanted.map { key, glob in
                    guard let place = parts.first(where: { $0.part.rawValue == key }) else { return "false" }
                    let value = PlaceExpression.value(base, names(place, members))
                    return "\(value) != null && "
                        + NameExpression.matches("string(\(value))", [glob], ignoringCase: true)
                }.joined(separator: " && ")
            }
            func fitsAny(_ patterns: [TemplateLiteral]) -> String {
                // Names alone make one question.
                let texts = patterns.compactMap(\.text)
                if texts.count == patterns.count, let place = parts.first(where: { $0.part == .name }) {
                    let value = PlaceExpression.value(base, names(place, members))
                    return "\(value) != null && "
                        + NameExpression.matches("string(\(value))", texts, ignoringCase: true)
                }
                return patterns.isEmpty ? "false" : patterns.map { "(\(fits($0)))" }.joined(separator: " || ")
            }
            var conditions: [String] = []
            if !deny.isEmpty { conditions.append("!(\(fitsAny(deny)))") }
            if let allow { conditions.append("(\(fitsAny(allow)))") }
            return conditions.isEmpty ? "true" : conditions.joined(separator: " && ")
        }
        let test = PlaceTest(
            passes: { value in
                // What the provider takes has a name and nothing else.
                var conditions: [String] = []
                if !deny.isEmpty {
                    let names = deny.compactMap { $0.text ?? $0["name"]?.text }
                    conditions.append("!(\(NameExpression.matches("string(\(value))", names, ignoringCase: true)))")
                }
                if let allow {
                    let names = allow.compactMap { $0.text ?? $0["name"]?.text }
                    conditions.append(NameExpression.matches("string(\(value))", names, ignoringCase: true))
                }
                return conditions.isEmpty ? "true" : conditions.joined(separator: " && ")
            },
            demand: shown.isEmpty ? "it is denied" : "allowed: \(shown.joined(separator: ", "))",
            deniesAbsence: ifAbsent ?? (allow != nil),
            deniesUnknown: ifUnknown ?? (allow != nil),
            usesDefaults: ifAbsent == nil
        )
        return PlaceExpression.walk(first.steps[...], in: "o", label: "") { base, members in
            let container = Array(members.dropLast())
            // The first part that is told decides.
            var condition = "false"
            for part in parts.reversed() {
                let value = PlaceExpression.value(base, names(part, container))
                let nothing = PlaceExpression(part).nothing(test, base, names(part, container), otherwise: condition)
                condition = "\(value) == null ? (\(nothing)) : !(\(passes(base, container)))"
            }
            return PlaceExpression.Leaf(
                condition: condition,
                value: PlaceExpression.value(base, members),
                demand: test.demand,
                missing: PlaceExpression(first).missing(test, base, members)
            )
        }
    }

    // MARK: Tags

    private func tags(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        var lists: [String] = []
        for place in places(kind, .tags, .map) {
            let (names, rest) = PlaceExpression.split(place.steps[...])
            guard rest.isEmpty else { throw Unsayable("tags: a kind keeps them in a list") }
            let map = PlaceExpression.optional("o", names) + ".orValue({})"
            let label = names.joined(separator: ".")
            for member in body["required"]?.members ?? [] {
                lists += required(member.key, member.value, map, label, place)
            }
            for (name, wanted) in try NamespaceText.inherited(body["inherited"]) {
                lists += inherited(name, wanted, map, label)
            }
            let forbidden = (body["forbidden"]?.elements ?? []).compactMap(\.text)
            if !forbidden.isEmpty {
                let condition = NameExpression.matches("k", forbidden, ignoringCase: true)
                lists.append(
                    "\(map).filter(k, \(condition)).map(k, [dyn(\("\(label).".celLiteral) + k"
                        + " + ': the tag is forbidden; remove it'), dyn(\(map)[k])])"
                )
            }
        }
        return lists
    }

    /// A tag that must be what the namespace says; all its spellings must.
    private func inherited(_ name: String, _ wanted: String, _ map: String, _ label: String) -> [String] {
        let isName = "\(NameExpression.matches("k", [name], ignoringCase: true)) && \(map)[k] != null"
        let differs =
            "\(map).filter(k, \(isName) && \(map)[k] != \(wanted)).map(k, [dyn(\("\(label).".celLiteral) + k + ' is \"'"
            + " + string(\(map)[k]) + '\"; the namespace says ' + \(wanted)), dyn(\(map)[k])])"
        var conditions = "\(wanted) != '' ? \(differs) : "
        conditions +=
            ifUnknown ?? true
            ? "[[dyn(\("\(label).\(name) is not known: the namespace does not say it".celLiteral)), dyn(null)]]" : "[]"
        var lists = [conditions]
        if ifAbsent ?? true {
            let missing = "\(label).\(name) is missing; set it to what the namespace says"
            lists.append(
                "\(wanted) != '' && !\(map).exists(k, \(isName)) ? [[dyn(\(missing.celLiteral)), dyn(null)]] : []"
            )
        }
        return lists
    }

    private func required(
        _ name: String,
        _ demand: TemplateLiteral,
        _ map: String,
        _ label: String,
        _ place: FacetPlace
    ) -> [String] {
        let values = (demand["values"]?.elements ?? []).compactMap(\.text)
        let isName = NameExpression.matches("k", [name], ignoringCase: true)
        let isSet = "\(isName) && \(map)[k] != null && \(map)[k] != ''"
        var allowed = ""
        var accepts: [String] = []
        if let pattern = demand["pattern"]?.text {
            accepts.append("string(\(map)[k]).matches(\(pattern.celLiteral))")
            allowed = "a value that matches \(pattern)"
        }
        if !values.isEmpty {
            accepts.append("\(map)[k] in [\(values.map(\.celLiteral).joined(separator: ", "))]")
            allowed = "one of \(values.joined(separator: ", "))"
        }
        var lists: [String] = []
        if !accepts.isEmpty {
            lists.append(
                "\(map).filter(k, \(isSet) && !(\(accepts.joined(separator: " && "))))"
                    + ".map(k, [dyn(\("\(label).".celLiteral) + k + ' is \"' + string(\(map)[k])"
                    + " + '\"'\(" + " + "; set it to \(allowed)".celLiteral)), dyn(\(map)[k])])"
            )
        }
        if ifAbsent ?? true {
            let isThere = "\(map).exists(k, \(isSet))"
            let mend = "\(label).\(name) is missing; add the tag \(name)" + (allowed.isEmpty ? "" : " with \(allowed)")
            let missing = "\(isThere) ? [] : [[dyn(\(mend.celLiteral)), dyn(null)]]"
            let names = PlaceExpression.split(place.steps[...]).names
            lists.append(
                place.absence == .never
                    ? "\(PlaceExpression.value("o", names)) == null ? [] : (\(missing))" : missing
            )
        }
        return lists
    }
}

extension Facet.Sense {
    private static let openWords = [
        "allallowed", "allow", "alwayson", "automatic", "blob", "container", "enabled", "external", "locked", "on",
        "public", "true", "unlocked", "yes",
    ]
    private static let closedWords = [
        "deny", "disabled", "false", "ftpsonly", "internal", "no", "none", "nozones", "off", "private",
    ]

    /// Whether messages can show values.
    var isScalar: Bool {
        switch self {
        case .opens, .closes, .modes, .several, .holder: false
        default: true
        }
    }

    /// Whether a value leaves something closed.
    func isClosed(_ value: String) -> String {
        switch self {
        case .open, .openInSmallLetters, .trueOpens: Self.isWord(value, Self.closedWords)
        case .closed, .closedInSmallLetters, .trueCloses: Self.isWord(value, Self.openWords)
        case .opens: "false"
        case .closes: "size(\(value)) > 0"
        case .modes: "size(\(value)) > 0 && \(value).all(m, string(m).lowerAscii() != 'sharedkey')"
        case .several: "\(value).exists(z, z != \(value)[0])"
        default: words.map { "string(\(value)).matches('(?i)\($0)')" } ?? "false"
        }
    }

    /// Whether a value leaves something open.
    func isOpen(_ value: String) -> String {
        switch self {
        case .open, .openInSmallLetters, .trueOpens: Self.isWord(value, Self.openWords)
        case .closed, .closedInSmallLetters, .trueCloses: Self.isWord(value, Self.closedWords)
        case .opens: "true"
        default: isClosed(value) == "false" ? "false" : "!(\(isClosed(value)))"
        }
    }

    private static func isWord(_ value: String, _ words: [String]) -> String {
        "string(\(value)).lowerAscii() in [\(words.map(\.celLiteral).joined(separator: ", "))]"
    }

    /// What closes something by standing anywhere in a word, as a pattern.
    private var words: String? {
        switch self {
        case .customerKey: "customer|keyvault"
        case .doubleKey: "platformandcustomer"
        case .internal: "internal"
        case .zoneRedundant: "zoneredundant"
        case .zoneRedundantStorage: "zrs"
        case .geoRedundant: "geo"
        case .geoRedundantStorage: "grs|gzrs"
        default: nil
        }
    }
}

extension FacetPlace {
    /// What to write to close something, or to open it.
    fileprivate func word(isOpen: Bool) -> String? {
        switch sense {
        case .trueOpens: isOpen ? "true" : "false"
        case .trueCloses: isOpen ? "false" : "true"
        case .closed: isOpen ? "Disabled" : "Enabled"
        case .openInSmallLetters: isOpen ? "enabled" : "disabled"
        case .closedInSmallLetters: isOpen ? "disabled" : "enabled"
        case .modes: "a list without SharedKey, such as [AAD]"
        case .several: "2 or more zones"
        case .zoneRedundant: "ZoneRedundant"
        case .zoneRedundantStorage: "a SKU with ZRS"
        case .geoRedundantStorage: isOpen ? "a SKU without GRS and GZRS" : "a SKU with GRS or GZRS"
        case .opens: "removed"
        default: nil
        }
    }
}
