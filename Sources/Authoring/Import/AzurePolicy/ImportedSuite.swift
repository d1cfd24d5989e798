internal import Azure

/// The tests of an imported policy: resources that fulfil the definition's condition, and such as do not.
struct ImportedSuite {
    /// Nil if nothing could be found that is tested.
    private(set) var text: String?
    private(set) var caseCount = 0
    private(set) var notes: [String] = []

    /// How many of a definition's policies get tests: the rest differ in kinds alone.
    private static let maximumDrafts = 3

    private struct Case {
        let name: String
        let wanted: Bool
        let draft: Int
        let manifest: TemplateLiteral
        let expectation: [String]
    }

    /// Finds cases, asks the policy, and keeps one of each sort that it decides as the definition does.
    init(_ definition: PolicyDefinition, _ translation: PolicyTranslation, policy: String, name: String) {
        var cases: [Case] = []
        var parameters: [(name: String, value: TemplateLiteral)] = []
        for (index, item) in translation.drafts.prefix(Self.maximumDrafts).enumerated() {
            let draft = item.draft
            for (name, value) in draft.parameters where !parameters.contains(where: { $0.name == name }) {
                if name == "enabled", value == .bool(false) { parameters.append((name, .bool(true))) }
                if draft.action == "${parameters.\(name)}", value != .string("Deny") {
                    parameters.append((name, .string("Deny")))
                }
            }
            let isDeletion = draft.operations == ["DELETE"]
            var search = ExampleSearch(definition, item.kind)
            for wanted in [false, true] {
                for (place, manifest) in search.manifests(wanted).enumerated() {
                    cases += Self.cases(draft, item, wanted, manifest, index, place, isDeletion: isDeletion)
                }
            }
        }
        guard !cases.isEmpty else {
            notes.append("no resource was found to test it with")
            return
        }
        let passing = ImportProof.passing(policy, Self.text(name, parameters, cases))
        var chosen: [Case] = []
        for index in 0..<min(Self.maximumDrafts, translation.drafts.count) {
            for wanted in [false, true] {
                let found = cases.first { $0.draft == index && $0.wanted == wanted && passing.contains($0.name) }
                if let found {
                    chosen.append(found)
                } else {
                    notes.append(
                        "no test: no \(translation.drafts[index].kind) was found that "
                            + (wanted ? "violates it" : "it leaves alone")
                    )
                }
            }
        }
        guard !chosen.isEmpty else { return }
        let suite = Self.text(name, parameters, chosen)
        guard ImportProof.passing(policy, suite).count == chosen.count else {
            notes.append("no test: the cases that were found do not stand side by side")
            return
        }
        text = suite
        caseCount = chosen.count
    }

    private static func cases(
        _ draft: PolicyDraft,
        _ item: (draft: PolicyDraft, kind: AzureKind, isMutation: Bool),
        _ wanted: Bool,
        _ manifest: TemplateLiteral,
        _ index: Int,
        _ place: Int,
        isDeletion: Bool
    ) -> [Case] {
        let noun = "\(item.kind.kind) \(index * 100 + place + 1)"
        if item.isMutation {
            guard wanted else {
                return [
                    Case(
                        name: "\(noun) is left alone",
                        wanted: false,
                        draft: index,
                        manifest: manifest,
                        expectation: ["{decision: Allow}"]
                    )
                ]
            }
            guard let changes = self.changes(draft) else { return [] }
            return [
                Case(
                    name: "\(noun) is changed",
                    wanted: true,
                    draft: index,
                    manifest: manifest,
                    expectation: ["", "  decision: Allow"] + ImportedYAML.entry("patchedChanges", changes, indent: 2)
                )
            ]
        }
        let rule = draft.rules.first?.name ?? ""
        let finding = "[{policy: \(draft.name), rule: \(rule)}]"
        let denied =
            draft.action == "Audit" ? "{decision: Allow, audits: \(finding)}" : "{decision: Deny, failures: \(finding)}"
        return [
            Case(
                name: wanted ? "\(noun) violates it" : "\(noun) complies",
                wanted: wanted,
                draft: index,
                manifest: manifest,
                expectation: (isDeletion ? ["DELETE"] : []) + [wanted ? denied : "{decision: Allow}"]
            )
        ]
    }

    /// What a policy's mutations change in an object that has none of it.
    private static func changes(_ draft: PolicyDraft) -> TemplateLiteral? {
        var result = TemplateLiteral.object([])
        for mutation in draft.mutations {
            for body in ["set", "defaults"] {
                for member in mutation.body[body]?.members ?? [] {
                    guard let value = known(member.value, draft), !member.key.contains("[") else { return nil }
                    let steps = member.key.split(separator: ".").map { FieldStep.member(String($0)) }
                    result = result.setting(steps[...], to: value)
                }
            }
            for body in ["set", "default"] {
                for member in mutation.body["tags"]?[body]?.members ?? [] {
                    guard let value = known(member.value, draft) else { return nil }
                    result = result.setting([.member("spec"), .member("tags"), .member(member.key)], to: value)
                }
            }
        }
        return result.members?.isEmpty ?? true ? nil : result
    }

    /// A mutation's value without its parameter.
    private static func known(_ value: TemplateLiteral, _ draft: PolicyDraft) -> TemplateLiteral? {
        guard let text = value.text, text.contains("${") else { return value }
        return draft.parameters.first { text == "${parameters.\($0.name)}" }?.value
    }

    private static func text(
        _ name: String,
        _ parameters: [(name: String, value: TemplateLiteral)],
        _ cases: [Case]
    ) -> String {
        var lines = [
            "apiVersion: portcullis.dev/v1alpha1", "kind: PolicyTest", "metadata: {name: \(name)}", "spec:",
        ]
        if !parameters.isEmpty {
            lines.append("  parameters:")
            for (name, value) in parameters { lines += ImportedYAML.entry(name, value, indent: 4) }
        }
        lines.append("  cases:")
        for item in cases {
            lines.append("    - name: \(ImportedYAML.scalar(item.name))")
            if item.expectation.first == "DELETE" { lines.append("      operation: DELETE") }
            lines += ImportedYAML.entry("manifest", item.manifest, indent: 6)
            let expectation = item.expectation.filter { $0 != "DELETE" }
            lines.append(("      expect: " + (expectation.first ?? "")).trimmedEnd)
            lines += expectation.dropFirst().map { "      " + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension String {
    fileprivate var trimmedEnd: String { String(reversed().drop { $0 == " " }.reversed()) }
}
