public import JSON

/// The envelope of a request from the API server (`admission.k8s.io/v1`).
///
/// Decoding is strict about what decisions depend on and blind to everything else: members that it does not know are
/// left alone, because a newer API server may add some.
public enum AdmissionReview {
    private static let keys = JSONKeys(["kind", "apiVersion", "request"])

    /// Reads the request out of a review.
    ///
    /// - Throws: What is missing or of the wrong type, by its path. `object` and `oldObject` must be there, or not, as the
    ///   operation demands.
    public static func decode(_ document: JSONDocument) throws(AdmissionReviewError) -> AdmissionRequest {
        let root = document.root
        guard root.isObject else { throw AdmissionReviewError("body", .notA("an object")) }
        var members = InlineArray<3, JSONValue?>(repeating: nil)
        document.find(keys, in: root, into: members.mutableSpan)
        let reader = Reader(document: document)
        let foundKind = try reader.text(members[0], "kind")
        guard document.equals(foundKind, "AdmissionReview") else {
            throw AdmissionReviewError("kind", .notAReview(document.string(foundKind) ?? ""))
        }
        let foundVersion = try reader.text(members[1], "apiVersion")
        guard document.equals(foundVersion, "admission.k8s.io/v1") else {
            throw AdmissionReviewError("apiVersion", .unsupportedVersion(document.string(foundVersion) ?? ""))
        }
        return try reader.request(try reader.object(members[2], "request"))
    }
}

/// The members of `request` that are not `null`, found in one pass.
private struct RequestMembers {
    /// As `admission/v1.AdmissionRequest` orders them.
    private static let keys = JSONKeys([
        "uid", "kind", "resource", "subResource", "requestKind", "name", "namespace", "operation", "userInfo", "object",
        "oldObject", "dryRun", "options", "requestResource",
    ])

    private var values = InlineArray<14, JSONValue?>(repeating: nil)

    init(of request: JSONValue, in document: JSONDocument) {
        document.find(Self.keys, in: request, into: values.mutableSpan)
    }

    var uid: JSONValue? { values[0] }
    var kind: JSONValue? { values[1] }
    var resource: JSONValue? { values[2] }
    var subResource: JSONValue? { values[3] }
    var requestKind: JSONValue? { values[4] }
    var name: JSONValue? { values[5] }
    var namespace: JSONValue? { values[6] }
    var operation: JSONValue? { values[7] }
    var userInfo: JSONValue? { values[8] }
    var object: JSONValue? { values[9] }
    var oldObject: JSONValue? { values[10] }
    var dryRun: JSONValue? { values[11] }
    var options: JSONValue? { values[12] }
    var requestResource: JSONValue? { values[13] }
}

/// Typed reads that name the member they fail on.
private struct Reader {
    let document: JSONDocument

    func request(_ value: JSONValue) throws(AdmissionReviewError) -> AdmissionRequest {
        let members = RequestMembers(of: value, in: document)
        let operation = try operation(members.operation)
        try checkObjects(members, operation)
        var requestKind: GroupVersionName?
        if let value = members.requestKind {
            requestKind = try names(value, Self.kindKeys, last: "kind", at: "request.requestKind")
        }
        var requestResource: GroupVersionName?
        if let value = members.requestResource {
            requestResource = try names(value, Self.resourceKeys, last: "resource", at: "request.requestResource")
        }
        if let value = members.options {
            _ = try object(value, "request.options")
        }
        return AdmissionRequest(
            document: document,
            uid: try text(members.uid, "request.uid"),
            kind: try names(members.kind, Self.kindKeys, last: "kind", at: "request.kind"),
            resource: try names(members.resource, Self.resourceKeys, last: "resource", at: "request.resource"),
            requestKind: requestKind,
            requestResource: requestResource,
            subResource: try optionalText(members.subResource, "request.subResource"),
            name: try optionalText(members.name, "request.name"),
            namespace: try optionalText(members.namespace, "request.namespace"),
            operation: operation,
            userInfo: try userInfo(try object(members.userInfo, "request.userInfo")),
            object: members.object,
            oldObject: members.oldObject,
            isDryRun: try flag(members.dryRun, "request.dryRun"),
            options: members.options
        )
    }

    private func operation(_ value: JSONValue?) throws(AdmissionReviewError) -> Operation {
        let value = try text(value, "request.operation")
        if document.equals(value, "CREATE") { return .create }
        if document.equals(value, "UPDATE") { return .update }
        if document.equals(value, "DELETE") { return .delete }
        if document.equals(value, "CONNECT") { return .connect }
        throw AdmissionReviewError("request.operation", .unknownOperation(document.string(value) ?? ""))
    }

    /// What `admission/v1` says of `object` and `oldObject`: the new one on CREATE, both on UPDATE, the old one on DELETE,
    /// at most the options on CONNECT.
    private func checkObjects(_ members: RequestMembers, _ operation: Operation) throws(AdmissionReviewError) {
        let needsObject = operation == .create || operation == .update
        if let value = members.object {
            guard operation != .delete else { throw AdmissionReviewError("request.object", .unexpected(operation)) }
            _ = try object(value, "request.object")
        } else if needsObject {
            throw AdmissionReviewError("request.object", .required(operation))
        }
        let needsOldObject = operation == .update || operation == .delete
        if let value = members.oldObject {
            guard needsOldObject else { throw AdmissionReviewError("request.oldObject", .unexpected(operation)) }
            _ = try object(value, "request.oldObject")
        } else if needsOldObject {
            throw AdmissionReviewError("request.oldObject", .required(operation))
        }
    }

    /// The last member names a kind or a resource.
    private static let kindKeys = JSONKeys(["group", "version", "kind"])
    private static let resourceKeys = JSONKeys(["group", "version", "resource"])

    private func names(
        _ value: JSONValue?,
        _ keys: JSONKeys,
        last: StaticString,
        at path: StaticString
    ) throws(AdmissionReviewError) -> GroupVersionName {
        var members = InlineArray<3, JSONValue?>(repeating: nil)
        document.find(keys, in: try object(value, path), into: members.mutableSpan)
        // The core group is an empty string, not an absent member.
        return GroupVersionName(
            group: try text(members[0], path, "group", mayBeEmpty: true),
            version: try text(members[1], path, "version"),
            name: try text(members[2], path, last)
        )
    }

    private static let userKeys = JSONKeys(["username", "uid", "groups", "extra"])

    private func userInfo(_ value: JSONValue) throws(AdmissionReviewError) -> UserInfo {
        var members = InlineArray<4, JSONValue?>(repeating: nil)
        document.find(Self.userKeys, in: value, into: members.mutableSpan)
        let (groups, extra) = (members[2], members[3])
        if let extra { _ = try object(extra, "request.userInfo.extra") }
        if let groups {
            let path: StaticString = "request.userInfo.groups"
            guard groups.isArray else { throw AdmissionReviewError(path, .notA("an array")) }
            guard document.isContainer(groups, of: .string) else {
                throw AdmissionReviewError(path, .notA("an array of strings"))
            }
        }
        return UserInfo(
            username: try optionalText(members[0], "request.userInfo.username"),
            groups: groups,
            uid: try optionalText(members[1], "request.userInfo.uid"),
            extra: extra
        )
    }

    /// A string that must be there; the path comes in parts, so that none is built in vain.
    func text(
        _ value: JSONValue?,
        _ path: StaticString,
        _ member: StaticString = "",
        mayBeEmpty: Bool = false
    ) throws(AdmissionReviewError) -> JSONValue {
        guard let value, !value.isNull else { throw AdmissionReviewError(path, member, .missing) }
        guard value.isString else { throw AdmissionReviewError(path, member, .notA("a string")) }
        guard mayBeEmpty || !value.isEmptyString else { throw AdmissionReviewError(path, member, .empty) }
        return value
    }

    /// A string that may be absent; the empty one counts as absent, as Go's `omitempty` has it.
    private func optionalText(_ value: JSONValue?, _ path: StaticString) throws(AdmissionReviewError) -> JSONValue? {
        guard let value else { return nil }
        guard value.isString else { throw AdmissionReviewError(path, .notA("a string")) }
        return value.isEmptyString ? nil : value
    }

    func object(_ value: JSONValue?, _ path: StaticString) throws(AdmissionReviewError) -> JSONValue {
        guard let value, !value.isNull else { throw AdmissionReviewError(path, .missing) }
        guard value.isObject else { throw AdmissionReviewError(path, .notA("an object")) }
        return value
    }

    private func flag(_ value: JSONValue?, _ path: StaticString) throws(AdmissionReviewError) -> Bool {
        guard let value else { return false }
        guard let flag = document.bool(value) else { throw AdmissionReviewError(path, .notA("a boolean")) }
        return flag
    }
}
