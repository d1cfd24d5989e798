import Azure
import Testing

@Suite struct TableTests {
    @Test func knowsEveryKind() throws {
        let tables = AzureTables.embedded
        #expect(tables.kinds.count == 294)
        for kind in tables.kinds {
            let found = try #require(tables.kind(group: kind.group, kind: kind.kind))
            #expect(found === kind)
            #expect(tables.kinds[kind.index] === kind)
            #expect(!kind.isGeneral)
            let isAzure = AzureTables.isAzure(group: kind.group.utf8Span.span)
            #expect(isAzure, "\(kind.group)")
            #expect(kind.scope == .nonARM || kind.armType != nil, "\(kind.group)/\(kind.kind)")
            for owner in kind.ownerKinds where owner != "*" {
                let parts = owner.split(separator: "/").map(String.init)
                #expect(tables.kind(group: parts[0], kind: parts[1]) != nil, "\(owner)")
            }
        }
    }

    @Test func describesAKind() throws {
        let kind = try #require(AzureTables.embedded.kind(group: "sql.azure.com", kind: "ServersConnectionPolicy"))
        #expect(kind.plural == "serversconnectionpolicies")
        #expect(kind.armType == "Microsoft.Sql/servers/connectionPolicies")
        #expect(kind.scope == .child)
        #expect(kind.ownerKinds == ["sql.azure.com/Server"])
        #expect(kind.azureName == .fixed("default"))
        #expect(!kind.has(.location) && kind.has(.owner) && kind.has(.credential) && kind.has(.reference))
    }

    @Test func doesNotKnowOthers() {
        let tables = AzureTables.embedded
        for (group, kind) in [
            ("", ""), ("sql.azure.com", "server"), ("Sql.azure.com", "Server"), ("sql.azure.com", "Serve"),
        ] {
            #expect(tables.kind(group: group, kind: kind) == nil)
        }
        #expect(tables.general.isGeneral)
        for group in ["evilazure.com", "azure.com.evil", "azure.com", ""] {
            let isAzure = AzureTables.isAzure(group: group.utf8Span.span)
            #expect(!isAzure, "\(group)")
        }
    }

    static let versions: [(version: String, match: AzureKind.VersionMatch)] = [
        ("v20250601", .listed), ("v1api20230101", .listed), ("v20250601storage", .storage),
        ("v1api20230101storage", .storage),
        ("v20991231", .unlisted), ("v20991231storage", .unlisted), ("v20250601x", .unlisted), ("storage", .unlisted),
        ("", .unlisted),
    ]

    @Test(arguments: versions) func matchesVersions(_ version: String, _ expected: AzureKind.VersionMatch) throws {
        let kind = try #require(AzureTables.embedded.kind(group: "storage.azure.com", kind: "StorageAccount"))
        let match = kind.match(version: version.utf8Span.span)
        #expect(match == expected)
    }

    private static let kindsHead =
        "group\tkind\tplural\tversions\tnewest\tarmType\tarmVersion\tscope\towners\tazureName\n"
    private static let sizesHead = "scope\tnames\tvCores\tmemoryGB\tsource\n"
    private static let facetsHead = "group\tkind\tpath\tfacet\tpart\tabsence\tsense\tnote\n"

    /// A table that replaces another in a directory of one's own, and what is said about it.
    static let broken: [(file: String, text: String, message: String)] = [
        ("kinds.tsv", "", "kinds.tsv: the header is missing"),
        ("kinds.tsv", "# only this\n", "the header is missing"),
        ("kinds.tsv", "group\tkind\n", "kinds.tsv:1:1: expected the columns"),
        ("kinds.tsv", kindsHead + "a\tb\n", "kinds.tsv:2:1: expected 10 fields separated by tabs, found 2"),
        ("kinds.tsv", kindsHead + "a\t\tc\tv1\tv1\t-\t-\tchild\t-\tspec\n", "kinds.tsv:2:3: kind is empty"),
        ("kinds.tsv", kindsHead + "a\tb\tc\tv1\tv2\t-\t-\tchild\t-\tspec\n", "kinds.tsv:2:10: newest is \"v2\""),
        (
            "kinds.tsv", kindsHead + "#\n\na\tb\tc\tv1\tv1\t-\t-\tchlid\t-\tspec\n",
            "kinds.tsv:4:17: scope is \"chlid\"; expected one of"
        ),
        ("kinds.tsv", kindsHead + "a\tb\tc\tv1\tv1\t-\t-\tchild\t-\tfixed:\n", "azureName is \"fixed:\""),
        (
            "kinds.tsv", kindsHead + String(repeating: "a\tb\tc\tv1\tv1\t-\t-\tchild\t-\tspec\n", count: 2),
            "kinds.tsv:3:3: a/b is listed twice"
        ),
        (
            "facets.tsv", facetsHead + "a\tb\tspec.x\tsku\tname\talways\ttext\t\n",
            "facets.tsv:2:3: a/b is not in kinds.tsv"
        ),
        ("facets.tsv", facetsHead + "*\t*\tspec.x\tskus\tname\talways\ttext\t\n", "facets.tsv:2:12: facet is \"skus\""),
        (
            "facets.tsv", facetsHead + "*\t*\tspec.x\treference\tname\talways\ttext\t\n",
            "facets.tsv:2:12: references are looked for"
        ),
        ("facets.tsv", facetsHead + "*\t*\tspec.x\tsku\tname\tsometimes\ttext\t\n", "absence is \"sometimes\""),
        ("facets.tsv", facetsHead + "*\t*\tspec..x\tsku\tname\talways\ttext\t\n", "facets.tsv:2:10: expected a name"),
        (
            "facets.tsv", facetsHead + "*\t*\tspec[0]\tsku\tname\talways\ttext\t\n",
            "facets.tsv:2:9: expected [] or ['name']"
        ),
        ("facets.tsv", facetsHead + "*\t*\tspec{x}\tsku\tname\talways\ttext\t\n", "expected {}"),
        ("facets.tsv", facetsHead + "*\t*\tspec['x\tsku\tname\talways\ttext\t\n", "expected [] or ['name']"),
        ("facets.tsv", facetsHead + "*\t*\tspec[]x\tsku\tname\talways\ttext\t\n", "expected '.', '[' or '{'"),
        ("facets.tsv", facetsHead + "*\t*\tspec[\tsku\tname\talways\ttext\t\n", "'[' is not closed"),
        ("facets.tsv", facetsHead + "*\t*\t\tsku\tname\talways\ttext\t\n", "expected a path"),
        (
            "facets.tsv", facetsHead + "*\t*\t" + String(repeating: "a.", count: 40) + "a\tsku\tname\talways\ttext\t\n",
            "more than 32 steps"
        ),
        ("regions.tsv", "name\tdisplay\tclass\tsource\nWest\tWest\tpublic\tx\n", "regions.tsv:2:1: name is \"West\""),
        (
            "regions.tsv", "name\tdisplay\tclass\tsource\nwest\tEast\tpublic\tx\n",
            "regions.tsv:2:6: display is \"East\""
        ),
        ("sizes.tsv", sizesHead + "vm\tx\tmany\t-\ty\n", "sizes.tsv:2:6: vCores is \"many\""),
        ("sizes.tsv", sizesHead + "vm\tx\t0\t-\ty\n", "expected a whole number above 0"),
        ("sizes.tsv", sizesHead + "vm\tx\t-\t-\ty\n", "sizes.tsv:2:6: neither vCores nor memoryGB"),
        ("sizes.tsv", sizesHead + "vm\tx\t-\t1 max 2\ty\n", "sizes.tsv:2:8: memoryGB is \"1 max 2\""),
        ("sizes.tsv", sizesHead + "vm\tx#\t-\t1 most 2\ty\n", "memoryGB is \"1 most 2\""),
        ("sizes.tsv", sizesHead + "vm\tx#\t-\tnan\ty\n", "memoryGB is \"nan\""),
        ("sizes.tsv", sizesHead + "vm\tx\t-\t1e99\ty\n", "memoryGB is \"1e99\""),
        ("sizes.tsv", sizesHead + "vm\tx#\t2\t1\ty\n", "vCores is \"2\"; expected -"),
        ("sizes.tsv", sizesHead + "vm\tx# y\t-\t1\ty\n", "make a row of each"),
        ("sizes.tsv", sizesHead + "vm\tx X\t-\t1\ty\n", "X is listed twice for vm"),
        ("sizes.tsv", sizesHead + "vm\tx\t-\t1\t\n", "source is empty"),
        ("prices.tsv", "", "prices.tsv: is not a table"),
    ]

    @Test(arguments: broken) func saysWhereATableIsBroken(_ file: String, _ text: String, _ message: String) {
        let error = #expect(throws: TableError.self) { try AzureTables(directory: [file: Array(text.utf8)]) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "nothing")")
    }

    @Test func aDirectoryReplacesTables() throws {
        let kinds = Self.kindsHead + "a.azure.com\tThing\tthings\tv1\tv1\t-\t-\tchild\t-\tspec\n"
        let facets =
            Self.facetsHead + "a.azure.com\tThing\tspec.pools{}['a.b'].where\tlocation\tregion\tinside\tregion\t\n"
        let deltas = "group\tkind\tversion\tpath\tfacet\tpart\tabsence\tsense\tnote\n"
        let tables = try AzureTables(directory: [
            "kinds.tsv": Array(kinds.utf8), "facets.tsv": Array(facets.utf8), "deltas.tsv": Array(deltas.utf8),
        ])
        #expect(tables.kinds.count == 1)
        #expect(tables.region("westeurope") != nil)
        let found = try occurrences(
            of: .all,
            "a.azure.com",
            "Thing",
            #"{"spec":{"pools":{"x y":{"a.b":{"where":"w"}},"z":{"a.b":{}},"n":{}}}}"#,
            tables: tables
        )
        #expect(
            found == [
                #"location.region spec.pools["x y"]["a.b"].where = "w""#,
                #"location.region spec.pools.z["a.b"].where absent"#,
            ]
        )
    }
}
