/// An AzurePolicy as an importer writes it.
struct PolicyDraft {
    struct Rule {
        let name: String
        /// What must be true; nil if no resource may be.
        let formula: Formula?
        let message: String
        var fieldPath: String?
    }

    struct Mutation {
        let name: String
        /// `set`, `defaults`, `remove` or `tags` with what stands in it.
        let body: TemplateLiteral
    }

    var name: String
    var annotations: [(key: String, value: String)] = []
    var parameters: [(name: String, value: TemplateLiteral)] = []
    var resources: [String] = []
    var operations: [String] = []
    var action: String?
    var variables: [(name: String, expression: String)] = []
    var conditions: [(name: String, formula: Formula)] = []
    var rules: [Rule] = []
    var mutations: [Mutation] = []

    var text: String {
        var lines = ["apiVersion: portcullis.dev/v1alpha1", "kind: AzurePolicy", "metadata:", "  name: \(name)"]
        if !annotations.isEmpty {
            lines.append("  annotations:")
            for (key, value) in annotations { lines.append("    \(key): \(ImportedYAML.scalar(value))") }
        }
        lines.append("spec:")
        if !parameters.isEmpty {
            lines.append("  parameters:")
            for (name, value) in parameters { lines += ImportedYAML.entry(name, value, indent: 4) }
        }
        lines.append("  match:")
        if resources.count <= 3 {
            lines.append("    resources: [\(resources.map(ImportedYAML.scalar).joined(separator: ", "))]")
        } else {
            lines.append("    resources:")
            for resource in resources { lines.append("      - \(ImportedYAML.scalar(resource))") }
        }
        if !operations.isEmpty { lines.append("    operations: [\(operations.joined(separator: ", "))]") }
        if !conditions.isEmpty {
            lines.append("    conditions:")
            for (name, formula) in conditions {
                lines.append("      - name: \(name)")
                lines += Self.expression(formula, indent: 8)
            }
        }
        if let action { lines.append("  action: \(action)") }
        if !variables.isEmpty { lines.append("  variables:") }
        for (name, expression) in variables {
            lines.append("    - name: \(name)")
            lines += ImportedYAML.entry("expression", .string(expression), indent: 6)
        }
        if !rules.isEmpty { lines.append("  rules:") }
        for rule in rules {
            lines.append("    - name: \(rule.name)")
            if let formula = rule.formula {
                lines.append("      cel:")
                lines += Self.expression(formula, indent: 8)
                lines.append("        message: \(ImportedYAML.scalar(rule.message))")
                if let path = rule.fieldPath { lines.append("        fieldPath: \(ImportedYAML.scalar(path))") }
            } else {
                lines.append("      message: \(ImportedYAML.scalar(rule.message))")
                lines.append("      kinds: {deny: [\(resources.map(ImportedYAML.scalar).joined(separator: ", "))]}")
            }
        }
        if !mutations.isEmpty { lines.append("  mutations:") }
        for mutation in mutations {
            lines.append("    - name: \(mutation.name)")
            lines += ImportedYAML.lines(mutation.body, indent: 6).lines
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func expression(_ formula: Formula, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        let lines = formula.lines
        // Literals have no line breaks, so that a block holds any expression.
        return ["\(margin)expression: |-"] + lines.map { "\(margin)  \($0)" }
    }
}
