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

    struct Node: BitwiseCopyable, Sendable {
        let step: Step
        /// Facets at or below the node.
        var facets: UInt16 = 0
        /// Parts of them, one bit each (`PartSet`).
        var parts: UInt64 = 0
        let parent: Int32
        var firstChild: Int32 = -1
        var nextSibling: Int32 = -1
        /// The facets that are kept right here.
        var firstLeaf: Int32 = -1
        /// The member's name in `names`.
        let nameOffset: Int32
        let nameLength: Int32
    }

    struct Leaf: BitwiseCopyable, Sendable {
        let facet: Facet
        let part: Facet.Part
        let absence: Absence
        let sense: Facet.Sense
        let facetBit: UInt16
        let partBit: UInt64
        var next: Int32 = -1

        init(facet: Facet, part: Facet.Part, absence: Absence, sense: Facet.Sense) {
            self.facet = facet
            self.part = part
            self.absence = absence
            self.sense = sense
            facetBit = facet.bit
            partBit = PartSet(part).rawValue
        }
    }

    /// When a missing value is worth telling.
    enum Absence: String, BitwiseCopyable, CaseIterable, Sendable {
        /// Whenever the kind has none.
        case always
        /// Where the object exists in which it should stand.
        case inside
        /// Never.
        case present
    }

    let nodes: [Node]
    let leaves: [Leaf]
    let names: [UInt8]

    /// The tree of the paths that every kind has.
    let commonRoot: Int32

    /// What Azure Service Operator appends to the name of a field whose value comes out of a ConfigMap.
    static let guardSuffix: StaticString = "FromConfig"

    init(_ builder: FacetProgramBuilder) {
        nodes = builder.nodes
        leaves = builder.leaves
        names = builder.names
        commonRoot = builder.commonRoot
    }
}

extension FacetProgram.Node {
    /// Where in `names` the member's name stands.
    @inline(__always)
    var name: Range<Int> {
        Int(nameOffset)..<Int(nameOffset &+ nameLength)
    }

    fileprivate mutating func add(_ leaf: FacetProgram.Leaf) {
        facets |= leaf.facetBit
        parts |= leaf.partBit
    }
}

/// Compiles paths.
struct FacetProgramBuilder {
    private(set) var nodes: [FacetProgram.Node] = []
    private(set) var leaves: [FacetProgram.Leaf] = []
    private(set) var names: [UInt8] = []
    let commonRoot: Int32 = 0

    init() {
        _ = addRoot()
    }

    /// Starts a tree.
    mutating func addRoot() -> Int32 {
        nodes.append(FacetProgram.Node(step: .root, parent: -1, nameOffset: 0, nameLength: 0))
        return Int32(nodes.count - 1)
    }

    /// Adds a path to the tree of `root`; a part of a facet that a path has already stays as it is.
    mutating func add(_ path: FacetPath, below root: Int32, _ leaf: FacetProgram.Leaf) {
        var node = root
        nodes[Int(node)].add(leaf)
        for step in path.steps {
            node = child(of: node, step)
            nodes[Int(node)].add(leaf)
        }
        // In the order of the table.
        var last: Int32 = -1
        var index = nodes[Int(node)].firstLeaf
        while index >= 0 {
            if leaves[Int(index)].facet == leaf.facet, leaves[Int(index)].part == leaf.part { return }
            last = index
            index = leaves[Int(index)].next
        }
        let added = Int32(leaves.count)
        leaves.append(leaf)
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
        let added = Int32(nodes.count)
        switch step {
        case .member(let name):
            nodes.append(
                FacetProgram.Node(
                    step: .member,
                    parent: parent,
                    nameOffset: Int32(names.count),
                    nameLength: Int32(name.count)
                )
            )
            names += name
        case .element:
            nodes.append(FacetProgram.Node(step: .element, parent: parent, nameOffset: 0, nameLength: 0))
        case .entry:
            nodes.append(FacetProgram.Node(step: .entry, parent: parent, nameOffset: 0, nameLength: 0))
        }
        if last < 0 { nodes[Int(parent)].firstChild = added } else { nodes[Int(last)].nextSibling = added }
        return added
    }

    private func matches(_ node: FacetProgram.Node, _ step: FacetPath.Step) -> Bool {
        switch (node.step, step) {
        case (.element, .element), (.entry, .entry): true
        case (.member, .member(let name)):
            Int(node.nameLength) == name.count
                && names[node.name].elementsEqual(name)
        default: false
        }
    }
}
