import JSON
import Policy
import Testing

/// What `facets` give expressions: known, absent, unknown, and several at once.
@Suite struct FacetExpressionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let object: String
        /// Expressions that are all true.
        let expressions: [String]
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(
            name: "a storage account",
            object: storageAccount(
                """
                {location: West Europe, sku: {name: Standard_LRS}, minimumTlsVersion: TLS1_2, publicNetworkAccess: Disabled,
                 allowBlobPublicAccess: true, supportsHttpsTrafficOnly: true, tags: {team: a, other: "1"}, owner: {name: rg}}
                """,
                metadata: "annotations: {serviceoperator.azure.com/credential-from: c}"
            ),
            expressions: [
                "facets.location == optional.of('westeurope')", "facets.location.orValue('') in ['westeurope']",
                "facets.sku.name.value() == 'Standard_LRS'", "!facets.sku.tier.hasValue()",
                "facets.tls.minimumVersion.orValue('0.0') >= '1.2'", "facets.tls.encryptedOnly.orValue(false)",
                "facets.exposure.publicNetworkAccess == optional.of(false)",
                "facets.exposure.publicAccess.orValue(false)", "facets.tags.value().team == 'a'",
                "facets.tags.orValue({}).size() == 2", "facets.owner.name.orValue('') == 'rg'",
                "facets.credential.orValue('') == 'c'", "!facets.nodeCount.count.hasValue()",
                "!facets.isUnknown('location') && !facets.isUnknown('sku')", "facets.supports('location')",
                "!facets.supports('nodeCount')", "facets.values('location').size() == 1",
            ]
        ),
        Case(
            name: "an empty one",
            object: storageAccount("{}"),
            expressions: [
                "facets.location == optional.none()", "facets.location.orValue('x') == 'x'", "!facets.tags.hasValue()",
                "facets.values('location')[0] == optional.none()", "facets.values('nodeCount.count').size() == 0",
                "facets.exposure.publicNetworkAccess.orValue(true)",
            ]
        ),
        Case(
            name: "switches in the words of others",
            object: resource(
                "documentdb.azure.com/v1api20231115/DatabaseAccount",
                spec: "{publicNetworkAccess: SecuredByPerimeter, disableLocalAuth: true, minimalTlsVersion: Tls11}"
            ),
            expressions: [
                "facets.exposure.publicNetworkAccess.orValue(false)",
                "facets.exposure.localAuthentication == optional.of(false)",
                "facets.tls.minimumVersion.orValue('') == '1.1'", "facets.tls.minimumVersion.orValue('') < '1.2'",
            ]
        ),
        Case(
            name: "two locations",
            object: resource(
                "documentdb.azure.com/v1api20231115/DatabaseAccount",
                spec: "{location: westeurope, locations: [{locationName: West Europe}, {locationName: northeurope}]}"
            ),
            expressions: [
                "facets.values('location').all(l, l.orValue('') in ['westeurope', 'northeurope'])",
                "!facets.values('location').all(l, l.orValue('') in ['westeurope'])",
            ]
        ),
        Case(
            name: "two places of one location",
            object: resource(
                "documentdb.azure.com/v1api20231115/DatabaseAccount",
                spec: "{location: westeurope, locations: [{locationName: West Europe}]}"
            ),
            expressions: ["facets.location.orValue('') == 'westeurope'"]
        ),
        Case(
            name: "a cluster",
            object: resource(
                "containerservice.azure.com/v1api20240901/ManagedCluster",
                spec:
                    "{agentPoolProfiles: [{name: a, count: 3, vmSize: Standard_D4s_v3}, {name: b, count: 3, vmSize: Standard_D4s_v3}]}"
            ),
            expressions: [
                "facets.nodeCount.count.orValue(0) == 3", "facets.values('sku.name').size() >= 2",
                "facets.capacity.vCores.orValue(0) == 4 || facets.values('capacity.vCores').size() > 0",
            ]
        ),
        Case(
            name: "sizes in gigabytes",
            object: resource(
                "dbforpostgresql.azure.com/v1api20230601preview/FlexibleServer",
                spec:
                    "{location: westeurope, sku: {name: Standard_D4s_v3, tier: GeneralPurpose}, storage: {storageSizeGB: 64}}"
            ),
            expressions: [
                "facets.storage.sizeGB.orValue(0) == 64", "facets.storage.sizeGB.orValue(0) <= 256",
                "facets.capacity.vCores.orValue(0) == 4", "facets.sku.tier.orValue('') == 'GeneralPurpose'",
            ]
        ),
        Case(
            name: "a kind that nobody knows",
            object: resource("novel.azure.com/v1/Thing", spec: "{location: eastus, sku: {name: x, capacity: 2.5}}"),
            expressions: [
                "facets.location.orValue('') == 'eastus'", "facets.sku.capacity.orValue(0) == 2.5",
                "facets.capacity.capacity.orValue(0) > 2",
            ]
        ),
    ]

    @Test(arguments: cases) func reads(_ example: Case) throws {
        for expression in example.expressions {
            let set = try policies(ExpressionRuleTests.policy(expression))
            let decision = try set.decide(.create(example.object))
            #expect(decision.allowed, "\(expression): \(decision.lines)")
        }
    }

    static let fromConfig = storageAccount(
        "{locationFromConfig: {name: a, key: b}, sku: {name: Standard_LRS}, tags: {team: a}}"
    )

    /// No default of an expression may stand in for what nobody knows.
    @Test(
        arguments: [
            "facets.location.orValue('westeurope') == 'westeurope'", "!facets.location.hasValue()",
            "facets.location == optional.none()",
            "facets.location.or(optional.of('westeurope')).value() == 'westeurope'",
            "has(facets.location)", "facets.values('location').all(l, true)",
            "facets.?location.hasValue() || true == false",
            "[facets.location].size() == 1", "facets.location.optMap(l, l == 'x').orValue(true)",
        ]
    )
    func neverLetsAnUnknownPass(_ expression: String) throws {
        let decision = try policies(ExpressionRuleTests.policy(expression)).decide(.create(Self.fromConfig))
        #expect(decision.isBroken)
        #expect(!decision.allowed)
        #expect(decision.lines.joined().contains("spec.locationFromConfig"), "\(decision.lines)")
        let ignored = try policies(ExpressionRuleTests.policy(expression, failurePolicy: "Ignore"))
        #expect(try ignored.decide(.create(Self.fromConfig)).warnings.joined().contains("spec.locationFromConfig"))
    }

    @Test func tellsWhoAsks() throws {
        for (expression, passes) in [
            ("facets.isUnknown('location')", true), ("!facets.isUnknown('location')", false),
            ("facets.isUnknown('location') || facets.location.orValue('') == 'x'", true),
            ("facets.isUnknown('sku')", false), ("facets.isUnknown('sku.name')", false),
            // The rest of the object is known.
            ("facets.sku.name.orValue('') == 'Standard_LRS'", true),
        ] {
            let decision = try policies(ExpressionRuleTests.policy(expression)).decide(.create(Self.fromConfig))
            #expect(!decision.isBroken)
            #expect(decision.allowed == passes, "\(expression)")
        }
    }

    static let errors: [(object: String, expression: String, text: String)] = [
        (
            cases[3].object, "facets.location.orValue('westeurope') == 'westeurope'",
            "facets.location is not the same at spec.location and spec.locations[1].locationName; ask facets.values('location')"
        ),
        (storageAccount("{location: 5}"), "facets.location.orValue('') == ''", "spec.location is not a string"),
        (storageAccount("{tags: [a]}"), "facets.tags.orValue({}).size() == 0", "spec.tags is not an object"),
        (
            storageAccount("{}"), "facets.isUnknown('locatoin')",
            "there is no facet 'locatoin', did you mean 'location'?"
        ),
        (storageAccount("{}"), "facets.values('sku').size() == 0", "facets.sku has several fields"),
        (storageAccount("{}"), "facets.supports('')", "there is no facet ''"),
    ]

    @Test(arguments: errors) func breaks(_ example: (object: String, expression: String, text: String)) throws {
        let decision = try policies(ExpressionRuleTests.policy(example.expression)).decide(.create(example.object))
        #expect(decision.isBroken)
        #expect(!decision.allowed)
        #expect(decision.lines.joined().contains(example.text), "\(decision.lines)")
    }

    @Test func readsTheObjectThatGoes() throws {
        let set = try policies(ExpressionRuleTests.policy("facets.location.orValue('') == 'westeurope'"))
        #expect(try set.decide(.delete(storageAccount("{location: westeurope}"))).allowed)
        #expect(try !set.decide(.delete(storageAccount("{location: eastus}"))).allowed)
    }

    @Test func readsWhatMutationsLeave() throws {
        let set = try policies(
            ExpressionRuleTests.policy(
                "facets.location.orValue('') == 'westeurope' && object.spec.location == 'westeurope'"
            ),
            MutationTests.mutating("[{name: m, location: {default: westeurope}}]", name: "m")
        )
        #expect(try set.decide(.create(storageAccount("{}")), mode: .mutateAndValidate).allowed)
        #expect(try !set.decide(.create(storageAccount("{}")), mode: .validate).allowed)
    }
}
