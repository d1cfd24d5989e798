internal import Azure
internal import JSON

/// Where resources may be: regions, in any of their spellings.
final class LocationRule: Sendable {
    /// What is allowed; nil if only `deny` speaks.
    private let allow: WordList?
    private let deny: WordList
    /// What resources that are everywhere at once (`global`) mean: a class of its own, not a region.
    let global: Verdict
    /// `allow` as failures show it.
    let allowed: String

    init?(_ node: Node) {
        guard let fields = node.fields(["allow", "deny", "global"], reserved: ["sameAsOwner", "geoReplicas"]) else {
            return nil
        }
        if fields["allow"] == nil && fields["deny"] == nil {
            node.error("says nothing", mend: "add allow or deny")
        }
        let regions = fields["allow"]?.regions()
        allow = regions.map { WordList($0) }
        deny = WordList(fields["deny"]?.regions() ?? [])
        global = fields["global"]?.keyword(Verdict.self) ?? .allow
        allowed = (regions ?? []).joined(separator: ", ")
    }

    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .location {
            let place = places[index]
            try report.meter.spend(1)
            switch place.state {
            case .known:
                guard let value = place.value else { continue }
                guard let (reason, explanation) = fault(with: document.utf8(value)) else { continue }
                report.add(
                    rule.origin,
                    reason,
                    at: .occurrence(place),
                    value,
                    of: subject,
                    allowed: reason == .forbidden ? "" : allowed,
                    explanation
                )
            case .absent where rule.deniesAbsence(byDefault: allow != nil):
                report.add(
                    rule.origin,
                    .required,
                    at: .occurrence(place),
                    nil,
                    of: subject,
                    allowed: allowed,
                    .absent
                )
            case .unknown where rule.deniesUnknown(byDefault: allow != nil):
                report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
            case .absent, .unknown: continue
            }
        }
    }

    private func fault(with region: Span<UInt8>) -> (Failure.Reason, Explanation)? {
        if Region.isGlobal(region) {
            return global == .allow || allow?.containsRegion(region) == true ? nil : (.notSupported, .notAllowed)
        }
        if deny.containsRegion(region) { return (.forbidden, .denied) }
        return allow?.containsRegion(region) == false ? (.notSupported, .notAllowed) : nil
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
        allowed: String
    ) {
        let source = subject.kind.reason(of: place, in: subject.document, of: subject.object)
        add(
            origin,
            .unknown,
            at: .occurrence(place),
            nil,
            of: subject,
            allowed: allowed,
            .unknown(source?.description.singleLine ?? "FromConfig")
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
                    "\"\(text.prefix(80))\" is not a region that we know"
                        + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
                    mend: near.map { "write \($0)" } ?? "check the spelling"
                )
            }
            return name
        }
    }
}
