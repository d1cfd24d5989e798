import Admission
import CEL
import Foundation
import JSON
import Policy
import TestSupport
import Testing

/// The catalogue of policies is whole: each has its tests, says what it is for, and stands in the index.
@Suite struct CatalogueTests {
    private static let folder = Fixtures.policies + "/catalogue"
    static let names = Result { try FileManager.default.contentsOfDirectory(atPath: folder).sorted() }

    private func documents(_ path: String) throws -> [JSONDocument] {
        try JSONDocument.parseYAML([UInt8](try Data(contentsOf: URL(filePath: path))))
    }

    private func text(_ document: JSONDocument, _ path: String...) -> String? {
        document.value(at: JSONPointer(tokens: path)).flatMap { document.string($0) }
    }

    @Test func allTestsOfThePoliciesPass() throws {
        let outcome = try Executable.run(["test", Fixtures.policies, "--output", "json"])
        #expect(outcome.code == 0, "\(outcome.error)\(outcome.output)")
        #expect(outcome.error.isEmpty)
    }

    /// Every rule passes in some test and fails in another, and does what it says of absent and unknown values.
    @Test func everyRuleIsTestedBothWays() throws {
        let outcome = try Executable.run(["test", Self.folder, "--coverage-threshold", "100"])
        #expect(outcome.code == 0, "\(outcome.error)\(outcome.output)")
    }

    @Test func theIndexIsFresh() throws {
        let outcome = try Executable.run(["generate", "docs", "--index", Self.folder])
        #expect(outcome.code == 0)
        let readme = try String(contentsOfFile: Fixtures.policies + "/README.md", encoding: .utf8)
        let index = "<!-- catalogue: make catalogue-index -->\n\(outcome.output)<!-- /catalogue -->\n"
        #expect(readme.contains(index), "run make catalogue-index")
    }

    @Test func everyPolicySaysWhatItIsFor() throws {
        var numbers: Set<String> = []
        let identifiers = try RegularExpression("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(, [0-9a-f-]{36})*$")
        for name in try Self.names.get() {
            let documents = try documents("\(Self.folder)/\(name)/policy.yaml")
            let policy = try #require(documents.first)
            #expect(text(policy, "metadata", "name") == name)
            func annotation(_ key: String) throws -> String {
                try #require(text(policy, "metadata", "annotations", "portcullis.dev/\(key)"), "\(name): \(key)")
            }
            #expect(numbers.insert(try annotation("number")).inserted, "\(name)")
            for key in ["title", "category"] { #expect(try !annotation(key).isEmpty, "\(name)") }
            #expect(try annotation("description").hasSuffix("."), "\(name)")
            // One that stands for a family of definitions has none.
            if let known = text(policy, "metadata", "annotations", "portcullis.dev/azure-policy-id") {
                #expect(identifiers.matches(known), "\(name): \(known)")
            }
            let severity = try annotation("severity")
            #expect(["Critical", "High", "Medium", "Low"].contains(severity), "\(name)")
            guard let rules = policy.value(at: JSONPointer(tokens: ["spec", "rules"])) else { continue }
            #expect(text(policy, "spec", "parameters", "effect") == "Deny", "\(name)")
            #expect(text(policy, "spec", "action") == "${parameters.effect}", "\(name)")
            for rule in policy.elements(of: rules) {
                let stated = policy.member("severity", of: rule).flatMap { policy.string($0) }
                #expect(stated == severity, "\(name)")
            }
        }
    }

    @Test func everyPolicyHasTestsThatPassAndThatFail() throws {
        for name in try Self.names.get() {
            let suites = try documents("\(Self.folder)/\(name)/tests/suite.yaml")
            let suite = try #require(suites.first)
            #expect(text(suite, "metadata", "name") == name)
            let cases = try #require(suite.value(at: JSONPointer(tokens: ["spec", "cases"])))
            var decisions: Set<String> = []
            var changes = false
            for item in suite.elements(of: cases) {
                guard let expect = suite.member("expect", of: item) else { continue }
                if let decision = suite.member("decision", of: expect) {
                    decisions.insert(suite.string(decision) ?? "")
                }
                if suite.member("patchedChanges", of: expect) != nil { changes = true }
            }
            #expect(decisions.contains("Allow") && (decisions.contains("Deny") || changes), "\(name)")
        }
    }

    @Test func everyFolderIsAKustomization() throws {
        for name in try Self.names.get() {
            let text = try String(contentsOfFile: "\(Self.folder)/\(name)/kustomization.yaml", encoding: .utf8)
            let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
            #expect(text == head + "resources: [policy.yaml]\n", "\(name)")
        }
    }

    /// Bundles, the shipped policies and the whole catalogue: nothing is wrong with them, and nothing to be warned of.
    @Test(arguments: ["", "/catalogue", "/bundles/baseline", "/bundles/strict", "/bundles/team-sandbox"])
    func loadsWithoutAWord(_ path: String) throws {
        let holder = PolicyHolder()
        let status = PolicyFolder(path: Fixtures.policies + path, holder: holder).reload()
        #expect(status.isCurrent && status.issues.isEmpty, "\(status.issues)")
        #expect((holder.current?.policyCount ?? 0) > 2)
    }
}
