internal import JSON
internal import Kubernetes

/// A policy together with one of its bindings: what is asked whether it is for a request.
struct AdmissionHook: Sendable {
    let policy: AdmissionPolicy
    let binding: AdmissionBinding
}

/// Which hooks may be for a request, by group, resource, operation and namespace.
///
/// Asking costs a few words for every 64 hooks and allocates nothing; those that are left are compared exactly.
final class AdmissionHooks: Sendable {
    /// In the order of policies' and bindings' names, so that the order of files does not matter.
    let hooks: [AdmissionHook]

    private let groups: PatternIndex
    private let resources: PatternIndex
    private let operations: [UInt64]
    private let wordCount: Int
    /// For each namespace with known labels, the hooks that its labels satisfy.
    private let satisfied: [UInt64]

    /// - Parameters:
    ///   - hooks: In their order.
    ///   - namespaces: Those whose labels are known.
    init(_ hooks: [AdmissionHook], namespaces: [PolicyIndex.Namespace]) {
        self.hooks = hooks
        groups = PatternIndex(hooks.map { Self.entry($0) { $0.groups } }, names: [[]])
        resources = PatternIndex(
            hooks.map { hook in
                Self.entry(hook) { rule in
                    rule.resources.contains { $0.name == nil } ? nil : rule.resources.compactMap(\.name)
                }
            },
            names: []
        )
        let wordCount = groups.wordCount
        self.wordCount = wordCount
        var operations = [UInt64](repeating: 0, count: wordCount * 4)
        var satisfied = [UInt64](repeating: 0, count: wordCount * namespaces.count)
        for (bit, hook) in hooks.enumerated() {
            let wanted = hook.policy.constraints.rules.reduce(into: OperationSet()) { $0.formUnion($1.operations) }
            for operation in 0..<4 where wanted.rawValue & 1 << UInt8(operation) != 0 {
                operations.insert(operation * wordCount * 64 + bit)
            }
            let selectors = [hook.policy.constraints.namespaceSelector, hook.binding.resources?.namespaceSelector]
            for (number, namespace) in namespaces.enumerated() {
                let isSelected = selectors.allSatisfy {
                    $0?.matches(namespace.document, labels: namespace.labels) ?? true
                }
                if isSelected { satisfied.insert(number * wordCount * 64 + bit) }
            }
        }
        self.operations = operations
        self.satisfied = satisfied
    }

    /// What the rules of a policy name; a rule of `*` stands for every name.
    private static func entry(_ hook: AdmissionHook, _ names: (ResourceRule) -> [[UInt8]]?) -> PatternIndex.Entry {
        var globs: [Glob] = []
        for rule in hook.policy.constraints.rules {
            guard let names = names(rule) else { return PatternIndex.Entry() }
            globs += names.map { Glob(String(decoding: $0, as: UTF8.self)) }
        }
        return PatternIndex.Entry(included: globs)
    }

    /// A request's place in the index.
    struct Position {
        fileprivate let group: PatternIndex.Match
        fileprivate let resource: PatternIndex.Match
        fileprivate let operation: Int
        /// The number of the namespace among those with known labels, if selectors ask for it.
        fileprivate let namespace: Int?
        /// Whether the review spells the resource in two ways, one of which the index would miss.
        fileprivate let isAnywhere: Bool
    }

    /// Looks a request up; `namespace` is the number of one with known labels.
    func position(of request: AdmissionRequest, namespace: Int?) -> Position {
        let document = request.document
        let operation =
            switch request.operation {
            case .create: 0
            case .update: 1
            case .delete: 2
            case .connect: 3
            }
        var isAnywhere = false
        if let sent = request.requestResource {
            isAnywhere =
                !document.equals(sent.group, document.utf8(request.resource.group))
                || !document.equals(sent.name, document.utf8(request.resource.name))
        }
        return Position(
            group: groups.match(document.utf8(request.resource.group)),
            resource: resources.match(document.utf8(request.resource.name)),
            operation: operation &* wordCount,
            namespace: namespace,
            isAnywhere: isAnywhere
        )
    }

    /// The next hook that may match, from a place on; nil if there is none.
    func next(from place: Int, at position: Position) -> Int? {
        var word = place / 64
        guard word < wordCount, place < hooks.count else { return nil }
        var bits = bits(word, at: position) & ~0 << UInt64(place % 64)
        while bits == 0 {
            word += 1
            guard word < wordCount else { return nil }
            bits = self.bits(word, at: position)
        }
        return word &* 64 &+ bits.trailingZeroBitCount
    }

    private func bits(_ word: Int, at position: Position) -> UInt64 {
        var bits = operations[position.operation &+ word]
        if bits == 0 { return 0 }
        if !position.isAnywhere {
            bits &= groups.word(word, of: position.group) & resources.word(word, of: position.resource)
        }
        if let namespace = position.namespace { bits &= satisfied[namespace &* wordCount &+ word] }
        return bits
    }
}

/// All admission policies of a folder with their bindings.
final class AdmissionPolicies: Sendable {
    let validating: AdmissionHooks
    let mutating: AdmissionHooks
    /// How many policies of each kind there are, bound or not.
    let policyCounts: [AdmissionPolicyKind: Int]
    /// The policies without a binding, which do nothing, sorted by name.
    let unbound: [(kind: AdmissionPolicyKind, name: String)]
    private let names: NameTable
    private let labels: [JSONFragment]

    init(
        validating: [AdmissionHook],
        mutating: [AdmissionHook],
        policyCounts: [AdmissionPolicyKind: Int],
        unbound: [(kind: AdmissionPolicyKind, name: String)],
        namespaces: [PolicyIndex.Namespace]
    ) {
        self.unbound = unbound
        self.validating = AdmissionHooks(validating, namespaces: namespaces)
        self.mutating = AdmissionHooks(mutating, namespaces: namespaces)
        self.policyCounts = policyCounts
        names = NameTable(namespaces.map { Array($0.name.utf8) })
        labels = namespaces.map { JSONFragment($0.document, $0.labels ?? $0.document.root) }
    }

    /// Whether hooks may be for a request, as far as the index can tell.
    func mayConcern(_ hooks: AdmissionHooks, _ request: AdmissionRequest) -> Bool {
        if hooks.hooks.isEmpty { return false }
        let position = hooks.position(of: request, namespace: namespace(of: request))
        return hooks.next(from: 0, at: position) != nil && !Self.isExempt(request)
    }

    /// The number of a request's namespace, if its labels are known and are what selectors ask for.
    func namespace(of request: AdmissionRequest) -> Int? {
        guard let namespace = request.namespace, !Self.bringsLabels(request) else { return nil }
        return names.number(of: request.document.utf8(namespace))
    }

    /// Whether the request is about a Namespace and says itself what labels that is to have.
    private static func bringsLabels(_ request: AdmissionRequest) -> Bool {
        request.document.equals(request.resource.name, "namespaces") && request.subResource == nil
            && (request.operation == .create || request.operation == .update)
    }

    /// What selectors of namespaces are compared with.
    func labels(of request: AdmissionRequest, object: JSONFragment?) -> AdmissionSubject.NamespaceLabels {
        if Self.bringsLabels(request), let object {
            return .known(object.document, ObjectMeta(of: object.value, in: object.document).labels)
        }
        guard let namespace = request.namespace else { return .none }
        if let number = names.number(of: request.document.utf8(namespace)) {
            return .known(labels[number].document, labels[number].value)
        }
        return .nameOnly
    }

    /// Whether a request is about admission itself, which no admission policy may judge: nobody could mend it then.
    static func isExempt(_ request: AdmissionRequest) -> Bool {
        let document = request.document
        guard document.equals(request.kind.group, "admissionregistration.k8s.io") else { return false }
        return exempt.contains { document.equals(request.kind.name, $0) }
    }

    private static let exempt: [StaticString] = [
        "ValidatingWebhookConfiguration", "MutatingWebhookConfiguration", "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding", "MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding",
    ]
}
