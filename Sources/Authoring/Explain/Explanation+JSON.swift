internal import Azure
internal import JSON
internal import Kubernetes
internal import Policy

extension CheckReport {
    /// What stands behind the explanations: `issues`, `manifests`, `allowed`, `denied`, `errors`.
    func explanationTail() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.list("issues", issues) { $0.write($1) }
        for (key, number) in [
            ("manifests", judgedCount), ("allowed", judgedCount - deniedCount), ("denied", deniedCount),
            ("errors", errors.count),
        ] {
            writer.key(key)
            writer.int(number)
        }
        writer.endObject()
        return writer.finish()
    }
}

extension Explanation {
    /// The explanation as a JSON object.
    func json(_ filter: ExplanationFilter) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.texts([
            ("title", result.title), ("kind", result.kind), ("version", version), ("namespace", result.namespace),
            ("name", result.name), ("operation", result.operation.rawValue), ("user", user),
            ("decision", result.isAllowed ? "Allow" : "Deny"),
        ])
        writer.write(result.place)
        writer.list("notes", notes.names) { $0.string($1) }
        writer.key("cost")
        writer.int(Int64(clamping: cost))
        writer.list("findings", result.findings) { $1.write(to: &$0) }
        writer.list("warnings", warnings) { $0.string($1) }
        writer.list("policies", policies.filter { filter.includes(policy: $0.document) }) { writer, policy in
            write(policy, to: &writer, filter)
        }
        let mutations = mutations.filter { filter.includes(policy: $0.document) && filter.includes(rule: $0.name) }
        writer.list("mutations", mutations) { $1.write(to: &$0) }
        writer.list("exceptions", exceptions) { $1.write(to: &$0) }
        writer.endObject()
        return writer.finish()
    }

    private func write(_ policy: PolicyTrace, to writer: inout JSONWriter, _ filter: ExplanationFilter) {
        writer.beginObject()
        writer.texts([
            ("kind", policy.source.rawValue), ("policy", policy.document), ("binding", policy.binding),
            ("match", policy.match.rawValue), ("reason", policy.match == .matches ? nil : policy.reason?.whyNot),
            ("failurePolicy", policy.failurePolicy.rawValue), ("fault", policy.fault),
        ])
        writer.list("aspects", policy.aspects) { $1.write(to: &$0) }
        let rules = policy.rules.filter { filter.includes(rule: $0.name) }
        writer.list("rules", rules) { write($1, to: &$0) }
        writer.key("cost")
        writer.int(Int64(clamping: policy.cost))
        writer.endObject()
    }

    private func write(_ rule: RuleTrace, to writer: inout JSONWriter) {
        let (verdict, why) = rule.verdict.words
        writer.beginObject()
        writer.texts([
            ("rule", rule.name), ("field", rule.field), ("parameter", rule.parameter), ("verdict", verdict),
            ("reason", why), ("effect", rule.effect.rawValue), ("exception", rule.exception),
        ])
        // The numbers of its findings among those of the object.
        writer.list("findings", rule.failures.filter { result.findings.indices.contains($0) }) { $0.int($1) }
        writer.list("facets", rule.places) { writer, facet in
            let (place, field) = place(of: facet)
            writer.beginObject()
            writer.texts([
                ("facet", facet.facet.rawValue), ("part", facet.part?.rawValue), ("field", field),
                ("state", facet.state.word), (facet.state.nameOfText, facet.text),
            ])
            writer.write(place)
            writer.endObject()
        }
        writer.list("expressions", rule.expressions) { $1.write(to: &$0) }
        writer.endObject()
    }
}

extension PolicyTrace.Aspect {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.texts([("field", field), ("wanted", wanted), ("found", found)])
        writer.key("fits")
        if let fits { writer.bool(fits) } else { writer.null() }
        if let expression {
            writer.key("expression")
            expression.write(to: &writer)
        }
        writer.endObject()
    }
}

extension ExpressionTrace {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.texts([("role", role.words), ("source", source), (isBroken ? "error" : "value", value)])
        writer.key("cost")
        writer.int(Int64(clamping: cost))
        writer.list("parts", parts) { $0.object([("expression", $1.text), ("value", $1.value)]) }
        writer.endObject()
    }
}

extension MutationTrace {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.texts([
            ("policy", document), ("binding", binding), ("mutation", name), ("nothing", idle), ("fault", fault),
        ])
        writer.key("round")
        writer.int(round + 1)
        writer.list("changes", changes) {
            $0.object([("field", $1.path), ("before", $1.before), ("after", $1.after)])
        }
        writer.list("expressions", expressions) { $1.write(to: &$0) }
        writer.endObject()
    }
}

extension ExceptionTrace {
    fileprivate func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.texts([
            ("exception", name), ("expiresAt", "\(expiresAt)"), ("reason", reason), ("ticket", ticket),
        ])
        writer.key("fits")
        writer.bool(fits)
        writer.list("rules", rules) { $0.string($1) }
        writer.list("aspects", aspects) { $1.write(to: &$0) }
        writer.endObject()
    }
}

extension RuleTrace.Verdict {
    /// A word for programs, and why.
    fileprivate var words: (verdict: String, why: String?) {
        switch self {
        case .passed: ("passed", nil)
        case .failed: ("failed", nil)
        case .doesNotApply(let why): ("doesNotApply", why)
        case .broken(let why): ("broken", why)
        case .notReached(let why): ("notReached", why)
        }
    }
}

extension Occurrence.State {
    fileprivate var word: String {
        switch self {
        case .known: "known"
        case .absent: "absent"
        case .unknown: "unknown"
        }
    }

    /// What the text of a value in this state is.
    fileprivate var nameOfText: String {
        switch self {
        case .known: "value"
        case .absent: "default"
        case .unknown: "reason"
        }
    }
}

extension JSONWriter {
    /// Members of texts, without those that are nil.
    fileprivate mutating func texts(_ members: [(key: String, text: String?)]) {
        for case (let name, let text?) in members {
            key(name)
            string(text)
        }
    }

    fileprivate mutating func object(_ members: [(key: String, text: String?)]) {
        beginObject()
        texts(members)
        endObject()
    }

    /// A member that is a list.
    fileprivate mutating func list<Elements: Sequence>(
        _ name: String,
        _ elements: Elements,
        _ write: (inout JSONWriter, Elements.Element) -> Void
    ) {
        key(name)
        beginArray()
        for element in elements { write(&self, element) }
        endArray()
    }
}
