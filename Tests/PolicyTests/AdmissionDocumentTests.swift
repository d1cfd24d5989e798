import JSON
import Policy
import Testing

/// What a folder is told about Kubernetes' own policies.
@Suite struct AdmissionDocumentTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        /// `line:column field: message; mend`, each, but for the warning that a policy has no binding.
        let issues: [String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ issues: String...) {
            self.name = name
            self.text = text
            self.issues = issues
        }
    }

    static func validating(_ name: String, _ spec: String, _ issues: String...) -> Case {
        Case(name, Manifest.validating(spec), all: issues)
    }

    /// The validation stands on line 6, behind 16 columns.
    static func validation(_ name: String, _ validation: String, _ issues: String...) -> Case {
        Case(name, Manifest.validation(validation), all: issues)
    }

    static func match(_ name: String, _ match: String, _ issues: String...) -> Case {
        Case(name, Manifest.validation(match: match, "expression: 'true'"), all: issues)
    }

    static func rule(_ name: String, _ rule: String, _ issues: String...) -> Case {
        Case(name, Manifest.validation(match: "{resourceRules: [{\(rule)}]}", "expression: 'true'"), all: issues)
    }

    static func binding(_ name: String, _ spec: String, _ issues: String...) -> Case {
        Case(
            name,
            Manifest.document("ValidatingAdmissionPolicyBinding", "b", "v1", spec) + "\n---\n"
                + Manifest.validation("expression: 'true'"),
            all: issues
        )
    }

    static func mutation(_ name: String, _ mutations: String, _ issues: String...) -> Case {
        Case(name, Manifest.mutating("mutations: \(mutations)"), all: issues)
    }

    /// What a cluster has, as `kubectl get -o yaml` shows it.
    static let whole: [Case] = [
        Case(
            "a policy with all that there is",
            """
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicy
            metadata:
              name: replica-limit.policy.example.com
              uid: 3d0a7b0e-6a0e-4e8c-8d7e-0f5a0e8f4f10
              generation: 1
              annotations: {kubectl.kubernetes.io/last-applied-configuration: "{}"}
            spec:
              failurePolicy: Fail
              paramKind: {apiVersion: rules.example.com/v1, kind: ReplicaLimit}
              matchConstraints:
                matchPolicy: Equivalent
                namespaceSelector: {}
                objectSelector: {}
                resourceRules:
                - apiGroups: [apps]
                  apiVersions: [v1]
                  operations: [CREATE, UPDATE]
                  resources: [deployments]
                  scope: '*'
                excludeResourceRules:
                - apiGroups: ['']
                  apiVersions: ['*']
                  operations: ['*']
                  resources: [pods/exec, '*/scale']
                  resourceNames: [a.b]
              matchConditions:
              - name: exclude-leases
                expression: '!(request.resource.group == "coordination.k8s.io")'
              - {name: example.com/not-system, expression: "!request.userInfo.username.startsWith('system:')"}
              variables:
              - name: environment
                expression: "'environment' in namespaceObject.metadata.labels ? namespaceObject.metadata.labels['environment'] : 'prod'"
              validations:
              - expression: variables.environment != 'prod' || object.spec.replicas <= params.maxReplicas
                messageExpression: "'replicas must be no greater than ' + string(params.maxReplicas)"
                reason: Invalid
              - {expression: "object.spec.replicas > 0", message: some, reason: Forbidden}
              auditAnnotations:
              - key: high-replica-count
                valueExpression: "'replicas: ' + string(object.spec.replicas)"
            status:
              observedGeneration: 1
              typeChecking: {}
            """
        ),
        Case("an older version", Manifest.validating(version: "v1beta1", "validations: [{expression: 'true'}]")),
        Case(
            "empty lists and texts",
            Manifest.validating(
                """
                matchConditions: []
                variables: []
                auditAnnotations: []
                paramKind: null
                validations: [{expression: 'true', message: '', messageExpression: '', reason: ''}]
                """
            )
        ),
    ]

    static let specs: [Case] = [
        Case(
            "a version that there is not",
            "apiVersion: admissionregistration.k8s.io/v2\nkind: ValidatingAdmissionPolicy\nmetadata: {name: p}\nspec: {}\n",
            "1:13 apiVersion: is \"admissionregistration.k8s.io/v2\"; write admissionregistration.k8s.io/v1"
        ),
        Case(
            "a name that is none",
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {name: A_b}\nspec: {}\n",
            "3:18 metadata.name: is \"A_b\"; use at most 253 of a-z, 0-9, '-' and '.', with a letter or digit at both ends"
        ),
        Case(
            "two of a name",
            Manifest.validation("expression: 'true'") + "\n---\n" + Manifest.validation("expression: 'true'"),
            "10:18 metadata.name: ValidatingAdmissionPolicy p exists already (f.yaml:3); give it a name of its own"
        ),
        validating(
            "a field that there is not",
            "validation: []\nvalidations: [{expression: 'true'}]",
            "6:3 spec.validation: is unknown, did you mean \"validations\"?; write validations"
        ),
        validating(
            "nothing to validate",
            "validations: []",
            "5:3 spec: has neither validations nor auditAnnotations; add one of them"
        ),
        validating(
            "a failurePolicy in another case",
            "failurePolicy: fail\nvalidations: [{expression: 'true'}]",
            "6:18 spec.failurePolicy: is \"fail\"; write Fail or Ignore"
        ),
        validating(
            "a paramKind without a kind",
            "paramKind: {apiVersion: v1}\nvalidations: [{expression: 'true'}]",
            "6:14 spec.paramKind: has no kind; add a kind, such as ConfigMap"
        ),
        validating(
            "an apiVersion that is none",
            "paramKind: {apiVersion: a/b/c, kind: X}\nvalidations: [{expression: 'true'}]",
            "6:27 spec.paramKind.apiVersion: is \"a/b/c\"; write v1 or group/version"
        ),
        validating(
            "65 conditions",
            "matchConditions: [\((0..<65).map { "{name: c\($0), expression: 'true'}" }.joined(separator: ", "))]\nvalidations: [{expression: 'true'}]",
            "6:20 spec.matchConditions: has 65 conditions; keep them within 64"
        ),
        validating(
            "two conditions of a name",
            "matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]\nvalidations: [{expression: 'true'}]",
            "6:52 spec.matchConditions[1]: is the second condition named \"a\"; give it a name of its own"
        ),
        validating(
            "a condition's name",
            "matchConditions: [{name: -a, expression: 'true'}]\nvalidations: [{expression: 'true'}]",
            "6:28 spec.matchConditions[0].name: is \"-a\"; use at most 63 of letters, digits, '-', '_' and '.', with a letter or digit at both ends"
        ),
        validating(
            "a condition that reads variables",
            "variables: [{name: a, expression: 'true'}]\nmatchConditions: [{name: a, expression: variables.a}]\nvalidations: [{expression: 'true'}]",
            "7:53 spec.matchConditions[0].expression: does not compile: kubernetes.variables has no field 'a'; mend the expression: the API server would refuse it too"
        ),
        validating(
            "a variable's name",
            "variables: [{name: a-b, expression: 'true'}, {name: for, expression: 'true'}]\nvalidations: [{expression: 'true'}]",
            "6:22 spec.variables[0].name: is \"a-b\"; use letters, digits and '_', and no word that CEL reserves",
            "6:55 spec.variables[1].name: is \"for\"; use letters, digits and '_', and no word that CEL reserves"
        ),
        validating(
            "21 annotations",
            "auditAnnotations: [\((0..<21).map { "{key: k\($0), valueExpression: \"'a'\"}" }.joined(separator: ", "))]",
            "6:21 spec.auditAnnotations: has 21 annotations; keep them within 20"
        ),
        validating(
            "an annotation's key",
            "auditAnnotations: [{key: a/b, valueExpression: \"'a'\"}, {key: a, valueExpression: \"'a'\"}, {key: a, valueExpression: \"'a'\"}]",
            "6:28 spec.auditAnnotations[0].key: has a '/'; write the name alone: the policy's name comes before it",
            "6:98 spec.auditAnnotations[2].key: is the second annotation of the key \"a\"; give it a key of its own"
        ),
    ]

    static let validations: [Case] = [
        validation("no expression", "message: m", "6:17 spec.validations[0]: has no expression; add expression"),
        validation(
            "an empty expression",
            "expression: ' '",
            "6:30 spec.validations[0].expression: is empty; write a value"
        ),
        validation(
            "a message of two lines",
            #"expression: 'true', message: "a\nb""#,
            "6:47 spec.validations[0].message: must not contain line breaks; write it in one line"
        ),
        validation(
            "a reason",
            "expression: 'true', reason: NotFound",
            "6:46 spec.validations[0].reason: is \"NotFound\"; write Forbidden, Invalid or RequestEntityTooLarge"
        ),
        validation(
            "a reason that is documented and refused by the API server too",
            "expression: 'true', reason: Unauthorized",
            "6:46 spec.validations[0].reason: is \"Unauthorized\"; write Forbidden, Invalid or RequestEntityTooLarge"
        ),
        validation(
            "another type",
            "expression: object.spec.enabled",
            "6:30 spec.validations[0].expression: must evaluate to bool but got dyn; write a comparison, such as … == true"
        ),
        validation(
            "a message of another type",
            "expression: 'true', messageExpression: object.spec.name",
            "6:57 spec.validations[0].messageExpression: must evaluate to string but got dyn; convert it with string(…)"
        ),
        validation(
            "the authorizer",
            "expression: authorizer.requestResource.check('get').allowed()",
            "6:30 spec.validations[0].expression: reads authorizer, which nothing here can ask: Portcullis does not call the API server; judge by request.userInfo, or leave this policy to the API server"
        ),
        validation(
            "params without a kind",
            "expression: params.a == 1",
            "6:30 spec.validations[0].expression: reads params, but the policy has no paramKind; add spec.paramKind"
        ),
    ]

    static let matching: [Case] = [
        Case(
            "no matchConstraints",
            Manifest.document("ValidatingAdmissionPolicy", "p", "v1", "validations: [{expression: 'true'}]"),
            "5:3 spec: has no matchConstraints; add matchConstraints: {resourceRules: […]}"
        ),
        match(
            "no rules",
            "{}",
            "5:21 spec.matchConstraints: has no resourceRules; say which resources and operations the policy is for"
        ),
        match(
            "an empty list of rules",
            "{resourceRules: []}",
            "5:21 spec.matchConstraints: has no resourceRules; say which resources and operations the policy is for"
        ),
        match(
            "a matchPolicy",
            "{matchPolicy: Exactly, resourceRules: [{apiGroups: [a], apiVersions: [v1], operations: ['*'], resources: [b]}]}",
            "5:35 spec.matchConstraints.matchPolicy: is \"Exactly\"; write Exact or Equivalent"
        ),
        rule(
            "a rule that says nothing",
            "scope: Cluster",
            "5:38 spec.matchConstraints.resourceRules[0]: has no apiGroups; add apiGroups: [storage.azure.com]",
            "5:38 spec.matchConstraints.resourceRules[0]: has no apiVersions; add apiVersions: ['*']",
            "5:38 spec.matchConstraints.resourceRules[0]: has no operations; add operations: [CREATE, UPDATE]",
            "5:38 spec.matchConstraints.resourceRules[0]: has no resources; add resources: [storageaccounts]"
        ),
        rule(
            "others beside all",
            "apiGroups: ['*', a], apiVersions: ['*', a], operations: ['*', CREATE], resources: ['*', pods]",
            "5:50 spec.matchConstraints.resourceRules[0].apiGroups: has other elements beside '*'; leave '*' alone",
            "5:73 spec.matchConstraints.resourceRules[0].apiVersions: has other elements beside '*'; leave '*' alone",
            "5:95 spec.matchConstraints.resourceRules[0].operations: has others beside '*'; leave '*' alone",
            "5:121 spec.matchConstraints.resourceRules[0].resources: has other resources beside '*'; leave '*' alone"
        ),
        rule(
            "a resource twice",
            "apiGroups: [a], apiVersions: [v1], operations: [CREATE], resources: ['pods/*', pods/log]",
            "5:118 spec.matchConstraints.resourceRules[0].resources[1]: is part of 'pods/*'; remove one of them"
        ),
        rule(
            "an operation",
            "apiGroups: [a], apiVersions: [v1], operations: [create], resources: [b]",
            "5:87 spec.matchConstraints.resourceRules[0].operations[0]: is \"create\"; write CREATE, UPDATE, DELETE, CONNECT or *"
        ),
        rule(
            "a name with a slash",
            "apiGroups: [a], apiVersions: [v1], operations: [CREATE], resources: [b], resourceNames: [a/b, c, c]",
            "5:128 spec.matchConstraints.resourceRules[0].resourceNames[0]: is \"a/b\"; use no '/' and no '%'",
            "5:136 spec.matchConstraints.resourceRules[0].resourceNames[2]: is listed twice; keep one"
        ),
    ]

    static let bindings: [Case] = [
        binding(
            "without a policy's name",
            "validationActions: [Deny]",
            "5:3 spec: has no policyName; name the ValidatingAdmissionPolicy"
        ),
        binding(
            "without actions",
            "policyName: p",
            "5:3 spec: has no validationActions; add validationActions: [Deny], [Warn] or [Audit]"
        ),
        binding(
            "that denies and warns",
            "policyName: p\nvalidationActions: [Deny, Warn]",
            "6:22 spec.validationActions: has both Deny and Warn, which would tell the user the same twice; keep one of them"
        ),
        binding(
            "that denies twice",
            "policyName: p\nvalidationActions: [Deny, Deny]",
            "6:29 spec.validationActions[1]: is listed twice; keep one"
        ),
        binding(
            "of a policy that is not there",
            "policyName: pp\nvalidationActions: [Deny]",
            "5:15 spec.policyName: names no ValidatingAdmissionPolicy of the folder, did you mean \"p\"?; the binding does nothing; write p"
        ),
        binding(
            "with parameters for nobody",
            "policyName: p\nvalidationActions: [Deny]\nparamRef: {name: a, parameterNotFoundAction: Deny}",
            "7:13 spec.paramRef: is not used: the policy has no paramKind; remove it or add paramKind"
        ),
        binding(
            "with name and selector",
            "policyName: p\nvalidationActions: [Deny]\nparamRef: {name: a, selector: {}, parameterNotFoundAction: Deny}",
            "7:13 spec.paramRef: has both name and selector; write one of them"
        ),
        binding(
            "with neither",
            "policyName: p\nvalidationActions: [Deny]\nparamRef: {namespace: a}",
            "7:13 spec.paramRef: has neither name nor selector; write one of them",
            "7:13 spec.paramRef: has no parameterNotFoundAction; add parameterNotFoundAction: Deny or Allow"
        ),
        Case(
            "of parameters that are not there",
            Manifest.validating(
                "paramKind: {apiVersion: v1, kind: ConfigMap}\nvalidations: [{expression: params.a == 1}]"
            )
                + "\n---\n" + Manifest.binding("p", "paramRef: {name: a, parameterNotFoundAction: Deny}"),
            "15:13 spec.paramRef: finds no ConfigMap of v1; add it to the folder; until then failurePolicy Fail answers"
        ),
        Case(
            "a namespace for what lives in none",
            Manifest.validating(
                "paramKind: {apiVersion: v1, kind: Namespace}\nvalidations: [{expression: params.a == 1}]"
            )
                + "\n---\n" + Manifest.binding("p", "paramRef: {name: a, namespace: b, parameterNotFoundAction: Deny}"),
            "15:13 spec.paramRef: finds no Namespace of v1; add it to the folder; until then failurePolicy Fail answers",
            "15:13 spec.paramRef: has a namespace, but a Namespace lives in none; remove the namespace"
        ),
    ]

    static let mutations: [Case] = [
        mutation("no mutations", "[]", "5:3 spec: has no mutations; add mutations"),
        mutation(
            "no form",
            "[{jsonPatch: {expression: '[]'}}]",
            "7:15 spec.mutations[0]: has no patchType; write patchType: ApplyConfiguration or JSONPatch"
        ),
        mutation(
            "the other form",
            "[{patchType: JSONPatch, applyConfiguration: {expression: 'Object{}'}}]",
            "7:15 spec.mutations[0]: has no jsonPatch; add jsonPatch: {expression: …}",
            "7:58 spec.mutations[0].applyConfiguration: is there while patchType is JSONPatch; remove it"
        ),
        mutation(
            "an expression of the other form",
            "[{patchType: JSONPatch, jsonPatch: {expression: 'Object{}'}}]",
            "7:62 spec.mutations[0].jsonPatch.expression: must evaluate to list(JSONPatch) but got Object; write [JSONPatch{op: \"add\", path: \"/spec/…\", value: …}]"
        ),
        Case(
            "a deletion",
            Manifest.apply(
                match: "{resourceRules: [{apiGroups: [a], apiVersions: [v1], operations: [DELETE], resources: [b]}]}",
                "Object{}"
            ),
            "5:21 spec.matchConstraints: has a rule for DELETE, which nothing can mutate; leave CREATE and UPDATE in resourceRules[].operations"
        ),
        Case(
            "no reinvocationPolicy",
            Manifest.document(
                "MutatingAdmissionPolicy",
                "m",
                "v1beta1",
                "matchConstraints: \(Manifest.writes)\nmutations: [{patchType: ApplyConfiguration, applyConfiguration: {expression: 'Object{}'}}]"
            ),
            "5:3 spec: has no reinvocationPolicy; add reinvocationPolicy: Never or IfNeeded"
        ),
    ]

    @Test(arguments: [whole, specs, validations, matching, bindings, mutations].flatMap { $0 })
    func isTold(_ test: Case) throws {
        let result = try compile([("f.yaml", test.text)])
        let lines = result.lines.filter { !$0.contains("has no binding and does nothing") }
        #expect(lines == test.issues)
        #expect((result.set == nil) == !result.errors.isEmpty)
    }

    @Test func aPolicyWithoutABindingDoesNothing() throws {
        let result = try compile([("f.yaml", Manifest.validation("expression: 'false'"))])
        #expect(result.issues.map(\.severity) == [.warning])
        #expect(result.lines.first?.contains("ValidatingAdmissionPolicy p has no binding and does nothing") == true)
        let set = try #require(result.set)
        #expect(try set.decide(.create(storageAccount("{}"))).allowed)
        #expect(set.admissionPolicyCount == 1 && set.validatingAdmissionPolicyCount == 1)
    }

    @Test func aDocumentIsAParameterOnlyIfAPolicyTakesItsKind() throws {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}"
        let taking = Manifest.validating(
            "paramKind: {apiVersion: v1, kind: ConfigMap}\nvalidations: [{expression: 'true'}]"
        )
        #expect(try compile([("a.yaml", map)]).errors.map(\.message) == ["ConfigMap of v1 is not a policy"])
        #expect(try compile([("a.yaml", map), ("b.yaml", taking)]).set != nil)
        let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}"
        #expect(try compile([("a.yaml", secret), ("b.yaml", taking)]).set == nil)
        let twice = try compile([("a.yaml", map), ("b.yaml", map), ("c.yaml", taking)])
        #expect(twice.errors.map(\.message) == ["ConfigMap a exists already (a.yaml:1)"])
        let nameless = try compile([("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {}"), ("c.yaml", taking)])
        #expect(nameless.errors.map(\.message) == ["has no metadata.name"])
    }
}

extension AdmissionDocumentTests.Case {
    fileprivate init(_ name: String, _ text: String, all issues: [String]) {
        self.name = name
        self.text = text
        self.issues = issues
    }
}
