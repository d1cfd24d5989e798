/// The places at which a resource keeps copies, as steps of the facet program.
struct ReplicaTable: Sendable {
    private let nodes: Set<Int32>

    /// Reads the table; with `skipsUnknown` without the rows whose kind or path the other tables do not have.
    init(
        _ bytes: [UInt8],
        _ builder: TableBuilder,
        _ program: FacetProgram,
        skipsUnknown: Bool
    ) throws(TableError) {
        var reader = try TableReader("replicas.tsv", bytes[...], columns: ["group", "kind", "path", "source"])
        var nodes: Set<Int32> = []
        while try reader.next() {
            guard let node = try builder.node(reader, program, skipsUnknown: skipsUnknown) else { continue }
            guard nodes.insert(node).inserted else { throw reader.error(at: 2, "\(reader.text(2)) is listed twice") }
            _ = try reader.name(3)
        }
        self.nodes = nodes
    }

    func contains(_ node: Int32) -> Bool { nodes.contains(node) }
}

extension TableBuilder {
    /// The node at the path that a row's first three fields name.
    ///
    /// - Returns: nil if the other tables have no such path and the row is to be passed over then.
    func node(
        _ reader: TableReader,
        _ program: FacetProgram,
        skipsUnknown: Bool
    ) throws(TableError) -> Int32? {
        if skipsUnknown, !knows(reader) { return nil }
        let root = try root(reader)
        switch FacetPath.parse(reader.fields[2]) {
        case .success(let path):
            if let node = program.node(at: path, below: root), program.nodes[Int(node)].firstLeaf >= 0 { return node }
            if skipsUnknown { return nil }
            throw reader.error(at: 2, "no facet is kept at \(reader.text(2)): facets.tsv has no such row")
        case .failure(let fault): throw reader.error(at: 2, offset: fault.offset, "\(fault.reason)")
        }
    }
}

extension FacetProgram {
    /// The node at the end of a path; nil if no row has such a path.
    fileprivate func node(at path: FacetPath, below root: Int32) -> Int32? {
        var node = root
        for step in path.steps {
            guard let next = children(of: node).first(where: { matches(nodes[Int($0)], step) }) else { return nil }
            node = next
        }
        return node
    }

    private func matches(_ node: Node, _ step: FacetPath.Step) -> Bool {
        switch (node.step, step) {
        case (.element, .element), (.entry, .entry): true
        case (.member, .member(let name)): names[node.name].elementsEqual(name)
        default: false
        }
    }
}

extension AzureTables {
    /// Whether a place of the location facet is where the resource keeps a copy, not where it is itself.
    public func isReplica(_ place: Occurrence) -> Bool {
        place.facet == .location && place.node >= 0 && replicas.contains(place.node)
    }
}
