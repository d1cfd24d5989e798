internal import JSON
internal import Kubernetes

// MARK: Matching

extension AdmissionPolicies {
    /// Tells of every policy and binding whether they are for the request, as it came.
    func tell(_ request: AdmissionRequest, _ trace: DecisionTrace) {
        let object = request.object.map { JSONFragment(request.document, $0) }
        let subject = AdmissionSubject(
            request: request,
            object: object,
            oldObject: request.oldObject.map { JSONFragment(request.document, $0) },
            namespace: labels(of: request, object: object)
        )
        for hooks in [mutating, validating] { tell(hooks, subject, trace) }
        for (kind, name) in unbound {
            trace.tell(
                PolicyTrace(
                    source: kind == .validating ? .validatingAdmissionPolicy : .mutatingAdmissionPolicy,
                    document: "\(kind.rawValue)/\(name)",
                    binding: nil,
                    match: .differs,
                    aspects: [
                        PolicyTrace.Aspect("binding", "a \(kind.bindingKind)", found: "none names it", fits: false)
                    ],
                    failurePolicy: .fail
                )
            )
        }
    }

    /// Tells of hooks whether they are for a subject.
    func tell(_ hooks: AdmissionHooks, _ subject: AdmissionSubject, _ trace: DecisionTrace) {
        let words = RequestWords(subject.request)
        for hook in hooks.hooks {
            var aspects: [PolicyTrace.Aspect] = []
            if Self.isExempt(subject.request) {
                aspects.append(
                    PolicyTrace.Aspect(
                        "matchConstraints",
                        "anything but admission itself",
                        found: words.shownKind,
                        fits: false
                    )
                )
            } else if hook.policy.kind == .mutating, subject.object == nil {
                aspects.append(
                    PolicyTrace.Aspect("operations", "CREATE, UPDATE", found: words.shownOperation, fits: false)
                )
            }
            aspects += hook.policy.constraints.aspects(subject, words, "matchConstraints")
            aspects += hook.binding.resources?.aspects(subject, words, "matchResources") ?? []
            trace.tell(
                PolicyTrace(
                    source: hook.policy.kind == .validating ? .validatingAdmissionPolicy : .mutatingAdmissionPolicy,
                    document: hook.traced,
                    binding: hook.binding.name,
                    match: aspects.contains { $0.fits == false }
                        ? .differs : aspects.contains { $0.fits == nil } ? .unknown : .matches,
                    aspects: aspects,
                    failurePolicy: hook.policy.failurePolicy
                )
            )
        }
    }
}

extension MatchResources {
    /// What is asked, as `match` asks it, and what the request has.
    fileprivate func aspects(
        _ subject: borrowing AdmissionSubject,
        _ words: RequestWords,
        _ field: String
    ) -> [PolicyTrace.Aspect] {
        var aspects: [PolicyTrace.Aspect] = []
        let resource = subject.request.words
        let rules = self.rules.map { ($0.description, $0.matches(subject, isExact: isExact)) }
        if !rules.isEmpty {
            aspects.append(
                PolicyTrace.Aspect(
                    "\(field).resourceRules",
                    (rules.first { $0.1 }).map(\.0) ?? rules.map(\.0).joined(separator: "; "),
                    found: "the request is \(words.operation) \(resource)",
                    fits: rules.contains { $0.1 }
                )
            )
        }
        for rule in excluded {
            let isExcluded = rule.matches(subject, isExact: isExact)
            aspects.append(
                PolicyTrace.Aspect(
                    "\(field).excludeResourceRules",
                    "not \(rule.description)",
                    found: "the request is \(words.operation) \(resource)",
                    fits: !isExcluded
                )
            )
        }
        if let namespaceSelector {
            let fits = subject.isSelected(by: namespaceSelector)
            let found: String =
                switch subject.namespace {
                case .none: words.shownNamespace
                case .known(let document, let labels):
                    namespaceSelector.found("namespace \(words.namespace ?? "")", document, labels)
                case .nameOnly:
                    fits == nil
                        ? "the labels of namespace \(words.namespace ?? "") are not known; add its Namespace manifest to the policies"
                        : words.shownNamespace
                }
            aspects.append(
                PolicyTrace.Aspect(
                    "\(field).namespaceSelector",
                    namespaceSelector.description,
                    found: found,
                    fits: fits
                )
            )
        }
        if let objectSelector {
            let object = subject.object ?? subject.oldObject
            let found = object.map { object in
                let labels = ObjectMeta(of: object.value, in: object.document).labels
                return objectSelector.found("the object", object.document, labels)
            }
            aspects.append(
                PolicyTrace.Aspect(
                    "\(field).objectSelector",
                    objectSelector.description,
                    found: found ?? "no object",
                    fits: subject.hasObject(selectedBy: objectSelector)
                )
            )
        }
        return aspects
    }
}

extension AdmissionRequest {
    /// `storage.azure.com/v1api20230101 storageaccounts`.
    fileprivate var words: String {
        func text(_ value: JSONValue?) -> String {
            (value.flatMap { document.string($0) } ?? "").singleLine.shortened(to: 256)
        }
        let group = text(resource.group)
        let part = subResource.map { "/\(text($0))" } ?? ""
        return "\(group.isEmpty ? "" : "\(group)/")\(text(resource.version)) \(text(resource.name))\(part)"
    }
}

extension ResourceRule: CustomStringConvertible {
    /// `CREATE, UPDATE storage.azure.com/* storageaccounts`.
    var description: String {
        func list(_ names: Names) -> String {
            names.map { $0.map { $0.isEmpty ? "core" : String(decoding: $0, as: UTF8.self) }.joined(separator: ",") }
                ?? "*"
        }
        let resources = resources.map { resource in
            let part = resource.subResource.map { String(decoding: $0, as: UTF8.self) } ?? "*"
            let name = resource.name.map { String(decoding: $0, as: UTF8.self) } ?? "*"
            return part.isEmpty ? name : "\(name)/\(part)"
        }
        let names = objectNames.isEmpty ? "" : " named \(list(objectNames))"
        let scope = scope == .all ? "" : " of scope \(scope.rawValue)"
        return
            "\(operations.list) \(list(groups))/\(list(versions)) \(resources.joined(separator: ","))\(names)\(scope)"
            .shortened(to: 512)
    }
}

// MARK: What came of it

extension AdmissionHook {
    /// The policy's name as failures have it.
    var traced: String { "\(policy.kind.rawValue)/\(policy.name)" }

    /// A validation that was tried.
    func trace(_ part: String, _ param: Param?, _ verdict: RuleTrace.Verdict) -> RuleTrace {
        RuleTrace(
            name: part,
            field: "validations",
            parameter: param.map { param in
                let name = param.namespace.isEmpty ? param.name : "\(param.namespace)/\(param.name)"
                return "\(policy.paramKind?.kind ?? "") \(name)"
            },
            effect: binding.actions.contains(.deny) ? .deny : binding.actions.contains(.warn) ? .warn : .audit,
            verdict: verdict
        )
    }
}
