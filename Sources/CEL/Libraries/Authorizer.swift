internal import JSON

extension Library {
    /// Kubernetes' checks of authorization (`apiserver/pkg/cel/library/authz.go`).
    static let authorizer = Library(
        name: "kubernetes.authz",
        types: [authorizerType, path, group, resource, decision],
        functions: [
            Function("path", row("authorizer_path", [authorizerType, .string], path, .binary(Authorization.path))),
            Function("group", row("authorizer_group", [authorizerType, .string], group, .binary(Authorization.group))),
            Function(
                "serviceAccount",
                row(
                    "authorizer_serviceaccount",
                    [authorizerType, .string, .string],
                    authorizerType,
                    .ternary(Authorization.serviceAccount)
                )
            ),
            Function(
                "resource",
                row("groupcheck_resource", [group, .string], resource, .binary(Authorization.resource))
            ),
            setter("subresource", "resourcecheck_subresource") { $0.subresource = $1 },
            setter("namespace", "resourcecheck_namespace") { $0.namespace = $1 },
            setter("name", "resourcecheck_name") { $0.name = $1 },
            setter("fieldSelector", "authorizer_fieldselector", since: 31, charge: selectorCost) {
                $0.fieldSelector = $1
            },
            setter("labelSelector", "authorizer_labelselector", since: 31, charge: selectorCost) {
                $0.labelSelector = $1
            },
            Function(
                "check",
                row("pathcheck_check", [path, .string], decision, charge: checkCost, .binary(Authorization.check)),
                row(
                    "resourcecheck_check",
                    [resource, .string],
                    decision,
                    charge: checkCost,
                    .binary(Authorization.check)
                )
            ),
            answer("allowed", "decision_allowed", .bool) { .bool($0.isAllowed) },
            answer("reason", "decision_reason", .string) { .string($0.reason) },
            answer("errored", "decision_errored", .bool) { .bool($0.error != nil) },
            answer("error", "decision_error", .string) { .string($0.error ?? "") },
        ]
    )

    private static let authorizerType = AuthorizerValue.type
    private static let path = AuthorizationCheck.Stage.path.type
    private static let group = AuthorizationCheck.Stage.group.type
    private static let resource = AuthorizationCheck.Stage.resource.type
    private static let decision = DecisionValue.type

    /// So much that an expression may ask twice.
    private static let checkCost = CallCost.computed { _, _, _ in 350_000 }
    /// A list and, for every two characters, a requirement.
    private static let selectorCost = CallCost.computed { arguments, _, evaluation in
        let length = evaluation.size(of: arguments[1])
        let requirements = CallCost.scaled(length, 0.5).saturatingMultiply(50)
        return CallCost.scaled(length, 0.1).saturatingAdd(requirements).saturatingAdd(10)
    }

    private static func row(
        _ id: String,
        _ parameters: [CELType],
        _ result: CELType,
        since minor: Int = 27,
        charge: CallCost = .one,
        _ implementation: Implementation
    ) -> Overload {
        .method(
            id,
            parameters,
            result,
            availability: .kubernetesOnly(from: minor),
            named: charge,
            implementation
        )
    }

    private static func setter(
        _ name: String,
        _ id: String,
        since minor: Int = 27,
        charge: CallCost = .one,
        _ set: @escaping @Sendable (inout AuthorizationQuery, String) -> Void
    ) -> Function {
        Function(
            name,
            row(
                id,
                [resource, .string],
                resource,
                since: minor,
                charge: charge,
                .binary { (check, text, evaluation) throws(CELError) in
                    let text = evaluation.string(text)
                    return try Authorization.changed(check, to: .resource) { set(&$0, text) }
                }
            )
        )
    }

    private static func answer(
        _ name: String,
        _ id: String,
        _ result: CELType,
        _ answer: @escaping @Sendable (AuthorizationDecision) -> CELValue
    ) -> Function {
        Function(
            name,
            row(
                id,
                [decision],
                result,
                .unary { value, _ in
                    guard case .object(let object) = value, let decision = object as? DecisionValue else {
                        return .null
                    }
                    return answer(decision.decision)
                }
            )
        )
    }
}

/// What an expression asks of the authorizer.
public struct AuthorizationQuery: Hashable, Sendable {
    /// Of whom: the service account, or nil for the one who made the request.
    public internal(set) var serviceAccount: ServiceAccount?
    /// The path of a request that is for no resource; nil if it is for one.
    public internal(set) var path: String?
    /// The API group; empty for the core group.
    public internal(set) var group = ""
    /// The resource's plural name.
    public internal(set) var resource = ""
    /// The subresource; empty for none.
    public internal(set) var subresource = ""
    /// The namespace; empty for the cluster's scope.
    public internal(set) var namespace = ""
    /// The object's name; empty for any.
    public internal(set) var name = ""
    /// A selector of fields as it was written, to be left out if it does not parse; empty for none.
    public internal(set) var fieldSelector = ""
    /// A selector of labels as it was written, to be left out if it does not parse; empty for none.
    public internal(set) var labelSelector = ""
    /// What is to be done.
    public internal(set) var verb = ""

    /// A service account.
    public struct ServiceAccount: Hashable, Sendable {
        /// Its namespace, a valid DNS label.
        public let namespace: String
        /// Its name, a valid DNS subdomain.
        public let name: String
    }
}

/// What the authorizer says.
public struct AuthorizationDecision: Hashable, Sendable {
    /// Whether it is allowed; an authorizer without an opinion does not allow.
    public let isAllowed: Bool
    /// Why, as the authorizer has it.
    public let reason: String
    /// What went wrong, if anything did.
    public let error: String?

    /// An answer.
    public init(isAllowed: Bool, reason: String = "", error: String? = nil) {
        self.isAllowed = isAllowed
        self.reason = reason
        self.error = error
    }
}

/// The value of the variable `authorizer`.
public final class AuthorizerValue: ObjectValue {
    /// The type to declare the variable with.
    public static let type = CELType.opaque("kubernetes.authorization.Authorizer")
    /// The type to declare `authorizer.requestResource` with.
    public static let requestResourceType = AuthorizationCheck.Stage.resource.type

    /// Answers a query; called once for each `check`, while the expression is evaluated.
    public typealias Decide = @Sendable (AuthorizationQuery) -> AuthorizationDecision

    let serviceAccount: AuthorizationQuery.ServiceAccount?
    let decide: Decide

    /// An authorizer that speaks of the one who made the request.
    public convenience init(_ decide: @escaping Decide) { self.init(serviceAccount: nil, decide) }

    init(serviceAccount: AuthorizationQuery.ServiceAccount?, _ decide: @escaping Decide) {
        self.serviceAccount = serviceAccount
        self.decide = decide
    }

    /// Its type.
    public var type: CELType { Self.type }

    /// The value of `authorizer.requestResource`: a check of the resource that the request is for.
    public func requestResource(
        group: String,
        resource: String,
        subresource: String,
        namespace: String,
        name: String
    ) -> CELValue {
        var query = AuthorizationQuery(serviceAccount: serviceAccount)
        query.group = group
        query.resource = resource
        query.subresource = subresource
        query.namespace = namespace
        query.name = name
        return .object(AuthorizationCheck(.resource, query, decide))
    }
}

/// A query that is not complete.
final class AuthorizationCheck: ObjectValue {
    /// What is known already.
    enum Stage: String {
        case path = "PathCheck"
        case group = "GroupCheck"
        case resource = "ResourceCheck"

        var type: CELType { .opaque("kubernetes.authorization.\(rawValue)") }
    }

    let stage: Stage
    let query: AuthorizationQuery
    let decide: AuthorizerValue.Decide

    init(_ stage: Stage, _ query: AuthorizationQuery, _ decide: @escaping AuthorizerValue.Decide) {
        self.stage = stage
        self.query = query
        self.decide = decide
    }

    var type: CELType { stage.type }
}

/// A decision as a value.
final class DecisionValue: ObjectValue {
    static let type = CELType.opaque("kubernetes.authorization.Decision")
    let decision: AuthorizationDecision

    init(_ decision: AuthorizationDecision) { self.decision = decision }

    var type: CELType { Self.type }
}

private enum Authorization {
    static func path(
        _ authorizer: CELValue,
        _ path: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let path = evaluation.string(path)
        guard !isBlank(path) else { throw CELError(.invalidArgument, "path must not be empty") }
        return try begin(authorizer, .path) { $0.path = path }
    }

    static func group(
        _ authorizer: CELValue,
        _ group: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let group = evaluation.string(group)
        return try begin(authorizer, .group) { $0.group = group }
    }

    private static func begin(
        _ value: CELValue,
        _ stage: AuthorizationCheck.Stage,
        _ change: (inout AuthorizationQuery) -> Void
    ) throws(CELError) -> CELValue {
        let authorizer = try authorizer(value)
        var query = AuthorizationQuery(serviceAccount: authorizer.serviceAccount)
        change(&query)
        return .object(AuthorizationCheck(stage, query, authorizer.decide))
    }

    private static func authorizer(_ value: CELValue) throws(CELError) -> AuthorizerValue {
        guard case .object(let object) = value, let authorizer = object as? AuthorizerValue else {
            throw CELError(.noSuchOverload, "no such overload")
        }
        return authorizer
    }

    static func serviceAccount(
        _ value: CELValue,
        _ namespace: CELValue,
        _ name: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let authorizer = try authorizer(value)
        guard NamedFormat.subdomain(evaluation.utf8(name)).isEmpty else {
            throw CELError(.invalidArgument, "Invalid service account name")
        }
        guard NamedFormat.label(evaluation.utf8(namespace)).isEmpty else {
            throw CELError(.invalidArgument, "Invalid service account namespace")
        }
        let account = AuthorizationQuery.ServiceAccount(
            namespace: evaluation.string(namespace),
            name: evaluation.string(name)
        )
        return .object(AuthorizerValue(serviceAccount: account, authorizer.decide))
    }

    static func resource(
        _ check: CELValue,
        _ resource: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let resource = evaluation.string(resource)
        guard !isBlank(resource) else { throw CELError(.invalidArgument, "resource must not be empty") }
        return try changed(check, to: .resource) { $0.resource = resource }
    }

    /// The same check with more known.
    static func changed(
        _ value: CELValue,
        to stage: AuthorizationCheck.Stage,
        _ change: (inout AuthorizationQuery) -> Void
    ) throws(CELError) -> CELValue {
        let check = try check(value)
        var query = check.query
        change(&query)
        return .object(AuthorizationCheck(stage, query, check.decide))
    }

    private static func check(_ value: CELValue) throws(CELError) -> AuthorizationCheck {
        guard case .object(let object) = value, let check = object as? AuthorizationCheck else {
            throw CELError(.noSuchOverload, "no such overload")
        }
        return check
    }

    static func check(
        _ value: CELValue,
        _ verb: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        // Whoever answers may be far away: an expression that could not pay for it does not ask.
        try evaluation.foresee(350_000)
        let check = try check(value)
        var query = check.query
        query.verb = evaluation.string(verb)
        return .object(DecisionValue(check.decide(query)))
    }

    private static func isBlank(_ text: String) -> Bool { text.unicodeScalars.allSatisfy(\.properties.isWhitespace) }
}
