internal import Azure
internal import CEL
internal import JSON
internal import Kubernetes

/// Which tags a resource must and may not carry.
///
/// Azure compares tag names without regard to case, and so does this.
final class TagRule: Sendable {
    /// A tag that must be there.
    final class Required: Sendable {
        let name: String
        let key: TagKey
        let pattern: TextPattern?
        /// Allowed values; empty means any.
        let values: WordList
        /// The values, or the pattern, as failures show them.
        let allowed: String
        /// What is said if the tag is not there.
        let missing: Explanation

        /// Reads a tag's demands: `{}` or nothing asks only that it be there and not empty.
        init?(_ name: String, _ node: Node) {
            guard let key = node.tagName(name) else { return nil }
            self.name = name
            self.key = TagKey(key)
            let fields = node.value.isNull ? nil : node.fields(["pattern", "values"])
            if fields == nil, !node.value.isNull { return nil }
            let values = fields?["values"]?.strings() ?? []
            pattern = fields?["pattern"]?.textPattern()
            self.values = WordList(values)
            allowed = values.joined(separator: ", ")
            var mend = "add the tag \(name)"
            if !allowed.isEmpty {
                mend += ", one of \(allowed)"
            } else if let pattern {
                mend += " with a value that matches \(pattern.text)"
            }
            missing = .text(message: "is missing", mend: mend)
        }
    }

    let required: [Required]
    let forbidden: [TagKey]
    /// Tags whose values the namespace says.
    let inherited: [(name: String, key: NamePattern, source: NamespaceField)]

    init?(_ node: Node) {
        guard let fields = node.fields(["required", "forbidden", "inherited"]) else { return nil }
        var required: [Required] = []
        var names: Set<String> = []
        for (name, entry) in fields["required"]?.entries() ?? [] {
            guard let tag = Required(name, entry) else { continue }
            if !names.insert(name.lowercased()).inserted {
                entry.error("is required twice: Azure does not tell letter case in tag names", mend: "keep one")
            }
            required.append(tag)
        }
        self.required = required
        forbidden = fields["forbidden"]?.namePatterns().map { TagKey($0) } ?? []
        var inherited: [(name: String, key: NamePattern, source: NamespaceField)] = []
        for (name, entry, source) in fields["inherited"]?.inheritance() ?? [] {
            guard let key = entry.tagName(name) else { continue }
            if inherited.contains(where: { $0.key.matches(name) }) {
                entry.error("is inherited twice: Azure does not tell letter case in tag names", mend: "keep one")
            }
            inherited.append((name, key, source))
        }
        self.inherited = inherited
        if fields["required"] == nil && fields["forbidden"] == nil && fields["inherited"] == nil {
            node.error("says nothing", mend: "add required, forbidden or inherited")
        }
    }

    /// The rule as a set holds it: only one that looks at the namespace is told what is around an object.
    var test: Rule.Test { inherited.isEmpty ? .tags(self) : .circumstantial(InheritingTagRule(tags: self)) }
}

/// The name of a tag in a form that tells at a glance most names that are not meant.
struct TagKey: Sendable {
    private let pattern: NamePattern
    /// Length and first bytes of the name; nil if the pattern is not one name.
    private let sketch: NameSketch?
    /// What names begin with that the pattern fits; 0 if it may be anything.
    private let first: UInt8

    init(_ pattern: NamePattern) {
        self.pattern = pattern
        sketch = pattern.isLiteral ? NameSketch(pattern.description.utf8Span.span) : nil
        let start = pattern.description.utf8.first?.lowercasedASCII ?? 0
        first = start == UInt8(ascii: "*") ? 0 : start
    }

    /// The name, or the pattern, as it is written.
    var text: String { pattern.description }

    func matches(_ tag: Subject.Tags.Tag, in document: JSONDocument) -> Bool {
        if let sketch {
            guard sketch == tag.sketch else { return false }
        } else if first != 0, tag.sketch.first != first {
            return false
        }
        return pattern.matches(document.utf8(tag.key))
    }
}

/// A name's length and first eight bytes in small letters.
struct NameSketch: BitwiseCopyable, Equatable, Sendable {
    private let length: Int
    private let start: UInt64

    init(_ name: Span<UInt8>) {
        length = name.count
        var start: UInt64 = 0
        for index in 0..<min(8, name.count) {
            start |= UInt64(name[index].lowercasedASCII) << UInt64(truncatingIfNeeded: index &* 8)
        }
        self.start = start
    }

    /// The first byte; 0 if there is none.
    var first: UInt8 { UInt8(truncatingIfNeeded: start) }
}

extension Subject {
    /// The tags of an object, read once for all rules about them.
    struct Tags {
        /// One tag.
        struct Tag: BitwiseCopyable {
            let key: JSONValue
            let value: JSONValue
            let sketch: NameSketch
        }

        private(set) var all: [Tag] = []
        private let map: JSONValue?

        init() {
            map = nil
        }

        init(_ map: JSONValue, in document: JSONDocument) {
            self.map = map
            all.reserveCapacity(document.count(of: map))
            for (key, value) in document.members(of: map) {
                all.append(Tag(key: key, value: value, sketch: NameSketch(document.utf8(key))))
            }
        }

        func isOf(_ place: JSONValue) -> Bool {
            map?.isSamePlace(as: place) == true
        }
    }

    /// Reads the tags at the first place that has some.
    mutating func readTags() {
        for place in facets.places where place.facet == .tags {
            guard let map = place.value, map.isObject else { continue }
            tags = Tags(map, in: document)
            return
        }
    }
}

// MARK: Judging

extension TagRule {
    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .tags {
            let place = places[index]
            switch place.state {
            case .known:
                guard let map = place.value else { continue }
                guard map.isObject else {
                    report.add(
                        rule.origin,
                        .invalid,
                        at: .occurrence(place),
                        map,
                        of: subject,
                        .text(message: "is not an object of tags", mend: "write an object of names and strings")
                    )
                    continue
                }
                try report.meter.spend(1 + subject.document.count(of: map) * (required.count + forbidden.count))
                if subject.tags.isOf(map) {
                    check(subject.tags, place, subject, rule, &report)
                } else {
                    check(Subject.Tags(map, in: subject.document), place, subject, rule, &report)
                }
            case .absent where rule.deniesAbsence(byDefault: true):
                for tag in required { report.add(missing: tag, at: place, of: subject, rule) }
            case .unknown where rule.deniesUnknown(byDefault: !required.isEmpty):
                report.addUnknown(rule.origin, place, of: subject, allowed: "")
            case .absent, .unknown: continue
            }
        }
    }

    private func check(
        _ tags: borrowing Subject.Tags,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        for index in required.indices { required[index].check(tags.all.span, place, subject, rule, &report) }
        if !forbidden.isEmpty { checkForbidden(tags.all.span, place, subject, rule, &report) }
    }

    private func checkForbidden(
        _ tags: Span<Subject.Tags.Tag>,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        for index in tags.indices {
            let tag = tags[index]
            for pattern in forbidden.indices where forbidden[pattern].matches(tag, in: subject.document) {
                report.add(
                    rule.origin,
                    .forbidden,
                    at: .member(place, key: tag.key),
                    tag.value,
                    of: subject,
                    .unwanted("the tag is forbidden")
                )
                break
            }
        }
    }
}

/// A rule about tags that compares some with the namespace.
private final class InheritingTagRule: CircumstantialTest {
    private let tags: TagRule

    init(tags: TagRule) {
        self.tags = tags
    }

    var demand: PolicySet.Demand { PolicySet.Demand(facets: FacetSet(.tags), parts: PartSet(.map)) }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try tags.check(subject, rule, &report)
        let namespace = circumstances.namespaces.object(of: circumstances.request)
        // What lies in no namespace has nothing to inherit.
        if case .none = namespace { return }
        let name = circumstances.request.document.string(circumstances.request.namespace) ?? ""
        for place in subject.facets.places where place.facet == .tags {
            // What is no object has been reported above.
            if place.state == .unknown { continue }
            if let map = place.value, !map.isObject { continue }
            let count = place.value.map { subject.document.count(of: $0) } ?? 0
            try report.meter.spend(1 + count * tags.inherited.count)
            for tag in tags.inherited {
                switch tag.source.value(in: namespace) {
                case .known(let text): check(tag, is: text, place, subject, rule, &report)
                case .absent:
                    addUnknown(tag, "namespace \(name) has no such \(tag.source.kind)", place, subject, rule, &report)
                case .unknown:
                    addUnknown(
                        tag,
                        "the manifest of namespace \(name) is not in the policy folder",
                        place,
                        subject,
                        rule,
                        &report
                    )
                }
            }
        }
    }

    /// All spellings must be right: which of them Azure takes is its secret.
    private func check(
        _ tag: (name: String, key: NamePattern, source: NamespaceField),
        is wanted: String,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        var isThere = false
        if let map = place.value {
            for (key, value) in document.members(of: map)
            where (!value.isNull || value.isUnknown) && tag.key.matches(document.utf8(key)) {
                isThere = true
                if let reason = document.reason(ofUnknown: value) {
                    guard rule.deniesUnknown(byDefault: true) else { continue }
                    report.add(unknown: key, reason, at: place, of: subject, allowed: wanted, rule)
                    continue
                }
                if document.equals(value, wanted) { continue }
                report.add(
                    rule.origin,
                    .notSupported,
                    at: .member(place, key: key),
                    value,
                    of: subject,
                    allowed: wanted,
                    .refused(", which is not the \(tag.source)", mend: "set it to \(wanted.singleLine)")
                )
            }
        }
        if !isThere, rule.deniesAbsence(byDefault: true) {
            report.add(
                rule.origin,
                .required,
                at: .missing(place, tag.name),
                nil,
                of: subject,
                allowed: wanted,
                .text(message: "is missing", mend: "add the tag \(tag.name) with the value \(wanted.singleLine)")
            )
        }
    }

    private func addUnknown(
        _ tag: (name: String, key: NamePattern, source: NamespaceField),
        _ why: String,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        guard rule.deniesUnknown(byDefault: true) else { return }
        report.add(
            rule.origin,
            .unknown,
            at: .missing(place, tag.name),
            nil,
            of: subject,
            .text(
                message: "must be the \(tag.source), and \(why)".singleLine,
                mend: "ask the platform team to label the namespace"
            )
        )
    }
}

extension TagRule.Required {
    /// All spellings of a name are looked at: two that differ in case are one tag to Azure, and which wins is its secret.
    fileprivate func check(
        _ tags: Span<Subject.Tags.Tag>,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        var isThere = false
        for index in tags.indices where key.matches(tags[index], in: document) {
            let (key, value) = (tags[index].key, tags[index].value)
            if let reason = document.reason(ofUnknown: value) {
                isThere = true
                guard rule.deniesUnknown(byDefault: true) else { continue }
                report.add(unknown: key, reason, at: place, of: subject, allowed: allowed, rule)
                continue
            }
            guard !value.isNull, !(value.isString && document.utf8(value).isEmpty) else { continue }
            isThere = true
            if accepts(value, in: document) { continue }
            let place = Failure.Place.member(place, key: key)
            if let pattern, values.indices.isEmpty {
                report.add(rule.origin, .invalid, at: place, value, of: subject, .mismatch(pattern.text))
            } else {
                report.add(rule.origin, .notSupported, at: place, value, of: subject, allowed: allowed, .notAllowed)
            }
        }
        if !isThere, rule.deniesAbsence(byDefault: true) {
            report.add(missing: self, at: place, of: subject, rule)
        }
    }

    private func accepts(_ value: JSONValue, in document: JSONDocument) -> Bool {
        guard value.isString else { return false }
        if let pattern, !pattern.matches(document.utf8(value)) { return false }
        return values.indices.isEmpty || values.contains(document.utf8(value))
    }
}

extension Report {
    fileprivate mutating func add(
        unknown tag: JSONValue,
        _ reason: String,
        at place: Occurrence,
        of subject: borrowing Subject,
        allowed: String,
        _ rule: Rule
    ) {
        add(
            rule.origin,
            .unknown,
            at: .member(place, key: tag),
            nil,
            of: subject,
            allowed: allowed,
            .unknown(reason.singleLine)
        )
    }

    fileprivate mutating func add(
        missing tag: TagRule.Required,
        at place: Occurrence,
        of subject: borrowing Subject,
        _ rule: Rule
    ) {
        add(
            rule.origin,
            .required,
            at: .missing(place, tag.name),
            nil,
            of: subject,
            allowed: tag.allowed,
            tag.missing
        )
    }
}

extension Node {
    /// A tag's name as Azure takes it: at most 512 characters, none of `<>%&\?/` and control characters.
    func tagName(_ name: String) -> NamePattern? {
        let isValid =
            !name.isEmpty && name.utf16.count <= 512
            && !name.unicodeScalars.contains { "<>%&\\?/*".unicodeScalars.contains($0) || $0.value < 0x20 }
        guard isValid else {
            error("is no tag's name", mend: "use at most 512 characters without < > % & \\ ? / *")
            return nil
        }
        return NamePattern(name)
    }

    func textPattern() -> TextPattern? {
        guard let text = string() else { return nil }
        do throws(RegularExpressionError) {
            return try TextPattern(text)
        } catch {
            self.error(error.description, mend: "write a pattern in RE2's syntax")
            return nil
        }
    }
}
