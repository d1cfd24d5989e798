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
    let credentials: [Glob]
    let globalFallback: Verdict
    let userAssignedIdentities: [ResourceIDPattern]
    let fromConfig: Verdict
    let reach: BindingReach

    init(
        name: String,
        tenant: String?,
        subscriptions: [String],
        resourceGroups: [NamePattern],
        sharedResources: [ResourceIDPattern],
        credentials: [Glob],
        globalFallback: Verdict,
        userAssignedIdentities: [ResourceIDPattern],
        fromConfig: Verdict,
        reach: BindingReach
    ) {
        self.name = name
        self.tenant = tenant
        self.subscriptions = subscriptions
        self.resourceGroups = resourceGroups
        self.sharedResources = sharedResources
        self.credentials = credentials
        self.globalFallback = globalFallback
        self.userAssignedIdentities = userAssignedIdentities
        self.fromConfig = fromConfig
        self.reach = reach
    }
}

/// An AzureBinding as the folder says it.
struct AzureBindingDocument: Sendable {
    /// The document's place, for the fault that only shows beside other bindings.
    let place: PolicyIssue
    let entry: PatternIndex.Entry
    let binding: Binding

    private static let fields =
        [
            "namespaces", "excludedNamespaces", "tenant", "subscriptions", "resourceGroups", "sharedResources",
            "credentials",
            "userAssignedIdentities", "fromConfig",
        ] + BindingReach.fields
    /// Fields of the design that nothing enforces yet: silence about them would be a hole that looks like a wall.
    private static let reserved = [
        "namespaceSelector", "secretDestinations", "reconcilePolicies", "identities",
        "match",
    ]

    /// Reads `spec`; what is wrong goes to the node's log.
    init?(name: String, node: Node, spec: Node?) {
        guard let spec, let fields = spec.fields(Self.fields, reserved: Self.reserved) else { return nil }
        place = node.issue(
            .error,
            "shares a namespace",
            mend: "leave a namespace to one binding; bindings do not add up"
        )
        let namespaces = fields.required("namespaces", "list the namespaces that it binds; globs are allowed")
        entry = PatternIndex.Entry(
            included: namespaces?.globs() ?? [],
            excluded: fields["excludedNamespaces"]?.globs() ?? []
        )
        let credentials = fields["credentials"].flatMap { $0.fields(["allow", "globalFallback"]) }
        if fields["resourceGroups"] != nil, fields["subscriptions"] == nil {
            spec.error("lists resourceGroups, but no subscriptions that they are in", mend: "add subscriptions")
        }
        binding = Binding(
            name: name,
            tenant: fields["tenant"]?.guid(),
            subscriptions: fields["subscriptions"]?.elements().compactMap { $0.guid() } ?? [],
            resourceGroups: fields["resourceGroups"]?.namePatterns() ?? [],
            sharedResources: fields["sharedResources"]?.resourceIDPatterns() ?? [],
            credentials: credentials?["allow"]?.credentialNames() ?? [],
            globalFallback: credentials?["globalFallback"]?.keyword(Verdict.self) ?? .allow,
            userAssignedIdentities: fields["userAssignedIdentities"]?.identityPatterns() ?? [],
            fromConfig: fields["fromConfig"]?.keyword(Verdict.self) ?? .deny,
            reach: BindingReach(fields)
        )
    }
}

extension Node {
    func guid() -> String? {
        guard let text = string() else { return nil }
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12], groups.allSatisfy({ $0.allSatisfy(\.isHexDigit) }) else {
            error("is \"\(text.prefix(80))\"", mend: "write a GUID such as 11111111-1111-1111-1111-111111111111")
            return nil
        }
        return text.lowercased()
    }

    fileprivate func credentialNames() -> [Glob] {
        elements().compactMap { element in
            guard let text = element.string() else { return nil }
            guard !text.contains("/") else {
                element.error(
                    "names a namespace",
                    mend: "write the Secret's name alone; it is always in the resource's namespace"
                )
                return nil
            }
            return Glob(text)
        }
    }

    func resourceIDPatterns() -> [ResourceIDPattern] {
        elements().compactMap { element -> ResourceIDPattern? in
            guard let text = element.string() else { return nil }
            do throws(ResourceIDError) {
                return try ResourceIDPattern(parsing: text)
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
