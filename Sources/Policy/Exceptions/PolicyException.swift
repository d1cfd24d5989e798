internal import JSON
internal import Kubernetes

/// Waives named rules of AzurePolicies for named subjects until a moment.
final class PolicyException: Sendable {
    let name: String
    let expiresAt: WallTime
    let reason: String
    let ticket: String?
    let approvedBy: String
    private let subjects: Subjects

    /// What of a subject the index does not answer.
    struct Subjects: Sendable {
        var names: [Glob]?
        var users: [Glob]?
        var objectSelector: LabelSelector?
    }

    fileprivate init(
        name: String,
        expiresAt: WallTime,
        reason: String,
        ticket: String?,
        approvedBy: String,
        subjects: Subjects
    ) {
        self.name = name
        self.expiresAt = expiresAt
        self.reason = reason
        self.ticket = ticket
        self.approvedBy = approvedBy
        self.subjects = subjects
    }

    /// Whether it waives anything at a moment: the one place that knows what expiry means.
    ///
    /// - Parameter now: What the caller's clock says; nil if there is none, and then nothing is waived.
    /// - Returns: Whether it is not over yet.
    func isInForce(at now: WallTime?) -> Bool {
        guard let now else { return false }
        return now < expiresAt
    }

    /// Whether the subject is one of those that it names.
    func covers(_ subject: borrowing Subject, _ request: borrowing AdmissionRequest) -> Bool {
        coversUser(request) && coversName(subject, request) && coversLabels(subject)
    }

    private func coversUser(_ request: borrowing AdmissionRequest) -> Bool {
        guard let users = subjects.users else { return true }
        guard let user = request.userInfo.username else { return false }
        return users.contains { $0.matches(request.document.utf8(user)) }
    }

    private func coversName(_ subject: borrowing Subject, _ request: borrowing AdmissionRequest) -> Bool {
        guard let names = subjects.names else { return true }
        let document = subject.document
        if let name = ObjectMeta(of: subject.object, in: document).name {
            return names.contains { $0.matches(document.utf8(name)) }
        }
        // An object that the API server will name has no name that could be meant.
        guard let name = request.name, !request.document.equals(name, "") else { return false }
        return names.contains { $0.matches(request.document.utf8(name)) }
    }

    private func coversLabels(_ subject: borrowing Subject) -> Bool {
        guard let selector = subjects.objectSelector else { return true }
        return selector.matches(
            subject.document,
            labels: ObjectMeta(of: subject.object, in: subject.document).labels
        )
    }

    /// What it asks of a subject beyond the index, and what the subject has.
    func aspects(
        of subject: borrowing Subject,
        _ request: borrowing AdmissionRequest,
        _ words: RequestWords
    ) -> [PolicyTrace.Aspect] {
        var aspects: [PolicyTrace.Aspect] = []
        if let users = subjects.users {
            aspects.append(PolicyTrace.Aspect("users", users.list, found: words.shownUser, fits: coversUser(request)))
        }
        if let names = subjects.names {
            aspects.append(
                PolicyTrace.Aspect(
                    "names",
                    names.list,
                    found: "the name is \(words.name)",
                    fits: coversName(subject, request)
                )
            )
        }
        if let selector = subjects.objectSelector {
            let labels = ObjectMeta(of: subject.object, in: subject.document).labels
            aspects.append(
                PolicyTrace.Aspect(
                    "objectSelector",
                    selector.description,
                    found: selector.found("the object", subject.document, labels),
                    fits: coversLabels(subject)
                )
            )
        }
        return aspects
    }
}

/// A PolicyException as the folder says it, before the rules that it names have been looked for.
struct PolicyExceptionDocument: Sendable {
    let exception: PolicyException
    let entry: PolicyIndex.Entry
    /// The rules that it names, by policy.
    let waived: [Waived]
    /// Where its `expiresAt` stands.
    let expiry: PolicyIssue

    /// Rules of one policy, and where they are named.
    struct Waived: Sendable {
        let policy: String
        let place: PolicyIssue
        let rules: [(name: String, place: PolicyIssue)]
    }

    /// How long before its end an exception is warned of, in seconds: a week, which leaves time to renew or to mend.
    static let warningSeconds: Int64 = 7 * 24 * 3600

    /// Reads `spec`; what is wrong goes to the node's log.
    init?(name: String, spec: Node?) {
        guard let spec,
            let fields = spec.fields(["policies", "subjects", "expiresAt", "reason", "ticket", "approvedBy"])
        else { return nil }
        let waived = fields.required("policies", "add policies: [{name: …, rules: […]}]")?.elements()
            .compactMap { Self.readWaived($0) }
        let subjects = fields.required(
            "subjects",
            "say for whom: namespaces, resources, names, users or objectSelector"
        )
        .flatMap { Self.readSubjects($0) }
        let end = fields.required("expiresAt", "add a date and time such as 2027-01-31T00:00:00Z")
        let expiresAt = end.flatMap { Self.readTime($0) }
        let reason = fields.required("reason", "say why, in one line: who uses the exception is told")?.line()
        let approver = fields.required("approvedBy", "name who answers for it")?.line()
        let ticket = fields["ticket"]?.line()
        guard let waived, let subjects, let end, let expiresAt, let reason, let approver else { return nil }
        self.waived = waived
        entry = subjects.entry
        expiry = end.issue(.warning, .expiringException, "ends", mend: "remove the exception, or have it renewed")
        exception = PolicyException(
            name: name,
            expiresAt: expiresAt,
            reason: reason,
            ticket: ticket,
            approvedBy: approver,
            subjects: subjects.rest
        )
    }

    private static func readWaived(_ node: Node) -> Waived? {
        guard let fields = node.fields(["name", "rules"]) else { return nil }
        let name = fields.required("name", "add the name of an AzurePolicy")
        let rules = fields.required("rules", "name the rules: an exception from a whole policy hides what it is for")
        guard let name, let policy = name.string(), let rules else { return nil }
        return Waived(
            policy: policy,
            place: name.issue(.error, .unknownName, "", mend: ""),
            rules: rules.elements().compactMap { rule in
                rule.string().map { ($0, rule.issue(.error, .unknownName, "", mend: "")) }
            }
        )
    }

    private static func readSubjects(_ node: Node) -> (entry: PolicyIndex.Entry, rest: PolicyException.Subjects)? {
        let names = ["namespaces", "resources", "names", "users", "objectSelector"]
        guard let fields = node.fields(names) else { return nil }
        var entry = PolicyIndex.Entry()
        entry.operations = [.create, .update, .delete, .connect]
        entry.namespaces.included = fields["namespaces"]?.globs()
        entry.resources.included = fields["resources"]?.resources()
        let rest = PolicyException.Subjects(
            names: fields["names"]?.globs(),
            users: fields["users"]?.globs(),
            objectSelector: fields["objectSelector"]?.labelSelector()
        )
        let given = names.filter { fields[$0] != nil }
        if given.isEmpty {
            node.error("names nobody, so that it would be for everybody", mend: "add \(names.joinedForChoice())")
        } else if given == ["objectSelector"] {
            node.warning(
                .wideGrant,
                "asks for labels alone, which anybody may give an object",
                mend: "add namespaces, resources or users"
            )
        }
        return (entry, rest)
    }

    private static func readTime(_ node: Node) -> WallTime? {
        guard let text = node.string() else { return nil }
        guard let time = WallTime(text) else {
            node.error(
                "is \"\(text.prefix(40).description.singleLine)\"",
                mend: "write a date and time as RFC 3339 does, such as 2027-01-31T00:00:00Z"
            )
            return nil
        }
        return time
    }

    /// What is to be said of its end.
    func warning(at now: WallTime) -> PolicyIssue? {
        let end = exception.expiresAt
        guard exception.isInForce(at: now) else {
            return expiry.saying("exception \(exception.name) expired at \(end): it waives nothing")
        }
        // A clock may say anything, such as a time that has no week after it.
        let (left, isFar) = end.seconds.subtractingReportingOverflow(now.seconds)
        guard !isFar, left <= Self.warningSeconds else { return nil }
        let days = left / 86_400
        let span = days > 0 ? "\(days) day\(days == 1 ? "" : "s")" : "less than a day"
        return expiry.saying("exception \(exception.name) expires in \(span), at \(end)")
    }

    /// Finds the rules that it names.
    func resolve(among names: PolicyNames, _ issues: inout IssueList) -> [Rule] {
        var rules: [Rule] = []
        for waived in waived {
            guard let policy = names.policies[waived.policy] else {
                let fault = names.fault(of: waived.policy)
                issues.append(waived.place.saying(fault.message, mend: fault.mend))
                continue
            }
            for (name, place) in waived.rules {
                if let rule = policy.rules.first(where: { $0.name == name }) {
                    rules.append(rule)
                    continue
                }
                let near = name.nearest(in: policy.rules.map(\.name))
                issues.append(
                    place.saying(
                        "AzurePolicy \(policy.name) has no rule \"\(name.prefix(80).description.singleLine)\""
                            + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
                        mend: near.map { "write \($0)" }
                            ?? "name one of \(policy.rules.prefix(10).map(\.name).joined(separator: ", "))"
                    )
                )
            }
        }
        return rules
    }
}

/// The names of a folder's policies, by what an exception may do with them.
struct PolicyNames {
    var policies: [String: AzurePolicyDocument] = [:]
    var namespacePolicies: Set<String> = []
    var bindings: Set<String> = []
    /// Kubernetes' own policies, and of which kind they are.
    var admissionPolicies: [String: String] = [:]

    /// Why no rule of a policy can be waived.
    fileprivate func fault(of name: String) -> (message: String, mend: String) {
        if bindings.contains(name) {
            return (
                "is an AzureBinding, which nothing waives: it says who a namespace may be",
                "change the AzureBinding if the namespace is to be somebody else"
            )
        }
        if namespacePolicies.contains(name) {
            return (
                "is a NamespaceAzurePolicy, which its namespace's owner can change",
                "exclude the subject there, by match or by a condition"
            )
        }
        if let kind = admissionPolicies[name] {
            return (
                "is a \(kind), which exceptions do not waive",
                "exclude the subject in the policy's matchConditions, or in its binding's matchResources"
            )
        }
        let near = name.nearest(in: policies.keys.sorted())
        return (
            "there is no AzurePolicy \"\(name.prefix(80).description.singleLine)\""
                + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
            near.map { "write \($0)" } ?? "name an AzurePolicy of this folder"
        )
    }
}
