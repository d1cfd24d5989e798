internal import Azure
internal import JSON

/// Whether a resource may be reached from the Internet, and how it insists on encryption.
final class ExposureRule: Sendable {
    /// A switch that must be in its closed position, whichever way the kind spells that.
    struct Switch: Sendable {
        let facet: Facet
        let part: Facet.Part
        /// What to write, as failures show it; the word that the policy used.
        let wanted: String
    }

    let switches: [Switch]
    /// The facets that the switches and the version are part of.
    let facets: FacetSet
    /// The parts of those facets.
    let parts: PartSet
    /// The oldest version of TLS that may be accepted.
    let minimumTLSVersion: TLSVersion?

    private enum Closed: String, CaseIterable {
        case disabled = "Disabled"
    }
    private enum Denied: String, CaseIterable {
        case deny = "Deny"
    }
    private enum Required: String, CaseIterable {
        case required = "Required"
    }
    private enum Version: String, CaseIterable {
        case one = "1.0"
        case oneOne = "1.1"
        case oneTwo = "1.2"
        case oneThree = "1.3"
    }

    /// Fields whose only word closes something: a field that could also say Enabled would say nothing.
    private static let closed: [(field: String, part: Facet.Part)] = [
        ("publicNetworkAccess", .publicNetworkAccess), ("publicAccess", .publicAccess), ("external", .external),
        ("nodePublicIP", .nodePublicIP), ("localAuthentication", .localAuthentication),
    ]

    init?(_ node: Node) {
        let names = Self.closed.map(\.field) + ["defaultAction", "privateCluster", "encryption", "minimumTLSVersion"]
        guard
            let fields = node.fields(names, reserved: ["allowedIPs", "firewallRules", "privateEndpoints", "httpsOnly"])
        else { return nil }
        var switches: [Switch] = []
        for (field, part) in Self.closed {
            guard let word = fields[field]?.keyword(Closed.self) else { continue }
            switches.append(Switch(facet: .exposure, part: part, wanted: word.rawValue))
        }
        if let word = fields["defaultAction"]?.keyword(Denied.self) {
            switches.append(Switch(facet: .exposure, part: .defaultAction, wanted: word.rawValue))
        }
        if fields["privateCluster"]?.keyword(Required.self) != nil {
            switches.append(Switch(facet: .exposure, part: .privateCluster, wanted: "true"))
        }
        if fields["encryption"]?.keyword(Required.self) != nil {
            switches.append(Switch(facet: .tls, part: .encryptedOnly, wanted: "encrypted requests only"))
        }
        self.switches = switches
        let version = fields["minimumTLSVersion"]?.keyword(Version.self)
        minimumTLSVersion = version.flatMap { TLSVersion(parsing: $0.rawValue.utf8Span.span) }
        var facets: FacetSet = version == nil ? [] : FacetSet(.tls)
        var parts: PartSet = version == nil ? [] : PartSet(.minimumVersion)
        for demand in switches {
            facets.formUnion(FacetSet(demand.facet))
            parts.formUnion(PartSet(demand.part))
        }
        self.facets = facets
        self.parts = parts
        if node.document.count(of: node.value) == 0 {
            node.error("says nothing", mend: "add one of \(names.joined(separator: ", "))")
        }
    }
}

// MARK: Judging

extension ExposureRule {
    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) throws(EvaluationError) {
        let document = subject.document
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .exposure || places[index].facet == .tls {
            let place = places[index]
            try report.meter.spend(1)
            for index in switches.indices where switches[index].part == place.part {
                // A word that we do not know, such as SecuredByPerimeter, is not the one that was asked for.
                let isClosed = place.isOpen(in: document) == false
                if isClosed { continue }
                judge(place, isClosed, place.closedWord(in: document) ?? switches[index].wanted, subject, rule, &report)
            }
            if let minimumTLSVersion, place.part == .minimumVersion {
                let isFine = (place.tlsVersion(in: document) ?? .none) >= minimumTLSVersion
                judge(
                    place,
                    isFine,
                    "\(subject.kind.spelling(of: minimumTLSVersion)) or later",
                    subject,
                    rule,
                    &report
                )
            }
        }
    }

    private func judge(
        _ place: Occurrence,
        _ isFine: Bool,
        _ wanted: @autoclosure () -> String,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        switch place.state {
        case .known where !isFine:
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                place.value,
                of: subject,
                allowed: wanted(),
                .notAllowed
            )
        case .absent where rule.deniesAbsence(byDefault: true):
            report.add(
                rule.origin,
                .required,
                at: .occurrence(place),
                nil,
                of: subject,
                allowed: wanted(),
                .absent
            )
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: wanted())
        case .known, .absent, .unknown: return
        }
    }
}

extension Occurrence {
    /// What to write instead of a boolean; nil for words, which differ from provider to provider.
    fileprivate func closedWord(in document: JSONDocument) -> String? {
        guard let value, let flag = value.bool else { return nil }
        return flag ? "false" : "true"
    }
}
