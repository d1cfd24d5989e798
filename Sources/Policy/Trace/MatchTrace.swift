internal import Azure
internal import JSON
internal import Kubernetes

/// What of a request policies' matches are about, in words.
struct RequestWords {
    let operation: String
    /// `group/Kind`.
    let kind: String
    /// Nil if the object lives in none.
    let namespace: String?
    let name: String
    let user: String
    let groups: String

    init(_ request: borrowing AdmissionRequest) {
        let document = request.document
        func text(_ value: JSONValue?) -> String {
            (value.flatMap { document.string($0) } ?? "").singleLine.shortened(to: 256)
        }
        operation = request.operation.rawValue
        let group = text(request.kind.group)
        kind = (group.isEmpty ? "" : "\(group)/") + text(request.kind.name)
        let space = text(request.namespace)
        namespace = space.isEmpty ? nil : space
        name = text(request.name)
        user = text(request.userInfo.username)
        groups = (request.userInfo.groups.map { document.elements(of: $0).map { text($0) } } ?? [])
            .prefix(16).joined(separator: ", ")
    }

    var shownNamespace: String { Self.namespace(namespace ?? "") }
    var shownOperation: String { "the request is \(operation)" }
    var shownKind: String { "the object is \(kind)" }
    var shownUser: String { "the user is \(user)" + (groups.isEmpty ? "" : " of groups \(groups)") }

    /// What policies that ask for a namespace find.
    static func namespace(_ name: String) -> String {
        name.isEmpty ? "the object is in no namespace" : "the namespace is \(name)"
    }
}

// MARK: Our own policies

extension RequestEvaluation {
    /// Tells of every policy of the set whether it is for the request, as far as that is known before anything is evaluated.
    @inline(never)
    func tell(_ request: AdmissionRequest, _ trace: DecisionTrace) {
        trace.begin(request)
        let words = RequestWords(request)
        var place = 0
        while place < set.policies.count {
            // The parts of one policy stand beside each other; one at most is for the request's operation.
            var end = place + 1
            while end < set.policies.count, set.policies[end].isPart(of: set.policies[place]) { end += 1 }
            tell(place..<end, request, words, trace)
            place = end
        }
        tellBindings(request, words, trace)
        if let exceptions = set.exceptions {
            let subject = subject(request.subject, in: request.document, request)
            trace.exceptions = exceptions.tell(of: subject, request, at: now)
        }
        set.admissionPolicies?.tell(request, trace)
    }

    private func tell(
        _ parts: Range<Int>,
        _ request: AdmissionRequest,
        _ words: RequestWords,
        _ trace: DecisionTrace
    ) {
        func bit(_ place: Int) -> Int {
            set.policies[place].namespace == nil ? place : place + set.namespaceTier.padding
        }
        let operation = OperationSet(request.operation)
        let place = parts.first { set.index.entries[bit($0)].operations.contains(operation) } ?? parts.lowerBound
        let policy = set.policies[place]
        var aspects = set.index.aspects(bit(place), at: position, words)
        if parts.count > 1, let at = aspects.firstIndex(where: { $0.field == "operations" }), aspects[at].fits == false
        {
            let all = parts.reduce(into: OperationSet()) { $0.formUnion(set.index.entries[bit($1)].operations) }
            aspects[at] = PolicyTrace.Aspect("operations", all.list, found: words.shownOperation, fits: false)
        }
        aspects += policy.match.aspects(self, request, words)
        let match: PolicyTrace.Match =
            aspects.contains { $0.fits == false } ? .differs : aspects.contains { $0.fits == nil } ? .unknown : .matches
        let origin = policy.origin("")
        var others: [Rule] = []
        for rule in parts.flatMap({ set.policies[$0].rules }) where !rule.operations.contains(operation) {
            if !others.contains(where: { $0 === rule }) { others.append(rule) }
        }
        trace.tell(
            PolicyTrace(
                source: origin.source,
                document: origin.document,
                binding: nil,
                match: match,
                aspects: aspects,
                failurePolicy: policy.failurePolicy
            ),
            rules: policy.rules,
            others: others.map { rule in
                let why = "it is asked on \(rule.operations.list), and \(words.shownOperation)"
                return RuleTrace(rule, .notReached(why))
            }
        )
    }

    // MARK: Bindings

    private func tellBindings(_ request: AdmissionRequest, _ words: RequestWords, _ trace: DecisionTrace) {
        let governed = governed(request)
        let namespace = governed?.namespace ?? request.namespace
        let name = request.document.text(of: namespace)
        let shown = namespace.flatMap { request.document.string($0) } ?? ""
        for (place, binding) in set.bindings.enumerated() {
            let entry = set.bindingIndex.entries[place]
            var aspects: [PolicyTrace.Aspect] = []
            if governed == nil {
                aspects.append(
                    PolicyTrace.Aspect(
                        "subject",
                        "resources of Azure, Secrets with credentials, Namespaces with a reconcile-policy",
                        found: "the request is \(words.operation) of \(words.kind)",
                        fits: false
                    )
                )
            }
            aspects += entry.namespaces.aspect(
                "namespaces",
                found: RequestWords.namespace(shown),
                shown,
                fits: set.bindingIndex.names(place, name)
            )
            if let selector = entry.selector {
                let labels = set.bindingIndex.labels(of: name)
                aspects.append(selector.aspect("namespaceSelector", shown, labels?.document, labels?.labels))
            }
            trace.tell(
                PolicyTrace(
                    source: .binding,
                    document: binding.name,
                    binding: nil,
                    match: aspects.contains { $0.fits == false }
                        ? .differs : aspects.contains { $0.fits == nil } ? .unknown : .matches,
                    aspects: aspects,
                    failurePolicy: .fail
                )
            )
        }
    }

    /// Tells what came of asking who answers for an identity.
    func tell(_ governor: BindingCheck.Governor, _ failures: Range<Int>, _ trace: DecisionTrace) {
        if case .binding = governor {
        } else {
            trace.tell(
                PolicyTrace(
                    source: .binding,
                    document: governor.name,
                    binding: nil,
                    match: .matches,
                    aspects: [],
                    failurePolicy: .fail
                )
            )
        }
        var told = RuleTrace(
            name: "",
            field: "identity",
            parameter: nil,
            effect: .deny,
            verdict: failures.isEmpty ? .passed : .failed
        )
        told.failures = Array(failures)
        trace.tell(told, of: governor.name)
    }
}

extension PolicySet.Policy {
    fileprivate func isPart(of other: PolicySet.Policy) -> Bool { name == other.name && namespace == other.namespace }
}

// MARK: Words

extension PolicyIndex {
    /// What a policy asks of operation, kind and namespace, and what the request has.
    func aspects(_ bit: Int, at position: Position, _ words: RequestWords) -> [PolicyTrace.Aspect] {
        let entry = entries[bit]
        let bits = bits(bit, at: position)
        // The kind first: what is for other kinds is hardly what somebody wonders about.
        var aspects = entry.resources.aspect("resources", found: words.shownKind, words.kind, fits: bits.kind)
        aspects.append(
            PolicyTrace.Aspect("operations", entry.operations.list, found: words.shownOperation, fits: bits.operation)
        )
        aspects += entry.namespaces.aspect(
            "namespaces",
            found: words.shownNamespace,
            words.namespace ?? "",
            fits: bits.namespace
        )
        if let selector = entry.namespaceSelector {
            let namespace = bits.labels.map { known[$0] }
            let told = selector.aspect(
                "namespaceSelector",
                words.namespace ?? "",
                namespace?.document,
                namespace?.labels
            )
            aspects.append(PolicyTrace.Aspect(told.field, told.wanted, found: told.found, fits: bits.selector))
        }
        return aspects
    }
}

extension PatternIndex.Entry {
    /// What is asked of a name; nothing if nothing is.
    func aspect(_ field: String, found: String, _ name: String, fits: Bool) -> [PolicyTrace.Aspect] {
        if included == nil && excluded.isEmpty && fits { return [] }
        let isExcluded = excluded.contains { $0.matches(name) }
        let wanted = (included?.list ?? "any") + (excluded.isEmpty ? "" : " but not \(excluded.list)")
        return [
            PolicyTrace.Aspect(field, wanted, found: isExcluded ? "\(found), which is excluded" : found, fits: fits)
        ]
    }
}

extension PolicyMatch {
    /// What is asked of the user and of the object's labels.
    fileprivate func aspects(
        _ evaluation: borrowing RequestEvaluation,
        _ request: AdmissionRequest,
        _ words: RequestWords
    ) -> [PolicyTrace.Aspect] {
        var aspects: [PolicyTrace.Aspect] = []
        let asked = [
            users.map { "users \($0.list)" }, groups.map { "groups \($0.list)" },
            excludedUsers.isEmpty ? nil : "not users \(excludedUsers.list)",
            excludedGroups.isEmpty ? nil : "not groups \(excludedGroups.list)",
        ].compactMap { $0 }
        if !asked.isEmpty {
            aspects.append(
                PolicyTrace.Aspect(
                    "users",
                    asked.joined(separator: "; "),
                    found: words.shownUser,
                    fits: matches(request.userInfo, in: request.document)
                )
            )
        }
        if let selector = objectSelector {
            let object = request.subject
            aspects.append(
                PolicyTrace.Aspect(
                    "objectSelector",
                    selector.description,
                    found: selector.found(
                        "the object",
                        request.document,
                        object.flatMap { ObjectMeta(of: $0, in: request.document).labels }
                    ),
                    fits: evaluation.matches(selector, request)
                )
            )
        }
        return aspects
    }
}

extension LabelSelector {
    /// What labels have of what it asks for, the first that does not fit before all others: `team-x has no label tier`.
    func found(_ whose: String, _ document: JSONDocument, _ labels: JSONValue?) -> String {
        let findings = findings(document, labels: labels)
        let bad = findings.filter { !$0.holds }
        let told = bad.isEmpty ? findings : bad
        if told.isEmpty { return "\(whose), whatever its labels" }
        return "\(whose) has "
            + told.map { finding in
                finding.value.map { "\(finding.key)=\($0.singleLine.shortened(to: 128))" } ?? "no label \(finding.key)"
            }.joined(separator: ", ")
    }

    /// What is asked of a namespace's labels, nil of which are known if there is no document.
    func aspect(
        _ field: String,
        _ namespace: String,
        _ document: JSONDocument?,
        _ labels: JSONValue?
    ) -> PolicyTrace.Aspect {
        guard !namespace.isEmpty else {
            return PolicyTrace.Aspect(field, description, found: RequestWords.namespace(""), fits: false)
        }
        guard let document else {
            return PolicyTrace.Aspect(
                field,
                description,
                found: "the labels of namespace \(namespace) are not known; add its Namespace manifest to the policies",
                fits: nil
            )
        }
        return PolicyTrace.Aspect(
            field,
            description,
            found: found("namespace \(namespace)", document, labels),
            fits: matches(document, labels: labels)
        )
    }
}

extension OperationSet {
    /// `CREATE, UPDATE`.
    var list: String {
        let words: [(OperationSet, Operation)] = [
            (.create, .create), (.update, .update), (.delete, .delete), (.connect, .connect),
        ]
        return words.filter { contains($0.0) }.map(\.1.rawValue).joined(separator: ", ")
    }
}

extension [Glob] {
    /// The patterns, as many as people read.
    var list: String {
        prefix(16).map(\.description).joined(separator: ", ") + (count > 16 ? " and \(count - 16) more" : "")
    }
}
