internal import Azure
internal import JSON

/// What Azure charges for, as the operator wrote it down: the rows of a PriceList.
struct PriceList: Sendable {
    /// One line: what of a kind's resources costs how much.
    struct Price: Sendable {
        let kinds: [Int]
        /// nil: whatever the SKU, and for resources without one.
        let sku: NamePattern?
        let tier: NamePattern?
        /// Over normalised names; nil: wherever it is, and where nobody knows where.
        let location: NamePattern?
        let unit: Unit
        let amount: Double
        /// The amount as it is written.
        let shown: String
        let currency: String
    }

    /// What an amount is for.
    enum Unit: String, CaseIterable, Sendable {
        /// One database, machine or instance.
        case hour, month
        /// One of its cores.
        case vCoreHour, vCoreMonth
        /// One unit of the SKU's capacity.
        case unitHour, unitMonth
        /// One gigabyte of all disks and databases of the resource.
        case gigabyteMonth = "GBMonth"
        /// One request unit or throughput unit of the resource.
        case throughputHour

        /// How many of them a month has; Azure's own calculators count 730 hours.
        var perMonth: Double {
            switch self {
            case .hour, .vCoreHour, .unitHour, .throughputHour: 730
            case .month, .vCoreMonth, .unitMonth, .gigabyteMonth: 1
            }
        }

        /// Whether it is for an SKU, and not for what the resource adds to it.
        var isForSKU: Bool { self != .gigabyteMonth && self != .throughputHour }
    }

    let name: String
    private(set) var prices: [Price] = []

    /// The most rows of one list: as many as Azure's own has for the kinds of Azure Service Operator in a few regions.
    static let maximumPrices = 20_000

    /// Reads `spec`; what is wrong goes to the node's log.
    init(name: String, spec: Node?) {
        self.name = name
        guard let fields = spec?.fields(["currency", "prices"]) else { return }
        let currency = fields["currency"]?.currency()
        guard let rows = fields.required("prices", "add prices: [{kind: …, unit: …, price: …}]")?.elements() else {
            return
        }
        guard rows.count <= Self.maximumPrices else {
            fields["prices"]?.error("has \(rows.count) rows", mend: "keep it within \(Self.maximumPrices)")
            return
        }
        prices = rows.compactMap { Price($0, currency: currency) }
    }
}

extension PriceList.Price {
    fileprivate init?(_ node: Node, currency: String?) {
        guard let fields = node.fields(["kind", "sku", "tier", "location", "unit", "price", "currency"]) else {
            return nil
        }
        let kinds = fields.required("kind", "add kind: group/Kind")?.kinds()
        let unit = fields.required("unit", "add unit: hour or another one")?.keyword(PriceList.Unit.self)
        let amountNode = fields.required("price", "add a price; 0 is free")
        let amount = amountNode?.number()
        var currency = currency
        if let own = fields["currency"] { currency = own.currency() ?? currency }
        if currency == nil { node.error("has no currency", mend: "add currency to the row or to spec") }
        if let kinds {
            let names = SKUNames(of: kinds.map { node.loading.tables.kinds[$0] })
            names.check(fields["sku"], .name)
            names.check(fields["tier"], .tier)
        }
        guard let kinds, let unit, let amountNode, let amount, let currency else { return nil }
        guard amount <= 1e9 else {
            amountNode.error("is above 1000000000", mend: "write the price of one unit")
            return nil
        }
        self.init(
            kinds: kinds,
            sku: fields["sku"]?.namePattern(),
            tier: fields["tier"]?.namePattern(),
            location: fields["location"]?.regionPattern(),
            unit: unit,
            amount: amount,
            shown: String(amountNode.document.lexeme(amountNode.value)),
            currency: currency
        )
    }
}

extension Node {
    /// A currency's code (ISO 4217).
    func currency() -> String? {
        guard let text = string() else { return nil }
        guard text.utf8.count == 3, text.utf8.allSatisfy({ $0 >= 0x41 && $0 <= 0x5a }) else {
            error("is \"\(text.prefix(40))\"", mend: "write a currency's code, such as EUR")
            return nil
        }
        return text
    }

    /// The kinds of the tables that a name or pattern fits, by place.
    fileprivate func kinds() -> [Int]? {
        guard let text = string() else { return nil }
        if text.utf8.contains(UInt8(ascii: "*")) {
            let pattern = NamePattern(text)
            let found = loading.kindNames.indices.filter { pattern.matches(loading.kindNames[$0]) }
            if found.isEmpty { warning(.unknownKind, "fits no kind that we know", mend: "check the spelling") }
            return found
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else {
            error("is \"\(text.prefix(80))\"", mend: "write group/Kind, such as sql.azure.com/ServersDatabase")
            return nil
        }
        if let kind = loading.tables.kind(group: parts[0], kind: parts[1]) { return [kind.index] }
        let near = text.nearest(in: loading.kindNames)
        warning(
            .unknownKind,
            "fits no kind that we know" + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
            mend: near.map { "write \($0)" } ?? "check the spelling"
        )
        return []
    }

    fileprivate func regionPattern() -> NamePattern? {
        guard let text = string() else { return nil }
        let name = Region.normalise(text)
        if !name.utf8.contains(UInt8(ascii: "*")), loading.tables.region(name) == nil, name != "global" {
            warning(.unknownRegion, "\"\(text.prefix(80))\" is not a region that we know", mend: "check the spelling")
        }
        return NamePattern(name)
    }
}

/// All rows of a folder's PriceLists, by kind: lists in the order of their names, rows in theirs.
final class PriceBook: Sendable {
    /// The currencies in which there are prices.
    let currencies: Set<String>
    private let prices: [PriceList.Price]
    private let byKind: [Int: [Int]]

    init(_ lists: [PriceList]) {
        prices = lists.sorted { $0.name < $1.name }.flatMap(\.prices)
        currencies = Set(prices.map(\.currency))
        var byKind: [Int: [Int]] = [:]
        for (place, price) in prices.enumerated() {
            for kind in price.kinds { byKind[kind, default: []].append(place) }
        }
        self.byKind = byKind
    }

    /// The rows for a kind in a currency.
    func prices(of kind: AzureKind, in currency: String) -> [PriceList.Price] {
        (byKind[kind.index] ?? []).lazy.map { self.prices[$0] }.filter { $0.currency == currency }
    }
}
