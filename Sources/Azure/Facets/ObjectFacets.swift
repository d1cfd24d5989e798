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
    ///   - kind: The object's kind.
    ///   - document: The document of the object.
    ///   - object: The resource, from its `apiVersion` on.
    ///   - maximumPlaces: How many places are kept; a list of a million empty elements must not become a million places.
    /// - Throws: `TooManyPlaces`.
    public init(
        _ facets: FacetSet,
        of kind: AzureKind,
        in document: JSONDocument,
        of object: JSONValue,
        maximumPlaces: Int
    ) throws(TooManyPlaces) {
        self.facets = facets
        guard !facets.isDisjoint(with: kind.facets) || facets.contains(.reference) else { return }
        var places: [Occurrence] = []
        places.reserveCapacity(24)
        try kind.forEachOccurrence(of: facets, in: document, of: object) { (place) throws(TooManyPlaces) in
            guard places.count < maximumPlaces else { throw TooManyPlaces() }
            places.append(place)
        }
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

    /// Visits the SKUs, if that facet was read.
    ///
    /// - Parameter body: Is called with each SKU.
    /// - Throws: What `body` throws.
    public func forEachSKU<Failure: Error>(_ body: (SKU) throws(Failure) -> Void) throws(Failure) {
        var next = 0
        while next < places.count {
            guard places[next].facet == .sku else {
                next += 1
                continue
            }
            // Filled where it stands: it is large, and would be copied with every part.
            var sku = SKU(container: places[next].container)
            while next < places.count, places[next].facet != .sku || sku.set(places[next]) { next += 1 }
            try body(sku)
        }
    }
}
