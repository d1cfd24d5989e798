import JSON
import Kubernetes
import Policy
import Testing

/// What a policy says for all of its rules.
@Suite struct PolicyModelTests {
    /// A policy of one rule that denies every region but one, with `ratchet` as it is given.
    static func set(ratchet: String) throws -> PolicySet {
        try policies(
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: p}
            spec:
              ratchet: \(ratchet)
              rules: [{name: r, locations: {allow: [westeurope]}}]
            """
        )
    }

    @Test(arguments: [(ratchet: "true", allows: true), ("null", true), ("false", false)])
    func ratchetsOnlyWherePoliciesLetIt(_ example: (ratchet: String, allows: Bool)) throws {
        let update = Ask.update(
            storageAccount("{location: westus}"),
            to: storageAccount("{location: westus, tags: {}}")
        )
        let decision = try Self.set(ratchet: example.ratchet).decide(update)
        #expect(decision.allowed == example.allows)
        #expect(decision.failures.map(\.effect) == [example.allows ? .ratcheted : .deny])
        #expect(decision.notes.contains(.ratcheted) == example.allows)
    }

    @Test func ratchetsTheOnePolicyAndNotTheOther() throws {
        func text(_ name: String, _ ratchet: Bool) -> String {
            """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: \(name)}
            spec: {ratchet: \(ratchet), rules: [{name: r, locations: {allow: [westeurope]}}]}
            """
        }
        let old = storageAccount("{location: westus}")
        let decision = try policies(text("a", true), text("b", false)).decide(.update(old, to: old))
        #expect(decision.failures.map(\.policy) == ["a", "b"])
        #expect(decision.failures.map(\.effect) == [.ratcheted, .deny])
        #expect(!decision.allowed)
    }

    @Test func refusesARatchetThatIsNoBool() throws {
        let result = try compile([
            (
                "p.yaml",
                """
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: p}
                spec:
                  ratchet: "no"
                  rules: [{name: r, locations: {allow: [westeurope]}}]
                """
            )
        ])
        #expect(
            result.issues.map(\.description) == [
                "p.yaml:5:12: error: spec.ratchet: must be true or false, not a string; write true or false without quotes"
            ]
        )
    }
}
