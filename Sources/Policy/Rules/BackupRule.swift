internal import Azure
internal import JSON

/// How long backups and deleted things must be kept, and where.
final class BackupRule: CircumstantialTest {
    /// A floor or a ceiling for a number of days.
    fileprivate struct Limit: Sendable {
        let part: Facet.Part
        let isMinimum: Bool
        let days: Double
        /// The limit as failures show it.
        let shown: String
    }

    private let switches: [Switch]
    private let limits: [Limit]

    private static let limitFields: [(field: String, part: Facet.Part, isMinimum: Bool)] = [
        ("minimumRetentionDays", .retentionDays, true), ("maximumRetentionDays", .retentionDays, false),
        ("minimumSoftDeleteDays", .softDeleteDays, true), ("maximumSoftDeleteDays", .softDeleteDays, false),
    ]
    private static let required: [(field: String, part: Facet.Part)] = [
        ("softDelete", .softDelete), ("purgeProtection", .purgeProtection), ("versioning", .versioning),
        ("immutability", .immutability),
    ]

    init?(_ node: Node) {
        let names = Self.limitFields.map(\.field) + ["geoRedundant"] + Self.required.map(\.field)
        guard let fields = node.fields(names) else { return nil }
        var switches: [Switch] = []
        if let word = fields["geoRedundant"]?.keyword(Demanded.self) {
            let isDisabled = word == .disabled
            switches.append(
                Switch(
                    facet: .backup,
                    part: .geoRedundant,
                    wanted: isDisabled ? "Disabled" : "Enabled",
                    mustBeOpen: isDisabled
                )
            )
        }
        for (field, part) in Self.required where fields[field]?.keyword(Required.self) != nil {
            switches.append(Switch(facet: .backup, part: part, wanted: "Enabled"))
        }
        self.switches = switches
        limits = Self.limitFields.compactMap { field, part, isMinimum in
            guard let node = fields[field], let days = node.number() else { return nil }
            if isMinimum && days == 0 { node.error("is 0, which every value satisfies", mend: "write 1 or more") }
            return Limit(
                part: part,
                isMinimum: isMinimum,
                days: days,
                shown: "\(String(node.document.lexeme(node.value))) \(days == 1 ? "day" : "days")"
            )
        }
        for limit in limits where limit.isMinimum {
            guard let ceiling = limits.first(where: { !$0.isMinimum && $0.part == limit.part && $0.days < limit.days })
            else { continue }
            node.error(
                "asks for \(limit.shown) or more and \(ceiling.shown) or less",
                mend: "make the maximum the larger"
            )
        }
        if node.document.count(of: node.value) == 0 {
            node.error("says nothing", mend: "add one of \(names.joined(separator: ", "))")
        }
    }

    var demand: PolicySet.Demand {
        limits.reduce(into: switches.demand) {
            $0.formUnion(PolicySet.Demand(facets: FacetSet(.backup), parts: PartSet($1.part)))
        }
    }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try switches.check(.backup, subject, rule, &report)
        if limits.isEmpty { return }
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .backup {
            try report.meter.spend(1)
            for limit in limits where limit.part == places[index].part {
                limit.check(places[index], subject, rule, &report)
            }
        }
    }
}

extension BackupRule.Limit {
    fileprivate func check(
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        switch place.state {
        case .known:
            guard let value = place.value else { return }
            guard let found = place.days(in: subject.document) else {
                report.add(
                    rule.origin,
                    .invalid,
                    at: .occurrence(place),
                    value,
                    of: subject,
                    allowed: allowed,
                    .refused(", which is no span of time that we can read", mend: "write \(allowed)")
                )
                return
            }
            if isFine(found) { return }
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                value,
                of: subject,
                .refused(
                    "\(measured(found, place.sense)), the \(isMinimum ? "minimum" : "maximum") is \(shown)",
                    mend: "keep it \(allowed)"
                )
            )
        case .absent where place.sense == .holder:
            guard rule.deniesAbsence(byDefault: isMinimum) else { return }
            report.add(
                rule.origin,
                .required,
                at: .occurrence(place),
                nil,
                of: subject,
                .text(message: "does not say how long backups are kept", mend: "keep them \(allowed)")
            )
        case .absent:
            report.addAbsence(rule, place, of: subject, allowed: allowed, byDefault: isMinimum) { provided in
                isFine(provided.place.days(in: provided.document) ?? 0)
            }
        case .unknown where rule.deniesUnknown(byDefault: isMinimum):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
        case .unknown: return
        }
    }

    private func isFine(_ found: Double) -> Bool { isMinimum ? found >= days : found <= days }

    private var allowed: String { "\(shown) or \(isMinimum ? "more" : "less")" }

    /// The unit, where the field's name does not say it.
    private func measured(_ found: Double, _ sense: Facet.Sense) -> String {
        switch sense {
        case .hours: " (hours)"
        case .duration: " (\(Int64(exactly: found).map { String($0) } ?? String(found)) days)"
        default: ""
        }
    }
}
