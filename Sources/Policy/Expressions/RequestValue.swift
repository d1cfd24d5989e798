internal import CEL
internal import JSON
internal import Kubernetes

/// `request`: the AdmissionRequest as Kubernetes shows it to expressions, without its uid and objects.
final class RequestValue: ObjectValue {
    private let document: JSONDocument
    /// In the evaluation's documents.
    private let number: UInt16
    private let request: JSONValue?

    init(_ request: AdmissionRequest, number: UInt16) {
        document = request.document
        self.number = number
        self.request = document.member("request", of: document.root)
    }

    var type: CELType { .object(KubernetesTypes.requestName) }

    /// A field; nil if it is absent, as a field is that would be empty.
    func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? {
        // What a review has beside the fields that are declared.
        if name == "object" || name == "oldObject" || name == "uid" { return nil }
        guard let request, var value = document.member(name, of: request) else { return nil }
        if value.isNull && name != "options" { return nil }
        value.document = number
        return evaluation.value(value)
    }
}

/// `variables`: a policy's named expressions, each evaluated when it is first read, and once.
final class VariablesValue: ObjectValue {
    private let definitions: [NamedExpression]
    // Unsafe because they change. They belong to one request, which one thread judges; nothing keeps them longer.
    nonisolated(unsafe) private var known: [Result<CELValue, CELError>?]
    /// What evaluating them has cost since somebody asked.
    nonisolated(unsafe) private var cost: UInt64 = 0

    /// Who hears what they give; nil if nobody asks.
    private nonisolated(unsafe) let listener: ExpressionListener?

    init(_ definitions: [NamedExpression], _ listener: ExpressionListener?) {
        self.definitions = definitions
        unsafe self.listener = listener
        unsafe known = Array(repeating: nil, count: definitions.count)
    }

    var type: CELType { .object(KubernetesTypes.variablesName) }

    func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? {
        guard let number = definitions.firstIndex(where: { $0.name == name }) else { return nil }
        if let result = unsafe known[number] { return try result.get() }
        let definition = definitions[number]
        // No cycle: an expression is compiled knowing only the names above it.
        let (result, cost) = evaluation.nested { (evaluation) throws(CELError) in
            guard let listener = unsafe listener else { return try definition.program.evaluate(&evaluation) }
            let (result, entries) = definition.program.evaluateTraced(&evaluation)
            // Whoever reads it first is charged.
            listener.hear(definition.program, .variable(definition.name), result, entries, 0, evaluation)
            return try result.get()
        }
        unsafe self.cost += cost
        let remembered = result.mapError { error in
            // Without its place, which is one in another expression.
            CELError(error.code, "variables.\(definition.name) failed: \(definition.program.text(of: error))")
        }
        unsafe known[number] = remembered
        return try remembered.get()
    }

    /// What evaluating has cost, which is charged once.
    func takeCost() -> UInt64 {
        defer { unsafe cost = 0 }
        return unsafe cost
    }
}

/// An expression that a policy gives a name to: a variable, a condition.
struct NamedExpression: Sendable {
    let name: String
    let program: CELProgram
}

extension CELProgram {
    /// An error with the sub-expression that failed: `division by zero (at "object.spec.a / 0 == 1")`.
    ///
    /// The words may hold a value, and so they are not told of an expression that names a secret.
    func text(of error: CELError) -> String {
        if source.utf8Span.span.namesSecret { return place(of: error) }
        guard let excerpt = excerpt(at: error) else { return error.message }
        return "\(error.message) (at \"\(excerpt)\")"
    }

    /// Which sub-expression failed, without a word of the values that made it fail.
    func place(of error: CELError) -> String {
        "an expression failed at \"\(excerpt(at: error) ?? source.trimmed.singleLine.shortened(to: Self.excerptBytes))\""
    }

    /// The source around the operator or name of the sub-expression; where that ends is not known.
    private func excerpt(at error: CELError) -> String? {
        guard let offset = error.offset, offset < source.utf8.count else { return nil }
        let bytes = Array(source.utf8)
        var start = offset
        while start > 0, bytes[start - 1] != UInt8(ascii: "\n"), offset - start < Self.excerptBytes / 2 { start -= 1 }
        // Back to where a character begins.
        while start > 0, bytes[start] & 0xc0 == 0x80 { start -= 1 }
        let rest = String(decoding: bytes[start...].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        let isCut = start > 0 && bytes[start - 1] != UInt8(ascii: "\n")
        return (isCut ? "…" : "") + rest.trimmed.singleLine.shortened(to: Self.excerptBytes)
    }

    /// How much of an expression an error shows.
    private static var excerptBytes: Int { 80 }
}
