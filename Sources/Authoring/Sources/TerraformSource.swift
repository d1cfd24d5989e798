internal import Azure
internal import JSON

/// A plan or a state as `terraform show -json` prints it.
struct TerraformSource {
    private let document: JSONDocument
    private let sources: SourceTables
    /// What resources refer to.
    private var others: TerraformReferences

    init(document: JSONDocument, sources: SourceTables) {
        self.document = document
        self.sources = sources
        others = TerraformReferences(document: document, sources: sources)
    }

    mutating func read(into collector: inout Collector) throws(SourceError) {
        try checkVersion()
        if collector.format == .terraformPlan {
            try readPlan(into: &collector)
        } else {
            try readState(into: &collector)
        }
    }

    /// Formats 1.x, of Terraform 1.0 and OpenTofu.
    private func checkVersion() throws(SourceError) {
        let mend = "print it with 'terraform show -json' of Terraform 1.0 or later"
        guard let value = document.member("format_version", of: document.root), let version = document.string(value)
        else { throw SourceError("has no format_version", mend: mend, at: document.root, in: document) }
        guard version == "1" || version.hasPrefix("1.") else {
            throw SourceError(
                "is of format \(version.prefix(16)), and only 1.x is understood",
                mend: mend,
                at: value,
                in: document
            )
        }
    }

    private func text(_ name: StaticString, of value: JSONValue) -> String? {
        document.member(name, of: value).flatMap { document.string($0) }
    }

    // MARK: Plans

    private mutating func readPlan(into collector: inout Collector) throws(SourceError) {
        if let errored = document.member("errored", of: document.root), errored.bool == true {
            throw SourceError(
                "is a plan that failed and is not complete",
                mend: "mend what 'terraform plan' complains of",
                at: errored,
                in: document
            )
        }
        guard let changes = document.member("resource_changes", of: document.root) else {
            guard document.member("planned_values", of: document.root) != nil else {
                throw SourceError(
                    "has no resource_changes",
                    mend: "give the whole of what 'terraform show -json' prints",
                    at: document.root,
                    in: document
                )
            }
            // A plan of nothing.
            return
        }
        guard changes.isArray else {
            throw SourceError(
                "has resource_changes that are no list",
                mend: "give what Terraform printed",
                at: changes,
                in: document
            )
        }
        if let configuration = document.member("configuration", of: document.root),
            let root = document.member("root_module", of: configuration)
        {
            try noteConfiguration(of: root, "", depth: 0)
            others.note(
                providers: document.member("provider_config", of: configuration),
                variables: document.member("variables", of: document.root)
            )
        }
        for entry in document.elements(of: changes) {
            guard let change = document.member("change", of: entry) else { continue }
            let after = document.member("after", of: change).flatMap { $0.isObject ? $0 : nil }
            let isGoing = after == nil
            guard let values = after ?? document.member("before", of: change) else { continue }
            others.note(entry, values, isGoing ? nil : document.member("after_unknown", of: change))
        }
        if let state = document.member("prior_state", of: document.root).flatMap({ document.member("values", of: $0) }),
            let root = document.member("root_module", of: state)
        {
            // What is only read is nowhere else.
            var resources: [JSONValue] = []
            try gather(root, depth: 0, &resources)
            for entry in resources where text("mode", of: entry) == "data" {
                if let values = document.member("values", of: entry) { others.note(entry, values, nil) }
            }
        }
        for entry in document.elements(of: changes) { try readChange(entry, into: &collector) }
        guard let deferred = document.member("deferred_changes", of: document.root) else { return }
        for entry in document.elements(of: deferred) {
            let address = document.member("resource_change", of: entry).flatMap { text("address", of: $0) }
            try collector.passOver(
                address ?? "a resource",
                "Terraform defers it to another plan",
                isUnseen: true,
                at: entry
            )
        }
    }

    private mutating func noteConfiguration(of module: JSONValue, _ prefix: String, depth: Int) throws(SourceError) {
        guard depth < Self.maximumModules else { throw tooDeep(module) }
        if let resources = document.member("resources", of: module) {
            for entry in document.elements(of: resources) {
                if let address = text("address", of: entry) {
                    others.note(configured: entry, at: prefix + address, prefix)
                }
            }
        }
        guard let calls = document.member("module_calls", of: module) else { return }
        for (key, call) in document.members(of: calls) {
            guard let inner = document.member("module", of: call), let name = document.string(key) else { continue }
            try noteConfiguration(of: inner, "\(prefix)module.\(name).", depth: depth + 1)
        }
    }

    /// The deepest that modules may be in each other.
    private static let maximumModules = 64

    private func tooDeep(_ module: JSONValue) -> SourceError {
        SourceError(
            "has modules in modules, \(Self.maximumModules) deep",
            mend: "flatten them",
            at: module,
            in: document
        )
    }

    private func fault(_ message: String, at value: JSONValue) -> SourceError {
        SourceError(message, mend: "give what Terraform printed", at: value, in: document)
    }

    /// The type of a resource; nil if it is only read.
    private func typeName(of entry: JSONValue) throws(SourceError) -> String? {
        guard entry.isObject else { throw fault("has a resource that is no object", at: entry) }
        guard text("mode", of: entry) != "data" else { return nil }
        guard let name = text("type", of: entry) else {
            throw fault("\(text("address", of: entry) ?? "a resource") has no type", at: entry)
        }
        return name
    }

    /// What is done to a resource: at least one action.
    private func actions(of change: JSONValue, _ address: String) throws(SourceError) -> Set<String> {
        guard let list = document.member("actions", of: change) else {
            throw fault("\(address) has no actions", at: change)
        }
        guard list.isArray else { throw fault("\(address) has actions that are no list", at: list) }
        var actions: Set<String> = []
        for element in document.elements(of: list) {
            guard let action = document.string(element) else {
                throw fault("\(address) has an action that is no text", at: element)
            }
            actions.insert(action)
        }
        guard !actions.isEmpty else { throw fault("\(address) has an empty list of actions", at: list) }
        return actions
    }

    /// The values of a resource before or after what is done to it.
    private func values(
        _ name: StaticString,
        of change: JSONValue,
        _ address: String
    ) throws(SourceError) -> JSONValue {
        let values = document.member(name, of: change)
        guard let values, values.isObject else {
            throw fault("\(address) has no object in '\(name)', which its actions need", at: values ?? change)
        }
        return values
    }

    private func readChange(_ entry: JSONValue, into collector: inout Collector) throws(SourceError) {
        guard let name = try typeName(of: entry) else { return }
        let address = text("address", of: entry) ?? "a resource"
        guard let change = document.member("change", of: entry), change.isObject else {
            throw fault("\(address) has no change", at: entry)
        }
        let actions = try actions(of: change, address)
        // Nothing is unseen of what stays as it is.
        switch actions {
        case ["no-op"], ["read"], ["no-op", "read"]:
            return try collector.passOver(address, "nothing is changed", at: entry)
        case ["forget"]:
            return try collector.passOver(address, "Terraform forgets it and leaves it in Azure", at: entry)
        default: break
        }
        guard let type = try known(name, address, entry, into: &collector) else { return }
        let resource = Resource(name: address, type: type, entry: entry)
        func before() throws(SourceError) -> Values {
            (try values("before", of: change, address), nil, document.member("before_sensitive", of: change))
        }
        func after() throws(SourceError) -> Values {
            (
                try values("after", of: change, address), document.member("after_unknown", of: change),
                document.member("after_sensitive", of: change)
            )
        }
        switch actions {
        case ["create"], ["create", "forget"]:
            // Another may come for one that stays in Azure.
            try add(resource, try after(), nil, into: &collector)
        case ["update"]:
            try add(resource, try after(), try before(), into: &collector)
        case ["delete"]:
            try add(resource, nil, try before(), into: &collector)
        case ["create", "delete"]:
            // A resource that is replaced goes, and another comes.
            try add(resource, nil, try before(), into: &collector)
            try add(resource, try after(), nil, into: &collector)
        default:
            throw SourceError(
                "\(address) has the actions \(actions.sorted()), which are not understood",
                mend: "judge it by hand",
                at: change,
                in: document
            )
        }
    }

    /// The type of a resource; nil, and noted, if it is none that can be judged.
    private func known(
        _ name: String,
        _ address: String,
        _ entry: JSONValue,
        into collector: inout Collector
    ) throws(SourceError) -> AttributeType? {
        guard name.hasPrefix("azurerm_") || name.hasPrefix("azapi_") else {
            try collector.passOver(address, "is none of Azure Resource Manager's", at: entry)
            return nil
        }
        guard let type = sources.terraformTypes[name] else {
            try collector.passOver(address, "the tables do not know \(name)", isUnseen: true, at: entry)
            return nil
        }
        return type
    }

    // MARK: States

    private mutating func readState(into collector: inout Collector) throws(SourceError) {
        guard let values = document.member("values", of: document.root), values.isObject else { return }
        guard let root = document.member("root_module", of: values) else { return }
        var resources: [JSONValue] = []
        try gather(root, depth: 0, &resources)
        for entry in resources {
            if let values = document.member("values", of: entry) { others.note(entry, values, nil) }
        }
        for entry in resources {
            let address = text("address", of: entry) ?? "a resource"
            guard let name = try typeName(of: entry) else { continue }
            guard let type = try known(name, address, entry, into: &collector) else { continue }
            guard let values = document.member("values", of: entry), values.isObject else {
                throw SourceError(
                    "\(address) has no values",
                    mend: "give what Terraform printed",
                    at: entry,
                    in: document
                )
            }
            let sensitive = document.member("sensitive_values", of: entry)
            let resource = Resource(name: address, type: type, entry: entry)
            try add(resource, (values, nil, sensitive), nil, into: &collector)
        }
    }

    private func gather(_ module: JSONValue, depth: Int, _ resources: inout [JSONValue]) throws(SourceError) {
        guard depth < Self.maximumModules else { throw tooDeep(module) }
        if let list = document.member("resources", of: module) {
            guard list.isArray else { throw fault("has resources that are no list", at: list) }
            resources += document.elements(of: list)
        }
        guard let children = document.member("child_modules", of: module) else { return }
        for child in document.elements(of: children) { try gather(child, depth: depth + 1, &resources) }
    }

    // MARK: Resources

    private struct Resource {
        let name: String
        let type: AttributeType
        let entry: JSONValue
    }

    private typealias Values = (values: JSONValue, unknown: JSONValue?, sensitive: JSONValue?)

    /// Adds a resource that is made, changed or, if only the old values are there, deleted.
    private func add(_ resource: Resource, _ new: Values?, _ old: Values?, into collector: inout Collector)
        throws(SourceError)
    {
        guard let kind = collector.tables.kind(group: resource.type.group, kind: resource.type.kind) else {
            return try collector.passOver(
                resource.name,
                "the tables do not know \(resource.type.group)/\(resource.type.kind)",
                isUnseen: true,
                at: resource.entry
            )
        }
        // Failures are told of what comes, if anything does.
        var told: [Origin.Other] = []
        func object(_ values: Values, isOld: Bool) -> Collector.Object {
            let spec = translation(values, resource.type.rows, resource).spec()
            let address = isOld ? nil : resource.name
            var owners: [Origin.Other] = []
            if let attribute = others.completeOwner(of: spec, kind, resource.type.rows, address, collector.tables) {
                owners.append(
                    Origin.Other(
                        field: [.member("spec"), .member("owner"), .member("resourceGroupName")],
                        name: attribute,
                        value: document.member(attribute, of: values.values) ?? values.values,
                        phrase: "the resource group of \(attribute)",
                        mendOfUnknown: "name it by its ID, or have it in the same plan"
                    )
                )
            }
            if kind.scope != .tenant, kind.scope != .extension, spec["owner"]?["armId"] == nil,
                let (subscription, place, name) = others.subscription(of: values.values, resource.name)
            {
                spec.set(subscription, at: [.member("owner"), .member("subscriptionId")])
                owners.append(
                    Origin.Other(
                        field: [.member("spec"), .member("owner"), .member("subscriptionId")],
                        name: name,
                        value: place,
                        mendOfUnknown: "write the subscription itself"
                    )
                )
            }
            if !isOld || new == nil { told = owners }
            // Names that Azure fixes are no field.
            if kind.azureName != .spec, case .object(let members) = spec.content {
                spec.content = .object(members.filter { $0.name != "azureName" })
            }
            return Collector.Object(spec: spec)
        }
        let change: Collector.Change
        switch (new, old) {
        case (let new?, let old?): change = .update(object(new, isOld: false), from: object(old, isOld: true))
        case (let new?, nil): change = .create(object(new, isOld: false))
        case (nil, let old?): change = .delete(object(old, isOld: true))
        case (nil, nil): return
        }
        guard let values = new?.values ?? old?.values else { return }
        let origin = Origin(
            source: JSONFragment(document, values),
            prefix: "",
            mapping: .attributes(resource.type.rows, .snake),
            others: told
        )
        try collector.add(resource.name, type: resource.type.name, kind: kind, change, origin)
        if let new { try addNested(in: new, resource, into: &collector) }
    }

    /// Adds the resources that a block holds: the rules of a network security group.
    private func addNested(in values: Values, _ resource: Resource, into collector: inout Collector) throws(SourceError)
    {
        for row in resource.type.rows {
            guard case .nested(let name) = row.conversion, case .member(let block)? = row.path.steps.first,
                let type = sources.terraformTypes["azurerm_" + name]
            else { continue }
            let list = document.member(block, of: values.values)
            let unknown = values.unknown.flatMap { document.member(block, of: $0) }
            if unknown?.bool == true {
                try collector.passOver(
                    "\(resource.name): \(block)",
                    "\(AttributeTranslation.afterApply)",
                    isUnseen: true,
                    at: values.values
                )
            }
            guard let list, list.isArray else { continue }
            for (index, element) in document.elements(of: list).enumerated() where element.isObject {
                let inner = Resource(name: "\(resource.name): \(block)[\(index)]", type: type, entry: element)
                let place: Values = (
                    element, unknown.flatMap { document.element(index, of: $0) },
                    values.sensitive.flatMap { document.member(block, of: $0) }
                        .flatMap { document.element(index, of: $0) }
                )
                try add(inner, place, nil, into: &collector)
            }
        }
    }

    private func translation(_ values: Values, _ rows: [AttributeRow], _ resource: Resource) -> AttributeTranslation {
        AttributeTranslation(
            rows: rows,
            names: .snake,
            document: document,
            values: [values.values],
            unknown: values.unknown,
            sensitive: values.sensitive,
            location: { others.location(ofID: $0, of: resource.name, resource.type.rows) },
            isUnset: { others.isUnset($0, of: resource.name) }
        )
    }
}
