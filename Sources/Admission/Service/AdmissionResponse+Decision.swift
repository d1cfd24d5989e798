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
    /// Characters of an annotation's key, its prefix not counted.
    static let annotationKeyCharacters = 63
    /// Characters of an annotation's value: what the API server keeps of an admission policy's (10 KiB).
    static let annotationValueCharacters = 10 * 1024
}

extension AdmissionResponse {
    /// The answer that tells a decision.
    ///
    /// - Parameters:
    ///   - decision: What the policies say.
    ///   - request: What they were asked about.
    ///   - isMutating: Whether the answer may carry a patch.
    init(_ decision: Decision, of request: AdmissionRequest, isMutating: Bool) {
        self.init(isAllowed: decision.allowed)
        if !decision.allowed { status = Status(denying: request, because: decision) }
        if !decision.warnings.isEmpty { warnings = Self.warnings(decision.warnings) }
        if !decision.auditAnnotations.isEmpty {
            auditAnnotations = decision.auditAnnotations.map { annotation in
                AuditAnnotation(
                    key: Self.annotationKey(annotation.key),
                    value: annotation.value.prefixed(AnswerLimits.annotationValueCharacters)
                )
            }
        }
        // The API server answers a patch of a DELETE, and one from a validating webhook, with an error.
        if isMutating, decision.allowed, request.operation != .delete, let patch = decision.patch {
            self.patch = patch.encode()
        }
    }

    /// The answer to a review whose objects contradict it.
    init(malformed problems: [RequestProblem]) {
        let lines = problems.map { "\($0.field) \($0.message)" }
        self.init(
            isAllowed: false,
            status: Status(
                code: 422,
                reason: "Invalid",
                message: Status.message("the object is malformed", lines),
                causes: problems.prefix(AnswerLimits.causes).map { problem in
                    StatusCause(reason: "FieldValueInvalid", message: problem.message, field: problem.field)
                }
            )
        )
    }

    /// Lines as kubectl can show them: a control character would make the API server drop the whole warning.
    private static func warnings(_ all: [String]) -> [String] {
        let shown = all.count > AnswerLimits.warnings ? AnswerLimits.warnings - 1 : all.count
        var warnings = all.prefix(shown).map { $0.withoutControls.prefixed(AnswerLimits.warningCharacters) }
        if shown < all.count { warnings.append("+\(all.count - shown) more warnings") }
        return warnings
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
}

extension Status {
    /// The status of a denial: every failure in the message, one a line, and again in the causes, field by field.
    fileprivate init(denying request: AdmissionRequest, because decision: Decision) {
        var lines: [String] = []
        var causes: [StatusCause] = []
        for failure in decision.failures where failure.effect == .deny {
            let line = failure.description.prefixed(AnswerLimits.lineCharacters)
            lines.append(line)
            guard causes.count < AnswerLimits.causes else { continue }
            causes.append(StatusCause(reason: failure.reason.rawValue, message: line, field: failure.path))
        }
        let document = request.document
        var head = document.string(request.kind.name) ?? ""
        if let name = request.name.flatMap({ document.string($0) }) {
            head += " \"\(name.withoutControls.prefixed(253))\""
        }
        switch lines.count {
        // Each denial is among the failures, unless there are more than the engine lists.
        case 0: lines = ["more failures than are listed"]
        case 1: head += " breaks a rule"
        case let count: head += " breaks \(count) rules"
        }
        let reason = decision.statusReason
        self.init(code: reason.code, reason: reason.rawValue, message: Self.message(head, lines), causes: causes)
    }

    /// A head and lines below it; one line alone stands beside its head.
    static func message(_ head: String, _ lines: [String]) -> String {
        var message = head
        let shown = lines.count > AnswerLimits.messageLines ? AnswerLimits.messageLines - 1 : lines.count
        message.reserveCapacity(head.utf8.count + lines.prefix(shown).reduce(16) { $0 + $1.utf8.count + 3 })
        message += ":"
        for line in lines.prefix(shown) {
            message += lines.count == 1 ? " " : "\n- "
            message += line
        }
        if shown < lines.count { message += "\n- +\(lines.count - shown) more" }
        return message
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
        let isControl = { (scalar: Unicode.Scalar) in
            scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029
        }
        guard unicodeScalars.contains(where: isControl) else { return self }
        return unicodeScalars.split(whereSeparator: isControl).map(String.init).joined(separator: " ")
    }
}
