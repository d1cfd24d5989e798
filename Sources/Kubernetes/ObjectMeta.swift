public import JSON

/// The metadata of an object, found in one pass: handles into its document, nothing copied.
///
/// A member that is `null` counts as absent, as the API server reads it. Types are not checked here; the typed reads of
/// `JSONDocument` answer `nil` where a member is not what it should be.
public struct ObjectMeta: BitwiseCopyable, Sendable {
    /// `metadata.name`; absent while `generateName` has not been resolved.
    public private(set) var name: JSONValue?
    /// `metadata.generateName`.
    public private(set) var generateName: JSONValue?
    /// `metadata.namespace`.
    public private(set) var namespace: JSONValue?
    /// `metadata.uid`.
    public private(set) var uid: JSONValue?
    /// `metadata.labels`.
    public private(set) var labels: JSONValue?
    /// `metadata.annotations`.
    public private(set) var annotations: JSONValue?
    /// `metadata.finalizers`.
    public private(set) var finalizers: JSONValue?
    /// `metadata.ownerReferences`.
    public private(set) var ownerReferences: JSONValue?
    /// `metadata.deletionTimestamp`; set from the moment that deletion waits for finalizers.
    public private(set) var deletionTimestamp: JSONValue?

    /// Reads the `metadata` of `object`; everything is absent if that is no object.
    public init(of object: JSONValue, in document: JSONDocument) {
        self.init(metadata: document.member("metadata", of: object), in: document)
    }

    /// Reads a `metadata` value itself.
    public init(metadata: JSONValue?, in document: JSONDocument) {
        guard let metadata else { return }
        for (key, value) in document.members(of: metadata) where !value.isNull {
            // Metadata has about a dozen members: comparing lengths first settles nearly every one at once.
            switch document.utf8(key).count {
            case 3 where document.equals(key, "uid"): uid = value
            case 4 where document.equals(key, "name"): name = value
            case 6 where document.equals(key, "labels"): labels = value
            case 9 where document.equals(key, "namespace"): namespace = value
            case 10 where document.equals(key, "finalizers"): finalizers = value
            case 11 where document.equals(key, "annotations"): annotations = value
            case 12 where document.equals(key, "generateName"): generateName = value
            case 15 where document.equals(key, "ownerReferences"): ownerReferences = value
            case 17 where document.equals(key, "deletionTimestamp"): deletionTimestamp = value
            default: break
            }
        }
    }
}
