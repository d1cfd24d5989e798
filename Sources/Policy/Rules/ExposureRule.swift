internal import Azure
internal import JSON

/// Whether a resource may be reached from the Internet, and how it insists on encryption: switches, each by itself.
///
/// What takes more than one place to judge is asked by `NetworkRule`.
final class ExposureRule: Sendable {
    let switches: [Switch]
    /// The facets that the switches and the version are part of.
    let facets: FacetSet
    /// The parts of those facets.
    let parts: PartSet
    /// The oldest version of TLS that may be accepted.
    let minimumTLSVersion: TLSVersion?

    private enum Denied: String, CaseIterable {
        case deny = "Deny"
    }
    private enum Version: String, CaseIterable {
        case one = "1.0"
        case oneOne = "1.1"
        case oneTwo = "1.2"
        case oneThree = "1.3"
    }
    private enum PublicNetworkAccess: String, CaseIterable {
        case disabled = "Disabled"
        case securedByPerimeter = "SecuredByPerimeter"
    }

    /// Fields whose only word is Disabled.
    private static let disabled: [(field: String, part: Facet.Part)] = [
        ("publicAccess", .publicAccess), ("external", .external), ("nodePublicIP", .nodePublicIP),
        ("publicIP", .publicIP),
        ("ipForwarding", .ipForwarding), ("localAuthentication", .localAuthentication),
    ]

    /// Fields whose only word is Required.
    private static let required: [(field: String, facet: Facet, part: Facet.Part, wanted: String)] = [
        ("privateCluster", .exposure, .privateCluster, "true"),
        ("rbacAuthorization", .exposure, .rbacAuthorization, "true"),
        ("encryption", .tls, .encryptedOnly, "encrypted requests only"),
        ("httpsOnly", .tls, .encryptedOnly, "encrypted requests only"),
    ]

    static let names =
        ["publicNetworkAccess", "defaultAction", "minimumTLSVersion"] + disabled.map(\.field) + required.map(\.field)

    /// Reads the body of an exposure rule.
    static func read(_ node: Node) -> Rule.Test? {
        guard let fields = node.fields(names + NetworkRule.names) else { return nil }
        if node.document.count(of: node.value) == 0 {
            node.error("says nothing", mend: "add one of \((names + NetworkRule.names).joined(separator: ", "))")
        }
        let rule = ExposureRule(fields)
        return NetworkRule(rule, fields).map(Rule.Test.circumstantial) ?? .exposure(rule)
    }

    private init(_ fields: Fields) {
        var switches: [Switch] = []
        if let word = fields["publicNetworkAccess"]?.keyword(PublicNetworkAccess.self) {
            let alternative = word == .disabled ? nil : word.rawValue
            switches.append(
                Switch(facet: .exposure, part: .publicNetworkAccess, wanted: "Disabled", alternative: alternative)
            )
        }
        for (field, part) in Self.disabled {
            guard let word = fields[field]?.keyword(Disabled.self) else { continue }
            switches.append(Switch(facet: .exposure, part: part, wanted: word.rawValue))
        }
        if let word = fields["defaultAction"]?.keyword(Denied.self) {
            switches.append(Switch(facet: .exposure, part: .defaultAction, wanted: word.rawValue))
        }
        for (field, facet, part, wanted) in Self.required where fields[field]?.keyword(Required.self) != nil {
            // Two names for one thing must not make two failures of it.
            if switches.contains(where: { $0.part == part }) {
                fields[field]?.error("says what encryption says already", mend: "remove one of them")
            }
            switches.append(Switch(facet: facet, part: part, wanted: wanted))
        }
        self.switches = switches
        let version = fields["minimumTLSVersion"]?.keyword(Version.self)
        minimumTLSVersion = version.flatMap { TLSVersion(parsing: $0.rawValue.utf8Span.span) }
        var demand = switches.demand
        if version != nil {
            demand.formUnion(PolicySet.Demand(facets: FacetSet(.tls), parts: PartSet(.minimumVersion)))
        }
        // A server in a subnet of its own has no public access to speak of.
        if switches.contains(where: { $0.part == .publicNetworkAccess }) {
            demand.parts.formUnion(PartSet(.privateNetwork))
        }
        facets = demand.facets
        parts = demand.parts
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
                if place.isOpen(in: document) == false { continue }
                if place.state == .absent, place.part == .publicNetworkAccess, subject.isInPrivateNetwork { continue }
                switches[index].check(place, subject, rule, &report)
            }
            if let minimumTLSVersion, place.part == .minimumVersion {
                judge(place, minimumTLSVersion, subject, rule, &report)
            }
        }
    }

    private func judge(
        _ place: Occurrence,
        _ minimum: TLSVersion,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        switch place.state {
        case .known:
            if (place.tlsVersion(in: subject.document) ?? .none) >= minimum { return }
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                place.value,
                of: subject,
                allowed: allowed(minimum, subject.kind),
                .notAllowed
            )
        case .absent:
            report.addAbsence(rule, place, of: subject, allowed: allowed(minimum, subject.kind)) { provided in
                (provided.place.tlsVersion(in: provided.document) ?? .none) >= minimum
            }
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed(minimum, subject.kind))
        case .unknown: return
        }
    }

    private func allowed(_ minimum: TLSVersion, _ kind: AzureKind) -> String {
        "\(kind.spelling(of: minimum)) or later"
    }
}

extension Subject {
    /// Whether the object says that it lives in a subnet of its own.
    var isInPrivateNetwork: Bool {
        let places = facets.places.span
        for index in places.indices where places[index].part == .privateNetwork {
            if places[index].isOpen(in: document) == false { return true }
        }
        return false
    }
}
