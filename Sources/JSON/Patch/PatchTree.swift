/// A document while a patch is applied to it.
///
/// Only the containers on the way to a change become nodes; the rest stays where it is and is copied as text in the end.
indirect enum PatchTree {
    struct Member {
        let key: [UInt8]
        var value: PatchTree
    }

    case untouched(JSONFragment)
    case array([PatchTree])
    case object([Member])
    /// What a node is while its contents are being changed, so that they have one owner and are not copied.
    case taken

    /// What a container is made of; a scalar stays as it is.
    private var opened: PatchTree {
        guard case .untouched(let fragment) = self else { return self }
        let document = fragment.document
        switch fragment.value.kind {
        case .array:
            return .array(document.elements(of: fragment.value).map { .untouched(JSONFragment(document, $0)) })
        case .object:
            return .object(
                document.members(of: fragment.value).map {
                    Member(key: Array(document.utf8($0.key)), value: .untouched(JSONFragment(document, $0.value)))
                }
            )
        default:
            return self
        }
    }

    /// The value that a pointer leads to.
    func value(at tokens: ArraySlice<String>) throws(JSONPatchError.Code) -> PatchTree {
        guard let token = tokens.first else { return self }
        if case .untouched(let fragment) = self {
            guard fragment.value.isArray || fragment.value.isObject else { throw .notAContainer }
            if fragment.value.isArray, JSONPointer.index(token) == nil { throw .invalidIndex }
            guard let value = fragment.document.value(at: JSONPointer(tokens: [token]), from: fragment.value) else {
                throw .notFound
            }
            return try PatchTree.untouched(JSONFragment(fragment.document, value)).value(at: tokens.dropFirst())
        }
        switch self {
        case .array(let elements):
            guard let index = JSONPointer.index(token) else { throw .invalidIndex }
            guard index < elements.count else { throw .notFound }
            return try elements[index].value(at: tokens.dropFirst())
        case .object(let members):
            guard let index = Self.index(of: token, in: members) else { throw .notFound }
            return try members[index].value.value(at: tokens.dropFirst())
        case .untouched, .taken:
            throw .notAContainer
        }
    }

    /// What is done to the container at the end of a pointer's way.
    enum Change {
        case add(PatchTree)
        case replace(PatchTree)
        case remove
    }

    /// Changes the value that a pointer leads to; `tokens` is not empty.
    mutating func change(at tokens: ArraySlice<String>, _ change: Change) throws(JSONPatchError.Code) {
        guard let token = tokens.first else { throw .notFound }
        let isLast = tokens.count == 1
        let node = opened
        self = .taken
        switch consume node {
        case .array(var elements):
            defer { self = .array(elements) }
            if isLast, case .add(let value) = change {
                guard token != "-" else {
                    elements.append(value)
                    return
                }
                guard let index = JSONPointer.index(token) else { throw .invalidIndex }
                guard index <= elements.count else { throw .indexOutOfRange }
                elements.insert(value, at: index)
                return
            }
            guard let index = JSONPointer.index(token) else { throw .invalidIndex }
            guard index < elements.count else { throw .notFound }
            guard isLast else { return try elements[index].change(at: tokens.dropFirst(), change) }
            switch change {
            case .add(let value), .replace(let value): elements[index] = value
            case .remove: elements.remove(at: index)
            }
        case .object(var members):
            defer { self = .object(members) }
            guard let index = Self.index(of: token, in: members) else {
                guard isLast, case .add(let value) = change else { throw .notFound }
                members.append(Member(key: Array(token.utf8), value: value))
                return
            }
            guard isLast else { return try members[index].value.change(at: tokens.dropFirst(), change) }
            switch change {
            case .add(let value), .replace(let value): members[index].value = value
            case .remove: members.remove(at: index)
            }
        case .untouched(let scalar):
            self = .untouched(scalar)
            throw .notAContainer
        case .taken:
            throw .notAContainer
        }
    }

    private static func index(of token: String, in members: [Member]) -> Int? {
        members.firstIndex { $0.key.span.equals(token.utf8Span.span) }
    }

    /// Writes the value.
    ///
    /// - Throws: `.resultTooLarge`, before more than the limits allow is written.
    func write(to writer: inout JSONWriter, limits: JSONLimits, depth: Int = 0) throws(JSONPatchError.Code) {
        guard writer.bytes.count <= limits.maximumBytes, depth <= limits.maximumDepth else { throw .resultTooLarge }
        switch self {
        case .untouched(let fragment):
            guard fragment.document.lexeme(fragment.value).count <= limits.maximumBytes - writer.bytes.count else {
                throw .resultTooLarge
            }
            writer.copy(fragment)
        case .array(let elements):
            writer.beginArray()
            for element in elements { try element.write(to: &writer, limits: limits, depth: depth + 1) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key.span)
                try member.value.write(to: &writer, limits: limits, depth: depth + 1)
            }
            writer.endObject()
        case .taken:
            preconditionFailure("a node was left open")
        }
    }
}
