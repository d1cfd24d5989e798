internal import Azure
internal import JSON

extension FacetTrace {
    /// The values of a subject that a rule asks for.
    static func all(of rule: Rule, _ subject: borrowing Subject, _ secrets: SecretValues) -> [FacetTrace] {
        var result: [FacetTrace] = []
        let object = Failure.Object(subject)
        for place in subject.facets.places where rule.asks(for: place) {
            guard result.count < RuleTrace.maximumPlaces else { break }
            if place.facet == .tags, let map = place.value, map.isObject {
                for (key, value) in subject.document.members(of: map).prefix(RuleTrace.maximumPlaces - result.count) {
                    let shown = ShownValue(.member(place, key: key), value, of: object)
                    result.append(FacetTrace(place.facet, nil, .known, shown, secrets.hidden(shown.value)))
                }
                continue
            }
            let shown = ShownValue(.occurrence(place), place.value, of: object)
            let text: String? =
                switch place.state {
                case .known: secrets.hidden(shown.value)
                case .absent: subject.providerDefault(at: place)?.text
                case .unknown:
                    subject.kind.why(place, in: subject.document, of: subject.object)?.singleLine
                        .shortened(to: FailureText.maximumPathBytes)
                }
            result.append(FacetTrace(place.facet, place.part, place.state, shown, text))
        }
        return result
    }

    private init(
        _ facet: Facet,
        _ part: Facet.Part?,
        _ state: Occurrence.State,
        _ shown: ShownValue,
        _ text: String?
    ) {
        self.init(facet: facet, part: part, path: shown.fieldPath, shownPath: shown.path, state: state, text: text)
    }
}

extension Subject {
    /// What the provider takes for a place that is absent; nil if the tables do not know.
    fileprivate func providerDefault(at place: Occurrence) -> ProviderDefault? {
        tables.defaultValue(of: place, of: kind, in: document, of: object)
    }
}

/// A value of an object as failures show it: short, on one line, and nothing of what should be secret.
struct ShownValue {
    private let failure: Failure

    private static let origin = Failure.Origin(source: .builtIn, policy: "", rule: "", effect: .audit)

    init(_ place: Failure.Place, _ value: JSONValue?, of object: Failure.Object) {
        failure = Failure(
            origin: Self.origin,
            place: place,
            found: value,
            shown: nil,
            object: object,
            explanation: .absent,
            effect: .audit,
            reason: .invalid,
            allowed: ""
        )
    }

    var path: String { failure.path }
    var fieldPath: FieldPath { failure.fieldPath }
    /// The value; nil if there is none.
    var value: String? { failure.value }
}

// MARK: Mutations

extension MutationTrace.Change {
    /// What is another in one object than in another, field by field.
    static func all(
        from before: JSONFragment,
        to after: JSONFragment,
        isSecret: Bool
    ) -> [MutationTrace.Change] {
        let old = Failure.Object(before, isSecret: isSecret)
        let new = Failure.Object(after, isSecret: isSecret)
        var changes: [MutationTrace.Change] = []
        for operation in JSONPatch.difference(from: before, to: after).operations {
            let pointer: JSONPointer
            switch operation {
            case .add(let path, _), .remove(let path), .replace(let path, _): pointer = path
            case .move, .copy, .test: continue
            }
            let path = before.path(of: pointer)
            add(path, path.found(in: before), path.found(in: after), (old, new), &changes)
        }
        return changes
    }

    /// Adds the fields of a value that is new, gone or another.
    private static func add(
        _ path: FieldPath,
        _ before: JSONValue?,
        _ after: JSONValue?,
        _ objects: (old: Failure.Object, new: Failure.Object),
        _ changes: inout [MutationTrace.Change]
    ) {
        guard changes.count < MutationTrace.maximumChanges else { return }
        let document = objects.new.document
        if before == nil || before?.isObject == true, let after, after.isObject, document.count(of: after) > 0,
            path.steps.count < 32
        {
            for (key, value) in document.members(of: after) {
                let member = path.appending(document.string(key) ?? "")
                let old = before.flatMap { objects.old.document.member(document.utf8(key), of: $0) }
                add(member, old, value, objects, &changes)
            }
            return
        }
        let shown = ShownValue(.path(path), after ?? before, of: after == nil ? objects.old : objects.new)
        changes.append(
            MutationTrace.Change(
                path: shown.path,
                before: before.flatMap { ShownValue(.path(path), $0, of: objects.old).value },
                after: after.flatMap { ShownValue(.path(path), $0, of: objects.new).value }
            )
        )
    }
}

extension Failure.Object {
    /// An object whose fields are named by their paths.
    fileprivate convenience init(_ object: JSONFragment, isSecret: Bool) {
        self.init(object, kind: AzureTables.embedded.general, isSecret: isSecret)
    }
}

extension FieldPath {
    fileprivate func found(in object: JSONFragment) -> JSONValue? { value(in: object.document, of: object.value) }
}

extension JSONFragment {
    /// A pointer's path: what is a number in it is an element only where there is a list.
    fileprivate func path(of pointer: JSONPointer) -> FieldPath {
        var current: JSONValue? = value
        var steps: [FieldPath.Step] = []
        for token in pointer.tokens {
            if let list = current, list.isArray {
                let index = Int(token) ?? document.count(of: list)
                steps.append(.element(index))
                current = document.element(index, of: list)
            } else {
                steps.append(.member(token))
                current = current.flatMap { document.member(token, of: $0) }
            }
        }
        return FieldPath(steps)
    }
}
