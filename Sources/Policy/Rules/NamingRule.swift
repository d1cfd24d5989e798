internal import Azure
internal import JSON
internal import Kubernetes

/// What a resource may be called in Azure: `spec.azureName`, or `metadata.name`, which ASO takes in its absence.
final class NamingRule: Sendable {
    let pattern: TextPattern

    init?(_ node: Node) {
        guard
            let fields = node.fields(["pattern"], reserved: ["minimumLength", "maximumLength", "unique"]),
            let pattern = fields.required("pattern", "add a pattern in RE2's syntax, such as ^team-a-[a-z0-9-]+$")?
                .textPattern()
        else { return nil }
        self.pattern = pattern
    }
}

// MARK: Judging

extension NamingRule {
    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        try report.meter.spend(1)
        switch subject.azureName {
        case .none: return
        case .known(let value, let field):
            if value.isString, pattern.matches(subject.document.utf8(value)) { return }
            report.add(rule.origin, .invalid, at: .path(field.path), value, of: subject, .mismatch(pattern.text))
        case .unknown(let field, let source):
            guard rule.deniesUnknown(byDefault: true) else { return }
            report.add(rule.origin, .unknown, at: .path(field.path), nil, of: subject, .unknown("\(source)"))
        }
    }
}

/// What a resource will be called in Azure.
enum AzureName {
    /// It has no name of its own choosing.
    case none
    /// The value, and where it stands.
    case known(JSONValue, Field)
    /// It is decided later, by what is named.
    case unknown(Field, source: StaticString)

    /// Where a name can stand.
    enum Field {
        case azureName
        case name

        var path: FieldPath {
            switch self {
            case .azureName: FieldPath(["spec", "azureName"])
            case .name: FieldPath(["metadata", "name"])
            }
        }
    }
}

extension Subject {
    var azureName: AzureName { AzureName(of: object, kind, in: document) }
}

extension AzureName {
    /// Reads an object of a kind.
    init(of object: JSONValue, _ kind: AzureKind, in document: JSONDocument) {
        self = .none
        guard kind.azureName == .spec else { return }
        if let spec = document.member("spec", of: object) {
            if let name = document.member("azureName", of: spec), !name.isNull, !document.equals(name, "") {
                self = .known(name, .azureName)
                return
            }
            if let stand = document.member("azureNameFromConfig", of: spec), !stand.isNull {
                self = .unknown(.azureName, source: "spec.azureNameFromConfig")
                return
            }
        }
        if let name = ObjectMeta(of: object, in: document).name, !document.equals(name, "") {
            self = .known(name, .name)
        } else {
            self = .unknown(.name, source: "metadata.generateName")
        }
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
