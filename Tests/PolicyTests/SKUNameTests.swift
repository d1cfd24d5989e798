import Azure
import Foundation
import JSON
import Policy
import TestSupport
import Testing

/// Names of SKUs that nothing can have are warned of where they stand, and what may be right is not.
@Suite struct SKUNameTests {
    struct Case: CustomTestStringConvertible {
        let name: String
        let kinds: String
        let body: String
        /// Warnings after the place's column and field.
        let says: [String]

        init(_ name: String, _ kinds: String, _ body: String, says: [String] = []) {
            self.name = name
            self.kinds = kinds
            self.body = body
            self.says = says
        }

        var testDescription: String { name }
    }

    static let databases = "sql.azure.com/ServersDatabase"
    static let accounts = "storage.azure.com/StorageAccount"
    static let machines = "compute.azure.com/VirtualMachine"
    static let clusters = "containerservice.azure.com/ManagedCluster"

    static let rules: [Case] = [
        Case(
            "a name that is misspelt",
            accounts,
            "allow: [Standard_LRS, Standard_LSR]",
            says: [
                #"6:44: warning: spec.rules[0].skus.allow[1]: "Standard_LSR" is no SKU that we know of "#
                    + accounts + #", did you mean "Standard_LRS"?; write Standard_LRS"#
            ]
        ),
        Case("letter case does not count", accounts, "allow: [standard_lrs], deny: [PREMIUM_zrs]"),
        Case(
            "a name that is like no other",
            accounts,
            "deny: [Tape]",
            says: [
                #"6:29: warning: spec.rules[0].skus.deny[0]: "Tape" is no SKU that we know of "# + accounts
                    + "; check the spelling"
            ]
        ),
        Case("a pattern that fits some", accounts, "allow: ['*_ZRS', '*']"),
        Case(
            "a pattern that fits none",
            accounts,
            "allow: ['Standart_*']",
            says: [
                #"6:30: warning: spec.rules[0].skus.allow[0]: "Standart_*" fits no SKU that we know of "# + accounts
                    + "; check the spelling"
            ]
        ),
        Case(
            "a tier and a family",
            databases,
            "allow: [{tier: GeneralPurpos, family: Gen6, name: 'GP_*'}]",
            says: [
                #"6:37: warning: spec.rules[0].skus.allow[0].tier: "GeneralPurpos" is no tier of SKUs that we know of "#
                    + databases + #", did you mean "GeneralPurpose"?; write GeneralPurpose"#,
                #"6:60: warning: spec.rules[0].skus.allow[0].family: "Gen6" is no family of SKUs that we know of "#
                    + databases + #", did you mean "Gen4"?; write Gen4"#,
            ]
        ),
        Case(
            "a part that the kind does not have",
            accounts,
            "deny: [{family: Gen5}]",
            says: [
                "6:38: warning: spec.rules[0].skus.deny[0].family: is a family, which SKUs of \(accounts) do not have; "
                    + "remove it, or name what they have"
            ]
        ),
        Case("a part without a list of names", databases, "deny: [{size: Anything}]"),
        Case("a kind without a list of names", "network.azure.com/ApplicationGateway", "allow: [Anything, 'x*']"),
        Case("a kind among others that has none", "'*.azure.com/*'", "allow: [Anything]"),
        Case("what one of several kinds has", "\(databases), \(accounts)", "allow: [S0, Standard_LRS]"),
        Case(
            "what none of several kinds has",
            "\(databases), \(accounts)",
            "allow: [S5]",
            says: [
                #"6:30: warning: spec.rules[0].skus.allow[0]: "S5" is no SKU that we know of the kinds that are matched, "#
                    + #"did you mean "S0"?; write S0"#
            ]
        ),
        Case("a kind that nobody knows", "novel.example/Thing", "allow: [Anything]"),
        Case(
            "sizes of machines, old, new, with fewer cores, to come",
            machines,
            "allow: [Basic_A1, Standard_D4s_v5, standard_e16-4ds_v5, Standard_D4s_v19, Standard_NC24ads_A100_v4]"
        ),
        Case(
            "forms of sizes that the table does not have",
            machines,
            "allow: [Standard_M96bds_2_v3, Standard_ND128isr_NDR_GB200_v6, Standard_NV6_Promo, Standard_HB120-16rs_v3]"
        ),
        Case(
            "a size without the underscore",
            machines,
            "allow: [Standard_D4sv5]",
            says: [
                #"6:30: warning: spec.rules[0].skus.allow[0]: "Standard_D4sv5" is no SKU that we know of "# + machines
                    + #", did you mean "Standard_D4s_v5"?; write Standard_D4s_v5"#
            ]
        ),
        Case(
            "a size with its letters in another order",
            machines,
            "allow: [Standard_D96sd_v5]",
            says: [
                #"6:30: warning: spec.rules[0].skus.allow[0]: "Standard_D96sd_v5" is no SKU that we know of "#
                    + machines
                    + #", did you mean "Standard_D96ds_v5"?; write Standard_D96ds_v5"#
            ]
        ),
        Case(
            "a size without what all begin with",
            machines,
            "deny: ['D4s*', E8, 'Standrad_*', 'Standard_X*', '*_v5']",
            says: [
                #"6:29: warning: spec.rules[0].skus.deny[0]: "D4s*" fits no SKU that we know of "# + machines
                    + "; check the spelling",
                #"6:37: warning: spec.rules[0].skus.deny[1]: "E8" is no SKU that we know of "# + machines
                    + "; check the spelling",
                #"6:41: warning: spec.rules[0].skus.deny[2]: "Standrad_*" fits no SKU that we know of "# + machines
                    + "; check the spelling",
            ]
        ),
        Case(
            "sizes alone, where a kind has SKUs of its own too",
            clusters,
            "of: Machines, allow: [Standard_D4sv5]",
            says: [
                #"6:44: warning: spec.rules[0].skus.allow[0]: "Standard_D4sv5" is no SKU that we know of "# + clusters
                    + #", did you mean "Standard_D4s_v5"?; write Standard_D4s_v5"#
            ]
        ),
        Case(
            "what Data Explorer says around sizes",
            "kusto.azure.com/Cluster",
            "allow: ['Dev(No SLA)_Standard_E2a_v4']"
        ),
    ]

    static func policy(_ kinds: String, _ rule: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: p}
        spec: {match: {resources: [\(kinds)]},
          \(rule.hasPrefix("skus") ? "rules" : "mutations"): [
            {name: r, \(rule)}]}
        """
    }

    @Test(arguments: rules) func warnsOfRules(_ example: Case) throws {
        let result = try compile([("p.yaml", Self.policy(example.kinds, "skus: {\(example.body)}"))])
        #expect(result.issues.map(\.description) == example.says.map { "p.yaml:\($0)" })
        #expect(result.set != nil)
    }

    static let downgrades: [Case] = [
        Case("sizes", machines, "[Standard_B2s, Standard_D2s_v5]"),
        Case(
            "a name that is misspelt",
            machines,
            "[Standard-B2s]",
            says: [
                #"6:38: warning: spec.mutations[0].sku.downgrade.to[0]: "Standard-B2s" is no SKU that we know of "#
                    + machines + #", did you mean "Standard_B2s"?; write Standard_B2s"#
            ]
        ),
        Case(
            "a tier that is misspelt",
            databases,
            "[{name: S0, tier: Standart}]",
            says: [
                #"6:55: warning: spec.mutations[0].sku.downgrade.to[0].tier: "Standart" is no tier of SKUs that we know of "#
                    + databases + #", did you mean "Standard"?; write Standard"#
            ]
        ),
    ]

    @Test(arguments: downgrades) func warnsOfDowngrades(_ example: Case) throws {
        let text = Self.policy(example.kinds, "sku: {downgrade: {to: \(example.body)}}")
        let result = try compile([("p.yaml", text)])
        #expect(result.issues.map(\.description) == example.says.map { "p.yaml:\($0)" })
        #expect(result.set != nil)
    }

    @Test func warnsOfPrices() throws {
        let text = """
            apiVersion: portcullis.dev/v1alpha1
            kind: PriceList
            metadata: {name: p}
            spec:
              currency: EUR
              prices:
                - {kind: sql.azure.com/ServersDatabase, sku: "GP_Gen5_*", unit: vCoreHour, price: 1}
                - {kind: sql.azure.com/ServersDatabase, sku: "GB_Gen5_*", unit: vCoreHour, price: 1}
                - {kind: containerservice.azure.com/ManagedCluster, tier: Fee, unit: month, price: 0}
            """
        #expect(
            try compile([("p.yaml", text)]).issues.map(\.description) == [
                #"p.yaml:8:50: warning: spec.prices[1].sku: "GB_Gen5_*" fits no SKU that we know of sql.azure.com/ServersDatabase; "#
                    + "check the spelling",
                #"p.yaml:9:63: warning: spec.prices[2].tier: "Fee" is no tier of SKUs that we know of "# + Self.clusters
                    + #", did you mean "Free"?; write Free"#,
            ]
        )
    }

    /// The policies that come with Portcullis name nothing that there is not.
    @Test func shippedPoliciesAreNotWarnedOf() throws {
        let folder = URL(filePath: Fixtures.policies).resolvingSymlinksInPath().path
        let paths = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        var count = 0
        for path in paths where path.hasSuffix(".yaml") && !path.contains("tests/") && !path.contains("kustomization") {
            let text = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
            let said = try compile([(path, text)]).issues.map(\.description)
            #expect(said.filter { $0.contains("SKU") }.isEmpty, "\(path)")
            count += 1
        }
        #expect(count > 50)
    }

    /// What one namespace's owner writes costs the others no time to speak of, and no log.
    @Test func manyNamesThatNobodyKnowsSayLittle() throws {
        let names = (0..<5000).map { "Standard_Z\($0)q" + String(repeating: "x", count: 40) + "5" }
        let rule = "skus: {allow: [\(names.joined(separator: ", "))]}"
        let text = namespacePolicy(spec: "{match: {resources: [\(Self.machines)]}, rules: [{name: r, \(rule)}]}")
        let result = try compile([("p.yaml", text)])
        #expect(result.issues.count == 200)
        #expect(result.set != nil)
    }
}
