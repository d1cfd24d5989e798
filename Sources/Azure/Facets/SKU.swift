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
        var sku: SKU?
        try forEachOccurrence(of: .sku, in: document, of: object) { (occurrence) throws(Failure) in
            if let complete = sku, !complete.container.isSamePlace(as: occurrence.container) {
                try body(complete)
                sku = nil
            }
            var current = sku ?? SKU(container: occurrence.container)
            current.set(occurrence)
            sku = current
        }
        if let sku { try body(sku) }
    }
}

extension SKU {
    fileprivate init(container: JSONValue) {
        self.container = container
    }

    fileprivate mutating func set(_ occurrence: Occurrence) {
        switch occurrence.part {
        case .name: name = name ?? occurrence
        case .tier: tier = tier ?? occurrence
        case .family: family = family ?? occurrence
        case .size: size = size ?? occurrence
        case .capacity: capacity = capacity ?? occurrence
        default: break
        }
    }
}
