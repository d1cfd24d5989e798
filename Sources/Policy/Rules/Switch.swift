internal import Azure
internal import JSON

/// A switch that must be in one of its positions, whichever way the kind spells that.
struct Switch: Sendable {
    let facet: Facet
    let part: Facet.Part
    /// What to write, as failures show it where the place does not tell better; the word that the policy used.
    let wanted: String
    /// Whether the switch must leave open what it could close.
    var mustBeOpen = false
    /// A word between both positions that does as well.
    var alternative: String?

    /// Judges a place of the switch.
    func check(_ place: Occurrence, _ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) {
        if isSatisfied(by: place, in: subject.document) { return }
        switch place.state {
        case .known where place.sense == .opens:
            report.add(
                rule.origin,
                .forbidden,
                at: .occurrence(place),
                place.value,
                of: subject,
                .text(message: "gives the resource a public address", mend: "remove it")
            )
        case .known:
            report.add(
                rule.origin,
                .notSupported,
                at: .occurrence(place),
                place.value,
                of: subject,
                allowed: allowed(at: place, of: subject),
                .notAllowed
            )
        case .absent:
            report.addAbsence(rule, place, of: subject, allowed: allowed(at: place, of: subject)) { provided in
                isSatisfied(by: provided.place, in: provided.document)
            }
        case .unknown where rule.deniesUnknown(byDefault: true):
            report.addUnknown(rule.origin, place, of: subject, allowed: allowed(at: place, of: subject))
        case .unknown: return
        }
    }

    @inline(__always)
    func isSatisfied(by place: Occurrence, in document: JSONDocument) -> Bool {
        // A word that we do not know, such as SecuredByPerimeter, is not the one that was asked for.
        if place.isOpen(in: document) == mustBeOpen { return true }
        guard let alternative, let value = place.value, value.isString else { return false }
        return document.string(value)?.lowercased() == alternative.lowercased()
    }

    func allowed(at place: Occurrence, of subject: borrowing Subject) -> String {
        let word = place.word(closing: !mustBeOpen, of: subject) ?? wanted
        return alternative.map { "\(word), \($0)" } ?? word
    }
}

extension [Switch] {
    /// The facets and parts that the switches are.
    var demand: PolicySet.Demand {
        reduce(into: PolicySet.Demand()) {
            $0.formUnion(PolicySet.Demand(facets: FacetSet($1.facet), parts: PartSet($1.part)))
        }
    }

    /// Judges every place of every switch of one facet.
    func check(
        _ facet: Facet,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        if isEmpty { return }
        let places = subject.facets.places.span
        for index in places.indices where places[index].facet == facet {
            try report.meter.spend(1)
            for demand in self where demand.part == places[index].part {
                demand.check(places[index], subject, rule, &report)
            }
        }
    }
}

extension Report {
    /// Adds that something which must be there is not set, unless what the provider takes then will do.
    ///
    /// A rule that says what absence means (`ifAbsent`) is not asked about the provider.
    mutating func addAbsence(
        _ rule: Rule,
        _ place: Occurrence,
        of subject: borrowing Subject,
        allowed: @autoclosure () -> String,
        byDefault: Bool = true,
        isFine: (ProviderDefault) -> Bool
    ) {
        var provided: ProviderDefault?
        if rule.ifAbsent == nil {
            provided = subject.tables.defaultValue(
                of: place,
                of: subject.kind,
                in: subject.document,
                of: subject.object
            )
            if let provided, isFine(provided) { return }
        }
        guard provided != nil || rule.deniesAbsence(byDefault: byDefault) else { return }
        add(
            rule.origin,
            .required,
            at: .occurrence(place),
            nil,
            of: subject,
            allowed: allowed(),
            provided.map { .defaulted($0.text) } ?? .absent
        )
    }
}

/// The only word of a field that closes something: a field that could also say Enabled would say nothing.
enum Disabled: String, CaseIterable {
    case disabled = "Disabled"
}

/// The only word of a field that asks for something.
enum Required: String, CaseIterable {
    case required = "Required"
}

/// A field that asks for something, or for its contrary.
enum Demanded: String, CaseIterable {
    case required = "Required"
    case disabled = "Disabled"
}

extension Occurrence {
    /// What to write to close something, or to open it: the kind's own word where the place tells it; nil if it does not.
    func word(closing: Bool, of subject: borrowing Subject) -> String? {
        if let flag = value?.bool { return flag ? "false" : "true" }
        switch sense {
        case .trueOpens: return closing ? "false" : "true"
        case .trueCloses: return closing ? "true" : "false"
        case .closed: return closedWord(closing, of: subject.kind)
        case .open: return closing ? openWord(subject.document) : "Enabled"
        case .openInSmallLetters: return closing ? "disabled" : "enabled"
        case .closedInSmallLetters: return closing ? "enabled" : "disabled"
        case .opens, .closes: return closing ? part.description : nil
        case .modes: return "a list without SharedKey, such as [AAD]"
        case .several: return "2 or more zones"
        case .customerKey: return customerKey(of: subject.kind)
        case .doubleKey: return "EncryptionAtRestWithPlatformAndCustomerKeys"
        case .zoneRedundant: return subject.kind.kind == "MongoCluster" ? "ZoneRedundantPreferred" : "ZoneRedundant"
        case .zoneRedundantStorage: return "a SKU with ZRS"
        case .geoRedundant where subject.kind.kind == "BackupVault":
            return closing ? "GeoRedundant" : "ZoneRedundant, LocallyRedundant"
        case .geoRedundant: return closing ? "Geo" : "Zone, Local"
        case .geoRedundantStorage: return closing ? "a SKU with GRS or GZRS" : "a SKU without GRS and GZRS"
        default: return nil
        }
    }

    private func closedWord(_ closing: Bool, of kind: AzureKind) -> String {
        switch (part, closing) {
        case (.immutability, true): "Locked, Unlocked"
        case (.softDelete, true): "On, AlwaysOn"
        case (.redundant, true) where kind.group == "cache.azure.com": "Automatic"
        case (_, true): "Enabled"
        case (_, false): "Disabled"
        }
    }

    private func openWord(_ document: JSONDocument) -> String? {
        switch value.flatMap({ document.string($0)?.lowercased() }) {
        case "public": "Private"
        case nil where part == .external: "Private"
        case "blob", "container": "None"
        case "allallowed": "FtpsOnly, Disabled"
        default: nil
        }
    }

    private func customerKey(of kind: AzureKind) -> String {
        switch kind.group {
        case "compute.azure.com": "EncryptionAtRestWithCustomerKey, EncryptionAtRestWithPlatformAndCustomerKeys"
        case "redhatopenshift.azure.com": "CustomerManaged"
        case "storage.azure.com": "Microsoft.Keyvault"
        case "dbforpostgresql.azure.com", "dbformysql.azure.com", "sql.azure.com": "AzureKeyVault"
        default: "Microsoft.KeyVault"
        }
    }
}

extension Facet.Part {
    /// What stands at a place that closes something by its existence.
    fileprivate var description: String {
        switch self {
        case .customerManagedKey: "a key of your own"
        case .webApplicationFirewall: "a firewall policy"
        case .firewall: "the addresses that may come in"
        case .privateNetwork: "a subnet of your own"
        default: "a value"
        }
    }
}
