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
    var isSaidBySKU: Bool { self == .vCores }

    /// What one unit of an SKU has of it; nil if its name is absent or does not tell.
    func amount(of sku: SKU, of kind: AzureKind, _ tables: AzureTables, in document: JSONDocument) -> Double? {
        switch self {
        case .vCores: tables.vCores(of: sku, of: kind, in: document).map(Double.init)
        case .capacity, .throughput, .memoryGB, .storageGB, .nodeCount: nil
        }
    }

    /// What stands behind the number: ` GB`; empty where it counts things.
    var unit: String {
        switch self {
        case .capacity, .throughput, .nodeCount: ""
        case .vCores: " vCores"
        case .memoryGB, .storageGB: " GB"
        }
    }
}
