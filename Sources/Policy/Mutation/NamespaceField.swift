internal import JSON
internal import Kubernetes

/// A label or annotation of a request's namespace, from which resources take something over.
struct NamespaceField: Hashable, Sendable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case label
        case annotation
    }

    let kind: Kind
    let name: String

    /// `label cost-center of the namespace`.
    var description: String { "\(kind.rawValue) \(name) of the namespace" }

    /// What a namespace says.
    enum Value {
        case known(String)
        /// The namespace has no such label, or the object no namespace.
        case absent
        /// There is no manifest of the namespace.
        case unknown
    }

    func value(in namespace: NamespaceObjects.Object) -> Value {
        switch namespace {
        case .none: return .absent
        case .unknown: return .unknown
        case .known(let document):
            let metadata = ObjectMeta(of: document.root, in: document)
            let map = kind == .label ? metadata.labels : metadata.annotations
            guard let map, let text = document.present(name, of: map).flatMap({ document.string($0) }), !text.isEmpty
            else { return .absent }
            return .known(text)
        }
    }

    init(kind: Kind, name: String) {
        self.kind = kind
        self.name = name
    }

    /// Reads `fromNamespaceLabel` or `fromNamespaceAnnotation`; nil if neither is there.
    init?(_ fields: Fields) {
        if let name = fields["fromNamespaceLabel"]?.string() {
            if fields["fromNamespaceAnnotation"] != nil {
                fields.node.error("names a label and an annotation", mend: "keep one")
            }
            self.init(kind: .label, name: name)
        } else if let name = fields["fromNamespaceAnnotation"]?.string() {
            self.init(kind: .annotation, name: name)
        } else {
            return nil
        }
    }
}

extension Node {
    /// Reads tags that come from the namespace: a list of labels that are called like their tags, or an object of tags with
    /// where each comes from.
    func inheritance() -> [(name: String, node: Node, source: NamespaceField)] {
        if value.isArray {
            return elements().compactMap { entry in
                entry.string().map { ($0, entry, NamespaceField(kind: .label, name: $0)) }
            }
        }
        return entries().compactMap { name, entry in
            guard let fields = entry.fields(["fromNamespaceLabel", "fromNamespaceAnnotation"]) else { return nil }
            guard let source = NamespaceField(fields) else {
                if entry.document.count(of: entry.value) == 0 {
                    entry.error("says nothing", mend: "add fromNamespaceLabel or fromNamespaceAnnotation")
                }
                return nil
            }
            return (name, entry, source)
        }
    }
}
