internal import Azure
internal import Kubernetes
internal import Policy

/// The forms of AzurePolicies and NamespaceAzurePolicies.
extension DocumentForm {
    static let azurePolicy = DocumentForm(
        kind: "AzurePolicy",
        description: "What the resources of the namespaces that it matches may be, and what they are given.",
        spec: ObjectForm(
            name: "azurePolicy",
            fields: common(conditions: Form.namespaceMatch) + [
                .init(
                    "mutations",
                    .list(.object(MutationForms.mutation), Form.List(maximum: 1000, key: "name")),
                    "What is given or changed before anything is judged, in this order."
                )
            ],
            choices: ["rules", "mutations"]
        ),
        hasParameters: true,
        resource: Resource(
            plural: "azurepolicies",
            shortNames: ["azpol"],
            columns: [
                ("Resources", "string", ".spec.match.resources", false),
                ("Action", "string", ".spec.action", false),
                ("Failure Policy", "string", ".spec.failurePolicy", true),
            ]
        )
    )

    static let namespaceAzurePolicy = DocumentForm(
        kind: "NamespaceAzurePolicy",
        description: "Rules of a namespace's owner for the resources of that namespace; they only add restrictions.",
        spec: ObjectForm(
            name: "namespaceAzurePolicy",
            fields: common(conditions: [])
        ),
        hasParameters: true,
        resource: Resource(
            plural: "namespaceazurepolicies",
            shortNames: ["nsazpol"],
            isNamespaced: true,
            columns: [
                ("Resources", "string", ".spec.match.resources", false),
                ("Action", "string", ".spec.action", false),
                ("Failure Policy", "string", ".spec.failurePolicy", true),
            ]
        )
    )

    private static func common(conditions: [FieldForm]) -> [FieldForm] {
        [
            .init(
                "parameters",
                .map(.anything, maximum: 64),
                "Values that ${parameters.name} stands for, so that who uses the policy changes them in one place."
            ),
            .init(
                "match",
                .object(
                    ObjectForm(
                        name: conditions.isEmpty ? "matchInNamespace" : "match",
                        fields: conditions + Form.match,
                        isFilled: false
                    )
                ),
                "For which requests it is: all of it must fit, and what is left out fits everything."
            ),
            .init("params", Form.params, "The manifest that expressions read as params."),
            .init(
                "variables",
                .list(Form.named("days", "7", .identifier), Form.List(maximum: 128, key: "name")),
                "Expressions that others read as variables.name; each knows those above it."
            ),
            .init("action", .words(Action.self), "What a rule that fails means; Deny by default."),
            .init(
                "failurePolicy",
                .words(FailurePolicy.self),
                "What an evaluation that breaks means; Fail by default."
            ),
            .init(
                "ratchet",
                .flag,
                "Whether old failures of an UPDATE only warn; true by default."
            ),
            .init(
                "rules",
                .list(.object(RuleForms.rule), Form.List(maximum: 1000, key: "name")),
                "What must hold; all failures are told.",
                isRequired: conditions.isEmpty
            ),
        ]
    }
}

extension Form {
    fileprivate static let namespaceMatch: [FieldForm] = [
        .init("namespaces", globs, "Names of namespaces, with *."),
        .init("excludedNamespaces", globs, "Names of namespaces that are taken away, with *."),
        .init("namespaceSelector", labelSelector, "Labels of namespaces."),
    ]

    fileprivate static let match: [FieldForm] = [
        .init("resources", kinds, "Kinds as group/Kind, with *; *.azure.com/* by default."),
        .init("excludedResources", kinds, "Kinds that are taken away."),
        .init(
            "operations",
            list(words(Operation.self)),
            "CREATE and UPDATE by default; DELETE and CONNECT only where they are named."
        ),
        .init("users", globs, "Names of users, with *; users and groups add up."),
        .init("excludedUsers", globs, "Names of users that are taken away."),
        .init("groups", globs, "Groups of users, with *."),
        .init("excludedGroups", globs, "Groups whose members are taken away."),
        .init("objectSelector", labelSelector, "Labels of the object, or those that it had before the update."),
        .init(
            "conditions",
            .list(
                named("not-ours", "request.userInfo.username != 'platform'", .label),
                List(maximum: 64, key: "name")
            ),
            "Expressions that must all be true."
        ),
    ]

    /// A name and an expression.
    fileprivate static func named(_ name: String, _ expression: String, _ form: Form) -> Form {
        object([
            .init("name", form, "What it is called.", isRequired: true),
            .init("expression", expressionText(expression), "An expression in CEL.", isRequired: true),
        ])
    }

    fileprivate static let params = object([
        .init("apiVersion", text("v1"), "The manifest's apiVersion; v1 by default."),
        .init("kind", text("ConfigMap"), "The manifest's kind, any but Secret.", isRequired: true),
        .init("name", text("limits"), "The manifest's name.", isRequired: true),
        .init("namespace", text("platform"), "The manifest's namespace; that of the request by default."),
        .init(
            "parameterNotFoundAction",
            verdict,
            "Allow makes the policy say nothing where there is no such manifest; else that is an error."
        ),
    ])
}

/// The forms of rules.
enum RuleForms {
    /// The bodies of rules, in the order in which messages list them.
    private static let bodies: [FieldForm] = [
        .init("locations", locations, "Regions of resources and of their copies."),
        .init("skus", skus, "Names, tiers and families of SKUs, and ceilings on what they ask for."),
        .init("tags", tags, "Tags that must and must not be there; letter case of names does not count."),
        .init("naming", naming, "Names in Azure."),
        .init("exposure", exposure, "Who may reach the resource, and how."),
        .init("encryption", encryption, "How data is encrypted where it rests."),
        .init("zones", zones, "Availability zones."),
        .init("backup", backup, "How long backups and deleted things are kept."),
        .init("cost", cost, "What a resource may cost a month by the folder's price lists."),
        .init("kinds", kinds, "Which kinds there may be."),
        .init("deletion", deletion, "What may not be deleted, or only once that is confirmed."),
        .init("immutable", immutable, "What an UPDATE may not change."),
        .init("cel", cel, "An expression in CEL that must be true."),
        .init("quota", quota, "How many there may be, and how much they may ask for together."),
    ]

    static let rule = ObjectForm(
        name: "rule",
        fields: [
            .init("name", .label, "Failures are reported under it.", isRequired: true),
            .init("action", .words(Action.self), "What a failure means, where the policy's action is not meant."),
            .init("severity", .words(Severity.self), "For logs and metrics, without a say in the decision."),
            .init(
                "message",
                .line,
                "The author's words, before what is wrong; ${value}, ${field}, ${allowed} and others are filled in."
            ),
            .init(
                "link",
                .text("https://wiki.example/databases", "^(https://.*|\\$\\{.*\\})$", maximum: 512),
                "Where to read more; at the end of the message."
            ),
            .init("ifAbsent", .verdict, "What no value means."),
            .init("ifUnknown", .verdict, "What a value means that admission cannot know."),
        ] + bodies,
        alternatives: bodies.map(\.name)
    )

    private static let locations = Form.object(
        "locations",
        [
            .init("allow", .regions, "Regions that are allowed, in any spelling."),
            .init("deny", .regions, "Regions that are denied."),
            .init("global", .verdict, "What resources of no region mean; Allow by default."),
            .init(
                "replicas",
                .object([
                    .init("allow", .regions, "Regions in which copies may be."),
                    .init("deny", .regions, "Regions in which they may not."),
                ]),
                "What holds instead where a resource keeps copies."
            ),
            .init("sameAsOwner", .required, "The resource must be where its owner is."),
        ]
    )

    private static let quantities = Form.object(
        Quantity.allCases.map { .init($0.rawValue, .number, words(for: $0)) }
    )

    private static func words(for quantity: Quantity) -> String {
        switch quantity {
        case .capacity: "Units of the SKU."
        case .throughput: "Request units or throughput units."
        case .vCores: "Processor cores."
        case .memoryGB: "Gigabytes of memory."
        case .storageGB: "Gigabytes of disks, databases and shares."
        case .nodeCount: "Machines, instances, replicas."
        }
    }

    private static let skuPatterns = Form.list(
        .either([
            .text("Standard_*"),
            .object([
                .init("name", .text("S*"), "The SKU's name, with *."),
                .init("tier", .text("Standard"), "Its tier, with *."),
                .init("family", .text("Gen5"), "Its family, with *."),
                .init("size", .text("S1"), "Its size, with *."),
            ]),
        ])
    )

    private static let skus = Form.object(
        "skus",
        [
            .init("allow", skuPatterns, "SKUs that are allowed: names, or parts that must all fit."),
            .init("deny", skuPatterns, "SKUs that are denied."),
            .init("of", .words(["Machines", "Services"]), "Which SKUs are meant, of kinds that name both."),
            .init("maximum", quantities, "Ceilings for each place by itself."),
            .init("total", quantities, "Ceilings for all places of a resource together."),
        ]
    )

    /// Where a value of the namespace stands.
    static let namespaceField: [FieldForm] = [
        .init("fromNamespaceLabel", .text("cost-center"), "The namespace's label that says the value."),
        .init("fromNamespaceAnnotation", .text("contact"), "The namespace's annotation that says it."),
    ]
    static let inheritance = Form.either([.list(.text("cost-center")), .map(.object(namespaceField))])

    private static let tags = Form.object(
        "tags",
        [
            .init(
                "required",
                .map(
                    .object(
                        ObjectForm(
                            name: "requiredTag",
                            fields: [
                                .init("pattern", .text("^CC-[0-9]{4}$"), "What the value must match (RE2)."),
                                .init("values", .list(.text("production")), "Values that are allowed."),
                            ],
                            isFilled: false
                        )
                    )
                ),
                "Tags that must be there; {} asks for any value."
            ),
            .init("forbidden", .patterns, "Names that no tag may have, with *."),
            .init("inherited", inheritance, "Tags that must say what the namespace says."),
        ]
    )

    private static let naming = Form.object(
        "naming",
        [
            .init("pattern", .text("^team-a-[a-z0-9-]+$"), "What names must match (RE2)."),
            .init("prefix", .text("${namespace}-"), "What names begin with."),
            .init("suffix", .text("-weu"), "What names end with."),
            .init("minimumLength", .whole, "The fewest characters."),
            .init("maximumLength", .whole, "The most characters."),
            .init("deny", .list(.text("test")), "Patterns that names must not match (RE2)."),
            .init("limits", .words(["Azure"]), "Length and characters that Azure takes for the kind."),
        ]
    )

    private static let addresses = Form.list(.text("203.0.113.0/24"))

    private static let exposure = Form.object(
        "exposure",
        [
            .init(
                "publicNetworkAccess",
                .words(["Disabled", "SecuredByPerimeter"]),
                "No access from public networks, or through a perimeter alone."
            ),
            .init("publicAccess", .disabled, "No anonymous readers."),
            .init("external", .disabled, "No ingress from outside."),
            .init("nodePublicIP", .disabled, "No machines with public addresses."),
            .init("publicIP", .disabled, "No public addresses."),
            .init("ipForwarding", .disabled, "No packets are passed on."),
            .init("localAuthentication", .disabled, "No keys and passwords beside Entra ID."),
            .init("defaultAction", .words(["Deny"]), "What happens to whom no network rule names."),
            .init("firewall", .required, "Not every network is let in."),
            .init("privateCluster", .required, "The API server has a private address."),
            .init("rbacAuthorization", .required, "Access by roles instead of access policies."),
            .init("webApplicationFirewall", .required, "A web application firewall stands before it."),
            .init("privateEndpoints", .required, "A subnet of its own, or a PrivateEndpoint of the inventory."),
            .init("trustedServices", .demanded, "Whether Azure's own services pass the network rules."),
            .init("networkAccessPolicy", .words(["DenyAll", "AllowPrivate"]), "From where disks may be exported."),
            .init("httpsOnly", .required, "No requests in the clear."),
            .init("encryption", .required, "No requests in the clear; the same as httpsOnly."),
            .init("minimumTLSVersion", .words(["1.0", "1.1", "1.2", "1.3"]), "The oldest TLS that is accepted."),
            .init("allowedIPs", addresses, "Addresses, prefixes, ranges and service tags that may come in."),
            .init(
                "firewallRules",
                .object([
                    .init("allow", addresses, "The same as allowedIPs."),
                    .init("allAzureServices", .verdict, "Whether 0.0.0.0, all of Azure, may be named."),
                    .init(
                        "maximumAddresses",
                        .number(Form.Number(isWhole: true, minimum: 1)),
                        "How many addresses one rule may let in."
                    ),
                ]),
                "What firewall rules may let in."
            ),
        ]
    )

    private static let encryption = Form.object(
        "encryption",
        [
            .init("customerManagedKey", .required, "With a key of your own."),
            .init("infrastructure", .required, "A second time, by the provider."),
            .init("atHost", .required, "On the machine's host."),
            .init("disk", .required, "Of disks."),
        ]
    )

    private static let zones = Form.object(
        "zones",
        [
            .init("redundant", .required, "Spread over zones, however the kind says it."),
            .init(
                "minimum",
                .number(Form.Number(isWhole: true, minimum: 1, maximum: 3)),
                "How many zones a list must name."
            ),
            .init(
                "allow",
                .list(.either([.text("1"), .whole])),
                "Zones that may be named."
            ),
        ]
    )

    private static let backup = Form.object(
        "backup",
        [
            .init("minimumRetentionDays", .number, "Days that backups are kept at least."),
            .init("maximumRetentionDays", .number, "Days that they are kept at most."),
            .init("minimumSoftDeleteDays", .number, "Days that deleted things are kept at least."),
            .init("maximumSoftDeleteDays", .number, "Days that they are kept at most."),
            .init("geoRedundant", .demanded, "Whether backups are kept in another region too."),
            .init("softDelete", .required, "Deleted things can be had back."),
            .init("purgeProtection", .required, "Nobody can purge what is deleted."),
            .init("versioning", .required, "Older versions are kept."),
            .init("immutability", .required, "Backups cannot be changed."),
        ]
    )

    private static let cost = Form.object(
        "cost",
        [
            .init("maximum", .number, "The most that a resource may cost a month.", isRequired: true),
            .init("currency", .currency, "The currency's code (ISO 4217).", isRequired: true),
        ]
    )

    private static let kinds = Form.object(
        "kinds",
        [
            .init("allow", .kinds, "Kinds that are allowed, group/Kind with *."),
            .init("deny", .kinds, "Kinds that are denied."),
        ]
    )

    private static let deletion = Form.object(
        "deletion",
        [
            .init(
                "protected",
                .either([
                    .flag,
                    .object([
                        .init("kinds", .kinds, "Kinds that are protected, group/Kind with *."),
                        .init(
                            "tags",
                            .map(.either([.text("production"), .list(.text("production"))])),
                            "Tags that protect, with the values that do."
                        ),
                    ]),
                ]),
                "What is protected: true for all, or kinds and tags, either of which protects."
            ),
            .init(
                "confirmation",
                .object(
                    ObjectForm(
                        fields: [
                            .init(
                                "annotation",
                                .text("portcullis.dev/confirm-deletion"),
                                "The annotation that confirms; this one by default."
                            ),
                            .init("value", .text("${name}"), "Its value; the object's name by default."),
                        ],
                        isFilled: false,
                        isParameter: true
                    )
                ),
                "How a deletion is confirmed; without it nobody can delete what is protected."
            ),
            .init("detachOnDelete", .verdict, "Deny: nothing may be left behind in Azure."),
        ]
    )

    private static let immutable = Form.object(
        "immutable",
        [
            .init("fields", .list(.text("spec.location")), "Fields by path, such as spec.sku.name."),
            .init("facets", .list(.words(Facet.self)), "What kinds keep in places of their own."),
            .init("addition", .verdict, "Allow: what had no value may be given one."),
        ]
    )

    private static let cel = Form.object(
        "cel",
        [
            .init(
                "expression",
                .expressionText("object.spec.location == 'westeurope'"),
                "What must be true.",
                isRequired: true
            ),
            .init("message", .line, "What is told to whoever breaks it."),
            .init(
                "messageExpression",
                .expressionText("'not in ' + object.spec.location"),
                "An expression that gives the message, one line."
            ),
            .init(
                "reason",
                .words(["Unauthorized", "Forbidden", "Invalid", "RequestEntityTooLarge"]),
                "What the failure is, in Kubernetes' words."
            ),
            .init("fieldPath", .text("spec.location"), "The field that it is about."),
        ]
    )

    private static let quota = Form.object(
        "quota",
        [
            .init("count", .whole, "How many resources there may be."),
            .init("sum", quantities, "How much they may ask for together."),
            .init(
                "per",
                .either([
                    .words(["Namespace", "Binding"]),
                    .object([.init("label", .text("team"), "The label of namespaces.", isRequired: true)]),
                ]),
                "Whose resources count together; those of a namespace by default."
            ),
            .init("resources", .kinds, "Kinds that count; those that the policy matches by default."),
        ]
    )
}

/// The forms of mutations.
enum MutationForms {
    private static let bodies: [FieldForm] = [
        .init("defaults", .map(.anything), "Fields that are given a value where they have none."),
        .init("set", .map(.anything), "Fields that are given a value, whatever they were."),
        .init("remove", .list(.text("spec.sku")), "Fields, or elements of lists, that are taken away."),
        .init("tags", tags, "Tags that are given or taken away."),
        .init("location", location, "A location for what has none."),
        .init("sku", sku, "A smaller SKU for one that is too large."),
        .init("credential", standard("team-credential"), "A credential for what names none."),
        .init("azureName", standard("${namespace}-${name}"), "A name in Azure for what is created without one."),
        .init("cel", cel, "Whatever an expression makes of the object."),
    ]

    static let mutation = ObjectForm(
        name: "mutation",
        fields: [.init("name", .label, "The patch is reported under it.", isRequired: true)] + bodies,
        alternatives: bodies.map(\.name)
    )

    private static let tags = Form.object(
        ObjectForm(
            fields: [
                .init("set", .map(.text("team-a")), "Tags with their values, whatever they were."),
                .init("default", .map(.text("team-a")), "Tags that are given where they are missing."),
                .init("inherit", RuleForms.inheritance, "Tags that are to say what the namespace says."),
                .init("remove", .patterns, "Names of tags that go, with *."),
            ],
            alternatives: ["set", "default", "inherit", "remove"]
        )
    )

    private static let location = Form.object(
        ObjectForm(
            fields: [.init("default", .region, "The location.")] + RuleForms.namespaceField,
            alternatives: ["default", "fromNamespaceLabel", "fromNamespaceAnnotation"]
        )
    )

    private static func standard(_ example: String) -> Form {
        .object([.init("default", .text(example), "The value where there is none.", isRequired: true)])
    }

    private static let sku = Form.object([
        .init(
            "downgrade",
            .object([
                .init(
                    "to",
                    .list(
                        .either([
                            .text("Standard_D2s_v5"),
                            .object([
                                .init("name", .text("S2"), "The SKU's name.", isRequired: true),
                                .init("tier", .text("Standard"), "Its tier."),
                                .init("family", .text("Gen5"), "Its family."),
                                .init("size", .text("2"), "Its size."),
                                .init("capacity", .whole, "Its capacity."),
                            ]),
                        ])
                    ),
                    "SKUs that are allowed: the largest that is not above takes the place of another one."
                ),
                .init("maximumCapacity", .whole, "The most units of an SKU."),
            ]),
            "What is lowered, and to what.",
            isRequired: true
        )
    ])

    private static let cel = Form.object([
        .init(
            "expression",
            .expressionText("Object{spec: Object.spec{location: 'westeurope'}}"),
            "An expression that gives a JSONPatch, or an apply configuration Object{…}.",
            isRequired: true
        ),
        .init(
            "patchType",
            .words(["ApplyConfiguration", "JSONPatch"]),
            "Which of them, where the expression does not show it."
        ),
    ])
}
