/// One rule that the subject breaks, at one field.
public struct Failure: Hashable, Sendable, CustomStringConvertible {
    /// Which of the documents' words a failure goes back to.
    public enum Source: String, Hashable, Sendable {
        /// A rule of an AzurePolicy.
        case policy = "AzurePolicy"
        /// An AzureBinding, or the absence of one.
        case binding = "AzureBinding"
        /// A validation of one of Kubernetes' own policies.
        case validatingAdmissionPolicy = "ValidatingAdmissionPolicy"
        /// A mutation of one of Kubernetes' own policies that could not be made.
        case mutatingAdmissionPolicy = "MutatingAdmissionPolicy"
        /// What holds without any document: an object that is being deleted keeps its spec.
        case builtIn = "Portcullis"
    }

    /// The kind of a failure, in the words of Kubernetes' `metav1.CauseType`.
    public enum Reason: String, Hashable, Sendable {
        /// The value is not among the allowed ones, or above a ceiling.
        case notSupported = "FieldValueNotSupported"
        /// The value is forbidden.
        case forbidden = "FieldValueForbidden"
        /// There is no value and no default that would satisfy the rule.
        case required = "FieldValueRequired"
        /// The value has a form that cannot be judged, or does not fit the pattern.
        case invalid = "FieldValueInvalid"
        /// The value is not to be known at admission (`…FromConfig`).
        case unknown = "FieldValueUnknown"
        /// The evaluation broke, and the failurePolicy is Fail.
        case error = "EvaluationError"
    }

    /// What became of a failure.
    public enum Effect: String, Hashable, Sendable {
        /// It denies the request.
        case deny
        /// The user is warned.
        case warn
        /// Only logs know.
        case audit
        /// It would deny, but the object had it before this UPDATE: the user is warned.
        case ratcheted
    }

    /// What kind of document asks for it.
    public let source: Source
    /// The document's `metadata.name`.
    public let policy: String
    /// The rule's name; for a binding the field of its spec that is guarded, for an admission policy the element
    /// (`validations[2]`).
    public let rule: String
    /// What came of it.
    public internal(set) var effect: Effect
    /// What kind of failure.
    public let reason: Reason
    /// The field (`spec.agentPoolProfiles[0].vmSize`), as `details.causes[].field` wants it.
    public let path: String
    /// The value, shortened to 128 characters, or `(redacted)`; nil if there is none.
    public let value: String?
    /// What would be allowed (`westeurope, northeurope`); empty if that is not a list.
    public let allowed: String
    /// The policy author's own words, if the rule has a `message`.
    public let customMessage: String?

    /// The parts that `message` and `mend` are made of when somebody asks.
    let explanation: Explanation

    /// The document as answers and logs name it: an admission policy's kind comes before its name.
    public var document: String {
        source.isAdmissionPolicy ? "\(source.rawValue)/\(policy)" : policy
    }

    /// The reason of the status with which it denies: Forbidden, unless an admission policy says otherwise.
    public var statusReason: StatusReason {
        if case .admission(_, let reason) = explanation { return reason }
        return .forbidden
    }

    /// What is wrong, in one line: field, value, and what is allowed.
    public var message: String {
        var text = ""
        explanation.writeMessage(to: &text, path: path, value: value, allowed: allowed)
        return text
    }

    /// What to do about it: `set spec.location to westeurope or northeurope`; empty if nobody can say.
    public var mend: String {
        var text = ""
        explanation.writeMend(to: &text, path: path, allowed: allowed)
        return text
    }

    /// `policy/rule: message; mend`, in one line.
    public var description: String {
        // Appended piece by piece into one buffer: a denial tells many of these.
        var text = ""
        text.reserveCapacity(2 * path.utf8.count + 2 * allowed.utf8.count + 128)
        if source.isAdmissionPolicy {
            text += source.rawValue
            text += "/"
        }
        text += policy
        text += "/"
        text += rule
        text += ": "
        if let customMessage {
            text += customMessage
            text += " ("
        }
        explanation.writeMessage(to: &text, path: path, value: value, allowed: allowed)
        if case .admission = explanation { return text }
        text += "; "
        explanation.writeMend(to: &text, path: path, allowed: allowed)
        if customMessage != nil { text += ")" }
        return text
    }
}

extension Failure.Source {
    /// Whether it is one of Kubernetes' own policies.
    var isAdmissionPolicy: Bool {
        self == .validatingAdmissionPolicy || self == .mutatingAdmissionPolicy
    }
}
