internal import Azure
internal import JSON

/// Turns the body of a resource of Azure Resource Manager into the `spec` of a kind.
///
/// Azure Service Operator has most names as they are and takes `properties` apart; what is different is in the tables. Names are
/// not told apart by their case there, so that those which policies know get the spelling that policies know.
struct BodyTranslation {
    /// What is different, by the path in the body in small letters.
    let rows: [String: BodyRow]
    private let names: [String: String]

    /// - Parameters:
    ///   - kind: What the resource is.
    ///   - sources: Tell what is different.
    init(_ kind: AzureKind, _ sources: SourceTables) {
        rows = Dictionary(sources.bodyRows(of: kind).map { ($0.key.lowercased(), $0.value) }) { first, _ in first }
        names = sources.memberNames(of: kind)
    }

    /// What is of the resource as such, or of the template, and not of its body.
    static let envelope: Set<String> = [
        "id", "type", "name", "apiversion", "dependson", "condition", "copy", "comments", "scope", "resources", "etag",
        "systemdata", "existing", "metadata", "deploymentscope", "resourcegroup", "subscriptionid",
    ]

    /// The `spec`, without name and owner; an unknown if so much is unknown that nothing can be told.
    func spec(of body: Draft) -> Draft {
        guard case .object(let members) = body.content else { return body.isUnknown ? body : .emptyObject }
        guard members.count <= Draft.maximumElements else { return .tooLong }
        let spec = Draft.emptyObject
        var base: [SourcePath.Step] = []
        if case .oneOf(let choices) = rows["-"] {
            guard let choice = choice(of: choices, body), let name = choice.steps.first else {
                return Draft(.unknown(because: "which kind of it this is, is not told"))
            }
            base = [name]
        }
        for (name, value) in members where !Self.envelope.contains(name.lowercased()) {
            let name = canonical(name)
            guard walk(value, name.lowercased(), [], base, name, into: spec) else {
                return value.isUnknown ? value : Draft(.unknown(because: "part of it is not known"))
            }
        }
        return spec
    }

    private func canonical(_ name: String) -> String { names[name.lowercased()] ?? name }

    /// Puts a value where it belongs.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - body: The value's path in the body, in small letters.
    ///   - indexes: The places of the lists on it.
    ///   - base: Where what holds it is in `spec`.
    ///   - name: Its own name there; nil for an element, whose step is the last of `base`.
    ///   - spec: Where it goes.
    /// - Returns: False if it belongs to what holds it, and is not known: then nothing there is.
    private func walk(
        _ value: Draft,
        _ body: String,
        _ indexes: [Int],
        _ base: [SourcePath.Step],
        _ name: String?,
        into spec: Draft
    ) -> Bool {
        var target = base
        if let name { target.append(.member(name)) }
        switch rows[body] {
        case .flatten:
            if case .null = value.content { return true }
            guard case .object(let members) = value.content, members.count <= Draft.maximumElements else {
                return false
            }
            return walk(members, body, indexes, base, into: spec)
        case .reference(let field):
            guard !value.isEmpty else { return true }
            let reference = value.isUnknown ? value : Draft(.object([("armId", value)]))
            spec.set(reference, at: field.filled(with: indexes)[...])
        case .keys(let field):
            guard case .object(let members) = value.content else {
                spec.set(value, at: field.filled(with: indexes)[...])
                return true
            }
            for (place, member) in members.enumerated() {
                let reference = Draft(.object([("armId", Draft(.string(member.name)))]))
                spec.set(reference, at: field.filled(with: indexes + [place])[...])
            }
        case .move(let field):
            spec.set(value, at: field.filled(with: indexes)[...])
        case .oneOf(let choices):
            guard let first = choices.first, !value.isEmpty else { return true }
            guard !value.isUnknown, let choice = choice(of: choices, value) else {
                let place = first.filled(with: indexes).dropLast()
                let unknown =
                    value.isUnknown ? value : Draft(.unknown(because: "which kind of it this is, is not told"))
                spec.set(unknown, at: place)
                return true
            }
            spec.set(value, at: choice.filled(with: indexes)[...])
        case nil:
            return put(value, body, indexes, target, into: spec)
        }
        return true
    }

    private func put(
        _ value: Draft,
        _ body: String,
        _ indexes: [Int],
        _ target: [SourcePath.Step],
        into spec: Draft
    ) -> Bool {
        switch value.content {
        case .object(let members) where members.count > Draft.maximumElements:
            spec.set(.tooLong, at: target[...])
        case .array(let elements) where elements.count > Draft.maximumElements:
            spec.set(.tooLong, at: target[...])
        case .object(let members):
            spec.set(.emptyObject, at: target[...])
            if !walk(members, body, indexes, target, into: spec) {
                spec.set(Draft(.unknown(because: "part of it is not known")), at: target[...], replaces: true)
            }
        case .array(let elements):
            spec.set(Draft(.array([])), at: target[...])
            for (place, element) in elements.enumerated() {
                _ = walk(element, body + "[]", indexes + [place], target + [.element(place)], nil, into: spec)
            }
        default:
            spec.set(value, at: target[...])
        }
        return true
    }

    private func walk(
        _ members: [(name: String, value: Draft)],
        _ body: String,
        _ indexes: [Int],
        _ base: [SourcePath.Step],
        into spec: Draft
    ) -> Bool {
        var seen: Set<String> = []
        for (name, value) in members {
            // Nobody tells which of two that differ in their case alone Azure takes.
            guard seen.insert(name.lowercased()).inserted else { return false }
            // The names of tags are nobody's to spell.
            let name = body == "tags" ? name : canonical(name)
            guard walk(value, "\(body).\(name.lowercased())", indexes, base, name, into: spec) else { return false }
        }
        return true
    }

    /// The member of several that an object is, by a word in it.
    private func choice(of choices: [SourcePath], _ object: Draft) -> SourcePath? {
        guard case .object(let members) = object.content else { return nil }
        if choices.count == 1 { return choices.first }
        let words = members.compactMap { $0.value.text?.letters }.filter { $0.count > 1 }
        func name(_ path: SourcePath) -> String {
            if case .member(let name)? = path.steps.last { name.letters } else { "" }
        }
        return choices.first { words.contains(name($0)) }
            ?? choices.first { choice in words.contains { name(choice).hasPrefix($0) } }
    }
}

extension String {
    fileprivate var letters: String { lowercased().filter { $0.isLetter || $0.isNumber } }
}

/// The translations of the kinds of one file, each made once: that takes as long as a thousand resources.
final class BodyTranslations {
    private let sources: SourceTables
    private var made: [String: BodyTranslation] = [:]

    init(_ sources: SourceTables) {
        self.sources = sources
    }

    subscript(kind: AzureKind) -> BodyTranslation {
        if let known = made[kind.description] { return known }
        let translation = BodyTranslation(kind, sources)
        made[kind.description] = translation
        return translation
    }
}

/// The way back from `spec` to the body.
struct BodyPaths {
    let rows: [String: BodyRow]
    let source: JSONFragment

    private struct Best {
        var matched = -1
        var text: [SourcePath.Step] = []
        var value: JSONValue
        /// Whether what is missing there would be in `properties`.
        var isApart = false
    }

    /// The field in the body, and the nearest value that stands there.
    func place(of steps: [SourcePath.Step]) -> (String, JSONValue)? {
        var steps = steps
        let isOfObject = steps.first == .member("kind")
        switch steps.first {
        case .member("spec")?: steps.removeFirst()
        case .member("metadata")?: steps = [.member("azureName")]
        case .member("kind")?, nil: break
        // Nothing of the object, but of how it comes: its request.
        default: return (ForeignResource.text(of: steps), source.value)
        }
        if case .member(let name)? = steps.first, name == "azureName" || name == "owner" {
            // Resources that Azure prints say what they lie in by their ID, templates elsewhere.
            let word: StaticString = name == "owner" ? "id" : "name"
            return (word.description, source.document.member(word, of: source.value) ?? source.value)
        }
        if isOfObject, steps == [.member("kind")] {
            return ("type", source.document.member("type", of: source.value) ?? source.value)
        }
        var best = Best(value: source.value)
        visit(source.value, "", [], [], [], steps, &best)
        var missing = Array(steps.dropFirst(max(0, best.matched)))
        let isRoot = best.matched <= 0
        // An ID is no object here.
        if !isRoot, missing == [.member("armId")] { missing = [] }
        let path: [SourcePath.Step]
        if isRoot, case .member(let name)? = missing.first, Self.outside.contains(name) {
            return (ForeignResource.text(of: missing), source.value)
        } else if isRoot, case .member(let name)? = missing.first, rows["properties"] != nil,
            !Self.outside.contains(name)
        {
            path = [.member("properties")] + missing
        } else {
            path = best.text + (best.isApart && !missing.isEmpty ? [.member("properties")] : []) + missing
        }
        return (ForeignResource.text(of: path), best.value)
    }

    /// Members of the body beside `properties`.
    private static let outside: Set<String> = [
        "location", "tags", "sku", "identity", "zones", "kind", "plan", "extendedLocation", "managedBy",
    ]

    private func visit(
        _ value: JSONValue,
        _ body: String,
        _ indexes: [Int],
        _ target: [SourcePath.Step],
        _ text: [SourcePath.Step],
        _ steps: [SourcePath.Step],
        _ best: inout Best
    ) {
        guard target.count <= steps.count, zip(target, steps).allSatisfy(Self.isSame) else { return }
        if target.count > best.matched || target.count == best.matched && !text.isEmpty {
            let isApart = rows[body.isEmpty ? "properties" : body + ".properties"].map(\.isFlatten) ?? false
            best = Best(matched: target.count, text: text, value: value, isApart: isApart && !body.isEmpty)
        }
        let document = source.document
        if value.isArray {
            for (index, element) in document.elements(of: value).enumerated() {
                step(
                    element,
                    body + "[]",
                    indexes + [index],
                    target + [.element(index)],
                    text + [.element(index)],
                    steps,
                    &best
                )
            }
        }
        for (key, member) in document.members(of: value) {
            let name = document.string(key) ?? ""
            if body.isEmpty, BodyTranslation.envelope.contains(name.lowercased()) { continue }
            let inner = body.isEmpty ? name.lowercased() : "\(body).\(name.lowercased())"
            if rows[inner]?.isFlatten ?? false {
                visit(member, inner, indexes, target, text + [.member(name)], steps, &best)
            } else {
                step(member, inner, indexes, target + [.member(name)], text + [.member(name)], steps, &best)
            }
        }
    }

    private func step(
        _ value: JSONValue,
        _ body: String,
        _ indexes: [Int],
        _ target: [SourcePath.Step],
        _ text: [SourcePath.Step],
        _ steps: [SourcePath.Step],
        _ best: inout Best
    ) {
        switch rows[body] {
        case .reference(let field), .keys(let field), .move(let field):
            visit(value, body, indexes, field.filled(with: indexes), text, steps, &best)
        case .oneOf(let choices):
            for choice in choices { visit(value, body, indexes, choice.filled(with: indexes), text, steps, &best) }
        case .flatten, nil: visit(value, body, indexes, target, text, steps, &best)
        }
    }

    private static func isSame(_ a: SourcePath.Step, _ b: SourcePath.Step) -> Bool {
        if case (.member(let first), .member(let second)) = (a, b) { return first.lowercased() == second.lowercased() }
        return a == b
    }
}

extension BodyRow {
    fileprivate var isFlatten: Bool { if case .flatten = self { true } else { false } }
}
