public import JSON

/// The places of several facets of one object, found in one walk and kept for many questions.
///
/// Reading an object once costs about as much as asking it for two facets; ten rules then only look through the places.
public struct ObjectFacets: Sendable {
    /// The facets that were read.
    public let facets: FacetSet

    /// The places in the order in which they were found: places of one SKU follow each other.
    public private(set) var places: [Occurrence] = []

    /// Reads nothing.
    public init() {
        facets = []
    }

    /// Reads the facets of an object.
    ///
    /// - Parameters:
    ///   - facets: What to look for.
    ///   - parts: The parts that somebody will ask for; others are passed over.
    ///   - kind: The object's kind.
    ///   - document: The document of the object.
    ///   - object: The resource, from its `apiVersion` on.
    ///   - maximumPlaces: How many places are kept; a list of a million empty elements must not become a million places.
    /// - Throws: `TooManyPlaces`.
    public init(
        _ facets: FacetSet,
        parts: PartSet = .all,
        of kind: AzureKind,
        in document: JSONDocument,
        of object: JSONValue,
        maximumPlaces: Int
    ) throws(TooManyPlaces) {
        self.facets = facets
        guard !facets.isDisjoint(with: kind.facets) || facets.contains(.reference) else { return }
        var places: [Occurrence] = []
        places.reserveCapacity(16)
        let isComplete = kind.visit(facets, parts, in: document, of: object) { place in
            guard places.count < maximumPlaces else { return false }
            places.append(place)
            return true
        }
        guard isComplete else { throw TooManyPlaces() }
        self.places = places
    }

    /// An object has more places than are kept.
    public struct TooManyPlaces: Error {}

    /// Visits the places of a facet that was read.
    @inlinable
    public func forEach<Failure: Error>(
        _ facet: Facet,
        _ body: (Occurrence) throws(Failure) -> Void
    ) throws(Failure) {
        for place in places where place.facet == facet { try body(place) }
    }

    /// The next SKU, if that facet was read.
    ///
    /// - Parameter index: Where to go on, 0 at the beginning; moves behind the SKU's last part.
    /// - Returns: nil if there is none left.
    public func nextSKU(_ index: inout Int) -> SKU? {
        let places = places.span
        while index < places.count, places[index].facet != .sku { index &+= 1 }
        guard index < places.count else { return nil }
        var sku = SKU(container: places[index].container)
        while index < places.count, places[index].facet != .sku || sku.set(places[index]) { index &+= 1 }
        return sku
    }
}
