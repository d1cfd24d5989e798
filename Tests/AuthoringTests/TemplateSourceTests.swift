import Authoring
import JSON
import Kubernetes
import Policy
import Testing

/// ARM templates: what their expressions say, as far as a file can tell.
@Suite struct TemplateSourceTests {
    private static let schema =
        #""$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#""#

    private func template(_ members: String) -> String {
        "{\(Self.schema), \"contentVersion\": \"1.0.0.0\", \(members)}"
    }

    /// A template of one account whose location is an expression.
    private func account(_ location: String, _ members: String = "") -> String {
        template(
            """
            \(members)"resources": [
              {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "orders",
               "location": \(quoted(location)), "properties": {}}]
            """
        )
    }

    private func read(_ text: String, _ deployment: TemplateDeployment = TemplateDeployment()) throws
        -> ForeignResources
    {
        let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
        return try ResourceSource().read(document, deployment: deployment)
    }

    /// The location that an expression gives, or why nobody knows it.
    private func location(
        _ expression: String,
        _ members: String = "",
        _ deployment: TemplateDeployment = TemplateDeployment()
    ) throws -> String {
        let found = try read(account(expression, members), deployment)
        let resource = try #require(found.resources.first)
        let decision = try decide(resource.change, rule("locations: {allow: [nowhere]}"))
        let failure = try #require(decision.failures.first)
        if failure.reason == .unknown { return "unknown: \(failure)" }
        return failure.value ?? "absent"
    }

    // MARK: Expressions

    static let expressions: [(expression: String, value: String)] = [
        ("westeurope", "westeurope"), ("[[literal]", "[literal]"), ("['westeurope']", "westeurope"),
        ("['it''s']", "it's"), ("[concat('west', 'europe')]", "westeurope"),
        ("[format('{0}-{1:D3}{{}}', 'a', 7)]", "a-007{}"), ("[toLower('WEST')]", "west"), ("[toUpper('w')]", "W"),
        ("[if(true(), 'a', parameters('nothing'))]", "a"), ("[if(equals('a', 'A'), 'same', 'other')]", "other"),
        ("[if(and(true(), not(false())), 'a', 'b')]", "a"), ("[if(or(false(), true()), 'a', 'b')]", "a"),
        ("[substring('westeurope', 4, 6)]", "europe"), ("[replace('w-e', '-', '_')]", "w_e"),
        ("[join(split('a,b', ','), '-')]", "a-b"), ("[string(add(1, mul(2, 3)))]", "7"),
        ("[first(createArray('a', 'b'))]", "a"), ("[last('ab')]", "b"), ("[take('abc', 2)]", "ab"),
        ("[skip('abc', 2)]", "c"), ("[trim(' a ')]", "a"), ("[padLeft('7', 3, '0')]", "007"),
        ("[coalesce(null(), 'a')]", "a"), ("[json('{\"a\": [\"x\"]}').a[0]]", "x"),
        ("[union(createObject('a', 'x'), createObject('b', 'y')).b]", "y"),
        ("[if(contains('westeurope', 'west'), 'a', 'b')]", "a"), ("[if(empty(''), 'a', 'b')]", "a"),
        ("[if(startsWith('westeurope', 'WEST'), 'a', 'b')]", "a"), ("[string(length(range(0, 3)))]", "3"),
        ("[string(indexOf('abc', 'c'))]", "2"), ("[string(int('42'))]", "42"), ("[string(max(1, 5, 3))]", "5"),
        ("[if(greater(2, 1), 'a', 'b')]", "a"), ("[items(createObject('k', 'v'))[0].value]", "v"),
        ("[tryGet(createObject('k', 'v'), 'k')]", "v"), ("[string(mod(7, 4))]", "3"),
    ]

    @Test(arguments: expressions) func evaluates(_ expression: String, _ value: String) throws {
        #expect(try location(expression) == value)
    }

    static let unknowns: [(expression: String, reason: String)] = [
        ("[resourceGroup().location]", "it depends on resourceGroup().location, which --location tells"),
        ("[uniqueString('a')]", "it depends on uniquestring()"),
        ("[reference('x').location]", "it depends on reference()"),
        ("[concat('a', utcNow())]", "it depends on utcnow()"),
        ("[parameters('open')]", "the parameter open has no value"),
        ("[parameters('secret')]", "is a secret"), ("[substring('abc', 2, 9)]", "substring() cannot take"),
        ("[if(parameters('open'), 'westeurope', 'westeurope')]", "the parameter open"),
        ("[createObject('a', 1).b]", "has no 'b'"), ("[div(1, 0)]", "div() cannot take"), ("[concat('a'", ""),
        ("[contoso.name('x')]", "cannot be read"),
        ("[equals(createArray(parameters('open')), createArray(1))]", "open"),
    ]

    @Test(arguments: unknowns) func saysWhyNobodyKnows(_ expression: String, _ reason: String) throws {
        let parameters = #""parameters": {"open": {"type": "string"}, "secret": {"type": "secureString"}},"#
        let told = try location(expression, parameters)
        guard !reason.isEmpty else {
            #expect(told == expression)
            return
        }
        #expect(told.contains("unknown"), "\(told)")
        #expect(told.contains(reason), "\(told)")
    }

    @Test func parametersAndVariablesAreEvaluated() throws {
        let members = """
            "parameters": {"Region": {"type": "string", "defaultValue": "[concat('west', 'europe')]"}},
            "variables": {"places": {"main": "[parameters('region')]"},
                          "copy": [{"name": "list", "count": 3, "input": "[format('r{0}', copyIndex('list'))]"}]},
            """
        #expect(try location("[variables('places').main]", members) == "westeurope")
        #expect(try location("[variables('list')[2]]", members) == "r2")
        let file = try JSONDocument(
            parsing: Array(#"{"parameters": {"region": {"value": "eastus"}, "k": {"reference": {}}}}"#.utf8)
        )
        var deployment = TemplateDeployment(parameters: JSONFragment(file), location: "northeurope")
        #expect(try location("[variables('places').main]", members, deployment) == "eastus")
        #expect(try location("[resourceGroup().location]", "", deployment) == "northeurope")
        deployment.resourceGroup = "g"
        deployment.subscription = "s"
        let id = "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 'n')]"
        #expect(
            try location(id, "", deployment)
                == "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/v/subnets/n"
        )
    }

    @Test func secretsOfAFileOfParametersAreNotLookedAt() throws {
        let members =
            #""parameters": {"secret": {"type": "secureString"}, "k": {"type": "string", "defaultValue": "a"}},"#
        let file = try JSONDocument(
            parsing: Array(
                #"{"parameters": {"secret": {"value": "eastus"}, "K": {"reference": {"keyVault": {}}}}}"#.utf8
            )
        )
        let deployment = TemplateDeployment(parameters: JSONFragment(file))
        let secret = try location("[parameters('secret')]", members, deployment)
        #expect(secret.contains("the parameter secret is a secret") && !secret.contains("eastus"), "\(secret)")
        let reference = try location("[parameters('k')]", members, deployment)
        #expect(reference.contains("the parameter k is a secret of a key vault"), "\(reference)")
    }

    @Test(
        arguments: [
            ("a/main.parameters.json", "a/main.json"), ("main.parameters.prod.json", "main.json"),
            ("main.v2.parameters-eu.west.json", "main.v2.json"),
            ("b.parameters/parameters.json", "b.parameters/template.json"),
            ("main.json", nil), ("a.parameters/main.json", nil), (".parameters.json", nil),
            ("main.parametersx.json", nil),
            ("main.parameters.yaml", nil), ("", nil), ("-", nil),
        ] as [(String, String?)]
    )
    func aFileOfParametersNamesItsTemplate(_ file: String, _ template: String?) {
        #expect(ParametersFile.template(of: file) == template)
    }

    // MARK: Resources

    @Test func loopsMakeResources() throws {
        let text = template(
            """
            "parameters": {"count": {"type": "int", "defaultValue": 2}, "open": {"type": "int"}},
            "resources": [
              {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "location": "westeurope",
               "name": "[concat('orders', copyIndex(1))]", "copy": {"name": "accounts", "count": "[parameters('count')]"},
               "properties": {}},
              {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "location": "westeurope",
               "name": "[concat('other', copyIndex())]", "copy": {"name": "others", "count": "[parameters('open')]"},
               "properties": {}},
              {"type": "Microsoft.Cache/redis", "apiVersion": "2024-11-01", "name": "c", "location": "westeurope",
               "condition": "[equals(parameters('count'), 3)]", "properties": {}},
              {"type": "Contoso.Custom/things", "apiVersion": "2024-11-01", "name": "t"}]
            """
        )
        let found = try read(text)
        #expect(found.format == .armTemplate)
        #expect(
            found.resources.map(\.name) == [
                "Microsoft.Storage/storageAccounts orders1", "Microsoft.Storage/storageAccounts orders2",
                "Microsoft.Storage/storageAccounts [concat('other', copyIndex())]",
            ]
        )
        let naming = rule("naming: {pattern: '^orders[0-9]$'}")
        #expect(try found.resources.map { try decide($0.change, naming).allowed } == [true, true, false])
        #expect(found.passedOver.map(\.reason).first == "its condition is false")
        #expect(found.passedOver.map(\.isUnseen) == [false, true])
    }

    @Test func modulesAndChildrenAreFound() throws {
        let text = template(
            """
            "parameters": {"region": {"type": "string", "defaultValue": "westeurope"}},
            "resources": {
              "server": {"type": "Microsoft.Sql/servers", "apiVersion": "2023-08-01", "name": "main",
                "location": "[parameters('region')]", "properties": {"publicNetworkAccess": "Disabled"},
                "resources": [{"type": "firewallRules", "apiVersion": "2023-08-01", "name": "all",
                  "properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"}}]},
              "old": {"existing": true, "type": "Microsoft.KeyVault/vaults", "apiVersion": "2023-07-01", "name": "v"},
              "module": {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "m",
                "properties": {"mode": "Incremental", "expressionEvaluationOptions": {"scope": "inner"},
                  "parameters": {"region": {"value": "[toUpper(parameters('region'))]"}, "far": {"value": "[utcNow()]"}},
                  "template": {"parameters": {"region": {"type": "string"}, "far": {"type": "string"}}, "resources": [
                    {"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "a",
                     "location": "[parameters('region')]", "tags": {"when": "[parameters('far')]"}, "properties": {}}]}}},
              "linked": {"type": "Microsoft.Resources/deployments", "apiVersion": "2022-09-01", "name": "l",
                "properties": {"templateLink": {"uri": "https://example.com/t.json"}}}}
            """
        )
        let found = try read(text)
        #expect(
            found.resources.map(\.name) == [
                "Microsoft.Sql/servers main", "Microsoft.Sql/servers/firewallRules main/all",
                "Microsoft.Storage/storageAccounts a",
            ]
        )
        #expect(found.passedOver.map(\.isUnseen) == [false, true])
        let everywhere = rule("locations: {allow: [westeurope]}")
        #expect(try found.resources.map { try decide($0.change, everywhere).allowed } == [true, true, true])
        let firewall = try decide(found.resources[1].change, rule("exposure: {allowedIPs: [10.0.0.0/8]}"))
        #expect(!firewall.allowed)
        let tags = try decide(found.resources[2].change, rule("tags: {required: {when: {}}}"))
        #expect(tags.failures.map(\.reason) == [.unknown])
    }

    /// Azure does not tell names apart by their case, and nor does a policy.
    @Test func namesAreTheSameInAnyCase() throws {
        let text = template(
            """
            "resources": [{"type": "microsoft.storage/STORAGEACCOUNTS", "apiVersion": "2023-01-01", "name": "a",
              "Location": "eastus", "PROPERTIES": {"PublicNetworkAccess": "Enabled", "allowblobpublicaccess": true}}]
            """
        )
        let resource = try #require(try read(text).resources.first)
        #expect(!(try decide(resource.change, rule("locations: {allow: [westeurope]}")).allowed))
        let failures = try decide(
            resource.change,
            rule("exposure: {publicNetworkAccess: Disabled, publicAccess: Disabled}")
        ).failures
        #expect(failures.map(\.value) == ["true", "Enabled"])
        #expect(resource.place(of: "spec.publicNetworkAccess").field == "PROPERTIES.PublicNetworkAccess")
    }

    /// What is unknown as a whole is unknown in every part.
    @Test(arguments: ["properties", "sku", "tags"]) func unknownObjectsHideNothing(_ name: String) throws {
        let text = template(
            """
            "parameters": {"p": {"type": "object"}},
            "resources": [{"type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01", "name": "a",
              "\(name)": "[parameters('p')]"}]
            """
        )
        let resource = try #require(try read(text).resources.first)
        let body =
            ["properties": "exposure: {allowedIPs: [10.0.0.0/8]}", "sku": "skus: {allow: [a]}"][name]
            ?? "tags: {required: {a: {}}}"
        #expect(try decide(resource.change, rule(body)).failures.first?.reason == .unknown)
        let field = name == "properties" ? "anything" : name
        let expression = rule("cel: {expression: \"!has(object.spec.\(field))\"}")
        #expect(!(try decide(resource.change, expression).allowed))
    }

    /// Defaults of Azure hang on the version that is asked for.
    @Test func theVersionOfTheTemplateCounts() throws {
        let policy = rule("exposure: {publicAccess: Disabled}")
        for (version, isAllowed) in [("2022-09-01", false), ("2023-01-01", true), ("2024-01-01", true)] {
            let text = account("westeurope").replacing("2023-01-01", with: version)
            let resource = try #require(try read(text).resources.first)
            #expect(try decide(resource.change, policy).allowed == isAllowed, "\(version)")
        }
    }

    @Test func fieldsHavePlaces() throws {
        let text = template(
            """
            "resources": [
              {"type": "Microsoft.Network/networkInterfaces", "apiVersion": "2024-05-01", "name": "n",
               "location": "[resourceGroup().location]",
               "tags": {},
               "properties": {
                 "enableIPForwarding": true,
                 "ipConfigurations": [{"name": "a", "properties": {}}]}}]
            """
        )
        let resource = try #require(try read(text).resources.first)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        func line(_ field: String) -> Substring { lines[resource.place(of: field).position.line - 1] }
        #expect(line("spec.location").contains("resourceGroup"))
        #expect(line("spec.enableIPForwarding").contains("enableIPForwarding"))
        #expect(line("spec.tags.owner").contains("tags"))
        #expect(resource.place(of: "spec.tags.owner").field == "tags.owner")
        #expect(resource.place(of: "spec.disableTcpStateTracking").field == "properties.disableTcpStateTracking")
        #expect(
            resource.place(of: "spec.ipConfigurations[0].primary").field
                == "properties.ipConfigurations[0].properties.primary"
        )
    }

    // MARK: What is refused

    static let refused: [(members: String, message: String)] = [
        (#""parameters": {}"#, "without resources"),
        (#""variables": {"a": "[variables('b')]", "b": "[variables('a')]"}, "#, "has a loop: variables('a')"),
        (#""parameters": {"a": {"defaultValue": "[parameters('a')]"}}, "#, "has a loop: parameters('a')"),
        ("", "has no variable 'a'"), (#""variables": {"a": "[copyIndex()]"}, "#, "outside of a loop"),
        (#""variables": {"copy": [{"name": "a", "count": 100000, "input": 1}]}, "#, "whose count is none"),
        (#""resources": [{"name": "x"}]"#, "without type"),
    ]

    @Test(arguments: refused) func refuses(_ members: String, _ message: String) throws {
        let isWhole = members.contains("resources") || message.contains("resources")
        let expression = members.contains("\"parameters\"") ? "[parameters('a')]" : "[variables('a')]"
        let text = isWhole ? template(members) : account(expression, members)
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message.contains(message) ?? false, "\(String(describing: error))")
        #expect((error?.position.column ?? 0) > 0)
    }

    @Test func whatGrowsWithoutEndIsRefused() throws {
        // Each variable is eight times the one before.
        let variables = (1...12).map {
            #""v\#($0)": "[concat(\#(Array(repeating: "variables('v\($0 - 1)')", count: 8).joined(separator: ", ")))]""#
        }
        let text = account(
            "[variables('v12')]",
            #""variables": {"v0": "12345678", \#(variables.joined(separator: ", "))}, "#
        )
        #expect(try read(text).resources.count == 1)
        let loops = account("westeurope").replacing(
            #""properties": {}"#,
            with: #""copy": {"name": "c", "count": 800}, "resources": [RESOURCE], "properties": {}"#
        )
        let child = #"{"type": "x", "name": "y", "copy": {"name": "d", "count": 800}, "resources": [RESOURCE]}"#
        var nested = loops
        for _ in 0..<4 { nested = nested.replacing("RESOURCE", with: child) }
        let error = #expect(throws: SourceError.self) { _ = try read(nested.replacing("RESOURCE", with: "")) }
        #expect(error != nil)
        let deep = String(repeating: "if(true(), ", count: 200) + "'a'" + String(repeating: ", 'b')", count: 200)
        #expect(try location("[\(deep)]").contains("unknown"))
    }

    /// What an expression gives is paid for by all that is in it, however short the expression is.
    static let large: [(members: String, properties: String)] = [
        (
            "",
            #"""
            {"copy": [{"name": "x", "count": 800, "input":
              {"copy": [{"name": "y", "count": 800, "input": "[range(0, 800)]"}]}}]}
            """#
        ),
        (
            "",
            #"{"copy": [{"name": "x", "count": 800, "input": ["[padLeft('', 10000)]", "[padLeft('', 9999)]"]}]}"#
        ),
        ("", #"{"copy": [{"name": "x", "count": 800, "input": "[split(padLeft('', 10000, ','), ',')]"}]}"#),
        (
            #""variables": {"a": "[range(0, 10000)]"}, "#,
            #"{"copy": [{"name": "x", "count": 800, "input": "[variables('a')]"}]}"#
        ),
        (
            #""variables": {"a": "[range(0, 10000)]"}, "#,
            #"{"copy": [{"name": "x", "count": 800, "input": "[length(string(variables('a')))]"}]}"#
        ),
        (
            // Small in memory, and 8 to the power of 12 when it is written.
            """
            "variables": {"v0": 1, \((1...12).map { level in
                let parts = Array(repeating: "variables('v\(level - 1)')", count: 8)
                return #""v\#(level)": "[createArray(\#(parts.joined(separator: ", ")))]""#
            }.joined(separator: ", "))},
            """,
            #"{"x": "[variables('v12')]"}"#
        ),
    ]

    /// Expressions that look at much and give little.
    static let lookers = [
        "contains(variables('list'), 'none')", "contains(variables('object'), 'none')",
        "length(union(variables('object'), variables('object')))",
        "length(intersection(variables('few'), variables('few')))",
        "length(union(variables('few'), variables('few')))", "length(shallowMerge(createArray(variables('object'))))",
        "length(variables('list'))", "variables('object').a9999", "tryGet(variables('object'), 'A9999')",
        "equals(variables('object'), variables('object'))", "length(split(variables('text'), variables('list')))",
    ]

    @Test(arguments: lookers) func whatExpressionsLookAtIsPaidFor(_ expression: String) throws {
        let names = (0..<10_000).map { "a\($0)" }
        let text = """
            {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
             "variables": {"list": [\(names.map { "\"\($0)\"" }.joined(separator: ","))],
               "object": {\(names.map { "\"\($0)\": 1" }.joined(separator: ","))},
               "few": [\(names.prefix(1000).map { "\"\($0)\"" }.joined(separator: ","))],
               "text": "\(String(repeating: "b", count: 10_000))"},
             "resources": [{"type": "Microsoft.Storage/storageAccounts", "name": "a", "properties": {
               "copy": [{"name": "x", "count": 800, "input": "[string(\(expression))]"}]}}]}
            """
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message == "takes more than 2000000 steps to evaluate")
    }

    /// A look is paid for by what it is worth: what people write is evaluated.
    @Test func largeTablesAreLookedUpIn() throws {
        let regions = (0..<200).map { #""r\#($0)": {"zone": "\#($0)"}"# }.joined(separator: ",")
        let resources = (0..<500).map {
            #"{"type": "Microsoft.Storage/storageAccounts", "name": "a\#($0)", "location": "[variables('r').R\#($0 % 200).zone]","#
                + #""tags": "[union(variables('tags'), createObject('n', 'x'))]"}"#
        }
        let text = """
            {"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
             "variables": {"r": {\(regions)}, "tags": {"a": "b", "N": "y"}}, "resources": [\(resources.joined(separator: ","))]}
            """
        let found = try read(text).resources
        #expect(found.count == 500)
        for body in ["locations: {allow: [\"99\"]}", "tags: {required: {\"N\": {values: [x]}}}"] {
            let decision = try decide(try #require(found.last).change, rule(body))
            #expect(decision.failures.isEmpty || body.hasPrefix("locations") && decision.failures[0].value == "99")
        }
    }

    @Test(arguments: large) func whatExpressionsGiveIsPaidFor(_ members: String, _ properties: String) throws {
        let text = account("westeurope", members).replacing(
            #""properties": {}"#,
            with: #""properties": \#(properties)"#
        )
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message == "takes more than 2000000 steps to evaluate")
    }

    @Test func longTextsArePaidFor() throws {
        let input = String(repeating: "a", count: 50_000)
        let text = account("westeurope").replacing(
            #""properties": {}"#,
            with: #""properties": {"copy": [{"name": "x", "count": 800, "input": "\#(input)"}]}"#
        )
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message == "takes more than 2000000 steps to evaluate")
    }

    /// Children have the names of those that they stand in.
    @Test func longNamesArePaidFor() throws {
        let name = String(repeating: "a", count: 100_000)
        let child = #"{"type": "x", "name": "b", "copy": {"name": "c", "count": 800}}"#
        let text = account("westeurope").replacing(
            #""properties": {}"#,
            with: #""properties": {}, "resources": [{"type": "x", "name": "\#(name)", "resources": [\#(child)]}]"#
        )
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message == "takes more than 2000000 steps to evaluate")
    }

    /// A template whose templates are each in a loop.
    private func loops(_ levels: Int, _ members: String, count: Int = 800) -> String {
        var resources = #"{"type": "Microsoft.Storage/storageAccounts", "name": "a", "properties": {}}"#
        for level in 0..<levels {
            let members = level == levels - 1 ? members : ""
            resources = """
                {"type": "Microsoft.Resources/deployments", "name": "n", "copy": {"name": "c", "count": \(count)}, \(members)
                 "properties": {"expressionEvaluationOptions": {"scope": "inner"}, "template": {"resources": [\(resources)]}}}
                """
        }
        return template("\"resources\": [\(resources)]")
    }

    /// Nobody waits for what is too much anyway.
    @Test(arguments: [2, 7]) func loopsInLoopsAreCountedBeforeTheyRun(_ levels: Int) throws {
        let error = #expect(throws: SourceError.self) { _ = try read(loops(levels, "")) }
        #expect(error?.message == "holds more than 50000 resources")
        #expect(try read(loops(levels, #""condition": false,"#)).passedOver.count == 800)
        #expect(try read(loops(levels, "", count: 0)).resources.isEmpty)
    }

    /// Nor for members that nobody asks for, each time that a loop comes by.
    @Test(arguments: ["n", "Microsoft.Resources/deployments"]) func uselessMembersArePaidFor(_ type: String) throws {
        let useless = (0..<10_000).map { "\"m\($0)\": 0," }.joined()
        let inner = type == "n" ? "{\(useless) \"type\": \"n\", \"name\": \"n\"}" : ""
        let text = loops(1, "").replacing(
            #""template": {"resources": ["#,
            with: #""template": {\#(type == "n" ? "" : useless) "resources": [\#(inner)\#(type == "n" ? "," : "")"#
        )
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message == "takes more than 2000000 steps to evaluate")
    }

    @Test func loopsInLoopsMayBeMany() throws {
        #expect(try read(loops(2, "", count: 20)).resources.count == 400)
    }

    /// Values that names bring into one another are as deep as all of them.
    @Test func whatIsDeepIsRefused() throws {
        func nest(_ value: String) -> String {
            String(repeating: "[", count: 200) + value + String(repeating: "]", count: 200)
        }
        let variables = (1...100).map { #""v\#($0)": \#(nest("\"[variables('v\($0 - 1)')]\""))"# }
        let members = #""variables": {"v0": 1, \#(variables.joined(separator: ", "))}, "#
        // From the last name, and from the first.
        for names in [[100], Array(1...100)] {
            let properties = names.map { #""p\#($0)": "[variables('v\#($0)')]""# }.joined(separator: ", ")
            let text = account("westeurope", members)
                .replacing(#""properties": {}"#, with: #""properties": {\#(properties)}"#)
            let error = #expect(throws: SourceError.self) { _ = try read(text) }
            #expect(error?.message.hasSuffix(" deep") ?? false, "\(String(describing: error))")
        }
    }

    /// Azure pads with one character, and nothing is made of texts beyond all measure.
    @Test func functionsHaveLimits() throws {
        #expect(try location("[padLeft('a', 10000, '0123456789')]").contains("cannot take these arguments"))
        let long = String(repeating: ",", count: 200_000)
        let variables = #""variables": {"a": "\#(long)"}, "#
        #expect(try location("[split(variables('a'), ',')]", variables).contains("cannot take these arguments"))
    }

    // MARK: Resources of Azure

    @Test func aListOfAzureMustBeWhole() throws {
        let id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a"
        let text =
            #"[{"id": "\#(id)", "type": "Microsoft.Storage/storageAccounts", "location": "x", "properties": null}]"#
        let error = #expect(throws: SourceError.self) { _ = try read(text) }
        #expect(error?.message.contains("has no properties") ?? false)
        let unknown = #"{"id": "\#(id)", "type": "Contoso.X/y", "properties": {}}"#
        #expect(try read(unknown).passedOver.map(\.isUnseen) == [true])
    }

    @Test func identitiesAndOwnersAreReferences() throws {
        let group = "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/other"
        let text = """
            {"id": "\(group)/providers/Microsoft.Sql/servers/s/databases/d", "type": "Microsoft.Sql/servers/databases",
             "location": "westeurope", "properties": {},
             "identity": {"type": "UserAssigned", "userAssignedIdentities": {
               "\(group)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/i": {"clientId": "x"}}}}
            """
        let resource = try #require(try read(text).resources.first)
        let binding = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzureBinding
            metadata: {name: team-a}
            spec: {namespaces: [team-a], subscriptions: [22222222-2222-2222-2222-222222222222], resourceGroups: [team-a]}
            """
        let paths = try decide(resource.change, binding).failures.map(\.path)
        #expect(paths.contains("spec.owner.armId"))
        #expect(paths.contains("spec.identity.userAssignedIdentities[0].reference.armId"))
    }
}
