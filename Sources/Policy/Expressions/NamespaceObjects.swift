internal import JSON
internal import Kubernetes

/// The Namespace manifests of the folder, as expressions see them.
struct NamespaceObjects: Sendable {
    /// What is known of the namespace of a request.
    enum Object {
        /// The request's object lives in none.
        case none
        case known(JSONDocument)
        /// The folder has no manifest of it.
        case unknown
    }

    private let names: NameTable
    private let objects: [JSONDocument]

    init(_ namespaces: [PolicyIndex.Namespace]) {
        names = NameTable(namespaces.map { Array($0.name.utf8) })
        objects = namespaces.map(\.object)
    }

    func object(of request: AdmissionRequest) -> Object {
        guard let namespace = request.namespace else { return .none }
        let name = request.document.utf8(namespace)
        if name.isEmpty { return .none }
        return object(named: name).map { .known($0) } ?? .unknown
    }

    /// The namespace of a name; nil if the folder has no manifest of it.
    func object(named name: Span<UInt8>) -> JSONDocument? {
        names.number(of: name).map { objects[$0] }
    }

    /// What Kubernetes shows of a namespace: metadata without managedFields and ownerReferences, spec, status.
    ///
    /// - Parameters:
    ///   - manifest: The manifest.
    ///   - labels: Its labels with the one that the API server adds.
    /// - Returns: A document of its own.
    static func object(_ manifest: JSONFragment, labels: JSONFragment) -> JSONDocument {
        let document = manifest.document
        return JSONFragment { writer in
            writer.beginObject()
            writer.key("metadata")
            writer.beginObject()
            if let metadata = document.member("metadata", of: manifest.value) {
                for (key, value) in document.members(of: metadata) where !value.isNull {
                    if hidden.contains(where: { document.equals(key, $0) }) { continue }
                    writer.key(document.utf8(key))
                    writer.copy(value, in: document)
                }
            }
            writer.key("labels")
            writer.copy(labels)
            writer.endObject()
            for name in ["spec", "status"] {
                writer.key(name)
                if let value = document.member(name, of: manifest.value), !value.isNull {
                    writer.copy(value, in: document)
                } else {
                    writer.beginObject()
                    writer.endObject()
                }
            }
            writer.endObject()
        }.document
    }

    private static let hidden: [StaticString] = ["managedFields", "ownerReferences", "labels"]
}
