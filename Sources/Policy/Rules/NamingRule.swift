internal import Azure
internal import JSON
internal import Kubernetes

/// What a resource may be called in Azure: `spec.azureName`, or `metadata.name`, which ASO takes in its absence.
final class NamingRule: Sendable {
    let pattern: TextPattern?
    let prefix: NameTemplate?
    let suffix: NameTemplate?
    let minimumLength: Int?
    let maximumLength: Int?
    let deny: [TextPattern]
    /// What Azure itself takes.
    let limits: AzureNameCheck?

    init?(_ node: Node) {
        let known = ["pattern", "prefix", "suffix", "minimumLength", "maximumLength", "deny", "limits"]
        guard let fields = node.fields(known, reserved: ["unique"]) else { return nil }
        pattern = fields["pattern"]?.textPattern()
        prefix = fields["prefix"]?.nameTemplate()
        suffix = fields["suffix"]?.nameTemplate()
        minimumLength = fields["minimumLength"]?.wholeNumber().flatMap(Int.init(exactly:))
        maximumLength = fields["maximumLength"]?.wholeNumber().flatMap(Int.init(exactly:))
        deny = fields["deny"]?.elements().compactMap { $0.textPattern() } ?? []
        limits = fields["limits"].flatMap { AzureNameCheck($0) }
        if known.allSatisfy({ fields[$0] == nil }) {
            node.error(
                "says nothing",
                mend: "add a pattern in RE2's syntax, such as ^team-a-[a-z0-9-]+$, or another field"
            )
        }
        if let minimumLength, let maximumLength, minimumLength > maximumLength {
            fields["minimumLength"]?.error("is more than maximumLength", mend: "make it smaller")
        }
    }
}

// MARK: Judging

extension NamingRule {
    func check(
        _ subject: borrowing Subject,
        _ request: borrowing AdmissionRequest,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try report.meter.spend(1)
        switch subject.azureName {
        case .none: return
        case .known(let value, let field):
            if let pattern, !value.isString || !pattern.matches(subject.document.utf8(value)) {
                report.add(rule.origin, .invalid, at: .path(field.path), value, of: subject, .mismatch(pattern.text))
            }
            limits?.check(value, field, subject, rule, &report)
            guard value.isString else { return }
            if prefix != nil || suffix != nil { checkEnds(value, field, subject, request, rule, &report) }
            if minimumLength != nil || maximumLength != nil { checkLength(value, field, subject, rule, &report) }
            for pattern in deny where pattern.matches(subject.document.utf8(value)) {
                let why = ", which matches \(pattern.text), and such names are denied"
                let mend = "choose a name that does not match"
                report.add(
                    rule.origin,
                    .forbidden,
                    at: .path(field.path),
                    value,
                    of: subject,
                    .refused(why, mend: mend)
                )
                break
            }
        case .unknown(let field, let source):
            guard rule.deniesUnknown(byDefault: true) else { return }
            report.add(rule.origin, .unknown, at: .path(field.path), nil, of: subject, .unknown(source.singleLine))
        }
    }

    private func checkEnds(
        _ value: JSONValue,
        _ field: AzureName.Field,
        _ subject: borrowing Subject,
        _ request: borrowing AdmissionRequest,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        let name = ObjectMeta(of: subject.object, in: document).name
        let text = document.utf8(value)
        for (template, isEnd) in [(prefix, false), (suffix, true)] {
            guard let template else { continue }
            let isGood = template.matches(
                text,
                name: document.text(of: name),
                namespace: request.document.text(of: request.namespace),
                atEnd: isEnd
            )
            if isGood { continue }
            let wanted = template.text(
                name: document.string(name),
                namespace: request.document.string(request.namespace)
            ).singleLine
            report.add(
                rule.origin,
                .invalid,
                at: .path(field.path),
                value,
                of: subject,
                .refused(
                    ", which does not \(isEnd ? "end" : "begin") with \"\(wanted)\"",
                    mend: "choose a name that does"
                )
            )
        }
    }

    /// Azure counts characters, and its names are ASCII but for few.
    private func checkLength(
        _ value: JSONValue,
        _ field: AzureName.Field,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let text = subject.document.utf8(value)
        var count = 0
        for index in text.indices where text[index] & 0xc0 != 0x80 { count += 1 }
        let (why, mend): (String, String)
        if let minimumLength, count < minimumLength {
            why = ", which has \(count) characters, the minimum is \(minimumLength)"
            mend = "choose a name of \(minimumLength) characters or more"
        } else if let maximumLength, count > maximumLength {
            why = ", which has \(count) characters, the maximum is \(maximumLength)"
            mend = "choose a name of \(maximumLength) characters or less"
        } else {
            return
        }
        report.add(rule.origin, .invalid, at: .path(field.path), value, of: subject, .refused(why, mend: mend))
    }
}

/// What a resource will be called in Azure.
enum AzureName {
    /// It has no name of its own choosing.
    case none
    /// The value, and where it stands.
    case known(JSONValue, Field)
    /// It is decided later, by what is named.
    case unknown(Field, source: String)

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
            if let name = document.member("azureName", of: spec), let reason = document.reason(ofUnknown: name) {
                self = .unknown(.azureName, source: reason)
                return
            }
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
