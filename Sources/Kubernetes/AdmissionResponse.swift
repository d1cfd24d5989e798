internal import JSON

/// One reason of a `Status` (`meta/v1.StatusCause`): what `kubectl -o json` and other clients read field by field.
public struct StatusCause: Hashable, Sendable {
    /// A machine's word for the cause (`FieldValueForbidden`).
    public let reason: String
    /// A person's.
    public let message: String
    /// The field's path (`spec.sku.name`); empty if the cause lies in no field.
    public let field: String

    /// Names a cause.
    public init(reason: String, message: String, field: String) {
        self.reason = reason
        self.message = message
        self.field = field
    }
}

/// Why a request was refused (`meta/v1.Status`, as far as a webhook fills it).
public struct Status: Hashable, Sendable {
    /// The HTTP status that the API server's client gets.
    public let code: Int
    /// A machine's word that goes with the code (`Forbidden`, `Invalid`).
    public let reason: String
    /// What the user reads; may have several lines.
    public let message: String
    /// The causes, field by field.
    public let causes: [StatusCause]

    /// Makes a status.
    public init(code: Int, reason: String, message: String, causes: [StatusCause] = []) {
        self.code = code
        self.reason = reason
        self.message = message
        self.causes = causes
    }
}

/// A line for the audit log, one of `auditAnnotations`.
///
/// The API server puts the webhook's name and a slash before the key.
public struct AuditAnnotation: Hashable, Sendable {
    /// At most 63 of letters, digits, `.`, `_`, `-`.
    public let key: String
    /// The same for the same request: the API server refuses another value when it asks again.
    public let value: String

    /// Names an annotation.
    public init(key: String, value: String) {
        self.key = key
        self.value = value
    }
}

/// The answer to an AdmissionRequest (`admission/v1.AdmissionResponse`).
public struct AdmissionResponse: Hashable, Sendable {
    /// Whether the request may go on.
    public var isAllowed: Bool
    /// Why not; absent on most of what is allowed.
    public var status: Status?
    /// Lines that kubectl shows to the user.
    public var warnings: [String]
    /// A JSON Patch, as JSON; only from a mutating webhook, never on DELETE.
    public var patch: [UInt8]?
    /// What goes to the audit log.
    public var auditAnnotations: [AuditAnnotation]

    /// Makes an answer.
    public init(
        isAllowed: Bool,
        status: Status? = nil,
        warnings: [String] = [],
        patch: [UInt8]? = nil,
        auditAnnotations: [AuditAnnotation] = []
    ) {
        self.isAllowed = isAllowed
        self.status = status
        self.warnings = warnings
        self.patch = patch
        self.auditAnnotations = auditAnnotations
    }

    /// Appends the AdmissionReview that carries this answer to `request`.
    ///
    /// The `uid` goes over byte for byte as it came.
    public func encode(answering request: AdmissionRequest, into output: inout [UInt8]) {
        var writer = JSONWriter(appendingTo: output)
        output = []
        encode(answering: request, to: &writer)
        output = writer.finish()
    }

    private func encode(answering request: AdmissionRequest, to writer: inout JSONWriter) {
        writer.beginObject()
        // Constant members go in one piece.
        writer.members(#""kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1""#)
        writer.key("response")
        writer.beginObject()
        writer.key("uid")
        writer.copy(request.uid, in: request.document)
        writer.members(isAllowed ? #""allowed":true"# : #""allowed":false"#)
        if let status {
            writer.key("status")
            status.encode(to: &writer)
        }
        if let patch {
            writer.key("patch")
            writer.base64(patch)
            writer.members(#""patchType":"JSONPatch""#)
        }
        if !auditAnnotations.isEmpty {
            writer.key("auditAnnotations")
            writer.beginObject()
            for annotation in auditAnnotations {
                writer.key(annotation.key)
                writer.string(annotation.value)
            }
            writer.endObject()
        }
        if !warnings.isEmpty {
            writer.key("warnings")
            writer.beginArray()
            for warning in warnings {
                writer.string(warning)
            }
            writer.endArray()
        }
        writer.endObject()
        writer.endObject()
    }
}

extension JSONWriter {
    /// Writes members that are JSON already, in the place of one.
    fileprivate mutating func members(_ json: StaticString) {
        raw(json)
    }
}

extension Status {
    fileprivate func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.members(#""status":"Failure""#)
        writer.key("message")
        writer.string(message)
        writer.key("reason")
        writer.string(reason)
        if !causes.isEmpty {
            writer.key("details")
            writer.beginObject()
            writer.key("causes")
            writer.beginArray()
            for cause in causes {
                cause.encode(to: &writer)
            }
            writer.endArray()
            writer.endObject()
        }
        writer.key("code")
        writer.int(Int64(code))
        writer.endObject()
    }
}

extension StatusCause {
    fileprivate func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("reason")
        writer.string(reason)
        writer.key("message")
        writer.string(message)
        if !field.isEmpty {
            writer.key("field")
            writer.string(field)
        }
        writer.endObject()
    }
}
