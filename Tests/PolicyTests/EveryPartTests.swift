import Azure
import JSON
import Policy
import TestSupport
import Testing

/// Every row of the tables of facets, whatever rules there are for it: expressions read it, `immutable` holds it fast, and what
/// else judges it is named here.
@Suite struct EveryPartTests {
    /// Values of a row in JSON, and how an expression writes the first.
    struct Sample {
        let one: String
        let other: String
        let literal: String
    }

    /// The parts that expressions read as whether something is open.
    static let openings: Set<String> = [
        "publicNetworkAccess", "publicAccess", "external", "nodePublicIP", "localAuthentication", "publicIP",
        "ipForwarding", "oldVersion",
    ]

    /// Two different values of a row; nil if what stands there has no value of its own.
    static func sample(_ row: FacetRow) -> Sample? {
        let word = openings.contains(row.part) ? "false" : "true"
        func text(_ one: String, _ other: String) -> Sample {
            Sample(one: "\"\(one)\"", other: "\"\(other)\"", literal: "'\(one)'")
        }
        switch (row.sense, row.part) {
        case ("holder", _): return nil
        case ("text", "userAssigned"):
            return Sample(one: #"{"armId":"/a"}"#, other: #"{"armId":"/b"}"#, literal: "{'armId': '/a'}")
        case ("text", "map"): return Sample(one: #"{"a":"b"}"#, other: #"{"a":"c"}"#, literal: "{'a': 'b'}")
        case ("text", "zones"): return Sample(one: #"["1","3"]"#, other: #"["2"]"#, literal: "['1', '3']")
        case ("region", _), ("region?", _): return text("westeurope", "eastus")
        case ("text", _), ("machine", _), ("vCore", _): return text("Standard_D2s_v3", "Standard_D4s_v3")
        case ("number", _), ("GB", _): return Sample(one: "8", other: "16", literal: "8")
        case ("MB", _): return Sample(one: "8192", other: "16384", literal: "8")
        case ("bytes", _): return Sample(one: "8589934592", other: "17179869184", literal: "8")
        case ("quantity", _): return Sample(one: #""8Gi""#, other: #""16Gi""#, literal: "8")
        case ("days", _): return Sample(one: "7", other: "6", literal: "7")
        case ("hours", _): return Sample(one: "168", other: "144", literal: "7")
        case ("duration", _): return Sample(one: #""P7D""#, other: #""P6D""#, literal: "7")
        case ("tls", _): return text("1.2", "1.1")
        case ("open", "defaultAction"): return text("Deny", "Allow")
        case ("open", _), ("open/small", _): return Sample(one: #""Disabled""#, other: #""Enabled""#, literal: word)
        case ("closed", _), ("closed/small", _): return Sample(one: #""Enabled""#, other: #""Disabled""#, literal: word)
        case ("trueOpens", _): return Sample(one: "false", other: "true", literal: word)
        case ("trueCloses", _): return Sample(one: "true", other: "false", literal: word)
        // Whatever stands there opens it, so that only absence differs.
        case ("opens", _): return Sample(one: #"{"armId":"/a"}"#, other: "null", literal: "true")
        case ("closes", _): return Sample(one: #""203.0.113.7""#, other: #""""#, literal: word)
        case ("internal", _): return Sample(one: #""Internal""#, other: #""External""#, literal: word)
        case ("modes", _): return Sample(one: #"["AAD"]"#, other: #"["SharedKey"]"#, literal: word)
        case ("several", _): return Sample(one: #"["1","3"]"#, other: #"["2"]"#, literal: word)
        case ("customerKey", _):
            return Sample(one: #""Microsoft.KeyVault""#, other: #""Microsoft.Storage""#, literal: word)
        case ("doubleKey", _):
            let both = "EncryptionAtRestWithPlatformAndCustomerKeys"
            return Sample(one: "\"\(both)\"", other: #""EncryptionAtRestWithCustomerKey""#, literal: word)
        case ("zoneRedundant", _): return Sample(one: #""ZoneRedundant""#, other: #""SameZone""#, literal: word)
        case ("ZRS", _): return Sample(one: #""Premium_ZRS""#, other: #""Premium_LRS""#, literal: word)
        case ("geoRedundant", _): return Sample(one: #""Geo""#, other: #""Local""#, literal: word)
        case ("GRS", _): return Sample(one: #""Standard_GRS""#, other: #""Standard_LRS""#, literal: word)
        default: return nil
        }
    }

    /// How expressions name what a row holds.
    static func field(_ row: FacetRow) -> String {
        switch (row.facet, row.part) {
        case ("location", "region"): "location"
        case ("tags", "map"): "tags"
        case ("credential", "name"): "credential"
        case ("storage", "size"): "storage.sizeGB"
        default: "\(row.facet).\(row.part)"
        }
    }

    // MARK: Nothing is left out

    /// Parts that no rule judges by a value of its own, and why; expressions and `immutable` judge them all the same.
    static let excused: [String: String] = [
        "sku.capacity": "the same places are capacity.capacity, which skus.maximum judges",
        "capacity.iops": "no rule asks for speed", "capacity.mbps": "no rule asks for speed",
        "capacity.gpus": "no rule asks for graphics processors",
        "nodeCount.partitions": "parts of one node's work are no nodes",
        "identity.type": "says which kinds of identity, not which identity",
        "identity.clientID": "a GUID whose owner nobody knows; bindings refuse it from a ConfigMap",
        "owner.name": "the name of an object: bindings follow it in the inventory",
        "owner.group": "of what kind the owner is", "owner.kind": "of what kind the owner is",
        "restore.mode": "how it is made; what from is restore.source", "restore.time": "of which moment",
        "zone.edgeZone": "no rule asks for places outside of regions",
        "exposure.startIP": "half of a range: AddressRule judges both ends, see ExposureRuleTests",
        "exposure.endIP": "half of a range: AddressRule judges both ends, see ExposureRuleTests",
        "exposure.networkFilter": "one of several doors: see ExposureRuleTests",
        "exposure.privateNetwork": "one of several doors: see ExposureRuleTests",
        "exposure.firewall": "one of several doors: see ExposureRuleTests",
        "exposure.webApplicationFirewall": "one of two ways to have one: see ExposureRuleTests",
        "tls.oldVersion": "switches of single old versions beside the minimum",
    ]

    /// Parts of a SKU beside its name: `skusAreJudgedByEveryPart`.
    static let ofSKU: Set<String> = ["sku.tier", "sku.family", "sku.size"]

    /// Parts that an AzureBinding judges: `bindingsJudge`.
    static let bound: Set<String> = [
        "identity.userAssigned", "identity.resourceID", "owner.armID", "credential.name", "restore.source",
    ]

    @Test func everyRowIsProbed() throws {
        let switches = Set(SwitchTableTests.judged.map { "\($0.group)/\($0.kind) \($0.path) \($0.part)" })
        var used: Set<String> = []
        for row in try FacetRow.all() where row.sense != "holder" {
            let pair = "\(row.facet).\(row.part)"
            #expect(Self.sample(row) != nil, "\(row): give \(row.sense) a sample")
            let isProbed =
                EveryKindTests.probes.contains { $0.matches(row) } || Self.bound.contains(pair)
                || Self.ofSKU.contains(pair)
                || switches.contains("\(row.group)/\(row.kind) \(row.path) \(row.part)")
            if isProbed { continue }
            used.insert(pair)
            #expect(Self.excused[pair] != nil, "\(row): no rule is tried on it; add a probe or say why not")
        }
        #expect(used == Set(Self.excused.keys), "excused without need")
    }

    @Test func everyFacetIsReadByExpressions() throws {
        for field in Set(try FacetRow.all().map(Self.field)).sorted() {
            let set = try policies(policy(rule: "cel: {expression: \"!facets.isUnknown('\(field)')\"}"))
            #expect(try set.decide(.create(storageAccount("{}"))).allowed, "\(field)")
        }
    }

    // MARK: Expressions

    static let facets = Facet.allCases.map(\.rawValue)

    private static func rows(_ facet: String) throws -> [(row: FacetRow, sample: Sample)] {
        try FacetRow.all().filter { $0.facet == facet }.compactMap { row in sample(row).map { (row, $0) } }
    }

    /// Where a facet may be an error, `isUnknown` says so before.
    @Test(arguments: facets) func expressionsReadEveryKind(_ facet: String) throws {
        var sets: [String: PolicySet] = [:]
        func isTrue(_ expression: String, _ row: FacetRow, _ object: String) throws -> Bool {
            let set = try sets[expression] ?? policies(policy(rule: "cel: {expression: \"\(expression)\"}"))
            sets[expression] = set
            let decision = try set.decide(.create(EveryKindTests.resource(row, object)))
            #expect(!decision.isBroken, "\(row) \(object): \(decision.lines)")
            return decision.allowed
        }
        for (row, sample) in try Self.rows(facet) {
            let field = Self.field(row)
            let has = "facets.values('\(field)').exists(v, v.hasValue() && v.value() == \(sample.literal))"
            let one = row.object(value: sample.one)
            #expect(try isTrue(has, row, one), "\(row) \(one) is \(sample.literal)")
            #expect(try !isTrue(has, row, row.object(value: sample.other)), "\(row) \(sample.other)")
            #expect(try isTrue("facets.supports('\(field)')", row, one), "\(row)")
            guard row.endsWithName else { continue }
            let (none, unknown) = (
                "!facets.values('\(field)').exists(v, v.hasValue())", "facets.isUnknown('\(field)')"
            )
            let absent = row.object(value: "", missing: 1)
            #expect(try isTrue(none, row, absent), "\(row) absent")
            #expect(try !isTrue(unknown, row, absent), "\(row) absent")
            #expect(try !isTrue(unknown, row, one), "\(row) known")
            #expect(try isTrue(unknown, row, row.object(value: "{}", suffix: "FromConfig")), "\(row) unknown")
        }
    }

    // MARK: Changes

    /// What changes, goes, comes or is not known any more is told at exactly its place; elements of lists are told apart by
    /// their keys, and those that have none come and go.
    @Test(arguments: facets) func immutableHoldsEveryKind(_ facet: String) throws {
        let rule = "immutable: {facets: [\(facet)]}"
        let deny = try policies(policy(rule: rule))
        let additions = try policies(policy(rule: "immutable: {facets: [\(facet)], addition: Allow}"))
        let lenient = try policies(policy(rule: "\(rule), ifUnknown: Allow"))
        let others = try [("Warn", Failure.Effect.warn), ("Audit", .audit)].map {
            ($0.1, try policies(policy(action: $0.0, rule: rule)))
        }
        for (row, sample) in try Self.rows(facet) where row.sense != "opens" && !row.liesInElement {
            let (one, other) = (
                EveryKindTests.resource(row, row.object(value: sample.one)),
                EveryKindTests.resource(row, row.object(value: sample.other))
            )
            func effects(_ set: PolicySet, _ old: String, _ new: String) throws -> Set<Failure.Effect> {
                let failures = try set.decide(.update(old, to: new)).failures
                for failure in failures {
                    #expect(FacetRow.pattern(of: failure.path).hasPrefix(row.pattern), "\(row): \(failure.path)")
                }
                return Set(failures.map(\.effect))
            }
            #expect(try effects(deny, one, other) == [.deny], "\(row) changes")
            #expect(try effects(deny, one, one) == [], "\(row) stays")
            for (effect, set) in others { #expect(try effects(set, one, other) == [effect], "\(row)") }
            #expect(try deny.decide(.create(one)).failures.isEmpty)
            guard row.endsWithName else { continue }
            let absent = EveryKindTests.resource(row, row.object(value: "", missing: 1))
            let unknown = EveryKindTests.resource(row, row.object(value: "{}", suffix: "FromConfig"))
            #expect(try effects(deny, one, absent) == [.deny], "\(row) goes")
            #expect(try effects(deny, absent, one) == [.deny], "\(row) comes")
            #expect(try effects(additions, absent, one) == [], "\(row) may come")
            #expect(try effects(deny, one, unknown) == [.deny], "\(row) is not known any more")
            // Of a list its elements are gone.
            if sample.one.hasPrefix("[") { continue }
            #expect(try effects(lenient, one, unknown) == [], "\(row) need not be known")
        }
    }

    // MARK: SKUs

    /// A tier, family or size is told where the SKU's name is, if the kind has one, for that is what is to be changed.
    @Test(arguments: ofSKU.sorted()) func skusAreJudgedByEveryPart(_ pair: String) throws {
        let rows = try FacetRow.all()
        for row in rows where "\(row.facet).\(row.part)" == pair {
            let place = row.path.dropLast(row.part.count)
            let isNamed = rows.contains {
                $0.group == row.group && $0.kind == row.kind && $0.path == place + "name" && $0.facet == "sku"
            }
            func object(_ value: String, suffix: String = "") -> String {
                let object = row.object(value: value, suffix: suffix)
                let own = "\"\(row.part)\(suffix)\":"
                let named = object.replacing("\"x\":null,\(own)", with: "\"name\":\"N\",\(own)")
                return EveryKindTests.resource(row, isNamed ? named : object)
            }
            let path = isNamed ? place + "name" : row.path[...]
            func effects(_ set: PolicySet, _ ask: Ask) throws -> [Failure.Effect] {
                try set.decide(ask).failures.filter { FacetRow.pattern(of: $0.path) == path }.map(\.effect)
            }
            let rule = "skus: {allow: [{\(row.part): 'G*'}]}"
            let (good, bad) = (object(#""G2""#), object(#""B2""#))
            for (action, effect) in [("Deny", Failure.Effect.deny), ("Warn", .warn), ("Audit", .audit)] {
                #expect(try effects(policies(policy(action: action, rule: rule)), .create(bad)) == [effect], "\(row)")
            }
            let set = try policies(policy(rule: rule))
            #expect(try effects(set, .create(good)) == [], "\(row)")
            #expect(try effects(set, .update(good, to: bad)) == [.deny], "\(row), new")
            #expect(try effects(set, .update(bad, to: bad)) == [.ratcheted], "\(row), old")
            let unknown = object("{}", suffix: "FromConfig")
            func unknowns(_ set: PolicySet) throws -> [String] {
                try set.decide(.create(unknown)).failures.filter { $0.reason == .unknown }
                    .map { FacetRow.pattern(of: $0.path) }
            }
            #expect(try unknowns(set) == [row.path], "\(row)")
            #expect(try unknowns(policies(policy(rule: "\(rule), ifUnknown: Allow"))) == [], "\(row)")
        }
    }

    // MARK: Bindings

    private static func id(_ scope: String, _ row: FacetRow) -> String {
        let isIdentity = row.facet == "identity"
        let group = "\(scope)/resourceGroups/team-a-\(isIdentity ? "id" : "data")"
        return isIdentity ? "\(group)/providers/Microsoft.ManagedIdentity/userAssignedIdentities/x" : group
    }

    /// Whoever a resource acts as and whatever it is made from is judged at every place where its kind says that.
    @Test(arguments: bound.sorted()) func bindingsJudge(_ pair: String) throws {
        let set = try policies(BindingTests.binding)
        for row in try FacetRow.all() where "\(row.facet).\(row.part)" == pair {
            let isObject = row.path.lowercased().hasSuffix("reference") || row.path.hasSuffix("References{}")
            func failures(_ id: String) throws -> [Failure] {
                let object = row.object(value: isObject ? #"{"armId":"\#(id)"}"# : "\"\(id)\"")
                return try set.decide(.create(EveryKindTests.resource(row, object))).failures.filter {
                    FacetRow.pattern(of: $0.path) == row.pattern + (isObject ? ".armId" : "")
                }
            }
            if pair == "credential.name" {
                #expect(try failures("other").map(\.rule) == ["credentials"])
                #expect(try failures("team-a-credential").isEmpty)
                continue
            }
            #expect(try failures(Self.id(BindingTests.other, row)).map(\.effect) == [.deny], "\(row)")
            #expect(try failures(Self.id(BindingTests.mine, row)).isEmpty, "\(row)")
        }
    }
}

extension FacetRow {
    /// Whether it is a field of a list's element, and not an element that is a value itself.
    fileprivate var liesInElement: Bool { path.dropLast(2).contains("[]") }
}
