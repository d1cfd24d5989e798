internal import Azure
internal import JSON
internal import Kubernetes

/// Where resources may be: regions, in any of their spellings.
final class LocationRule: Sendable {
    /// What may be, and what may not.
    private final class Lists: Sendable {
        /// What is allowed; nil if only `deny` speaks.
        let allow: WordList?
        let deny: WordList
        /// `allow` as failures show it.
        let allowed: String

        init(_ fields: Fields) {
            let regions = fields["allow"]?.regions()
            allow = regions.map { WordList($0) }
            deny = WordList(fields["deny"]?.regions() ?? [])
            allowed = (regions ?? []).joined(separator: ", ")
        }
    }

    private let lists: Lists
    /// What is allowed of the resource itself; nil if only `deny` speaks.
    var allow: WordList? { lists.allow }
    var deny: WordList { lists.deny }
    /// What holds instead where a resource keeps copies.
    private let replicas: Lists?
    /// What resources that are everywhere at once (`global`) mean: a class of its own, not a region.
    let global: Verdict
    /// Whether a resource must be where its owner is.
    let isWithOwner: Bool

    private enum Required: String, CaseIterable {
        case required = "Required"
    }

    init?(_ node: Node) {
        let names = ["allow", "deny", "global", "replicas", "sameAsOwner"]
        guard let fields = node.fields(names) else { return nil }
        if names.allSatisfy({ $0 == "global" || fields[$0] == nil }) {
            node.error("says nothing", mend: "add allow, deny, replicas or sameAsOwner")
        }
        lists = Lists(fields)
        replicas = fields["replicas"]?.fields(["allow", "deny"]).map { replicas in
            if replicas["allow"] == nil && replicas["deny"] == nil {
                replicas.node.error("says nothing", mend: "add allow or deny")
            }
            return Lists(replicas)
        }
        global = fields["global"]?.keyword(Verdict.self) ?? .allow
        isWithOwner = fields["sameAsOwner"]?.keyword(Required.self) != nil
    }

    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .location {
            let place = places[index]
            try report.meter.spend(1)
            if let replicas, subject.tables.isReplica(place) {
                // A copy beside the resource itself is where `allow` lets it be.
                if try isAtHome(place, subject, &report) { continue }
                judge(place, replicas, subject, rule, &report)
            } else {
                judge(place, lists, subject, rule, &report)
            }
        }
    }

    private func judge(
        _ place: Occurrence,
        _ lists: Lists,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        switch place.state {
        case .known:
            guard let value = place.value else { return }
            guard let (reason, explanation) = fault(with: subject.document.utf8(value), lists) else { return }
            report.add(
                rule.origin,
                reason,
                at: .occurrence(place),
                value,
                of: subject,
                allowed: reason == .forbidden ? "" : lists.allowed.isEmpty ? "a region" : lists.allowed,
                explanation
            )
        case .absent where rule.deniesAbsence(byDefault: lists.allow != nil):
            report.add(
                rule.origin,
                .required,
                at: .occurrence(place),
                nil,
                of: subject,
                allowed: lists.allowed,
                .absent
            )
        case .unknown where rule.deniesUnknown(byDefault: lists.allow != nil):
            report.addUnknown(rule.origin, place, of: subject, allowed: lists.allowed)
        case .absent, .unknown: return
        }
    }

    private func fault(with region: Span<UInt8>, _ lists: Lists) -> (Failure.Reason, Explanation)? {
        if Region.isGlobal(region) {
            return global == .allow || lists.allow?.containsRegion(region) == true ? nil : (.notSupported, .notAllowed)
        }
        if lists.deny.containsRegion(region) { return (.forbidden, .denied) }
        return lists.allow?.containsRegion(region) == false ? (.notSupported, .notAllowed) : nil
    }

    /// Whether a copy is in the region of the resource itself.
    private func isAtHome(
        _ replica: Occurrence,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) throws(EvaluationError) -> Bool {
        guard let value = replica.value else { return false }
        let region = Region.normalise(subject.document.string(value) ?? "")
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .location {
            try report.meter.spend(1)
            guard let home = places[index].value, !subject.tables.isReplica(places[index]) else { continue }
            if Region.isSame(subject.document.utf8(home), as: region.utf8Span.span) { return true }
        }
        return false
    }
}

// MARK: Where the owner is

/// A rule on locations that asks where a resource's owner is.
final class OwnerLocationTest: CircumstantialTest {
    private let locations: LocationRule

    /// The parts of an owner, and regions.
    var demand: PolicySet.Demand {
        PolicySet.Demand(
            facets: [FacetSet(.location), FacetSet(.owner)],
            parts: [PartSet(.region), PartSet(.name), PartSet(.group), PartSet(.kind), PartSet(.armID)]
        )
    }

    init(_ locations: LocationRule) {
        self.locations = locations
    }

    /// What is known of an owner.
    private enum Owner {
        /// It is there.
        case at(String)
        /// Where it is cannot be told; the text names it.
        case somewhere(String)
        /// There is one, but which is filled in later.
        case unknown(Occurrence)
        /// The resource names none.
        case none
    }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try locations.check(subject, rule, &report)
        // What lies in a subscription or tenant has no owner to be with.
        guard !subject.kind.ownerKinds.isEmpty || subject.kind.isGeneral else { return }
        let places = subject.facets.places.span
        var owner: Owner?
        for index in places.indices where places[index].facet == .location {
            let place = places[index]
            try report.meter.spend(1)
            if subject.tables.isReplica(place) { continue }
            let known = owner ?? Self.find(subject, circumstances)
            owner = known
            judge(place, known, subject, rule, &report)
        }
    }

    private func judge(
        _ place: Occurrence,
        _ owner: Owner,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        // `global` says what those mean that are everywhere.
        if let value = place.value, Region.isGlobal(subject.document.utf8(value)) { return }
        switch (owner, place.state) {
        case (.none, _):
            guard rule.deniesAbsence(byDefault: true) else { return }
            report.add(rule.origin, .required, at: "spec.owner", .absent)
        case (.unknown(let name), _):
            guard rule.deniesUnknown(byDefault: true) else { return }
            report.addUnknown(rule.origin, name, of: subject, allowed: "")
        case (.somewhere(let name), _):
            guard rule.deniesUnknown(byDefault: true) else { return }
            report.add(
                rule.origin,
                .unknown,
                at: .occurrence(place),
                place.value,
                of: subject,
                .refused(
                    ", which must be the location of its owner \(name), and that is not known here",
                    mend: "ask the platform team to add the owner to the inventory"
                )
            )
        case (.at(let region), .known):
            guard let value = place.value,
                !Region.isSame(subject.document.utf8(value), as: region.utf8Span.span)
            else { return }
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                value,
                of: subject,
                allowed: region,
                .refused(", but its owner is elsewhere", mend: "use the location of the owner, \(region)")
            )
        case (.at(let region), .absent):
            guard rule.deniesAbsence(byDefault: true) else { return }
            report.add(rule.origin, .required, at: .occurrence(place), nil, of: subject, allowed: region, .absent)
        case (.at(let region), .unknown):
            guard rule.deniesUnknown(byDefault: true) else { return }
            report.addUnknown(rule.origin, place, of: subject, allowed: region)
        }
    }

    /// The most owners that are followed: deeper than the deepest kind of Azure, and no circle goes on for ever.
    private static let maximumOwners = 16

    /// Where the owner of a resource is; nil if nobody knows.
    static func region(
        ofOwnerOf subject: borrowing Subject,
        _ circumstances: borrowing Circumstances
    ) -> String? {
        guard case .at(let region) = find(subject, circumstances) else { return nil }
        return region
    }

    /// Looks for the owner's region; an owner without a location of its own is where its owner is.
    private static func find(_ subject: borrowing Subject, _ circumstances: borrowing Circumstances) -> Owner {
        let document = subject.document
        var parts: [Facet.Part: String] = [:]
        var unknown: Occurrence?
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .owner {
            let place = places[index]
            if place.state == .unknown, place.part == .name || place.part == .armID && unknown == nil {
                unknown = place
            }
            guard let value = place.value, let text = document.string(value) else { continue }
            parts[place.part] = text
        }
        if let armID = parts[.armID] { return .somewhere(armID.shortened(to: 128)) }
        guard let name = parts[.name] else { return unknown.map { .unknown($0) } ?? .none }
        let known = subject.kind.ownerKinds.count == 1 ? subject.kind.ownerKinds.first?.split(separator: "/") : nil
        guard let group = parts[.group] ?? known?.first.map(String.init),
            let kind = parts[.kind] ?? known?.last.map(String.init)
        else { return .somewhere(name.shortened(to: 128)) }
        let somewhere = Owner.somewhere("\(kind)/\(name)".shortened(to: 128))
        let namespace = circumstances.request.namespace.flatMap { circumstances.request.document.string($0) }
        var key = Inventory.Key(group: group, kind: kind, namespace: namespace ?? "", name: name)
        for _ in 0..<maximumOwners {
            guard let entry = circumstances.inventory?[key] else { return somewhere }
            if let location = entry.location { return .at(location) }
            guard entry.kind?.has(.location) == false, case .object(let next)? = entry.owner else { return somewhere }
            key = next
        }
        return somewhere
    }
}

extension WordList {
    fileprivate func containsRegion(_ text: Span<UInt8>) -> Bool {
        for index in indices where Region.isSame(text, as: self[index]) { return true }
        return false
    }
}

extension Report {
    mutating func addUnknown(
        _ origin: Failure.Origin,
        _ place: Occurrence,
        of subject: borrowing Subject,
        allowed: String,
        explaining explanation: (String) -> Explanation = Explanation.unknown
    ) {
        let source = subject.kind.why(place, in: subject.document, of: subject.object)
        add(
            origin,
            .unknown,
            at: .occurrence(place),
            nil,
            of: subject,
            allowed: allowed,
            explanation(source?.singleLine ?? "FromConfig")
        )
    }
}

extension Node {
    /// Names of regions in any spelling, normalised; one that the tables do not know is a warning, for regions are added.
    fileprivate func regions() -> [String] {
        elements().compactMap { element in
            guard let text = element.string() else { return nil }
            let name = Region.normalise(text)
            if loading.tables.region(name) == nil, name != "global" {
                let near = name.nearest(in: loading.tables.regions.map(\.name))
                element.warning(
                    .unknownRegion,
                    "\"\(text.prefix(80))\" is not a region that we know"
                        + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
                    mend: near.map { "write \($0)" } ?? "check the spelling"
                )
            }
            return name
        }
    }
}
