public import JSON

/// The envelope of a request from the API server (`admission.k8s.io/v1`).
///
/// Decoding is strict about what decisions depend on and blind to everything else: members that it does not know are
/// left alone, because a newer API server may add some.
public enum AdmissionReview {
    /// Reads the request out of a review.
    ///
    /// - Throws: What is missing or of the wrong type, by its path. `object` and `oldObject` must be there, or not, as the
    ///   operation demands.
    public static func decode(_ document: JSONDocument) throws(AdmissionReviewError) -> AdmissionRequest {
        let root = document.root
        guard root.kind == .object else { throw AdmissionReviewError("body", .notA("an object")) }
        var apiVersion: JSONValue?
        var kind: JSONValue?
        var request: JSONValue?
        for (key, value) in document.members(of: root) {
            switch document.utf8(key).count {
            case 4 where document.equals(key, "kind"): kind = value
            case 7 where document.equals(key, "request"): request = value
            case 10 where document.equals(key, "apiVersion"): apiVersion = value
            default: break
            }
        }
        let reader = Reader(document: document)
        let foundKind = try reader.text(kind, "kind")
        guard document.equals(foundKind, "AdmissionReview") else {
            throw AdmissionReviewError("kind", .notAReview(document.string(foundKind) ?? ""))
        }
        let foundVersion = try reader.text(apiVersion, "apiVersion")
        guard document.equals(foundVersion, "admission.k8s.io/v1") else {
            throw AdmissionReviewError("apiVersion", .unsupportedVersion(document.string(foundVersion) ?? ""))
        }
        return try reader.request(try reader.object(request, "request"))
    }
}

// Members are told apart by the length of their keys first: nearly every length belongs to one name or two.

/// The members of `request` that are not `null`, found in one pass.
private struct RequestMembers {
    var uid: JSONValue?
    var kind: JSONValue?
    var resource: JSONValue?
    var subResource: JSONValue?
    var requestKind: JSONValue?
    var name: JSONValue?
    var namespace: JSONValue?
    var operation: JSONValue?
    var userInfo: JSONValue?
    var object: JSONValue?
    var oldObject: JSONValue?
    var dryRun: JSONValue?
    var options: JSONValue?

    init(of request: JSONValue, in document: JSONDocument) {
        for (key, value) in document.members(of: request) where !value.isNull {
            switch document.utf8(key).count {
            case 3 where document.equals(key, "uid"): uid = value
            case 4 where document.equals(key, "kind"): kind = value
            case 4 where document.equals(key, "name"): name = value
            case 6 where document.equals(key, "object"): object = value
            case 6 where document.equals(key, "dryRun"): dryRun = value
            case 7 where document.equals(key, "options"): options = value
            case 8 where document.equals(key, "resource"): resource = value
            case 8 where document.equals(key, "userInfo"): userInfo = value
            case 9 where document.equals(key, "namespace"): namespace = value
            case 9 where document.equals(key, "operation"): operation = value
            case 9 where document.equals(key, "oldObject"): oldObject = value
            case 11 where document.equals(key, "subResource"): subResource = value
            case 11 where document.equals(key, "requestKind"): requestKind = value
            default: break
            }
        }
    }
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
            requestKind = try names(value, last: "kind", at: "request.requestKind")
        }
        if let value = members.options {
            _ = try object(value, "request.options")
        }
        return AdmissionRequest(
            document: document,
            uid: try text(members.uid, "request.uid"),
            kind: try names(members.kind, last: "kind", at: "request.kind"),
            resource: try names(members.resource, last: "resource", at: "request.resource"),
            requestKind: requestKind,
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

    private func names(
        _ value: JSONValue?,
        last: StaticString,
        at path: StaticString
    ) throws(AdmissionReviewError) -> GroupVersionName {
        var group: JSONValue?
        var version: JSONValue?
        var name: JSONValue?
        for (key, member) in document.members(of: try object(value, path)) {
            switch document.utf8(key).count {
            case 5 where document.equals(key, "group"): group = member
            case 7 where document.equals(key, "version"): version = member
            case last.utf8CodeUnitCount where document.equals(key, last): name = member
            default: break
            }
        }
        // The core group is an empty string, not an absent member.
        return GroupVersionName(
            group: try text(group, path, "group", mayBeEmpty: true),
            version: try text(version, path, "version"),
            name: try text(name, path, last)
        )
    }

    private func userInfo(_ value: JSONValue) throws(AdmissionReviewError) -> UserInfo {
        var username: JSONValue?
        var groups: JSONValue?
        var uid: JSONValue?
        var extra: JSONValue?
        for (key, member) in document.members(of: value) where !member.isNull {
            switch document.utf8(key).count {
            case 3 where document.equals(key, "uid"): uid = member
            case 5 where document.equals(key, "extra"): extra = try object(member, "request.userInfo.extra")
            case 6 where document.equals(key, "groups"): groups = member
            case 8 where document.equals(key, "username"): username = member
            default: break
            }
        }
        if let groups {
            let path: StaticString = "request.userInfo.groups"
            guard groups.kind == .array else { throw AdmissionReviewError(path, .notA("an array")) }
            for group in document.elements(of: groups) where group.kind != .string {
                throw AdmissionReviewError(path, .notA("an array of strings"))
            }
        }
        return UserInfo(
            username: try optionalText(username, "request.userInfo.username"),
            groups: groups,
            uid: try optionalText(uid, "request.userInfo.uid"),
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
        guard value.kind == .string else { throw AdmissionReviewError(path, member, .notA("a string")) }
        guard mayBeEmpty || !document.utf8(value).isEmpty else { throw AdmissionReviewError(path, member, .empty) }
        return value
    }

    /// A string that may be absent; the empty one counts as absent, as Go's `omitempty` has it.
    private func optionalText(_ value: JSONValue?, _ path: StaticString) throws(AdmissionReviewError) -> JSONValue? {
        guard let value else { return nil }
        guard value.kind == .string else { throw AdmissionReviewError(path, .notA("a string")) }
        return document.utf8(value).isEmpty ? nil : value
    }

    func object(_ value: JSONValue?, _ path: StaticString) throws(AdmissionReviewError) -> JSONValue {
        guard let value, !value.isNull else { throw AdmissionReviewError(path, .missing) }
        guard value.kind == .object else { throw AdmissionReviewError(path, .notA("an object")) }
        return value
    }

    private func flag(_ value: JSONValue?, _ path: StaticString) throws(AdmissionReviewError) -> Bool {
        guard let value else { return false }
        guard let flag = document.bool(value) else { throw AdmissionReviewError(path, .notA("a boolean")) }
        return flag
    }
}
