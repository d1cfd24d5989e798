internal import Azure
internal import JSON
internal import Kubernetes

/// What mutations make of an object, gathered before any of it becomes a patch.
///
/// Each mutation sees what those before it have decided, so that the patch is the difference to the object and nothing else:
/// mutating what was mutated gives none.
struct MutationPlan {
    private let subject: Subject
    private let annotations: JSONValue?
    private let metadata: JSONValue?
    private var tags = Tags.unread
    private var location: String?
    private var credential: String?

    private static let credentialAnnotation = "serviceoperator.azure.com/credential-from"

    /// The map of tags as far as it has been looked at.
    private enum Tags {
        case unread
        /// The kind keeps no tags, or its place cannot be written.
        case none
        /// The place, the object that is there, and what is to be in it.
        case found(FieldPath, JSONValue?, changes: [(name: String, value: String)])
    }

    init(_ subject: Subject) {
        self.subject = subject
        metadata = subject.document.member("metadata", of: subject.object)
        annotations = ObjectMeta(of: subject.object, in: subject.document).annotations
    }

    /// Takes over what a mutation says; an expression's change is not the plan's.
    ///
    /// - Returns: Whether that decides anything.
    mutating func apply(
        _ change: Mutation.Change,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        switch change {
        case .tags(let tags, let overwrites):
            var changed = false
            for tag in tags {
                let value = { () throws(EvaluationError) in try Self.tagValue(tag.value, expressions) }
                if try setTag(tag.name, tag.key, value, overwrites: overwrites) { changed = true }
            }
            return changed
        case .location(let value): return try setLocation(value, expressions)
        case .credential(let value): return try setCredential(value, expressions)
        case .expression: return false
        }
    }

    private static func tagValue(
        _ value: MutationValue,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> String {
        let text = try value.text(expressions)
        guard text.utf16.count <= Mutation.maximumTagCharacters else {
            throw .expression("the value of a tag has \(text.utf16.count) characters, and Azure takes 256")
        }
        return text
    }

    // MARK: Tags

    private mutating func setTag(
        _ name: String,
        _ key: NamePattern,
        _ value: () throws(EvaluationError) -> String,
        overwrites: Bool
    ) throws(EvaluationError) -> Bool {
        if case .unread = tags { tags = try readTags() }
        guard case .found(let path, let object, var changes) = tags else { return false }
        if let index = changes.firstIndex(where: { key.matches($0.name) }) {
            guard overwrites else { return false }
            let value = try value()
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
                if text == nil { text = try value() }
                guard let text, !subject.document.equals(current, text) else { return false }
                spelling = subject.document.string(existing) ?? name
            }
        }
        if text == nil { text = try value() }
        changes.append((spelling, text ?? ""))
        tags = .found(path, object, changes: changes)
        return true
    }

    private func readTags() throws(EvaluationError) -> Tags {
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
        return result
    }

    // MARK: Location and credential

    private mutating func setLocation(
        _ value: MutationValue,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        guard location == nil, lacksLocation else { return false }
        location = try value.text(expressions)
        return true
    }

    /// Whether the kind has `spec.location` and the object does not say it, nor takes it from elsewhere.
    private var lacksLocation: Bool {
        var lacks = false
        subject.kind.forEachOccurrence(of: .location, in: subject.document, of: subject.object) { place in
            guard place.state == .absent, !lacks else { return }
            lacks = subject.path(of: place) == FieldPath(["spec", "location"])
        }
        return lacks
    }

    private mutating func setCredential(
        _ value: MutationValue,
        _ expressions: ExpressionContext?
    ) throws(EvaluationError) -> Bool {
        guard credential == nil else { return false }
        if subject.isAzure {
            if let annotations {
                guard annotations.isObject else {
                    throw .malformed(path: "metadata.annotations", expected: "an object")
                }
                if let current = subject.document.member(Self.credentialAnnotation, of: annotations), !current.isNull {
                    return false
                }
            }
            credential = try value.text(expressions)
            return true
        }
        return false
    }

    // MARK: Patch

    /// The operations that make the object what the plan says; nil if it is so already.
    var patch: JSONPatch? {
        var operations: [JSONPatchOperation] = []
        if let credential {
            let path = FieldPath([.member("metadata"), .member("annotations")])
            set(path, [(Self.credentialAnnotation, credential)], existing: annotations, &operations)
        }
        if let location {
            operations += subject.adding(FieldPath(["spec", "location"]), JSONFragment(string: location))
        }
        if case .found(let path, let object, let changes) = tags, !changes.isEmpty {
            set(path, changes, existing: object, &operations)
        }
        return operations.isEmpty ? nil : JSONPatch(operations)
    }

    /// Members of one object: each by itself if the object exists, the whole of it otherwise.
    private func set(
        _ path: FieldPath,
        _ members: [(name: String, value: String)],
        existing: JSONValue?,
        _ operations: inout [JSONPatchOperation]
    ) {
        guard let existing else {
            operations += subject.adding(
                path,
                JSONFragment { writer in
                    writer.beginObject()
                    for member in members {
                        writer.key(member.name)
                        writer.string(member.value)
                    }
                    writer.endObject()
                }
            )
            return
        }
        for member in members {
            let pointer = path.appending(member.name).pointer
            let value = JSONFragment(string: member.value)
            guard let current = subject.document.member(member.name, of: existing) else {
                operations.append(.add(pointer, value))
                continue
            }
            // One mutation may have undone what another did.
            if subject.document.equals(current, member.value) { continue }
            operations.append(.replace(pointer, value))
        }
    }
}

extension Subject {
    /// The operations that put a value at a path, and before it the objects on the way that are missing.
    fileprivate func adding(_ path: FieldPath, _ value: JSONFragment) -> [JSONPatchOperation] {
        var operations: [JSONPatchOperation] = []
        var current: JSONValue? = object
        for length in 1..<max(1, path.steps.count) {
            guard case .member(let name) = path.steps[length - 1] else { continue }
            current = current.flatMap { document.member(name, of: $0) }
            if let found = current, !found.isNull { continue }
            current = nil
            operations.append(
                .add(
                    FieldPath(Array(path.steps.prefix(length))).pointer,
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
