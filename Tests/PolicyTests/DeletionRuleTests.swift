import Policy
import Testing

/// Rules about deletion and about what an update may not change.
@Suite struct DeletionRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: String
        let ask: Ask
        /// What the failures say behind policy and rule.
        let lines: [String]
        var testDescription: String { name }
    }

    static func account(tags: String = "{}", annotations: String = "{}", more: String = "") -> String {
        storageAccount("{tags: \(tags)}", metadata: "annotations: \(annotations)\(more)")
    }

    static let confirmed = "protected: true, confirmation: {}"
    static let annotation = "metadata.annotations[\"portcullis.dev/confirm-deletion\"]"
    static let policyOf = "metadata.annotations[\"serviceoperator.azure.com/reconcile-policy\"]"

    static func deletion(_ name: String, _ rule: String, _ old: String, user: String = "dev-alice", _ lines: String...)
        -> Case
    {
        Case(name: name, rule: rule, ask: .delete(old, user: user), lines: lines)
    }

    /// What protects by a tag lasts as long as the tag; what keeps it is a rule of its own.
    @Test(arguments: ["spec.tags['environment']", "spec.tags.environment"])
    func aTagThatProtectsIsKept(_ path: String) throws {
        let deletion = "deletion: {protected: {tags: {environment: production}}}"
        let taking = Ask.update(Self.account(tags: "{environment: production}"), to: Self.account())
        #expect(try policies(policy(rule: deletion)).decide(taking).allowed)
        let kept = try policies(
            policy("a", rule: deletion),
            policy("b", rule: "immutable: {fields: [\"\(path)\"], addition: Allow}")
        )
        #expect(try kept.decide(taking).failures.map(\.path) == ["spec.tags.environment"])
        #expect(try kept.decide(.update(Self.account(), to: Self.account(tags: "{environment: production}"))).allowed)
    }

    static let deletions: [Case] = [
        deletion(
            "all is protected",
            "protected: true",
            account(),
            "metadata.name is \"thing\", which is protected from deletion; keep it, or ask the platform team to lift the protection"
        ),
        deletion(
            "a deletion that nobody has confirmed",
            confirmed,
            account(),
            "\(annotation) is not set, so that the deletion is not confirmed: the resource is protected; keep it, or first annotate it with portcullis.dev/confirm-deletion=thing"
        ),
        deletion(
            "a confirmation of something else",
            confirmed,
            account(annotations: "{portcullis.dev/confirm-deletion: other}"),
            "\(annotation) is \"other\", so that the deletion is not confirmed: the resource is protected; keep it, or first annotate it with portcullis.dev/confirm-deletion=thing"
        ),
        deletion(
            "a confirmation that is no text",
            confirmed,
            account(annotations: "{portcullis.dev/confirm-deletion: [thing]}"),
            "\(annotation) is \"a list of 1\", so that the deletion is not confirmed: the resource is protected; keep it, or first annotate it with portcullis.dev/confirm-deletion=thing"
        ),
        deletion(
            "a deletion that is confirmed",
            confirmed,
            account(annotations: "{portcullis.dev/confirm-deletion: thing}")
        ),
        deletion(
            "an annotation and a value of its own",
            "protected: true, confirmation: {annotation: example.com/bye, value: '${namespace}/${name}!'}",
            account(annotations: "{example.com/bye: team-a/thing!}")
        ),
        deletion(
            "the namespace controller asks as everybody does",
            confirmed,
            account(),
            user: "system:serviceaccount:kube-system:namespace-controller",
            "\(annotation) is not set, so that the deletion is not confirmed: the resource is protected; keep it, or first annotate it with portcullis.dev/confirm-deletion=thing"
        ),
        deletion("what is going already", confirmed, account(more: ", deletionTimestamp: '2026-01-01T00:00:00Z'")),
        deletion(
            "a kind",
            "protected: {kinds: ['storage.azure.com/*']}",
            account(),
            "metadata.name is \"thing\", which is protected from deletion (every storage.azure.com/StorageAccount is); keep it, or ask the platform team to lift the protection"
        ),
        deletion("another kind", "protected: {kinds: ['sql.azure.com/*']}", account()),
        deletion(
            "a tag",
            "protected: {tags: {Environment: [prod*, live]}}",
            account(tags: "{environment: Production}"),
            "metadata.name is \"thing\", which is protected from deletion (by its tag environment); keep it, or ask the platform team to lift the protection"
        ),
        deletion("another value", "protected: {tags: {environment: production}}", account(tags: "{environment: test}")),
        deletion("no tags", "protected: {tags: {environment: production}}", storageAccount("{}")),
        deletion("tags that are none", "protected: {tags: {environment: production}}", account(tags: "[production]")),
        deletion("a value that is no text", "protected: {tags: {a: '*b*'}}", account(tags: "{a: [b]}")),
        deletion(
            "what is left behind",
            "detachOnDelete: Deny",
            account(annotations: "{serviceoperator.azure.com/reconcile-policy: detach-on-delete}"),
            "\(policyOf) is \"detach-on-delete\", which would leave the resource behind in Azure without its object; set it to manage before you delete"
        ),
        deletion(
            "what is skipped is left behind too",
            "detachOnDelete: Deny",
            account(annotations: "{serviceoperator.azure.com/reconcile-policy: skip}"),
            "\(policyOf) is \"skip\", which would leave the resource behind in Azure without its object; set it to manage before you delete"
        ),
        deletion(
            "what is managed",
            "detachOnDelete: Deny",
            account(annotations: "{serviceoperator.azure.com/reconcile-policy: manage}")
        ),
        Case(
            name: "the wish to leave it behind, from the beginning",
            rule: "detachOnDelete: Deny",
            ask: .create(account(annotations: "{serviceoperator.azure.com/reconcile-policy: detach-on-delete}")),
            lines: [
                "\(policyOf) is \"detach-on-delete\", which would leave the resource behind in Azure without its object; remove it or set it to manage"
            ]
        ),
        Case(
            name: "and later, whether it was so or not",
            rule: "detachOnDelete: Deny",
            ask: .update(
                account(annotations: "{serviceoperator.azure.com/reconcile-policy: detach-on-delete}"),
                to: account(annotations: "{serviceoperator.azure.com/reconcile-policy: detach-on-delete, a: b}")
            ),
            lines: [
                "\(policyOf) is \"detach-on-delete\", which would leave the resource behind in Azure without its object; remove it or set it to manage"
            ]
        ),
        Case(
            name: "skip has other uses",
            rule: "detachOnDelete: Deny",
            ask: .create(account(annotations: "{serviceoperator.azure.com/reconcile-policy: skip}")),
            lines: []
        ),
        Case(name: "protection says nothing of writes", rule: confirmed, ask: .create(account()), lines: []),
    ]

    @Test(arguments: deletions) func judgesDeletions(_ example: Case) throws {
        for (action, allowed) in [("Deny", example.lines.isEmpty), ("Warn", true), ("Audit", true)] {
            let set = try policies(policy(action: action, rule: "deletion: {\(example.rule)}"))
            let decision = try set.decide(example.ask, mode: .mutateAndValidate)
            #expect(decision.allowed == allowed)
            #expect(decision.lines == example.lines.map { "p/r: \($0)" })
            #expect(decision.warnings.count == (action == "Warn" ? example.lines.count : 0))
        }
    }

    @Test func mutationsDoNotConfirm() throws {
        let mutation = MutationTests.mutating(
            "[{name: m, set: {\"metadata.annotations['portcullis.dev/confirm-deletion']\": x}}]"
        )
        #expect(try compile([("m.yaml", mutation)]).set == nil)
    }

    // MARK: Immutable

    static func change(_ name: String, _ rule: String, _ old: String, _ new: String, _ lines: String...) -> Case {
        Case(name: name, rule: rule, ask: .update(storageAccount(old), to: storageAccount(new)), lines: lines)
    }

    static let sku = "fields: [spec.sku.name]"
    static let pools = "fields: ['spec.pools[].size']"
    static let changes: [Case] = [
        change("what stays", sku, "{sku: {name: a, x: 1}}", "{sku: {x: 2, name: a}}"),
        change(
            "what changes",
            sku,
            "{sku: {name: a}}",
            "{sku: {name: b}}",
            "spec.sku.name is \"b\", was \"a\" and may not change; set it back to a, or make another resource"
        ),
        change(
            "what goes",
            sku,
            "{sku: {name: a}}",
            "{}",
            "spec.sku.name is not set, and may not be taken away; set it back to a"
        ),
        change("null is gone too", sku, "{sku: {name: null}}", "{}"),
        change(
            "what comes",
            sku,
            "{}",
            "{sku: {name: a}}",
            "spec.sku.name is \"a\", was not set before and may not be added; remove it"
        ),
        change("what may come", "\(sku), addition: Allow", "{}", "{sku: {name: a}}"),
        change(
            "what may come may not change",
            "\(sku), addition: Allow",
            "{sku: {name: a}}",
            "{sku: {name: b}}",
            "spec.sku.name is \"b\", was \"a\" and may not change; set it back to a, or make another resource"
        ),
        change(
            "an object",
            "fields: [spec.sku]",
            "{sku: {name: a}}",
            "{sku: {name: b}}",
            "spec.sku is \"an object of 1\", which is not what it was, and may not change; set it back, or make another resource"
        ),
        change(
            "an object in another order",
            "fields: [spec.sku]",
            "{sku: {name: a, tier: b}}",
            "{sku: {tier: b, name: a}}"
        ),
        change(
            "a form that hides the field",
            sku,
            "{sku: {name: a}}",
            "{sku: [a]}",
            "spec.sku.name is not set, and may not be taken away; set it back to a"
        ),
        change(
            "a secret is not told",
            "fields: [spec.adminPassword]",
            "{adminPassword: hush}",
            "{adminPassword: hushhush}",
            "spec.adminPassword is \"(redacted)\", which is not what it was, and may not change; set it back, or make another resource"
        ),
        change(
            "elements of a list, wherever they stand",
            pools,
            "{pools: [{name: a, size: 1}, {name: b, size: 2}]}",
            "{pools: [{name: c, size: 3}, {name: b, size: 2}, {name: a, size: 9}]}",
            "spec.pools[2].size is \"9\", was \"1\" and may not change; set it back to 1, or make another resource"
        ),
        change("elements come and go", pools, "{pools: [{name: a, size: 1}]}", "{pools: [{name: b, size: 2}]}"),
        change(
            "elements by a key",
            "fields: ['spec.pools[name=b].size']",
            "{pools: [{name: a, size: 1}]}",
            "{pools: [{name: a, size: 2}]}"
        ),
        Case(
            name: "a label",
            rule: "fields: [\"metadata.labels['team']\"]",
            ask: .update(
                storageAccount("{}", metadata: "labels: {team: blue}"),
                to: storageAccount("{}", metadata: "labels: {team: red}")
            ),
            lines: [
                "metadata.labels.team is \"red\", was \"blue\" and may not change; set it back to blue, or make another resource"
            ]
        ),
        change(
            "a facet",
            "facets: [location]",
            "{location: westeurope}",
            "{location: northeurope}",
            "spec.location is \"northeurope\", was \"westeurope\" and may not change; set it back to westeurope, or make another resource"
        ),
        change("in another spelling", "facets: [location]", "{location: westeurope}", "{location: West Europe}"),
        change(
            "an SKU in another spelling",
            "facets: [sku]",
            "{sku: {name: Standard_LRS}}",
            "{sku: {name: standard_lrs}}"
        ),
        change(
            "a facet that goes",
            "facets: [location]",
            "{location: westeurope}",
            "{}",
            "spec.location is not set, and may not be taken away; set it back to westeurope"
        ),
        change(
            "a facet that comes",
            "facets: [location]",
            "{}",
            "{location: westeurope}",
            "spec.location is \"westeurope\", was not set before and may not be added; remove it"
        ),
        change("a facet that may come", "facets: [location], addition: Allow", "{}", "{location: westeurope}"),
        change(
            "tags",
            "facets: [tags]",
            "{tags: {a: b}}",
            "{tags: {a: c}}",
            "spec.tags is \"an object of 1\", which is not what it was, and may not change; set it back, or make another resource"
        ),
    ]

    @Test(arguments: changes) func judgesChanges(_ example: Case) throws {
        for (action, allowed) in [("Deny", example.lines.isEmpty), ("Warn", true), ("Audit", true)] {
            let set = try policies(policy(action: action, rule: "immutable: {\(example.rule)}"))
            let decision = try set.decide(example.ask, mode: .validate)
            #expect(decision.allowed == allowed)
            #expect(decision.lines == example.lines.map { "p/r: \($0)" })
        }
        let set = try policies(policy(rule: "immutable: {\(example.rule)}"))
        let creation = Ask.create(try #require(example.ask.object))
        #expect(try set.decide(creation).lines == [])
    }

    static let vault = "keyvault.azure.com/v1api20230701/Vault"

    @Test func judgesFacetsOfLists() throws {
        let set = try policies(policy(rule: "immutable: {facets: [location, zone]}"))
        func account(_ locations: String) -> String {
            resource("documentdb.azure.com/v1api20231115/DatabaseAccount", spec: "{locations: \(locations)}")
        }
        let old = account("[{locationName: westeurope}, {locationName: eastus}]")
        // The key of an element is its region: others come and go.
        #expect(
            try set.decide(.update(old, to: account("[{locationName: eastus}, {locationName: westeurope}]"))).allowed
        )
        #expect(try set.decide(.update(old, to: account("[{locationName: eastus}]"))).allowed)
        func machine(_ zones: String) -> String {
            resource("compute.azure.com/v1api20220301/VirtualMachine", spec: "{zones: \(zones)}")
        }
        let moved = try set.decide(.update(machine("['1', '2']"), to: machine("['2', '3']")))
        #expect(
            moved.lines == [
                "p/r: spec.zones[0] is not set, and may not be taken away; set it back to 1",
                "p/r: spec.zones[1] is \"3\", was not set before and may not be added; remove it",
            ]
        )
        #expect(try set.decide(.update(machine("['1', '2']"), to: machine("['2', '1']"))).allowed)
    }

    @Test func judgesUnknownValues() throws {
        let known = storageAccount("{location: westeurope}")
        let unknown = storageAccount("{locationFromConfig: {name: a, key: b}}")
        let other = storageAccount("{locationFromConfig: {name: a, key: c}}")
        let set = try policies(policy(rule: "immutable: {facets: [location]}"))
        #expect(try !set.decide(.update(known, to: unknown)).allowed)
        #expect(try !set.decide(.update(unknown, to: known)).allowed)
        #expect(try !set.decide(.update(unknown, to: other)).allowed)
        #expect(try set.decide(.update(unknown, to: unknown)).allowed)
        let lenient = try policies(policy(rule: "ifUnknown: Allow, immutable: {facets: [location]}"))
        #expect(try lenient.decide(.update(known, to: unknown)).allowed)
    }

    @Test func anUpdateThatBreaksIsAnError() throws {
        let list = "[\(repeatElement("{}", count: 1001).joined(separator: ","))]"
        let set = try policies(policy(rule: "immutable: {\(Self.pools)}"))
        let decision = try set.decide(.update(storageAccount("{}"), to: storageAccount("{pools: \(list)}")))
        #expect(!decision.allowed && decision.isBroken)
    }

    static let faults: [(rule: String, issue: String)] = [
        ("deletion: {}", "deletion: forbids nothing; add protected: true, or detachOnDelete: Deny"),
        ("deletion: {protected: false}", "deletion.protected: protects nothing; write true, or remove the field"),
        ("deletion: {protected: {}}", "deletion.protected: protects nothing; write true, or add kinds or tags"),
        (
            "deletion: {detachOnDelete: Allow}",
            "deletion: forbids nothing; add protected: true, or detachOnDelete: Deny"
        ),
        (
            "deletion: {detachOnDelete: Deny, confirmation: {}}",
            "deletion.confirmation: confirms nothing; add protected: true, or the kinds or tags that are"
        ),
        (
            "deletion: {protected: true, confirmation: {value: '${user}'}}",
            "deletion.confirmation.value: holds a '${' that is not known here; write ${name} or ${namespace}"
        ),
        ("immutable: {}", "immutable: says nothing; add fields, such as spec.location, or facets, such as location"),
        (
            "immutable: {fields: [status.x]}",
            "immutable.fields[0]: status.x: only fields of spec and metadata can be held fast; begin with spec. or metadata."
        ),
        (
            "immutable: {fields: ['spec.a[]']}",
            "immutable.fields[0]: spec.a[] is a list's element; name the list itself, or a field of its elements"
        ),
        (
            "immutable: {fields: ['spec.']}",
            "immutable.fields[0]: \"spec.\" names no field: at character 6: lacks a name here; write letters and digits, or quote the name: ['…']"
        ),
        (
            "immutable: {facets: [place]}",
            "immutable.facets[0]: is \"place\"; write location, sku, "
        ),
        (
            "naming: {}",
            "naming: says nothing; add a pattern in RE2's syntax, such as ^team-a-[a-z0-9-]+$, or another field"
        ),
        (
            "naming: {minimumLength: 5, maximumLength: 3}",
            "naming.minimumLength: is more than maximumLength; make it smaller"
        ),
        (
            "naming: {maximumLength: x}",
            "naming.maximumLength: must be a whole number, 0 or more; write it without quotes and fraction"
        ),
        (
            "naming: {prefix: '${team}-'}",
            "naming.prefix: holds a '${' that is not known here; write ${name} or ${namespace}"
        ),
        ("tags: {}", "tags: says nothing; add required, forbidden or inherited"),
        (
            "tags: {inherited: [a, A]}",
            "tags.inherited[1]: is inherited twice: Azure does not tell letter case in tag names; keep one"
        ),
    ]

    @Test(arguments: faults) func tellsFaults(_ example: (rule: String, issue: String)) throws {
        let issues = try compile([("p.yaml", policy(rule: example.rule))]).issues.map {
            "\($0.field): \($0.message); \($0.mend)"
        }
        #expect(issues.contains { $0.hasPrefix("spec.rules[0].\(example.issue)") }, "\(issues)")
    }
}
