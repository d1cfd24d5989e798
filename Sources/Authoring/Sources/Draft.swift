internal import Azure
internal import JSON

/// An object on its way into the terms of Azure Service Operator.
///
/// Texts are written anew, never copied as they stand: no text of a foreign file can become an unknown.
final class Draft {
    enum Content {
        case object([(name: String, value: Draft)])
        case array([Draft])
        case string(String)
        /// A number as JSON writes it.
        case number([UInt8])
        case bool(Bool)
        case null
        case unknown(because: String)
    }

    var content: Content {
        didSet { places = nil }
    }

    /// Where the members of a large object are, by name; nil until something is put into it.
    private var places: [String: Int]?

    /// The members above which they are looked up in a table.
    private static let largeCount = 16

    init(_ content: Content) {
        self.content = content
    }

    /// A copy of a value, whatever is in it.
    convenience init(_ value: JSONValue, in document: JSONDocument) {
        switch value.kind {
        case .null: self.init(document.reason(ofUnknown: value).map { .unknown(because: $0) } ?? .null)
        case .bool: self.init(.bool(value.bool ?? false))
        case .int, .double: self.init(.number(Array(document.lexeme(value))))
        case .string: self.init(.string(document.string(value) ?? ""))
        case .array: self.init(.array(document.elements(of: value).map { Draft($0, in: document) }))
        case .object:
            self.init(
                .object(
                    document.members(of: value).map { (document.string($0.key) ?? "", Draft($0.value, in: document)) }
                )
            )
        }
    }

    static var emptyObject: Draft { Draft(.object([])) }

    // MARK: Reading

    /// Whether there is nothing, as the API server has it.
    var isEmpty: Bool {
        switch content {
        case .null: true
        case .object(let members): members.isEmpty
        case .array(let elements): elements.isEmpty
        case .string(let text): text.isEmpty
        default: false
        }
    }

    var isUnknown: Bool {
        if case .unknown = content { true } else { false }
    }

    var text: String? {
        if case .string(let text) = content { text } else { nil }
    }

    subscript(name: String) -> Draft? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.name == name }?.value
    }

    // MARK: Writing

    /// The longest list, and the most members, that are looked at one by one; what has more is unknown.
    static let maximumElements = 10_000

    static var tooLong: Draft { Draft(.unknown(because: "it has more than \(maximumElements) elements")) }

    /// Puts a value at a path; containers on the way are made.
    ///
    /// What stands there already stays, but for a null. Behind an unknown nothing is known.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - steps: The path from here.
    ///   - replaces: Whether it takes the place of what stands there.
    func set(_ value: Draft, at steps: ArraySlice<SourcePath.Step>, replaces: Bool = false) {
        guard let step = steps.first else {
            if case .null = content { content = value.content } else if replaces { content = value.content }
            return
        }
        switch step {
        case .member(let name):
            if case .null = content { content = .object([]) }
            guard case .object(var members) = content else { return }
            var places = places
            if places == nil, members.count > Self.largeCount {
                places = Dictionary(members.indices.map { (members[$0].name, $0) }) { first, _ in first }
            }
            // One owner: what has two is copied.
            content = .null
            defer {
                content = .object(members)
                self.places = places
            }
            if let place = places?[name] ?? (places == nil ? members.firstIndex { $0.name == name } : nil) {
                return members[place].value.set(value, at: steps.dropFirst(), replaces: replaces)
            }
            let next = Draft(.null)
            places?[name] = members.count
            members.append((name, next))
            next.set(value, at: steps.dropFirst(), replaces: replaces)
        case .element(let index):
            if case .null = content { content = .array([]) }
            guard case .array(var elements) = content, index < Self.maximumElements else { return }
            content = .null
            defer { content = .array(elements) }
            while elements.count <= index { elements.append(Draft(.null)) }
            elements[index].set(value, at: steps.dropFirst(), replaces: replaces)
        case .each: return
        }
    }

    func write(to writer: inout JSONWriter) {
        switch content {
        case .object(let members):
            writer.beginObject()
            for (name, value) in members {
                writer.key(name)
                value.write(to: &writer)
            }
            writer.endObject()
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .string(let text): writer.string(text)
        case .number(let digits): writer.raw(digits.span)
        case .bool(let value): writer.bool(value)
        case .null: writer.null()
        case .unknown(let reason): writer.unknown(because: reason)
        }
    }
}
