internal import Azure
internal import JSON

/// Where the numbers are that ceilings and quotas speak of: told once for both.
extension Quantity {
    /// The facet among whose places it is.
    var facet: Facet {
        switch self {
        case .capacity, .throughput, .memoryGB, .vCores: .capacity
        case .storageGB: .storage
        case .nodeCount: .nodeCount
        }
    }

    /// Whether a part of that facet says it.
    func isSaid(by part: Facet.Part) -> Bool {
        switch self {
        case .capacity: part == .capacity
        case .throughput: part == .throughput
        case .memoryGB: part == .memoryGB
        case .vCores: part == .vCores
        case .storageGB: part == .size
        case .nodeCount: part != .partitions
        }
    }

    /// Whether the name of an SKU may say it.
    var isSaidBySKU: Bool { self == .vCores || self == .memoryGB }

    /// What one unit of an SKU has of it; nil if its name is absent or does not tell.
    func amount(of sku: SKU, of kind: AzureKind, _ tables: AzureTables, in document: JSONDocument) -> Double? {
        switch self {
        case .vCores: tables.vCores(of: sku, of: kind, in: document).map(Double.init)
        case .memoryGB: tables.memoryGB(of: sku, of: kind, in: document)
        case .capacity, .throughput, .storageGB, .nodeCount: nil
        }
    }

    /// Whether an SKU has some of it, so that a name that does not tell how much leaves it unknown: a machine has cores, a
    /// storage account's SKU has none.
    func isMeasured(by sku: SKU, of kind: AzureKind, _ tables: AzureTables) -> Bool {
        guard let sense = sku.name?.sense else { return false }
        return switch self {
        case .vCores: sense == .machine || sense == .vCoreModel || tables.knowsVCores(of: kind)
        case .memoryGB: sense == .machine || sense == .vCoreModel || tables.knowsMemory(of: kind)
        case .capacity, .throughput, .storageGB, .nodeCount: false
        }
    }

    /// A number of it with its unit, as people read it: `1 vCore`, `8 GB`; the number alone where it counts things.
    func withUnit(_ number: String) -> String {
        switch self {
        case .capacity, .throughput, .nodeCount: number
        case .vCores: number == "1" ? "1 vCore" : "\(number) vCores"
        case .memoryGB, .storageGB: "\(number) GB"
        }
    }
}

/// What an object asks for of one quantity in all of its places: what quotas count.
struct Measure {
    /// The sum; 0 if the object asks for none.
    var amount = 0.0
    /// The place that asks for most.
    var place: Occurrence?
    /// A place that asks for some and does not tell how much.
    var unknown: Occurrence?
    /// A place at which the object leaves it to the provider how much it gets.
    var absent: Occurrence?
}

/// Adds up what an object asks for.
///
/// What stands in one element of a list are ways to say the same (`limits` and `requests`, `count` and `maxCount`), of which
/// the largest counts; elements add up. What a machine has counts once for each machine of its element, or of the elements
/// around it: a pool of three machines with four cores asks for twelve.
struct QuantityReader {
    private let kind: AzureKind
    private let tables: AzureTables
    private let document: JSONDocument
    private let object: JSONValue
    private let facets: ObjectFacets
    private let elements: ListElements
    private var machines: [Int: Machines] = [:]

    /// What there are machines of in one element.
    private struct Machines {
        var count: Double?
        var replicas = 0.0
        var isUnknown = false
    }

    /// The facets whose places the numbers are among, and what they are multiplied by.
    static let facets: FacetSet = [
        FacetSet(.sku), FacetSet(.capacity), FacetSet(.storage), FacetSet(.nodeCount),
    ]

    /// The parts of those facets.
    static let parts: PartSet = [
        PartSet(.name), PartSet(.tier), PartSet(.family), PartSet(.size), PartSet(.capacity), PartSet(.throughput),
        PartSet(.vCores), PartSet(.memoryGB), PartSet(.count), PartSet(.minimum), PartSet(.maximum), PartSet(.replicas),
        PartSet(.shards),
    ]

    /// More than any sum needs: infinite sums could not be subtracted from.
    static let maximumAmount = 1e15

    /// Takes an object whose `QuantityReader.facets` were read.
    init(
        _ facets: ObjectFacets,
        of kind: AzureKind,
        _ tables: AzureTables,
        in document: JSONDocument,
        of object: JSONValue
    ) {
        self.kind = kind
        self.tables = tables
        self.document = document
        self.object = object
        self.facets = facets
        let counted = facets.places.filter { !Self.facets.isDisjoint(with: FacetSet($0.facet)) }
        elements = ListElements(of: counted, in: document, of: object)
        for place in facets.places where place.facet == .nodeCount && place.part != .partitions {
            let element = elements.element(of: place, in: document)
            var found = machines[element] ?? Machines()
            if place.state == .unknown {
                found.isUnknown = true
            } else if place.state == .known {
                let number = amount(place.number(in: document))
                if number == nil { found.isUnknown = true }
                if place.part == .replicas {
                    found.replicas = max(found.replicas, number ?? 0)
                } else {
                    found.count = max(found.count ?? 0, number ?? 0)
                }
            }
            machines[element] = found
        }
    }

    /// Measures a quantity.
    func measure(_ quantity: Quantity) -> Measure {
        var measure = Measure()
        var largest: [Int: Double] = [:]
        var most = -1.0
        func add(_ place: Occurrence, _ number: Double?, of sku: SKU? = nil) {
            let element = elements.element(of: place, in: document)
            guard let number, let asked = multiply(number, quantity, in: element, sku) else {
                measure.unknown = measure.unknown ?? place
                return
            }
            largest[element] = max(largest[element] ?? 0, asked)
            if asked > most { (most, measure.place) = (asked, place) }
        }
        for place in facets.places where place.facet == quantity.facet && quantity.isSaid(by: place.part) {
            switch place.state {
            case .known: add(place, amount(place.number(in: document)))
            case .unknown: measure.unknown = measure.unknown ?? place
            case .absent: measure.absent = measure.absent ?? place
            }
        }
        if quantity.isSaidBySKU {
            var index = 0
            while let sku = facets.nextSKU(&index) {
                guard let place = sku.name else { continue }
                if let number = quantity.amount(of: sku, of: kind, tables, in: document) {
                    add(place, amount(number), of: sku)
                    continue
                }
                switch place.state {
                case .known where quantity.isMeasured(by: sku, of: kind, tables):
                    measure.unknown = measure.unknown ?? place
                case .known: continue
                case .unknown: measure.unknown = measure.unknown ?? place
                case .absent:
                    if let (provided, name) = tables.defaultSKU(of: sku, of: kind, in: document, of: object),
                        let number = quantity.amount(of: provided, of: kind, tables, in: name.document)
                    {
                        add(place, amount(number), of: sku)
                    } else {
                        measure.absent = measure.absent ?? place
                    }
                }
            }
        }
        // In their order: the sum of fractions depends on it.
        let sum = largest.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value }
        measure.amount = min(sum, Self.maximumAmount)
        return measure
    }

    /// How many machines an SKU is for; nil if nobody knows.
    func count(of place: Occurrence, _ sku: SKU) -> Double? {
        multiply(1, .vCores, in: elements.element(of: place, in: document), sku)
    }

    /// What all machines have together of what one has; nil if nobody knows how many there are.
    private func multiply(_ number: Double, _ quantity: Quantity, in element: Int, _ sku: SKU?) -> Double? {
        switch quantity {
        case .capacity, .throughput, .nodeCount: return number
        case .vCores, .memoryGB, .storageGB: break
        }
        var place = element
        while machines[place]?.count == nil, machines[place]?.isUnknown != true, let outer = elements.outer(of: place) {
            place = outer
        }
        let machines = machines[place] ?? Machines()
        if machines.isUnknown { return nil }
        var count = machines.count
        if count == nil, let sku, sku.name?.sense == .machine, let units = sku.capacity?.value {
            count = amount(document.double(units))
        }
        // Copies share the storage that they read.
        let copies = quantity == .storageGB ? 1 : 1 + machines.replicas
        return min(number * (count ?? 1) * copies, Self.maximumAmount)
    }

    /// A number that can be added up; nil if it makes no sense.
    private func amount(_ number: Double?) -> Double? {
        guard let number, number >= 0, number.isFinite else { return nil }
        return min(number, Self.maximumAmount)
    }
}

/// Which element of which list each of an object's places stands in, found in one walk.
private struct ListElements {
    /// By place's offset; 0 is the object itself.
    private var byOffset: [Int: Int] = [:]
    /// The element around each element; -1 for the object.
    private var outer = [-1]

    init(of places: [Occurrence], in document: JSONDocument, of object: JSONValue) {
        guard !places.isEmpty else { return }
        let offsets = places.map { Self.offset(of: $0, in: document) }.sorted()
        var next = 0
        walk(object, in: document, element: 0, offsets, &next)
    }

    /// The element that a place stands in.
    func element(of place: Occurrence, in document: JSONDocument) -> Int {
        byOffset[Self.offset(of: place, in: document)] ?? 0
    }

    /// The element around an element; nil for the object.
    func outer(of element: Int) -> Int? {
        outer[element] < 0 ? nil : outer[element]
    }

    private static func offset(of place: Occurrence, in document: JSONDocument) -> Int {
        document.offset(of: place.value ?? place.container)
    }

    /// Looks only into those values that places stand in; as deep as the parser lets an object be.
    private mutating func walk(
        _ value: JSONValue,
        in document: JSONDocument,
        element: Int,
        _ offsets: [Int],
        _ next: inout Int
    ) {
        let start = document.offset(of: value)
        while next < offsets.count, offsets[next] <= start {
            byOffset[offsets[next]] = element
            next += 1
        }
        for (_, member) in document.members(of: value) {
            guard next < offsets.count else { return }
            guard offsets[next] < end(of: member, in: document) else { continue }
            walk(member, in: document, element: element, offsets, &next)
        }
        for item in document.elements(of: value) {
            guard next < offsets.count else { return }
            guard offsets[next] < end(of: item, in: document) else { continue }
            outer.append(element)
            walk(item, in: document, element: outer.count - 1, offsets, &next)
        }
    }

    private func end(of value: JSONValue, in document: JSONDocument) -> Int {
        document.offset(of: value) + document.lexeme(value).count
    }
}
