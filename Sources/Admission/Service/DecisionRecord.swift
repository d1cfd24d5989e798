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
    let request: AdmissionRequest
    let outcome: AdmissionMetrics.Outcome
    let decision: Decision?
    let code: Int
    let generation: UInt64
    let latencyNanoseconds: UInt64

    /// The longest name or user that is copied whole, in bytes; the API server allows 253.
    private static let textBytes = 256
    /// The most failures that a line lists.
    private static let failures = 100

    func write(to writer: inout JSONWriter, time: Timestamp) {
        writer.beginObject()
        writer.key("time")
        writer.string(time.rfc3339.span)
        copy("uid", request.uid, to: &writer)
        // Members that are constant go in one piece, as JSON.
        writer.raw(webhook == .validate ? #""webhook":"validate""# : #""webhook":"mutate""#)
        switch request.operation {
        case .create: writer.raw(#""operation":"CREATE""#)
        case .update: writer.raw(#""operation":"UPDATE""#)
        case .delete: writer.raw(#""operation":"DELETE""#)
        case .connect: writer.raw(#""operation":"CONNECT""#)
        }
        copy("group", request.kind.group, to: &writer)
        copy("version", request.kind.version, to: &writer)
        copy("kind", request.kind.name, to: &writer)
        copy("subResource", request.subResource, to: &writer)
        copy("namespace", request.namespace, to: &writer)
        copy("name", request.name, to: &writer)
        copy("user", request.userInfo.username, to: &writer)
        if request.isDryRun { writer.raw(#""dryRun":true"#) }
        switch outcome {
        case .allowed: writer.raw(#""decision":"allowed""#)
        case .denied: writer.raw(#""decision":"denied""#)
        case .invalid: writer.raw(#""decision":"invalid""#)
        }
        if outcome != .allowed {
            writer.key("code")
            writer.int(code)
        }
        if let decision { write(decision, to: &writer) }
        writer.key("policySetGeneration")
        writer.int(Int64(clamping: generation))
        writer.key("latencyMicroseconds")
        writer.int(Int64(clamping: (latencyNanoseconds + 500) / 1000))
        writer.endObject()
    }

    private func write(_ decision: Decision, to writer: inout JSONWriter) {
        if !decision.failures.isEmpty {
            let isSecret = request.document.equals(request.kind.name, "Secret")
            writer.key("failures")
            writer.beginArray()
            for failure in decision.failures.prefix(Self.failures) {
                writer.beginObject()
                writer.key("policy")
                writer.string(failure.document)
                writer.key("rule")
                writer.string(failure.rule)
                writer.key("effect")
                writer.string(failure.effect.rawValue)
                writer.key("reason")
                writer.string(failure.reason.rawValue)
                writer.key("field")
                writer.string(failure.path)
                if let value = failure.value, !isSecret {
                    writer.key("value")
                    writer.string(value)
                }
                writer.endObject()
            }
            writer.endArray()
            if decision.failures.count > Self.failures {
                writer.key("failuresOmitted")
                writer.int(decision.failures.count - Self.failures)
            }
        }
        if !decision.mutations.isEmpty { write("mutations", decision.mutations, to: &writer) }
        if !decision.notes.isEmpty { write("notes", decision.notes.names, to: &writer) }
    }

    private func write(_ key: StaticString, _ texts: [String], to writer: inout JSONWriter) {
        writer.key(key)
        writer.beginArray()
        for text in texts { writer.string(text) }
        writer.endArray()
    }

    /// Copies a string of the review, quotes and escapes as they came; what is absent is left out.
    private func copy(_ key: StaticString, _ value: JSONValue?, to writer: inout JSONWriter) {
        guard let value else { return }
        writer.key(key)
        if request.document.utf8(value).count <= Self.textBytes {
            writer.copy(value, in: request.document)
        } else {
            let text = (request.document.string(value) ?? "").unicodeScalars.prefix(Self.textBytes / 4)
            writer.string(String(text) + "…")
        }
    }
}
