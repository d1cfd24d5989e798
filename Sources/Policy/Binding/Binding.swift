internal import Azure
internal import JSON

/// Who the namespaces of an AzureBinding may be in Azure, and where they may write.
///
/// What it does not list is not allowed.
final class Binding: Sendable {
    let name: String
    let tenant: String?
    let subscriptions: [String]
    let resourceGroups: [NamePattern]
    let sharedResources: [ResourceIDPattern]
    /// The names of Secrets that `credential-from` may name.
    let credentials: [Glob]
    let globalFallback: Verdict
    /// The client IDs that a credential may name.
    let identities: [String]
    let userAssignedIdentities: [ResourceIDPattern]
    let fromConfig: FromConfig
    let reconcilePolicies: [ReconcilePolicy]
    /// The names of Secrets that resources may write to.
    let secretDestinations: [Glob]
    /// The names of ConfigMaps that resources may write to.
    let configMapDestinations: [Glob]
    let reach: BindingReach

    /// What becomes of a guarded field whose value a ConfigMap will tell.
    enum FromConfig: Sendable {
        case deny
        /// Whatever the ConfigMap.
        case allow
        /// The reconciler judges the value when it is known.
        case `defer`
        /// From ConfigMaps of these names.
        case from([Glob])
    }

    /// The values of the annotation `reconcile-policy`, as Azure Service Operator spells them.
    enum ReconcilePolicy: String, CaseIterable, Sendable {
        case manage
        case skip
        case detachOnDelete = "detach-on-delete"
    }

    /// Reads the fields of a spec; what is wrong goes to their log.
    fileprivate init(name: String, _ fields: Fields) {
        self.name = name
        tenant = fields["tenant"]?.guid()
        subscriptions = fields["subscriptions"]?.guids() ?? []
        resourceGroups = fields["resourceGroups"]?.resourceGroupPatterns() ?? []
        sharedResources = fields["sharedResources"]?.resourceIDPatterns() ?? []
        let credentials = fields["credentials"].flatMap { $0.fields(["allow", "globalFallback"]) }
        self.credentials = credentials?["allow"]?.names(of: "Secret") ?? []
        globalFallback = credentials?["globalFallback"]?.keyword(Verdict.self) ?? .allow
        identities = fields["identities"]?.guids() ?? []
        userAssignedIdentities = fields["userAssignedIdentities"]?.identityPatterns() ?? []
        fromConfig = fields["fromConfig"]?.fromConfig() ?? .deny
        // What only lets go of a resource when its object goes leaves it in Azure, unseen and paid for.
        reconcilePolicies =
            fields["reconcilePolicies"]?.elements().compactMap { $0.keyword(ReconcilePolicy.self) } ?? [.manage, .skip]
        secretDestinations = fields["secretDestinations"]?.names(of: "Secret") ?? []
        configMapDestinations = fields["configMapDestinations"]?.names(of: "ConfigMap") ?? []
        reach = BindingReach(fields)
    }
}

/// An AzureBinding as the folder says it.
struct AzureBindingDocument: Sendable {
    /// The document's place, for the fault that only shows beside other bindings.
    let place: PolicyIssue
    let entry: BindingIndex.Entry
    let binding: Binding

    private static let fields =
        [
            "namespaces", "excludedNamespaces", "namespaceSelector", "tenant", "subscriptions", "resourceGroups",
            "sharedResources", "credentials", "identities", "userAssignedIdentities", "fromConfig", "reconcilePolicies",
            "secretDestinations", "configMapDestinations",
        ] + BindingReach.fields
    /// Fields of the design that nothing enforces yet: silence about them would be a hole that looks like a wall.
    private static let reserved = ["match"]

    /// Reads `spec`; what is wrong goes to the node's log.
    init?(name: String, node: Node, spec: Node?) {
        guard let spec, let fields = spec.fields(Self.fields, reserved: Self.reserved) else { return nil }
        if name == BindingCheck.unboundName {
            node.error("is called as failures without a binding are", mend: "choose another metadata.name")
        }
        place = node.issue(
            .error,
            .sharedNamespace,
            "shares a namespace",
            mend: "leave a namespace to one binding; bindings do not add up"
        )
        let selector = fields["namespaceSelector"]
        if selector == nil {
            _ = fields.required("namespaces", "list the namespaces that it binds; globs are allowed")
        }
        entry = BindingIndex.Entry(
            namespaces: PatternIndex.Entry(
                // A selector alone may select any.
                included: fields["namespaces"]?.globs() ?? (selector == nil ? [] : nil),
                excluded: fields["excludedNamespaces"]?.globs() ?? []
            ),
            selector: selector?.labelSelector()
        )
        if fields["resourceGroups"] != nil, fields["subscriptions"] == nil {
            spec.error("lists resourceGroups, but no subscriptions that they are in", mend: "add subscriptions")
        }
        binding = Binding(name: name, fields)
    }
}

extension Node {
    func guid() -> String? {
        guard let text = string() else { return nil }
        guard ResourceID.isGUID(text) else {
            error("is \"\(text.prefix(80))\"", mend: "write a GUID such as 11111111-1111-1111-1111-111111111111")
            return nil
        }
        return text.lowercased()
    }

    fileprivate func guids() -> [String] {
        elements().compactMap { $0.guid() }
    }

    fileprivate func fromConfig() -> Binding.FromConfig? {
        enum Word: String, CaseIterable {
            case deny = "Deny"
            case allow = "Allow"
            case `defer` = "Defer"
        }
        guard !value.isObject else {
            guard let fields = fields(["allow"]) else { return nil }
            return .from(
                fields.required("allow", "list names of ConfigMaps; * is allowed")?.names(of: "ConfigMap") ?? []
            )
        }
        return switch keyword(Word.self) {
        case .deny: .deny
        case .allow: .allow
        case .defer: .defer
        case nil: nil
        }
    }

    /// Names of objects in the resource's own namespace, with `*`.
    fileprivate func names(of kind: String) -> [Glob] {
        elements().compactMap { element in
            guard let text = element.string() else { return nil }
            guard !text.contains("/") else {
                element.error(
                    "names a namespace",
                    mend: "write the \(kind)'s name alone; it is always in the resource's namespace"
                )
                return nil
            }
            return Glob(text)
        }
    }

    fileprivate func resourceGroupPatterns() -> [NamePattern] {
        elements().compactMap { element in
            guard let text = element.string() else { return nil }
            guard !text.contains("/") else {
                element.error(
                    "is \"\(text.prefix(80))\", and no resource group has a '/' in its name",
                    mend: "write the group's name alone; its subscription is one of spec.subscriptions"
                )
                return nil
            }
            return NamePattern(text)
        }
    }

    func resourceIDPatterns() -> [ResourceIDPattern] {
        elements().compactMap { element -> ResourceIDPattern? in
            guard let text = element.string() else { return nil }
            do throws(ResourceIDError) {
                let pattern = try ResourceIDPattern(parsing: text)
                if pattern.fitsEverySubscription {
                    element.warning(
                        .wideGrant,
                        "fits every resource of every subscription",
                        mend: "name the subscription, and the resource groups that are meant"
                    )
                }
                return pattern
            } catch {
                element.error(error.description, mend: "write a resource ID; * may stand for names, and /** at its end")
                return nil
            }
        }
    }

    fileprivate func identityPatterns() -> [ResourceIDPattern] {
        for element in elements() {
            guard let text = element.string() else { continue }
            guard !text.lowercased().contains("/microsoft.managedidentity/userassignedidentities/") else { continue }
            element.error(
                "is not the ID of a user-assigned identity",
                mend:
                    "write …/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>; * may stand for the name"
            )
        }
        return resourceIDPatterns()
    }
}
