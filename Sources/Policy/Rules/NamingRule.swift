internal import Azure
internal import CEL
internal import JSON
internal import Kubernetes

/// What a resource may be called in Azure: `spec.azureName`, or `metadata.name`, which ASO takes in its absence.
struct NamingRule: Sendable {
    let pattern: RegularExpression

    init?(_ node: Node) {
        guard
            let fields = node.fields(["pattern"], reserved: ["minimumLength", "maximumLength", "unique"]),
            let pattern = fields.required("pattern", "add a pattern in RE2's syntax, such as ^team-a-[a-z0-9-]+$")?
                .regularExpression()
        else { return nil }
        self.pattern = pattern
    }
}

// MARK: Judging

extension NamingRule {
    func check(
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ origin: Report.Origin,
        _ report: inout Report
    ) throws(EvaluationError) {
        try report.meter.spend(1)
        switch subject.azureName {
        case .none: return
        case .known(let value, let path):
            guard value.isString, pattern.matches(subject.document.utf8(value)) else {
                report.add(origin, .invalid, at: FieldPath(path), value, of: subject, .mismatch(pattern.pattern))
                return
            }
        case .unknown(let path, let source):
            guard (rule.ifUnknown ?? .deny) == .deny else { return }
            report.add(origin, .unknown, at: FieldPath(path), nil, of: subject, .unknown(source))
        }
    }
}

/// What a resource will be called in Azure.
enum AzureNameOfSubject {
    /// It has no name of its own choosing.
    case none
    /// The value, and where it stands.
    case known(JSONValue, path: [StaticString])
    /// It is decided later, for the reason given.
    case unknown(path: [StaticString], source: String)
}

extension Subject {
    var azureName: AzureNameOfSubject {
        guard kind.azureName == .spec else { return .none }
        if let spec = document.member("spec", of: object) {
            if let name = document.member("azureName", of: spec), !name.isNull, !document.equals(name, "") {
                return .known(name, path: ["spec", "azureName"])
            }
            if let stand = document.member("azureNameFromConfig", of: spec), !stand.isNull {
                return .unknown(path: ["spec", "azureName"], source: "spec.azureNameFromConfig")
            }
        }
        guard let name = ObjectMeta(of: object, in: document).name, !document.equals(name, "") else {
            return .unknown(path: ["metadata", "name"], source: "metadata.generateName")
        }
        return .known(name, path: ["metadata", "name"])
    }
}

extension FieldPath {
    init(_ names: [StaticString]) {
        self.init(names.map { .member($0.description) })
    }

    func appending(_ name: String) -> FieldPath {
        FieldPath(steps + [.member(name)])
    }
}
