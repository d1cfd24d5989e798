internal import Azure
internal import JSON
internal import Kubernetes

/// A managed resource of Crossplane's Azure providers: azurerm's attributes in `spec.forProvider`.
struct CrossplaneSource {
    let document: JSONDocument
    let sources: SourceTables

    /// The members of `spec` that name a Secret, the second of Crossplane 1.x, and what they are called in `operatorSpec`.
    private static let secrets = [
        ("writeConnectionSecretToRef", "connection"), ("publishConnectionDetailsTo", "publishedConnection"),
    ]

    func read(into collector: inout Collector) throws(SourceError) {
        let root = document.root
        func text(_ name: StaticString, of value: JSONValue?) -> String? {
            value.flatMap { document.member(name, of: $0) }.flatMap { document.string($0) }
        }
        let metadata = document.member("metadata", of: root)
        let name = text("name", of: metadata) ?? text("generateName", of: metadata) ?? ""
        guard !name.isEmpty else {
            throw SourceError("has no name", mend: "write metadata.name", at: root, in: document)
        }
        guard
            let gvk = GroupVersionKind(
                apiVersion: text("apiVersion", of: root) ?? "",
                kind: text("kind", of: root) ?? ""
            )
        else { return }
        let label = "\(gvk.group)/\(gvk.kind)"
        guard let type = sources.crossplaneType(group: gvk.group, kind: gvk.kind),
            let kind = collector.tables.kind(group: type.group, kind: type.kind)
        else {
            try collector.passOver(
                "\(label) \(name)",
                "the tables do not know \(label)",
                isUnseen: true,
                at: root
            )
            return
        }
        guard let spec = document.member("spec", of: root),
            let provider = document.member("forProvider", of: spec), provider.isObject
        else {
            throw SourceError("\(label) \(name) has no spec.forProvider", mend: "write it", at: root, in: document)
        }
        if let policies = document.member("managementPolicies", of: spec), policies.isArray,
            !document.elements(of: policies).contains(where: { value in
                ["*", "Create", "Update"].contains { document.equals(value, $0) }
            })
        {
            try collector.passOver("\(label) \(name)", "Crossplane only observes it", at: policies)
            return
        }
        let initial = document.member("initProvider", of: spec).flatMap { $0.isObject ? $0 : nil }
        let translation = AttributeTranslation(
            rows: type.rows,
            names: .camel,
            document: document,
            values: [provider] + [initial].compactMap(\.self)
        )
        let made = translation.spec()
        let annotations = metadata.flatMap { document.member("annotations", of: $0) }
        if kind.azureName == .spec {
            let external = text("crossplane.io/external-name", of: annotations)
            made.set(Draft(.string(external ?? name)), at: [.member("azureName")])
        }
        var others: [Origin.Other] = []
        // The tool's Secrets are judged as those that Azure Service Operator writes.
        for (name, output) in Self.secrets {
            guard let reference = document.member(name, of: spec), !reference.isNull else { continue }
            let place: [SourcePath.Step] = [.member("operatorSpec"), .member("secrets"), .member(output)]
            made.set(Draft(reference, in: document), at: place[...])
            others.append(
                Origin.Other(
                    field: [.member("spec")] + place,
                    name: "spec.\(name)",
                    value: reference,
                    hasMembers: true
                )
            )
        }
        if kind.scope == .child, let owner = made["owner"], owner["armId"] == nil, owner["resourceGroupName"] == nil {
            // The manifest of what it names may be anywhere.
            let reason = "Crossplane names that without it"
            owner.set(Draft(.unknown(because: reason)), at: [.member("resourceGroupName")])
            others.append(
                Origin.Other(
                    field: [.member("spec"), .member("owner"), .member("resourceGroupName")],
                    name: "spec.forProvider",
                    value: provider,
                    phrase: "the resource group of what it belongs to",
                    mendOfUnknown: "name what it belongs to by its ID"
                )
            )
        }
        var object = Collector.Object(spec: made, name: name)
        for key in ["namespace", "labels", "annotations"] {
            guard let value = metadata.flatMap({ document.member(key, of: $0) }), !value.isNull else { continue }
            object.metadata.append((key, Draft(value, in: document)))
        }
        let source = JSONFragment(document, provider)
        let origin = Origin(
            source: source,
            prefix: "spec.forProvider.",
            mapping: .attributes(type.rows, .camel),
            others: others
        )
        try collector.add("\(label) \(name)", type: label, kind: kind, .create(object), origin)
    }
}
