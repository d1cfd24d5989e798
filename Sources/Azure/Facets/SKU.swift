public import JSON

/// The parts of one SKU that a resource asks for; a resource can ask for several, such as one a node pool.
public struct SKU: BitwiseCopyable, Sendable {
    /// The object in which the parts stand; where they are absent, the deepest that exists on the way to it.
    public let container: JSONValue

    /// The name, or a machine size.
    ///
    /// Absent or unknown where the kind must have one and the resource does not say it.
    public internal(set) var name: Occurrence?

    /// The tier, if the resource says it.
    public internal(set) var tier: Occurrence?

    /// The family, if the resource says it.
    public internal(set) var family: Occurrence?

    /// The size, if the resource says it.
    public internal(set) var size: Occurrence?

    /// The number of units, if the resource says it.
    public internal(set) var capacity: Occurrence?

    /// A part that stands for the SKU in messages: its name where there is one.
    public var subject: Occurrence? {
        name ?? tier ?? family ?? size ?? capacity
    }
}

extension AzureKind {
    /// Visits every SKU that an object asks for, or should ask for.
    ///
    /// - Parameters:
    ///   - document: The document of the object.
    ///   - object: The resource, from its `apiVersion` on.
    ///   - body: Is called with each SKU.
    /// - Throws: What `body` throws.
    public func forEachSKU<Failure: Error>(
        in document: JSONDocument,
        of object: JSONValue,
        _ body: (SKU) throws(Failure) -> Void
    ) throws(Failure) {
        var assembly = SKUAssembly()
        try forEachOccurrence(of: .sku, in: document, of: object) { (place) throws(Failure) in
            if let complete = assembly.add(place) { try body(complete) }
        }
        if let last = assembly.sku { try body(last) }
    }
}

/// Puts SKUs together of their parts, which come one after the other.
struct SKUAssembly {
    /// The SKU whose parts are coming.
    private(set) var sku: SKU?

    /// Takes a part.
    ///
    /// - Returns: The SKU before it, if the part is another one's.
    mutating func add(_ place: Occurrence) -> SKU? {
        if sku?.set(place) == true { return nil }
        let complete = sku
        sku = SKU(container: place.container)
        _ = sku?.set(place)
        return complete
    }
}

extension SKU {
    init(container: JSONValue) {
        self.container = container
    }

    /// Takes a part that stands in the SKU's object; says whether it does.
    mutating func set(_ occurrence: Occurrence) -> Bool {
        guard container.isSamePlace(as: occurrence.container) else { return false }
        switch occurrence.part {
        case .name: name = name ?? occurrence
        case .tier: tier = tier ?? occurrence
        case .family: family = family ?? occurrence
        case .size: size = size ?? occurrence
        case .capacity: capacity = capacity ?? occurrence
        default: break
        }
        return true
    }
}
