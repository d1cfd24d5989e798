internal import JSON

/// Where the objects of a review contradict the review around them, or are no objects of Kubernetes at all.
///
/// The API server never sends such a review. Whoever does wants the decision to be made about one object and another one
/// to be stored, so the request is denied (422) whatever the policies say.
public struct RequestProblem: Hashable, Sendable {
    /// The member, from the object (`metadata.namespace`).
    public let field: String
    /// What is wrong with it.
    public let message: String

    init(_ field: StaticString, _ message: String) {
        self.field = "\(field)"
        self.message = message
    }
}

private let objectKeys = JSONKeys(["apiVersion", "kind", "metadata"])

extension AdmissionRequest {
    /// What is wrong with `object` and `oldObject`; empty for everything that an API server sends.
    public func problems() -> [RequestProblem] {
        var problems: [RequestProblem] = []
        if let object { check(object, &problems) }
        if let oldObject { check(oldObject, &problems) }
        return problems
    }

    private func check(_ object: JSONValue, _ problems: inout [RequestProblem]) {
        var members = InlineArray<3, JSONValue?>(repeating: nil)
        document.find(objectKeys, in: object, into: members.mutableSpan)
        let (apiVersion, objectKind, metadata) = (members[0], members[1], members[2])
        if !isSame(objectKind, kind.name) {
            problems.append(RequestProblem("kind", "is not the request's kind"))
        }
        if !(apiVersion.map(isRequestsVersion) ?? false) {
            problems.append(RequestProblem("apiVersion", "is not the request's group and version"))
        }
        // The options of a connection have no metadata, and a sub-resource's object need not name what it belongs to.
        guard operation != .connect else { return }
        guard let metadata, metadata.isObject else {
            problems.append(RequestProblem("metadata", "is missing or not an object"))
            return
        }
        checkMetadata(ObjectMeta(metadata: metadata, in: document), &problems)
    }

    private func checkMetadata(_ metadata: ObjectMeta, _ problems: inout [RequestProblem]) {
        if subResource == nil {
            if let name, let own = metadata.name, !isSame(own, name) {
                problems.append(RequestProblem("metadata.name", "is not the request's name"))
            }
            if let namespace, let own = metadata.namespace, !isSame(own, namespace) {
                problems.append(RequestProblem("metadata.namespace", "is not the request's namespace"))
            }
        }
        if !isMapOfStrings(metadata.labels) {
            problems.append(RequestProblem("metadata.labels", "is not an object of strings"))
        }
        if !isMapOfStrings(metadata.annotations) {
            problems.append(RequestProblem("metadata.annotations", "is not an object of strings"))
        }
    }

    private func isMapOfStrings(_ value: JSONValue?) -> Bool {
        guard let value else { return true }
        return value.isObject && document.isContainer(value, of: .string)
    }

    private func isSame(_ value: JSONValue?, _ expected: JSONValue) -> Bool {
        guard let value, value.kind == .string else { return false }
        return document.equals(value, document.utf8(expected))
    }

    /// Compares an `apiVersion` with `group/version` (the version alone in the core group), without building that.
    private func isRequestsVersion(_ value: JSONValue) -> Bool {
        guard value.kind == .string else { return false }
        let found = document.utf8(value)
        let group = document.utf8(kind.group)
        let version = document.utf8(kind.version)
        guard !group.isEmpty else { return document.equals(kind.version, found) }
        guard found.count == group.count + 1 + version.count, found[group.count] == UInt8(ascii: "/") else {
            return false
        }
        return document.equals(kind.group, found.extracting(first: group.count))
            && document.equals(kind.version, found.extracting(last: version.count))
    }
}
