internal import CEL
internal import JSON

/// What the expressions of one policy are compiled in: its variables, and the parameters that it may name.
///
/// Faults are told where they are in the expression.
final class ExpressionScope {
    /// What an expression must give.
    enum Expected {
        /// A truth value.
        case bool
        /// A text.
        case string
        /// A text, or what can be written as one.
        case scalar
        /// Operations of a JSONPatch, or an apply configuration.
        case patch
        /// Anything.
        case any
    }

    /// The most variables of a policy; each is compiled with the types of those above it.
    static let maximumVariables = 128
    /// The most conditions of a policy, as many as Kubernetes takes.
    static let maximumConditions = 64
    /// The longest expression, in bytes.
    static let maximumBytes = 64 * 1024

    private(set) var variables: [NamedExpression] = []
    private let hasParams: Bool
    private let parameters: PolicyParameters?
    private var types: [(name: String, type: CELType)] = []
    private var environment: CELEnvironment
    private var mutationEnvironment: CELEnvironment?
    /// Whether anything was compiled at all.
    private(set) var isUsed = false

    /// Reads `spec.variables`.
    ///
    /// - Parameters:
    ///   - node: The variables; nil if there are none.
    ///   - hasParams: Whether expressions may name `params`.
    ///   - parameters: What expressions may name of `parameters`; nil if there is nothing.
    init(variables node: Node?, hasParams: Bool, _ parameters: PolicyParameters?) {
        self.hasParams = hasParams
        self.parameters = parameters
        environment =
            parameters == nil
            ? PolicyEnvironment.base : PolicyEnvironment.environment([], parameters: parameters?.names ?? [])
        guard let node else { return }
        let elements = node.elements()
        guard elements.count <= Self.maximumVariables else {
            node.error("has \(elements.count) variables", mend: "keep within \(Self.maximumVariables)")
            return
        }
        for element in elements { define(element) }
    }

    private func define(_ node: Node) {
        guard let fields = node.fields(["name", "expression"]) else { return }
        let name = fields.required("name", "add a name: expressions read it as variables.name")?.identifier()
        let expression = fields.required("expression", "add the expression")
        guard let name, let program = expression.flatMap({ compile($0, .any) }) else { return }
        guard !variables.contains(where: { $0.name.isSame(as: name) }) else {
            node.error(.duplicateName, "is the second variable named \"\(name)\"", mend: "give it a name of its own")
            return
        }
        variables.append(NamedExpression(name: name, program: program))
        types.append((name, program.type))
        environment = PolicyEnvironment.environment(types, parameters: parameters?.names ?? [])
        mutationEnvironment = nil
    }

    /// Reads `match.conditions`.
    func conditions(_ node: Node?) -> [NamedExpression] {
        guard let node else { return [] }
        let elements = node.elements()
        guard elements.count <= Self.maximumConditions else {
            node.error("has \(elements.count) conditions", mend: "keep within \(Self.maximumConditions)")
            return []
        }
        var conditions: [NamedExpression] = []
        for element in elements {
            guard let fields = element.fields(["name", "expression"]) else { continue }
            let name = fields.required("name", "add a name: errors are reported under it")?.label()
            let program = fields.required("expression", "add the expression").flatMap { compile($0, .bool) }
            guard let name, let program else { continue }
            if conditions.contains(where: { $0.name == name }) {
                element.error(
                    .duplicateName,
                    "is the second condition named \"\(name)\"",
                    mend: "give it a name of its own"
                )
            }
            conditions.append(NamedExpression(name: name, program: program))
        }
        return conditions
    }

    /// Compiles the expression that a node holds; faults go to its log.
    func compile(_ node: Node, _ expected: Expected) -> CELProgram? {
        guard let source = node.text(maximumBytes: Self.maximumBytes) else { return nil }
        return compile(source, in: node, offset: 0, expected)
    }

    /// Compiles an expression that stands `offset` bytes into the text of a node.
    func compile(_ source: String, in node: Node, offset: Int, _ expected: Expected) -> CELProgram? {
        isUsed = true
        parameters?.noteUses(in: source)
        let program: CELProgram
        do throws(CELCompileError) {
            program = try environment(for: expected).compile(source, tracing: node.loading.tracesExpressions)
        } catch {
            if let place = source.firstUse(of: ExpressionVariable.authorizer.name) {
                reportAuthorizer(node, at: offset + place)
                return nil
            }
            for issue in error.issues {
                let isVariable = source.utf8.prefix(issue.offset).reversed().starts(with: "variables.".utf8.reversed())
                node.error(
                    .expression,
                    "does not compile: \(issue.message.singleLine)",
                    mend: issue.suggestion.map { "write \($0.singleLine)" }
                        ?? (isVariable ? "define it above; variables know those before them" : "mend the expression"),
                    at: offset + issue.offset
                )
            }
            return nil
        }
        if program.reads(ExpressionVariable.authorizer.rawValue) {
            reportAuthorizer(node, at: offset)
            return nil
        }
        if program.reads(ExpressionVariable.params.rawValue), !hasParams {
            node.error(
                .expression,
                "reads params, but the policy names none",
                mend: "add spec.params: {kind: ConfigMap, name: …}",
                at: offset
            )
            return nil
        }
        if program.reads(ExpressionVariable.parameters.rawValue), parameters == nil {
            node.error(
                .expression,
                "reads parameters, but the policy has none",
                mend: "add spec.parameters",
                at: offset
            )
            return nil
        }
        guard expected.admits(program.type) else {
            node.error(
                .expression,
                "gives \(program.type.description), not \(expected.shown)",
                mend: expected.mend,
                at: offset
            )
            return nil
        }
        return program
    }

    private func reportAuthorizer(_ node: Node, at offset: Int) {
        node.error(
            .expression,
            "reads authorizer, which nothing here can ask: policies do not call the API server",
            mend: "judge by request.userInfo, or keep the check in a ValidatingAdmissionPolicy of the API server",
            at: offset
        )
    }

    private func environment(for expected: Expected) -> CELEnvironment {
        guard case .patch = expected else { return environment }
        if let mutationEnvironment { return mutationEnvironment }
        let made =
            types.isEmpty && parameters == nil
            ? PolicyEnvironment.mutationBase
            : PolicyEnvironment.environment(types, parameters: parameters?.names ?? [], isMutation: true)
        mutationEnvironment = made
        return made
    }
}

extension ExpressionScope.Expected {
    /// Whether a value of the type may be what is expected: JSON is of any type until it is read.
    func admits(_ type: CELType) -> Bool {
        switch (self, type) {
        case (_, .dyn), (.any, _), (.bool, .bool), (.string, .string): true
        case (.scalar, .string), (.scalar, .int), (.scalar, .uint), (.scalar, .bool): true
        case (.patch, .list(let element)): element == .dyn || element == .object(KubernetesTypes.jsonPatch.name)
        case (.patch, .object(let name)): name == KubernetesTypes.openObjectName
        default: false
        }
    }

    fileprivate var shown: String {
        switch self {
        case .bool: "a bool"
        case .string: "a string"
        case .scalar: "a string, an int or a bool"
        case .patch: "a list of JSONPatch or an Object"
        case .any: "a value"
        }
    }

    fileprivate var mend: String {
        switch self {
        case .bool: "write a comparison"
        case .string, .scalar: "convert it with string(…)"
        case .patch: "write [JSONPatch{op: \"add\", path: \"/spec/…\", value: …}] or Object{spec: Object.spec{…}}"
        case .any: "write a value"
        }
    }
}

extension Node {
    /// A string of any form, such as an expression.
    func text(maximumBytes: Int) -> String? {
        guard let text = document.string(value) else {
            error("must be a string, not \(typeName)", mend: "quote it")
            return nil
        }
        guard text.utf8.count <= maximumBytes else {
            error("has \(text.utf8.count) bytes", mend: "keep it within \(maximumBytes)")
            return nil
        }
        guard text.utf8.contains(where: { $0 > 0x20 }) else {
            error("is empty", mend: "write an expression or remove the field")
            return nil
        }
        return text
    }
}
