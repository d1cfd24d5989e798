internal import CEL

/// A name that expressions of policies may use, by its number among an environment's variables.
///
/// Kubernetes' own come first and `facets` last, so that the numbers hold for admission policies too.
enum ExpressionVariable: Int, CaseIterable, Sendable {
    /// The object as it is to be; null on DELETE.
    case object
    /// The object as it is; null on CREATE.
    case oldObject
    /// The AdmissionRequest without uid and objects.
    case request
    /// The namespace's manifest; null for objects outside namespaces.
    case namespaceObject
    /// The policy's named expressions.
    case variables
    /// Kubernetes' authorizer, which nothing here can ask.
    case authorizer
    /// The document that the policy names as its parameters.
    case params
    /// The policy's own parameters.
    case parameters
    /// The object's facts, wherever its kind keeps them.
    case facets

    var name: String { "\(self)" }
}

/// The environments that expressions of policies are compiled in.
///
/// An AzurePolicy speaks the `standard` profile: the specification with all its libraries.
enum PolicyEnvironment {
    /// What AzurePolicies without variables of their own are compiled in.
    static let base = environment([])

    /// What the mutations of AzurePolicies without variables are compiled in.
    static let mutationBase = environment([], isMutation: true)

    /// What an AzurePolicy is compiled in whose variables have these types.
    static func environment(
        _ variables: [(name: String, type: CELType)],
        parameters: [String] = [],
        isMutation: Bool = false
    ) -> CELEnvironment {
        CELEnvironment(
            .standard,
            variables: declarations,
            objects: KubernetesTypes.all + FacetField.types + (isMutation ? [KubernetesTypes.jsonPatch] : []) + [
                CELEnvironment.ObjectType(
                    KubernetesTypes.variablesName,
                    fields: Dictionary(variables.map { ($0.name, $0.type) }) { first, _ in first }
                ),
                CELEnvironment.ObjectType(
                    parametersName,
                    fields: Dictionary(parameters.map { ($0, CELType.dyn) }) { first, _ in first }
                ),
            ],
            functions: functions,
            openObject: isMutation ? KubernetesTypes.openObjectName : nil
        )
    }

    /// The type of `parameters`, of which each policy has its own.
    private static let parametersName = "portcullis.parameters"

    private static let declarations = ExpressionVariable.allCases.map { variable in
        let type: CELType =
            switch variable {
            case .object, .oldObject, .params: .dyn
            case .request: .object(KubernetesTypes.requestName)
            case .namespaceObject: .object(KubernetesTypes.namespaceName)
            case .variables: .object(KubernetesTypes.variablesName)
            case .authorizer: .dyn
            case .parameters: .object(parametersName)
            case .facets: .object(FacetField.typeName(nil))
            }
        return CELEnvironment.Variable(variable.name, type)
    }

    private static let functions: [CELEnvironment.Function] = {
        let facets = CELType.object(FacetField.typeName(nil))
        return [
            CELEnvironment.Function("isUnknown", isMember: true, [facets, .string], .bool) {
                (arguments, evaluation) throws(CELError) in
                .bool(try target(arguments).isUnknown(evaluation.string(arguments[1])))
            },
            CELEnvironment.Function("supports", isMember: true, [facets, .string], .bool) {
                (arguments, evaluation) throws(CELError) in
                .bool(try target(arguments).supports(evaluation.string(arguments[1])))
            },
            CELEnvironment.Function("values", isMember: true, [facets, .string], .list(.optional(.dyn))) {
                (arguments, evaluation) throws(CELError) in
                try target(arguments).values(evaluation.string(arguments[1]), evaluation)
            },
        ]
    }()

    private static func target(_ arguments: [CELValue]) throws(CELError) -> FacetsValue {
        guard case .object(let object) = arguments[0], let facets = object as? FacetsValue else {
            throw CELError(.noSuchOverload, "only facets can be asked that")
        }
        return facets
    }
}

/// Kubernetes' types as expressions see them (`BuildRequestType` and `BuildNamespaceType` in
/// `apiserver/pkg/admission/plugin/cel/compile.go`).
enum KubernetesTypes {
    static let requestName = "kubernetes.AdmissionRequest"
    static let namespaceName = "kubernetes.Namespace"
    /// The type of `variables`, of which each policy has its own.
    static let variablesName = "kubernetes.variables"
    /// Apply configurations: `Object{…}`, `Object.spec{…}`.
    static let openObjectName = "Object"

    private static let kind = CELEnvironment.ObjectType(
        "kubernetes.GroupVersionKind",
        fields: ["group": .string, "version": .string, "kind": .string]
    )
    private static let resource = CELEnvironment.ObjectType(
        "kubernetes.GroupVersionResource",
        fields: ["group": .string, "version": .string, "resource": .string]
    )
    private static let userInfo = CELEnvironment.ObjectType(
        "kubernetes.UserInfo",
        fields: [
            "username": .string, "uid": .string, "groups": .list(.string), "extra": .map(.string, .list(.string)),
        ]
    )
    private static let request = CELEnvironment.ObjectType(
        requestName,
        fields: [
            "kind": .object(kind.name), "resource": .object(resource.name), "subResource": .string,
            "requestKind": .object(kind.name), "requestResource": .object(resource.name),
            "requestSubResource": .string, "name": .string, "namespace": .string, "operation": .string,
            "userInfo": .object(userInfo.name), "dryRun": .bool, "options": .dyn,
        ]
    )
    // Times are text in a manifest, and so they stay: `timestamp(…)` reads them.
    private static let metadata = CELEnvironment.ObjectType(
        "kubernetes.NamespaceMetadata",
        fields: [
            "name": .string, "generateName": .string, "namespace": .string, "labels": .map(.string, .string),
            "annotations": .map(.string, .string), "UID": .string, "creationTimestamp": .dyn,
            "deletionGracePeriodSeconds": .int, "deletionTimestamp": .dyn, "generation": .int,
            "resourceVersion": .string, "finalizers": .list(.string),
        ]
    )
    private static let spec = CELEnvironment.ObjectType(
        "kubernetes.NamespaceSpec",
        fields: ["finalizers": .list(.string)]
    )
    private static let condition = CELEnvironment.ObjectType(
        "kubernetes.NamespaceCondition",
        fields: ["status": .string, "type": .string, "lastTransitionTime": .dyn, "message": .string, "reason": .string]
    )
    private static let status = CELEnvironment.ObjectType(
        "kubernetes.NamespaceStatus",
        fields: ["conditions": .list(.object(condition.name)), "phase": .string]
    )
    private static let namespace = CELEnvironment.ObjectType(
        namespaceName,
        fields: [
            "metadata": .object(metadata.name), "spec": .object(spec.name), "status": .object(status.name),
        ]
    )

    /// The types of `request` and `namespaceObject`, and what they are made of.
    static let all = [kind, resource, userInfo, request, metadata, spec, condition, status, namespace]

    /// An operation of a JSONPatch, as mutations write it.
    static let jsonPatch = CELEnvironment.ObjectType(
        "JSONPatch",
        fields: ["op": .string, "path": .string, "from": .string, "value": .dyn]
    )
}
