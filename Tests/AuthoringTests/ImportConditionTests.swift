import Authoring
import Policy
import Testing

/// A definition about storage accounts, as Azure writes it.
func definition(
    _ condition: String,
    effect: String = "deny",
    parameters: String = "{}",
    details: String? = nil,
    type: String? = "Microsoft.Storage/storageAccounts",
    mode: String = "All",
    name: String = "11111111-1111-1111-1111-111111111111"
) -> String {
    let type = type.map { #"{"field": "type", "equals": "\#($0)"}, "# } ?? ""
    let details = details.map { #", "details": \#($0)"# } ?? ""
    return """
        {"name": "\(name)", "properties": {"displayName": "A test", "mode": "\(mode)", "parameters": \(parameters),
         "policyRule": {"if": {"allOf": [\(type)\(condition)]}, "then": {"effect": "\(effect)"\(details)}}}}
        """
}

/// What comes of documents.
func imported(_ documents: String...) -> ImportReport {
    var importer = AzurePolicyImport()
    for (index, document) in documents.enumerated() { importer.add(Array(document.utf8), file: "\(index).json") }
    return importer.finish()
}

extension ImportReport {
    /// The policies in one text; nothing if there are none.
    var policies: String { items.compactMap { $0.files.first?.text }.joined(separator: "---\n") }

    var reasons: [String] { items.flatMap(\.reasons).map { "\($0.code.rawValue): \($0.message)" } }
}

/// What a policy says of storage accounts whose `spec` is given as YAML in one line.
///
/// - Returns: For each whether it is denied; nil where the policy cannot be evaluated.
func denials(
    _ policies: String,
    _ specs: [String],
    kind: String = "StorageAccount",
    version: String = "storage.azure.com/v1api20230101"
) throws -> [Bool?] {
    var suite = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: s}\nspec:\n  cases:\n"
    for (index, spec) in specs.enumerated() {
        suite += """
                - name: "\(index)"
                  manifest: {apiVersion: \(version), kind: \(kind), metadata: {name: data, namespace: a}, spec: \(spec)}
                  expect: {decision: Allow, exhaustive: false}

            """
    }
    let report = try Files(["p/policy.yaml": policies, "p/tests/suite.yaml": suite]).run()
    try #require(report.errors.isEmpty, "\(report.errors.first?.description ?? "")\n\(policies)")
    return report.suites.flatMap(\.cases).map { item in
        if item.passed { return false }
        let isError = item.differences.contains { $0.actual?.contains("could not be evaluated") ?? false }
        return isError ? nil : true
    }
}

@Suite struct ImportConditionTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let condition: String
        /// Of which the condition is true, so that they are denied.
        let violating: [String]
        let complying: [String]
        var parameters = "{}"

        var testDescription: String { name }

        init(_ name: String, _ condition: String, violating: [String], complying: [String], parameters: String = "{}") {
            self.name = name
            self.condition = condition
            self.violating = violating
            self.complying = complying
            self.parameters = parameters
        }
    }

    static let account = "Microsoft.Storage/storageAccounts"

    static func field(_ name: String, _ rest: String) -> String { #"{"field": "\#(account)/\#(name)", \#(rest)}"# }

    static let conditions: [Case] = [
        Case(
            "equals is blind to letter case, and to the type of truth values",
            field("supportsHttpsTrafficOnly", #""equals": "False""#),
            violating: ["{supportsHttpsTrafficOnly: false}"],
            complying: ["{supportsHttpsTrafficOnly: true}", "{}"]
        ),
        Case(
            "notEquals is true of what is missing",
            field("minimumTlsVersion", #""notEquals": "tls1_2""#),
            violating: ["{minimumTlsVersion: TLS1_0}", "{}"],
            complying: ["{minimumTlsVersion: TLS1_2}"]
        ),
        Case(
            "equals of an empty text is not true of what is missing",
            field("minimumTlsVersion", #""equals": """#),
            violating: [#"{minimumTlsVersion: ""}"#],
            complying: ["{}", "{minimumTlsVersion: TLS1_2}"]
        ),
        Case(
            "in",
            field("sku.name", #""in": ["standard_lrs", "Standard_ZRS"]"#),
            violating: ["{sku: {name: Standard_LRS}}"],
            complying: ["{sku: {name: Premium_LRS}}", "{}"]
        ),
        Case(
            "notIn is true of what is missing",
            field("sku.name", #""notIn": ["Standard_LRS"]"#),
            violating: ["{sku: {name: Premium_LRS}}", "{}"],
            complying: ["{sku: {name: standard_lrs}}"]
        ),
        Case(
            "like with one asterisk",
            field("sku.name", #""like": "Standard_*""#),
            violating: ["{sku: {name: standard_GRS}}"],
            complying: ["{sku: {name: Premium_LRS}}", "{}"]
        ),
        Case(
            "like with text on both sides does not let them overlap",
            field("sku.name", #""like": "ab*bc""#),
            violating: ["{sku: {name: abbc}}", "{sku: {name: abxbc}}"],
            complying: ["{sku: {name: abc}}"]
        ),
        Case(
            "notLike",
            field("sku.name", #""notLike": "*_LRS""#),
            violating: ["{sku: {name: Standard_GRS}}", "{}"],
            complying: ["{sku: {name: standard_lrs}}"]
        ),
        Case(
            "match minds letter case",
            field("sku.name", #""match": "S?#.""#),
            violating: ["{sku: {name: Sa1x}}", "{sku: {name: Sa1.}}"],
            complying: ["{sku: {name: sa1x}}", "{sku: {name: Sa1xy}}", "{}"]
        ),
        Case(
            "matchInsensitively does not",
            field("sku.name", #""matchInsensitively": "S?#""#),
            violating: ["{sku: {name: sa1}}", "{sku: {name: SA1}}"],
            complying: ["{sku: {name: s11}}"]
        ),
        Case(
            "notMatch and notMatchInsensitively",
            #"{"allOf": [\#(field("sku.name", #""notMatch": "S#""#)), \#(field("sku.name", #""notMatchInsensitively": "t#""#))]}"#,
            violating: ["{sku: {name: s1}}", "{}"],
            complying: ["{sku: {name: S1}}", "{sku: {name: T1}}"]
        ),
        Case(
            "contains of a text",
            field("networkAcls.bypass", #""contains": "azureservices""#),
            violating: [#"{networkAcls: {bypass: "Logging, AzureServices"}}"#],
            complying: ["{networkAcls: {bypass: Logging}}", "{}"]
        ),
        Case(
            "notContains",
            field("networkAcls.bypass", #""notContains": "AzureServices""#),
            violating: ["{networkAcls: {bypass: Logging}}", "{}"],
            complying: ["{networkAcls: {bypass: AzureServices}}"]
        ),
        Case(
            "containsKey",
            #"{"field": "tags", "containsKey": "Env"}"#,
            violating: ["{tags: {env: a}}"],
            complying: ["{tags: {other: a}}", "{}"]
        ),
        Case(
            "notContainsKey",
            #"{"field": "tags", "notContainsKey": "env"}"#,
            violating: ["{tags: {other: a}}", "{}"],
            complying: ["{tags: {ENV: a}}"]
        ),
        Case(
            "exists",
            field("minimumTlsVersion", #""exists": "true""#),
            violating: ["{minimumTlsVersion: x}"],
            complying: ["{}"]
        ),
        Case(
            "exists false",
            field("networkAcls", #""exists": false"#),
            violating: ["{}"],
            complying: ["{networkAcls: {}}"]
        ),
        Case(
            "less and greaterOrEquals of numbers",
            #"{"anyOf": [\#(field("keyPolicy.keyExpirationPeriodInDays", #""less": 30"#)), \#(field("keyPolicy.keyExpirationPeriodInDays", #""greaterOrEquals": 90"#))]}"#,
            violating: [
                "{keyPolicy: {keyExpirationPeriodInDays: 29}}", "{keyPolicy: {keyExpirationPeriodInDays: 90}}",
            ],
            complying: ["{keyPolicy: {keyExpirationPeriodInDays: 30}}", "{}"]
        ),
        Case(
            "lessOrEquals and greater of texts",
            #"{"anyOf": [\#(field("minimumTlsVersion", #""lessOrEquals": "tls1_0""#)), \#(field("minimumTlsVersion", #""greater": "TLS1_3""#))]}"#,
            violating: ["{minimumTlsVersion: TLS1_0}", "{minimumTlsVersion: TLS1_4}"],
            complying: ["{minimumTlsVersion: TLS1_1}", "{minimumTlsVersion: TLS1_3}", "{}"]
        ),
        Case(
            "regions in any spelling",
            #"{"field": "location", "notIn": ["West Europe", "northeurope"]}"#,
            violating: ["{location: uksouth}", "{}"],
            complying: ["{location: westeurope}", "{location: North Europe}"]
        ),
        Case(
            "tags by name in both spellings",
            #"{"allOf": [{"field": "tags['Cost Center']", "exists": false}, {"field": "tags.env", "equals": "PROD"}]}"#,
            violating: ["{tags: {env: prod}}"],
            complying: ["{tags: {env: prod, cost center: a}}", "{}"]
        ),
        Case(
            "anyOf and not",
            #"{"not": {"anyOf": [\#(field("sku.name", #""equals": "a""#)), \#(field("accessTier", #""equals": "Hot""#))]}}"#,
            violating: ["{sku: {name: b}}", "{}"],
            complying: ["{sku: {name: a}}", "{accessTier: Hot, sku: {name: b}}"]
        ),
        Case(
            "the name in Azure",
            #"{"field": "name", "notLike": "st*"}"#,
            violating: ["{}", "{azureName: data}"],
            complying: ["{azureName: stdata}"]
        ),
        Case(
            "the type is known",
            #"{"field": "type", "in": ["Microsoft.Web/sites", "microsoft.storage/STORAGEACCOUNTS"]}, {"field": "kind", "equals": "StorageV2"}"#,
            violating: ["{kind: StorageV2}"],
            complying: ["{kind: BlobStorage}"]
        ),
    ]

    static let rules = "networkAcls.ipRules[*]"
    static func acls(_ rules: String) -> String { "{networkAcls: {ipRules: [\(rules)]}}" }

    static let arrays: [Case] = [
        Case(
            "a condition on elements asks for all of them, and is true of none",
            field("networkAcls.ipRules[*].action", #""equals": "Allow""#),
            violating: [acls("{action: Allow}, {action: allow}"), acls(""), "{}"],
            complying: [acls("{action: Allow}, {action: Deny}"), acls("{value: a}")]
        ),
        Case(
            "not of a condition on elements asks for one that breaks it",
            #"{"not": \#(field("networkAcls.ipRules[*].value", #""notEquals": "0.0.0.0""#))}"#,
            violating: [acls("{value: 0.0.0.0}, {value: 10.0.0.1}")],
            complying: [acls("{value: 10.0.0.1}"), "{}"]
        ),
        Case(
            "count without a condition",
            #"{"count": {"field": "\#(account)/\#(rules)"}, "greater": 1}"#,
            violating: [acls("{value: a}, {value: b}")],
            complying: [acls("{value: a}"), "{}"]
        ),
        Case(
            "count of none",
            #"{"count": {"field": "\#(account)/\#(rules)", "where": \#(field("networkAcls.ipRules[*].value", #""like": "10.*""#))}, "equals": 0}"#,
            violating: [acls("{value: 11.0.0.0}"), "{}"],
            complying: [acls("{value: 11.0.0.0}, {value: 10.0.0.0}")]
        ),
        Case(
            "count of an exact number, with what is outside of the array",
            #"{"count": {"field": "\#(account)/\#(rules)", "where": {"allOf": [\#(field("networkAcls.ipRules[*].value", #""like": "10.*""#)), {"field": "tags.env", "equals": "prod"}]}}, "equals": 2}"#,
            violating: [
                "{tags: {env: prod}, networkAcls: {ipRules: [{value: 10.1}, {value: 11.1}, {value: 10.2}]}}"
            ],
            complying: [
                "{tags: {env: test}, networkAcls: {ipRules: [{value: 10.1}, {value: 10.2}]}}",
                "{tags: {env: prod}, networkAcls: {ipRules: [{value: 10.1}]}}",
            ]
        ),
        Case(
            "count of values, with current",
            #"{"count": {"value": ["a", "B"], "name": "letter", "where": {"value": "[current('letter')]", "equals": "[field('\#(account)/sku.name')]"}}, "greaterOrEquals": 1}"#,
            violating: ["{sku: {name: b}}", "{sku: {name: A}}"],
            complying: ["{sku: {name: c}}", "{}"]
        ),
        Case(
            "current of an alias, and first of field",
            #"{"count": {"field": "\#(account)/\#(rules)", "where": {"allOf": [{"value": "[current('\#(account)/networkAcls.ipRules[*].value')]", "like": "10.*"}, {"value": "[first(field('\#(account)/networkAcls.ipRules[*].action'))]", "equals": "Allow"}]}}, "greater": 0}"#,
            violating: [acls("{value: 10.1, action: Allow}")],
            complying: [acls("{value: 10.1, action: Deny}, {value: 11.1, action: Allow}")]
        ),
        Case(
            "a parameter that is an array",
            field("sku.name", #""notIn": "[parameters('skus')]""#),
            violating: ["{sku: {name: c}}", "{}"],
            complying: ["{sku: {name: A}}"],
            parameters: #"{"skus": {"type": "Array", "defaultValue": ["a", "B"]}}"#
        ),
    ]

    static func value(_ expression: String, _ rest: String) -> String { #"{"value": "[\#(expression)]", \#(rest)}"# }
    static let sku = "field('Microsoft.Storage/storageAccounts/sku.name')"

    static let functions: [Case] = [
        Case(
            "concat",
            value("concat('x-', \(sku), parameters('end'))", #""equals": "x-a-z""#),
            violating: ["{sku: {name: A}}"],
            complying: ["{sku: {name: b}}", "{}"],
            parameters: #"{"end": {"type": "String", "defaultValue": "-Z"}}"#
        ),
        Case(
            "toLower and toUpper",
            value("equals(toLower(\(sku)), toUpper('a'))", #""equals": true"#),
            violating: [],
            complying: ["{sku: {name: A}}", "{sku: {name: a}}"]
        ),
        Case(
            "equals minds letter case",
            value("equals(\(sku), 'a')", #""equals": true"#),
            violating: ["{sku: {name: a}}"],
            complying: ["{sku: {name: A}}", "{}"]
        ),
        Case(
            "length of a text and of an array",
            value(
                "add(length(\(sku)), length(field('Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]')))",
                #""greater": 2"#
            ),
            violating: ["{sku: {name: abc}}", "{sku: {name: ab}, networkAcls: {ipRules: [{value: a}]}}"],
            complying: ["{sku: {name: ab}}", "{}"]
        ),
        Case(
            "contains",
            value("contains(\(sku), 'LRS')", #""equals": "true""#),
            violating: ["{sku: {name: a_LRS}}"],
            complying: ["{sku: {name: a_lrs}}", "{}"]
        ),
        Case(
            "empty",
            value("empty(\(sku))", #""equals": true"#),
            violating: ["{}", #"{sku: {name: ""}}"#],
            complying: ["{sku: {name: a}}"]
        ),
        Case(
            "if, and, or, not",
            value(
                "if(and(not(empty(\(sku))), or(equals(\(sku), 'a'), equals(\(sku), 'b'))), 'yes', 'no')",
                #""equals": "YES""#
            ),
            violating: ["{sku: {name: a}}"],
            complying: ["{sku: {name: c}}", "{}"]
        ),
        Case(
            "replace",
            value("replace(replace(\(sku), '-', ''), '\\n', '')", #""equals": "ab""#),
            violating: ["{sku: {name: a-b}}"],
            complying: ["{sku: {name: a_b}}"]
        ),
        Case(
            "split and index",
            value("split(\(sku), '_')[1]", #""equals": "lrs""#),
            violating: ["{sku: {name: Standard_LRS}}"],
            complying: ["{sku: {name: Standard_GRS}}"]
        ),
        Case(
            "split by several marks",
            value("split(\(sku), createArray('_', '-'))[1]", #""equals": "b""#),
            violating: ["{sku: {name: a-b}}", "{sku: {name: a_b}}"],
            complying: ["{sku: {name: b-a}}"]
        ),
        Case(
            "substring",
            value("substring(\(sku), 0, 3)", #""equals": "sta""#),
            violating: ["{sku: {name: Standard_LRS}}"],
            complying: ["{sku: {name: Premium_LRS}}"]
        ),
        Case(
            "take, skip, first, last",
            value("concat(take(\(sku), 2), skip(\(sku), 3), first(\(sku)), last(\(sku)))", #""equals": "abdad""#),
            violating: ["{sku: {name: abcd}}"],
            complying: ["{sku: {name: abc}}", "{}"]
        ),
        Case(
            "startsWith and endsWith are blind to letter case",
            value("and(startsWith(\(sku), 'STA'), endsWith(\(sku), 'lrs'))", #""equals": true"#),
            violating: ["{sku: {name: Standard_LRS}}"],
            complying: ["{sku: {name: Premium_LRS}}"]
        ),
        Case(
            "indexOf and lastIndexOf",
            value("sub(lastIndexOf(\(sku), 'a'), indexOf(\(sku), 'A'))", #""equals": 2"#),
            violating: ["{sku: {name: xaba}}"],
            complying: ["{sku: {name: xa}}"]
        ),
        Case(
            "coalesce",
            value("coalesce(\(sku), 'none')", #""equals": "none""#),
            violating: ["{}"],
            complying: ["{sku: {name: a}}"]
        ),
        Case(
            "intersection and join",
            value(
                "join(intersection(parameters('list'), createArray('a', 'b')), ',')",
                #""equals": "[field('Microsoft.Storage/storageAccounts/sku.name')]""#
            ),
            violating: [#"{sku: {name: "a,b"}}"#],
            complying: ["{sku: {name: a}}"],
            parameters: #"{"list": {"type": "Array", "defaultValue": ["a", "b", "c"]}}"#
        ),
        Case(
            "int, string and arithmetic",
            value("add(mul(int(\(sku)), 2), mod(7, 4))", #""equals": 13"#),
            violating: [#"{sku: {name: "5"}}"#],
            complying: [#"{sku: {name: "6"}}"#]
        ),
        Case(
            "greaterOrEquals and less",
            value("and(greaterOrEquals(length(\(sku)), 2), less(length(\(sku)), 4))", #""equals": true"#),
            violating: ["{sku: {name: ab}}", "{sku: {name: abc}}"],
            complying: ["{sku: {name: a}}", "{sku: {name: abcd}}"]
        ),
        Case(
            "trim",
            value("trim(\(sku))", #""equals": "a""#),
            violating: [#"{sku: {name: " a "}}"#],
            complying: ["{sku: {name: b}}"]
        ),
        Case(
            "ipRangeContains",
            #"{"count": {"field": "Microsoft.Storage/storageAccounts/networkAcls.ipRules[*]", "where": {"value": "[ipRangeContains('10.0.0.0/8', current('Microsoft.Storage/storageAccounts/networkAcls.ipRules[*].value'))]", "equals": false}}, "greater": 0}"#,
            violating: [acls("{value: 10.1.1.1}, {value: 11.0.0.0/16}")],
            complying: [acls("{value: 10.1.1.1}, {value: 10.2.0.0/16}"), "{}"]
        ),
        Case(
            "a field that a parameter chooses",
            #"{"field": "[if(equals(parameters('which'), 'a'), 'Microsoft.Storage/storageAccounts/sku.name', 'Microsoft.Storage/storageAccounts/accessTier')]", "equals": "Hot"}"#,
            violating: ["{accessTier: Hot}"],
            complying: ["{sku: {name: Hot}}"],
            parameters: #"{"which": {"type": "String", "defaultValue": "b"}}"#
        ),
        Case(
            "a tag that a parameter names",
            #"{"field": "[concat('tags[', parameters('tag'), ']')]", "exists": "false"}"#,
            violating: ["{}", "{tags: {a: b}}"],
            complying: ["{tags: {ENV: x}}"],
            parameters: #"{"tag": {"type": "String", "defaultValue": "env"}}"#
        ),
        Case(
            "a bracket that is text",
            #"{"field": "Microsoft.Storage/storageAccounts/sku.name", "equals": "[[a]"}"#,
            violating: [#"{sku: {name: "[a]"}}"#],
            complying: ["{sku: {name: a}}"]
        ),
        Case(
            "a literal with quotes and breaks",
            value("concat(\(sku), 'it''s')", #""equals": "ait's""#),
            violating: ["{sku: {name: a}}"],
            complying: ["{sku: {name: b}}"]
        ),
    ]

    @Test(arguments: conditions + arrays + functions) func decidesAsAzureDoes(_ item: Case) throws {
        let report = imported(definition(item.condition, parameters: item.parameters))
        #expect(report.issues.isEmpty, "\(report.issues)")
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        let decisions = try denials(report.policies, item.violating + item.complying)
        let wanted = item.violating.map { _ in Optional(true) } + item.complying.map { _ in Optional(false) }
        #expect(decisions == wanted, "\(report.policies)")
    }

    @Test func whatAFunctionCannotDoDenies() throws {
        let report = imported(definition(Self.value("split(\(Self.sku), '_')[5]", #""equals": "x""#)))
        #expect(try denials(report.policies, ["{sku: {name: Standard_LRS}}"]).first != false)
    }

    @Test func aVersionDecidesForItsObjects() throws {
        let report = imported(
            definition(
                #"{"anyOf": [{"allOf": [{"value": "[requestContext().apiVersion]", "less": "2022-01-01"}, \#(Self.field("accessTier", #""exists": false"#))]}, \#(Self.field("accessTier", #""equals": "Hot""#))]}"#
            )
        )
        try #require(report.count(.imported) == 1, "\(report.reasons)")
        let specs = ["{}", "{accessTier: Hot}", "{accessTier: Cool}"]
        #expect(try denials(report.policies, specs) == [false, true, false])
        #expect(
            try denials(report.policies, specs, version: "storage.azure.com/v1api20210401") == [true, true, false]
        )
    }

    @Test func aValueFromAConfigMapIsNoProof() throws {
        let identity =
            #"{"field": "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/issuer""#
        let type = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
        let specs = ["{issuer: good}", "{issuer: bad}", "{issuerFromConfig: {name: a, key: b}}", "{}"]
        for (condition, wanted) in [
            (identity + #", "notEquals": "good"}"#, [false, true, true, true]),
            (identity + #", "equals": "bad"}"#, [false, true, true, false]),
            (#"{"not": \#(identity), "equals": "good"}}"#, [false, true, true, true]),
            (identity + #", "exists": false}"#, [false, false, false, true]),
        ] {
            let report = imported(definition(condition, type: type))
            try #require(report.count(.imported) == 1, "\(report.reasons)")
            let decisions = try denials(
                report.policies,
                specs,
                kind: "FederatedIdentityCredential",
                version: "managedidentity.azure.com/v1api20230131"
            )
            #expect(decisions == wanted, "\(report.policies)")
        }
    }

    @Test func aReferenceByNameIsThereAndUnknown() throws {
        let type = "Microsoft.Network/networkInterfaces"
        let specs = [
            "{ipConfigurations: [{name: a}]}",
            "{ipConfigurations: [{publicIPAddress: {reference: {group: network.azure.com, kind: PublicIPAddress, name: x}}}]}",
            "{ipConfigurations: [{publicIPAddress: {reference: {armId: /subscriptions/1}}}]}",
        ]
        for (condition, wanted) in [
            (
                #"{"not": {"field": "\#(type)/ipconfigurations[*].publicIpAddress.id", "notLike": "*"}}"#,
                [false, true, true]
            ),
            (
                #"{"count": {"field": "\#(type)/ipconfigurations[*]", "where": {"field": "\#(type)/ipconfigurations[*].publicIpAddress.id", "exists": true}}, "greater": 0}"#,
                [false, true, true]
            ),
        ] {
            let report = imported(definition(condition, type: type))
            try #require(report.count(.imported) == 1, "\(report.reasons)")
            #expect(
                try denials(
                    report.policies,
                    specs,
                    kind: "NetworkInterface",
                    version: "network.azure.com/v1api20240301"
                )
                    == wanted,
                "\(report.policies)"
            )
        }
    }
}
