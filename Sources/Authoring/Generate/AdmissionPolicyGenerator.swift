internal import Azure
public import JSON
public import Policy

/// Makes Kubernetes' own admission policies of AzurePolicies.
///
/// A rule that CEL cannot say is refused with its reason and the others are written; what is written is compiled as
/// `serve --policies` would, so that nothing comes out that an API server would not take.
public struct AdmissionPolicyGenerator {
    /// What is made.
    public enum Target: Sendable {
        /// ValidatingAdmissionPolicies, of rules.
        case validating
        /// MutatingAdmissionPolicies, of mutations.
        case mutating
    }

    /// Something that could not be made.
    public struct Refusal: Hashable, Sendable, CustomStringConvertible {
        /// The policy.
        public let policy: String
        /// The rule or mutation; empty if it is the whole policy.
        public let rule: String
        /// Why.
        public let reason: String

        /// `policy/rule: reason`.
        public var description: String { rule.isEmpty ? "\(policy): \(reason)" : "\(policy)/\(rule): \(reason)" }
    }

    /// Manifests, as lines of YAML, one after the other.
    public private(set) var manifests: [[String]] = []
    /// What could not be made.
    public private(set) var refusals: [Refusal] = []
    /// How many policies have been read that have something to make of.
    public private(set) var policyCount = 0

    private let target: Target
    private let isStatic: Bool
    private let tables: AzureTables
    private let controllers: [String]

    /// Begins.
    ///
    /// - Parameters:
    ///   - target: What is made.
    ///   - isStatic: Whether manifests are for an API server's `staticManifestsDir`, where names end with `.static.k8s.io`.
    ///   - configuration: The tables, and the users whose metadata-only writes pass.
    public init(_ target: Target, isStatic: Bool = false, configuration: PolicyConfiguration = PolicyConfiguration()) {
        self.target = target
        self.isStatic = isStatic
        tables = configuration.tables
        controllers = configuration.controllers
    }

    /// Adds the AzurePolicies of a document, which must be good: what `PolicyCompiler` finds fault with has no meaning here.
    public mutating func add(_ document: JSONDocument) {
        for (_, object) in document.objects { add(object, in: document) }
    }

    /// Adds one object of such a document; what is no AzurePolicy is left alone.
    public mutating func add(_ object: JSONValue, in document: JSONDocument) {
        let policy = TemplateLiteral(object, in: document)
        guard policy["apiVersion"]?.text == PolicyFile.apiVersion, let kind = policy["kind"]?.text else { return }
        let name = policy["metadata"]?["name"]?.text ?? ""
        let field = target == .validating ? "rules" : "mutations"
        switch kind {
        case "AzurePolicy": break
        case "NamespaceAzurePolicy":
            return refuse(name, "", "Kubernetes has no admission policies that lie in a namespace")
        case "PolicyException": return refuse(name, "", "exceptions end at a moment, and CEL does not know the time")
        default: return
        }
        guard let spec = policy["spec"]?.resolvingParameters(), let statements = spec[field]?.elements,
            !statements.isEmpty
        else { return }
        policyCount += 1
        add(spec, statements, named: name)
    }

    /// All manifests as one stream of YAML.
    public var yaml: String { manifests.map { $0.joined(separator: "\n") + "\n" }.joined(separator: "---\n") }

    /// What could not be made, a line each under a heading; nothing if all was.
    public var table: [String] {
        if refusals.isEmpty { return [] }
        let rows = refusals.map { ($0.rule.isEmpty ? $0.policy : "\($0.policy)/\($0.rule)", $0.reason) }
        let width = rows.reduce(11) { max($0, $1.0.count) }
        return (CollectionOfOne(("POLICY/RULE", "REASON")) + rows).map { name, reason in
            name + String(repeating: " ", count: width - name.count + 2) + reason
        }
    }

    /// Manifests and refusals as an object: `manifests`, a list of objects, and `refusals` with `policy`, `rule`, `reason`.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("manifests")
        writer.beginArray()
        for lines in manifests {
            // What was written has been read before.
            for document in (try? JSONDocument.parseYAML(Array(lines.joined(separator: "\n").utf8))) ?? [] {
                writer.copy(document.root, in: document)
            }
        }
        writer.endArray()
        writer.key("refusals")
        writer.beginArray()
        for refusal in refusals {
            writer.beginObject()
            for (key, value) in [("policy", refusal.policy), ("rule", refusal.rule), ("reason", refusal.reason)] {
                writer.key(key)
                writer.string(value)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer.finish()
    }

    private mutating func refuse(_ policy: String, _ rule: String, _ reason: String) {
        refusals.append(Refusal(policy: policy, rule: rule, reason: reason))
    }

    private mutating func add(_ spec: TemplateLiteral, _ statements: [TemplateLiteral], named name: String) {
        let match: MatchExpression
        do throws(Unsayable) {
            match = try MatchExpression(spec, tables, controllers)
        } catch {
            return refuse(name, "", error.reason)
        }
        var sources: [(suffix: String, lines: [[String]])] = []
        switch target {
        case .validating:
            // A binding has one list of actions for all validations of its policy.
            var groups: [(action: String, rules: [TemplateLiteral])] = []
            for rule in statements {
                let action = rule["action"]?.text ?? spec["action"]?.text ?? "Deny"
                if let place = groups.firstIndex(where: { $0.action == action }) {
                    groups[place].rules.append(rule)
                } else {
                    groups.append((action, [rule]))
                }
            }
            for (action, rules) in groups {
                var policy = ValidatingPolicy(spec, match, tables, action: action)
                for rule in rules {
                    do throws(Unsayable) {
                        try policy.add(rule)
                    } catch {
                        refuse(name, rule["name"]?.text ?? "", error.reason)
                    }
                }
                if policy.isEmpty { continue }
                let suffix = groups.count == 1 ? "" : "-\(action.lowercased())"
                sources.append((suffix, policy.manifests(named: fullName(name + suffix))))
            }
        case .mutating:
            var policy = MutatingPolicy(spec, match, tables)
            for mutation in statements {
                do throws(Unsayable) {
                    try policy.add(mutation)
                } catch {
                    refuse(name, mutation["name"]?.text ?? "", error.reason)
                }
            }
            if !policy.isEmpty { sources.append(("", policy.manifests(named: fullName(name)))) }
        }
        for (_, lines) in sources {
            if let fault = Self.fault(in: lines) {
                refuse(name, "", "Kubernetes would not take it: \(fault)")
            } else {
                manifests += lines
            }
        }
    }

    private func fullName(_ name: String) -> String { isStatic ? name + ".static.k8s.io" : name }

    /// What is wrong with manifests; nil if they can be loaded.
    private static func fault(in manifests: [[String]]) -> String? {
        var compiler = PolicyCompiler()
        for lines in manifests {
            do throws(YAMLError) {
                for document in try JSONDocument.parseYAML(Array(lines.joined(separator: "\n").utf8)) {
                    compiler.add(document, file: "generated")
                }
            } catch {
                return error.message
            }
        }
        return compiler.finish().errors.first.map { "\($0.message); \($0.mend)" }
    }
}

extension TemplateLiteral {
    /// `spec` with the values of its parameters in the place of their names; expressions still name them.
    func resolvingParameters() -> TemplateLiteral {
        guard let parameters = self["parameters"] else { return self }
        return resolving(parameters)
    }

    private func resolving(_ parameters: TemplateLiteral) -> TemplateLiteral {
        switch self {
        case .string(let text):
            guard text.hasPrefix("${parameters."), text.hasSuffix("}") else { return self }
            let name = String(text.dropFirst("${parameters.".count).dropLast())
            return parameters.members?.first { $0.key == name }?.value ?? self
        case .array(let elements): return .array(elements.map { $0.resolving(parameters) })
        case .object(let members):
            return .object(
                // A null says nothing, as if the field were not there.
                members.map { Member(key: $0.key, value: $0.value.resolving(parameters)) }
                    .filter { $0.value != .null }
            )
        default: return self
        }
    }
}
