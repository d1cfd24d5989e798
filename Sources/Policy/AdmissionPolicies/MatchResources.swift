internal import JSON
internal import Kubernetes

/// Which requests an admission policy or a binding is for (`admissionregistration.k8s.io/v1.MatchResources`).
struct MatchResources: Sendable {
    /// What matches; without any, everything does (only a binding may say so).
    var rules: [ResourceRule] = []
    /// What does not match in spite of that.
    var excluded: [ResourceRule] = []
    /// Nil if every namespace is selected.
    var namespaceSelector: LabelSelector?
    /// Nil if every object is selected.
    var objectSelector: LabelSelector?
    /// Whether a rule means the versions that it names and no others.
    var isExact = false

    /// Whether a request matches.
    enum Outcome {
        case matches
        case differs
        /// Everything fits but for the namespace's labels, which are not known.
        case unknownNamespace
    }

    /// Whether a request matches; `knowsNamespace` says that the namespace's labels have been compared already.
    func match(_ subject: borrowing AdmissionSubject, knowsNamespace: Bool = false) -> Outcome {
        var outcome = Outcome.matches
        if !knowsNamespace, let namespaceSelector {
            guard let selected = subject.isSelected(by: namespaceSelector) else {
                outcome = .unknownNamespace
                return matchesRest(subject) ? outcome : .differs
            }
            if !selected { return .differs }
        }
        return matchesRest(subject) ? outcome : .differs
    }

    private func matchesRest(_ subject: borrowing AdmissionSubject) -> Bool {
        if let objectSelector, !subject.hasObject(selectedBy: objectSelector) { return false }
        for rule in excluded where rule.matches(subject, isExact: isExact) { return false }
        if rules.isEmpty { return true }
        for rule in rules where rule.matches(subject, isExact: isExact) { return true }
        return false
    }
}

/// Resources, operations and names of which each must fit (`NamedRuleWithOperations`).
struct ResourceRule: Sendable {
    /// Names of which one must be there; nil for `*`.
    typealias Names = [[UInt8]]?

    /// A resource and a sub-resource; nil for `*`, an empty sub-resource for none.
    struct Resource: Sendable {
        let name: [UInt8]?
        let subResource: [UInt8]?
    }

    /// Where an object lives.
    enum Scope: String, CaseIterable, Sendable {
        case cluster = "Cluster"
        case namespaced = "Namespaced"
        case all = "*"
    }

    var groups: Names = nil
    var versions: Names = nil
    var resources: [Resource] = []
    var operations: OperationSet = []
    var scope = Scope.all
    /// The objects' names; empty for all.
    var objectNames: [[UInt8]] = []

    func matches(_ subject: borrowing AdmissionSubject, isExact: Bool) -> Bool {
        let request = subject.request
        let document = request.document
        guard operations.contains(OperationSet(request.operation)) else { return false }
        let resource = isExact ? request.requestResource ?? request.resource : request.resource
        guard Self.contains(groups, resource.group, document) else { return false }
        // Every version of a resource holds the same object; there is no other to convert it to.
        if isExact && !Self.contains(versions, resource.version, document) { return false }
        guard matches(resource.name, request.subResource, document), fits(subject) else { return false }
        if objectNames.isEmpty { return true }
        guard let name = request.name else { return false }
        return objectNames.contains { document.equals(name, $0) }
    }

    private func matches(_ name: JSONValue, _ subResource: JSONValue?, _ document: JSONDocument) -> Bool {
        for resource in resources {
            if let wanted = resource.name, !document.equals(name, wanted) { continue }
            guard let wanted = resource.subResource else { return true }
            if let subResource {
                if document.equals(subResource, wanted) { return true }
            } else if wanted.isEmpty {
                return true
            }
        }
        return false
    }

    private func fits(_ subject: borrowing AdmissionSubject) -> Bool {
        switch scope {
        case .all: true
        case .namespaced: !subject.isClusterScoped
        case .cluster: subject.isClusterScoped
        }
    }

    private static func contains(_ names: Names, _ value: JSONValue, _ document: JSONDocument) -> Bool {
        guard let names else { return true }
        for name in names where document.equals(value, name) { return true }
        return false
    }
}

/// A request as admission policies see it: its object may be what mutations have made of the one that was sent.
struct AdmissionSubject {
    let request: AdmissionRequest
    /// Nil on DELETE.
    var object: JSONFragment?
    /// Nil on CREATE.
    let oldObject: JSONFragment?
    /// The labels of the request's namespace.
    let namespace: NamespaceLabels

    /// What is known of a namespace's labels.
    enum NamespaceLabels {
        /// The object lives in none, nor is it one: selectors of namespaces do not ask for it.
        case none
        /// An object of labels, or nothing if there are none.
        case known(JSONDocument, JSONValue?)
        /// Nothing but what every namespace has: its name under `kubernetes.io/metadata.name`.
        case nameOnly
    }

    /// Whether the request is for an object outside namespaces; a Namespace is one, though its request names it.
    var isClusterScoped: Bool {
        request.namespace == nil || isNamespace
    }

    /// Whether the request is for a Namespace itself.
    private var isNamespace: Bool {
        let document = request.document
        return document.equals(request.resource.name, "namespaces") && document.utf8(request.resource.group).isEmpty
    }

    /// Whether the namespace's labels satisfy a selector; nil if that cannot be known.
    func isSelected(by selector: LabelSelector) -> Bool? {
        switch namespace {
        case .none: true
        case .known(let document, let labels): selector.matches(document, labels: labels)
        case .nameOnly:
            selector.keys.allSatisfy { $0 == Self.nameKey } ? hasName(selectedBy: selector) : nil
        }
    }

    private func hasName(selectedBy selector: LabelSelector) -> Bool {
        let labels = JSONFragment { writer in
            writer.beginObject()
            writer.key(Self.nameKey.description)
            if let namespace = request.namespace {
                writer.copy(namespace, in: request.document)
            } else {
                writer.string("")
            }
            writer.endObject()
        }
        return selector.matches(labels.document, labels: labels.value)
    }

    /// The label that the API server gives every namespace.
    private static let nameKey = JSONKey("kubernetes.io/metadata.name")

    /// Whether the object, or the one that was there before, has labels that satisfy a selector.
    func hasObject(selectedBy selector: LabelSelector) -> Bool {
        for case let object? in [object, oldObject] {
            let labels = ObjectMeta(of: object.value, in: object.document).labels
            if selector.matches(object.document, labels: labels) { return true }
        }
        return false
    }

    /// Whether it is a Secret, no value of which may ever be shown.
    var isSecret: Bool {
        let document = request.document
        return document.equals(request.resource.name, "secrets") && document.utf8(request.resource.group).isEmpty
            || document.equals(request.kind.name, "Secret") && document.utf8(request.kind.group).isEmpty
    }
}
