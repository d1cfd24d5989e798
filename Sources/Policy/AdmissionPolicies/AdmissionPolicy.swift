internal import CEL
internal import JSON
internal import Kubernetes

/// A ValidatingAdmissionPolicy or a MutatingAdmissionPolicy, compiled.
///
/// Kubernetes' semantics, as `apiserver/pkg/admission/plugin/policy` has them, but for what the target's documentation lists.
final class AdmissionPolicy: Sendable {
    /// What it does with what matches.
    enum Body: Sendable {
        case validating([Validation], [AuditAnnotationRule])
        case mutating([PolicyMutation], reinvokes: Bool)
    }

    let name: String
    let failurePolicy: FailurePolicy
    let constraints: MatchResources
    /// Nil if it takes no parameters.
    let paramKind: ParamKind?
    let conditions: [NamedExpression]
    let variables: [NamedExpression]
    let body: Body

    init(
        name: String,
        failurePolicy: FailurePolicy,
        constraints: MatchResources,
        paramKind: ParamKind?,
        conditions: [NamedExpression],
        variables: [NamedExpression],
        body: Body
    ) {
        self.name = name
        self.failurePolicy = failurePolicy
        self.constraints = constraints
        self.paramKind = paramKind
        self.conditions = conditions
        self.variables = variables
        self.body = body
    }

    var kind: AdmissionPolicyKind {
        switch body {
        case .validating: .validating
        case .mutating: .mutating
        }
    }

    /// Whether it is to see once more what others have made of the object after it.
    var isReinvoked: Bool {
        if case .mutating(_, reinvokes: true) = body { return true }
        return false
    }

    /// An element of `validations`.
    struct Validation: Sendable {
        let program: CELProgram
        let message: String?
        let messageProgram: CELProgram?
        let reason: StatusReason
    }

    /// An element of `auditAnnotations`.
    struct AuditAnnotationRule: Sendable {
        /// The key under which the API server's audit log has it, behind the webhook's name.
        let key: String
        let program: CELProgram
    }

    /// An element of `mutations`.
    struct PolicyMutation: Sendable {
        let form: PatchForm
        let program: CELProgram
    }
}

/// A binding of an admission policy: where it is in force, with which parameters, and what a failure means.
final class AdmissionBinding: Sendable {
    /// What becomes of failures.
    enum ValidationAction: String, CaseIterable, Sendable {
        case deny = "Deny"
        case warn = "Warn"
        case audit = "Audit"
    }

    let name: String
    /// Nil if it matches whatever the policy does.
    let resources: MatchResources?
    let params: BoundParams
    /// Empty for a binding of a mutating policy.
    let actions: [ValidationAction]

    init(name: String, resources: MatchResources?, params: BoundParams, actions: [ValidationAction]) {
        self.name = name
        self.resources = resources
        self.params = params
        self.actions = actions
    }
}

/// The reason of a `Status` with its code (`metav1.StatusReason`, as far as a policy may give it).
///
/// The API server's documentation names `Unauthorized` too, which its validation refuses.
public enum StatusReason: String, Hashable, Sendable, CaseIterable {
    /// The caller may not do it.
    case forbidden = "Forbidden"
    /// The object is not as it must be.
    case invalid = "Invalid"
    /// The object is too large.
    case requestEntityTooLarge = "RequestEntityTooLarge"

    /// The HTTP status.
    public var code: Int {
        switch self {
        case .forbidden: 403
        case .invalid: 422
        case .requestEntityTooLarge: 413
        }
    }
}
