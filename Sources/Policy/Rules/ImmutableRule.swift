internal import Azure
internal import JSON
internal import Kubernetes

/// What an UPDATE may not change.
///
/// Elements of lists are the same if their keys are, wherever they stand; those that come and go are no change of the others.
final class ImmutableRule: CircumstantialTest {
    let fields: [FieldPattern]
    let facets: FacetSet
    /// Whether what had no value may be given one.
    let allowsAddition: Bool

    var demand: PolicySet.Demand { PolicySet.Demand() }
    var operations: OperationSet? { .update }
    var ratchets: Bool { false }

    init?(_ node: Node) {
        guard let fields = node.fields(["fields", "facets", "addition"]) else { return nil }
        self.fields = fields["fields"]?.elements().compactMap { Self.field($0) } ?? []
        var facets: FacetSet = []
        for entry in fields["facets"]?.elements() ?? [] {
            guard let facet = entry.keyword(Facet.self) else { continue }
            facets.formUnion(FacetSet(facet))
        }
        self.facets = facets
        allowsAddition = fields["addition"]?.keyword(Verdict.self) == .allow
        if fields["fields"] == nil && fields["facets"] == nil {
            node.error("says nothing", mend: "add fields, such as spec.location, or facets, such as location")
        }
    }

    private static func field(_ node: Node) -> FieldPattern? {
        guard let field = node.fieldPattern() else { return nil }
        guard field.names.first == "spec" || field.names.first == "metadata" else {
            node.error(
                "\(field): only fields of spec and metadata can be held fast",
                mend: "begin with spec. or metadata."
            )
            return nil
        }
        guard case .member = field.steps.last else {
            node.error("\(field) is a list's element", mend: "name the list itself, or a field of its elements")
            return nil
        }
        return field
    }
}

// MARK: Judging

extension ImmutableRule {
    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        guard circumstances.request.operation == .update, let old = circumstances.request.oldObject else { return }
        let before = JSONFragment(circumstances.request.document, old)
        for field in fields { try check(field, subject, before, rule, &report) }
        guard !facets.isEmpty else { return }
        let (values, oldValues) = try (
            facetValues(of: JSONFragment(subject.document, subject.object), subject, &report),
            facetValues(of: before, subject, &report)
        )
        for (path, old) in oldValues.sorted(by: { $0.value.order < $1.value.order }) {
            compare(values[path], old, subject, rule, &report)
        }
        guard !allowsAddition else { return }
        for (path, new) in values.sorted(by: { $0.value.order < $1.value.order }) where oldValues[path] == nil {
            // What lies in an element that is new is no addition; an element that is a value is one.
            guard !new.path.liesInElement else { continue }
            deny(new.path, new.value, was: nil, subject, rule, &report)
        }
    }

    private func check(
        _ field: FieldPattern,
        _ subject: borrowing Subject,
        _ before: JSONFragment,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let object = JSONFragment(subject.document, subject.object)
        let places: [FieldPattern.Place]
        do throws(FieldPattern.Fault) {
            places = try field.places(in: object, before: before, isStrict: false)
        } catch {
            throw error.evaluationError(field)
        }
        try report.meter.spend(1 + places.count)
        for place in places {
            switch (place.value, place.old) {
            case (nil, nil): continue
            case (let new?, let old?):
                if isEqual(new, in: subject.document, old, in: before.document) { continue }
                deny(place.path, new, was: JSONFragment(before.document, old), subject, rule, &report)
            case (nil, let old?):
                deny(place.path, nil, was: JSONFragment(before.document, old), subject, rule, &report)
            case (let new?, nil):
                // Beside an element that was not there before, there is nothing that would have changed.
                if allowsAddition || !field.isSingle { continue }
                deny(place.path, new, was: nil, subject, rule, &report)
            }
        }
    }

    // MARK: Facets

    private struct FacetValue {
        let order: Int
        let path: FieldPath
        let facet: Facet
        let document: JSONDocument
        /// The value, or the field that stands in its place.
        let value: JSONValue
        let isUnknown: Bool
    }

    /// The values of the facets, by paths that do not change when a list is reordered.
    private func facetValues(
        of object: JSONFragment,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) throws(EvaluationError) -> [[StableStep]: FacetValue] {
        let (document, kind) = (object.document, subject.kind)
        var found: [Occurrence] = []
        try kind.forEachOccurrence(of: facets, in: document, of: object.value) { (place) throws(EvaluationError) in
            guard place.state != .absent else { return }
            guard found.count < FieldPattern.maximumElements else { throw .tooManyPlaces }
            found.append(place)
        }
        try report.meter.spend(8 * found.count)
        var result: [[StableStep]: FacetValue] = [:]
        for (order, place) in found.enumerated() {
            // A list that is kept beside its elements: they say what is in it, in whatever order.
            if let list = place.value, list.isArray,
                document.count(of: list) == 0 || found.contains(where: { $0.container.isSamePlace(as: list) })
            {
                continue
            }
            let path = kind.path(of: place, in: document, of: object.value)
            var value = place.value
            if place.state == .unknown, let source = kind.reason(of: place, in: document, of: object.value) {
                value = object.value(at: source)
            }
            guard let value else { continue }
            result[object.stable(path)] = FacetValue(
                order: order,
                path: path,
                facet: place.facet,
                document: document,
                value: value,
                isUnknown: place.state == .unknown
            )
        }
        return result
    }

    private func compare(
        _ new: FacetValue?,
        _ old: FacetValue,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let was = JSONFragment(old.document, old.value)
        guard let new else {
            // An element of a list that is gone took its value with it.
            guard !old.path.liesInElement else { return }
            return deny(old.path, nil, was: was, subject, rule, &report)
        }
        if new.isUnknown == old.isUnknown, Self.isSame(new, old, subject) { return }
        if new.isUnknown {
            guard rule.deniesUnknown(byDefault: true) else { return }
            return deny(new.path, nil, was: was, subject, rule, &report)
        }
        deny(new.path, new.value, was: was, subject, rule, &report)
    }

    /// Whether Azure takes two values for one.
    private static func isSame(_ new: FacetValue, _ old: FacetValue, _ subject: borrowing Subject) -> Bool {
        if isEqual(new.value, in: new.document, old.value, in: old.document) { return true }
        guard new.facet != .tags, let text = new.document.string(new.value), let before = old.document.string(old.value)
        else { return false }
        if new.facet == .location {
            return Region.normalise(text) == Region.normalise(before)
        }
        return text.lowercased() == before.lowercased()
    }

    // MARK: Report

    private func deny(
        _ path: FieldPath,
        _ value: JSONValue?,
        was old: JSONFragment?,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let shown = old.flatMap { Self.shown($0, at: path, subject) }
        let (why, mend): (String, String)
        switch (value, old) {
        case (_, nil): (why, mend) = (", was not set before and may not be added", "remove it")
        case (nil, _):
            (why, mend) = (", and may not be taken away", shown.map { "set it back to \($0)" } ?? "set it back")
        default:
            why = shown.map { ", was \"\($0)\" and may not change" } ?? ", which is not what it was, and may not change"
            mend =
                shown.map { "set it back to \($0), or make another resource" }
                ?? "set it back, or make another resource"
        }
        report.add(rule.origin, .forbidden, at: .path(path), value, of: subject, .refused(why, mend: mend))
    }

    /// An old value as it may be shown; nil for a secret's, and for what is no line.
    private static func shown(_ old: JSONFragment, at path: FieldPath, _ subject: borrowing Subject) -> String? {
        let isSecret = path.steps.contains { step in
            if case .member(let name) = step { name.utf8Span.span.namesSecret } else { false }
        }
        guard !isSecret || old.value.kind == .bool, !subject.isSecret, !old.value.isObject, !old.value.isArray else {
            return nil
        }
        let text = old.document.string(old.value) ?? String(old.document.lexeme(old.value))
        return text.singleLine.shortened(to: FailureText.maximumValueBytes)
    }
}

extension FieldPath {
    /// Whether it leads to a field of a list's element, and not to an element that is a value itself.
    fileprivate var liesInElement: Bool {
        steps.dropLast().contains { if case .element = $0 { true } else { false } }
    }
}
