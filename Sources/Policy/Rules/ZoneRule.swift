internal import Azure
internal import JSON

/// Over how many availability zones a resource must be spread, and over which.
final class ZoneRule: CircumstantialTest {
    private let redundant: Switch?
    /// How many zones a list of zones must name.
    private let minimum: Int?
    private let allow: [String]?

    private static let names = ["redundant", "minimum", "allow"]

    /// Azure numbers the zones of a region from 1 to 3.
    private static let maximumZones = 3

    init?(_ node: Node) {
        guard let fields = node.fields(Self.names) else { return nil }
        let demand = fields["redundant"]?.keyword(Required.self)
        redundant = demand.map { _ in Switch(facet: .zone, part: .redundant, wanted: "zone redundancy") }
        minimum = fields["minimum"].flatMap { node in
            guard let number = node.number() else { return nil }
            guard let count = Int(exactly: number), (1...Self.maximumZones).contains(count) else {
                node.error(
                    "is \(String(node.document.lexeme(node.value)))",
                    mend: "write 1 to \(Self.maximumZones): a region has no more zones"
                )
                return nil
            }
            return count
        }
        allow = fields["allow"]?.elements().compactMap { element in
            element.value.kind == .int ? String(element.document.lexeme(element.value)) : element.string()
        }
        if node.document.count(of: node.value) == 0 {
            node.error("says nothing", mend: "add one of \(Self.names.joined(separator: ", "))")
        }
    }

    var demand: PolicySet.Demand {
        var parts: PartSet = []
        if redundant != nil { parts.formUnion(PartSet(.redundant)) }
        if minimum != nil { parts.formUnion(PartSet(.zones)) }
        if allow != nil { parts.formUnion(PartSet(.zone)) }
        return PolicySet.Demand(facets: FacetSet(.zone), parts: parts)
    }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .zone {
            try report.meter.spend(1)
            let place = places[index]
            switch place.part {
            case .redundant:
                guard let redundant, !redundant.isSatisfied(by: place, in: subject.document) else { continue }
                // Another way to say it may stand beside: Redis allocates zones by itself, or is given a list.
                if try hasTwin(place, redundant, subject, &report.meter) { continue }
                redundant.check(place, subject, rule, &report)
            case .zones: if let minimum { count(place, minimum, subject, rule, &report) }
            case .zone: if let allow { judge(place, allow, subject, rule, &report) }
            default: continue
            }
        }
    }

    /// Whether something else in the same object makes it redundant.
    private func hasTwin(
        _ place: Occurrence,
        _ redundant: Switch,
        _ subject: borrowing Subject,
        _ meter: inout Meter
    ) throws(EvaluationError) -> Bool {
        // Kinds that have a second way have it once; whatever is in lists stands for itself.
        guard subject.kind.group == "cache.azure.com" else { return false }
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .zone && places[index].part == .redundant {
            try meter.spend(1)
            guard places[index].container.isSamePlace(as: place.container) else { continue }
            if redundant.isSatisfied(by: places[index], in: subject.document) { return true }
        }
        return false
    }

    private func count(
        _ place: Occurrence,
        _ minimum: Int,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let allowed = "\(minimum) or more zones"
        switch place.state {
        case .known:
            guard let value = place.value else { return }
            let zones = value.isArray ? subject.document.distinctStrings(in: value, atLeast: minimum) : 0
            if zones >= minimum { return }
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                value,
                of: subject,
                .text(
                    message: "names \(zones) \(zones == 1 ? "zone" : "zones"), the minimum is \(minimum)",
                    mend: "list \(allowed)"
                )
            )
        case .absent where rule.deniesAbsence(byDefault: true):
            report.add(rule.origin, .required, at: .occurrence(place), nil, of: subject, allowed: allowed, .absent)
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
        case .absent, .unknown: return
        }
    }

    private func judge(
        _ place: Occurrence,
        _ allow: [String],
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        switch place.state {
        case .known:
            guard let value = place.value else { return }
            let zone = document.string(value) ?? String(document.lexeme(value))
            if allow.contains(where: { $0.lowercased() == zone.lowercased() }) { return }
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                value,
                of: subject,
                allowed: allow.joined(separator: ", "),
                .notAllowed
            )
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allow.joined(separator: ", "))
        case .absent, .unknown: return
        }
    }
}
