/// The forms of AzureBindings, PolicyExceptions and PriceLists.
extension DocumentForm {
    static let azureBinding = DocumentForm(
        kind: "AzureBinding",
        description:
            "Who the namespaces that it matches may be in Azure, and where they may write; what it does not list is not allowed.",
        spec: ObjectForm(name: "azureBinding", fields: namespaces + places + identities + reach),
        resource: Resource(
            plural: "azurebindings",
            shortNames: ["azbind"],
            columns: [
                ("Namespaces", "string", ".spec.namespaces", false),
                ("Tenant", "string", ".spec.tenant", false),
                ("Subscriptions", "string", ".spec.subscriptions", true),
                ("Resource Groups", "string", ".spec.resourceGroups", true),
            ]
        )
    )

    private static let namespaces: [FieldForm] = [
        .init("namespaces", .globs, "Names of namespaces, with *; needed without a namespaceSelector."),
        .init("excludedNamespaces", .globs, "Names of namespaces that are taken away."),
        .init("namespaceSelector", .labelSelector, "Labels of namespaces."),
    ]

    private static let places: [FieldForm] = [
        .init("tenant", .guid, "The tenant of every tenantId in spec, and of credentials."),
        .init("subscriptions", .guids, "Subscriptions of every resource ID in spec."),
        .init("resourceGroups", .list(.text("team-a-*", "^[^/]+$")), "Resource groups of these subscriptions, with *."),
        .init("sharedResources", .resourceIDs, "IDs outside of these that may be named; * for names, /** at the end."),
    ]

    private static let identities: [FieldForm] = [
        .init(
            "credentials",
            .object([
                .init("allow", names("team-a-credential"), "Names of Secrets for credential-from, with *."),
                .init("globalFallback", .verdict, "Deny: there must be a credential; Allow by default."),
            ]),
            "Which credentials may be used."
        ),
        .init("identities", .guids, "Client IDs that a credential may name."),
        .init(
            "userAssignedIdentities",
            .list(
                .text(
                    "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/team-a-id/providers/"
                        + "Microsoft.ManagedIdentity/userAssignedIdentities/*",
                    "^/"
                )
            ),
            "IDs of managed identities, with * for names."
        ),
        .init(
            "fromConfig",
            .either([
                .words(["Deny", "Allow", "Defer"]),
                .object([.init("allow", names("identity-*"), "Names of ConfigMaps, with *.", isRequired: true)]),
            ]),
            "What …FromConfig means on fields that say who a resource acts as or trusts; Deny by default."
        ),
        .init(
            "reconcilePolicies",
            .list(.words(["manage", "skip", "detach-on-delete"])),
            "Values of the annotation reconcile-policy; manage and skip by default."
        ),
        .init("secretDestinations", names("team-a-*"), "Names of Secrets that resources may write to, with *."),
        .init("configMapDestinations", names("team-a-*"), "Names of ConfigMaps that resources may write to, with *."),
    ]

    private static func names(_ example: String) -> Form { .list(.text(example, "^[^/]+$")) }

    private static let attachment: [FieldForm] = [
        .init(
            "scope",
            .words(["Resource", "ResourceGroup", "Subscription"]),
            "The widest that they attach to; ResourceGroup by default."
        ),
        .init("resources", .resourceIDs, "IDs outside of the resource groups."),
    ]

    private static let reach: [FieldForm] = [
        .init(
            "owners",
            .object(
                ObjectForm(
                    fields: [.init("ifUnknown", .verdict, "Allow by default.")],
                    isFilled: false
                )
            ),
            "What an owner or a reference by name means that no inventory knows."
        ),
        .init(
            "extensions",
            .object(
                ObjectForm(
                    fields: [
                        .init(
                            "allow",
                            .list(.text("insights.azure.com/DiagnosticSetting")),
                            "Kinds that attach to any resource, group/Kind with *."
                        )
                    ] + attachment,
                    isFilled: false
                )
            ),
            "Which kinds may be attached to resources, and to which."
        ),
        .init(
            "roles",
            .object(
                [
                    .init("allow", .list(.text("Storage Blob Data Reader")), "Names of roles with *, or GUIDs."),
                    .init("principals", .guids, "GUIDs of those who may be given a role."),
                    .init(
                        "principalTypes",
                        .list(.words(["ServicePrincipal", "User", "Group", "ForeignGroup", "Device"])),
                        "Who may be given a role, by type."
                    ),
                    .init("requireCondition", .flag, "Whether an assignment must have a condition."),
                    .init(
                        "definitions",
                        .object(
                            ObjectForm(
                                fields: [
                                    .init("actions", .list(.text("Microsoft.Storage/*/read")), "Actions, with *."),
                                    .init(
                                        "dataActions",
                                        .list(.text("Microsoft.Storage/*/read")),
                                        "Data actions, with *."
                                    ),
                                ],
                                isFilled: false
                            )
                        ),
                        "What RoleDefinitions may allow; they are denied without it."
                    ),
                ] + attachment
            ),
            "RoleAssignments, which are denied without it."
        ),
        .init(
            "federatedSubjects",
            .object([
                .init(
                    "issuers",
                    .list(.text("https://oidc.example/", "^https://[^*]*$")),
                    "URLs of token issuers.",
                    isRequired: true
                ),
                .init(
                    "subjects",
                    .list(.text("system:serviceaccount:team-a:*")),
                    "Subjects, with *; the namespace's own service accounts by default."
                ),
                .init(
                    "audiences",
                    .list(.text("api://AzureADTokenExchange")),
                    "Audiences; api://AzureADTokenExchange by default."
                ),
            ]),
            "FederatedIdentityCredentials, which are denied without it."
        ),
        .init(
            "adoption",
            .words(["Allow", "Annotated", "Deny"]),
            "What it takes to take over a resource that may exist in Azure already; Allow by default."
        ),
        .init("duplicates", .verdict, "Whether two objects may have one name in Azure; Deny by default."),
    ]

    static let policyException = DocumentForm(
        kind: "PolicyException",
        description: "Waives named rules of AzurePolicies for named subjects until a moment.",
        spec: ObjectForm(
            name: "policyException",
            fields: [
                .init(
                    "policies",
                    .list(
                        .object([
                            .init("name", .text("regions"), "The AzurePolicy.", isRequired: true),
                            .init("rules", .list(.text("eu-only")), "Its rules that are waived.", isRequired: true),
                        ])
                    ),
                    "What is waived.",
                    isRequired: true
                ),
                .init(
                    "subjects",
                    .object([
                        .init("namespaces", .globs, "Names of namespaces, with *."),
                        .init("resources", .kinds, "Kinds as group/Kind, with *."),
                        .init("names", .list(.text("orders-*")), "Names of objects, with *."),
                        .init("users", .list(.text("ci-*")), "Names of users, with *."),
                        .init("objectSelector", .labelSelector, "Labels of the object as it is to be."),
                    ]),
                    "For whom: all of it must fit.",
                    isRequired: true
                ),
                .init("expiresAt", .time, "When the rules are back in force (RFC 3339).", isRequired: true),
                .init("reason", .line, "Why, in one line: who uses the exception is told.", isRequired: true),
                .init("ticket", .line, "The ticket that it belongs to."),
                .init("approvedBy", .line, "Who answers for it.", isRequired: true),
            ]
        ),
        resource: Resource(
            plural: "policyexceptions",
            shortNames: ["azex"],
            columns: [
                ("Expires", "string", ".spec.expiresAt", false),
                ("Approved By", "string", ".spec.approvedBy", false),
                ("Ticket", "string", ".spec.ticket", false),
                ("Reason", "string", ".spec.reason", true),
            ]
        )
    )

    static let priceList = DocumentForm(
        kind: "PriceList",
        description: "What Azure charges, as the operator says it: what cost rules calculate with.",
        spec: ObjectForm(
            name: "priceList",
            fields: [
                .init("currency", .currency, "The currency of rows that do not say theirs (ISO 4217)."),
                .init(
                    "prices",
                    .list(
                        .object([
                            .init(
                                "kind",
                                .text("sql.azure.com/ServersDatabase"),
                                "group/Kind, with *.",
                                isRequired: true
                            ),
                            .init("sku", .text("GP_Gen5_*"), "The SKU's name, with *; any by default."),
                            .init("tier", .text("GeneralPurpose"), "Its tier, with *; any by default."),
                            .init("location", .text("westeurope"), "The region, with *; any by default."),
                            .init(
                                "unit",
                                .words([
                                    "hour", "month", "vCoreHour", "vCoreMonth", "unitHour", "unitMonth", "GBMonth",
                                    "throughputHour",
                                ]),
                                "What the price is for.",
                                isRequired: true
                            ),
                            .init(
                                "price",
                                .number(Form.Number(maximum: 1_000_000_000)),
                                "The price of one unit; 0 is free.",
                                isRequired: true
                            ),
                            .init("currency", .currency, "The row's own currency."),
                        ]),
                        maximum: 20_000
                    ),
                    "Rows, of which the first that fits counts.",
                    isRequired: true
                ),
            ]
        ),
        resource: Resource(
            plural: "pricelists",
            shortNames: ["azprices"],
            columns: [("Currency", "string", ".spec.currency", false)]
        )
    )
}
