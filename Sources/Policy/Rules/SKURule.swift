internal import Azure
internal import JSON

/// What of the provider's price list may be asked for, and how much of it.
final class SKURule: Sendable {
    /// One line of an allow- or deny-list: every part that it names must fit.
    ///
    /// Compared without regard to case, as Azure does.
    struct Pattern: Sendable {
        var name: NamePattern?
        var tier: NamePattern?
        var family: NamePattern?
        var size: NamePattern?

        var description: String {
            let parts = [("tier", tier), ("name", name), ("family", family), ("size", size)]
            let named = parts.compactMap { part, glob in glob.map { (part, $0.description) } }
            if named.count == 1, let only = named.first, only.0 == "name" { return only.1 }
            return named.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
        }
    }

    /// A ceiling for one number, wherever the kind keeps it.
    struct Ceiling: Sendable {
        let quantity: Quantity
        let limit: Double
        /// The limit as failures show it, with its unit.
        let shown: String
    }

    /// Which SKUs `allow` and `deny` are about, of kinds that have several: those of an AKS cluster are its own and its
    /// pools' machines.
    enum Scope: String, CaseIterable {
        /// Sizes of virtual machines, wherever a kind names them.
        case machines = "Machines"
        /// All others.
        case services = "Services"
    }

    let allow: [Pattern]?
    let deny: [Pattern]
    /// Nil for all SKUs.
    let scope: Scope?
    /// Ceilings for each place by itself.
    let maximum: [Ceiling]
    /// Ceilings for all places of a resource together.
    let total: [Ceiling]
    let allowed: String
    /// Those of `maximum` that names of SKUs are measured against.
    private let sizes: [Ceiling]
    /// The facets that the rule asks for.
    var facets: FacetSet {
        var facets: FacetSet = []
        if allow != nil || !deny.isEmpty { facets.formUnion(FacetSet(.sku)) }
        for ceiling in maximum {
            facets.formUnion(FacetSet(ceiling.quantity.facet))
            // The SKU that a provider takes has a capacity too.
            if ceiling.quantity.isSaidBySKU || ceiling.quantity == .capacity { facets.formUnion(FacetSet(.sku)) }
        }
        if !total.isEmpty { facets.formUnion(QuantityReader.facets) }
        return facets
    }

    /// The parts of those facets.
    var parts: PartSet {
        // A SKU is judged by what is left when the parts before are missing, so that all of them count.
        var parts: PartSet = [PartSet(.name), PartSet(.tier), PartSet(.family), PartSet(.size), PartSet(.capacity)]
        for ceiling in maximum {
            for part in Facet.Part.allCases where ceiling.quantity.isSaid(by: part) { parts.formUnion(PartSet(part)) }
        }
        return total.isEmpty ? parts : parts.union(QuantityReader.parts)
    }

    /// What is said of SKUs that each pattern of `deny` fits.
    private let denied: [Explanation]

    /// Whether `allow` names nothing but names, so that one of them can be set.
    private let isByName: Bool

    init?(_ node: Node, of policy: Rule.Policy) {
        guard let fields = node.fields(["of", "allow", "deny", "maximum", "total"]) else {
            return nil
        }
        if fields["allow"] == nil && fields["deny"] == nil && fields["maximum"] == nil && fields["total"] == nil {
            node.error("says nothing", mend: "add allow, deny, maximum or total")
        }
        scope = fields["of"]?.keyword(Scope.self)
        if let of = fields["of"], fields["allow"] == nil, fields["deny"] == nil {
            of.error("is for allow and deny, and there is neither", mend: "remove it, or add one of them")
        }
        let names = node.loading.skuNames(of: policy.resources, machines: scope.map { $0 == .machines })
        let allow = fields["allow"]?.elements().compactMap { Pattern($0, names) }
        self.allow = allow
        isByName = (allow ?? []).allSatisfy { $0.tier == nil && $0.family == nil && $0.size == nil }
        deny = fields["deny"]?.elements().compactMap { Pattern($0, names) } ?? []
        denied = deny.map { .refused(", which is denied (\($0.description))", mend: "choose another SKU") }
        maximum = fields["maximum"].map(Self.ceilings) ?? []
        total = fields["total"].map(Self.ceilings) ?? []
        sizes = maximum.filter { $0.quantity.isSaidBySKU }
        allowed = (allow ?? []).map(\.description).joined(separator: ", ")
    }

    private static func ceilings(_ node: Node) -> [Ceiling] {
        let names = Quantity.allCases.map(\.rawValue)
        guard let fields = node.fields(names, reserved: ["iops", "cost"]) else { return [] }
        let result = Quantity.allCases.compactMap { quantity -> Ceiling? in
            guard let node = fields[quantity.rawValue], let limit = node.number() else { return nil }
            return Ceiling(
                quantity: quantity,
                limit: limit,
                shown: quantity.withUnit(String(node.document.lexeme(node.value)))
            )
        }
        if node.document.count(of: node.value) == 0 {
            node.error("is empty", mend: "add one of \(names.joined(separator: ", "))")
        }
        return result
    }
}

extension SKURule.Pattern {
    /// Reads `{tier: Standard, name: "S*"}`, or a name on its own.
    fileprivate init?(_ node: Node, _ names: SKUNames) {
        if node.value.isString {
            guard let name = node.namePattern() else { return nil }
            names.check(node, .name)
            self.init(name: name)
            return
        }
        guard let fields = node.fields(["name", "tier", "family", "size"]) else { return nil }
        for part in [Facet.Part.name, .tier, .family, .size] { names.check(fields[part.rawValue], part) }
        self.init(
            name: fields["name"]?.namePattern(),
            tier: fields["tier"]?.namePattern(),
            family: fields["family"]?.namePattern(),
            size: fields["size"]?.namePattern()
        )
        guard name != nil || tier != nil || family != nil || size != nil else {
            node.error("names no part of a SKU and would match every one", mend: "add name, tier, family or size")
            return nil
        }
    }
}

// MARK: Judging

extension SKURule {
    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let judgesNames = allow != nil || !deny.isEmpty
        if judgesNames || !maximum.isEmpty {
            var place = 0
            while let sku = subject.facets.nextSKU(&place) {
                try report.meter.spend(1)
                let isMeant = judgesNames && isAbout(sku)
                if sku.subject?.state == .absent, rule.ifAbsent == nil,
                    judgeDefault(sku, subject, rule, isMeant, &report)
                {
                    continue
                }
                if isMeant { judge(sku, subject, rule, &report) }
                for index in sizes.indices { try sizes[index].check(sku, subject, rule, &report) }
            }
        }
        for index in maximum.indices { try maximum[index].check(subject, rule, &report) }
        if !total.isEmpty { try judgeTotal(subject, rule, &report) }
    }

    private func isAbout(_ sku: SKU) -> Bool {
        guard let scope else { return true }
        return (sku.name?.sense == .machine) == (scope == .machines)
    }

    private func judge(_ sku: SKU, _ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) {
        guard let place = sku.decidingPart else { return }
        let document = subject.document
        switch place.state {
        case .known:
            if let index = deniedBy(sku, in: document) {
                report.add(
                    rule.origin,
                    .forbidden,
                    at: .occurrence(place),
                    place.value,
                    of: subject,
                    shown: sku.shown(in: document),
                    denied[index]
                )
            } else if !allows(sku, in: document) {
                report.add(
                    rule.origin,
                    .notSupported,
                    at: .occurrence(place),
                    place.value,
                    of: subject,
                    shown: isByName ? nil : sku.shown(in: document),
                    allowed: allowed,
                    isByName ? .notAllowed : .skuNotAllowed
                )
            }
        case .absent where rule.deniesAbsence(byDefault: allow != nil):
            report.add(
                rule.origin,
                .required,
                at: .occurrence(place),
                nil,
                of: subject,
                allowed: allowed,
                isByName ? .absent : .absentSKU
            )
        case .unknown where rule.deniesUnknown(byDefault: allow != nil):
            report.addUnknown(
                rule.origin,
                place,
                of: subject,
                allowed: allowed,
                explaining: isByName ? Explanation.unknown : Explanation.unknownSKU
            )
        case .absent, .unknown: return
        }
    }

    /// Judges the SKU that the provider takes where the resource names none; says whether there is one.
    private func judgeDefault(
        _ sku: SKU,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ isMeant: Bool,
        _ report: inout Report
    ) -> Bool {
        guard
            let place = sku.subject,
            let (provided, name) = subject.tables.defaultSKU(
                of: sku,
                of: subject.kind,
                in: subject.document,
                of: subject.object
            )
        else { return false }
        func fail(_ allowed: String, _ explanation: Explanation) {
            report.add(rule.origin, .required, at: .occurrence(place), nil, of: subject, allowed: allowed, explanation)
        }
        if isMeant, let index = deniedBy(provided, in: name.document) {
            fail(
                "",
                .text(
                    message: "is not set and Azure takes \(name.text), which is denied (\(deny[index].description))",
                    mend: "choose another SKU"
                )
            )
        } else if isMeant, !allows(provided, in: name.document) {
            fail(allowed, isByName ? .defaulted(name.text) : .defaultedSKU(name.text))
        }
        for ceiling in maximum {
            guard let number = ceiling.amount(ofDefault: provided, name, subject), number.exceeds(ceiling.limit) else {
                continue
            }
            fail(
                ceiling.allowed,
                .text(
                    message: "is not set and Azure takes \(name.text) (\(ceiling.quantity.withUnit(number.shown))), "
                        + "the maximum is \(ceiling.shown)",
                    mend: "choose a size of \(ceiling.shown) or less"
                )
            )
        }
        return true
    }

    private func deniedBy(_ sku: SKU, in document: JSONDocument) -> Int? {
        for index in deny.indices where deny[index].matches(sku, in: document) { return index }
        return nil
    }

    private func allows(_ sku: SKU, in document: JSONDocument) -> Bool {
        guard let allow else { return true }
        for index in allow.indices where allow[index].matches(sku, in: document) { return true }
        return false
    }

    /// Judges what all places of the resource ask for together.
    private func judgeTotal(
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try report.meter.spend(4 * subject.facets.places.count)
        let reader = QuantityReader(
            subject.facets,
            of: subject.kind,
            subject.tables,
            in: subject.document,
            of: subject.object
        )
        for ceiling in total {
            let measure = reader.measure(ceiling.quantity)
            if measure.amount.exceeds(ceiling.limit), let place = measure.place {
                report.add(
                    rule.origin,
                    .notSupported,
                    at: .occurrence(place),
                    place.value,
                    of: subject,
                    .refused(
                        ": all places together ask for \(ceiling.quantity.withUnit(measure.amount.shown)), "
                            + "the maximum is \(ceiling.shown)",
                        mend: "choose smaller sizes, or fewer"
                    )
                )
            } else if let place = measure.unknown, rule.deniesUnknown(byDefault: false) {
                if place.state == .unknown {
                    report.addUnknown(rule.origin, place, of: subject, allowed: ceiling.allowed)
                } else {
                    ceiling.addUnmeasured(place, subject, rule, &report)
                }
            } else if let place = measure.absent, rule.deniesAbsence(byDefault: false) {
                ceiling.addAbsence(of: place, subject, rule, &report)
            }
        }
    }
}

extension SKURule.Pattern {
    fileprivate func matches(_ sku: SKU, in document: JSONDocument) -> Bool {
        Self.matches(name, sku.name, document) && Self.matches(tier, sku.tier, document)
            && Self.matches(family, sku.family, document) && Self.matches(size, sku.size, document)
    }

    private static func matches(_ pattern: NamePattern?, _ place: Occurrence?, _ document: JSONDocument) -> Bool {
        guard let pattern else { return true }
        guard let value = place?.value, value.isString else { return false }
        return pattern.matches(document.utf8(value))
    }
}

extension SKU {
    /// The part whose state decides, and that failures are reported at: one that comes from a ConfigMap goes before all
    /// others, or it would hide behind them.
    fileprivate var decidingPart: Occurrence? {
        if name?.state == .unknown { return name }
        if tier?.state == .unknown { return tier }
        if family?.state == .unknown { return family }
        if size?.state == .unknown { return size }
        return subject
    }

    /// The parts that the resource says, as people read them.
    func shown(in document: JSONDocument) -> String {
        let parts = [("tier", tier), ("name", name), ("family", family), ("size", size)]
        let named = parts.compactMap { part, place in
            place?.value.map { (part, document.string($0) ?? String(document.lexeme($0))) }
        }
        if named.count == 1, let only = named.first { return only.1 }
        return named.map { "\($0.0)=\($0.1)" }.joined(separator: " ")
    }
}

extension SKURule.Ceiling {
    /// Every place is judged by itself: two disks of 200 GB are within a maximum of 256.
    fileprivate func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        let places = subject.facets.places.span
        for index in places.indices
        where places[index].facet == quantity.facet && quantity.isSaid(by: places[index].part) {
            try report.meter.spend(1)
            let place = places[index]
            judge(place, place.number(in: document), subject, rule, &report)
        }
    }

    /// The cores or the memory that an SKU's name stands for.
    ///
    /// A name that tells none does not violate a ceiling, as absence does not, unless the rule says so.
    fileprivate func check(
        _ sku: SKU,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        guard let place = sku.name else { return }
        try report.meter.spend(4)
        let amount = quantity.amount(of: sku, of: subject.kind, subject.tables, in: subject.document)
        if place.state == .known && amount == nil {
            guard rule.ifUnknown == .deny, quantity.isMeasured(by: sku, of: subject.kind, subject.tables) else {
                return
            }
            return addUnmeasured(place, subject, rule, &report)
        }
        judge(place, amount, subject, rule, &report)
    }

    /// Adds that nobody knows how much a name stands for.
    fileprivate func addUnmeasured(
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        report.add(
            rule.origin,
            .unknown,
            at: .occurrence(place),
            place.value,
            of: subject,
            .refused(
                ", which does not tell its \(quantity == .memoryGB ? "memory" : quantity.rawValue), "
                    + "the maximum is \(shown)",
                mend: "choose a size that is known to have \(shown) or less"
            )
        )
    }

    /// Adds that the object leaves it to the provider how much it gets.
    fileprivate func addAbsence(
        of place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        report.add(
            rule.origin,
            .required,
            at: .occurrence(place),
            nil,
            of: subject,
            allowed: allowed,
            place.facet == .sku ? .refused("", mend: "choose a size of \(shown) or less") : .absent
        )
    }

    /// What the SKU that a provider takes has of the quantity.
    fileprivate func amount(
        ofDefault sku: SKU,
        _ name: ProviderDefault,
        _ subject: borrowing Subject
    ) -> Double? {
        if quantity == .capacity { return sku.capacity?.number(in: name.document) }
        return quantity.amount(of: sku, of: subject.kind, subject.tables, in: name.document)
    }

    private func judge(
        _ place: Occurrence,
        _ number: Double?,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        switch place.state {
        case .known:
            guard let value = place.value else { return }
            guard let number else {
                report.add(
                    rule.origin,
                    .invalid,
                    at: .occurrence(place),
                    value,
                    of: subject,
                    allowed: allowed,
                    .text(message: "is not a number", mend: "write a number, \(allowed)")
                )
                return
            }
            guard number.exceeds(limit) else { return }
            let measured = measured(number, value, subject.document)
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                value,
                of: subject,
                allowed: allowed,
                place.facet == .sku ? .sizeAbove(shown, measured: measured) : .above(shown, measured: measured)
            )
        case .absent where rule.deniesAbsence(byDefault: false):
            addAbsence(of: place, subject, rule, &report)
        case .unknown where rule.deniesUnknown(byDefault: false):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
        case .absent, .unknown: return
        }
    }

    fileprivate var allowed: String { "at most \(shown)" }

    /// `16 vCores`: what was measured, if that is not what the value says.
    private func measured(_ number: Double, _ value: JSONValue, _ document: JSONDocument) -> String? {
        let text = document.string(value) ?? String(document.lexeme(value))
        return text == number.shown ? nil : quantity.withUnit(number.shown)
    }
}

extension Double {
    /// Whether it is above a limit by more than adding up fractions can be wrong.
    func exceeds(_ limit: Double) -> Bool {
        self > limit && self - limit > 1e-12 * Swift.max(1, limit)
    }

    /// The number as people write it: whole, or with at most two decimals.
    var shown: String {
        guard magnitude < 9e15 else { return String(self) }
        if self == rounded() { return String(Int64(self)) }
        let hundredths = Int64((magnitude * 100).rounded())
        let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
        let decimals = rest % 10 == 0 ? "\(rest / 10)" : rest < 10 ? "0\(rest)" : "\(rest)"
        return "\(self < 0 ? "-" : "")\(whole)\(rest == 0 ? "" : "." + decimals)"
    }
}
