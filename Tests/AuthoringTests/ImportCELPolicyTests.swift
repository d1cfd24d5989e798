import Authoring
import Policy
import Testing

@Suite struct ImportCELPolicyTests {
    private func imported(_ source: CELPolicyImport.Source, _ text: String) -> ImportReport {
        var importer = CELPolicyImport(source)
        importer.add(Array(text.utf8), file: "a.yaml")
        return importer.finish()
    }

    // MARK: - Gatekeeper

    static let template = """
        apiVersion: templates.gatekeeper.sh/v1
        kind: ConstraintTemplate
        metadata: {name: regions, annotations: {metadata.gatekeeper.sh/title: Regions}}
        spec:
          crd: {spec: {names: {kind: Regions}}}
          targets:
            - target: admission.k8s.gatekeeper.sh
              code:
                - engine: K8sNativeValidation
                  source:
                    variables:
                      - {name: regions, expression: "has(params.regions) ? params.regions : ['params']"}
                    validations:
                      - expression: |
                          variables.anyObject.spec.location in variables.regions ||
                          variables.anyObject.spec.location in variables.params.more
                        messageExpression: "'not in ' + variables.regions.join(', ')"
        ---
        apiVersion: constraints.gatekeeper.sh/v1beta1
        kind: Regions
        metadata: {name: eu}
        spec:
          enforcementAction: ACTION
          match:
            kinds: [{apiGroups: [storage.azure.com], kinds: [StorageAccount]}]
            excludedNamespaces: [kube-system]
          parameters: {regions: [westeurope], more: [northeurope]}
        """

    @Test func aConstraintIsAnAzurePolicy() throws {
        let report = imported(.gatekeeper, Self.template.replacing("ACTION", with: "deny"))
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        #expect(report.items.first?.title == "Regions")
        #expect(report.policies.contains("variables.params.regions"))
        #expect(report.policies.contains("['params']"))
        let specs = ["{location: westeurope}", "{location: northeurope}", "{location: uksouth}"]
        #expect(try denials(report.policies, specs) == [false, false, true], "\(report.policies)")
    }

    @Test(arguments: [("warn", "Warn"), ("dryrun", "Audit")]) func enforcementIsAnAction(
        _ word: String,
        _ action: String
    ) {
        let report = imported(.gatekeeper, Self.template.replacing("ACTION", with: word))
        #expect(report.policies.contains("action: \(action)"))
    }

    @Test func regoIsRefused() {
        let text = Self.template.replacing("K8sNativeValidation", with: "Rego").replacing("ACTION", with: "deny")
        #expect(imported(.gatekeeper, text).reasons.first?.contains("Rego") ?? false)
    }

    @Test func otherGroupsAndActionsAreRefused() {
        let pods = Self.template.replacing("storage.azure.com", with: "apps").replacing("ACTION", with: "deny")
        #expect(imported(.gatekeeper, pods).items.first?.reasons.map(\.code) == [.noKind])
        let scoped = Self.template.replacing("ACTION", with: "scoped")
        #expect(imported(.gatekeeper, scoped).items.first?.reasons.map(\.code) == [.effect])
    }

    @Test func aTemplateWithoutConstraintIsRefused() {
        let text = Self.template.split(separator: "---").first.map(String.init) ?? ""
        #expect(imported(.gatekeeper, text).items.first?.reasons.map(\.code) == [.missingDefinition])
    }

    // MARK: - Kyverno

    static let cluster = """
        apiVersion: kyverno.io/v1
        kind: ClusterPolicy
        metadata: {name: storage}
        spec:
          validationFailureAction: Enforce
          rules:
            - name: tls
              match: {any: [{resources: {kinds: [storage.azure.com/v1api20230101/StorageAccount], namespaces: [a]}}]}
              exclude: {any: [{resources: {namespaces: [b]}}]}
              celPreconditions: [{name: kind, expression: "has(object.spec.kind)"}]
              validate:
                message: too old
                cel:
                  variables: [{name: version, expression: "object.spec.?minimumTlsVersion.orValue('')"}]
                  expressions: [{expression: "variables.version == 'TLS1_2'"}]
        """

    @Test func aRuleOfAClusterPolicyIsAnAzurePolicy() throws {
        let report = imported(.kyverno, Self.cluster)
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        let specs = ["{kind: a, minimumTlsVersion: TLS1_2}", "{kind: a}", "{}"]
        #expect(try denials(report.policies, specs) == [false, true, false], "\(report.policies)")
        #expect(report.policies.contains("message: too old"))
    }

    @Test func whatIsNoCELMakesItAPart() {
        let text =
            Self.cluster + """

                    - name: pattern
                      match: {any: [{resources: {kinds: [StorageAccount]}}]}
                      validate: {pattern: {spec: {location: "?*"}}}
                    - name: pods
                      match: {any: [{resources: {kinds: [Pod]}}]}
                      validate: {cel: {expressions: [{expression: "true"}]}}
                    - name: users
                      match: {any: [{resources: {kinds: [StorageAccount]}, subjects: [{kind: User, name: a}]}]}
                      validate: {cel: {expressions: [{expression: "true"}]}}
                """
        let report = imported(.kyverno, text)
        #expect(report.count(.partly) == 1)
        #expect(report.items.first?.reasons.map(\.code) == [.unsupported, .noKind, .unsupported])
    }

    @Test func aValidatingPolicyIsAnAdmissionPolicy() throws {
        let report = imported(
            .kyverno,
            """
            apiVersion: policies.kyverno.io/v1alpha1
            kind: ValidatingPolicy
            metadata: {name: storage}
            spec:
              validationActions: [Deny]
              matchConstraints:
                resourceRules:
                  - {apiGroups: [storage.azure.com], apiVersions: ["*"], operations: [CREATE], resources: [storageaccounts]}
              validations: [{expression: "object.spec.?location.orValue('') == 'westeurope'"}]
            """
        )
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        #expect(report.policies.contains("kind: ValidatingAdmissionPolicyBinding"))
        #expect(try denials(report.policies, ["{location: westeurope}", "{location: uksouth}"]) == [false, true])
    }

    @Test func kyvernosOwnFunctionsAreRefused() {
        let text = Self.cluster.replacing("variables.version == 'TLS1_2'", with: "http.Get('https://a') == 1")
        let report = imported(.kyverno, text)
        #expect(report.count(.refused) == 1)
        #expect(report.reasons.first?.contains("does not compile") ?? false, "\(report.reasons)")
    }

    // MARK: - Kubernetes

    static let admission = """
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: {name: storage}
        spec:
          matchConstraints:
            resourceRules:
              - {apiGroups: [storage.azure.com], apiVersions: ["*"], operations: [CREATE], resources: [storageaccounts]}
          validations:
            - expression: |-
                object.spec.?location.orValue('')
                  == 'westeurope'
        """

    @Test func anAdmissionPolicyStaysAsItIs() throws {
        let binding = """

            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingAdmissionPolicyBinding
            metadata: {name: storage}
            spec: {policyName: storage, validationActions: [Deny]}
            """
        let report = imported(.vap, Self.admission + binding)
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        #expect(report.items.first?.notes == [])
        #expect(try denials(report.policies, ["{location: westeurope}", "{location: uksouth}"]) == [false, true])
        #expect(imported(.vap, Self.admission).items.first?.notes.contains { $0.contains("binding") } ?? false)
    }

    @Test func whatTheServerWouldRefuseIsRefused() {
        let report = imported(.vap, Self.admission.replacing("object.spec", with: "authorizer.group"))
        #expect(report.count(.refused) == 1)
        #expect(report.items.first?.files.isEmpty ?? false)
    }

    // MARK: - What is wrong

    @Test(arguments: [
        ("a: [", "a.yaml:2:1:"), ("3", "a.yaml:1:1:"), ("kind: ConfigMap", "a.yaml:1:1:"),
        ("apiVersion: 3\nkind: A", "a.yaml:1:1:"),
    ]) func tellsThePlace(_ text: String, _ place: String) {
        for source in CELPolicyImport.Source.allCases {
            let report = imported(source, text)
            #expect(report.items.isEmpty)
            #expect(report.issues.first?.description.hasPrefix(place) ?? false, "\(report.issues)")
        }
    }

    @Test(arguments: [
        ("spec: 3", 1), ("spec: {rules: 3}", 1), ("spec: {rules: [3]}", 1), ("spec: {rules: [{match: {any: [3]}}]}", 1),
        ("spec: {rules: [{match: {resources: {kinds: [3]}}, validate: {cel: {expressions: [3]}}}]}", 1),
    ]) func wrongTypesAreReasons(_ spec: String, _ count: Int) {
        let report = imported(.kyverno, "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {name: a}\n\(spec)")
        #expect(report.count(.refused) == count)
        #expect(!report.reasons.isEmpty)
    }
}
