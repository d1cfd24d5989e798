internal import Azure

/// How much there is of something.
struct Usage: BitwiseCopyable, Sendable {
    /// How many objects.
    private(set) var count = 0
    /// By `Quantity.index`.
    private var amounts = InlineArray<6, Double>(repeating: 0)
    private var silentCounts = InlineArray<6, Int>(repeating: 0)

    /// What the objects ask for in all, as far as they tell.
    func amount(_ quantity: Quantity) -> Double { Self.rounded(amounts[quantity.index]) }

    /// A sum to a millionth: fractions that were added and taken away again must leave nothing.
    static func rounded(_ sum: Double) -> Double { (sum * 1e6).rounded() / 1e6 }

    /// How many of the objects ask for some and do not tell how much.
    func silent(_ quantity: Quantity) -> Int { silentCounts[quantity.index] }

    mutating func add(_ entry: Inventory.Entry) { count(entry, 1) }

    mutating func remove(_ entry: Inventory.Entry) { count(entry, -1) }

    private mutating func count(_ entry: Inventory.Entry, _ times: Int) {
        count += times
        for (quantity, amount) in entry.quantities { amounts[quantity.index] += amount * Double(times) }
        for quantity in entry.unknownQuantities { silentCounts[quantity.index] += times }
    }

    mutating func add(_ other: Usage) {
        count += other.count
        for index in amounts.indices {
            amounts[index] += other.amounts[index]
            silentCounts[index] += other.silentCounts[index]
        }
    }
}

/// How much the objects of one kind use in one namespace.
struct KindUsage: Sendable {
    /// The kind, if the tables know it.
    let kind: AzureKind?
    /// `group/Kind`.
    let name: String
    var usage = Usage()
}

/// Who tells how much of a quota is used, beside the object that is judged.
///
/// The inventory does. Where several replicas admit at once, it lags behind all of them: what they have admitted and no
/// inventory holds yet has to be told by a ledger of reservations, which conforms to this, asks the inventory and adds its own.
/// A dry run asks like any other request; only who reserves must tell them apart.
protocol UsageSource {
    /// Adds up what is used.
    ///
    /// - Parameters:
    ///   - namespaces: Where.
    ///   - key: The object that is judged, which does not count; nil if it has no name yet.
    ///   - kinds: Which kinds count.
    ///   - meter: What it may cost: a step for each kind of each namespace.
    /// - Returns: The sums.
    /// - Throws: If that is too much.
    func usage(
        in namespaces: [String],
        without key: Inventory.Key?,
        of kinds: KindSet,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Usage
}

extension Inventory: UsageSource {
    func usage(
        in namespaces: [String],
        without key: Key?,
        of kinds: KindSet,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Usage {
        var sum = Usage()
        for namespace in namespaces {
            let usages = usage(in: namespace)
            try meter.spend(1 + usages.count)
            for index in usages.indices where kinds.contains(usages[index].kind, named: usages[index].name) {
                sum.add(usages[index].usage)
            }
        }
        if let key, let own = self[key], kinds.contains(own.kind, named: "\(key.group)/\(key.kind)") { sum.remove(own) }
        return sum
    }
}

/// Kinds that patterns fit: a bit for each kind of the tables, the patterns for all others.
struct KindSet: Sendable {
    private let patterns: PatternIndex.Entry
    private let bits: [UInt64]

    init(_ patterns: PatternIndex.Entry, kindNames: [String]) {
        var bits = [UInt64](repeating: 0, count: (kindNames.count + 63) / 64)
        for (index, name) in kindNames.enumerated() where Self.fits(patterns, name) { bits.insert(index) }
        self.patterns = patterns
        self.bits = bits
    }

    /// Whether a kind is in the set; its name is looked at only if the tables do not know it.
    func contains(_ kind: AzureKind?, named name: @autoclosure () -> String) -> Bool {
        guard let kind, !kind.isGeneral else { return Self.fits(patterns, name()) }
        return bits[kind.index / 64] & 1 << UInt64(kind.index % 64) != 0
    }

    private static func fits(_ patterns: PatternIndex.Entry, _ name: String) -> Bool {
        if patterns.excluded.contains(where: { $0.matches(name) }) { return false }
        return patterns.included?.contains { $0.matches(name) } ?? true
    }
}
