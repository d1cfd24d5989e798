import Azure
import TestSupport
import Testing

private let guid = "00000000-0000-0000-0000-00000000000a"

@Suite struct ResourceIDTests {
    /// An ID that is read, and what it says.
    struct Example: Sendable, CustomTestStringConvertible {
        let text: String
        let type: String
        let name: String
        var group: String?
        var subscription: String? = guid
        var parent: String?
        var isExtension = false

        var testDescription: String { text }
    }

    static let read = [
        Example(text: "/subscriptions/\(guid)", type: "Microsoft.Resources/subscriptions", name: guid),
        Example(
            text: "/subscriptions/\(guid)/resourceGroups/rg",
            type: "Microsoft.Resources/resourceGroups",
            name: "rg",
            group: "rg",
            parent: "/subscriptions/\(guid)"
        ),
        Example(
            text: "/SUBSCRIPTIONS/\(guid)/ResourceGroups/My_(rg).1",
            type: "Microsoft.Resources/resourceGroups",
            name: "My_(rg).1",
            group: "My_(rg).1",
            parent: "/subscriptions/\(guid)"
        ),
        Example(
            text: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql/servers/s",
            type: "Microsoft.Sql/servers",
            name: "s",
            group: "rg",
            parent: "/subscriptions/\(guid)/resourceGroups/rg"
        ),
        Example(
            text: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql/servers/s/databases/d",
            type: "Microsoft.Sql/servers/databases",
            name: "d",
            group: "rg",
            parent: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql/servers/s"
        ),
        Example(
            text: "/subscriptions/\(guid)/providers/Microsoft.Compute/locations/westeurope",
            type: "Microsoft.Compute/locations",
            name: "westeurope",
            parent: "/subscriptions/\(guid)"
        ),
        Example(
            text: "/providers/Microsoft.Management/managementGroups/mg",
            type: "Microsoft.Management/managementGroups",
            name: "mg",
            subscription: nil
        ),
        Example(
            text:
                "/providers/Microsoft.Management/managementGroups/mg/providers/Microsoft.Authorization/roleAssignments/r",
            type: "Microsoft.Authorization/roleAssignments",
            name: "r",
            subscription: nil,
            parent: "/providers/Microsoft.Management/managementGroups/mg",
            isExtension: true
        ),
        Example(
            text: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a"
                + "/providers/Microsoft.Authorization/roleAssignments/r",
            type: "Microsoft.Authorization/roleAssignments",
            name: "r",
            group: "rg",
            parent: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a",
            isExtension: true
        ),
        Example(
            text: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Network/dnsZones/a.b/A/*",
            type: "Microsoft.Network/dnsZones/A",
            name: "*",
            group: "rg",
            parent: "/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Network/dnsZones/a.b"
        ),
        Example(
            text: "/subscriptions/\(guid)/resourceGroups/größe",
            type: "Microsoft.Resources/resourceGroups",
            name: "größe",
            group: "größe",
            parent: "/subscriptions/\(guid)"
        ),
    ]

    @Test(arguments: read) func reads(_ example: Example) throws {
        let id = try ResourceID(parsing: example.text)
        #expect(id.description == example.text)
        #expect(id.type == example.type)
        #expect(id.name == example.name)
        #expect(id.resourceGroup == example.group)
        #expect(id.subscription == example.subscription)
        #expect(try id.parent == example.parent.map { try ResourceID(parsing: $0) })
        #expect(id.isExtension == example.isExtension)
        let bytes = Array(example.text.utf8)
        let again = try ResourceID(parsing: bytes.span)
        #expect(again == id)
    }

    static let refused: [(text: String, code: ResourceIDError.Code)] = [
        ("", .notAbsolute),
        ("subscriptions/\(guid)", .notAbsolute),
        (" /subscriptions/\(guid)", .notAbsolute),
        ("/", .emptySegment),
        ("//subscriptions/\(guid)", .emptySegment),
        ("/subscriptions/\(guid)/", .emptySegment),
        ("/subscriptions//resourceGroups/rg", .emptySegment),
        ("/subscriptions/\(guid)/resourceGroups/rg/../other", .dotSegment),
        ("/subscriptions/\(guid)/resourceGroups/..", .dotSegment),
        ("/subscriptions/\(guid)/./resourceGroups/rg", .dotSegment),
        ("/subscriptions/\(guid)/resourceGroups/...", .dotSegment),
        ("/subscriptions/\(guid)/resourceGroups/%2e%2e", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/team-a%2fx", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\\b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a?api-version=1", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a#b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{0}b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\nb", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{7f}", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{2215}b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{ff0f}b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{202e}b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{200b}b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{a0}b", .badCharacter),
        ("/subscriptions/\(guid)/resourceGroups/a\u{85}b", .badCharacter),
        ("/subscriptions/mine", .badSubscription),
        ("/subscriptions/*", .badSubscription),
        ("/subscriptions/00000000-0000-0000-0000-00000000000", .badSubscription),
        ("/subscriptions/00000000000000000000000000000000000a", .badSubscription),
        ("/subscriptions", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups/rg/providers", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql/servers", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql/servers/s/databases", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups/rg/providers/Microsoft.Sql/servers/s/providers", .incomplete),
        ("/subscriptions/\(guid)/resourceGroups/rg.", .badResourceGroup),
        ("/subscriptions/\(guid)/resourceGroups/r g", .badResourceGroup),
        ("/subscriptions/\(guid)/resourceGroups/*", .badResourceGroup),
        ("/subscriptions/\(guid)/resourceGroups/" + String(repeating: "a", count: 91), .badResourceGroup),
        ("/subscriptions/\(guid)/tagNames/x", .badKeyword),
        ("/resourceGroups/rg", .badKeyword),
        ("/subscriptions/\(guid)/resourceGroups/rg/resourceGroups/rg2", .badKeyword),
        ("/subscriptions/\(guid)/resourceGroups/rg/subscriptions/\(guid)", .badKeyword),
        ("/tenants/x", .badKeyword),
        ("/subscriptions/\(guid)/providers/Microsoft Sql/servers/s", .badNamespace),
        ("/subscriptions/\(guid)/providers/.Sql/servers/s", .badNamespace),
        ("/subscriptions/\(guid)/providers/Microsoft.Sql/ser*ers/s", .badType),
        ("/subscriptions/\(guid)/providers/Microsoft.Sql/servers/ s", .badName),
        ("/subscriptions/\(guid)/providers/Microsoft.Sql/servers/" + String(repeating: "a", count: 261), .badName),
        ("/" + String(repeating: "a/", count: 4000), .tooLong),
    ]

    @Test(arguments: refused) func refuses(_ text: String, _ code: ResourceIDError.Code) {
        let error = #expect(throws: ResourceIDError.self) { try ResourceID(parsing: text) }
        #expect(error?.code == code)
        #expect(error.map { $0.offset <= text.utf8.count } == true)
    }

    @Test func comparesWithoutCase() throws {
        let a = try ResourceID(parsing: "/subscriptions/\(guid)/resourceGroups/RG/providers/Microsoft.Cache/redis/A")
        let b = try ResourceID(
            parsing: "/SUBSCRIPTIONS/\(guid.uppercased())/resourcegroups/rg/PROVIDERS/microsoft.cache/Redis/a"
        )
        #expect(a == b)
        #expect(Set([a, b]).count == 1)
        #expect(a.canonical == b.canonical)
        #expect(a.description != b.description)
    }

    static let containment: [(outer: String, inner: String, contains: Bool)] = [
        ("", "", true),
        ("", "/resourceGroups/a", true),
        ("/resourceGroups/a", "", false),
        ("/resourceGroups/a", "/resourceGroups/A", true),
        ("/resourceGroups/a", "/resourceGroups/ab", false),
        ("/resourceGroups/team-a", "/resourceGroups/team-a.b/providers/Microsoft.Sql/servers/s", false),
        ("/resourceGroups/a", "/resourcegroups/A/providers/Microsoft.Sql/servers/s", true),
        (
            "/resourceGroups/a/providers/Microsoft.Sql/servers/s",
            "/resourceGroups/a/providers/Microsoft.Sql/servers/s/databases/d", true
        ),
        (
            "/resourceGroups/a/providers/Microsoft.Sql/servers/s",
            "/resourceGroups/a/providers/Microsoft.Sql/servers/s2", false
        ),
        (
            "/resourceGroups/a/providers/Microsoft.Sql/servers/s",
            "/resourceGroups/a/providers/Microsoft.Sql/servers/s/providers/Microsoft.Authorization/locks/l", true
        ),
    ]

    @Test(arguments: containment) func containsBySegment(_ outer: String, _ inner: String, _ expected: Bool) throws {
        let outer = try ResourceID(parsing: "/subscriptions/\(guid)\(outer)")
        let inner = try ResourceID(parsing: "/subscriptions/\(guid)\(inner)")
        #expect(outer.contains(inner) == expected)
    }

    static let within: [(text: String, id: String?)] = [
        ("UserAssignedIdentity=/subscriptions/\(guid)", "/subscriptions/\(guid)"),
        ("/subscriptions/\(guid)", "/subscriptions/\(guid)"),
        ("a=b=/subscriptions/\(guid)", nil),
        ("SystemAssignedIdentity", nil),
        ("", nil),
        ("=", nil),
        ("x=/subscriptions/y", nil),
    ]

    @Test(arguments: within) func findsAnIDInAnAssignment(_ text: String, _ id: String?) {
        let bytes = Array(text.utf8)
        let found = try? ResourceID(within: bytes.span)
        #expect(found?.description == id)
    }

    @Test(arguments: UInt64(0)..<200) func canonicalFormIsStable(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let text = randomID(using: &random)
        let id = try ResourceID(parsing: text)
        #expect(id.description == text)
        let canonical = try ResourceID(parsing: id.canonical)
        #expect(canonical == id)
        #expect(canonical.canonical == id.canonical)
        #expect(try ResourceID(parsing: randomCase(text, using: &random)) == id)
        var ancestor = id
        while let parent = ancestor.parent {
            #expect(parent.contains(id))
            #expect(!id.contains(parent))
            ancestor = parent
        }
    }

    /// Whatever the bytes: an answer, and what is read is read again.
    @Test(arguments: UInt64(0)..<300) func neverTraps(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes = Array(randomID(using: &random).utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            let byte = UInt8.random(in: 0...255, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = byte
            case 1: bytes.insert(byte, at: place)
            default: bytes.remove(at: place)
            }
        }
        guard let id = try? ResourceID(parsing: bytes.span) else { return }
        #expect((try? ResourceID(parsing: id.canonical)) == id)
        #expect(!id.canonical.contains("//") && !id.canonical.contains("/../") && !id.canonical.contains("%"))
    }

    private func randomID(using random: inout SplitMix64) -> String {
        func name(_ characters: String) -> String {
            var text = ""
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                text.append(characters.randomElement(using: &random) ?? "a")
            }
            return text
        }
        func provider() -> String {
            var text = "/providers/Microsoft.\(name("abCD"))"
            for _ in 0..<Int.random(in: 1...3, using: &random) { text += "/\(name("abCDe"))/x\(name("abC0-_. @(é"))x" }
            return text
        }
        var text = Bool.random(using: &random) ? "/subscriptions/\(guid)" : ""
        if !text.isEmpty, Bool.random(using: &random) { text += "/resourceGroups/\(name("abAB09-_()."))a" }
        for _ in 0..<Int.random(in: (text.isEmpty ? 1 : 0)...2, using: &random) { text += provider() }
        return text
    }

    private func randomCase(_ text: String, using random: inout SplitMix64) -> String {
        String(
            decoding: text.utf8.map { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) && Bool.random(using: &random)
                    ? byte & ~0x20 : byte
            },
            as: UTF8.self
        )
    }
}

@Suite struct PatternTests {
    static let names: [(pattern: String, name: String, matches: Bool)] = [
        ("team-a-*", "team-a-db", true), ("team-a-*", "team-a-", true), ("team-a-*", "TEAM-A-DB", true),
        ("team-a-*", "team-a", false), ("team-a-*", "team-ab-db", false), ("team-a-*", "x-team-a-db", false),
        ("*", "", true), ("*", "x", true), ("", "", true), ("", "x", false), ("a*b*c", "abc", true),
        ("a*b*c", "axxbxxc", true),
        ("a*b*c", "acb", false), ("*a*", "bab", true), ("**", "x", true), ("a?c", "abc", false), ("a.c", "abc", false),
        ("ÄB*", "Äbc", true),
    ]

    @Test(arguments: names) func matchesNames(_ pattern: String, _ name: String, _ expected: Bool) {
        #expect(NamePattern(pattern).matches(name) == expected)
    }

    @Test func hostileNamesCostLittle() {
        let pattern = NamePattern(String(repeating: "a*", count: 50) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 4000)))
    }

    private static let identities =
        "/subscriptions/\(guid)/resourceGroups/team-a-id/providers/"
        + "Microsoft.ManagedIdentity/userAssignedIdentities"

    static let ids: [(pattern: String, id: String, matches: Bool)] = [
        ("\(identities)/*", "\(identities)/x", true),
        ("\(identities)/*", "\(identities.uppercased())/X", true),
        ("\(identities)/*", "\(identities)/x/federatedIdentityCredentials/f", false),
        ("\(identities)/x", "\(identities)/xy", false),
        ("\(identities)/*/**", "\(identities)/x", false),
        ("\(identities)/*/**", "\(identities)/x/federatedIdentityCredentials/f", true),
        ("/subscriptions/\(guid)/resourceGroups/team-a-*", "/subscriptions/\(guid)/resourceGroups/team-a-db", true),
        ("/subscriptions/\(guid)/resourceGroups/team-a-*", "\(identities)/x", false),
        ("/subscriptions/\(guid)/resourceGroups/team-a-*/**", "\(identities)/x", true),
        ("/subscriptions/\(guid)/resourceGroups/team-a-*/**", "/subscriptions/\(guid)/resourceGroups/team-a-id", false),
        ("/subscriptions/*/resourceGroups/team-a-id", "/subscriptions/\(guid)/resourceGroups/team-a-id", true),
        ("/subscriptions/\(guid)/**", "/subscriptions/11111111-0000-0000-0000-00000000000a/resourceGroups/a", false),
    ]

    @Test(arguments: ids) func matchesIDsBySegment(_ pattern: String, _ id: String, _ expected: Bool) throws {
        #expect(try ResourceIDPattern(parsing: pattern).matches(ResourceID(parsing: id)) == expected)
    }

    static let refused = [
        "", "*", "/*", "/subscriptions/*/..", "/subscriptions/\(guid)/*/x", "/subscriptions/\(guid)//x", "/**/x",
        "\(identities)/**",  // a type without a name: not the start of an ID
        "/subscriptions/%2a", "/subscriptions/mine", "/subscriptions/*/resourceGroups/a/providers/*/servers/s",
    ]

    @Test(arguments: refused) func refuses(_ pattern: String) {
        #expect(throws: ResourceIDError.self) { try ResourceIDPattern(parsing: pattern) }
    }
}

@Suite struct RegionTests {
    static let spellings: [(name: String, normalised: String)] = [
        ("westeurope", "westeurope"), ("West Europe", "westeurope"), ("WestEurope", "westeurope"),
        (" west  EUROPE ", "westeurope"),
        ("West US 2", "westus2"), ("Global", "global"), ("", ""), ("Côte", "côte"),
    ]

    @Test(arguments: spellings) func normalises(_ name: String, _ normalised: String) {
        #expect(Region.normalise(name) == normalised)
        #expect(Region.normalise(normalised) == normalised)
        let isSame = Region.isSame(Array(name.utf8).span, as: Array(normalised.utf8).span)
        let isGlobal = Region.isGlobal(Array(name.utf8).span)
        #expect(isSame && isGlobal == (normalised == "global"))
    }

    @Test func differentRegionsDiffer() {
        for (a, b) in [("westus", "westus2"), ("westus2", "westus"), ("west-europe", "westeurope"), ("", "westeurope")]
        {
            let isSame = Region.isSame(Array(a.utf8).span, as: Array(b.utf8).span)
            #expect(!isSame, "\(a) and \(b)")
        }
    }

    @Test func tablesKnowRegions() {
        let tables = AzureTables.embedded
        #expect(tables.region("West Europe")?.name == "westeurope")
        #expect(tables.region("westeurope")?.displayName == "West Europe")
        #expect(tables.region("global")?.class == .global)
        #expect(tables.region("eastus2euap")?.class == .canary)
        #expect(tables.region("europe") == nil)
        #expect(tables.regions.count > 60)
    }
}
