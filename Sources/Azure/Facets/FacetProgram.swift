import JSON

/// The facet paths of all kinds, compiled to steps: a tree for each kind in one array, names in one buffer.
///
/// A path is a chain of nodes. Reading follows only the nodes below which a wanted facet lies; nothing is allocated.
struct FacetProgram: Sendable {
    /// How a node is reached from its parent.
    enum Step: UInt8, Sendable {
        /// The object itself.
        case root
        /// The member of a name.
        case member
        /// Each element of an array.
        case element
        /// Each member of an object, whatever its name.
        case entry
    }

    struct Node: Sendable {
        let step: Step
        /// Facets at or below the node.
        var facets: UInt16 = 0
        let parent: Int32
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
        /// The facets that are kept right here.
        var firstLeaf: Int32 = -1
        /// The member's name in `names`, after which stands `FromConfig`.
        let nameOffset: Int32
        let nameLength: Int32
    }

    struct Leaf: Sendable {
        let facet: Facet
        let part: Facet.Part
        let absence: Absence
        let sense: Facet.Sense
        var next: Int32
    }

    /// When a missing value is worth telling.
    enum Absence: String, CaseIterable, Sendable {
        case always
        case inside
        case present
    }

    private(set) var nodes: [Node] = []
    private(set) var leaves: [Leaf] = []
    private(set) var names: [UInt8] = []
    private var offsets: [ArraySlice<UInt8>: Int32] = [:]

    static let guardSuffix = Array("FromConfig".utf8)

    /// Starts a kind's tree.
    mutating func addRoot() -> Int32 {
        nodes.append(Node(step: .root, parent: -1, nameOffset: 0, nameLength: 0))
        return Int32(nodes.count - 1)
    }

    /// Adds a path to the tree of `root`; what the tree has already stays.
    mutating func add(_ path: FacetPath, below root: Int32, _ leaf: Leaf) {
        var node = root
        nodes[Int(node)].facets |= leaf.facet.bit
        for step in path.steps {
            node = child(of: node, step)
            nodes[Int(node)].facets |= leaf.facet.bit
        }
        // In the order of the table.
        var last: Int32 = -1
        var index = nodes[Int(node)].firstLeaf
        while index >= 0 {
            if leaves[Int(index)].facet == leaf.facet, leaves[Int(index)].part == leaf.part { return }
            last = index
            index = leaves[Int(index)].next
        }
        leaves.append(leaf)
        let added = Int32(leaves.count - 1)
        if last < 0 { nodes[Int(node)].firstLeaf = added } else { leaves[Int(last)].next = added }
    }

    private mutating func child(of parent: Int32, _ step: FacetPath.Step) -> Int32 {
        var last: Int32 = -1
        var index = nodes[Int(parent)].firstChild
        while index >= 0 {
            if matches(nodes[Int(index)], step) { return index }
            last = index
            index = nodes[Int(index)].nextSibling
        }
        switch step {
        case .member(let name):
            let offset = intern(name)
            nodes.append(Node(step: .member, parent: parent, nameOffset: offset, nameLength: Int32(name.count)))
        case .element:
            nodes.append(Node(step: .element, parent: parent, nameOffset: 0, nameLength: 0))
        case .entry:
            nodes.append(Node(step: .entry, parent: parent, nameOffset: 0, nameLength: 0))
        }
        let added = Int32(nodes.count - 1)
        if last < 0 { nodes[Int(parent)].firstChild = added } else { nodes[Int(last)].nextSibling = added }
        return added
    }

    private func matches(_ node: Node, _ step: FacetPath.Step) -> Bool {
        switch (node.step, step) {
        case (.element, .element), (.entry, .entry): true
        case (.member, .member(let name)):
            names[Int(node.nameOffset)..<Int(node.nameOffset + node.nameLength)].elementsEqual(name)
        default: false
        }
    }

    private mutating func intern(_ name: ArraySlice<UInt8>) -> Int32 {
        if let offset = offsets[name] { return offset }
        let offset = Int32(names.count)
        names += name
        names += Self.guardSuffix
        offsets[name] = offset
        return offset
    }

    /// Lets go of what only building needs.
    mutating func finish() {
        offsets = [:]
        nodes = Array(nodes)
        leaves = Array(leaves)
        names = Array(names)
    }
}
