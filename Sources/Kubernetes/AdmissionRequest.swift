public import JSON

/// Who sent a request to the API server (`authentication/v1.UserInfo`).
public struct UserInfo: BitwiseCopyable, Sendable {
    /// The name, for a service account `system:serviceaccount:<namespace>:<name>`.
    public let username: JSONValue?
    /// An array of strings.
    public let groups: JSONValue?
    /// The identity provider's identifier; present for service accounts.
    public let uid: JSONValue?
    /// An object of arrays of strings.
    public let extra: JSONValue?
}

/// A kind or a resource as an AdmissionReview spells it: three strings of the body.
public struct GroupVersionName: BitwiseCopyable, Sendable {
    /// The API group; an empty string for the core group.
    public let group: JSONValue
    /// The version.
    public let version: JSONValue
    /// The kind, or the plural of a resource.
    public let name: JSONValue
}

/// The request of an AdmissionReview: handles into its document, checked for type, nothing copied.
///
/// Only `AdmissionReview.decode(_:)` makes one, so the combinations of `operation`, `object` and `oldObject` are those that
/// the API server sends.
public struct AdmissionRequest: Sendable {
    /// The body that every handle refers to.
    public let document: JSONDocument
    /// Names this one call; the response repeats it.
    public let uid: JSONValue
    /// The kind of `object`, in the version that the webhook is registered for.
    public let kind: GroupVersionName
    /// The resource in that version.
    public let resource: GroupVersionName
    /// The kind that the user sent, if the review says so; differs from `kind` under `matchPolicy: Equivalent`.
    public let requestKind: GroupVersionName?
    /// The resource that the user sent it to, if the review says so; differs from `resource` under `matchPolicy: Equivalent`.
    public let requestResource: GroupVersionName?
    /// The sub-resource (`status`, `scale`), if any.
    public let subResource: JSONValue?
    /// The object's name; absent on a CREATE with `generateName`.
    public let name: JSONValue?
    /// The object's namespace; absent for cluster-scoped resources.
    public let namespace: JSONValue?
    /// What is done.
    public let operation: Operation
    /// By whom.
    public let userInfo: UserInfo
    /// The object as it is to be; absent on DELETE.
    public let object: JSONValue?
    /// The object as it is; absent on CREATE.
    public let oldObject: JSONValue?
    /// Whether nothing will be stored.
    public let isDryRun: Bool
    /// The operation's options (`CreateOptions`, …).
    public let options: JSONValue?

    /// The object that the request is about: on DELETE the one that goes.
    public var subject: JSONValue? {
        object ?? oldObject
    }

    /// The kind as a value, for messages and maps off the request path.
    public var groupVersionKind: GroupVersionKind {
        GroupVersionKind(
            group: document.string(kind.group) ?? "",
            version: document.string(kind.version) ?? "",
            kind: document.string(kind.name) ?? ""
        )
    }
}
