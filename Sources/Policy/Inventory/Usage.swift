internal import Azure

/// How much there is of something.
struct Usage: Sendable {
    /// How many objects.
    var count = 0
    /// What they ask for in all.
    var sums: [Quantity: Double] = [:]
    /// How many of them do not tell how much they ask for.
    var unknown: [Quantity: Int] = [:]

    mutating func add(_ entry: Inventory.Entry) {
        count += 1
        for (quantity, amount) in entry.quantities { sums[quantity, default: 0] += amount }
        for quantity in entry.unknownQuantities { unknown[quantity, default: 0] += 1 }
    }

    mutating func add(_ other: Usage) {
        count += other.count
        sums.merge(other.sums, uniquingKeysWith: +)
        unknown.merge(other.unknown, uniquingKeysWith: +)
    }

    mutating func remove(_ entry: Inventory.Entry) {
        count -= 1
        for (quantity, amount) in entry.quantities { sums[quantity, default: 0] -= amount }
        for quantity in entry.unknownQuantities { unknown[quantity, default: 0] -= 1 }
    }
}

/// What the objects of one kind use in one namespace.
struct GroupedUsage: Sendable {
    /// The kind, if the tables know it.
    let kind: AzureKind?
    /// `group/Kind`.
    let name: String
    var usage = Usage()
    /// An object, by its name, that does not tell how much of a quantity it asks for.
    var unknown: [Quantity: String] = [:]
}
