internal import JSON
internal import Policy

/// What tests have made of every rule: whether some test made it pass, and whether some made it fail.
///
/// Told by the decisions themselves: the evaluator says of each rule that it tries what it found.
public struct Coverage: Sendable {
    /// What can come of trying a rule.
    public enum Branch: String, CaseIterable, Sendable {
        /// There was something to judge, and nothing was wrong; an expression was true.
        case passed
        /// Something was wrong; an expression was false.
        case failed
        /// A value that the rule asks for was not there.
        case absent
        /// A value that the rule asks for is not to be known at admission.
        case unknown
        /// A mutation had something to do.
        case applied
    }

    /// What a row is about.
    public enum Kind: String, Sendable {
        /// A rule that knows facets.
        case rule
        /// A rule, or a validation of Kubernetes' own policies, that is an expression.
        case expression
        /// A mutation.
        case mutation
        /// All that an AzureBinding guards.
        case binding
    }

    /// A rule, and how many tests made what of it.
    public struct Row: Sendable {
        /// The document as answers and logs name it.
        public let policy: String
        /// The rule's or mutation's name; empty for a binding.
        public let rule: String
        /// What it is.
        public let kind: Kind
        /// The file that it stands in.
        public let file: String
        /// Where it begins in the file, from 1.
        public let line: Int
        /// What tests must make of it: to pass and to fail, and what it says itself of absent and unknown values.
        public let needed: [Branch]
        /// How many tests made what of it.
        public internal(set) var tests: [Branch: Int] = [:]

        /// What no test made of it and some should.
        public var missing: [Branch] { needed.filter { tests[$0] == nil } }
    }

    /// All rules of the policies that were tested or lie where tests were looked for, by file and place.
    public internal(set) var rows: [Row] = []

    /// How many branches tests must go through.
    public var neededCount: Int { rows.reduce(0) { $0 + $1.needed.count } }
    /// How many of them some test goes through.
    public var coveredCount: Int { neededCount - rows.reduce(0) { $0 + $1.missing.count } }
    /// The same of a hundred, rounded down; a hundred if there is nothing to go through.
    public var percent: Int { neededCount == 0 ? 100 : coveredCount * 100 / neededCount }
}

/// Counts what tests make of rules, while they run.
struct CoverageRecord {
    private var rows: [Coverage.Row] = []
    /// The rows of each file, by what decisions name.
    private var places: [String: [Key: Int]] = [:]

    /// What a decision names.
    struct Key: Hashable {
        let document: String
        let rule: String
        var isMutation = false
    }

    /// Takes the policies of a file; what is no policy is passed over, and so is a file that was taken before.
    mutating func declare(_ documents: [JSONDocument], of file: String) {
        guard places[file] == nil else { return }
        var keys: [Key: Int] = [:]
        for document in documents {
            for (_, object) in document.objects {
                for (key, row) in PolicyReader(document: document, object: object, file: file).rows {
                    keys[key] = rows.count
                    rows.append(row)
                }
            }
        }
        places[file] = keys
    }

    /// The rows of a suite's policies, by what its decisions name.
    func keys(of files: [String]) -> [Key: Int] {
        files.reduce(into: [:]) { keys, file in keys.merge(places[file] ?? [:]) { first, _ in first } }
    }

    /// Takes what a test made of rules.
    mutating func note(_ trace: DecisionTrace, mutations: [String], _ keys: [Key: Int]) {
        // A rule that is tried twice is still one test's.
        var found: [Int: Set<Coverage.Branch>] = [:]
        for entry in trace.entries {
            guard let row = keys[Key(document: entry.document, rule: entry.rule)] else { continue }
            found[row, default: []].formUnion(entry.outcomes.branches)
        }
        for mutation in mutations {
            guard let slash = mutation.lastIndex(of: "/") else { continue }
            let (document, name) = (mutation[..<slash], mutation[mutation.index(after: slash)...])
            let key = Key(document: String(document), rule: String(name), isMutation: true)
            if let row = keys[key] { found[row] = [.applied] }
        }
        for (row, branches) in found {
            for branch in branches { rows[row].tests[branch, default: 0] += 1 }
        }
    }

    var coverage: Coverage {
        Coverage(rows: rows.sorted { ($0.file, $0.line, $0.policy, $0.rule) < ($1.file, $1.line, $1.policy, $1.rule) })
    }
}

extension DecisionTrace.Outcomes {
    fileprivate var branches: [Coverage.Branch] {
        let all: [(DecisionTrace.Outcomes, Coverage.Branch)] = [
            (.passed, .passed), (.failed, .failed), (.absent, .absent), (.unknown, .unknown),
        ]
        return all.filter { contains($0.0) }.map { $0.1 }
    }
}

/// Finds the rules of a document that may be a policy.
private struct PolicyReader {
    let document: JSONDocument
    let object: JSONValue
    let file: String

    var rows: [(CoverageRecord.Key, Coverage.Row)] {
        guard let kind = text("kind"), let metadata = member("metadata"), let spec = member("spec"),
            let name = text("name", of: metadata), let version = text("apiVersion")
        else { return [] }
        switch (version, kind) {
        case (PolicyFile.apiVersion, "AzurePolicy"): return rules(name, spec) + mutations(name, spec)
        case (PolicyFile.apiVersion, "NamespaceAzurePolicy"):
            return rules("\(kind)/\(text("namespace", of: metadata) ?? "")/\(name)", spec)
        case (PolicyFile.apiVersion, "AzureBinding"): return [row(name, "", .binding, object, [.passed, .failed])]
        case (_, "ValidatingAdmissionPolicy") where version.hasPrefix("admissionregistration.k8s.io/"):
            return elements("validations", of: spec).enumerated().map { place, element in
                row("\(kind)/\(name)", "validations[\(place)]", .expression, element, [.passed, .failed])
            }
        default: return []
        }
    }

    private func rules(_ policy: String, _ spec: JSONValue) -> [(CoverageRecord.Key, Coverage.Row)] {
        elements("rules", of: spec).compactMap { element in
            guard let name = text("name", of: element) else { return nil }
            if member("cel", of: element) != nil {
                return row(policy, name, .expression, element, [.passed, .failed])
            }
            var needed: [Coverage.Branch] = [.passed, .failed]
            if member("ifAbsent", of: element) != nil { needed.append(.absent) }
            if member("ifUnknown", of: element) != nil { needed.append(.unknown) }
            return row(policy, name, .rule, element, needed)
        }
    }

    private func mutations(_ policy: String, _ spec: JSONValue) -> [(CoverageRecord.Key, Coverage.Row)] {
        elements("mutations", of: spec).compactMap { element in
            text("name", of: element).map { row(policy, $0, .mutation, element, [.applied]) }
        }
    }

    private func row(
        _ policy: String,
        _ rule: String,
        _ kind: Coverage.Kind,
        _ value: JSONValue,
        _ needed: [Coverage.Branch]
    ) -> (CoverageRecord.Key, Coverage.Row) {
        let line = document.position(of: value).line
        return (
            CoverageRecord.Key(document: policy, rule: rule, isMutation: kind == .mutation),
            Coverage.Row(policy: policy, rule: rule, kind: kind, file: file, line: line, needed: needed)
        )
    }

    private func member(_ name: StaticString, of value: JSONValue? = nil) -> JSONValue? {
        document.member(name, of: value ?? object)
    }

    private func text(_ name: StaticString, of value: JSONValue? = nil) -> String? {
        member(name, of: value).flatMap { document.string($0) }
    }

    private func elements(_ name: StaticString, of value: JSONValue) -> [JSONValue] {
        guard let list = member(name, of: value), list.isArray else { return [] }
        return document.elements(of: list).map { $0 }
    }
}
