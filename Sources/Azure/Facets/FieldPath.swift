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
        // Bytes first: every failure tells a path, and appending them to a string costs three times as much.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(16 * steps.count)
        for step in steps {
            switch step {
            case .element(let index):
                bytes.append(UInt8(ascii: "["))
                bytes.append(contentsOf: String(index).utf8)
                bytes.append(UInt8(ascii: "]"))
            case .member(let name):
                Self.append(name.utf8Span.span, to: &bytes)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ name: Span<UInt8>, to bytes: inout [UInt8]) {
        if name.isPlainInPath {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: ".")) }
            for index in name.indices { bytes.append(name[index]) }
            return
        }
        bytes.append(contentsOf: "[\"".utf8)
        for index in name.indices {
            if name[index] == UInt8(ascii: "\"") || name[index] == UInt8(ascii: "\\") {
                bytes.append(UInt8(ascii: "\\"))
            }
            bytes.append(name[index])
        }
        bytes.append(contentsOf: "\"]".utf8)
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
    fileprivate var isPlainInPath: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "$"):
            true
        default: false
        }
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

    /// Why an unknown value is unknown: the path of the field that stands in its place; nil for any other state.
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

    /// The step to a node, which is a member's: below missing values no list is entered.
    fileprivate func step(_ node: Int32) -> FieldPath.Step {
        .member(String(decoding: names[nodes[Int(node)].name], as: UTF8.self))
    }
}

extension JSONDocument {
    /// The path from an object to a value inside it; empty if it is the object, or not inside.
    func path(to place: JSONValue, from object: JSONValue) -> FieldPath {
        // The text of a value lies within that of what holds it, so that nothing beside the way is looked into.
        let target = offset(of: place)
        var steps: [FieldPath.Step] = []
        // Room for the way to most fields, and for a name that a rule adds.
        steps.reserveCapacity(6)
        var current = object
        while !current.isSamePlace(as: place) {
            guard let (step, next) = step(from: current, to: target) else { return FieldPath([]) }
            steps.append(step)
            current = next
        }
        return FieldPath(steps)
    }

    /// The step into the part of a container in whose text an offset lies.
    private func step(from container: JSONValue, to target: Int) -> (FieldPath.Step, JSONValue)? {
        var last: (key: JSONValue, value: JSONValue)?
        for member in members(of: container) {
            guard offset(of: member.value) <= target else { break }
            last = member
        }
        if let last { return (.member(string(last.key) ?? ""), last.value) }
        var element: (index: Int, value: JSONValue)?
        for (index, value) in elements(of: container).enumerated() {
            guard offset(of: value) <= target else { break }
            element = (index, value)
        }
        return element.map { (.element($0.index), $0.value) }
    }
}
