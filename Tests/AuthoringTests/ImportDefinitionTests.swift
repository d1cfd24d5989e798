import Authoring
import Policy
import Testing

@Suite struct ImportDefinitionTests {
    static let tls = #"{"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "TLS1_2"}"#
    static let effect =
        #"{"effect": {"type": "String", "allowedValues": ["Audit", "Deny", "Disabled"], "defaultValue": "Audit"}}"#

    // MARK: - Effects

    @Test func theEffectIsAParameter() {
        let report = imported(definition(Self.tls, effect: "[parameters('effect')]", parameters: Self.effect))
        #expect(report.policies.contains("effect: Audit"))
        #expect(report.policies.contains("action: ${parameters.effect}"))
        #expect(report.items.first?.caseCount == 2)
    }

    /// The commonest pattern of all: a field that is another value, or is not there.
    @Test func aFieldThatMustBeThereIsTestedWithTheValueThatItMustHave() throws {
        let condition = #"""
            {"anyOf": [{"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "notEquals": "[parameters('version')]"},
             {"field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "exists": "false"}]}
            """#
        let version = #"{"version": {"type": "String", "defaultValue": "TLS1_2"}}"#
        for order in [condition, "{\"not\": {\"not\": \(condition)}}"] {
            let report = imported(definition(order, parameters: version))
            #expect(report.count(.imported) == 1 && report.items.first?.caseCount == 2, "\(report.reasons)")
            let suite = try #require(report.items.first?.files.last?.text)
            #expect(suite.contains("minimumTlsVersion: TLS1_2"), "\(suite)")
        }
    }

    @Test func anEffectThatIsDisabledByDefaultIsASwitch() throws {
        let parameters = Self.effect.replacing(#""defaultValue": "Audit""#, with: #""defaultValue": "Disabled""#)
        let report = imported(definition(Self.tls, effect: "[parameters('effect')]", parameters: parameters))
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        #expect(report.policies.contains("enabled: false"))
        #expect(try denials(report.policies, ["{}"]) == [false])
        #expect(
            try denials(
                report.policies.replacing("enabled: false", with: "enabled: true").replacing(
                    "effect: Audit",
                    with: "effect: Deny"
                ),
                ["{}"]
            ) == [true]
        )
    }

    @Test(arguments: [
        ("disabled", "disabled"), ("auditIfNotExists", "otherResources"), ("DeployIfNotExists", "otherResources"),
        ("manual", "effect"),
    ]) func refusesEffects(_ effect: String, _ code: String) {
        let report = imported(definition(Self.tls, effect: effect))
        #expect(report.count(.refused) == 1)
        #expect(report.items.first?.reasons.map(\.code.rawValue) == [code])
    }

    /// Runs cases beside imported policies.
    private func run(_ report: ImportReport, _ cases: String) throws {
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        let suite =
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: s}\nspec:\n  manifest: {apiVersion: storage.azure.com/v1api20230101, kind: StorageAccount, metadata: {name: data, namespace: a}, spec: {}}\n  cases:\n\(cases)\n"
        let result = try Files(["p/policy.yaml": report.policies, "p/tests/suite.yaml": suite]).run()
        #expect(result.faults == [])
        #expect(result.differences == [], "\(report.policies)")
    }

    @Test func modifySetsAndAddsAndRemoves() throws {
        let details = """
            {"roleDefinitionIds": [], "operations": [
              {"operation": "addOrReplace", "field": "Microsoft.Storage/storageAccounts/minimumTlsVersion", "value": "[parameters('version')]"},
              {"operation": "addOrReplace", "field": "Microsoft.Storage/storageAccounts/supportsHttpsTrafficOnly", "value": "true"},
              {"operation": "add", "field": "Microsoft.Storage/storageAccounts/accessTier", "value": "Hot"},
              {"operation": "add", "field": "tags['env']", "value": "prod"},
              {"operation": "addOrReplace", "field": "tags.owner", "value": "us"},
              {"operation": "remove", "field": "tags['old']"},
              {"operation": "remove", "field": "Microsoft.Storage/storageAccounts/allowSharedKeyAccess"},
              {"operation": "addOrReplace", "field": "Microsoft.Storage/storageAccounts/allowBlobPublicAccess", "value": false,
               "condition": "[less(requestContext().apiVersion, '2015-01-01')]"}]}
            """
        let report = imported(
            definition(
                Self.tls,
                effect: "modify",
                parameters: #"{"version": {"type": "String", "defaultValue": "TLS1_2"}}"#,
                details: details
            )
        )
        try run(
            report,
            """
                - name: changed
                  changes: {spec: {tags: {old: x, owner: you}, allowSharedKeyAccess: true, accessTier: Cool}}
                  expect: {decision: Allow, patchedChanges: {spec: {minimumTlsVersion: TLS1_2, supportsHttpsTrafficOnly: true, allowSharedKeyAccess: null, tags: {old: null, env: prod, owner: us}}}}
                - name: left alone
                  changes: {spec: {minimumTlsVersion: TLS1_2}}
                  expect: {decision: Allow}
            """
        )
    }

    @Test func aTagThatAParameterNamesIsPatched() throws {
        let parameters =
            #"{"tag": {"type": "String", "defaultValue": "a/b"}, "value": {"type": "String", "defaultValue": "x"}}"#
        let field = "[concat('tags[', parameters('tag'), ']')]"
        let report = imported(
            definition(
                #"{"field": "\#(field)", "notEquals": "[parameters('value')]"}"#,
                effect: "modify",
                parameters: parameters,
                details:
                    #"{"operations": [{"operation": "addOrReplace", "field": "\#(field)", "value": "[parameters('value')]"}]}"#
            )
        )
        try run(
            report,
            """
                - name: no tags
                  expect: {decision: Allow, patchedChanges: {spec: {tags: {a/b: x}}}}
                - name: another value, in other letters
                  changes: {spec: {tags: {A/b: y, other: z}}}
                  expect: {decision: Allow, patchedChanges: {spec: {tags: {A/b: x}}}}
                - name: the same value
                  changes: {spec: {tags: {A/b: X}}}
                  expect: {decision: Allow}
            """
        )
    }

    @Test func appendSetsWhatIsMissingAndDeniesWhatDiffers() throws {
        let report = imported(
            definition(
                #"{"field": "kind", "equals": "StorageV2"}"#,
                effect: "append",
                details: #"[{"field": "Microsoft.Storage/storageAccounts/accessTier", "value": "Hot"}]"#
            )
        )
        try run(
            report,
            """
                - name: set
                  changes: {spec: {kind: StorageV2}}
                  expect: {decision: Allow, patchedChanges: {spec: {accessTier: Hot}}}
                - name: another value
                  changes: {spec: {kind: StorageV2, accessTier: Cool}}
                  expect: {decision: Deny, failures: [{rule: azure-policy}]}
                - name: another kind
                  changes: {spec: {kind: BlobStorage, accessTier: Cool}}
                  expect: {decision: Allow}
            """
        )
    }

    @Test func denyActionGuardsDeletion() throws {
        let report = imported(
            definition(
                #"{"field": "tags.env", "equals": "prod"}"#,
                effect: "denyAction",
                details: #"{"actionNames": ["delete"]}"#
            )
        )
        try run(
            report,
            """
                - name: guarded
                  operation: DELETE
                  changes: {spec: {tags: {env: prod}}}
                  expect: {decision: Deny, failures: [{rule: azure-policy}]}
                - name: free
                  operation: DELETE
                  expect: {decision: Allow}
                - name: written
                  changes: {spec: {tags: {env: prod}}}
                  expect: {decision: Allow}
            """
        )
    }

    @Test func whatMayNotBeWrittenIsRefused() {
        let details =
            #"{"operations": [{"operation": "addOrReplace", "field": "identity.type", "value": "SystemAssigned"}]}"#
        #expect(
            imported(definition(Self.tls, effect: "modify", details: details)).items.first?.reasons.map(\.code) == [
                .protectedField
            ]
        )
    }

    @Test func longTitlesMakeNamesThatDiffer() throws {
        let title = String(repeating: "storage accounts of the platform ", count: 4)
        let condition =
            #"{"anyOf": [{"field": "Microsoft.Storage/storageAccounts/accessTier", "equals": "Hot"}, {"allOf": [{"field": "type", "equals": "Microsoft.KeyVault/vaults"}, {"field": "Microsoft.KeyVault/vaults/publicNetworkAccess", "equals": "a"}]}]}"#
        let text = definition(condition, type: nil).replacing("A test", with: title)
        let report = imported(text, text)
        try #require(report.count(.imported) == 2, "\(report.reasons)")
        let names = report.policies.split(separator: "\n").filter { $0.hasPrefix("  name: ") }
        #expect(Set(names).count == 4)
        #expect(names.allSatisfy { $0.count <= 8 + 63 })
        #expect(try denials(report.policies, ["{accessTier: Hot}"]) == [true])
    }

    // MARK: - Kinds

    @Test func aTypeAloneIsARuleOnKinds() throws {
        let report = imported(definition(#"{"value": true, "equals": true}"#))
        #expect(report.policies.contains("kinds: {deny: [storage.azure.com/StorageAccount]}"))
        #expect(try denials(report.policies, ["{}"]) == [true])
    }

    @Test func aPolicyForAllTypesNamesTheKindsThatItJudges() throws {
        let report = imported(definition(#"{"field": "tags['env']", "exists": "false"}"#, type: nil, mode: "Indexed"))
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        #expect(report.policies.contains("- storage.azure.com/StorageAccount"))
        #expect(!report.policies.contains("- storage.azure.com/StorageAccountsBlobServicesContainer"))
        #expect(try denials(report.policies, ["{}", "{tags: {Env: a}}"]) == [true, false])
    }

    @Test(arguments: [
        (#"{"field": "Microsoft.Storage/storageAccounts/noSuchThing", "equals": "a"}"#, "noField"),
        (#"{"value": "[resourceGroup().tags]", "equals": "a"}"#, "needsAzure"),
        (#"{"value": "[utcNow()]", "less": "a"}"#, "needsClock"),
        (#"{"value": "[padLeft('a', 3)]", "equals": "a"}"#, "unsupported"),
        (#"{"value": "[length(3)]", "equals": "a"}"#, "unsupported"),
        (#"{"value": "[1[2]]", "equals": "a"}"#, "unsupported"),
        (#"{"field": "id", "like": "a"}"#, "needsAzure"),
        (#"{"field": "nonsense", "like": "a"}"#, "unsupported"),
    ]) func namesTheReason(_ condition: String, _ code: String) {
        let report = imported(definition(condition))
        #expect(report.count(.refused) == 1)
        #expect(report.items.first?.reasons.first?.code.rawValue == code)
    }

    @Test func theTypesMayBeAParameter() throws {
        let parameters = #"{"types": {"type": "Array", "defaultValue": ["microsoft.storage/storageAccounts"]}}"#
        let denying = imported(
            definition(#"{"field": "type", "in": "[parameters('types')]"}"#, parameters: parameters, type: nil)
        )
        try #require(denying.count(.imported) == 1, "\(denying.reasons)")
        #expect(denying.policies.split(separator: "---").count == 1)
        #expect(try denials(denying.policies, ["{}"]) == [true])
        #expect(
            try denials(denying.policies, ["{}"], kind: "Vault", version: "keyvault.azure.com/v1api20230701") == [false]
        )
        let allowing = imported(
            definition(
                #"{"not": {"value": "[field('type')]", "in": "[parameters('types')]"}}"#,
                parameters: parameters,
                type: nil
            )
        )
        #expect(try denials(allowing.policies, ["{}"]) == [false])
        #expect(
            try denials(allowing.policies, ["{}"], kind: "Vault", version: "keyvault.azure.com/v1api20230701") == [true]
        )
    }

    @Test func resourceGroupsAreForTheModeAll() {
        let condition =
            #"{"field": "type", "equals": "Microsoft.Resources/subscriptions/resourceGroups"}, {"field": "location", "notIn": ["a"]}"#
        let report = imported(definition(condition, type: nil))
        #expect(report.policies.contains("resources: [resources.azure.com/ResourceGroup]"), "\(report.reasons)")
        let all = imported(definition(#"{"field": "tags.a", "exists": false}"#, type: nil, mode: "Indexed"))
        #expect(!all.policies.contains("ResourceGroup"))
    }

    @Test(arguments: ["Microsoft.Kubernetes.Data", "Microsoft.KeyVault.Data", "x"])
    func refusesWhatLiesInsideOfServices(_ mode: String) {
        let report = imported(definition(Self.tls, mode: mode))
        #expect(report.items.first?.reasons.map(\.code) == [.otherResources])
    }

    @Test func aTypeThatTheOperatorHasNotIsRefused() {
        let report = imported(definition(Self.tls, type: "Microsoft.ClassicStorage/storageAccounts"))
        #expect(report.items.first?.reasons.map(\.code) == [.noKind])
    }

    @Test func whatCannotMatterIsNoReason() {
        let report = imported(
            definition(
                #"{"anyOf": [{"allOf": [{"field": "type", "equals": "A/b"}, {"value": "[utcNow()]", "equals": "x"}]}, \#(Self.tls)]}"#
            )
        )
        #expect(report.count(.imported) == 1, "\(report.reasons)")
    }

    @Test func aKindThatCannotBeJudgedMakesItAPart() {
        let report = imported(
            definition(
                #"{"field": "type", "in": ["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"]}, {"anyOf": [\#(Self.tls), {"field": "Microsoft.KeyVault/vaults/noSuch", "equals": "a"}]}"#,
                type: nil
            )
        )
        #expect(report.count(.partly) == 1)
        #expect(report.items.first?.reasons.first?.message.contains("keyvault.azure.com/Vault") ?? false)
    }

    // MARK: - Initiatives and assignments

    static let skus = definition(
        #"{"field": "Microsoft.Storage/storageAccounts/sku.name", "notIn": "[parameters('skus')]"}"#,
        parameters: #"{"skus": {"type": "Array"}}"#
    )

    static let initiative = """
        {"name": "set", "properties": {"displayName": "A set",
         "parameters": {"names": {"type": "Array", "defaultValue": ["a"]}},
         "policyDefinitions": [{"policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/11111111-1111-1111-1111-111111111111",
           "parameters": {"skus": {"value": "[parameters('names')]"}}}]}}
        """

    @Test func anInitiativeGivesItsDefinitionsTheirValues() throws {
        let report = imported(Self.initiative, Self.skus)
        #expect(report.items.map(\.status) == [.imported])
        #expect(report.items.first?.files.first?.path == "a-set/a-test/policy.yaml")
        #expect(try denials(report.policies, ["{sku: {name: a}}", "{sku: {name: b}}"]) == [false, true])
    }

    @Test func anAssignmentGivesValuesAndMessage() throws {
        let assignment = """
            {"name": "mine", "properties": {"policyDefinitionId": "/providers/Microsoft.Authorization/policySetDefinitions/set",
             "scope": "/subscriptions/1", "parameters": {"names": {"value": ["b"]}},
             "nonComplianceMessages": [{"message": "ask us first"}]}}
            """
        let report = imported(assignment, Self.initiative, Self.skus)
        #expect(report.items.map(\.status) == [.imported])
        #expect(report.policies.contains("message: ask us first"))
        #expect(report.items.first?.notes.contains { $0.contains("/subscriptions/1") } ?? false)
        #expect(try denials(report.policies, ["{sku: {name: a}}", "{sku: {name: b}}"]) == [true, false])
    }

    @Test func anAssignmentThatIsNotEnforcedOnlyAudits() {
        let assignment =
            #"{"name": "mine", "properties": {"policyDefinitionId": "x/11111111-1111-1111-1111-111111111111", "enforcementMode": "DoNotEnforce"}}"#
        let report = imported(assignment, definition(Self.tls))
        #expect(report.policies.contains("action: Audit"))
    }

    @Test func selectorsAndOverridesAreToldAsMissing() {
        let assignment =
            #"{"name": "mine", "properties": {"policyDefinitionId": "x/11111111-1111-1111-1111-111111111111", "overrides": [{}]}}"#
        #expect(imported(assignment, definition(Self.tls)).count(.partly) == 1)
    }

    @Test func whatIsNotThereIsRefused() {
        let report = imported(Self.initiative)
        #expect(report.items.map(\.status) == [.refused])
        #expect(report.items.first?.reasons.map(\.code) == [.missingDefinition])
    }

    @Test func listsAreOpened() {
        #expect(imported("[\(Self.skus)]").items.count == 1)
        #expect(imported(#"{"value": [\#(Self.skus)]}"#).items.count == 1)
        #expect(
            imported(
                #"{"if": {"field": "type", "equals": "Microsoft.Storage/storageAccounts"}, "then": {"effect": "audit"}}"#
            ).count(.imported) == 1
        )
    }

    // MARK: - What is wrong

    @Test(arguments: [
        ("{", "0.json:1:2", "is no JSON"),
        ("{}", "0.json:1:1", "is no policy definition"),
        ("3", "0.json:1:1", "is no policy definition"),
        (#"{"policyRule": {"if": {}}}"#, "0.json:1:16", "no then.effect"),
        (#"{"policyRule": {"then": {"effect": "deny"}}}"#, "0.json:1:16", "has no if"),
        (#"{"policyRule": 3}"#, "0.json:1:16", "has no if"),
        (#"{"policyRule": {"if": {}, "then": {"effect": "deny"}}}"#, "0.json:1:23", "none of field, value"),
        (#"{"policyRule": {"if": {"field": "a"}, "then": {"effect": "deny"}}}"#, "0.json:1:23", "nothing is asked"),
        (
            #"{"policyRule": {"if": {"field": "a", "is": 1}, "then": {"effect": "deny"}}}"#, "0.json:1:38",
            "is no condition"
        ),
        (
            #"{"policyRule": {"if": {"field": "a", "in": [], "like": ""}, "then": {"effect": "deny"}}}"#, "0.json:1:48",
            "second condition"
        ),
        (
            #"{"policyRule": {"if": {"field": 1, "in": []}, "then": {"effect": "deny"}}}"#, "0.json:1:33",
            "must be a text"
        ),
        (#"{"policyRule": {"if": {"allOf": {}}, "then": {"effect": "deny"}}}"#, "0.json:1:33", "list of conditions"),
        (
            #"{"policyRule": {"if": {"value": "[concat('a'", "equals": 1}, "then": {"effect": "deny"}}}"#,
            "0.json:1:33", ""
        ),
        (
            #"{"policyRule": {"if": {"value": "[concat('a']", "equals": 1}, "then": {"effect": "deny"}}}"#,
            "0.json:1:33", "expected , or )"
        ),
        (
            #"{"policyRule": {"if": {"count": 1, "equals": 1}, "then": {"effect": "deny"}}}"#, "0.json:1:33",
            "must be an object"
        ),
        (
            #"{"policyRule": {"if": {"count": {"field": "a"}, "equals": 1}, "then": {"effect": "deny"}}}"#,
            "0.json:1:43", "elements of an array"
        ),
        (
            #"{"parameters": [], "policyRule": {"if": {"field": "a", "in": []}, "then": {"effect": "deny"}}}"#,
            "0.json:1:16", "parameters must be an object"
        ),
        (
            #"{"parameters": {"a": 1}, "policyRule": {"if": {"field": "a", "in": []}, "then": {"effect": "deny"}}}"#,
            "0.json:1:22", "has no type"
        ),
        (#"{"policyDefinitions": [{}]}"#, "0.json:1:24", "policyDefinitionId"),
        (#"{"policyDefinitions": 1}"#, "0.json:1:1", "must be a list"),
        (#"{"policyDefinitionId": "a", "parameters": {"a": 1}}"#, "0.json:1:49", "has no value"),
    ]) func tellsThePlace(_ document: String, _ place: String, _ message: String) {
        let report = imported(document)
        if message.isEmpty {
            // Half an expression is a text like any other.
            #expect(report.issues.isEmpty)
            return
        }
        #expect(report.items.isEmpty)
        #expect(report.issues.first?.description.hasPrefix(place + ":") ?? false, "\(report.issues)")
        #expect(report.issues.first?.message.contains(message) ?? false, "\(report.issues)")
    }

    @Test func deepAndHugeDefinitionsAreRefused() {
        func nested(_ depth: Int) -> String {
            String(repeating: #"{"not": "#, count: depth) + #"{"field": "type", "equals": "a"}"#
                + String(repeating: "}", count: depth)
        }
        #expect(imported(definition(nested(60))).issues.first?.message.contains("deeper than") ?? false)
        #expect(imported(definition(nested(5_000))).issues.first?.message.contains("is no JSON") ?? false)
        let calls = String(repeating: "concat(", count: 100) + "'a'" + String(repeating: ")", count: 100)
        #expect(
            imported(definition(#"{"value": "[\#(calls)]", "equals": "a"}"#)).issues.first?.message.contains(
                "nested deeper"
            ) ?? false
        )
        let many = Array(repeating: Self.tls, count: 2_001).joined(separator: ",")
        #expect(
            imported(definition(#"{"anyOf": [\#(many)]}"#)).issues.first?.message.contains("more than 2000 conditions")
                ?? false
        )
    }

    @Test func aListThatIsTooLongForAnExpressionIsRefused() {
        let list = (0..<20_000).map { #""value\#($0)""# }.joined(separator: ",")
        let report = imported(definition(#"{"field": "Microsoft.Storage/storageAccounts/sku.name", "in": [\#(list)]}"#))
        #expect(report.items.first?.reasons.map(\.code) == [.unsupported])
    }

    @Test func initiativesThatNameOneAnotherEnd() {
        let set =
            #"{"name": "a", "properties": {"policyDefinitions": [{"policyDefinitionId": "x/a"}, {"policyDefinitionId": "x/a"}]}}"#
        #expect(imported(set).items.map(\.status) == [.refused, .refused])
    }

    @Test func namesThatYAMLWouldReadOtherwiseStayNames() throws {
        let text = definition(Self.tls).replacing("A test", with: #"yes: \"no\" # ${parameters.x}\n- 'a'"#)
        let report = imported(text)
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        #expect(try denials(report.policies, ["{}"]) == [true])
    }

    @Test func theReportIsJSON() throws {
        let report = imported(definition(Self.tls), definition(Self.tls, effect: "disabled", name: "b"))
        let text = String(decoding: report.json(includesTexts: true), as: UTF8.self)
        #expect(text.contains(#""summary":{"imported":1,"partly":0,"refused":1}"#))
        #expect(text.contains(#""code":"disabled""#))
        #expect(report.text(isColoured: false).last == "1 imported, 0 in part, 1 refused; 2 test cases")
    }

    @Test func generatedTestsPass() throws {
        let report = imported(definition(Self.tls, effect: "[parameters('effect')]", parameters: Self.effect))
        let item = try #require(report.items.first)
        var files: [String: String] = [:]
        for file in item.files { files[file.path] = file.text }
        let result = try Files(files).run()
        #expect(result.faults == [])
        #expect(result.caseCount == 2)
        #expect(result.failedCount == 0)
    }
}
