import JSON
import Policy
import Testing

/// What a trace hears of the rules that are tried.
@Suite struct DecisionTraceTests {
    private typealias Outcomes = DecisionTrace.Outcomes

    private func outcomes(
        _ rule: String,
        _ spec: String,
        mode: DecisionMode = .validate
    ) throws -> [DecisionTrace.Outcomes] {
        let set = try policies(policy(rule: rule))
        let trace = DecisionTrace()
        let decision = set.decide(try Ask.create(storageAccount(spec)).request(), mode: mode, trace: trace)
        #expect(trace.entries.allSatisfy { $0.document == "p" })
        // Who listens changes nothing.
        let silent = set.decide(try Ask.create(storageAccount(spec)).request(), mode: mode)
        #expect(decision.allowed == silent.allowed)
        #expect(decision.failures.map(\.description) == silent.failures.map(\.description))
        return trace.entries.map(\.outcomes)
    }

    private static let regions = "locations: {allow: [westeurope]}"
    static let cases: [(rule: String, spec: String, outcomes: DecisionTrace.Outcomes)] = [
        (regions, "{location: westeurope}", .passed),
        (regions, "{location: uksouth}", .failed),
        (regions, "{}", [.failed, .absent]),
        ("ifAbsent: Allow, \(regions)", "{}", [.passed, .absent]),
        ("cel: {expression: 'has(object.spec.location)'}", "{location: a}", .passed),
        ("cel: {expression: 'has(object.spec.location)'}", "{}", .failed),
        ("cel: {expression: 'object.spec.location == \"a\"'}", "{}", .broken),
        ("tags: {required: {owner: {}}}", "{tags: {team: a}}", [.failed, .absent]),
        ("exposure: {minimumTLSVersion: '1.2'}", "{minimumTlsVersion: TLS1_2}", .passed),
        ("kinds: {deny: ['sql.azure.com/*']}", "{}", .passed),
    ]

    @Test(arguments: cases)
    func everyRuleIsHeardOf(_ item: (rule: String, spec: String, outcomes: DecisionTrace.Outcomes)) throws {
        #expect(try outcomes(item.rule, item.spec) == [item.outcomes])
    }

    @Test func aPolicyThatDoesNotMatchIsSilent() throws {
        let set = try policies(policy(match: "{resources: [sql.azure.com/*]}", rule: Self.regions))
        let trace = DecisionTrace()
        _ = set.decide(try Ask.create(storageAccount("{}")).request(), mode: .validate, trace: trace)
        #expect(trace.entries.isEmpty)
    }

    @Test func mutationsAloneTryNoRule() throws {
        #expect(try outcomes(Self.regions, "{location: uksouth}", mode: .mutate).isEmpty)
    }
}
