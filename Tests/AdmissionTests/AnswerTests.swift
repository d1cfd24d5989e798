import JSON
import TestSupport
import Testing

/// How decisions become answers.
@Suite struct AnswerTests {
    /// One AzurePolicy with the rules and mutations of a test.
    static func policy(_ body: String, name: String = "test", more: String = "") -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: \(name)}
        spec:
          match: {operations: [CREATE, UPDATE, DELETE]}
        \(more)\(body)
        """
    }

    /// Rules that the object of `ReviewText` breaks, as many as wanted: each forbids its region.
    static func broken(_ count: Int, action: String = "Deny") -> String {
        policy(
            "  rules:\n"
                + (0..<count).map { "    - {name: rule-\($0), action: \(action), locations: {deny: [westeurope]}}" }
                .joined(separator: "\n")
        )
    }

    @Test func oneFailureIsOneLine() throws {
        let harness = try Harness(policies: Self.broken(1))
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        #expect(!review.isAllowed && review.code == 403)
        #expect(review.message.hasPrefix(#"StorageAccount "data" breaks a rule: test/rule-0: spec.location "#))
        #expect(!review.message.contains("\n"))
        #expect(review.fields == ["spec.location"])
        #expect(review.causes.map(\.reason) == ["FieldValueForbidden"])
        #expect(review.causes[0].message.hasPrefix("test/rule-0: "))
    }

    @Test func allFailuresAreToldAtOnceOneALine() throws {
        let harness = try Harness(policies: Self.broken(20))
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        let lines = review.message.split(separator: "\n")
        #expect(lines.first == #"StorageAccount "data" breaks 20 rules:"#)
        #expect(lines.count == 21 && lines.dropFirst().allSatisfy { $0.hasPrefix("- test/rule-") })
        #expect(review.causes.count == 20)
    }

    @Test func beyondAScreenfulTheMessageCountsTheRest() throws {
        let harness = try Harness(policies: Self.broken(120))
        let body = ReviewText().bytes
        let review = try harness.ask(body).review(of: body)
        let lines = review.message.split(separator: "\n")
        #expect(lines.count == 21 && lines.last == "- +101 more")
        #expect(review.causes.count == 100)
    }

    @Test func aLineIsCutAndAHostileNameStaysOnIt() throws {
        let regions = (0..<500).map { "region\($0)" }.joined(separator: ", ")
        let harness = try Harness(
            policies: Self.policy("  rules:\n    - {name: regions, locations: {allow: [\(regions)]}}")
        )
        let body = ReviewText(metadata: #"{"name":"a\nb"}"#).setting("name", #""a\nb""#).bytes
        let review = try harness.ask(body).review(of: body)
        #expect(review.message.hasPrefix(#"StorageAccount "a b" breaks a rule: "#))
        #expect(!review.message.contains("\n"))
        #expect(review.causes[0].message.unicodeScalars.count == 1024)
    }

    @Test func afterTheDeadlineTheFailurePolicyDecides() throws {
        let pools = (0..<300).map { #"{"name":"p\#($0)","vmSize":"Standard_D2s_v5","count":1}"# }.joined(
            separator: ","
        )
        let kind = #"{"group":"containerservice.azure.com","version":"v1api20250801","kind":"ManagedCluster"}"#
        let object =
            #"{"apiVersion":"containerservice.azure.com/v1api20250801","kind":"ManagedCluster","metadata":{"name":"data"},"#
            + #""spec":{"sku":{"name":"Base"},"agentPoolProfiles":[\#(pools)]}}"#
        let body = ReviewText().setting("kind", kind).setting("object", object).bytes
        for (failurePolicy, isAllowed) in [("Fail", false), ("Ignore", true)] {
            let harness = try Harness(
                policies: Self.policy(
                    "  rules:\n    - {name: small, skus: {allow: [Standard_D2s_v5, Base]}}",
                    more: "  failurePolicy: \(failurePolicy)\n"
                )
            )
            let intime = try harness.ask(body).review(of: body)
            #expect(intime.isAllowed, "\(intime.message)")
            let late = try harness.ask(body, query: "timeout=1ns").review(of: body)
            #expect(late.isAllowed == isAllowed)
            #expect((late.message + late.warnings.joined()).contains("deadline"))
            #expect(harness.metricsText.contains("portcullis_policy_evaluations_broken_total 1\n"))
        }
    }

    @Test func anObjectWithoutANameIsNamedByItsKind() throws {
        let harness = try Harness(policies: Self.broken(1))
        let body = ReviewText(metadata: #"{"generateName":"data-"}"#).setting("name", nil).bytes
        #expect(try harness.ask(body).review(of: body).message.hasPrefix("StorageAccount breaks a rule: "))
    }

    @Test func warningsAreShortAndFew() throws {
        for (count, last) in [(1, nil), (10, nil), (11, "+2 more warnings"), (50, "+41 more warnings")]
            as [(Int, String?)]
        {
            let harness = try Harness(policies: Self.broken(count, action: "Warn"))
            let body = ReviewText().bytes
            let review = try harness.ask(body).review(of: body)
            #expect(review.isAllowed)
            #expect(review.warnings.count == min(count, 10))
            if let last { #expect(review.warnings.last == last) }
        }
    }

    @Test func aWarningIsOneLineWithoutControls() throws {
        let policies = Self.policy(
            """
              rules:
                - name: region
                  action: Warn
                  message: "\(String(repeating: "é", count: 300))"
                  locations: {deny: [westeurope]}
                - name: tag
                  action: Warn
                  tags: {required: {team: {values: [a]}}}
            """
        )
        let harness = try Harness(policies: policies)
        let body = ReviewText(spec: #"{"location":"westeurope","tags":{"team":"x\ny\u0000\u001b[31m\u2028z"}}"#).bytes
        let review = try harness.ask(body).review(of: body)
        #expect(review.warnings.count == 2)
        #expect(review.warnings.contains { $0.unicodeScalars.count == 120 && $0.hasSuffix("…") })
        for warning in review.warnings {
            #expect(!warning.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f || $0.value == 0x2028 })
        }
    }

    /// The note that an object was so before is there as a whole or not at all, and words are not cut.
    @Test(arguments: [
        (5, ", as before this update"), (20, ")"), (110, "kk…"),
    ]) func aLongWarningEndsWithAWord(_ length: Int, _ end: String) throws {
        let words = String(String(repeating: "kk ", count: 100).prefix(length))
        let policies = Self.policy(
            """
              rules:
                - {name: region, message: "\(words)", locations: {deny: [westeurope]}}
            """
        )
        let old = #"""
            {"apiVersion":"storage.azure.com/v20230101","kind":"StorageAccount",
            "metadata":{"name":"data","namespace":"team-a"},"spec":{"location":"westeurope"}}
            """#
        let body = ReviewText(spec: #"{"location":"westeurope","tags":{"a":"b"}}"#)
            .setting("operation", #""UPDATE""#).setting("oldObject", old).setting(
                "options",
                #"{"kind":"UpdateOptions"}"#
            )
            .bytes
        let review = try Harness(policies: policies).ask(body).review(of: body)
        let warning = try #require(review.warnings.first)
        #expect(review.isAllowed && warning.unicodeScalars.count <= 120, "\(warning)")
        #expect(warning.hasSuffix(end), "\(warning)")
    }

    @Test func theSameRequestHasTheSameAnnotations() throws {
        let harness = try Harness(
            policies: Self.broken(3) + "\n---\n"
                + Self.policy(
                    "  rules:\n    - {name: audited, action: Audit, locations: {deny: [westeurope]}}",
                    name: "quiet"
                )
        )
        let body = ReviewText().bytes
        let first = try harness.ask(body).review(of: body).auditAnnotations
        #expect(!first.isEmpty)
        for _ in 0..<5 { #expect(try harness.ask(body).review(of: body).auditAnnotations == first) }
    }

    static let mutations = policy(
        """
          mutations:
            - {name: owner, tags: {set: {owner: team-a}}}
            - {name: region, location: {default: westeurope}}
            - {name: credential, credential: {default: team-a-credential}}
        """
    )

    @Test func onlyTheMutatingWebhookSendsAPatch() throws {
        let harness = try Harness(policies: Self.mutations)
        let body = ReviewText(spec: "{}").bytes
        #expect(try harness.ask(body).review(of: body).patch() == nil)
        let review = try harness.ask(body, at: "/mutate").review(of: body)
        #expect(review.string("/patchType") == "JSONPatch")
        let patched = try JSONDocument(parsing: try review.patched(body))
        func string(_ path: String) throws -> String? {
            patched.value(at: try JSONPointer(parsing: "/request/object/" + path)).flatMap { patched.string($0) }
        }
        #expect(try string("spec/tags/owner") == "team-a")
        #expect(try string("spec/location") == "westeurope")
        #expect(try string("metadata/annotations/serviceoperator.azure.com~1credential-from") == "team-a-credential")
    }

    @Test func aMutationSaysNothingTheSecondTime() throws {
        let harness = try Harness(policies: Self.mutations)
        let body = ReviewText(spec: "{}").bytes
        let patched = try harness.ask(body, at: "/mutate").review(of: body).patched(body)
        #expect(patched != body)
        #expect(try harness.ask(patched, at: "/mutate").review(of: patched).patch() == nil)
    }

    @Test func aDeletionIsNeverPatched() throws {
        let harness = try Harness(policies: Self.mutations)
        let body = ReviewText(spec: "{}").deleting().bytes
        let review = try harness.ask(body, at: "/mutate").review(of: body)
        #expect(review.isAllowed)
        #expect(try review.patch() == nil)
    }

    @Test func aDeletionIsJudgedByItsOldObject() throws {
        let harness = try Harness(policies: Self.broken(1))
        let body = ReviewText().deleting().bytes
        #expect(try harness.ask(body).review(of: body).fields == ["spec.location"])
    }

    @Test func theMutatingWebhookDeniesNothing() throws {
        let harness = try Harness(policies: Self.broken(3))
        let body = ReviewText().bytes
        #expect(try harness.ask(body, at: "/mutate").review(of: body).isAllowed)
    }

    @Test func reviewsAreCountedByWhatTheyWere() throws {
        let harness = try Harness(policies: Self.broken(2))
        let body = ReviewText().bytes
        _ = harness.ask(body)
        _ = harness.ask(body, at: "/mutate")
        _ = harness.ask(ReviewText(metadata: "null").bytes)
        _ = harness.ask(Array("{".utf8))
        _ = harness.ask(try Fixtures.review("secret-create"))
        _ = harness.ask(try Fixtures.review("unknown-kind-create"))
        let lines = harness.metricsText.split(separator: "\n")
        func series(_ webhook: String, _ operation: String, _ group: String, _ decision: String) -> String {
            "portcullis_admission_reviews_total{webhook=\"\(webhook)\",operation=\"\(operation)\",group=\"\(group)\","
                + "decision=\"\(decision)\"} 1"
        }
        for line in [
            series("validate", "CREATE", "storage.azure.com", "denied"),
            series("mutate", "CREATE", "storage.azure.com", "allowed"),
            series("validate", "CREATE", "storage.azure.com", "invalid"),
            series("validate", "CREATE", "core", "allowed"),
            series("validate", "CREATE", "other", "allowed"),
            "portcullis_rule_failures_total{effect=\"deny\",severity=\"none\"} 2",
            "portcullis_admission_refusals_total{reason=\"json\"} 1",
            "portcullis_admission_review_duration_seconds_count{webhook=\"validate\"} 4",
        ] {
            #expect(lines.contains(Substring(line)), "\(line)")
        }
        #expect(!harness.metricsText.contains("data") && !harness.metricsText.contains("team-a"))
    }
}

/// What the decision log tells, and what it keeps to itself.
@Suite struct DecisionLogTests {
    private func document(_ line: String) throws -> JSONDocument {
        try JSONDocument(parsing: Array(line.utf8))
    }

    @Test func aDenialIsALineWithWhatFailed() throws {
        let harness = try Harness(policies: AnswerTests.broken(2), logsDecisions: true)
        _ = harness.ask(ReviewText().setting("dryRun", "true").bytes)
        let lines = try harness.decisions()
        #expect(lines.count == 1)
        let document = try document(lines[0])
        var keys: [String] = []
        for (key, _) in document.members(of: document.root) { keys.append(document.string(key) ?? "") }
        #expect(
            keys == [
                "time", "uid", "webhook", "operation", "group", "version", "kind", "namespace", "name", "user",
                "dryRun",
                "decision", "code", "failures", "notes", "policySetGeneration", "latencyMicroseconds",
            ]
        )
        #expect(
            lines[0].contains(
                #"{"policy":"test","rule":"rule-1","effect":"deny","reason":"FieldValueForbidden","#
                    + #""field":"spec.location","value":"westeurope"}"#
            )
        )
    }

    @Test func everyReviewIsLoggedAndNothingElse() throws {
        let harness = try Harness(policies: AnswerTests.broken(1), logsDecisions: true)
        _ = harness.ask(Array("{}".utf8))
        _ = harness.ask(ReviewText().bytes, at: "/mutate")
        _ = harness.ask(ReviewText(metadata: "null").bytes)
        let decisions = try harness.decisions().map { try document($0) }.map { document in
            document.member("decision", of: document.root).flatMap { document.string($0) }
        }
        #expect(decisions == ["allowed", "invalid"])
    }

    @Test func objectContentStaysOut() throws {
        let harness = try Harness.shipped(logsDecisions: true)
        for name in try Fixtures.reviewNames() {
            let body = try Fixtures.review(name)
            for path in ["/validate", "/mutate"] { _ = harness.ask(body, at: path) }
        }
        let lines = try harness.decisions()
        #expect(lines.count == 2 * (try Fixtures.reviewNames().count))
        for line in lines {
            let document = try document(line)
            #expect(line.utf8.count < 4096)
            for content in [
                "managedFields", "last-applied", "finalizers", "administratorLogin\"", "TLS1_2", "AZURE_CLIENT",
            ] {
                #expect(!line.contains(content))
            }
            #expect(document.root.isObject)
        }
        #expect(!lines.contains { $0.contains("bm90LWEtc2VjcmV0") })
    }

    @Test func aSecretsValuesStayOutEvenWhenARuleFails() throws {
        let policies = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: secrets}
            spec:
              match: {resources: ["/Secret"]}
              rules:
                - {name: names, naming: {pattern: "^x$"}}
            """
        guard let set = try? Harness.compile(policies) else { return }
        let harness = try Harness(set: set, logsDecisions: true)
        _ = harness.ask(try Fixtures.review("secret-create"))
        for line in try harness.decisions() { #expect(!line.contains("\"value\"")) }
    }

    @Test func longNamesAreCut() throws {
        let harness = try Harness(policies: AnswerTests.broken(1), logsDecisions: true)
        let name = String(repeating: "é\\n", count: 100_000)
        _ = harness.ask(ReviewText().setting("userInfo", "{\"username\":\"\(name)\"}").bytes)
        let line = try #require(try harness.decisions().first)
        #expect(line.utf8.count < 2000)
        _ = try document(line)
    }
}
