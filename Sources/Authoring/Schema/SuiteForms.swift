/// The form of PolicyTests, and all forms.
extension DocumentForm {
    /// Every kind of `portcullis.dev/v1alpha1`.
    package static let all = [azurePolicy, namespaceAzurePolicy, azureBinding, policyException, priceList, policyTest]

    static let policyTest = DocumentForm(
        kind: "PolicyTest",
        description:
            "What policies are to decide: cases that portcullis test asks them, and the answers that are expected.",
        spec: ObjectForm(
            name: "policyTest",
            fields: [
                .init(
                    "policies",
                    .list(.text("../policy.yaml")),
                    "Files and folders of policies; those beside by default."
                ),
                .init("namespaces", .map(.map(.labelValue, minimum: 0)), "Labels of namespaces, by their names."),
                .init("documents", .list(object), "More documents beside the policies: paths or objects."),
                .init(
                    "inventory",
                    .list(object, Form.List(minimum: 0)),
                    "Other objects that are known: paths or objects; []: there are none."
                ),
                .init("parameters", .map(.anything), "Other values for the policies' parameters."),
                .init("manifest", object, "What every case starts from: an object, or the path of a file with one."),
                .init("namespace", .text("team-a"), "The namespace of a manifest that says none."),
                .init("user", user, "Who asks."),
                .init("time", .time, "When it is asked; now by default."),
                .init("cases", .list(testCase, Form.List(key: "name")), "What is asked.", isRequired: true),
            ]
        )
    )

    /// A manifest, or the path of one.
    private static let object = Form.either([.text("account.yaml"), .anyObject])
    private static let user = Form.either([
        .text("dana"),
        .object([
            .init("name", .text("dana"), "The user's name.", isRequired: true),
            .init("groups", .list(.text("developers")), "The user's groups."),
        ]),
    ])

    private static let testCase = Form.object(
        ObjectForm(
            name: "case",
            fields: [
                .init("name", .line, "What is to happen, in a few words.", isRequired: true),
                .init("manifest", object, "The object, or the path of a file with it."),
                .init("changes", .anyObject, "What differs in the manifest: null removes a field."),
                .init("old", object, "The object as it was: the case is an UPDATE."),
                .init("oldChanges", .anyObject, "What differed in the manifest then: the case is an UPDATE."),
                .init("operation", .words(["CREATE", "UPDATE", "DELETE"]), "What is done."),
                .init("namespace", .text("team-a"), "The namespace of a manifest that says none."),
                .init("user", user, "Who asks."),
                .init("dryRun", .flag, "Whether nothing is stored."),
                .init("time", .time, "When it is asked."),
                .init("parameters", .map(.anything), "Values of parameters that differ from the suite's."),
                .init("expect", expectation, "What must come of it.", isRequired: true),
            ]
        )
    )

    private static let expectation = Form.object(
        "expectation",
        [
            .init("decision", .verdict, "Whether the request passes.", isRequired: true),
            .init(
                "only",
                .either([.text("eu-only"), .list(.text("regions/eu-only"))]),
                "The rules that the case is about; what others say is nothing to it."
            ),
            .init("failures", findings, "What is denied."),
            .init("warnings", findings, "What the user is warned of."),
            .init("audits", findings, "What only logs are told."),
            .init("patched", object, "The object as mutations leave it, or the path of a file with it."),
            .init("patchedChanges", .anyObject, "What mutations change."),
            .init("exhaustive", .flag, "Whether nothing else may happen; true by default."),
        ]
    )

    private static let findings = Form.list(
        .either([
            .text("regions/eu-only: spec.location is \"uksouth\""),
            .object(
                "finding",
                [
                    .init("policy", .text("regions"), "The policy's name."),
                    .init("rule", .text("eu-only"), "The rule's name."),
                    .init("field", .text("spec.location"), "The field's path."),
                    .init(
                        "value",
                        .either([.text("uksouth"), .flag, .number(Form.Number(minimum: nil))]),
                        "The value."
                    ),
                    .init(
                        "message",
                        .either([
                            .text("spec.location is \"uksouth\""),
                            .object(
                                ObjectForm(
                                    fields: [
                                        .init("contains", .text("westeurope"), "A part of the message."),
                                        .init("matches", .text("allowed: .*"), "A pattern in it (RE2)."),
                                    ],
                                    alternatives: ["contains", "matches"]
                                )
                            ),
                        ]),
                        "The whole message, or what it contains or matches."
                    ),
                    .init(
                        "count",
                        .number(Form.Number(isWhole: true, maximum: 128)),
                        "How many there are; 0 for none."
                    ),
                ]
            ),
        ]),
        Form.List(minimum: 0)
    )
}
