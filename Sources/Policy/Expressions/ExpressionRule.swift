internal import Azure
internal import CEL
internal import JSON

/// An expression that must be true, as a rule of an AzurePolicy.
///
/// On UPDATE a failure is old if the old object fails the same expression, with the same message, and what stands at
/// `fieldPath` is the same. Without a `fieldPath` it is old only if nothing changed that the expression can read: `spec`, and
/// the metadata too unless the expression looks at nothing but `spec`.
final class ExpressionRule: Sendable {
    private let program: CELProgram
    private let message: String?
    private let messageProgram: CELProgram?
    private let reason: Failure.Reason
    private let fieldPath: FieldPath?
    /// Whether a change of metadata makes a failure new.
    private let readsMetadata: Bool

    /// The words of Kubernetes for what a failure means (`Validation.reason`).
    private enum Word: String, CaseIterable {
        case unauthorized = "Unauthorized"
        case forbidden = "Forbidden"
        case invalid = "Invalid"
        case tooLarge = "RequestEntityTooLarge"
    }

    /// The longest part of an expression that failures show, in bytes.
    private static let maximumShownBytes = 256

    /// Reads the body of a rule.
    init?(_ node: Node, _ scope: ExpressionScope) {
        guard
            let fields = node.fields(["expression", "message", "messageExpression", "reason", "fieldPath"]),
            let expression = fields.required("expression", "add the expression that must be true")
        else { return nil }
        message = fields["message"]?.line()
        var messageProgram: CELProgram?
        if let node = fields["messageExpression"] {
            messageProgram = scope.compile(node, .string)
            if let program = messageProgram, Self.readsSecret(program, scope.variables) {
                node.warning(
                    .secretInMessage,
                    "names a secret, whose value the message could tell: it is not evaluated",
                    mend: "write a message instead"
                )
                messageProgram = nil
            }
        }
        self.messageProgram = messageProgram
        switch fields["reason"]?.keyword(Word.self) {
        case .forbidden, .unauthorized: reason = .forbidden
        case .invalid, .tooLarge, nil: reason = .invalid
        }
        fieldPath = fields["fieldPath"]?.fieldPath()
        guard let program = scope.compile(expression, .bool) else { return nil }
        self.program = program
        readsMetadata = ([program] + scope.variables.map(\.program)).contains { !$0.source.readsOnlySpec }
    }

    /// Whether an expression, or a variable that it may read, names what may be a secret.
    private static func readsSecret(_ program: CELProgram, _ variables: [NamedExpression]) -> Bool {
        if program.source.utf8Span.span.namesSecret { return true }
        guard program.reads(ExpressionVariable.variables.rawValue) else { return false }
        return variables.contains { $0.program.source.utf8Span.span.namesSecret }
    }

    /// Tries the rule; if it cannot be evaluated, the context is told, and other rules go on.
    func judge(
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report,
        _ expressions: ExpressionContext
    ) {
        do throws(EvaluationError) {
            try check(subject, rule, &report, expressions)
        } catch {
            expressions.add(error, of: rule)
        }
    }

    private func check(
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report,
        _ expressions: ExpressionContext
    ) throws(EvaluationError) {
        // The old object: its failure is another one if the object has changed since.
        if fieldPath == nil, let successor = expressions.successor,
            !isUnchanged(JSONFragment(subject.document, subject.object), successor)
        {
            return
        }
        switch try expressions.evaluate(program) {
        case .bool(true): return
        case .bool(false): break
        default: throw .expression("the expression gives no bool (at \"\(shown)\")")
        }
        let hidesValues = subject.isSecret || fieldPath?.mayHoldSecret == true
        let explanation = Explanation.expression(
            message(hidesValues: hidesValues, expressions),
            showsPath: fieldPath != nil,
            expression: shown
        )
        if let fieldPath {
            let value = fieldPath.value(in: subject.document, of: subject.object)
            report.add(rule.origin, reason, at: .path(fieldPath), value, of: subject, explanation)
        } else {
            report.add(rule.origin, reason, at: "object", explanation)
        }
    }

    private var shown: String { program.source.trimmed.singleLine.shortened(to: Self.maximumShownBytes) }

    /// What Kubernetes would say (`validator.go`): what the messageExpression gives if that is one line of text, else the
    /// message, else the expression.
    private func message(hidesValues: Bool, _ expressions: ExpressionContext) -> String? {
        if let messageProgram, !hidesValues, let text = try? expressions.message(of: messageProgram) { return text }
        return message
    }

    // MARK: Ratcheting

    /// Whether an object has remained what it was, as far as the expression can see.
    private func isUnchanged(_ old: JSONFragment, _ new: JSONFragment) -> Bool {
        let isSame = old.hasMembers(of: new, except: ["metadata", "status"])
        guard isSame, readsMetadata else { return isSame }
        switch (old.member("metadata"), new.member("metadata")) {
        case (let old?, let new?):
            return old.hasMembers(of: new, except: ["managedFields", "resourceVersion", "generation"])
        case (let old, let new): return old == nil && new == nil
        }
    }
}

extension String {
    /// Whether `object` and `oldObject` are named only to look at their `spec`; a text that says so by chance counts too.
    fileprivate var readsOnlySpec: Bool {
        let bytes = Array(utf8)
        let word = Array("bject".utf8)
        for start in bytes.indices where bytes[start] == word[0] && bytes[start...].starts(with: word) {
            let rest = bytes[(start + word.count)...]
            guard rest.starts(with: ".spec".utf8) || rest.starts(with: ".?spec".utf8) else { return false }
        }
        // The credential is an annotation.
        return !contains("credential")
    }

    /// The text without white space at its ends.
    var trimmed: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }
}

extension JSONFragment {
    fileprivate func member(_ name: StaticString) -> JSONFragment? {
        document.member(name, of: value).map { JSONFragment(document, $0) }
    }

    /// Whether both have equal members but for those that are named; `null` counts as absent.
    fileprivate func hasMembers(of other: JSONFragment, except skipped: [StaticString]) -> Bool {
        var count = 0
        for (key, value) in document.members(of: value)
        where (!value.isNull || value.isUnknown) && !skipped.contains(where: { document.equals(key, $0) }) {
            count += 1
            guard let found = other.document.member(document.utf8(key), of: other.value),
                isEqual(value, in: document, found, in: other.document)
            else { return false }
        }
        for (key, value) in other.document.members(of: other.value)
        where (!value.isNull || value.isUnknown) && !skipped.contains(where: { other.document.equals(key, $0) }) {
            count -= 1
        }
        return count == 0
    }
}

extension FieldPath {
    /// What stands at the path; nil if nothing does.
    func value(in document: JSONDocument, of object: JSONValue) -> JSONValue? {
        var value = object
        for step in steps {
            let next: JSONValue? =
                switch step {
                case .member(let name): document.member(name, of: value)
                case .element(let index): document.element(index, of: value)
                }
            guard let next, !next.isNull || next.isUnknown else { return nil }
            value = next
        }
        return value
    }
}

extension Node {
    /// `spec.retentionDays`, `.spec.tags['cost-center']`: Kubernetes' form of a path to a field, with or without the first dot.
    fileprivate func fieldPath() -> FieldPath? {
        guard let text = string() else { return nil }
        guard let path = FieldPath(parsing: text) else {
            error(
                "is \"\(text.prefix(80))\"",
                mend: "write names with dots, such as spec.retentionDays or spec.tags['cost-center']"
            )
            return nil
        }
        return path
    }
}

extension FieldPath {
    /// Reads names between dots and `['…']`; nil if the text is something else.
    init?(parsing text: String) {
        var steps: [Step] = []
        var rest = text.utf8[...]
        if rest.first == UInt8(ascii: ".") { rest.removeFirst() }
        while let first = rest.first {
            if first == UInt8(ascii: "[") {
                guard let quote = rest.dropFirst().first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
                else { return nil }
                let inner = rest.dropFirst(2)
                guard let end = inner.firstIndex(of: quote), end > inner.startIndex,
                    inner[inner.index(after: end)...].first == UInt8(ascii: "]")
                else { return nil }
                steps.append(.member(String(decoding: inner[..<end], as: UTF8.self)))
                rest = inner[end...].dropFirst(2)
            } else {
                let name = rest.prefix { $0.isAlphanumericASCII || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
                guard !name.isEmpty else { return nil }
                steps.append(.member(String(decoding: name, as: UTF8.self)))
                rest = rest[name.endIndex...]
            }
            if rest.first == UInt8(ascii: ".") {
                rest.removeFirst()
                if rest.isEmpty { return nil }
            } else if let next = rest.first, next != UInt8(ascii: "[") {
                return nil
            }
        }
        guard !steps.isEmpty, steps.count <= 32 else { return nil }
        self.init(steps)
    }
}

extension FieldPath {
    /// Whether the last name suggests that the value is a secret that somebody wrote in the wrong place.
    fileprivate var mayHoldSecret: Bool {
        for step in steps.reversed() {
            guard case .member(let name) = step else { continue }
            return name.utf8Span.span.namesSecret
        }
        return false
    }
}
