internal import Azure
internal import JSON
internal import Kubernetes

/// What mutations make of an object, gathered before any of it becomes a patch.
///
/// Each mutation sees what those before it have decided, so that the patch is the difference to the object and nothing else:
/// mutating what was mutated gives none. What has no value is given the one that it had before an UPDATE, if there was one:
/// a default that has changed since must not move what exists.
struct MutationPlan {
    let subject: Subject
    /// The object before an UPDATE.
    let old: JSONFragment?
    private var tags = Tags.unread
    /// Fields other than tags, none of which lies in another: what they are to be, nil for those that go.
    private var fields: [(path: FieldPath, value: JSONFragment?)] = []

    private static let location = FieldPath(["spec", "location"])
    private static let azureName = FieldPath(["spec", "azureName"])
    private static let credential = FieldPath([
        .member("metadata"), .member("annotations"), .member("serviceoperator.azure.com/credential-from"),
    ])

    /// The map of tags as far as it has been looked at.
    private enum Tags {
        case unread
        /// The kind keeps no tags, or its place cannot be written.
        case none
        /// The place, the object that is there, and what is to be in it.
        case found(FieldPath, JSONValue?, changes: [(name: String, value: String)])
    }

    init(_ subject: Subject, old: JSONFragment?) {
        self.subject = subject
        self.old = old
    }

    private var object: JSONFragment { JSONFragment(subject.document, subject.object) }

    // MARK: Order

    /// Whether a mutation may touch what is decided already, so that this has to be carried out first.
    mutating func mayTouchDecided(_ change: Mutation.Change) throws(EvaluationError) -> Bool {
        switch change {
        case .tags, .inheritedTags, .removedTags:
            guard !fields.isEmpty || change.removesTags else { return false }
            try readTags()
            guard case .found(let path, _, let changes) = tags else { return false }
            return fields.contains { $0.path.overlaps(path) } || (change.removesTags && !changes.isEmpty)
        case .fields(let all, _): return all.contains { mayTouchDecided($0.field) }
        case .removal(let all): return all.contains { mayTouchDecided($0) }
        case .location, .locationOfNamespace: return isDecided(Self.location)
        case .azureName: return isDecided(Self.azureName)
        case .credential: return isDecided(Self.credential)
        case .downgrade, .expression: return !fields.isEmpty
        }
    }

    /// Whether a mutation looks for what another may make: a list's elements, a SKU, something to take away, a place for tags.
    func looksForMore(_ change: Mutation.Change) -> Bool {
        switch change {
        case .fields(let all, _): all.contains { !$0.field.isSingle }
        case .removal, .removedTags, .downgrade: true
        case .tags, .inheritedTags:
            if case .none = tags { true } else { false }
        case .location, .locationOfNamespace, .credential, .azureName, .expression: false
        }
    }

    private func mayTouchDecided(_ field: FieldPattern) -> Bool {
        if case .found(let path, _, let changes) = tags, !changes.isEmpty, field.overlaps(path) { return true }
        return fields.contains { change in
            // An element that goes moves those behind it.
            guard change.value == nil, case .element = change.path.steps.last else {
                return field.overlaps(change.path)
            }
            return field.overlaps(FieldPath(Array(change.path.steps.dropLast())))
        }
    }

    private func isDecided(_ path: FieldPath) -> Bool {
        fields.contains { $0.path.overlaps(path) }
    }

    // MARK: Deciding

    /// Takes over what a mutation says; an expression's change and a downgrade are not the plan's to make.
    ///
    /// - Returns: Whether that decides anything.
    mutating func apply(
        _ change: Mutation.Change,
        in namespace: NamespaceObjects.Object,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        switch change {
        case .tags(let all, let overwrites):
            var changed = false
            for tag in all {
                let value = { () throws(EvaluationError) in try tag.value.text(expressions) }
                if try setTag(tag.name, tag.key, value, overwrites: overwrites) { changed = true }
            }
            return changed
        case .inheritedTags(let all):
            var changed = false
            for tag in all {
                guard let text = try Self.text(tag.source, in: namespace) else { continue }
                let value = { () throws(EvaluationError) in text }
                if try setTag(tag.name, tag.key, value, overwrites: true) { changed = true }
            }
            return changed
        case .removedTags(let patterns): return try removeTags(patterns)
        case .location(let value):
            guard lacksLocation else { return false }
            return try setDefault(Self.location) { () throws(EvaluationError) in try value.text(expressions) }
        case .locationOfNamespace(let source):
            guard lacksLocation, let text = try Self.text(source, in: namespace) else { return false }
            return try setDefault(Self.location) { () throws(EvaluationError) in text }
        case .credential(let value):
            guard subject.isAzure else { return false }
            return try setDefault(Self.credential) { () throws(EvaluationError) in try value.text(expressions) }
        case .azureName(let value): return try setAzureName(value, expressions)
        case .fields(let all, let overwrites):
            var changed = false
            for (field, value) in all where try set(field, value, overwrites: overwrites, expressions) {
                changed = true
            }
            return changed
        case .removal(let patterns):
            var changed = false
            for pattern in patterns where try remove(pattern) { changed = true }
            return changed
        case .downgrade, .expression: return false
        }
    }

    /// What a namespace says; nil if it says nothing.
    private static func text(
        _ source: NamespaceField,
        in namespace: NamespaceObjects.Object
    ) throws(EvaluationError) -> String? {
        switch source.value(in: namespace) {
        case .known(let text): return text
        case .absent: return nil
        case .unknown:
            throw .expression("the \(source) is not known; add its Namespace manifest to the policy folder")
        }
    }

    // MARK: Tags

    private mutating func setTag(
        _ name: String,
        _ key: NamePattern,
        _ value: () throws(EvaluationError) -> String,
        overwrites: Bool
    ) throws(EvaluationError) -> Bool {
        try readTags()
        guard case .found(let path, let object, var changes) = tags else { return false }
        if let index = changes.firstIndex(where: { key.matches($0.name) }) {
            guard overwrites else { return false }
            let value = try Self.tagValue(value)
            guard changes[index].value != value else { return false }
            changes[index].value = value
            tags = .found(path, object, changes: changes)
            return true
        }
        var spelling = name
        var text: String?
        if let object {
            for (existing, current) in subject.document.members(of: object)
            where key.matches(subject.document.utf8(existing)) {
                guard !current.isNull else { continue }
                guard overwrites else { return false }
                if text == nil { text = try Self.tagValue(value) }
                guard let text, !subject.document.equals(current, text) else { return false }
                spelling = subject.document.string(existing) ?? name
            }
        }
        if !overwrites, let before = oldTag(key, at: path) { (spelling, text) = before }
        if text == nil { text = try Self.tagValue(value) }
        changes.append((spelling, text ?? ""))
        tags = .found(path, object, changes: changes)
        return true
    }

    private static func tagValue(_ value: () throws(EvaluationError) -> String) throws(EvaluationError) -> String {
        let text = try value()
        guard text.utf16.count <= Mutation.maximumTagCharacters else {
            throw .expression("the value of a tag has \(text.utf16.count) characters, and Azure takes 256")
        }
        return text
    }

    /// A tag as it was before the UPDATE.
    private func oldTag(_ key: NamePattern, at path: FieldPath) -> (String, String)? {
        guard let old, let map = old.value(at: path), map.isObject else { return nil }
        for (name, value) in old.document.members(of: map) where key.matches(old.document.utf8(name)) {
            if let name = old.document.string(name), let text = old.document.string(value) { return (name, text) }
        }
        return nil
    }

    private mutating func removeTags(_ patterns: [NamePattern]) throws(EvaluationError) -> Bool {
        try readTags()
        guard case .found(let path, let object?, _) = tags else { return false }
        var changed = false
        for (name, _) in subject.document.members(of: object)
        where patterns.contains(where: { $0.matches(subject.document.utf8(name)) }) {
            fields.append((path.appending(subject.document.string(name) ?? ""), nil))
            changed = true
        }
        return changed
    }

    private mutating func readTags() throws(EvaluationError) {
        guard case .unread = tags else { return }
        var result = Tags.none
        let (document, object) = (subject.document, subject.object)
        try subject.kind.forEachOccurrence(of: .tags, in: document, of: object) { (place) throws(EvaluationError) in
            guard case .none = result else { return }
            switch place.state {
            case .unknown: return
            case .absent: result = .found(subject.path(of: place), nil, changes: [])
            case .known:
                guard let value = place.value, value.isObject else {
                    throw .malformed(path: subject.path(of: place).description, expected: "an object of tags")
                }
                result = .found(subject.path(of: place), value, changes: [])
            }
        }
        tags = result
    }

    // MARK: Single fields

    /// Whether the kind has `spec.location` and the object does not say it, nor takes it from elsewhere.
    private var lacksLocation: Bool {
        var lacks = false
        subject.kind.forEachOccurrence(of: .location, in: subject.document, of: subject.object) { place in
            guard place.state == .absent, !lacks else { return }
            lacks = subject.path(of: place) == Self.location
        }
        return lacks
    }

    /// The kinds whose names Azure Service Operator makes of their contents.
    private static let namedByContents = ["RoleAssignment", "SqlRoleAssignment", "RoleDefinition"]

    private mutating func setAzureName(
        _ value: MutationValue,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        guard subject.kind.azureName == .spec, !subject.kind.isGeneral,
            !Self.namedByContents.contains(subject.kind.kind), !isDecided(Self.azureName)
        else { return false }
        let name = ObjectMeta(of: subject.object, in: subject.document).name
        switch subject.azureName {
        case .none, .unknown: return false
        case .known(let current, .azureName):
            // Where Azure Service Operator's own webhook comes first, it has filled in the object's name.
            guard let name, isEqual(current, in: subject.document, name, in: subject.document) else { return false }
        case .known: break
        }
        if let old {
            // A name in Azure is never given later, and never lost.
            guard let before = old.value(at: Self.azureName) else { return false }
            if case .known(let current, .azureName) = subject.azureName,
                isEqual(current, in: subject.document, before, in: old.document)
            {
                return false
            }
            fields.append((Self.azureName, JSONFragment(old.document, before)))
            return true
        }
        let text = try value.text(expressions)
        if let name, subject.document.equals(name, text), subject.azureName.isStated { return false }
        fields.append((Self.azureName, JSONFragment(string: text)))
        return true
    }

    /// Gives a field a text, unless it has a value.
    private mutating func setDefault(
        _ path: FieldPath,
        _ text: () throws(EvaluationError) -> String
    ) throws(EvaluationError) -> Bool {
        guard !isDecided(path) else { return false }
        var value: JSONValue? = subject.object
        for (index, step) in path.steps.enumerated() {
            guard let container = value, case .member(let name) = step else { break }
            guard container.isObject else {
                throw .malformed(path: FieldPath(Array(path.steps.prefix(index))).description, expected: "an object")
            }
            value = subject.document.present(name, of: container)
        }
        guard value == nil else { return false }
        if let old, let before = old.value(at: path) {
            fields.append((path, JSONFragment(old.document, before)))
        } else {
            fields.append((path, JSONFragment(string: try text())))
        }
        return true
    }

    // MARK: Fields by their paths

    private func places(_ field: FieldPattern, isStrict: Bool) throws(EvaluationError) -> [FieldPattern.Place] {
        do throws(FieldPattern.Fault) {
            return try field.places(in: object, before: old, isStrict: isStrict)
        } catch {
            throw error.evaluationError(field)
        }
    }

    private mutating func set(
        _ field: FieldPattern,
        _ value: FieldValue,
        overwrites: Bool,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        var wanted: JSONFragment?
        var changed = false
        for place in try places(field, isStrict: true) {
            if place.value != nil && !overwrites { continue }
            // What a ConfigMap says is not absent, and both at once are refused.
            if case .member(let name)? = field.steps.last, let container = place.container,
                subject.document.present(name + "FromConfig", of: container) != nil
            {
                continue
            }
            if !overwrites, let old, let before = place.old {
                fields.append((place.path, JSONFragment(old.document, before)))
                changed = true
                continue
            }
            if wanted == nil { wanted = try value.fragment(expressions) }
            guard let value = wanted else { continue }
            if let current = place.value, isEqual(current, in: subject.document, value.value, in: value.document) {
                continue
            }
            fields.append((place.path, value))
            changed = true
        }
        return changed
    }

    private mutating func remove(_ field: FieldPattern) throws(EvaluationError) -> Bool {
        var changed = false
        for place in try places(field, isStrict: false)
        where place.value != nil && !fields.contains(where: { $0.path == place.path }) {
            fields.append((place.path, nil))
            changed = true
        }
        return changed
    }

    /// Gives a field that the object has another value.
    mutating func replace(_ path: FieldPath, with value: JSONFragment) {
        fields.append((path, value))
    }

    // MARK: Patch

    /// The operations that make the object what the plan says; nil if it is so already.
    var patch: JSONPatch? {
        var operations: [JSONPatchOperation] = []
        var made: Set<FieldPath> = []
        // Metadata comes first, as people read objects.
        let isMetadata = { (path: FieldPath) in path.steps.first == .member("metadata") }
        for field in fields.filter({ isMetadata($0.path) }) + fields.filter({ !isMetadata($0.path) }) {
            guard let value = field.value else { continue }
            if object.value(at: field.path) != nil {
                operations.append(.replace(field.path.pointer, value))
            } else if let map = field.path.mapOfMetadata, object.value(at: map) == nil {
                guard made.insert(map).inserted else { continue }
                let members = fields.filter { $0.path.mapOfMetadata == map }
                operations += subject.adding(
                    map,
                    JSONFragment(members: members.map { ($0.path.lastName, $0.value) }),
                    &made
                )
            } else {
                operations += subject.adding(field.path, value, &made)
            }
        }
        if case .found(let path, let object, let changes) = tags, !changes.isEmpty {
            let changes = changes.map { (name: $0.name, value: $0.value, json: JSONFragment(string: $0.value)) }
            if let object {
                for change in changes {
                    let pointer = path.appending(change.name).pointer
                    guard let current = subject.document.member(change.name, of: object) else {
                        operations.append(.add(pointer, change.json))
                        continue
                    }
                    // One mutation may have undone what another did.
                    if subject.document.equals(current, change.value) { continue }
                    operations.append(.replace(pointer, change.json))
                }
            } else {
                let map = JSONFragment(members: changes.map { ($0.name, $0.json) })
                operations += subject.adding(path, map, &made)
            }
        }
        // The last of a list first, so that those before it keep their places.
        let removals = fields.filter { $0.value == nil }.map(\.path)
        for path in removals.sorted(by: { $1.precedes($0) }) { operations.append(.remove(path.pointer)) }
        return operations.isEmpty ? nil : JSONPatch(operations)
    }
}

// MARK: Why not

extension MutationPlan {
    /// Why a mutation that decided nothing did not, in words: for people who expected something.
    mutating func whyNothing(_ change: Mutation.Change, _ namespace: NamespaceObjects.Object) -> String {
        switch change {
        case .tags(_, let overwrites):
            return tagsReason ?? (overwrites ? "the tags have these values" : "the tags are set")
        case .inheritedTags(let all):
            if let tagsReason { return tagsReason }
            let missing = all.filter { (try? Self.text($0.source, in: namespace)) == nil }
            return missing.isEmpty
                ? "the tags have these values" : "there is no \(missing.map { "\($0.source)" }.joinedForChoice())"
        case .removedTags: return tagsReason ?? "there are no such tags"
        case .location: return locationReason
        case .locationOfNamespace(let source):
            return lacksLocation ? "there is no \(source)" : locationReason
        case .credential: return subject.isAzure ? "a credential is named" : "the kind takes no credential"
        case .azureName:
            return subject.kind.azureName == .spec && !subject.kind.isGeneral
                ? "the object has a name in Azure" : "the kind has no spec.azureName"
        case .fields(let all, let overwrites):
            let isThere = all.contains { (try? places($0.field, isStrict: true).isEmpty) == false }
            return !isThere
                ? "the object has no place for it"
                : overwrites ? "the fields have these values" : "the fields are set"
        case .removal: return "there are no such fields"
        case .downgrade: return "no SKU is too large"
        case .expression: return "the expression changes nothing"
        }
    }

    private var tagsReason: String? {
        mutating get {
            guard (try? readTags()) != nil, case .none = tags else { return nil }
            return "the kind has no tags, or they are not known"
        }
    }

    private var locationReason: String {
        subject.kind.facets.contains(.location) ? "the location is set" : "the kind has no location"
    }
}

extension Mutation.Change {
    fileprivate var removesTags: Bool {
        if case .removedTags = self { true } else { false }
    }
}

extension AzureName {
    /// Whether `spec.azureName` says it.
    fileprivate var isStated: Bool {
        if case .known(_, .azureName) = self { true } else { false }
    }
}

extension JSONFragment {
    fileprivate init(members: [(name: String, value: JSONFragment?)]) {
        self.init { writer in
            writer.beginObject()
            for case (let name, let value?) in members {
                writer.key(name)
                writer.copy(value)
            }
            writer.endObject()
        }
    }
}

extension FieldPath {
    /// Labels or annotations, if it is one of them.
    fileprivate var mapOfMetadata: FieldPath? {
        guard steps.count == 3, steps[0] == .member("metadata") else { return nil }
        return FieldPath(Array(steps.prefix(2)))
    }

    fileprivate var lastName: String {
        if case .member(let name)? = steps.last { name } else { "" }
    }

    /// The order of removals: by the places in lists, which are the only ones that move.
    fileprivate func precedes(_ other: FieldPath) -> Bool {
        for (first, second) in zip(steps, other.steps) {
            switch (first, second) {
            case (.element(let first), .element(let second)) where first != second: return first < second
            case (.member(let first), .member(let second)) where first != second: return first < second
            default: continue
            }
        }
        return steps.count < other.steps.count
    }
}

extension JSONFragment {
    /// What stands at a place to which only members lead; never `null`.
    func value(at path: FieldPath) -> JSONValue? {
        var current = value
        for step in path.steps {
            let next: JSONValue?
            switch step {
            case .member(let name): next = document.present(name, of: current)
            case .element(let index): next = document.element(index, of: current)
            }
            guard let next, !next.isNull || next.isUnknown else { return nil }
            current = next
        }
        return current
    }
}

extension Subject {
    /// The operations that put a value at a path, and before it the objects on the way that are missing.
    fileprivate func adding(
        _ path: FieldPath,
        _ value: JSONFragment,
        _ made: inout Set<FieldPath>
    ) -> [JSONPatchOperation] {
        var operations: [JSONPatchOperation] = []
        var current: JSONValue? = object
        for length in 1..<max(1, path.steps.count) {
            switch path.steps[length - 1] {
            case .member(let name): current = current.flatMap { document.member(name, of: $0) }
            case .element(let index): current = current.flatMap { document.element(index, of: $0) }
            }
            if let found = current, !found.isNull { continue }
            current = nil
            let way = FieldPath(Array(path.steps.prefix(length)))
            guard made.insert(way).inserted else { continue }
            operations.append(
                .add(
                    way.pointer,
                    JSONFragment {
                        $0.beginObject()
                        $0.endObject()
                    }
                )
            )
        }
        operations.append(.add(path.pointer, value))
        return operations
    }
}
