internal import JSON

/// How many resources a template makes at least, told without evaluating anything.
///
/// Copies in copies multiply: a kilobyte can ask for more than anybody has time for.
struct TemplateSize {
    private let document: JSONDocument

    init(_ document: JSONDocument) {
        self.document = document
    }

    /// Counts resources, and what they make in turn; loops run as often as they say in numbers, others perhaps never.
    ///
    /// - Parameters:
    ///   - resources: The list, or the object, of resources.
    ///   - isInside: Whether they stand in a resource.
    ///   - depth: How many resources and templates they stand in.
    /// - Returns: Their number, or a larger one than any source may have.
    func leastCount(of resources: JSONValue, isInside: Bool = false, depth: Int = 0) -> Int {
        guard depth < Self.maximumDepth else { return 0 }
        var sum = 0
        let entries = document.members(of: resources).map(\.value) + Array(document.elements(of: resources))
        for entry in entries { sum = limited(sum + leastCount(ofResource: entry, isInside: isInside, depth)) }
        return sum
    }

    /// Deeper ones are refused when they are read.
    private static let maximumDepth = 32

    private func limited(_ count: Int) -> Int { min(count, ResourceSource.maximumResources + 1) }

    private func leastCount(ofResource entry: JSONValue, isInside: Bool, _ depth: Int) -> Int {
        var copies = 1
        var type = ""
        var isCertain = true
        var inside: [JSONValue] = []
        var children: [JSONValue] = []
        for (key, value) in document.members(of: entry) {
            switch document.string(key)?.lowercased() {
            case "copy" where value.isObject: copies = leastCopies(of: value)
            case "type": type = document.string(value)?.lowercased() ?? ""
            case "condition", "existing": isCertain = isCertain && value.isNull
            case "properties": inside = members("template", of: value).flatMap { members("resources", of: $0) }
            case "resources": children.append(value)
            default: break
            }
        }
        // An expression may turn out as a template in this one, of nothing.
        guard !type.hasPrefix("[") else { return 0 }
        let isTemplate = !isInside && type.prefix { $0 != "@" } == "microsoft.resources/deployments"
        var sum = isTemplate ? 0 : 1
        // What is not deployed is passed over, and counts too.
        if isCertain {
            for resources in isTemplate ? inside : children {
                sum = limited(sum + leastCount(of: resources, isInside: !isTemplate, depth: depth + 1))
            }
        }
        return limited(sum * copies)
    }

    private func leastCopies(of loop: JSONValue) -> Int {
        guard let count = members("count", of: loop).first, let number = document.int(count),
            (0...Int64(TemplateScope.maximumCopies)).contains(number)
        else { return 0 }
        return Int(number)
    }

    private func members(_ name: String, of object: JSONValue) -> [JSONValue] {
        document.members(of: object).compactMap { document.string($0.key)?.lowercased() == name ? $0.value : nil }
    }
}
