internal import Azure
internal import JSON

/// What a resource may cost a month by the operator's price lists.
///
/// Priced, free and unpriced are three answers: an estimate is compared, a price of 0 passes, and what no row speaks of is
/// unknown. As a ceiling it is not violated by what is unknown unless the rule says so (`ifUnknown`).
final class CostRule: CircumstantialTest {
    let currency: String
    /// What is said if the folder has no price in that currency: nothing would be enforced.
    let lacksPrices: PolicyIssue
    private let maximum: Double
    private let shown: String

    var demand: PolicySet.Demand {
        PolicySet.Demand(
            facets: QuantityReader.facets.union([FacetSet(.location), FacetSet(.owner)]),
            parts: QuantityReader.parts.union([
                PartSet(.region), PartSet(.group), PartSet(.kind), PartSet(.armID),
            ])
        )
    }

    init?(_ node: Node) {
        guard let fields = node.fields(["maximum", "currency"]) else { return nil }
        let limit = fields.required("maximum", "add maximum: the most that a resource may cost a month")
        let currency = fields.required("currency", "add currency: EUR or another one")
        guard let limit, let maximum = limit.number(), let currency, let code = currency.currency() else { return nil }
        self.maximum = maximum
        shown = String(limit.document.lexeme(limit.value))
        self.currency = code
        lacksPrices = currency.issue(
            .error,
            .unknownName,
            "no PriceList of this folder has a price in \(code)",
            mend: "add a PriceList; without one nothing would be enforced"
        )
    }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let prices = circumstances.prices.prices(of: subject.kind, in: currency)
        try report.meter.spend(4 * subject.facets.places.count)
        var estimate = CostEstimate(prices, region: region(subject, circumstances), subject)
        try estimate.add(subject, &report.meter)
        if estimate.amount.exceeds(maximum) {
            let explanation = Explanation.refused(
                ": about \(estimate.amount.money) \(currency) a month (\(estimate.terms)), "
                    + "the maximum is \(shown) \(currency)",
                mend: "choose a smaller or cheaper size, or fewer"
            )
            guard let place = estimate.dearest else {
                report.add(
                    rule.origin,
                    .notSupported,
                    at: "spec",
                    .text(
                        message: "costs about \(estimate.amount.money) \(currency) a month (\(estimate.terms)), "
                            + "the maximum is \(shown) \(currency)",
                        mend: "choose another kind of resource"
                    )
                )
                return
            }
            report.add(rule.origin, .notSupported, at: .occurrence(place), place.value, of: subject, explanation)
        } else if let place = estimate.unknown {
            guard rule.deniesUnknown(byDefault: false) else { return }
            report.addUnknown(rule.origin, place, of: subject, allowed: "")
        } else if let place = estimate.absent, rule.ifAbsent != nil {
            guard rule.deniesAbsence(byDefault: false) else { return }
            report.add(rule.origin, .required, at: .occurrence(place), nil, of: subject, .absent)
        } else if estimate.isUnpriced, rule.deniesUnknown(byDefault: false) {
            let mend = "choose a size that has a price, or ask the platform team to add it to the price list"
            if let place = estimate.unpriced {
                let why = ", for which the price list has no price in \(currency)"
                report.add(
                    rule.origin,
                    .unknown,
                    at: .occurrence(place),
                    place.value,
                    of: subject,
                    .refused(why, mend: mend)
                )
            } else {
                report.add(
                    rule.origin,
                    .unknown,
                    at: "kind",
                    shown: subject.kind.isGeneral ? subject.type.name : subject.kind.description,
                    .refused(", for which the price list has no price in \(currency)", mend: mend)
                )
            }
        }
    }

    /// The resource's own region, or its owner's if it has none of its own; nil if nobody knows.
    private func region(_ subject: borrowing Subject, _ circumstances: borrowing Circumstances) -> String? {
        let places = subject.facets.places.span
        var hasLocation = false
        for index in places.indices where places[index].facet == .location {
            let place = places[index]
            if subject.tables.isReplica(place) { continue }
            hasLocation = true
            if let value = place.value, let text = subject.document.string(value) { return Region.normalise(text) }
        }
        return hasLocation ? nil : OwnerLocationTest.region(ofOwnerOf: subject, circumstances)
    }
}

/// The sum of what a resource costs a month, and how it was made.
private struct CostEstimate {
    private(set) var amount = 0.0
    /// The place that costs most.
    private(set) var dearest: Occurrence?
    /// A place that a ConfigMap will tell.
    private(set) var unknown: Occurrence?
    /// An SKU that the resource leaves to the provider, and nobody knows what that is.
    private(set) var absent: Occurrence?
    /// An SKU without a price.
    private(set) var unpriced: Occurrence?
    /// Whether something, or all of it, has no price.
    private(set) var isUnpriced = false

    private let prices: [PriceList.Price]
    private let region: String?
    private let reader: QuantityReader
    private var parts: [(text: String, amount: Double)] = []

    /// How many products are shown.
    private static let maximumTerms = 4

    init(_ prices: [PriceList.Price], region: String?, _ subject: borrowing Subject) {
        self.prices = prices
        self.region = region
        reader = QuantityReader(
            subject.facets,
            of: subject.kind,
            subject.tables,
            in: subject.document,
            of: subject.object
        )
    }

    /// `2 × 4 vCores × 730 h × 0.05 + 256 GB × 0.1`.
    var terms: String {
        let paid = parts.filter { $0.amount > 0 }
        let shown = paid.prefix(Self.maximumTerms).map(\.text).joined(separator: " + ")
        return paid.count > Self.maximumTerms ? "\(shown) + \(paid.count - Self.maximumTerms) more" : shown
    }

    /// Prices each SKU, then what the resource asks for beside.
    mutating func add(_ subject: borrowing Subject, _ meter: inout Meter) throws(EvaluationError) {
        var index = 0
        var hasSKU = false
        var first: (sku: SKU, document: JSONDocument)?
        while let sku = subject.facets.nextSKU(&index) {
            guard let place = sku.subject else { continue }
            hasSKU = true
            try meter.spend(1 + prices.count)
            let provided = subject.tables.defaultSKU(
                of: sku,
                of: subject.kind,
                in: subject.document,
                of: subject.object
            )
            let document = provided?.name.document ?? subject.document
            let priced = provided?.sku ?? sku
            if first == nil { first = (priced, document) }
            add(sku, as: priced, in: document, at: place, subject)
        }
        try meter.spend(2 * prices.count)
        if !hasSKU { addWithoutSKU() }
        addRest(.gigabyteMonth, .storageGB, first)
        addRest(.throughputHour, .throughput, first)
        if parts.isEmpty { isUnpriced = true }
    }

    private mutating func add(
        _ sku: SKU,
        as priced: SKU,
        in document: JSONDocument,
        at place: Occurrence,
        _ subject: borrowing Subject
    ) {
        if let part = [sku.name, sku.tier].lazy.compactMap({ $0 }).first(where: { $0.state == .unknown }) {
            unknown = unknown ?? part
            return
        }
        guard let price = prices.first(where: { $0.unit.isForSKU && matches($0, priced, in: document) }) else {
            if place.state == .absent && priced.name?.state == .absent { absent = absent ?? place }
            unpriced = unpriced ?? place
            isUnpriced = true
            return
        }
        let machines = reader.count(of: place, sku)
        var factors: [String] = []
        var product = price.amount * price.unit.perMonth
        switch price.unit {
        case .vCoreHour, .vCoreMonth:
            guard let machines,
                let vCores = Quantity.vCores.amount(of: priced, of: subject.kind, subject.tables, in: document)
            else { return unmeasured(place) }
            if machines != 1 { factors.append(machines.shown) }
            factors.append(Quantity.vCores.withUnit(vCores.shown))
            product *= machines * vCores
        case .unitHour, .unitMonth:
            let units = priced.capacity.map { $0.number(in: document) } ?? 1
            guard let units, units >= 0, units.isFinite else { return unmeasured(place) }
            if units != 1 { factors.append(units.shown) }
            product *= units
        case .hour, .month, .gigabyteMonth, .throughputHour:
            guard let machines else { return unmeasured(place) }
            if machines != 1 { factors.append(machines.shown) }
            product *= machines
        }
        append(factors, price, product, at: place)
    }

    private mutating func unmeasured(_ place: Occurrence) {
        unpriced = unpriced ?? place
        isUnpriced = true
    }

    /// Prices a resource of a kind that has no SKU.
    private mutating func addWithoutSKU() {
        let row = prices.first {
            [.hour, .month].contains($0.unit) && $0.sku == nil && $0.tier == nil && isHere($0)
        }
        guard let row else { return }
        append([], row, row.amount * row.unit.perMonth, at: nil)
    }

    private mutating func addRest(
        _ unit: PriceList.Unit,
        _ quantity: Quantity,
        _ sku: (sku: SKU, document: JSONDocument)?
    ) {
        let row = prices.first { price in
            guard price.unit == unit else { return false }
            guard let sku else { return price.sku == nil && price.tier == nil && isHere(price) }
            return matches(price, sku.sku, in: sku.document)
        }
        guard let row else { return }
        let measure = reader.measure(quantity)
        if let place = measure.unknown {
            if place.state == .unknown { unknown = unknown ?? place } else { unmeasured(place) }
        }
        let factor = quantity.withUnit(measure.amount.shown)
        append([factor], row, measure.amount * row.amount * row.unit.perMonth, at: measure.place)
    }

    private mutating func append(
        _ factors: [String],
        _ price: PriceList.Price,
        _ product: Double,
        at place: Occurrence?
    ) {
        if product > (parts.map(\.amount).max() ?? -1) { dearest = place }
        let hours = price.unit.perMonth == 1 ? [] : ["\(price.unit.perMonth.shown) h"]
        parts.append(((factors + hours + [price.shown]).joined(separator: " × "), product))
        amount += product
    }

    private func matches(_ price: PriceList.Price, _ sku: SKU, in document: JSONDocument) -> Bool {
        func fits(_ pattern: NamePattern?, _ place: Occurrence?) -> Bool {
            guard let pattern else { return true }
            guard let value = place?.value, value.isString else { return false }
            return pattern.matches(document.utf8(value))
        }
        return fits(price.sku, sku.name) && fits(price.tier, sku.tier) && isHere(price)
    }

    private func isHere(_ price: PriceList.Price) -> Bool {
        guard let location = price.location else { return true }
        return region.map { location.matches($0) } ?? false
    }
}

extension Double {
    /// An amount of money: whole, or with two decimals.
    fileprivate var money: String {
        guard magnitude < 9e15, self != rounded() else { return shown }
        let cents = Int64((self * 100).rounded())
        let rest = cents % 100
        return "\(cents / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
