import JSON
import Policy
import Testing

/// What a folder is told about its faults.
@Suite struct CompilerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// `line:column field: message; mend`, each.
        let issues: [String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ issues: String...) {
            self.name = name
            self.text = text
            self.issues = issues
        }
    }

    /// A policy whose rule stands on line 7, behind six columns.
    static func rule(_ name: String, _ rule: String, _ issues: String...) -> Case {
        Case(name, policy(rule: rule), all: issues)
    }

    static func binding(_ name: String, _ spec: String, _ issues: String...) -> Case {
        Case(
            name,
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzureBinding\nmetadata: {name: b}\nspec: {\(spec)}\n",
            all: issues
        )
    }

    static func mutation(_ name: String, _ mutation: String, _ issues: String...) -> Case {
        Case(
            name,
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: m}\nspec: {mutations: [\(mutation)]}\n",
            all: issues
        )
    }

    static let documents: [Case] = [
        Case("an empty file", ""), Case("a comment", "# nothing\n"), Case("null", "null\n"),
        Case(
            "a list",
            "- a\n",
            "1:1 : the document is a list, not an object; write apiVersion, kind, metadata and spec"
        ),
        Case("no kind", "apiVersion: v1\n", "1:1 : has no kind; add kind: AzurePolicy or another kind of policy"),
        Case(
            "a kind with a slip",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolcy\n",
            "2:7 kind: is \"AzurePolcy\", did you mean \"AzurePolicy\"?; write AzurePolicy"
        ),
        Case(
            "a kind of others",
            "apiVersion: apps/v1\nkind: Deployment\n",
            "2:7 kind: Deployment of apps/v1 is not a policy; keep it in another folder, or name its kind in a policy's spec.params"
        ),
        Case(
            "a kind of later",
            "apiVersion: portcullis.dev/v1alpha1\nkind: DatabaseRestore\n",
            "2:7 kind: DatabaseRestore is not supported by this version; remove it; nothing would enforce it"
        ),
        Case(
            "another version",
            "apiVersion: portcullis.dev/v1\nkind: AzurePolicy\n",
            "1:13 apiVersion: is \"portcullis.dev/v1\"; write portcullis.dev/v1alpha1"
        ),
        Case(
            "a kustomization",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n"
        ),
        Case(
            "no name",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {}\nspec: {}\n",
            "3:11 metadata: has no name; add a name"
        ),
        Case(
            "a name that is none",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: Büro}\nspec: {}\n",
            "3:18 metadata.name: is \"Büro\"; use at most 63 of a-z, 0-9, '-' and '.'"
        ),
        Case(
            "no spec",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: p}\n",
            "1:1 : has no spec; add spec"
        ),
        Case(
            "two of a name",
            policy(rule: "locations: {allow: [westeurope]}") + "\n---\n"
                + policy(rule: "locations: {allow: [westeurope]}"),
            "12:18 metadata.name: AzurePolicy p exists already (f.yaml:3); give it a name of its own"
        ),
        Case(
            "a field of the document",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: p}\nspecs: {}\nspec: {rules: [{name: r, kinds: {deny: ['*/*']}}]}\n",
            "4:1 specs: is unknown, did you mean \"spec\"?; write spec"
        ),
        Case(
            "an empty spec",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzurePolicy\nmetadata: {name: p}\nspec: {}\n",
            "4:7 spec: has neither rules nor mutations; add rules or mutations; a policy without them does nothing"
        ),
        Case(
            "a list of documents",
            "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Namespace, metadata: {name: a}}\n- {apiVersion: v1, kind: Pod}\n",
            "5:26 items[1].kind: Pod of v1 is not a policy; keep it in another folder, or name its kind in a policy's spec.params"
        ),
        Case(
            "a namespace",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: z}}\nspec: {finalizers: [kubernetes]}\nstatus: {phase: Active}\n"
        ),
        Case(
            "a label that is no string",
            "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {x: 5}}\n",
            "3:33 metadata.labels: a label's value must be a string; quote it"
        ),
    ]

    static let rules: [Case] = [
        rule(
            "a region that we do not know is a warning",
            "locations: {allow: [westeurop]}",
            "8:37 spec.rules[0].locations.allow[0]: \"westeurop\" is not a region that we know, did you mean \"westeurope\"?; write westeurope"
        ),
        rule(
            "a rule with a slip",
            "location: {allow: [westeurope]}",
            "8:17 spec.rules[0].location: is unknown, did you mean \"locations\"?; write locations"
        ),
        rule(
            "a field of later",
            "skus: {maximum: {iops: 100}}",
            "8:34 spec.rules[0].skus.maximum.iops: is not supported by this version; remove it; nothing would enforce it"
        ),
        rule(
            "no rule in a rule",
            "message: x",
            "8:7 spec.rules[0]: says nothing; add one of locations, skus, tags, naming, exposure, encryption, zones, backup, cost, kinds, deletion, immutable, cel, quota"
        ),
        rule(
            "two rules in one",
            "locations: {deny: [eastus]}, kinds: {deny: ['*/*']}",
            "8:7 spec.rules[0]: has locations or kinds in one rule; make a rule of each"
        ),
        rule(
            "a rule that says nothing",
            "locations: {}",
            "8:28 spec.rules[0].locations: says nothing; add allow, deny, replicas or sameAsOwner"
        ),
        rule(
            "a rule that is null",
            "locations: null",
            "8:28 spec.rules[0].locations: must be an object, not null; write an object with allow, deny, global, replicas or sameAsOwner"
        ),
        rule(
            "an empty list",
            "locations: {allow: []}",
            "8:36 spec.rules[0].locations.allow: is an empty list, which would match nothing; list something or remove the field"
        ),
        rule(
            "a string in place of a list",
            "locations: {allow: westeurope}",
            "8:36 spec.rules[0].locations.allow: must be a list, not a string; write a list (- …)"
        ),
        rule(
            "a number in place of a string",
            "locations: {allow: [5]}",
            "8:37 spec.rules[0].locations.allow[0]: must be a string, not a number; quote it"
        ),
        rule(
            "an action that is none",
            "kinds: {deny: ['*/*']}, action: Denny",
            "8:49 spec.rules[0].action: is \"Denny\"; write Deny, Warn or Audit"
        ),
        rule(
            "a verdict that is none",
            "kinds: {deny: ['*/*']}, ifAbsent: Maybe",
            "8:51 spec.rules[0].ifAbsent: is \"Maybe\"; write Allow or Deny"
        ),
        rule(
            "a pattern that does not compile",
            "naming: {pattern: '['}",
            "8:35 spec.rules[0].naming.pattern: the pattern \"[\" does not compile: missing ]: [; write a pattern in RE2's syntax"
        ),
        rule(
            "a look-ahead, which RE2 has not",
            "naming: {pattern: '(?=a)'}",
            "8:35 spec.rules[0].naming.pattern: the pattern \"(?=a)\" does not compile: invalid perl operator: (?=; write a pattern in RE2's syntax"
        ),
        rule(
            "a part of an SKU with a slip",
            "skus: {allow: [{nam: x}]}",
            "8:32 spec.rules[0].skus.allow[0]: names no part of a SKU and would match every one; add name, tier, family or size",
            "8:33 spec.rules[0].skus.allow[0].nam: is unknown, did you mean \"name\"?; write name"
        ),
        rule(
            "a ceiling that is a string",
            "skus: {maximum: {vCores: '4'}}",
            "8:42 spec.rules[0].skus.maximum.vCores: must be a number, not a string; write a number without quotes"
        ),
        rule(
            "a ceiling below nothing",
            "skus: {maximum: {vCores: -4}}",
            "8:42 spec.rules[0].skus.maximum.vCores: must not be negative; write 0 or more"
        ),
        rule(
            "a tag's name that Azure does not take",
            "tags: {required: {'a/b': {}}}",
            "8:42 spec.rules[0].tags.required[\"a/b\"]: is no tag's name; use at most 512 characters without < > % & \\ ? / *"
        ),
        rule(
            "a tag that is required twice",
            "tags: {required: {a: {}, A: {}}}",
            "8:45 spec.rules[0].tags.required.A: is required twice: Azure does not tell letter case in tag names; keep one"
        ),
        rule(
            "exposure that would open",
            "exposure: {publicNetworkAccess: Enabled}",
            "8:49 spec.rules[0].exposure.publicNetworkAccess: is \"Enabled\"; write Disabled or SecuredByPerimeter"
        ),
        rule(
            "a version of TLS that YAML made a number",
            "exposure: {minimumTLSVersion: 1.2}",
            "8:47 spec.rules[0].exposure.minimumTLSVersion: must be a string, not a number; quote it"
        ),
        rule(
            "a version of TLS that there is not",
            "exposure: {minimumTLSVersion: '1.4'}",
            "8:47 spec.rules[0].exposure.minimumTLSVersion: is \"1.4\"; write 1.0, 1.1, 1.2 or 1.3"
        ),
        rule(
            "a kind without its group",
            "kinds: {deny: [StorageAccount]}",
            "8:32 spec.rules[0].kinds.deny[0]: is \"StorageAccount\"; write group/Kind, such as storage.azure.com/StorageAccount or sql.azure.com/*"
        ),
        rule(
            "a message of two lines",
            "kinds: {deny: ['*/*']}, message: \"a\\nb\"",
            "8:50 spec.rules[0].message: must be one line of at most 1024 bytes; shorten it and remove line breaks"
        ),
        Case(
            "a name that is used twice",
            policy(rule: "kinds: {deny: ['*/*']}") + "\n    - {name: r, kinds: {deny: ['*/*']}}",
            "9:7 spec.rules[1]: is the second rule named \"r\"; give it a name of its own"
        ),
        Case(
            "a match with a slip",
            policy(match: "{namespace: [a]}", rule: "kinds: {deny: ['*/*']}"),
            "5:11 spec.match.namespace: is unknown, did you mean \"namespaces\"?; write namespaces"
        ),
        Case(
            "a selector with a slip",
            policy(match: "{namespaceSelector: {matchLabel: {a: b}}}", rule: "kinds: {deny: ['*/*']}"),
            "5:31 spec.match.namespaceSelector.matchLabel: is not a member of a label selector; use matchLabels or matchExpressions"
        ),
        Case(
            "an operation that is none",
            policy(match: "{operations: [PATCH]}", rule: "kinds: {deny: ['*/*']}"),
            "5:24 spec.match.operations[0]: is \"PATCH\"; write CREATE, UPDATE, DELETE or CONNECT"
        ),
        Case(
            "a kind that we do not know is a warning",
            policy(match: "{resources: [storage.azure.com/StorageAcount]}", rule: "kinds: {deny: ['*/*']}"),
            "5:23 spec.match.resources[0]: fits no kind that we know, did you mean \"storage.azure.com/StorageAccount\"?; "
                + "write storage.azure.com/StorageAccount"
        ),
        Case(
            "and so is a glob that fits none",
            policy(match: "{resources: ['storages.azure.com/*', 'novel.example/*']}", rule: "kinds: {deny: ['*/*']}"),
            "5:23 spec.match.resources[0]: fits no kind that we know; check the spelling"
        ),
        Case(
            "no conditions",
            policy(match: "{conditions: []}", rule: "kinds: {deny: ['*/*']}"),
            "5:23 spec.match.conditions: is an empty list, which would match nothing; list something or remove the field"
        ),
    ]

    static let others: [Case] = [
        mutation(
            "set and default at once",
            "{name: a, tags: {set: {x: a}, default: {b: c}}}",
            "4:36 spec.mutations[0].tags: needs one of set, default, inherit or remove; make a mutation of each"
        ),
        mutation(
            "a mutation of later",
            "{name: a, action: Warn, azureName: {default: x}}",
            "4:30 spec.mutations[0].action: is not supported by this version; remove it; nothing would enforce it"
        ),
        mutation(
            "a tag that is too long",
            "{name: a, tags: {set: {x: '\(String(repeating: "x", count: 257))'}}}",
            "4:46 spec.mutations[0].tags.set.x: has 257 characters; keep it within Azure's 256"
        ),
        binding(
            "no namespaces",
            "subscriptions: [22222222-2222-2222-2222-222222222222]",
            "4:7 spec: has no namespaces; list the namespaces that it binds; globs are allowed"
        ),
        Case(
            "the name of those that no binding matches",
            "apiVersion: portcullis.dev/v1alpha1\nkind: AzureBinding\nmetadata: {name: no-binding}\nspec: {namespaces: [a]}\n",
            all: ["1:1 : is called as failures without a binding are; choose another metadata.name"]
        ),
        binding(
            "a subscription in other digits",
            "namespaces: [a], subscriptions: [２2222222-2222-2222-2222-2222222222]",
            "4:41 spec.subscriptions[0]: is \"２2222222-2222-2222-2222-2222222222\"; write a GUID such as 11111111-1111-1111-1111-111111111111"
        ),
        binding(
            "a subscription by name",
            "namespaces: [a], subscriptions: [prod]",
            "4:41 spec.subscriptions[0]: is \"prod\"; write a GUID such as 11111111-1111-1111-1111-111111111111"
        ),
        binding(
            "groups of no subscription",
            "namespaces: [a], resourceGroups: [b]",
            "4:7 spec: lists resourceGroups, but no subscriptions that they are in; add subscriptions"
        ),
        binding(
            "a shared resource that is none",
            "namespaces: [a], sharedResources: [hub]",
            "4:43 spec.sharedResources[0]: not a resource ID: must begin with '/' (at byte 0); write a resource ID; * may stand for names, and /** at its end"
        ),
        binding(
            "a credential with a namespace",
            "namespaces: [a], credentials: {allow: [b/c]}",
            "4:47 spec.credentials.allow[0]: names a namespace; write the Secret's name alone; it is always in the resource's namespace"
        ),
        binding(
            "a failurePolicy, for it always fails",
            "namespaces: [a], failurePolicy: Ignore",
            "4:25 spec.failurePolicy: is unknown; remove it; known are namespaces, excludedNamespaces, "
                + "namespaceSelector, tenant, subscriptions, resourceGroups, sharedResources, credentials, identities, "
                + "userAssignedIdentities, fromConfig, reconcilePolicies, secretDestinations, configMapDestinations, "
                + "owners, extensions, roles, federatedSubjects, adoption, duplicates"
        ),
        binding(
            "an identity that is none",
            "namespaces: [a], userAssignedIdentities: [/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/x]",
            "4:50 spec.userAssignedIdentities[0]: is not the ID of a user-assigned identity; "
                + "write …/providers/Microsoft.ManagedIdentity/userAssignedIdentities/<name>; * may stand for the name"
        ),
    ]

    @Test(arguments: documents + rules + others) func tells(_ example: Case) throws {
        let result = try compile([("f.yaml", example.text)])
        #expect(
            result.issues.map { "\($0.line):\($0.column) \($0.field): \($0.message); \($0.mend)" } == example.issues
        )
        #expect((result.set == nil) == !result.errors.isEmpty)
    }

    @Test func namesFileLineAndColumn() throws {
        let result = try compile([("policies/x.yaml", policy(rule: "naming: {pattern: '['}"))])
        #expect(
            result.issues.first?.description.hasPrefix("policies/x.yaml:8:35: error: spec.rules[0].naming.pattern: ")
                == true
        )
        let json = try compile([
            (
                "x.json",
                #"{"apiVersion":"portcullis.dev/v1alpha1","kind":"AzurePolicy","metadata":{"name":"p"},"spec":{"rule":[]}}"#
            )
        ])
        #expect(json.issues.map { "\($0.line):\($0.column)" }.contains("1:94"))
    }

    /// One bad document keeps all others from being in force.
    @Test func neverLoadsAPart() throws {
        let result = try compile([
            ("a.yaml", policy("a", rule: "locations: {allow: [westeurope]}")),
            ("b.yaml", policy("b", rule: "locations: {alow: []}")),
        ])
        #expect(result.set == nil)
        #expect(result.errors.map(\.file) == ["b.yaml", "b.yaml"])
    }

    @Test func namesAllFaultsAtOnce() throws {
        let result = try compile([
            ("b.yaml", policy("b", match: "{namespace: [x]}", rule: "locations: {alow: [x]}, actoin: Warn")),
            ("a.yaml", "kind: x\n"),
        ])
        #expect(
            result.issues.map { "\($0.file):\($0.line)" } == [
                "a.yaml:1", "b.yaml:5", "b.yaml:8", "b.yaml:8", "b.yaml:8",
            ]
        )
    }

    /// Warnings may fill the log; an error still keeps the set back and is told.
    @Test func anErrorIsNotDrownedInWarnings() throws {
        let regions = (0..<500).map { "nowhere\($0)" }.joined(separator: ", ")
        let result = try compile([
            ("a.yaml", policy("a", rule: "locations: {allow: [\(regions)]}")),
            ("b.yaml", policy("b", rule: "locations: {alow: [x]}")),
        ])
        #expect(result.set == nil)
        #expect(result.errors.map(\.file) == ["b.yaml", "b.yaml"])
        #expect(result.issues.count == 202)
    }

    @Test func countsWhatItHolds() throws {
        let set = try policies(
            MatchTests.namespace,
            policy("a", rule: "kinds: {deny: ['*/*']}"),
            BindingTests.binding,
            MutationTests.mutating("[{name: a, credential: {default: x}}]")
        )
        #expect(set.policyCount == 2)
        #expect(set.ruleCount == 1)
        #expect(set.mutationCount == 1)
        #expect(set.bindingCount == 1)
        #expect(set.namespaceCount == 1)
        #expect(set.hasBinding)
        var compiler = PolicyCompiler()
        compiler.add(try JSONDocument.parseYAML(Array(MatchTests.namespace.utf8))[0], file: "n.yaml")
        #expect(compiler.finish(generation: 7).set?.generation == 7)
    }

    @Test func aFileThatCannotBeReadKeepsTheSetBack() throws {
        var compiler = PolicyCompiler()
        compiler.add(PolicyIssue(file: "x.yaml", line: 3, column: 1, message: "is not YAML", mend: "indent it"))
        let result = compiler.finish()
        #expect(result.set == nil)
        #expect(result.issues.map(\.description) == ["x.yaml:3:1: error: is not YAML; indent it"])
    }
}

extension CompilerTests.Case {
    fileprivate init(_ name: String, _ text: String, all issues: [String]) {
        self.name = name
        self.text = text
        self.issues = issues
    }
}
