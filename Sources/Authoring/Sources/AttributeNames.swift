internal import Azure
internal import JSON

/// How a source spells the names of azurerm's attributes.
enum AttributeNames: Sendable {
    /// As they are: `sku_name`.
    case snake
    /// As Crossplane does: `skuName`; blocks that can be there once may be objects.
    case camel

    /// An attribute's name as the source spells it.
    func spelling(of name: String) -> String {
        guard self == .camel, name.contains("_") else { return name }
        var text = ""
        for (place, word) in name.split(separator: "_").enumerated() {
            text += place == 0 ? String(word) : word.prefix(1).uppercased() + word.dropFirst()
        }
        return text
    }

    /// The member that an attribute is; nil if there is none.
    func member(_ name: String, of object: JSONValue, in document: JSONDocument) -> JSONValue? {
        if let value = document.member(name, of: object) { return value }
        guard self == .camel, object.isObject else { return nil }
        // Acronyms are spelt in more than one way.
        let plain = name.lowercased().filter { $0 != "_" }
        for (key, value) in document.members(of: object)
        where document.string(key)?.lowercased() == plain { return value }
        return nil
    }

    /// One step along a path; an object stands for a list of itself where Crossplane says so.
    func step(_ step: SourcePath.Step, from value: JSONValue, in document: JSONDocument) -> JSONValue? {
        switch step {
        case .member(let name): return member(name, of: value, in: document)
        case .element(let index):
            if value.isObject, self == .camel { return index == 0 ? value : nil }
            return document.element(index, of: value)
        case .each: return nil
        }
    }

    /// A path as the source has it: without the places of blocks that are objects there.
    func lists(_ path: [SourcePath.Step], in source: JSONFragment) -> [SourcePath.Step] {
        guard self == .camel else { return path }
        var result: [SourcePath.Step] = []
        var value: JSONValue? = source.value
        for step in path {
            if case .element(0) = step, let current = value, current.isObject { continue }
            result.append(step)
            value = value.flatMap { self.step(step, from: $0, in: source.document) }
        }
        return result
    }
}
