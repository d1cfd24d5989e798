internal import CEL
internal import JSON
internal import Kubernetes

/// What a policy's expressions have in common: its variables, conditions and parameters.
struct PolicyExpressions: Sendable {
    var variables: [NamedExpression] = []
    var conditions: [NamedExpression] = []
    var parameters = BoundParams.none
    /// `spec.parameters`; nil if there are none.
    var constants: JSONFragment?

    /// Whether the policy is for the request: all conditions are true.
    ///
    /// The policy begins with that, so that what follows may be evaluated.
    ///
    /// - Throws: If a condition could not be evaluated and none is false, or the parameters are missing.
    func match(_ request: AdmissionRequest, _ expressions: ExpressionContext) throws(EvaluationError) -> Bool {
        var parameter: Param?
        if case .none = parameters {
            // Nothing to look for, and nothing to make a list of.
        } else {
            // Whoever may go without parameters has none to judge by.
            guard let found = try parameters.params(for: request).first else { return false }
            parameter = found
        }
        expressions.begin(
            variables: variables,
            parameters: parameter?.object,
            constants: constants,
            budget: conditions.isEmpty ? ExpressionContext.policyBudget : ExpressionContext.conditionsBudget
        )
        if conditions.isEmpty { return true }
        var failure: EvaluationError?
        for condition in conditions {
            do throws(EvaluationError) {
                switch try expressions.evaluate(condition.program, as: .condition) {
                case .bool(true): continue
                case .bool(false): return false
                default: throw .expression("it gives no bool")
                }
            } catch {
                failure = failure ?? .expression("condition \(condition.name): \(error)")
            }
        }
        if let failure { throw failure }
        expressions.begin(budget: ExpressionContext.policyBudget)
        return true
    }
}

/// `spec.params`: the manifest of the folder that a policy's expressions read as `params`.
struct PolicyParams: Sendable {
    /// The field's place, for a fault that only shows beside the folder's other documents.
    private let place: PolicyIssue
    let kind: ParamKind
    let reference: ParamReference
    private let name: String
    /// The namespace beyond which nothing is looked for: that of a NamespaceAzurePolicy.
    private let scope: String?

    /// What it means that there is none for a request.
    private enum Action: String, CaseIterable {
        /// The policy says nothing.
        case allow = "Allow"
        /// The policy cannot be evaluated: its failurePolicy decides.
        case deny = "Deny"
    }

    /// Reads `{kind: ConfigMap, name: limits}`; the names are those of Kubernetes' paramKind and paramRef.
    init?(_ node: Node, within scope: String?) {
        self.scope = scope
        guard
            let fields = node.fields(
                ["apiVersion", "kind", "name", "namespace", "parameterNotFoundAction"],
                reserved: ["selector"]
            )
        else { return nil }
        let kind = fields.required("kind", "add the manifest's kind, such as ConfigMap")
        let name = fields.required("name", "add the manifest's name")
        guard let kind = kind?.string(), let name = name?.string() else { return nil }
        if kind == "Secret" {
            node.error("is a Secret, whose values messages could tell", mend: "use a ConfigMap")
            return nil
        }
        place = node.issue(
            .error,
            .unknownName,
            "names no manifest",
            mend: "add its manifest to the policy folder, or set parameterNotFoundAction: Allow"
        )
        self.name = name
        self.kind = ParamKind(apiVersion: fields["apiVersion"]?.string() ?? "v1", kind: kind)
        let namespace = fields["namespace"]?.string()
        if let scope, let namespace, namespace != scope {
            fields["namespace"]?.error(
                "is \(namespace.prefix(63)): a NamespaceAzurePolicy reads nothing outside its namespace",
                mend: "remove it, or write \(scope)"
            )
        }
        let missing = fields["parameterNotFoundAction"]?.keyword(Action.self) ?? .deny
        reference = ParamReference(
            choice: .name(name),
            namespace: scope == nil ? namespace : nil,
            deniesIfNotFound: missing == .deny
        )
    }

    /// Finds the manifest; that the folder has none is a fault.
    func bind(to manifests: ParamManifests, _ issues: inout IssueList) -> BoundParams {
        let params: BoundParams
        if let scope {
            // What lives in no namespace is not its namespace's either.
            let own = manifests.all(kind).filter { $0.name == name && $0.namespace == scope }
            params = .fixed(own, deniesIfNotFound: reference.deniesIfNotFound)
        } else {
            params = BoundParams(reference, of: kind, in: manifests)
        }
        if params.isEmpty, reference.deniesIfNotFound {
            let others = manifests.all(kind).filter { $0.name != name && (scope == nil || $0.namespace == scope) }
            let near = name.nearest(in: others.map(\.name))
            let namespace = (scope ?? reference.namespace).map { " of namespace \($0.prefix(63))" } ?? ""
            issues.append(
                place.saying(
                    "names \(kind.kind) \(name.prefix(80))\(namespace), which the folder does not have"
                        + (near.map { ", did you mean \"\($0)\"?" } ?? "")
                )
            )
        }
        return params
    }
}
