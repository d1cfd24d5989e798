internal import Azure
internal import JSON
internal import Kubernetes

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
        (.external, true),
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
        try report.meter.spend(4)
        // A NamespaceAzurePolicy learns nothing of the endpoints of other namespaces.
        if let inventory = circumstances.inventory, let key = circumstances.key(of: subject),
            inventory.hasPrivateEndpoint(to: key, in: rule.origin.source == .namespacePolicy ? key.namespace : nil)
        {
            return
        }
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

extension Circumstances {
    /// How Kubernetes names the object; nil if it has no name yet.
    fileprivate func key(of subject: borrowing Subject) -> Inventory.Key? {
        let document = subject.document
        guard let metadata = document.member("metadata", of: subject.object),
            let name = document.member("name", of: metadata).flatMap({ document.string($0) })
        else { return nil }
        return Inventory.Key(
            group: subject.kind.group,
            kind: subject.kind.kind,
            namespace: request.namespace.flatMap { request.document.string($0) } ?? "",
            name: name
        )
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
        let isRequired = demanded == .required
        // Synapse has a boolean, all others a word or a list of words.
        let isBoolean = subject.kind.group == "synapse.azure.com"
        judge(
            place,
            isRequired ? (isBoolean ? "true" : "AzureServices") : (isBoolean ? "false" : "None"),
            subject,
            rule,
            &report
        ) { value, document in
            let letsIn =
                value.bool ?? (value.isString && document.string(value)?.lowercased().contains("azureservices") == true)
            return letsIn == isRequired
        }
    }

    private func check(
        _ place: Occurrence,
        _ policy: NetworkAccessPolicy,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let allowed: [NetworkAccessPolicy] = policy == .denyAll ? [.denyAll] : [.allowPrivate, .denyAll]
        judge(place, allowed.map(\.rawValue).joined(separator: ", "), subject, rule, &report) { value, document in
            let word = document.string(value)?.lowercased()
            return allowed.contains { $0.rawValue.lowercased() == word }
        }
    }

    private func judge(
        _ place: Occurrence,
        _ allowed: String,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report,
        isFine: (JSONValue, JSONDocument) -> Bool
    ) {
        switch place.state {
        case .known:
            guard let value = place.value, !isFine(value, subject.document) else { return }
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                value,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        case .absent:
            report.addAbsence(rule, place, of: subject, allowed: allowed) { provided in
                provided.place.value.map { isFine($0, provided.document) } ?? false
            }
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed)
        case .unknown: return
        }
    }
}
