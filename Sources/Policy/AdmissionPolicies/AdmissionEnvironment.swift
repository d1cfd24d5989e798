internal import CEL
internal import JSON

/// What the expressions of one admission policy are compiled in: the language of Kubernetes 1.36 and the policy's variables.
struct AdmissionEnvironment {
    /// What an expression is for, which says what it may read and must give.
    enum Part {
        case condition
        case variable
        case validation
        case message
        case annotation
        case mutation(PatchForm)
    }

    private let hasParams: Bool
    private let isMutating: Bool
    private var types: [String: CELType] = [:]
    private var environment: CELEnvironment

    /// The release whose functions and rules hold.
    private static let profile = Profile.kubernetes(36)

    // Most policies have no variables: they share these.
    private static let validating = make([:], isMutating: false)
    private static let mutating = make([:], isMutating: true)

    init(_ kind: AdmissionPolicyKind, hasParams: Bool) {
        self.hasParams = hasParams
        isMutating = kind == .mutating
        environment = isMutating ? Self.mutating : Self.validating
    }

    /// Makes a variable known to the expressions that are compiled after this.
    mutating func declare(_ name: String, _ type: CELType) {
        types[name] = type
        environment = Self.make(types, isMutating: isMutating)
    }

    private static func make(_ types: [String: CELType], isMutating: Bool) -> CELEnvironment {
        let variables = CELEnvironment.ObjectType(KubernetesTypes.variablesName, fields: types)
        return CELEnvironment(
            profile,
            // The numbers are those of `ExpressionVariable`, in whose order they stand.
            variables: ExpressionVariable.allCases.filter { $0.rawValue < ExpressionVariable.parameters.rawValue }.map {
                variable in
                let type: CELType =
                    switch variable {
                    case .request: .object(KubernetesTypes.requestName)
                    case .namespaceObject: .object(KubernetesTypes.namespaceName)
                    case .variables: .object(KubernetesTypes.variablesName)
                    default: .dyn
                    }
                return CELEnvironment.Variable(variable.name, type)
            },
            objects: KubernetesTypes.all + [variables] + (isMutating ? [KubernetesTypes.jsonPatch] : []),
            openObject: isMutating ? KubernetesTypes.openObjectName : nil
        )
    }

    /// Compiles the expression of a field that must be there; faults go to the log.
    func compile(_ fields: Fields, _ name: String, _ part: Part) -> CELProgram? {
        guard let node = fields.required(name, "add \(name)"), let source = node.content() else { return nil }
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment.compile(source, tracing: node.loading.tracesExpressions)
        } catch {
            for issue in error.issues {
                node.error(
                    "does not compile: \(issue.message.singleLine)",
                    mend: "mend the expression: the API server would refuse it too",
                    at: issue.offset
                )
            }
            return nil
        }
        guard mayRead(program, node, part) else { return nil }
        guard part.admits(program.type) else {
            node.error("must evaluate to \(part.expected) but got \(program.type)", mend: part.mend)
            return nil
        }
        return program
    }

    private func mayRead(_ program: CELProgram, _ node: Node, _ part: Part) -> Bool {
        if program.reads(ExpressionVariable.authorizer.rawValue) {
            node.error(
                "reads authorizer, which nothing here can ask: Portcullis does not call the API server",
                mend: "judge by request.userInfo, or leave this policy to the API server"
            )
            return false
        }
        if !hasParams, program.reads(ExpressionVariable.params.rawValue) {
            node.error("reads params, but the policy has no paramKind", mend: "add spec.paramKind")
            return false
        }
        if case .condition = part, program.reads(ExpressionVariable.variables.rawValue) {
            node.error("reads variables, which conditions cannot", mend: "write the variable's expression instead")
            return false
        }
        return true
    }
}

extension AdmissionEnvironment.Part {
    /// Whether the API server takes an expression of a type: exactly the type that is asked for.
    fileprivate func admits(_ type: CELType) -> Bool {
        switch self {
        case .variable: true
        case .condition, .validation: type == .bool
        case .message: type == .string
        case .annotation: type == .string || type == .null
        case .mutation(.applyConfiguration): type == .object(KubernetesTypes.openObjectName)
        case .mutation(.jsonPatch): type == .list(.object(KubernetesTypes.jsonPatch.name))
        }
    }

    fileprivate var expected: String {
        switch self {
        case .variable: "anything"
        case .condition, .validation: "bool"
        case .message: "string"
        case .annotation: "string or null_type"
        case .mutation(.applyConfiguration): "Object"
        case .mutation(.jsonPatch): "list(JSONPatch)"
        }
    }

    fileprivate var mend: String {
        switch self {
        case .variable, .condition, .validation: "write a comparison, such as … == true"
        case .message, .annotation: "convert it with string(…)"
        case .mutation(.applyConfiguration): "write Object{spec: Object.spec{…}}"
        case .mutation(.jsonPatch): "write [JSONPatch{op: \"add\", path: \"/spec/…\", value: …}]"
        }
    }
}
