import Foundation
import JSON
import Kubernetes
import Policy
import Testing

/// Prints what decisions cost.
///
/// Run in release with `PORTCULLIS_MEASURE=1`; times inform, they decide nothing.
@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["PORTCULLIS_MEASURE"] != nil,
        "measures; set PORTCULLIS_MEASURE=1 and test in release"
    ),
    .serialized
)
struct PolicyTimings {
    static let account = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata:
          name: teamastore
          namespace: team-a
          labels: {app: web, tier: backend}
          annotations: {serviceoperator.azure.com/credential-from: team-a-credential}
        spec:
          location: westeurope
          kind: StorageV2
          accessTier: Hot
          sku: {name: Standard_LRS}
          minimumTlsVersion: TLS1_2
          publicNetworkAccess: Disabled
          allowBlobPublicAccess: false
          supportsHttpsTrafficOnly: true
          tags: {cost-center: CC-1234, owner: team-a, environment: dev}
          owner: {name: team-a-rg}
        """

    static let rules = [
        "locations: {allow: [westeurope, northeurope]}", "skus: {allow: [Standard_LRS, Standard_ZRS]}",
        "tags: {required: {cost-center: {pattern: '^CC-[0-9]{4}$'}}}", "naming: {pattern: '^team[a-z0-9]+$'}",
        "exposure: {publicNetworkAccess: Disabled, minimumTLSVersion: '1.2'}",
        "kinds: {allow: ['storage.azure.com/*']}",
        "tags: {required: {owner: {}, environment: {values: [dev, prod]}}}", "locations: {deny: [eastus]}",
        "skus: {deny: [Premium_LRS], maximum: {storageGB: 100}}",
        "exposure: {publicAccess: Disabled, encryption: Required}",
    ]

    static func measure(_ name: String, _ set: PolicySet, _ ask: Ask, mode: DecisionMode = .validate) throws {
        let request = try ask.request()
        var best = Duration.seconds(1)
        var failures = 0
        for _ in 0..<20 {
            let time = ContinuousClock().measure {
                for _ in 0..<2000 { failures = set.decide(request, mode: mode).failures.count }
            }
            best = min(best, time / 2000)
        }
        print("\(name): \(best), \(failures) failures")
    }

    @Test func allowAndDeny() throws {
        let ten = Self.rules.enumerated().map {
            policy("p\($0.offset)", match: "{namespaces: [team-a]}", rule: $0.element)
        }
        let one = try policies(ten.joined(separator: "\n---\n"))
        try Self.measure("no policies", .empty, .create(Self.account))
        try Self.measure("10 rules, allowed", one, .create(Self.account))
        for rule in Self.rules {
            try Self.measure("  \(rule)", policies(policy(rule: rule)), .create(Self.account))
        }
        try Self.measure("10 rules, another namespace", one, .create(Self.account, namespace: "team-z"))
        let many = (0..<990).map {
            policy("q\($0)", match: "{namespaces: [team-\($0), 'squad-\($0)-*']}", rule: Self.rules[$0 % 10])
        }
        let text = (ten + many).joined(separator: "\n---\n")
        let documents = try JSONDocument.parseYAML(Array(text.utf8))
        let load = ContinuousClock().measure {
            var compiler = PolicyCompiler()
            for document in documents { compiler.add(document, file: "f.yaml") }
            #expect(compiler.finish().set != nil)
        }
        print(
            "1000 policies compile: \(load); parse: \(ContinuousClock().measure { _ = try? JSONDocument.parseYAML(Array(text.utf8)) })"
        )
        let thousand = try policies(text)
        try Self.measure("1000 policies, 10 match, allowed", thousand, .create(Self.account))
        try Self.measure(
            "1000 policies, none match, unknown namespace",
            thousand,
            .create(Self.account, namespace: "elsewhere")
        )
        let bad = Self.account.replacing("westeurope", with: "eastus").replacing("Standard_LRS", with: "Premium_LRS")
            .replacing("CC-1234", with: "none").replacing("name: teamastore", with: "name: Zzz").replacing(
                "TLS1_2",
                with: "TLS1_0"
            )
            .replacing("Access: Disabled", with: "Access: Enabled").replacing(
                "environment: dev",
                with: "environment: x"
            )
        try Self.measure("10 rules, denied", one, .create(bad))
        try Self.measure("10 rules, update ratcheted", one, .update(bad, to: bad))
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec:
              namespaces: [team-a]
              subscriptions: [22222222-2222-2222-2222-222222222222]
              resourceGroups: ["team-a-*"]
              credentials: {allow: [team-a-credential]}
            """
        try Self.measure("binding, no IDs", policies(binding), .create(Self.account))
        let mutation = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: m}
            spec:
              mutations:
                - {name: a, tags: {set: {owner: team-a, added: x}}}
            """
        try Self.measure("mutation", policies(mutation), .create(Self.account), mode: .mutate)
    }

    static let expressions = [
        "object.spec.location in ['westeurope', 'northeurope']",
        "object.spec.sku.name in ['Standard_LRS', 'Standard_ZRS']",
        "has(object.spec.tags) && 'cost-center' in object.spec.tags && object.spec.tags['cost-center'].matches('^CC-[0-9]{4}$')",
        "object.spec.publicNetworkAccess == 'Disabled'",
        "object.spec.minimumTlsVersion == 'TLS1_2'",
        "object.metadata.name.matches('^team[a-z0-9]+$')",
        "!has(object.spec.owner.armId)",
        "object.metadata.annotations['serviceoperator.azure.com/credential-from'].startsWith('team-a')",
        "!has(object.spec.identity) || object.spec.identity.type != 'UserAssigned'",
        "request.namespace == 'team-a' && request.userInfo.username != 'admin'",
    ]

    static func expressionPolicy(_ name: String, _ expression: String, match: String = "{namespaces: [team-a]}")
        -> String
    {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: \(name)}
        spec:
          match: \(match)
          rules:
            - name: r
              cel: {expression: "\(expression)"}
        """
    }

    @Test func expressions() throws {
        let ten = Self.expressions.enumerated().map { Self.expressionPolicy("p\($0.offset)", $0.element) }
        let one = try policies(ten.joined(separator: "\n---\n"))
        try Self.measure("10 expressions, allowed", one, .create(Self.account))
        for expression in Self.expressions {
            try Self.measure("  \(expression)", policies(Self.expressionPolicy("p", expression)), .create(Self.account))
        }
        for expression in [
            "facets.location.orValue('') == 'westeurope'", "facets.sku.name.orValue('') == 'Standard_LRS'",
        ] {
            try Self.measure("  \(expression)", policies(Self.expressionPolicy("p", expression)), .create(Self.account))
        }
        let failing = ten.map { $0.replacing("expression: \"", with: "expression: \"false \\u0026\\u0026 ") }
        try Self.measure(
            "10 expressions, denied",
            policies(failing.joined(separator: "\n---\n")),
            .create(Self.account)
        )
        let many = (0..<1000).map { number in
            Self.expressionPolicy(
                "q\(number)",
                Self.expressions[number % 10] + " || request.name == 'n\(number)'",
                match: "{namespaces: [team-\(number)]}"
            )
        }
        let text = many.joined(separator: "\n---\n")
        let documents = try JSONDocument.parseYAML(Array(text.utf8))
        for _ in 0..<3 {
            let load = ContinuousClock().measure {
                var compiler = PolicyCompiler()
                for document in documents { compiler.add(document, file: "f.yaml") }
                #expect(compiler.finish().set != nil)
            }
            print("1000 policies with an expression compile: \(load)")
        }
        let mutation = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: m}
            spec:
              mutations:
                - {name: a, tags: {set: {owner: team-a, added: "x-${request.namespace}"}}}
            """
        try Self.measure("mutation with an expression", policies(mutation), .create(Self.account), mode: .mutate)
    }

    @Test func admissionPolicies() throws {
        func rules(_ group: String) -> String {
            "{resourceRules: [{apiGroups: [\(group)], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: ['*']}]}"
        }
        let one = try patient(
            Manifest.validation(match: rules("storage.azure.com"), "expression: object.spec.location == 'westeurope'"),
            Manifest.binding()
        )
        try Self.measure("an admission policy, allowed", one, .create(Self.account))
        let others = (0..<1000).flatMap { number in
            [
                Manifest.validation(named: "p\(number)", match: rules("g\(number)"), "expression: 'false'"),
                Manifest.binding("p\(number)", name: "b\(number)"),
            ]
        }
        let text = others.joined(separator: "\n---\n")
        let documents = try JSONDocument.parseYAML(Array(text.utf8))
        var compiler = PolicyCompiler(configuration: .patient)
        for document in documents { compiler.add(document, file: "f.yaml") }
        let set = try #require(compiler.finish().set)
        try Self.measure("1,000 that do not match", set, .create(Self.account))
    }
}
