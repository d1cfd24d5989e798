internal import CEL
internal import JSON
internal import Kubernetes

/// The two kinds of admission policies.
enum AdmissionPolicyKind: String, CaseIterable, Sendable {
    case validating = "ValidatingAdmissionPolicy"
    case mutating = "MutatingAdmissionPolicy"

    /// The kind of its bindings.
    var bindingKind: String { "\(rawValue)Binding" }

    static let group = "admissionregistration.k8s.io"
    /// The versions that are read alike.
    static let versions = ["v1", "v1beta1", "v1alpha1"]
}

/// A ValidatingAdmissionPolicy or a MutatingAdmissionPolicy as the folder says it.
struct AdmissionPolicyDocument {
    let kind: AdmissionPolicyKind
    let name: String
    let node: Node
    private(set) var paramKind: ParamKind?
    /// Nil if anything is wrong with it.
    private(set) var policy: AdmissionPolicy?

    /// The limits of `kubernetes/pkg/apis/admissionregistration/validation`.
    private static let maximumConditions = 64
    private static let maximumAuditAnnotations = 20
    private static let maximumValueExpressionBytes = 5 * 1024

    private enum ReinvocationPolicy: String, CaseIterable {
        case never = "Never"
        case ifNeeded = "IfNeeded"
    }

    /// Reads `spec`; what is wrong goes to the node's log.
    init(_ kind: AdmissionPolicyKind, name: String, node: Node, spec: Node?) {
        self.kind = kind
        self.name = name
        self.node = node
        let known = [
            "paramKind", "matchConstraints", "matchConditions", "variables", "failurePolicy",
        ]
        let own =
            switch kind {
            case .validating: ["validations", "auditAnnotations"]
            case .mutating: ["mutations", "reinvocationPolicy"]
            }
        guard let spec, let fields = spec.fields(known + own) else { return }
        paramKind = fields["paramKind"].flatMap { ParamKind($0) }
        let failurePolicy = fields["failurePolicy"].flatMap { $0.word(FailurePolicy.self) } ?? .fail
        let constraints = Self.constraints(fields, kind)
        var environment = AdmissionEnvironment(kind, hasParams: fields["paramKind"] != nil)
        let conditions = Self.conditions(fields, environment)
        let variables = Self.variables(fields, &environment)
        let body: AdmissionPolicy.Body
        switch kind {
        case .validating: body = Self.validating(fields, name, environment)
        case .mutating: body = Self.mutating(fields, environment)
        }
        policy = AdmissionPolicy(
            name: name,
            failurePolicy: failurePolicy,
            constraints: constraints,
            paramKind: paramKind,
            conditions: conditions,
            variables: variables,
            body: body
        )
    }

    private static func constraints(_ fields: Fields, _ kind: AdmissionPolicyKind) -> MatchResources {
        guard let node = fields.required("matchConstraints", "add matchConstraints: {resourceRules: […]}") else {
            return MatchResources()
        }
        let constraints = MatchResources(node)
        if node.document.member("resourceRules", of: node.value).map({ node.document.count(of: $0) }) ?? 0 == 0 {
            node.error("has no resourceRules", mend: "say which resources and operations the policy is for")
        }
        if kind == .mutating { constraints.refuseDelete(node) }
        return constraints
    }

    private static func conditions(_ fields: Fields, _ environment: AdmissionEnvironment) -> [NamedExpression] {
        let items = fields["matchConditions"]?.items() ?? []
        if items.count > maximumConditions {
            fields["matchConditions"]?.error(
                "has \(items.count) conditions",
                mend: "keep them within \(maximumConditions)"
            )
        }
        var names: Set<String> = []
        return items.prefix(maximumConditions).compactMap { item in
            guard let fields = item.fields(["name", "expression"]) else { return nil }
            let name = fields.required("name", "name the condition")?.qualifiedName()
            if let name, !names.insert(name).inserted {
                item.error("is the second condition named \"\(name)\"", mend: "give it a name of its own")
            }
            let program = environment.compile(fields, "expression", .condition)
            guard let name, let program else { return nil }
            return NamedExpression(name: name, program: program)
        }
    }

    private static func variables(_ fields: Fields, _ environment: inout AdmissionEnvironment) -> [NamedExpression] {
        var variables: [NamedExpression] = []
        for item in fields["variables"]?.items() ?? [] {
            guard let fields = item.fields(["name", "expression"]) else { continue }
            let name = fields.required("name", "name the variable")?.identifier()
            let program = environment.compile(fields, "expression", .variable)
            guard let name else { continue }
            if variables.contains(where: { $0.name == name }) {
                item.error("is the second variable named \"\(name)\"", mend: "give it a name of its own")
            }
            // One that does not compile is declared all the same, so that nobody is told of what follows from it.
            environment.declare(name, program?.type ?? .dyn)
            guard let program else { continue }
            variables.append(NamedExpression(name: name, program: program))
        }
        return variables
    }
}

// MARK: Validating

extension AdmissionPolicyDocument {
    private static func validating(
        _ fields: Fields,
        _ name: String,
        _ environment: AdmissionEnvironment
    ) -> AdmissionPolicy.Body {
        let validations = fields["validations"]?.items() ?? []
        let annotations = fields["auditAnnotations"]?.items() ?? []
        if validations.isEmpty && annotations.isEmpty {
            fields.node.error("has neither validations nor auditAnnotations", mend: "add one of them")
        }
        if annotations.count > maximumAuditAnnotations {
            fields["auditAnnotations"]?.error(
                "has \(annotations.count) annotations",
                mend: "keep them within \(maximumAuditAnnotations)"
            )
        }
        var keys: Set<String> = []
        return .validating(
            validations.compactMap { Self.validation($0, environment) },
            annotations.prefix(maximumAuditAnnotations).compactMap { Self.annotation($0, name, environment, &keys) }
        )
    }

    private static func validation(
        _ node: Node,
        _ environment: AdmissionEnvironment
    ) -> AdmissionPolicy.Validation? {
        guard let fields = node.fields(["expression", "message", "messageExpression", "reason"]) else { return nil }
        var message: String?
        if let node = fields.filled("message"), let text = node.content() {
            message = text.trimmed
            if message?.utf8.contains(where: { $0 == 0x0a || $0 == 0x0d }) ?? false {
                node.error("must not contain line breaks", mend: "write it in one line")
            }
        }
        var messageProgram: CELProgram?
        if fields.filled("messageExpression") != nil {
            messageProgram = environment.compile(fields, "messageExpression", .message)
        }
        let reason = fields.filled("reason").flatMap { $0.word(StatusReason.self) } ?? .invalid
        guard let program = environment.compile(fields, "expression", .validation) else { return nil }
        return AdmissionPolicy.Validation(
            program: program,
            message: message,
            messageProgram: messageProgram,
            reason: reason
        )
    }

    private static func annotation(
        _ node: Node,
        _ policy: String,
        _ environment: AdmissionEnvironment,
        _ keys: inout Set<String>
    ) -> AdmissionPolicy.AuditAnnotationRule? {
        guard let fields = node.fields(["key", "valueExpression"]) else { return nil }
        let keyNode = fields.required("key", "add a key of at most 63 letters, digits, '-', '_' and '.'")
        var key: String?
        if let keyNode, let text = keyNode.qualifiedName() {
            if text.utf8.contains(UInt8(ascii: "/")) {
                keyNode.error("has a '/'", mend: "write the name alone: the policy's name comes before it")
            } else if !keys.insert(text).inserted {
                keyNode.error("is the second annotation of the key \"\(text)\"", mend: "give it a key of its own")
            } else {
                key = text
            }
        }
        if let node = fields["valueExpression"], let text = node.document.string(node.value),
            text.trimmed.utf8.count > maximumValueExpressionBytes
        {
            node.error("has \(text.utf8.count) bytes", mend: "keep it within \(maximumValueExpressionBytes)")
            return nil
        }
        let program = environment.compile(fields, "valueExpression", .annotation)
        guard let key, let program else { return nil }
        return AdmissionPolicy.AuditAnnotationRule(key: AuditKey.make(policy, key), program: program)
    }
}

// MARK: Mutating

extension AdmissionPolicyDocument {
    private static func mutating(_ fields: Fields, _ environment: AdmissionEnvironment) -> AdmissionPolicy.Body {
        let reinvocation = fields.required("reinvocationPolicy", "add reinvocationPolicy: Never or IfNeeded")?
            .word(ReinvocationPolicy.self)
        let items = fields["mutations"]?.items() ?? []
        if items.isEmpty { fields.node.error("has no mutations", mend: "add mutations") }
        return .mutating(
            items.compactMap { Self.mutation($0, environment) },
            reinvokes: reinvocation == .ifNeeded
        )
    }

    private static func mutation(
        _ node: Node,
        _ environment: AdmissionEnvironment
    ) -> AdmissionPolicy.PolicyMutation? {
        guard let fields = node.fields(["patchType", "applyConfiguration", "jsonPatch"]),
            let form = fields.required("patchType", "write patchType: ApplyConfiguration or JSONPatch")?
                .word(PatchForm.self)
        else { return nil }
        let (name, other) =
            switch form {
            case .applyConfiguration: ("applyConfiguration", "jsonPatch")
            case .jsonPatch: ("jsonPatch", "applyConfiguration")
            }
        fields[other]?.error("is there while patchType is \(form.rawValue)", mend: "remove it")
        guard let body = fields.required(name, "add \(name): {expression: …}")?.fields(["expression"]),
            let program = environment.compile(body, "expression", .mutation(form))
        else { return nil }
        return AdmissionPolicy.PolicyMutation(form: form, program: program)
    }
}

extension MatchResources {
    /// What goes away cannot be mutated.
    fileprivate func refuseDelete(_ node: Node) {
        // `*` stands for everything that can be.
        for rule in rules where rule.operations.contains(.delete) && !rule.operations.contains(.connect) {
            node.error(
                "has a rule for DELETE, which nothing can mutate",
                mend: "leave CREATE and UPDATE in resourceRules[].operations"
            )
        }
    }
}

extension ParamKind {
    fileprivate init?(_ node: Node) {
        guard let fields = node.fields(["apiVersion", "kind"]) else { return nil }
        let apiVersion = fields.required("apiVersion", "add apiVersion: v1 or group/version")?.content()
        let kind = fields.required("kind", "add a kind, such as ConfigMap")?.content()
        guard let apiVersion, let kind else { return nil }
        guard GroupVersionKind(apiVersion: apiVersion, kind: kind) != nil else {
            fields["apiVersion"]?.error(
                "is \"\(apiVersion.prefix(80).description.singleLine)\"",
                mend: "write v1 or group/version"
            )
            return nil
        }
        self.init(apiVersion: apiVersion, kind: kind)
    }
}

// MARK: Bindings

/// A binding of an admission policy as the folder says it.
struct AdmissionBindingDocument {
    let kind: AdmissionPolicyKind
    let name: String
    let node: Node
    let policyName: String
    let policyNode: Node
    private let reference: (params: ParamReference, node: Node)?
    private let resources: MatchResources?
    private let actions: [AdmissionBinding.ValidationAction]

    private enum NotFoundAction: String, CaseIterable {
        case allow = "Allow"
        case deny = "Deny"
    }

    /// Reads `spec`; nil if it does not even say which policy it binds.
    init?(_ kind: AdmissionPolicyKind, name: String, node: Node, spec: Node?, isAlpha: Bool) {
        let known = ["policyName", "paramRef", "matchResources"]
        guard let spec, let fields = spec.fields(known + (kind == .validating ? ["validationActions"] : [])) else {
            return nil
        }
        self.kind = kind
        self.name = name
        self.node = node
        resources = fields["matchResources"].map { node in
            let resources = MatchResources(node)
            if kind == .mutating { resources.refuseDelete(node) }
            return resources
        }
        reference = fields["paramRef"].flatMap { node in
            Self.reference(node, isAlpha: isAlpha).map { (params: $0, node: node) }
        }
        actions = kind == .validating ? Self.actions(fields) : []
        guard let policyNode = fields.required("policyName", "name the \(kind.rawValue)"),
            let policyName = policyNode.subdomain()
        else { return nil }
        self.policyName = policyName
        self.policyNode = policyNode
    }

    private static func actions(_ fields: Fields) -> [AdmissionBinding.ValidationAction] {
        let items = fields["validationActions"]?.items() ?? []
        guard !items.isEmpty else {
            fields.node.error("has no validationActions", mend: "add validationActions: [Deny], [Warn] or [Audit]")
            return []
        }
        var actions: [AdmissionBinding.ValidationAction] = []
        for item in items {
            guard let action = item.word(AdmissionBinding.ValidationAction.self) else { continue }
            if actions.contains(action) { item.error("is listed twice", mend: "keep one") }
            actions.append(action)
        }
        if actions.contains(.deny) && actions.contains(.warn) {
            fields["validationActions"]?.error(
                "has both Deny and Warn, which would tell the user the same twice",
                mend: "keep one of them"
            )
        }
        return actions
    }

    private static func reference(_ node: Node, isAlpha: Bool) -> ParamReference? {
        guard let fields = node.fields(["name", "namespace", "selector", "parameterNotFoundAction"]) else { return nil }
        var action = fields.filled("parameterNotFoundAction").flatMap { $0.word(NotFoundAction.self) }
        if fields.filled("parameterNotFoundAction") == nil {
            // Only the oldest version has a default.
            if isAlpha {
                action = .deny
            } else {
                node.error("has no parameterNotFoundAction", mend: "add parameterNotFoundAction: Deny or Allow")
            }
        }
        let name = fields.filled("name")
        let selector = fields["selector"]
        let namespace = fields.filled("namespace").flatMap { $0.subdomain() }
        guard (name == nil) != (selector == nil) else {
            node.error(
                name == nil ? "has neither name nor selector" : "has both name and selector",
                mend: "write one of them"
            )
            return nil
        }
        let choice =
            name.flatMap { $0.pathSegment() }.map { ParamReference.Choice.name($0) }
            ?? selector.flatMap { $0.labelSelector() }.map { ParamReference.Choice.selector($0) }
        guard let choice, let action else { return nil }
        return ParamReference(choice: choice, namespace: namespace, deniesIfNotFound: action == .deny)
    }

    /// Tells the manifests what the binding says of a kind of parameters.
    func note(_ kind: ParamKind, in manifests: inout ParamManifests) {
        guard let reference, reference.params.namespace != nil else { return }
        if kind.isNamespaced == false {
            reference.node.error("has a namespace, but a \(kind.kind) lives in none", mend: "remove the namespace")
        } else {
            manifests.noteNamespace(of: kind)
        }
    }

    /// The binding with the parameters that it finds.
    func binding(of policy: AdmissionPolicy, _ manifests: ParamManifests) -> AdmissionBinding {
        var params = BoundParams.none
        if let kind = policy.paramKind, let reference {
            params = BoundParams(reference.params, of: kind, in: manifests)
            if params.isEmpty {
                reference.node.warning(
                    .unknownName,
                    "finds no \(kind)",
                    mend: reference.params.deniesIfNotFound
                        ? "add it to the folder; until then failurePolicy \(policy.failurePolicy.rawValue) answers"
                        : "add it to the folder; until then the binding does nothing"
                )
            }
        } else if policy.paramKind == nil, let reference {
            reference.node.warning(
                .unused,
                "is not used: the policy has no paramKind",
                mend: "remove it or add paramKind"
            )
        }
        return AdmissionBinding(name: name, resources: resources, params: params, actions: actions)
    }
}

extension Fields {
    /// A field whose text is not empty: Go's `omitempty` makes no difference between the empty one and none.
    func filled(_ name: String) -> Node? {
        guard let node = self[name] else { return nil }
        if node.value.isString, node.document.utf8(node.value).isEmpty { return nil }
        return node
    }
}
