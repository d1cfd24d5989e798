internal import JSON

/// The keys that policies' audit annotations have in an answer.
enum AuditKey {
    /// The longest that the API server takes, in bytes.
    private static let maximumBytes = 63

    /// A key that no other policy's annotation has: the policy's name, a dot and its own key.
    ///
    /// An answer's keys cannot have the slash that the API server writes there. What is too long ends in a number that
    /// tells it from others.
    static func make(_ policy: String, _ key: String) -> String {
        let whole = "\(policy).\(key)"
        guard whole.utf8.count > maximumBytes else { return whole }
        var hash: UInt32 = 0x811c_9dc5
        for byte in whole.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
        let digits = String(hash, radix: 16)
        let suffix = String(repeating: "0", count: 8 - digits.utf8.count) + digits
        return "\(String(decoding: whole.utf8.prefix(maximumBytes - 9), as: UTF8.self))-\(suffix)"
    }
}

/// What policies' audit annotations say of a request.
struct AuditAnnotations {
    private var values: [(key: String, texts: [String])] = []

    /// The most bytes of one annotation (`maxAuditAnnotationValueLength` in `validating/dispatcher.go`).
    static let maximumBytes = 10 * 1024

    /// Adds what one binding says; what another one has said already is not repeated.
    mutating func add(_ key: String, _ text: String) {
        let text = text.shortened(to: Self.maximumBytes)
        guard let index = values.firstIndex(where: { $0.key == key }) else {
            values.append((key, [text]))
            return
        }
        if !values[index].texts.contains(text) { values[index].texts.append(text) }
    }

    /// The annotations, in the order in which their policies were evaluated.
    var all: [(key: String, value: String)] {
        values.map { ($0.key, $0.texts.joined(separator: ", ").shortened(to: Self.maximumBytes)) }
    }
}

/// A failure that a binding wants in the audit log.
struct AuditedFailure {
    let hook: AdmissionHook
    /// The number of the validation.
    let place: Int
    let message: String

    /// The most failures that are listed (`maxValidationFailures` in `validating/dispatcher.go`).
    private static let maximumCount = 50

    /// The failures as the API server writes them into its own annotation: a JSON array, as many as fit.
    static func text(_ failures: [AuditedFailure]) -> String {
        var text = "["
        for failure in failures.prefix(maximumCount) {
            let part = failure.json
            guard text.utf8.count + part.utf8.count + 2 <= AuditAnnotations.maximumBytes else { break }
            if text.utf8.count > 1 { text += "," }
            text += part
        }
        return text + "]"
    }

    private var json: String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("message")
        writer.string(message)
        writer.key("policy")
        writer.string(hook.policy.name)
        writer.key("binding")
        writer.string(hook.binding.name)
        writer.key("expressionIndex")
        writer.int(place)
        writer.key("validationActions")
        writer.beginArray()
        for action in hook.binding.actions { writer.string(action.rawValue) }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }
}
