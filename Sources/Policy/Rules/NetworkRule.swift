internal import Azure
internal import JSON

/// What an exposure rule asks that no switch tells by itself: several places at once, addresses, other objects.
final class NetworkRule: CircumstantialTest {
    private let exposure: ExposureRule
    private let firewall: Bool
    private let webApplicationFirewall: Bool
    private let privateEndpoints: Bool
    private let trustedServices: Demanded?
    private let networkAccessPolicy: NetworkAccessPolicy?
    private let addresses: AddressRule?

    private enum NetworkAccessPolicy: String, CaseIterable {
        case denyAll = "DenyAll"
        case allowPrivate = "AllowPrivate"
    }

    static let names = [
        "firewall", "webApplicationFirewall", "privateEndpoints", "trustedServices", "networkAccessPolicy",
        "allowedIPs",
        "firewallRules",
    ]

    /// - Returns: nil if the switches say it all.
    init?(_ exposure: ExposureRule, _ fields: Fields) {
        guard Self.names.contains(where: { fields[$0] != nil }) else { return nil }
        self.exposure = exposure
        firewall = fields["firewall"]?.keyword(Required.self) != nil
        webApplicationFirewall = fields["webApplicationFirewall"]?.keyword(Required.self) != nil
        privateEndpoints = fields["privateEndpoints"]?.keyword(Required.self) != nil
        trustedServices = fields["trustedServices"]?.keyword(Demanded.self)
        networkAccessPolicy = fields["networkAccessPolicy"]?.keyword(NetworkAccessPolicy.self)
        addresses = AddressRule(allowedIPs: fields["allowedIPs"], firewallRules: fields["firewallRules"])
    }

    /// The doors of which one that is closed keeps out whoever is not named, and whether one alone decides it.
    private static let doors: [(part: Facet.Part, isEnough: Bool)] = [
        (.publicNetworkAccess, true), (.networkFilter, true), (.privateNetwork, true), (.privateCluster, true),
        (.defaultAction, false), (.firewall, false),
    ]

    var demand: PolicySet.Demand {
        var demand = PolicySet.Demand(facets: exposure.facets, parts: exposure.parts)
        var parts: [Facet.Part] = []
        if firewall { parts += Self.doors.map(\.part) }
        if webApplicationFirewall { parts.append(.webApplicationFirewall) }
        if privateEndpoints { parts += [.privateNetwork, .publicNetworkAccess] }
        if trustedServices != nil { parts.append(.bypass) }
        if networkAccessPolicy != nil { parts.append(.networkAccessPolicy) }
        if addresses != nil { parts += AddressRule.parts }
        if !parts.isEmpty { demand.facets.formUnion(FacetSet(.exposure)) }
        for part in parts { demand.parts.formUnion(PartSet(part)) }
        return demand
    }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try exposure.check(subject, rule, &report)
        if firewall { try checkFirewall(subject, rule, &report) }
        if webApplicationFirewall { try checkWebApplicationFirewall(subject, rule, &report) }
        if privateEndpoints { try checkPrivateEndpoints(subject, circumstances, rule, &report) }
        try addresses?.check(subject, rule, &report)
        guard trustedServices != nil || networkAccessPolicy != nil else { return }
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == .exposure {
            try report.meter.spend(1)
            let place = places[index]
            if let trustedServices, place.part == .bypass { check(place, trustedServices, subject, rule, &report) }
            if let networkAccessPolicy, place.part == .networkAccessPolicy {
                check(place, networkAccessPolicy, subject, rule, &report)
            }
        }
    }
}

// MARK: Several places

extension NetworkRule {
    /// Whether every network is let in: public access is on, and nothing names those who may come.
    private func checkFirewall(
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        let places = subject.facets.places.span
        var open: Occurrence?
        for index in places.indices where places[index].facet == .exposure {
            try report.meter.spend(1)
            let place = places[index]
            guard let door = Self.doors.first(where: { $0.part == place.part }) else { continue }
            let isClosed = place.isOpen(in: document) == false
            if door.isEnough && isClosed { return }
            // Of doors that stand side by side each must be closed, such as those of a batch account.
            if !door.isEnough && !isClosed { open = open ?? place }
        }
        guard let open else { return }
        let door = Switch(facet: .exposure, part: open.part, wanted: "Deny")
        door.check(open, subject, rule, &report)
    }

    /// Whether there is a web application firewall, in one of the ways in which the kind can have one.
    private func checkWebApplicationFirewall(
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        let places = subject.facets.places.span
        var missing: Occurrence?
        for index in places.indices where places[index].part == .webApplicationFirewall {
            try report.meter.spend(1)
            if places[index].isOpen(in: document) == false { return }
            missing = missing ?? places[index]
        }
        guard let missing else { return }
        let door = Switch(facet: .exposure, part: missing.part, wanted: "a firewall policy")
        door.check(missing, subject, rule, &report)
    }

    /// Whether there is a private way to the resource: a subnet of its own, or a PrivateEndpoint that is known to refer to it.
    private func checkPrivateEndpoints(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        if subject.isInPrivateNetwork { return }
        let places = subject.facets.places.span
        for index in places.indices {
            let place = places[index]
            guard place.part == .publicNetworkAccess || place.part == .privateNetwork else { continue }
            try report.meter.spend(1)
            // That there is none can never be concluded from what is known.
            guard rule.deniesUnknown(byDefault: true) else { return }
            report.add(
                rule.origin,
                .unknown,
                at: "metadata.name",
                .text(
                    message: "is not known to have a private endpoint",
                    mend: "create a PrivateEndpoint that refers to it, or put it into a subnet of its own"
                )
            )
            return
        }
    }
}

// MARK: Words

extension NetworkRule {
    private func check(
        _ place: Occurrence,
        _ demanded: Demanded,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let document = subject.document
        let isRequired = demanded == .required
        // Synapse has a boolean, all others a word or a list of words.
        let allowed =
            switch (subject.kind.kind, place.facet) {
            case ("Workspace", .exposure): isRequired ? "true" : "false"
            default: isRequired ? "AzureServices" : "None"
            }
        let letsIn = place.value.map { value in
            value.bool ?? (value.isString && document.string(value)?.lowercased().contains("azureservices") == true)
        }
        judge(place, letsIn == isRequired, allowed, subject, rule, &report)
    }

    private func check(
        _ place: Occurrence,
        _ policy: NetworkAccessPolicy,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let allowed: [NetworkAccessPolicy] = policy == .denyAll ? [.denyAll] : [.allowPrivate, .denyAll]
        let word = place.value.flatMap { subject.document.string($0)?.lowercased() }
        judge(
            place,
            allowed.contains { $0.rawValue.lowercased() == word },
            allowed.map(\.rawValue).joined(separator: ", "),
            subject,
            rule,
            &report
        )
    }

    private func judge(
        _ place: Occurrence,
        _ isFine: Bool,
        _ allowed: String,
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
                allowed: allowed,
                .notAllowed
            )
        case .absent where rule.deniesAbsence(byDefault: true):
            report.add(rule.origin, .required, at: .occurrence(place), nil, of: subject, allowed: allowed, .absent)
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
        case .known, .absent, .unknown: return
        }
    }
}
