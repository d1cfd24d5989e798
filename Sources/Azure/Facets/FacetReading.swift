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
    /// - Throws: What `body` throws; nothing is visited after that.
    @inlinable
    public func forEachOccurrence<Failure: Error>(
        of facets: FacetSet,
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        // The walk itself is not generic, so that nobody's error type makes it slow.
        var failure: Failure?
        _ = visit(facets, in: document, of: object) { occurrence in
            do throws(Failure) {
                try body(occurrence)
                return true
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
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

    /// Visits places until `body` returns false.
    ///
    /// - Returns: Whether all were visited.
    @usableFromInline
    func visit(
        _ facets: FacetSet,
        _ parts: PartSet = .all,
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        let wanted = facets.rawValue & self.facets.rawValue
        if wanted != 0 {
            guard program.read(wanted, parts.rawValue, from: root, in: document, of: object, body) else { return false }
        }
        return !facets.contains(.reference) || visitReferences(in: document, of: object, body)
    }
}

extension FacetProgram {
    /// Walks along the paths that every kind has, then along those of one kind.
    fileprivate func read(
        _ facets: UInt16,
        _ parts: UInt64,
        from root: Int32,
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        let reading = FacetReading(self, document, facets, parts)
        return reading.descend(from: commonRoot, into: object, depth: 0, body)
            && reading.descend(from: root, into: object, depth: 0, body)
    }
}

/// One walk along the paths of a kind; every function returns whether to go on.
struct FacetReading: ~Escapable {
    let nodes: Span<FacetProgram.Node>
    let leaves: Span<FacetProgram.Leaf>
    let names: Span<UInt8>
    let document: JSONDocument
    let facets: UInt16
    let parts: UInt64

    @_lifetime(borrow program)
    init(_ program: borrowing FacetProgram, _ document: JSONDocument, _ facets: UInt16, _ parts: UInt64) {
        nodes = program.nodes.span
        leaves = program.leaves.span
        names = program.names.span
        self.document = document
        self.facets = facets
        self.parts = parts
    }

    @inline(__always)
    private func wants(_ node: FacetProgram.Node) -> Bool {
        node.facets & facets != 0 && node.parts & parts != 0
    }

    @inline(__always)
    private func wants(_ leaf: FacetProgram.Leaf) -> Bool {
        leaf.facetBit & facets != 0 && leaf.partBit & parts != 0
    }

    /// Visits what lies below a node of the tables, at a value that exists.
    func descend(
        from node: Int32,
        into container: JSONValue,
        depth: UInt8,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        // Looked for when the first member is missing; nearly no object has one.
        var hasGuards: Bool?
        var index = nodes[Int(node)].firstChild
        while index >= 0 {
            let child = nodes[Int(index)]
            if wants(child) {
                switch child.step {
                case .root:
                    break
                case .member:
                    if let value = member(child, of: container) {
                        guard arrive(at: index, child, value, in: container, depth: depth &+ 1, body) else {
                            return false
                        }
                        break
                    }
                    let mayBeGuarded = hasGuards ?? (document.mayHaveUnknowns || document.hasGuards(container))
                    hasGuards = mayBeGuarded
                    let stand = mayBeGuarded ? standIn(for: child, in: container) : nil
                    guard
                        miss(
                            index,
                            child,
                            stand == nil ? .absent : .unknown,
                            in: container,
                            stand ?? container,
                            depth: depth,
                            isInside: container.isObject,
                            body
                        )
                    else { return false }
                case .element:
                    for value in document.elements(of: container) {
                        guard pass(index, child, value, in: container, depth: depth, body) else { return false }
                    }
                case .entry:
                    for (_, value) in document.members(of: container) {
                        guard pass(index, child, value, in: container, depth: depth, body) else { return false }
                    }
                }
            }
            index = child.nextSibling
        }
        return true
    }

    /// Visits an element of a list, or an entry of a map.
    @inline(__always)
    private func pass(
        _ index: Int32,
        _ node: FacetProgram.Node,
        _ value: JSONValue,
        in container: JSONValue,
        depth: UInt8,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        guard value.isNull else { return arrive(at: index, node, value, in: container, depth: depth &+ 1, body) }
        guard value.isUnknown else { return true }
        return miss(index, node, .unknown, in: container, value, depth: depth, isInside: false, body)
    }

    private func arrive(
        at index: Int32,
        _ node: FacetProgram.Node,
        _ value: JSONValue,
        in container: JSONValue,
        depth: UInt8,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        var leaf = node.firstLeaf
        while leaf >= 0 {
            let found = leaves[Int(leaf)]
            if wants(found), tells(found, value) {
                guard body(Occurrence(found, .known, in: container, value, node: index, depth: depth)) else {
                    return false
                }
            }
            leaf = found.next
        }
        return node.firstChild < 0 || descend(from: index, into: value, depth: depth, body)
    }

    /// Whether a value is one, and not another way to say that there is none.
    @inline(__always)
    private func tells(_ leaf: FacetProgram.Leaf, _ value: JSONValue) -> Bool {
        switch leaf.sense {
        case .regionOrNone: !document.equals(value, "None")
        case .holder: false
        default: true
        }
    }

    /// Visits what lies at and below a node whose value is missing from a container that exists.
    private func miss(
        _ index: Int32,
        _ node: FacetProgram.Node,
        _ state: Occurrence.State,
        in container: JSONValue,
        _ place: JSONValue,
        depth: UInt8,
        isInside: Bool,
        _ body: (Occurrence) -> Bool
    ) -> Bool {
        var leaf = node.firstLeaf
        while leaf >= 0 {
            let found = leaves[Int(leaf)]
            let isTold = state == .unknown || found.absence == .always || (found.absence == .inside && isInside)
            if isTold, wants(found) {
                guard body(Occurrence(found, state, in: container, place, node: index, depth: depth)) else {
                    return false
                }
            }
            leaf = found.next
        }
        // Below a missing list there is nothing that could lack anything; what is in one that nobody knows is not known either.
        var child = node.firstChild
        while child >= 0 {
            let next = nodes[Int(child)]
            if next.step == .member || place.isUnknown, wants(next) {
                guard miss(child, next, state, in: container, place, depth: depth, isInside: false, body) else {
                    return false
                }
            }
            child = next.nextSibling
        }
        return true
    }

    /// The member that a node names; nil if there is none, or only `null`.
    @inline(__always)
    private func member(_ node: FacetProgram.Node, of container: JSONValue) -> JSONValue? {
        let value = document.member(names.extracting(node.name), of: container)
        return value?.isNull == false ? value : nil
    }

    /// The `…FromConfig` member that stands in the place of a node's, or the node's own, which nobody knows yet.
    private func standIn(for node: FacetProgram.Node, in container: JSONValue) -> JSONValue? {
        if let own = document.member(names.extracting(node.name), of: container), own.isUnknown { return own }
        let name = "\(String(names.extracting(node.name)))\(FacetProgram.guardSuffix)"
        let value = document.member(name, of: container)
        return value?.isNull == false ? value : nil
    }
}

extension JSONDocument {
    /// Whether an object has any `…FromConfig` member.
    fileprivate func hasGuards(_ container: JSONValue) -> Bool {
        for (key, _) in members(of: container) where utf8(key).ends(with: FacetProgram.guardSuffix) { return true }
        return false
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
