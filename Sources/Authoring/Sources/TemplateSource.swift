internal import Azure
internal import JSON

/// An ARM template: its parameters' defaults or values, its variables and the common functions are evaluated.
struct TemplateSource {
    private let document: JSONDocument
    private let translations: BodyTranslations
    private let deployment: TemplateDeployment
    private let kinds: KindsByType
    private let budget = TemplateScope.Budget()

    /// The deepest that templates may be in each other.
    private static let maximumDepth = 16

    init(document: JSONDocument, sources: SourceTables, deployment: TemplateDeployment, tables: AzureTables) {
        self.document = document
        translations = BodyTranslations(sources)
        self.deployment = deployment
        kinds = KindsByType(tables)
    }

    func read(into collector: inout Collector) throws(SourceError) {
        var given: [String: Draft] = [:]
        if let fragment = deployment.parameters {
            let file = fragment.document
            let values = try CaselessObject(fragment.value, in: file)["parameters"] ?? fragment.value
            // Two of one name would be an error of Azure's.
            _ = try CaselessObject(values, in: file)
            for (key, entry) in file.members(of: values) {
                let name = file.string(key)?.lowercased() ?? ""
                let entry = try CaselessObject(entry, in: file)
                if let value = entry["value"] {
                    given[name] = Draft(value, in: file)
                } else if entry["reference"] != nil {
                    given[name] = Draft(.unknown(because: "the parameter \(name) is a secret of a key vault"))
                }
            }
        }
        let root = try object(document.root)
        let schema = root["$schema"].flatMap { document.string($0) } ?? ""
        let target = DeploymentTarget(deployment, schema: schema)
        try read(document.root, given: given, target, depth: 0, into: &collector)
    }

    /// What resources are read in.
    private struct Surroundings {
        /// What their expressions mean.
        let scope: TemplateScope
        /// Where they go: not always where the expressions' template does.
        let target: DeploymentTarget
        let depth: Int
        /// Whether they have names of Bicep's, by which alone one may be there already.
        var isSymbolic = false
    }

    private func read(
        _ template: JSONValue,
        given: [String: Draft],
        _ target: DeploymentTarget,
        depth: Int,
        into collector: inout Collector
    ) throws(SourceError) {
        guard depth < Self.maximumDepth else {
            throw SourceError(
                "has templates in templates, \(Self.maximumDepth) deep",
                mend: "flatten them",
                at: template,
                in: document
            )
        }
        let object = try object(template)
        let scope = TemplateScope(object, in: document, given: given, target: target, budget: budget)
        guard let resources = object["resources"] else {
            throw SourceError("is a template without resources", mend: "add resources", at: template, in: document)
        }
        if depth == 0, TemplateSize(document).leastCount(of: resources) > ResourceSource.maximumResources {
            throw collector.tooMany(at: resources)
        }
        try readAll(resources, nil, Surroundings(scope: scope, target: target, depth: depth), into: &collector)
    }

    /// What children that stand in a resource belong to.
    private struct Parent {
        let type: String
        let name: Draft
        let loops: TemplateScope.Loops
    }

    private func readAll(
        _ resources: JSONValue,
        _ parent: Parent?,
        _ around: Surroundings,
        into collector: inout Collector
    ) throws(SourceError) {
        guard resources.isObject || resources.isArray else {
            throw SourceError("has resources that are no list", mend: "write them out", at: resources, in: document)
        }
        var around = around
        around.isSymbolic = resources.isObject
        let entries =
            resources.isObject
            ? document.members(of: resources).map(\.value) : Array(document.elements(of: resources))
        for entry in entries {
            try read(try object(entry), parent, around, into: &collector)
        }
    }

    /// Reads a resource, as often as its loop runs.
    private func read(
        _ entry: CaselessObject,
        _ parent: Parent?,
        _ around: Surroundings,
        into collector: inout Collector
    ) throws(SourceError) {
        guard let copy = entry["copy"], copy.isObject else {
            return try read(entry, parent, parent?.loops ?? [:], around, into: &collector)
        }
        let outer = parent?.loops ?? [:]
        let count = try located(entry.value) { () throws(TemplateFault) in try around.scope.count(of: copy, outer) }
        let name =
            try object(copy)["name"].flatMap { document.string($0) }?.lowercased() ?? ""
        guard let count else {
            // Once, for whatever it may be.
            var loops = outer
            let index = Draft(.unknown(because: "how often its loop runs is not known"))
            loops[name] = index
            loops[""] = index
            return try read(entry, parent, loops, around, into: &collector)
        }
        for index in 0..<count {
            var loops = outer
            loops[name] = TemplateFunctions.number(index)
            loops[""] = TemplateFunctions.number(index)
            try read(entry, parent, loops, around, into: &collector)
        }
    }

    private func read(
        _ entry: CaselessObject,
        _ parent: Parent?,
        _ loops: TemplateScope.Loops,
        _ around: Surroundings,
        into collector: inout Collector
    ) throws(SourceError) {
        func value(_ name: String) throws(SourceError) -> Draft { try self.value(name, of: entry, loops, around) }
        let isExisting = around.isSymbolic && entry["existing"]?.bool ?? false
        guard let ownType = try value("type").text else {
            throw SourceError("has a resource without type", mend: "write its type", at: entry.value, in: document)
        }
        var type = parent.map { "\($0.type)/\(ownType)" } ?? ownType
        // Bicep's own spelling, of extensible resources.
        if let mark = type.firstIndex(of: "@") { type = String(type[..<mark]) }
        let ownName = try value("name")
        let name =
            parent.map { TemplateFunctions.call("concat", [$0.name, Draft(.string("/")), ownName]) ?? ownName }
            ?? ownName
        let label = "\(type) \(name.text ?? Self.source(of: entry, in: document))"
        // A child has the names of all that it stands in.
        try located(entry.value) { () throws(TemplateFault) in try around.scope.budget.spend(onText: label) }
        // What stands in it is deployed all the same.
        if isExisting {
            try collector.passOver(label, "it is there already", at: entry.value)
        } else if case .bool(false) = try value("condition").content {
            try collector.passOver(label, "its condition is false", at: entry.value)
        } else if type.lowercased() == "microsoft.resources/deployments" {
            try readNested(entry, label, loops, around, into: &collector)
        } else if let kind = kinds[type] {
            try add(entry, label, type, name, kind, loops, around, into: &collector)
        } else {
            try collector.passOver(label, "the tables do not know \(type)", isUnseen: true, at: entry.value)
        }
        guard let children = entry["resources"], !children.isNull else { return }
        guard type.split(separator: "/").count < 16 else {
            throw SourceError("has resources in resources, 16 deep", mend: "flatten them", at: children, in: document)
        }
        try readAll(children, Parent(type: type, name: name, loops: loops), around, into: &collector)
    }

    /// A member with its expressions evaluated; null if there is none.
    private func value(
        _ name: String,
        of entry: CaselessObject,
        _ loops: TemplateScope.Loops,
        _ around: Surroundings
    ) throws(SourceError) -> Draft {
        guard let value = entry[name] else { return Draft(.null) }
        return try located(value) { () throws(TemplateFault) in try around.scope.value(value, loops) }
    }

    private func add(
        _ entry: CaselessObject,
        _ label: String,
        _ type: String,
        _ name: Draft,
        _ kind: AzureKind,
        _ loops: TemplateScope.Loops,
        _ around: Surroundings,
        into collector: inout Collector
    ) throws(SourceError) {
        var members: [(name: String, value: Draft)] = []
        for (key, value) in document.members(of: entry.value) {
            let key = document.string(key) ?? ""
            guard !BodyTranslation.envelope.contains(key.lowercased()) else { continue }
            members.append(
                (key, try located(value) { () throws(TemplateFault) in try around.scope.value(value, loops) })
            )
        }
        let translation = translations[kind]
        let spec = translation.spec(of: Draft(.object(members)))
        let last = name.text.map { String($0.split(separator: "/").last ?? "") }
        if kind.azureName == .spec { spec.set(last.map { Draft(.string($0)) } ?? name, at: [.member("azureName")]) }
        var others: [Origin.Other] = []
        let scope = try told("scope", of: entry, loops, around)
        let target = try target(of: entry, scope: kind.scope == .extension ? nil : scope, loops, around)
        if kind.scope == .extension {
            spec.set(target.owner(ofExtension: scope?.value), at: [.member("owner")])
            others = [scope.map { other("scope", $0.place) } ?? other(of: target, entry, "resourceGroup().id")]
        } else if kind.scope == .subscription || kind.scope == .tenant {
            if kind.scope == .subscription, let owner = target.ownerInSubscription {
                spec.set(owner, at: [.member("owner")])
                others = [other(of: target, entry, "subscription().subscriptionId")]
            }
        } else {
            let owner = target.owner(ofType: type, name: name)
            spec.set(owner, at: [.member("owner")])
            let isWhole = owner["armId"] != nil
            let isChild = type.split(separator: "/").count > 2
            let word = isWhole ? isChild ? "parent" : "resourceGroup().id" : "resourceGroup()"
            others = [other(of: target, entry, word)]
            if !isWhole, target.source == nil {
                // The subscription of a child is told beside the group.
                var subscription = other(of: target, entry, "subscription().subscriptionId")
                subscription.field.append(.member("subscriptionId"))
                others.insert(subscription, at: 0)
            }
        }
        let origin = Origin(
            source: JSONFragment(document, entry.value),
            prefix: "",
            mapping: .body(translation.rows),
            others: others
        )
        let apiVersion = entry["apiversion"].flatMap { document.string($0) }
        let object = Collector.Object(spec: spec, name: last ?? "unnamed")
        let version = apiVersion.map { Self.version(of: kind, $0) }
        try collector.add(label, type: type, kind: kind, version: version, .create(object), origin)
    }

    /// The owner, as what of the file or the command line tells it.
    private func other(of target: DeploymentTarget, _ entry: CaselessObject, _ word: String) -> Origin.Other {
        if let source = target.source { return other(source.name, source.value) }
        var other = other(word, entry.value)
        if word != "parent" { other.target = word.hasPrefix("subscription") ? "a subscription" : "a resource group" }
        other.mendOfUnknown = target.mendOfUnknown(word)
        return other
    }

    private func other(_ name: String, _ value: JSONValue) -> Origin.Other {
        Origin.Other(field: [.member("spec"), .member("owner")], name: name, value: value)
    }

    /// The version of Azure Service Operator that has an API version, or the newest that is not newer: defaults depend on it.
    private static func version(of kind: AzureKind, _ apiVersion: String) -> String {
        let wanted = apiVersion.filter(\.isNumber).prefix(8)
        guard wanted.count == 8 else { return kind.newestVersion }
        var best: (date: Substring, version: String)?
        for version in kind.versions {
            let digits = version.drop { $0 != "2" }.prefix(8)
            guard digits.count == 8, digits.allSatisfy(\.isNumber), digits <= wanted else { continue }
            if let best, best.date >= digits { continue }
            best = (digits, version)
        }
        return best?.version ?? kind.newestVersion
    }

    // MARK: Templates in templates

    private func readNested(
        _ entry: CaselessObject,
        _ label: String,
        _ loops: TemplateScope.Loops,
        _ around: Surroundings,
        into collector: inout Collector
    ) throws(SourceError) {
        let properties = try entry["properties"].map { value throws(SourceError) in
            try object(value)
        }
        guard let properties, let template = properties["template"], template.isObject else {
            return try collector.passOver(label, "its template is not in this file", isUnseen: true, at: entry.value)
        }
        let target = try target(of: entry, scope: try told("scope", of: entry, loops, around), loops, around)
        let options = try properties["expressionevaluationoptions"].map { value throws(SourceError) in
            try object(value)
        }
        let isInner = options?["scope"].flatMap { document.string($0) }?.lowercased() == "inner"
        guard isInner else {
            // Its expressions are those of the template around it.
            guard around.depth + 1 < Self.maximumDepth else {
                throw SourceError(
                    "has templates in templates, \(Self.maximumDepth) deep",
                    mend: "flatten them",
                    at: template,
                    in: document
                )
            }
            guard let resources = try object(template)["resources"] else {
                return try collector.passOver(label, "its template has no resources", isUnseen: true, at: entry.value)
            }
            let inside = Surroundings(scope: around.scope, target: target, depth: around.depth + 1)
            return try readAll(resources, nil, inside, into: &collector)
        }
        var given: [String: Draft] = [:]
        if let parameters = properties["parameters"] {
            _ = try object(parameters)
            for (key, value) in document.members(of: parameters) {
                let evaluated = try located(value) { () throws(TemplateFault) in try around.scope.value(value, loops) }
                let name = document.string(key)?.lowercased() ?? ""
                given[name] =
                    evaluated.member(Draft(.string("value")))
                    ?? (evaluated.member(Draft(.string("reference"))) == nil && !evaluated.isUnknown
                        ? nil : Draft(.unknown(because: "it depends on the parameter \(name)")))
            }
        }
        try read(template, given: given, target, depth: around.depth + 1, into: &collector)
    }

    /// Where a template in another goes, or a resource that says so itself: what of it that does not say is as around it.
    private func target(
        of entry: CaselessObject,
        scope: DeploymentTarget.Told?,
        _ loops: TemplateScope.Loops,
        _ around: Surroundings
    ) throws(SourceError) -> DeploymentTarget {
        around.target.nested(
            scope: scope,
            subscription: try told("subscriptionid", of: entry, loops, around),
            group: try told("resourcegroup", of: entry, loops, around)
        )
    }

    /// A member with its place; nil if there is none, or it turns out as null.
    private func told(
        _ name: String,
        of entry: CaselessObject,
        _ loops: TemplateScope.Loops,
        _ around: Surroundings
    ) throws(SourceError) -> DeploymentTarget.Told? {
        guard let place = entry[name], !place.isNull else { return nil }
        let value = try value(name, of: entry, loops, around)
        if case .null = value.content { return nil }
        return (value, place)
    }

    // MARK: Places

    /// An object, whose members are paid for each time that they are gone through.
    private func object(_ value: JSONValue) throws(SourceError) -> CaselessObject {
        try located(value) { () throws(TemplateFault) in try budget.spend(1 + document.count(of: value)) }
        return try CaselessObject(value, in: document)
    }

    /// Runs something with the place of what it is about.
    private func located<Value>(
        _ value: JSONValue,
        _ body: () throws(TemplateFault) -> Value
    ) throws(SourceError) -> Value {
        do throws(TemplateFault) {
            return try body()
        } catch {
            throw SourceError(error.message, mend: "mend the template", at: value, in: document)
        }
    }

    /// A resource's name as it is written.
    private static func source(of entry: CaselessObject, in document: JSONDocument) -> String {
        let text = entry["name"].flatMap { document.string($0) } ?? "without name"
        return String(text.prefix(120))
    }
}
