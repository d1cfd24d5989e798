internal import Azure
internal import JSON

/// Where resources may be: regions, in any of their spellings.
struct LocationRule: Sendable {
    /// What is allowed; nil if only `deny` speaks.
    let allow: [[UInt8]]?
    let deny: [[UInt8]]
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
        allow = fields["allow"]?.regions()
        deny = fields["deny"]?.regions() ?? []
        global = fields["global"]?.keyword(Verdict.self) ?? .allow
        allowed = (allow ?? []).map { String(decoding: $0, as: UTF8.self) }.joined(separator: ", ")
    }

    func check(_ subject: borrowing Subject, _ rule: Rule, _ origin: Report.Origin, _ report: inout Report)
        throws(EvaluationError)
    {
        guard subject.kind.has(.location) else { return }
        let (document, object) = (subject.document, subject.object)
        try subject.kind.forEachOccurrence(of: .location, in: document, of: object) {
            (place) throws(EvaluationError) in
            try report.meter.spend(1)
            switch place.state {
            case .known:
                guard let value = place.value else { return }
                check(document.utf8(value), value, place, subject, origin, &report)
            case .absent:
                guard (rule.ifAbsent ?? (allow == nil ? .allow : .deny)) == .deny else { return }
                report.add(origin, .required, at: subject.path(of: place), nil, of: subject, allowed: allowed, .absent)
            case .unknown:
                guard (rule.ifUnknown ?? (allow == nil ? .allow : .deny)) == .deny else { return }
                report.addUnknown(origin, place, of: subject, allowed: allowed)
            }
        }
    }

    private func check(
        _ text: Span<UInt8>,
        _ value: JSONValue,
        _ place: Occurrence,
        _ subject: borrowing Subject,
        _ origin: Report.Origin,
        _ report: inout Report
    ) {
        if Region.isGlobal(text) {
            if global == .allow || Self.contains(allow ?? [], text) { return }
            report.add(
                origin,
                .notSupported,
                at: subject.path(of: place),
                value,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        } else if Self.contains(deny, text) {
            report.add(origin, .forbidden, at: subject.path(of: place), value, of: subject, allowed: allowed, .denied)
        } else if let allow, !Self.contains(allow, text) {
            report.add(
                origin,
                .notSupported,
                at: subject.path(of: place),
                value,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        }
    }

    private static func contains(_ regions: [[UInt8]], _ text: Span<UInt8>) -> Bool {
        for region in regions where Region.isSame(text, as: region.span) { return true }
        return false
    }
}

extension Report {
    mutating func addUnknown(_ origin: Origin, _ place: Occurrence, of subject: borrowing Subject, allowed: String) {
        let source = subject.kind.reason(of: place, in: subject.document, of: subject.object)
        add(
            origin,
            .unknown,
            at: subject.path(of: place),
            nil,
            of: subject,
            allowed: allowed,
            .unknown(source?.description.singleLine ?? "FromConfig")
        )
    }
}

extension Node {
    /// Names of regions in any spelling, normalised; one that the tables do not know is a warning, for regions are added.
    fileprivate func regions() -> [[UInt8]] {
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
            return Array(name.utf8)
        }
    }
}
