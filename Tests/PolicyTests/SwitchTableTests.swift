import Azure
import Foundation
import Policy
import TestSupport
import Testing

/// Every row of facets.tsv that a rule on exposure, encryption, zones or backup speaks of: good, bad, absent, unknown, with
/// every action, on CREATE and UPDATE.
@Suite struct SwitchTableTests {
    /// A place that a kind has, and what may stand there.
    struct Row: Sendable, CustomTestStringConvertible {
        let group: String
        let kind: String
        let path: String
        let part: String
        let absence: String
        let sense: String
        let version: String

        var testDescription: String { "\(group)/\(kind) \(path) \(part)" }

        /// Values in JSON that satisfy the part's rule and that break it; nil if there is none.
        var values: (good: String?, bad: String)? {
            switch sense {
            case "open" where part == "defaultAction": (#""Deny""#, #""Allow""#)
            case "open", "open/small": (#""Disabled""#, #""Enabled""#)
            case "closed", "closed/small": (#""Enabled""#, #""Disabled""#)
            case "trueOpens": ("false", "true")
            case "trueCloses": ("true", "false")
            case "opens": (nil, #"{"armId":"/x"}"#)
            case "closes": (#"["203.0.113.7"]"#, "[]")
            case "modes": (#"["AAD"]"#, #"["AAD","SharedKey"]"#)
            case "several": (#"["1","3"]"#, #"["2"]"#)
            case "customerKey": (#""Microsoft.KeyVault""#, #""Microsoft.Storage""#)
            case "doubleKey":
                (#""EncryptionAtRestWithPlatformAndCustomerKeys""#, #""EncryptionAtRestWithCustomerKey""#)
            case "zoneRedundant": (#""ZoneRedundant""#, #""SameZone""#)
            case "ZRS": (#""Premium_ZRS""#, #""Premium_LRS""#)
            case "geoRedundant": (#""Geo""#, #""Local""#)
            case "GRS": (#""Standard_RAGRS""#, #""Standard_LRS""#)
            case "days": ("7", "6")
            case "hours": ("168", "167")
            case "duration": (#""P1W""#, #""P6DT23H""#)
            case "tls": (#""1.2""#, #""1.1""#)
            case "text" where part == "zones": (#"["1","3"]"#, #"["2"]"#)
            case "text" where part == "zone": (#""1""#, #""2""#)
            case "text" where part == "bypass": (#""Logging, AzureServices""#, #""None""#)
            case "text" where part == "networkAccessPolicy": (#""AllowPrivate""#, #""AllowAll""#)
            case "text" where part == "allowedIP" || part == "sourceAddress": (#""203.0.113.0/25""#, #""203.0.0.0/16""#)
            default: nil
            }
        }

        /// The path's steps, the last first.
        private var steps: [String] {
            path.replacingOccurrences(of: "[]", with: ".[]").split(separator: ".").map(String.init).reversed()
        }

        var endsInMember: Bool { steps.first != "[]" }

        /// The path in an object that has one of everything.
        var field: String { path.replacingOccurrences(of: "[]", with: "[0]") }

        /// An object with something at the path, or without its last step.
        func object(_ value: String?, suffix: String = "") -> String {
            var text = value ?? "{}"
            for (place, step) in steps.dropFirst(value == nil ? 1 : 0).enumerated() {
                text = step == "[]" ? "[\(text)]" : #"{"\#(step)\#(place == 0 ? suffix : "")":\#(text)}"#
            }
            return
                #"{"apiVersion":"\#(group)/\#(version)","kind":"\#(kind)","metadata":{"name":"x","namespace":"team-a"},"#
                + text.dropFirst()
        }
    }

    /// The rule that speaks of a part.
    static let rules: [String: String] = [
        "publicNetworkAccess": "exposure: {publicNetworkAccess: Disabled}",
        "defaultAction": "exposure: {defaultAction: Deny}",
        "publicAccess": "exposure: {publicAccess: Disabled}",
        "external": "exposure: {external: Disabled}",
        "privateCluster": "exposure: {privateCluster: Required}",
        "nodePublicIP": "exposure: {nodePublicIP: Disabled}",
        "publicIP": "exposure: {publicIP: Disabled}",
        "ipForwarding": "exposure: {ipForwarding: Disabled}",
        "localAuthentication": "exposure: {localAuthentication: Disabled}",
        "rbacAuthorization": "exposure: {rbacAuthorization: Required}",
        "encryptedOnly": "exposure: {httpsOnly: Required}",
        "minimumVersion": "exposure: {minimumTLSVersion: '1.2'}",
        "bypass": "exposure: {trustedServices: Required}",
        "networkAccessPolicy": "exposure: {networkAccessPolicy: AllowPrivate}",
        "allowedIP": "exposure: {allowedIPs: [203.0.113.0/24]}",
        "sourceAddress": "exposure: {allowedIPs: [203.0.113.0/24]}",
        "customerManagedKey": "encryption: {customerManagedKey: Required}",
        "infrastructure": "encryption: {infrastructure: Required}",
        "atHost": "encryption: {atHost: Required}",
        "disk": "encryption: {disk: Required}",
        "redundant": "zones: {redundant: Required}",
        "zones": "zones: {minimum: 2}",
        "zone": "zones: {allow: ['1', 3]}",
        "retentionDays": "backup: {minimumRetentionDays: 7}",
        "geoRedundant": "backup: {geoRedundant: Required}",
        "softDelete": "backup: {softDelete: Required}",
        "softDeleteDays": "backup: {minimumSoftDeleteDays: 7}",
        "purgeProtection": "backup: {purgeProtection: Required}",
        "versioning": "backup: {versioning: Required}",
        "immutability": "backup: {immutability: Required}",
    ]

    /// Parts of which one place out of several decides, or two places together, or that decide nothing alone; elsewhere.
    static let elsewhere: Set<String> = [
        "firewall", "webApplicationFirewall", "privateNetwork", "networkFilter", "startIP", "endIP", "oldVersion",
        "edgeZone",
    ]

    static let rows: [Row] = {
        let data = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Sources/Azure/Data/facets.tsv")
        let lines = ((try? String(contentsOf: data, encoding: .utf8)) ?? "").split(separator: "\n")
        return lines.compactMap { line in
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 8, ["exposure", "tls", "zone", "encryption", "backup"].contains(fields[3]),
                fields[0] != "*"
            else { return nil }
            let version = AzureTables.embedded.kind(group: fields[0], kind: fields[1])?.newestVersion ?? ""
            return Row(
                group: fields[0],
                kind: fields[1],
                path: fields[2],
                part: fields[4],
                absence: fields[5],
                sense: fields[6],
                version: version
            )
        }
    }()

    /// The fields of which the tables know what the provider takes; `DefaultedSwitches` has what comes of that.
    static let defaulted: Set<String> = {
        let rows = (try? AzureDataFiles.rows("defaults.tsv")) ?? []
        return Set(rows.map { "\($0[0])/\($0[1]) \($0[2])" })
    }()

    static let judged = rows.filter { !elsewhere.contains($0.part) && $0.sense != "holder" && !$0.path.contains("{") }

    @Test func everyPartHasARule() {
        #expect(Self.rows.count >= 400)
        for row in Self.rows where !Self.elsewhere.contains(row.part) && row.sense != "holder" {
            #expect(Self.rules[row.part] != nil, "\(row.testDescription)")
            #expect(row.values != nil, "\(row.testDescription): \(row.sense)")
        }
    }

    /// What is said of the row's place.
    private func failure(_ row: Row, _ set: PolicySet, _ ask: Ask) throws -> Failure? {
        try set.decide(ask).failures.first { $0.path == row.field }
    }

    @Test(arguments: judged) func judges(_ row: Row) throws {
        let body = try #require(Self.rules[row.part])
        let values = try #require(row.values)
        let bad = row.object(values.bad)
        let set = try policies(policy(rule: body))
        let found = try #require(try failure(row, set, .create(bad)), "\(row.testDescription) \(bad)")
        #expect(found.effect == .deny)
        #expect([.notSupported, .forbidden].contains(found.reason))
        #expect(!found.description.contains("\n"))
        // The old versions, and the twins in which objects are stored, are no way around.
        let stored = bad.replacingOccurrences(of: "/\(row.version)\"", with: "/\(row.version)storage\"")
        #expect(try failure(row, set, .create(stored)) != nil)
        #expect(try failure(row, set, .update(row.object("null"), to: bad))?.effect == .deny)
        let old = try failure(
            row,
            set,
            .update(bad, to: bad.replacingOccurrences(of: #""spec":{"#, with: #""spec":{"x":1,"#))
        )
        #expect(old?.effect == .ratcheted)
        if let good = values.good {
            #expect(try failure(row, set, .create(row.object(good))) == nil, "\(row.object(good))")
            #expect(try failure(row, set, .update(bad, to: row.object(good))) == nil)
        }
        for (action, effect) in [("Warn", Failure.Effect.warn), ("Audit", .audit)] {
            let decision = try policies(policy(action: action, rule: body)).decide(.create(bad))
            #expect(decision.failures.first { $0.path == row.field }?.effect == effect)
            #expect(decision.allowed)
        }
    }

    @Test(arguments: judged.filter { $0.endsInMember }) func judgesWhatIsMissing(_ row: Row) throws {
        let body = try #require(Self.rules[row.part])
        let (strict, lenient) = (
            try policies(policy(rule: body)), try policies(policy(rule: "\(body), ifAbsent: Allow"))
        )
        let reason = row.absence == "present" ? nil : Failure.Reason.required
        let isDefaulted = Self.defaulted.contains("\(row.group)/\(row.kind) \(row.path)")
        for object in [row.object(nil), row.object("null")] {
            if !isDefaulted { #expect(try failure(row, strict, .create(object))?.reason == reason, "\(object)") }
            #expect(try failure(row, lenient, .create(object)) == nil)
        }
        if row.absence == "always", !isDefaulted, !row.path.contains("[") {
            let empty = row.object("1").replacingOccurrences(
                of: #""spec":.*\}$"#,
                with: #""spec":{}}"#,
                options: .regularExpression
            )
            #expect(try failure(row, strict, .create(empty))?.reason == .required, "\(empty)")
        }
    }

    @Test(arguments: judged.filter { $0.endsInMember }) func judgesWhatIsNotKnown(_ row: Row) throws {
        let body = try #require(Self.rules[row.part])
        let object = row.object(#"{"name":"a","key":"b"}"#, suffix: "FromConfig")
        // Where a public address or a number comes from elsewhere, it is as unknown as any switch.
        let found = try failure(row, policies(policy(rule: body)), .create(object))
        #expect(found?.reason == .unknown, "\(object)")
        #expect(try failure(row, policies(policy(rule: "\(body), ifUnknown: Allow")), .create(object)) == nil)
    }

    @Test(arguments: [
        "7", "true", "[]", "{}", #""""#, #""\#u{0}\#u{2028}""#, "[[[{}]]]", "1e400",
        #""\#(String(repeating: "9", count: 4000))""#,
    ])
    func survivesWhateverStandsThere(_ value: String) throws {
        let bodies = Set(Self.rules.values).union([
            "exposure: {firewall: Required, webApplicationFirewall: Required, privateEndpoints: Required}",
            "exposure: {firewallRules: {allow: [203.0.113.0/24], allAzureServices: Deny, maximumAddresses: 256}}",
            "backup: {maximumRetentionDays: 7, maximumSoftDeleteDays: 7, geoRedundant: Disabled}",
        ])
        let documents = bodies.sorted().enumerated().map { policy("p\($0.offset)", rule: $0.element) }
        let set = try policies(documents.joined(separator: "\n---\n"))
        for row in Self.rows where !row.path.contains("{") {
            let object = row.object(value)
            guard let decision = try? set.decide(.create(object)) else { continue }
            for failure in decision.failures {
                #expect(!failure.description.contains("\n") && failure.description.utf8.count < 8192, "\(object)")
            }
        }
    }
}
