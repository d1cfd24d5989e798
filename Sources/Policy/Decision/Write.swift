internal import JSON
internal import Kubernetes

/// What kind of write an UPDATE is, for the few that are not judged, or judged otherwise.
enum Write {
    /// Judged by all rules.
    case ordinary
    /// Metadata only, by a controller: passes.
    case byController
    /// Of an object that is being deleted, and only finalizers go: passes.
    case finalizerRemoval
    /// Of an object that is being deleted, whose spec would change: denied.
    case changesDying

    init(_ request: borrowing AdmissionRequest, controllers: NameTable) {
        self = .ordinary
        guard request.operation == .update, let object = request.object, let old = request.oldObject else { return }
        let document = request.document
        let isController = request.userInfo.username.map { controllers.number(of: document.utf8($0)) != nil } ?? false
        // The old object says whether it is being deleted: a user could write anything into the new one.
        let isDying = ObjectMeta(of: old, in: document).deletionTimestamp != nil
        guard isController || isDying else { return }
        guard document.hasSameContent(object, as: old) else {
            if isDying { self = .changesDying }
            return
        }
        if isController {
            self = .byController
        } else if document.losesOnlyFinalizers(object, from: old) {
            self = .finalizerRemoval
        }
    }
}

extension JSONDocument {
    /// Whether two objects are the same but for `metadata` and `status`.
    fileprivate func hasSameContent(_ object: JSONValue, as old: JSONValue) -> Bool {
        areEqual(object, old) { equals($0, "metadata") || equals($0, "status") }
    }

    /// Whether metadata are the same but for finalizers that are gone, and what the API server itself writes at each update.
    fileprivate func losesOnlyFinalizers(_ object: JSONValue, from old: JSONValue) -> Bool {
        let status = (member("status", of: object), member("status", of: old))
        switch status {
        case (nil, nil): break
        case (let new?, let old?) where isEqual(new, in: self, old, in: self): break
        default: return false
        }
        guard let new = member("metadata", of: object), let old = member("metadata", of: old) else { return false }
        let isSame = areEqual(new, old) {
            equals($0, "finalizers") || equals($0, "managedFields") || equals($0, "resourceVersion")
                || equals($0, "generation")
        }
        guard isSame else { return false }
        let before = member("finalizers", of: old)
        guard let after = member("finalizers", of: new) else { return true }
        for finalizer in elements(of: after) {
            guard let before, elements(of: before).contains(where: { equals($0, utf8(finalizer)) }) else {
                return false
            }
        }
        return true
    }

    /// Whether two objects have equal members but for those that are skipped; `null` counts as absent.
    private func areEqual(_ first: JSONValue, _ second: JSONValue, except isSkipped: (JSONValue) -> Bool) -> Bool {
        var count = 0
        for (key, value) in members(of: first) where !value.isNull && !isSkipped(key) {
            count += 1
            guard let other = member(utf8(key), of: second), isEqual(value, in: self, other, in: self) else {
                return false
            }
        }
        for (key, value) in members(of: second) where !value.isNull && !isSkipped(key) { count -= 1 }
        return count == 0
    }
}
