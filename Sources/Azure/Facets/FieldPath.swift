public import JSON

/// Where in an object a field is, or would be.
public struct FieldPath: Hashable, Sendable, CustomStringConvertible {
    /// One step into a value.
    public enum Step: Hashable, Sendable {
        /// Into the member of an object.
        case member(String)
        /// Into the element of an array, from 0.
        case element(Int)
    }

    /// The steps from the object to the field.
    public var steps: [Step]

    /// A path of these steps.
    public init(_ steps: [Step]) {
        self.steps = steps
    }

    /// The path as people write it: `spec.agentPoolProfiles[0].vmSize`, `spec.tags["cost.center"]`.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16 * steps.count)
        _ = write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the path as people write it, to nothing but a path.
    ///
    /// - Returns: Where in the text the last name stands; empty if there is none.
    public func write(to text: inout [UInt8]) -> Range<Int> {
        var last = 0..<0
        for step in steps {
            switch step {
            case .element(let index): Self.append(index, to: &text)
            case .member(let name): last = Self.append(name.utf8Span.span, to: &text)
            }
        }
        return last
    }

    /// Appends a step into an object to the path before it.
    ///
    /// - Returns: Where in the text the name stands.
    public static func append(_ name: Span<UInt8>, to text: inout [UInt8]) -> Range<Int> {
        if name.isPlainInPath {
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            let start = text.count
            for index in name.indices { text.append(name[index]) }
            return start..<text.count
        }
        text.append(contentsOf: "[\"".utf8)
        let start = text.count
        for index in name.indices {
            if name[index] == UInt8(ascii: "\"") || name[index] == UInt8(ascii: "\\") {
                text.append(UInt8(ascii: "\\"))
            }
            text.append(name[index])
        }
        let end = text.count
        text.append(contentsOf: "\"]".utf8)
        return start..<end
    }

    fileprivate static func append(_ index: Int, to text: inout [UInt8]) {
        text.append(contentsOf: "[\(index)]".utf8)
    }

    /// The path as a JSON Pointer (RFC 6901).
    public var pointer: JSONPointer {
        JSONPointer(
            tokens: steps.map { step in
                switch step {
                case .element(let index): String(index)
                case .member(let name): name
                }
            }
        )
    }
}

extension Span where Element == UInt8 {
    fileprivate var isPlainInPath: Bool {
        for index in indices where !self[index].isPlainInPath { return false }
        return !isEmpty
    }
}

extension UInt8 {
    /// Letters, digits, `_`, `-` and `$`.
    fileprivate var isPlainInPath: Bool {
        isASCIIAlphanumeric || self == UInt8(ascii: "_") || self == UInt8(ascii: "-") || self == UInt8(ascii: "$")
    }
}

extension AzureKind {
    /// Where an occurrence is, or would be, in the object in which it was found.
    ///
    /// Searches the object for it: for messages and patches, not for every request.
    public func path(of occurrence: Occurrence, in document: JSONDocument, of object: JSONValue) -> FieldPath {
        var path: FieldPath
        switch occurrence.state {
        case .known:
            return document.path(to: occurrence.place, from: object)
        case .unknown where occurrence.place.isUnknown:
            return document.path(to: occurrence.place, from: object)
        case .absent, .unknown:
            path = document.path(to: occurrence.container, from: object)
        }
        var missing: [FieldPath.Step] = []
        var node = occurrence.node
        while node >= 0, program.depth(of: node) > Int(occurrence.depth) {
            missing.append(program.step(node))
            node = program.nodes[Int(node)].parent
        }
        path.steps += missing.reversed()
        return path
    }

    /// Appends where an occurrence is, or would be, as `path(of:in:of:)` would say it.
    ///
    /// - Returns: Where in the text the last name stands; empty if there is none.
    public func writePath(
        of occurrence: Occurrence,
        in document: JSONDocument,
        of object: JSONValue,
        to text: inout [UInt8]
    ) -> Range<Int> {
        let isMarked = occurrence.place.isUnknown
        if !isMarked, let last = program.writeMembers(to: occurrence.node, &text) { return last }
        let start = text.count
        var last = 0..<0
        let target = occurrence.state == .known || isMarked ? occurrence.place : occurrence.container
        let isInside = document.forEachStep(to: target, from: object) { step in
            switch step {
            case .member(let key): last = FieldPath.append(document.utf8(key), to: &text)
            case .element(let index): FieldPath.append(index, to: &text)
            }
        }
        if !isInside {
            text.removeSubrange(start...)
            last = 0..<0
        }
        if occurrence.state != .known, !isMarked {
            let depth = program.depth(of: occurrence.node) - Int(occurrence.depth)
            for place in stride(from: depth - 1, through: 0, by: -1) {
                last = program.append(occurrence.node, above: place, to: &text)
            }
        }
        return last
    }

    /// Why an unknown value is unknown, in words: the path of the field that stands in its place, or what its document says;
    /// nil for any other state.
    public func why(
        _ occurrence: Occurrence,
        in document: JSONDocument,
        of object: JSONValue
    ) -> String? {
        document.reason(ofUnknown: occurrence.place) ?? reason(of: occurrence, in: document, of: object)?.description
    }

    /// Where what makes an unknown value unknown stands; nil for any other state.
    public func reason(of occurrence: Occurrence, in document: JSONDocument, of object: JSONValue) -> FieldPath? {
        occurrence.state == .unknown ? document.path(to: occurrence.place, from: object) : nil
    }
}

extension FacetProgram {
    /// How many steps lead to the node.
    fileprivate func depth(of node: Int32) -> Int {
        var depth = 0
        var node = nodes[Int(node)].parent
        while node >= 0 {
            depth += 1
            node = nodes[Int(node)].parent
        }
        return depth
    }

    /// Appends the path to a node that is found in one place only: every step to it is a member's.
    ///
    /// - Returns: Where in the text the last name stands; nil if the path goes through lists, and for no node.
    fileprivate func writeMembers(to node: Int32, _ text: inout [UInt8]) -> Range<Int>? {
        guard node > 0 else { return nil }
        let place = nodes[Int(node)]
        guard place.step == .member, place.parent >= 0 else { return nil }
        if nodes[Int(place.parent)].step != .root {
            guard writeMembers(to: place.parent, &text) != nil else { return nil }
        }
        return FieldPath.append(names.span.extracting(place.name), to: &text)
    }

    /// Appends the step to the node that is so many steps above one.
    fileprivate func append(_ node: Int32, above steps: Int, to text: inout [UInt8]) -> Range<Int> {
        var node = node
        for _ in 0..<steps { node = nodes[Int(node)].parent }
        return FieldPath.append(names.span.extracting(nodes[Int(node)].name), to: &text)
    }

    /// The step to a node, which is a member's: below missing values no list is entered.
    fileprivate func step(_ node: Int32) -> FieldPath.Step {
        .member(String(decoding: names[nodes[Int(node)].name], as: UTF8.self))
    }
}

extension JSONDocument {
    /// The path from an object to a value inside it; empty if it is the object, or not inside.
    func path(to place: JSONValue, from object: JSONValue) -> FieldPath {
        var steps: [FieldPath.Step] = []
        // Room for the way to most fields, and for a name that a rule adds.
        steps.reserveCapacity(6)
        let isInside = forEachStep(to: place, from: object) { step in
            switch step {
            case .member(let key): steps.append(.member(string(key) ?? ""))
            case .element(let index): steps.append(.element(index))
            }
        }
        return FieldPath(isInside ? steps : [])
    }

    /// A step as the document has it.
    fileprivate enum Step {
        case member(JSONValue)
        case element(Int)
    }

    /// Visits the steps from an object to a value inside it; says whether they lead there.
    fileprivate func forEachStep(to place: JSONValue, from object: JSONValue, _ body: (Step) -> Void) -> Bool {
        // The text of a value lies within that of what holds it, so that nothing beside the way is looked into.
        let target = offset(of: place)
        var current = object
        while !current.isSamePlace(as: place) {
            guard let (step, next) = step(from: current, to: place, target) else { return false }
            body(step)
            current = next
        }
        return true
    }

    /// The step into the part of a container in whose text the offset of a place lies; the path to a key is its member's.
    private func step(from container: JSONValue, to place: JSONValue, _ target: Int) -> (Step, JSONValue)? {
        var last: (key: JSONValue, value: JSONValue)?
        for member in members(of: container) {
            if member.key.isSamePlace(as: place) { return (.member(member.key), place) }
            guard offset(of: member.value) <= target else { break }
            last = member
        }
        if let last { return (.member(last.key), last.value) }
        var element: (index: Int, value: JSONValue)?
        for (index, value) in elements(of: container).enumerated() {
            guard offset(of: value) <= target else { break }
            element = (index, value)
        }
        return element.map { (.element($0.index), $0.value) }
    }
}
