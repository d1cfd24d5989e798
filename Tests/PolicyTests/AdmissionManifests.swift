import Policy
import Testing

/// Manifests of Kubernetes' own policies, in the fewest words.
enum Manifest {
    /// Rules that everything matches.
    static let everything =
        "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}]}"
    /// Rules that everything that can be mutated matches.
    static let writes =
        "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: ['*/*']}]}"

    /// A ValidatingAdmissionPolicy; `spec` has a line for each further field.
    static func validating(
        named name: String = "p",
        match: String = everything,
        version: String = "v1",
        _ spec: String
    ) -> String {
        document("ValidatingAdmissionPolicy", name, version, "matchConstraints: \(match)\n\(spec)")
    }

    /// A policy of one validation.
    static func validation(named name: String = "p", match: String = everything, _ validation: String) -> String {
        validating(named: name, match: match, "validations: [{\(validation)}]")
    }

    /// A ValidatingAdmissionPolicyBinding.
    static func binding(_ policy: String = "p", name: String = "b", actions: String = "[Deny]", _ spec: String = "")
        -> String
    {
        document(
            "ValidatingAdmissionPolicyBinding",
            name,
            "v1",
            "policyName: \(policy)\nvalidationActions: \(actions)\n\(spec)"
        )
    }

    /// A MutatingAdmissionPolicy.
    static func mutating(named name: String = "m", match: String = writes, version: String = "v1", _ spec: String)
        -> String
    {
        document(
            "MutatingAdmissionPolicy",
            name,
            version,
            "matchConstraints: \(match)\nreinvocationPolicy: Never\n\(spec)"
        )
    }

    /// A policy of apply configurations.
    static func apply(named name: String = "m", match: String = writes, _ expressions: String...) -> String {
        let mutations = expressions.map { expression in
            "- patchType: ApplyConfiguration\n  applyConfiguration:\n    expression: >-\n      \(expression)\n"
        }
        return mutating(named: name, match: match, "mutations:\n\(mutations.joined())")
    }

    /// A policy of JSON Patches.
    static func patch(named name: String = "m", match: String = writes, _ expressions: String...) -> String {
        let mutations = expressions.map { expression in
            "- patchType: JSONPatch\n  jsonPatch:\n    expression: >-\n      \(expression)\n"
        }
        return mutating(named: name, match: match, "mutations:\n\(mutations.joined())")
    }

    /// A MutatingAdmissionPolicyBinding.
    static func mutatingBinding(_ policy: String = "m", name: String = "b", _ spec: String = "") -> String {
        document("MutatingAdmissionPolicyBinding", name, "v1", "policyName: \(policy)\n\(spec)")
    }

    static func namespace(_ name: String, labels: String = "{}") -> String {
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: \(name), labels: \(labels)}"
    }

    static func document(_ kind: String, _ name: String, _ version: String, _ spec: String) -> String {
        let lines = spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
        return """
            apiVersion: admissionregistration.k8s.io/\(version)
            kind: \(kind)
            metadata: {name: \(name)}
            spec:
            \(lines)
            """
    }
}

extension PolicyConfiguration {
    /// A configuration under which no machine is too slow.
    static let patient = PolicyConfiguration(maximumExpressionTime: .seconds(3600))
}

/// The set of good documents, which takes its time.
func patient(_ documents: String...) throws -> PolicySet {
    let files = documents.enumerated().map { (name: "\($0.offset).yaml", text: $0.element) }
    let result = try compile(files, configuration: .patient)
    return try #require(result.set, "\(result.lines.joined(separator: "\n"))")
}

extension PolicyCompiler.Result {
    /// `line:column field: message; mend` of all issues.
    var lines: [String] {
        issues.map { "\($0.line):\($0.column) \($0.field): \($0.message); \($0.mend)" }
    }
}
