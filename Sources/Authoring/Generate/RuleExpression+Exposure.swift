internal import Azure

/// Rules about who may come in from where, and with what.
extension RuleExpression {
    func exposure(_ body: TemplateLiteral, _ kind: AzureKind) throws(Unsayable) -> [String] {
        var lists: [String] = []
        for member in body.members ?? [] {
            switch member.key {
            case "publicNetworkAccess": lists += publicNetworkAccess(member.value.text, kind)
            case "defaultAction": lists += switches(kind, .exposure, .defaultAction, wanted: "Deny")
            case "publicAccess", "external", "nodePublicIP", "publicIP", "localAuthentication", "ipForwarding":
                guard let part = Facet.Part(rawValue: member.key) else { continue }
                lists += switches(kind, .exposure, part, wanted: "Disabled")
            case "privateCluster", "rbacAuthorization":
                guard let part = Facet.Part(rawValue: member.key) else { continue }
                lists += switches(kind, .exposure, part, wanted: "true")
            case "httpsOnly", "encryption": lists += switches(kind, .tls, .encryptedOnly, wanted: "encrypted only")
            case "minimumTLSVersion": lists += try minimumTLSVersion(member.value.text, kind)
            case "firewall": lists += firewall(kind)
            case "webApplicationFirewall": lists += webApplicationFirewall(kind)
            case "trustedServices": lists += trustedServices(isRequired: member.value.text == "Required", kind)
            case "networkAccessPolicy": lists += networkAccessPolicy(member.value.text, kind)
            case "privateEndpoints":
                throw Unsayable(
                    "privateEndpoints: whether a PrivateEndpoint leads to a resource is told by other objects"
                )
            default: throw Unsayable("\(member.key): CEL does not calculate with ranges of addresses")
            }
        }
        return lists
    }

    private func publicNetworkAccess(_ word: String?, _ kind: AzureKind) -> [String] {
        let own = places(kind, .exposure, .privateNetwork).map { place in
            PlaceExpression(place).exists(place.sense.isClosed)
        }
        return places(kind, .exposure, .publicNetworkAccess).map { place in
            var test = test(place, wanted: "Disabled", alternative: word == "Disabled" ? nil : word)
            if !own.isEmpty { test.absenceIsFineIf = own.map { "(\($0))" }.joined(separator: " || ") }
            return PlaceExpression(place).failures(test)
        }
    }

    private func minimumTLSVersion(_ version: String?, _ kind: AzureKind) throws(Unsayable) -> [String] {
        guard let minor = version?.split(separator: ".").last.flatMap({ Int($0) }), (0...3).contains(minor) else {
            throw Unsayable("minimumTLSVersion is no version")
        }
        // One digit is TLS 1.0, as Cosmos DB writes it.
        let later = minor == 0 ? "([0-9][^0-9]*)?" : "[\(minor)-9][^0-9]*"
        return places(kind, .tls, .minimumVersion).map { place in
            PlaceExpression(place).failures(
                PlaceTest(
                    passes: { "string(\($0)).matches('^[^0-9]*1[^0-9]*\(later)$')" },
                    demand: "it must be TLS 1.\(minor) or later",
                    deniesAbsence: ifAbsent ?? true,
                    deniesUnknown: ifUnknown ?? true,
                    usesDefaults: ifAbsent == nil
                )
            )
        }
    }

    private func firewall(_ kind: AzureKind) -> [String] {
        let enough: [Facet.Part] = [.publicNetworkAccess, .networkFilter, .privateNetwork, .privateCluster, .external]
        let closed = enough.flatMap { places(kind, .exposure, $0) }.map { place in
            PlaceExpression(place).exists(place.sense.isClosed)
        }
        let doors = tables.places(of: kind) { $0 == .exposure && ($1 == .defaultAction || $1 == .firewall) }
        let lists = doors.map { PlaceExpression($0).failures(test($0, wanted: "Deny")) }.filter { $0 != "[]" }
        return Self.unless(closed, lists)
    }

    private func webApplicationFirewall(_ kind: AzureKind) -> [String] {
        let places = places(kind, .exposure, .webApplicationFirewall)
        let closed = places.map { place in PlaceExpression(place).exists(place.sense.isClosed) }
        return Self.unless(
            closed,
            places.map { PlaceExpression($0).failures(test($0, wanted: "a firewall policy")) }.filter { $0 != "[]" }
        )
    }

    /// Lists that count only if none of some conditions holds.
    static func unless(_ conditions: [String], _ lists: [String]) -> [String] {
        if conditions.isEmpty || lists.isEmpty { return lists }
        let condition = conditions.map { "(\($0))" }.joined(separator: " || ")
        let list = lists.count == 1 ? lists[0] : lists.map { "(\($0))" }.joined(separator: " + ")
        return ["(\(condition)) ? [] : (\(list))"]
    }

    private func trustedServices(isRequired: Bool, _ kind: AzureKind) -> [String] {
        words(
            kind,
            .bypass,
            demand: isRequired ? "it must let AzureServices in" : "it must not let AzureServices in"
        ) { value in
            let letsIn = "(\(value) == true || string(\(value)).lowerAscii().contains('azureservices'))"
            return isRequired ? letsIn : "!\(letsIn)"
        }
    }

    private func networkAccessPolicy(_ word: String?, _ kind: AzureKind) -> [String] {
        let allowed = word == "DenyAll" ? ["DenyAll"] : ["AllowPrivate", "DenyAll"]
        return words(kind, .networkAccessPolicy, demand: "allowed: \(allowed.joined(separator: ", "))") { value in
            NameExpression.matches("string(\(value))", allowed, ignoringCase: true)
        }
    }

    private func words(
        _ kind: AzureKind,
        _ part: Facet.Part,
        demand: String,
        _ passes: @escaping (String) -> String
    ) -> [String] {
        places(kind, .exposure, part).map { place in
            PlaceExpression(place).failures(
                PlaceTest(
                    passes: passes,
                    demand: demand,
                    deniesAbsence: ifAbsent ?? true,
                    deniesUnknown: ifUnknown ?? true,
                    usesDefaults: ifAbsent == nil
                )
            )
        }
    }
}
