import JSON
import Policy
import Testing

/// `spec.parameters`: values that rules, mutations and expressions name.
@Suite struct ParameterTests {
    static func document(_ parameters: String, rules: String = "[]", mutations: String? = nil) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: p}
        spec:
          parameters: \(parameters)
          \(mutations.map { "mutations: \($0)" } ?? "rules: \(rules)")
        """
    }

    static func account(_ location: String) -> Ask {
        .create(storageAccount("{location: \(location), sku: {name: Standard_LRS}}"))
    }

    @Test func aRuleReadsAList() throws {
        let set = try policies(
            Self.document(
                "{regions: [westeurope, North Europe]}",
                rules: "[{name: r, locations: {allow: '${parameters.regions}'}}]"
            )
        )
        #expect(try set.decide(Self.account("northeurope")).allowed)
        let decision = try set.decide(Self.account("eastus"))
        #expect(
            decision.lines == [
                "p/r: spec.location is \"eastus\"; allowed: westeurope, northeurope; set spec.location to westeurope or northeurope"
            ]
        )
    }

    @Test func aNullLeavesAFieldOut() throws {
        let rules = "[{name: r, locations: {allow: '${parameters.regions}', deny: '${parameters.closed}'}}]"
        let set = try policies(Self.document("{regions: null, closed: [eastus]}", rules: rules))
        #expect(try set.decide(Self.account("westus")).allowed)
        #expect(try !set.decide(Self.account("eastus")).allowed)
    }

    @Test func wordsAndNumbersAreValues() throws {
        let rules = "[{name: r, action: '${parameters.effect}', skus: {maximum: {capacity: '${parameters.most}'}}}]"
        let set = try policies(Self.document("{effect: Warn, most: 2}", rules: rules))
        let decision = try set.decide(
            .create(
                resource(
                    "eventhub.azure.com/v1api20240101/Namespace",
                    spec: "{location: westeurope, sku: {name: Standard, capacity: 3}}"
                )
            )
        )
        #expect(decision.allowed)
        #expect(decision.warnings.count == 1)
    }

    @Test func expressionsReadThem() throws {
        let rules = """
            [{name: r, cel: {expression: "object.spec.location in parameters.regions", messageExpression: "'not ' + parameters.word"}}]
            """
        let set = try policies(Self.document("{regions: [westeurope], word: there}", rules: rules))
        #expect(try set.decide(Self.account("westeurope")).allowed)
        #expect(try set.decide(Self.account("eastus")).failures.map(\.message) == ["not there"])
    }

    @Test func mutationsReadThem() throws {
        let mutations = "[{name: m, tags: {set: {a: '${parameters.word}', b: 'x-${parameters.word}'}}}]"
        let set = try policies(Self.document("{word: there}", mutations: mutations))
        let decision = try set.decide(Self.account("eastus"), mode: .mutate)
        #expect(decision.patch.map { String(decoding: $0.encode(), as: UTF8.self) }?.contains("x-there") == true)
    }

    @Test func eachPolicyHasItsOwn() throws {
        let rules = "[{name: r, cel: {expression: \"object.spec.location == parameters.region\"}}]"
        let second = Self.document("{region: eastus}", rules: rules).replacing("name: p}", with: "name: q}")
        let set = try policies(Self.document("{region: westus}", rules: rules), second)
        #expect(try set.decide(Self.account("eastus")).failures.map(\.policy) == ["p"])
        #expect(try set.decide(Self.account("westus")).failures.map(\.policy) == ["q"])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let parameters: String
        let rules: String
        let issue: String
        var testDescription: String { name }
    }

    static let faults = [
        Fault(
            name: "a name that is not there",
            parameters: "{regions: [westeurope]}",
            rules:
                "[{name: r, locations: {allow: '${parameters.region}'}}, {name: s, locations: {allow: '${parameters.regions}'}}]",
            issue:
                "6:40: error: spec.rules[0].locations.allow: names the parameter region, which the policy does not have, "
                + "did you mean \"regions\"?; write ${parameters.regions}"
        ),
        Fault(
            name: "a value of the wrong type, told where it stands",
            parameters: "{regions: westeurope}",
            rules: "[{name: r, locations: {allow: '${parameters.regions}'}}]",
            issue: "5:25: error: spec.parameters.regions: must be a list, not a string; write a list (- …)"
        ),
        Fault(
            name: "one that nothing uses",
            parameters: "{regions: [westeurope], other: 1}",
            rules: "[{name: r, locations: {allow: '${parameters.regions}'}}]",
            issue: "5:46: warning: spec.parameters.other: is a parameter that nothing uses; "
                + "write ${parameters.other} where it is meant, or remove it"
        ),
        Fault(
            name: "a name that is none",
            parameters: "{a-b: 1}",
            rules: "[{name: r, locations: {allow: [westeurope]}}]",
            issue:
                "5:21: error: spec.parameters.a-b: \"a-b\" is no name of a parameter; use letters, digits and _, not a digit first"
        ),
        Fault(
            name: "a list",
            parameters: "[a]",
            rules: "[{name: r, locations: {allow: [westeurope]}}]",
            issue: "5:15: error: spec.parameters: must be an object, not a list; write an object (key: value)"
        ),
        Fault(
            name: "an expression that names another",
            parameters: "{regions: [a]}",
            rules: "[{name: r, cel: {expression: 'parameters.region == 1'}}]",
            issue:
                "6:51: error: spec.rules[0].cel.expression: does not compile: portcullis.parameters has no field 'region'; did you mean 'regions'?; write regions"
        ),
    ]

    @Test(arguments: faults) func tells(_ fault: Fault) throws {
        let issues = try compile([("p.yaml", Self.document(fault.parameters, rules: fault.rules))]).issues
        #expect(issues.map(\.description).contains("p.yaml:" + fault.issue), "\(issues.map(\.description))")
    }

    @Test func anExpressionCannotReadWhatIsNotThere() throws {
        let rule = policy(rule: "cel: {expression: 'parameters.a == 1'}")
        let issues = try compile([("p.yaml", rule)]).issues
        #expect(!issues.isEmpty)
    }
}
