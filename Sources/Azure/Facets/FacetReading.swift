public import JSON

extension AzureKind {
    /// Whether a resource of this kind can have the facet.
    ///
    /// Every kind can have references.
    public func has(_ facet: Facet) -> Bool {
        facet == .reference || facets.contains(facet)
    }

    /// Visits every place of an object at which one of the facets is kept, or is missing.
    ///
    /// Places come in the order of the tables, elements of lists in theirs; places of one SKU follow each other. Allocates
    /// nothing.
    ///
    /// - Parameters:
    ///   - facets: What to look for. References, which may be anywhere, cost a walk over the whole `spec`.
    ///   - document: The document of the object.
    ///   - object: The resource, from its `apiVersion` on.
    ///   - body: Is called with each place.
    /// - Throws: What `body` throws.
    public func forEachOccurrence<Failure: Error>(
        of facets: FacetSet,
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        if facets.rawValue & self.facets.rawValue & ~Facet.reference.bit != 0 {
            let reading = FacetReading(
                program: program,
                document: document,
                wanted: facets.rawValue & ~Facet.reference.bit
            )
            try reading.descend(from: root, into: object, depth: 0, body)
        }
        if facets.contains(.reference) {
            try forEachReference(in: document, of: object, body)
        }
    }

    /// Visits every place of an object at which the facet is kept, or is missing.
    @inlinable
    public func forEachOccurrence<Failure: Error>(
        of facet: Facet,
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        try forEachOccurrence(of: FacetSet(facet), in: document, of: object, body)
    }
}

/// One walk along the paths of a kind.
struct FacetReading {
    let program: FacetProgram
    let document: JSONDocument
    let wanted: UInt16

    /// Visits what lies below a node of the tables, at a value that exists.
    func descend<Failure: Error>(
        from node: Int32,
        into value: JSONValue,
        depth: UInt8,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        var index = program.nodes[Int(node)].firstChild
        while index >= 0 {
            let child = program.nodes[Int(index)]
            if child.facets & wanted != 0 {
                try step(to: index, child, from: value, depth: depth, body)
            }
            index = child.nextSibling
        }
    }

    private func step<Failure: Error>(
        to index: Int32,
        _ node: FacetProgram.Node,
        from container: JSONValue,
        depth: UInt8,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        switch node.step {
        case .root:
            return
        case .member:
            if let value = member(node, of: container, suffixed: false), !value.isNull {
                try arrive(at: index, node, value, in: container, depth: depth &+ 1, body)
            } else if container.isObject, let stand = member(node, of: container, suffixed: true), !stand.isNull {
                try miss(index, node, .unknown, in: container, stand, depth: depth, isInside: true, body)
            } else {
                try miss(
                    index,
                    node,
                    .absent,
                    in: container,
                    container,
                    depth: depth,
                    isInside: container.isObject,
                    body
                )
            }
        case .element:
            for value in document.elements(of: container) where !value.isNull {
                try arrive(at: index, node, value, in: container, depth: depth &+ 1, body)
            }
        case .entry:
            for (_, value) in document.members(of: container) where !value.isNull {
                try arrive(at: index, node, value, in: container, depth: depth &+ 1, body)
            }
        }
    }

    private func arrive<Failure: Error>(
        at index: Int32,
        _ node: FacetProgram.Node,
        _ value: JSONValue,
        in container: JSONValue,
        depth: UInt8,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        var leaf = node.firstLeaf
        while leaf >= 0 {
            let found = program.leaves[Int(leaf)]
            if found.facet.bit & wanted != 0, found.sense != .regionOrNone || !document.equals(value, "None") {
                try body(Occurrence(found, .known, in: container, value, node: index, depth: depth))
            }
            leaf = found.next
        }
        if node.firstChild >= 0 {
            try descend(from: index, into: value, depth: depth, body)
        }
    }

    /// Visits what lies at and below a node whose value is missing from a container that exists.
    private func miss<Failure: Error>(
        _ index: Int32,
        _ node: FacetProgram.Node,
        _ state: Occurrence.State,
        in container: JSONValue,
        _ place: JSONValue,
        depth: UInt8,
        isInside: Bool,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        var leaf = node.firstLeaf
        while leaf >= 0 {
            let found = program.leaves[Int(leaf)]
            let isTold = state == .unknown || found.absence == .always || (found.absence == .inside && isInside)
            if isTold, found.facet.bit & wanted != 0 {
                try body(Occurrence(found, state, in: container, place, node: index, depth: depth))
            }
            leaf = found.next
        }
        // Below a missing list there is nothing that could lack anything.
        var child = node.firstChild
        while child >= 0 {
            let next = program.nodes[Int(child)]
            if next.step == .member, next.facets & wanted != 0 {
                try miss(child, next, state, in: container, place, depth: depth, isInside: false, body)
            }
            child = next.nextSibling
        }
    }

    @inline(__always)
    private func member(_ node: FacetProgram.Node, of container: JSONValue, suffixed: Bool) -> JSONValue? {
        let start = Int(node.nameOffset)
        let end = start &+ Int(node.nameLength) &+ (suffixed ? FacetProgram.guardSuffix.count : 0)
        return document.member(program.names.span.extracting(start..<end), of: container)
    }
}

extension Occurrence {
    @inline(__always)
    init(
        _ leaf: FacetProgram.Leaf,
        _ state: State,
        in container: JSONValue,
        _ place: JSONValue,
        node: Int32,
        depth: UInt8
    ) {
        self.init(
            facet: leaf.facet,
            part: leaf.part,
            sense: leaf.sense,
            state: state,
            container: container,
            place: place,
            node: node,
            depth: depth
        )
    }
}
