internal import JSON
internal import Kubernetes
internal import Policy

/// How much of a decision fits into an answer that people read.
enum AnswerLimits {
    /// Lines of `status.message`; a terminal shows that many at once.
    static let messageLines = 20
    /// Characters of a line; a list of what is allowed may be long.
    static let lineCharacters = 1024
    /// Entries of `status.details.causes`, for machines.
    static let causes = 100
    /// Warnings, the one that counts the rest included (`research/policy-engines.md` §5.1).
    static let warnings = 10
    /// Characters of a warning; the API server cuts at 256 when there are many.
    static let warningCharacters = 120
    /// Characters of a word that is left out rather than cut.
    static let wordCharacters = 32
    /// Characters of a name in the message; the API server allows as many.
    static let nameCharacters = 253
    /// Characters of an annotation's key, its prefix not counted.
    static let annotationKeyCharacters = 63
    /// Characters of an annotation's value: what the API server keeps of an admission policy's (10 KiB).
    static let annotationValueCharacters = 10 * 1024
    /// Failures that a line of the decision log lists.
    static let loggedFailures = 100
}

/// Puts decisions into answers, in buffers that serve for one request after the other.
///
/// Every failure is put into words once: for the message, for the causes and for the decision log.
struct DecisionAnswer: ~Copyable {
    private var text = FailureText()
    /// The status' message and its causes, as JSON without quotes and brackets.
    private var message = TextBuffer()
    private var causes = TextBuffer()

    /// The failures as elements of a JSON array, for the decision log.
    private(set) var logged = TextBuffer()

    private var answer = TextBuffer()

    /// Appends the AdmissionReview that tells a decision.
    ///
    /// - Parameters:
    ///   - decision: What the policies say.
    ///   - request: What they were asked about.
    ///   - isMutating: Whether the answer may carry a patch.
    ///   - isLogged: Whether `logged` will be asked for.
    ///   - output: What the answer is appended to.
    /// - Returns: Whether the answer carries a patch.
    mutating func write(
        _ decision: Decision,
        answering request: AdmissionRequest,
        isMutating: Bool,
        isLogged: Bool,
        into output: inout [UInt8]
    ) -> Bool {
        if !decision.failures.isEmpty || !decision.allowed { render(decision, request, isLogged: isLogged) }
        guard !decision.allowed else { return allow(decision, request, isMutating: isMutating, into: &output) }
        answer.removeAll()
        answer.append(#"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"#)
        // Byte for byte as it came.
        answer.append(request.document.lexeme(request.uid))
        answer.append(#","allowed":false,"status":{"status":"Failure","message":""#)
        answer.append(message)
        let reason = decision.statusReason
        answer.append(#"","reason":""#)
        answer.append(reason.rawValue)
        answer.append("\"")
        if causes.count > 0 {
            answer.append(#","details":{"causes":["#)
            answer.append(causes)
            answer.append("]}")
        }
        answer.append(#","code":"#)
        answer.append(decimal: UInt64(reason.code))
        answer.append("}")
        Self.write(decision.auditAnnotations, to: &answer)
        Self.write(warnings: Self.lines(decision.warnings), to: &answer)
        answer.append("}}")
        answer.append(to: &output)
        return false
    }

    /// Most of what is allowed has nothing to tell.
    private func allow(
        _ decision: Decision,
        _ request: AdmissionRequest,
        isMutating: Bool,
        into output: inout [UInt8]
    ) -> Bool {
        var response = AdmissionResponse(isAllowed: true)
        // The API server answers a patch of a DELETE, and one from a validating webhook, with an error.
        if isMutating, request.operation != .delete { response.patch = decision.patch?.encode() }
        if !decision.auditAnnotations.isEmpty {
            response.auditAnnotations = decision.auditAnnotations.map { annotation in
                AuditAnnotation(key: Self.annotationKey(annotation.key), value: Self.annotationValue(annotation.value))
            }
        }
        if !decision.warnings.isEmpty { response.warnings = Self.lines(decision.warnings) }
        response.encode(answering: request, into: &output)
        return response.patch != nil
    }

    // MARK: Failures

    /// Puts the failures into words.
    private mutating func render(_ decision: Decision, _ request: AdmissionRequest, isLogged: Bool) {
        message.removeAll()
        causes.removeAll()
        logged.removeAll()
        let failures = decision.failures.indices
        var denials = 0
        for index in failures where decision.effect(ofFailure: index) == .deny { denials += 1 }
        // Each denial is among the failures, unless there are more than the engine lists.
        if !decision.allowed { writeHead(request, denials) }
        let shown = denials > AnswerLimits.messageLines ? AnswerLimits.messageLines - 1 : denials
        let isSecret = request.document.equals(request.kind.name, "Secret")
        var denied = 0
        for index in failures {
            let isLogged = isLogged && index < AnswerLimits.loggedFailures
            let isCause = decision.effect(ofFailure: index) == .deny && denied < AnswerLimits.causes
            guard isLogged || isCause else { continue }
            text.render(failure: index, of: decision, lineCharacters: AnswerLimits.lineCharacters)
            if isLogged { Self.log(decision.details(ofFailure: index), text, isSecret: isSecret, to: &logged) }
            guard isCause else { continue }
            let line = Self.add(text, to: &causes)
            if denied < shown {
                message.append(denials == 1 ? " " : #"\n- "#)
                message.append(causes, line)
            }
            denied += 1
        }
        if shown < denials { message.append(#"\n- +\#(denials - shown) more"#) }
        if denials == 0 { message.append(" more failures than are listed") }
    }

    /// The kind and the name of what is refused, and how much is wrong with it.
    private mutating func writeHead(_ request: AdmissionRequest, _ denials: Int) {
        let document = request.document
        message.append(escaping: document.utf8(request.kind.name))
        if let name = request.name.flatMap({ document.string($0) }) {
            message.append(#" \""#)
            message.append(escaping: name.withoutControls.prefixed(AnswerLimits.nameCharacters).utf8Span.span)
            message.append(#"\""#)
        }
        switch denials {
        case 0: break
        case 1: message.append(" breaks a rule")
        case let count: message.append(" breaks \(count) rules")
        }
        message.append(":")
    }

    /// Adds a cause to the status, for clients that read field by field.
    ///
    /// - Returns: Where its message stands, without quotes.
    private static func add(
        _ text: borrowing FailureText,
        to causes: inout TextBuffer
    ) -> Range<Int> {
        causes.append(causes.count == 0 ? #"{"reason":""# : #",{"reason":""#)
        causes.append(text.reason.rawValue)
        causes.append(#"","message":""#)
        let start = causes.count
        causes.append(escaping: text.line)
        let line = start..<causes.count
        if text.path.isEmpty {
            causes.append(#""}"#)
        } else {
            causes.append(#"","field":""#)
            causes.append(escaping: text.path)
            causes.append(#""}"#)
        }
        return line
    }

    private static func log(
        _ failure: Decision.FailureDetails,
        _ text: borrowing FailureText,
        isSecret: Bool,
        to logged: inout TextBuffer
    ) {
        // Names of policies and rules need no escapes.
        logged.append(logged.count == 0 ? #"{"policy":""# : #",{"policy":""#)
        logged.append(failure.policy)
        logged.append(#"","rule":""#)
        logged.append(failure.rule)
        logged.append(#"","effect":""#)
        logged.append(text.effect.rawValue)
        logged.append(#"","reason":""#)
        logged.append(text.reason.rawValue)
        logged.append(#"","field":""#)
        logged.append(escaping: text.path)
        if text.hasValue, !isSecret {
            logged.append(#"","value":""#)
            logged.append(escaping: text.value)
        }
        if let severity = failure.severity {
            logged.append(#"","severity":""#)
            logged.append(severity.rawValue)
        }
        if let link = failure.link {
            // An https URL without quotes or escapes.
            logged.append(#"","link":""#)
            logged.append(link)
        }
        if let exception = failure.exception {
            logged.append(#"","exception":""#)
            logged.append(exception)
        }
        logged.append(#""}"#)
    }

    // MARK: Annotations and warnings

    private static func write(_ annotations: [(key: String, value: String)], to answer: inout TextBuffer) {
        guard !annotations.isEmpty else { return }
        var separator: StaticString = #","auditAnnotations":{""#
        for (key, value) in annotations {
            answer.append(separator)
            answer.append(annotationKey(key))
            answer.append(#"":""#)
            answer.append(escaping: annotationValue(value).utf8Span.span)
            separator = #"",""#
        }
        answer.append(#""}"#)
    }

    private static func write(warnings: [String], to answer: inout TextBuffer) {
        guard !warnings.isEmpty else { return }
        var separator: StaticString = #","warnings":[""#
        for warning in warnings {
            answer.append(separator)
            answer.append(escaping: warning.utf8Span.span)
            separator = #"",""#
        }
        answer.append(#""]"#)
    }

    private static func annotationValue(_ value: String) -> String {
        value.prefixed(AnswerLimits.annotationValueCharacters)
    }

    private static func annotationKey(_ key: String) -> String {
        let isNameByte = { (byte: UInt8) in
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
                || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
        if key.utf8.count <= AnswerLimits.annotationKeyCharacters, key.utf8.allSatisfy(isNameByte) { return key }
        let bytes = key.utf8.prefix(AnswerLimits.annotationKeyCharacters).map {
            isNameByte($0) ? $0 : UInt8(ascii: "-")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Lines as kubectl can show them: a control character would make the API server drop the whole warning.
    private static func lines(_ all: [String]) -> [String] {
        let shown = all.count > AnswerLimits.warnings ? AnswerLimits.warnings - 1 : all.count
        var lines = all.prefix(shown).map { warning($0.withoutControls) }
        if shown < all.count { lines.append("+\(all.count - shown) more warnings") }
        return lines
    }

    /// A warning at its length: the note behind it is there as a whole or not at all, and no word is cut if a short one is last.
    private static func warning(_ line: String) -> String {
        let limit = AnswerLimits.warningCharacters
        // No string has more scalars than bytes.
        guard line.utf8.count > limit, line.unicodeScalars.count > limit else { return line }
        let isNoted = line.hasSuffix(Decision.ratchetNote)
        let own = (isNoted ? line.dropLast(Decision.ratchetNote.count) : line[...]).unicodeScalars
        guard own.count > limit else { return String(own) }
        let cut = own.prefix(limit - 1)
        let space = cut.suffix(AnswerLimits.wordCharacters).lastIndex(of: " ")
        return String(cut[..<(space ?? cut.endIndex)]) + "…"
    }
}

extension AdmissionResponse {
    /// The answer to a review whose objects contradict it.
    init(malformed problems: [RequestProblem]) {
        var message = "the object is malformed:"
        let shown = problems.count > AnswerLimits.messageLines ? AnswerLimits.messageLines - 1 : problems.count
        for problem in problems.prefix(shown) {
            message += problems.count == 1 ? " " : "\n- "
            message += "\(problem.field) \(problem.message)"
        }
        if shown < problems.count { message += "\n- +\(problems.count - shown) more" }
        self.init(
            isAllowed: false,
            status: Status(
                code: 422,
                reason: "Invalid",
                message: message,
                causes: problems.prefix(AnswerLimits.causes).map { problem in
                    StatusCause(reason: "FieldValueInvalid", message: problem.message, field: problem.field)
                }
            )
        )
    }
}

extension String {
    /// At most so many characters (Unicode scalars, as Go counts runes), with an ellipsis for the rest.
    fileprivate func prefixed(_ limit: Int) -> String {
        // No string has more scalars than bytes.
        guard utf8.count > limit, unicodeScalars.count > limit else { return self }
        return String(unicodeScalars.prefix(limit - 1)) + "…"
    }

    /// Without control characters: a space for each run of them.
    fileprivate var withoutControls: String {
        let isControl = { (scalar: Unicode.Scalar) in scalar.inLine == " " && scalar != " " }
        guard unicodeScalars.contains(where: isControl) else { return self }
        return unicodeScalars.split(whereSeparator: isControl).map(String.init).joined(separator: " ")
    }
}
