internal import JSON
internal import Kubernetes
internal import Observability
internal import Policy

/// One line of the decision log, as JSON: who asked for what, and what was answered.
///
/// Of the object it holds the kind, the namespace, the name and the fields that failed, each value as short as the policy
/// engine shows it; of a Secret not even those.
struct DecisionRecord {
    let webhook: WebhookKind
    let outcome: AdmissionMetrics.Outcome
    let code: Int
    let generation: UInt64
    let latencyNanoseconds: UInt64

    /// The longest name or user that is copied whole, in bytes; the API server allows 253.
    private static let textBytes = 256

    /// Appends the line.
    ///
    /// - Parameters:
    ///   - request: What was asked.
    ///   - decision: What was decided; nil if there was nothing to decide on.
    ///   - failures: The decision's failures as elements of an array.
    ///   - time: When.
    ///   - line: What is appended to.
    func write(
        _ request: borrowing AdmissionRequest,
        _ decision: Decision?,
        failures: borrowing TextBuffer,
        time: Timestamp,
        to line: inout TextBuffer
    ) {
        let document = request.document
        line.append(#"{"time":""#)
        line.append(time.rfc3339.span)
        Self.copy(#"","uid":"#, request.uid, document, to: &line)
        // What is constant goes in one piece.
        line.append(webhook == .validate ? #","webhook":"validate""# : #","webhook":"mutate""#)
        switch request.operation {
        case .create: line.append(#","operation":"CREATE""#)
        case .update: line.append(#","operation":"UPDATE""#)
        case .delete: line.append(#","operation":"DELETE""#)
        case .connect: line.append(#","operation":"CONNECT""#)
        }
        Self.copy(#","group":"#, request.kind.group, document, to: &line)
        Self.copy(#","version":"#, request.kind.version, document, to: &line)
        Self.copy(#","kind":"#, request.kind.name, document, to: &line)
        if let name = request.subResource { Self.copy(#","subResource":"#, name, document, to: &line) }
        if let name = request.namespace { Self.copy(#","namespace":"#, name, document, to: &line) }
        if let name = request.name { Self.copy(#","name":"#, name, document, to: &line) }
        if let name = request.userInfo.username { Self.copy(#","user":"#, name, document, to: &line) }
        if request.isDryRun { line.append(#","dryRun":true"#) }
        switch outcome {
        case .allowed: line.append(#","decision":"allowed""#)
        case .denied: line.append(#","decision":"denied""#)
        case .invalid: line.append(#","decision":"invalid""#)
        }
        if outcome != .allowed {
            line.append(#","code":"#)
            line.append(decimal: UInt64(code))
        }
        if let decision { Self.write(decision, failures, to: &line) }
        line.append(#","policySetGeneration":"#)
        line.append(decimal: generation)
        line.append(#","latencyMicroseconds":"#)
        line.append(decimal: (latencyNanoseconds + 500) / 1000)
        line.append("}")
    }

    private static func write(_ decision: Decision, _ failures: borrowing TextBuffer, to line: inout TextBuffer) {
        if !decision.failures.isEmpty {
            line.append(#","failures":["#)
            line.append(failures)
            line.append("]")
            if decision.failures.count > AnswerLimits.loggedFailures {
                line.append(#","failuresOmitted":"#)
                line.append(decimal: UInt64(decision.failures.count - AnswerLimits.loggedFailures))
            }
        }
        if !decision.exceptions.isEmpty {
            line.append(#","exceptions":["#)
            // Names of exceptions need no escapes.
            line.append("\"" + decision.exceptions.map(\.name).joined(separator: "\",\"") + "\"")
            line.append("]")
        }
        if !decision.mutations.isEmpty {
            line.append(#","mutations":["#)
            // Names of policies and mutations need no escapes.
            line.append("\"" + decision.mutations.joined(separator: "\",\"") + "\"")
            line.append("]")
        }
        // Nearly every line has these notes, or none.
        if decision.notes == .noBinding {
            line.append(#","notes":["noBinding"]"#)
        } else if !decision.notes.isEmpty {
            line.append(#","notes":[""#)
            line.append(decision.notes.names.joined(separator: "\",\""))
            line.append(#""]"#)
        }
    }

    /// Copies a string of the review, quotes and escapes as they came.
    private static func copy(
        _ key: StaticString,
        _ value: JSONValue,
        _ document: JSONDocument,
        to line: inout TextBuffer
    ) {
        line.append(key)
        let text = document.utf8(value)
        guard text.count > textBytes else { return line.append(document.lexeme(value)) }
        let start = (document.string(value) ?? "").unicodeScalars.prefix(textBytes / 4)
        line.append("\"")
        line.append(escaping: "\(String(start))…".utf8Span.span)
        line.append("\"")
    }
}
