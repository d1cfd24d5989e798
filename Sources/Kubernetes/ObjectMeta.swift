public import JSON

/// The metadata of an object, found in one pass: handles into its document, nothing copied.
///
/// A member that is `null` counts as absent, as the API server reads it. Types are not checked here; the typed reads of
/// `JSONDocument` answer `nil` where a member is not what it should be.
public struct ObjectMeta: BitwiseCopyable, Sendable {
    /// `metadata.name`; absent while `generateName` has not been resolved.
    public let name: JSONValue?
    /// `metadata.generateName`.
    public let generateName: JSONValue?
    /// `metadata.namespace`.
    public let namespace: JSONValue?
    /// `metadata.uid`.
    public let uid: JSONValue?
    /// `metadata.labels`.
    public let labels: JSONValue?
    /// `metadata.annotations`.
    public let annotations: JSONValue?
    /// `metadata.finalizers`.
    public let finalizers: JSONValue?
    /// `metadata.ownerReferences`.
    public let ownerReferences: JSONValue?
    /// `metadata.deletionTimestamp`; set from the moment that deletion waits for finalizers.
    public let deletionTimestamp: JSONValue?

    /// Reads the `metadata` of `object`; everything is absent if that is no object.
    public init(of object: JSONValue, in document: JSONDocument) {
        self.init(metadata: document.member("metadata", of: object), in: document)
    }

    /// In the order of the alphabet, as the API server writes them; of the others the most frequent are named as well, so
    /// that none is looked for in vain.
    private static let keys = JSONKeys([
        "annotations", "creationTimestamp", "deletionTimestamp", "finalizers", "generateName", "generation", "labels",
        "managedFields", "name", "namespace", "ownerReferences", "resourceVersion", "uid",
    ])

    /// Reads a `metadata` value itself.
    public init(metadata: JSONValue?, in document: JSONDocument) {
        var members = InlineArray<13, JSONValue?>(repeating: nil)
        if let metadata { document.find(Self.keys, in: metadata, into: members.mutableSpan) }
        annotations = members[0]
        deletionTimestamp = members[2]
        finalizers = members[3]
        generateName = members[4]
        labels = members[6]
        name = members[8]
        namespace = members[9]
        ownerReferences = members[10]
        uid = members[12]
    }
}
