import Authoring
import Foundation
import JSON
import Policy
import TestSupport
import Testing

/// The canonical form of policies' files.
@Suite struct FormatTests {
    private static func format(_ text: String) throws -> String {
        String(decoding: try PolicyFormat.format(Array(text.utf8), file: "a.yaml"), as: UTF8.self)
    }

    /// What holds for every text that has a form: the same documents, the same a second time.
    @discardableResult
    private static func expectSame(_ text: [UInt8], _ name: String = "a.yaml") -> [UInt8]? {
        guard let result = try? PolicyFormat.format(text, file: name) else { return nil }
        let documents = (try? JSONDocument.parseYAML(text)) ?? []
        let others = (try? JSONDocument.parseYAML(result)) ?? []
        #expect(documents.map { JSONFragment($0) } == others.map { JSONFragment($0) }, "\(name)")
        #expect((try? PolicyFormat.format(result, file: name)) == result, "\(name)")
        return result
    }

    @Test func fieldsStandInOrderWithTheirComments() throws {
        let text = """
            # What holds for everyone.

            # Kept by the platform team.
            kind: AzurePolicy
            spec:
                # The rules.
                rules:    # all of them
                # Where things are.
                -   locations: {allow: [westeurope]} # for now
                    # Its name.
                    name: regions
                    # The end of the rule.
                # The end of the rules.
                match:
                    resources:
                    - "sql.azure.com/*"


                    namespaces: ['team-*', 'a']
                parameters: {a: 1}
            metadata: {name: all}   # a name
            apiVersion: portcullis.dev/v1alpha1
            # The end.


            """
        #expect(
            try Self.format(text)
                == """
                # What holds for everyone.

                # Kept by the platform team.
                apiVersion: portcullis.dev/v1alpha1
                kind: AzurePolicy
                metadata: {name: all}   # a name
                spec:
                  parameters: {a: 1}
                  # The end of the rules.
                  match:

                    namespaces: ['team-*', 'a']
                    resources:
                      - "sql.azure.com/*"
                  # The rules.
                  rules:    # all of them
                    # Where things are.
                    # Its name.
                    - name: regions
                      locations: {allow: [westeurope]} # for now
                      # The end of the rule.
                # The end.

                """.replacing("  match:\n\n", with: "  match:\n")
        )
    }

    @Test func valuesThatSpanLinesStayAsTheyAre() throws {
        let text = """
            apiVersion: v1
            kind: ConfigMap
            metadata:
                name: 'plain'
            data:
                script: |-
                    a
                      # no comment
                      b

                folded: >
                    one
                    two
                keeps: |+
                    a

                plain: a b
                    c d
                    e
                quoted: "a
                    b # no comment

                    c"
                below:
                    a value
                list: [
                    a, b, # c
                    '}', "]",
                ]
                quote: 'it''s "so"'
                empty:
                    # nothing yet
                odd: a'b:c" # d
                last: |+
                    z


            """
        let result = try Self.format(text)
        #expect(Self.expectSame(Array(text.utf8)) != nil)
        #expect(result.contains("\n  script: |-\n      a\n        # no comment\n        b\n\n  folded: >\n      one"))
        #expect(result.contains("\n  keeps: |+\n      a\n\n  plain: a b\n      c d\n      e\n"))
        #expect(result.contains("\n  list: [\n      a, b, # c\n      '}', \"]\",\n  ]\n  quote: 'it''s \"so\"'\n"))
        #expect(result.contains("\n  empty:\n    # nothing yet\n"))
        #expect(result.contains("\n  name: \"plain\"\n"))
        #expect(result.hasSuffix("\n  last: |+\n      z\n\n"))
    }

    @Test func separatorsAndLineEnds() throws {
        #expect(
            try Self.format("---\r\na: 1  \r\n\r\n\r\nb: 2\r\n---\r\n---\r\nc: 3\r\n---") == "a: 1\n\nb: 2\n---\nc: 3\n"
        )
        #expect(
            try Self.format("# licence\n---\na: 1\n--- # second\nb: 2") == "# licence\n---\na: 1\n--- # second\nb: 2\n"
        )
        #expect(try Self.format("") == "")
        #expect(try Self.format("\n\n# nothing\n\n") == "# nothing\n")
    }

    @Test func anAliasStaysBehindItsAnchor() throws {
        let text = """
            metadata: {name: &name all}
            kind: ConfigMap
            data: &data
                name: *name
            more:
                <<: *data
                other: !!str 1
            """
        #expect(
            try Self.format(text).hasPrefix(
                "kind: ConfigMap\nmetadata: {name: &name all}\ndata: &data\n  name: *name\n"
            )
        )
        let bound = "spec: &a {x: 1}\nkind: *b\n"
        #expect(throws: PolicyIssue.self) { try Self.format(bound) }
        let turned = "kind: &k A\napiVersion: *k\n"
        #expect(try Self.format(turned) == turned)
    }

    @Test(arguments: [
        "{\"b\": 1, \"a\": [1]}", "%YAML 1.1\n---\nb: 1\n", "? a\n: b\n", "b: 1\n...\n", "[a,\n  b]\n", "--- {b: 1}\n",
        "--- |\n  text\n",
    ])
    func whatIsWrittenInAWayOfItsOwnIsLeft(_ text: String) throws {
        #expect(try Self.format(text) == text)
    }

    @Test(arguments: ["a: [", "a: 1\na: 2\n", "a:\n\tb: 1\n", "a: *b\n", "a: \"b\n", "- a\nb: 1\n"])
    func whatIsNoYAMLIsRefusedWithItsPlace(_ text: String) throws {
        let issue = #expect(throws: PolicyIssue.self) { try PolicyFormat.format(Array(text.utf8), file: "x.yaml") }
        #expect(issue?.file == "x.yaml" && issue?.line ?? 0 > 0)
    }

    @Test func nestedElementsKeepTheirPlaces() throws {
        #expect(
            try Self.format("a:\n- - b\n  - # c\n    d: 1\n-\n   # e\n   f: 1\n   g:\n   - h\n") == """
                a:
                  - - b
                    - # c
                      d: 1
                  # e
                  - f: 1
                    g:
                      - h

                """
        )
    }

    // MARK: - Properties

    /// The files that the repository ships have the form already.
    @Test func shippedFilesAreCanonical() throws {
        let folder = URL(filePath: Fixtures.policies).resolvingSymlinksInPath().path
        let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        let files = names.filter { $0.hasSuffix(".yaml") }.sorted()
        #expect(files.count > 100)
        for file in files {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: folder + "/" + file)))
            #expect(Self.expectSame(bytes, file) == bytes, "portcullis fmt policies/\(file)")
        }
    }

    @Test func noCutOfAFileIsTooMuch() throws {
        for file in ["/expressions.yaml", "/bindings.yaml", "/tests/teams.yaml"] {
            let bytes = [UInt8](try Data(contentsOf: URL(filePath: Fixtures.policies + file)))
            for end in stride(from: 0, to: bytes.count, by: 23) { Self.expectSame(Array(bytes[..<end])) }
        }
    }

    @Test func depthIsNoFault() throws {
        let deep = String(repeating: "- ", count: 3_000) + "a"
        Self.expectSame(Array(deep.utf8))
        let keys = (0..<400).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n")
        Self.expectSame(Array(keys.utf8))
        Self.expectSame([0xff, 0xfe, 0x61, 0x00])
        Self.expectSame([0xef, 0xbb, 0xbf] + Array("b: 1".utf8))
    }

    @Test(arguments: 0..<300)
    func generatedFilesKeepDocumentsAndComments(_ seed: Int) throws {
        var text = GeneratedYAML(seed: UInt64(seed))
        let bytes = Array(text.file().utf8)
        let result = try #require(Self.expectSame(bytes), "\(String(decoding: bytes, as: UTF8.self))")
        let after = String(decoding: result, as: UTF8.self)
        for number in 0..<text.comments {
            #expect(after.split(separator: "#\(number)#", omittingEmptySubsequences: false).count == 2, "#\(number)")
        }
    }
}

/// Documents as people may write them: any indentation, comments and blank lines anywhere.
private struct GeneratedYAML {
    private var random: SplitMix64
    private(set) var comments = 0

    init(seed: UInt64) {
        random = SplitMix64(seed: seed)
    }

    mutating func file() -> String {
        var lines: [String] = []
        for number in 0...Int.random(in: 0...2, using: &random) {
            if number > 0 || chance(4) { lines.append("---" + (chance(4) ? " " + comment() : "")) }
            noise(0, &lines)
            mapping(0, 0, ["kind", "apiVersion", "spec", "metadata", "data"], &lines)
        }
        noise(0, &lines)
        let end = chance(5) ? "\r\n" : "\n"
        return lines.joined(separator: end) + (chance(2) ? end : "")
    }

    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    private mutating func comment() -> String {
        comments += 1
        return "#\(comments - 1)# says: 'it' - \"so\" {"
    }

    private mutating func noise(_ indent: Int, _ lines: inout [String]) {
        while chance(4) { lines.append(chance(2) ? "" : spaces(indent) + comment()) }
    }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

    private mutating func mapping(_ indent: Int, _ depth: Int, _ known: [String], _ lines: inout [String]) {
        let keys =
            known + ["rules", "match", "name", "a b", "\"q: #\"", "parameters"].shuffled(using: &random).prefix(2)
        for (place, key) in keys.shuffled(using: &random).enumerated() {
            if place > 0 { noise(indent, &lines) }
            value(spaces(indent) + key + ":", indent, depth, isMember: true, &lines)
        }
    }

    private mutating func value(
        _ head: String,
        _ indent: Int,
        _ depth: Int,
        isMember: Bool,
        _ lines: inout [String]
    ) {
        let step = Int.random(in: 1...4, using: &random)
        switch Int.random(in: 0..<(depth < 4 ? 13 : 9), using: &random) {
        case 0: lines.append(head + " plain" + (chance(2) ? "  " + comment() : ""))
        case 1: lines.append(head + " 'single # {'" + (chance(2) ? " " + comment() : ""))
        case 2: lines.append(head + "   \"double \\\" 'it'\"")
        case 3: lines.append(head + " {a: [1, '}'], \"b\": {}} " + comment())
        case 4:
            let header = ["|", ">", "|-", ">-", "|+"].randomElement(using: &random) ?? "|"
            lines.append(head + " " + header + (chance(3) ? " " + comment() : ""))
            lines += [spaces(indent + step) + "text: a", spaces(indent + step + 1) + "# none", ""]
            lines.append(spaces(indent + step) + "- b")
        case 5:
            lines += [
                head + " a plain", spaces(indent + step) + "text", "",
                spaces(indent + step) + "of: lines".replacing(":", with: ""),
            ]
        case 6: lines += [head + " [a,", spaces(indent + step) + "'b', " + comment(), spaces(indent + 1) + "c]"]
        case 7: lines += [head + " \"a", spaces(indent + step) + "b # none\\", spaces(indent + step) + "c\""]
        case 8: lines.append(head + (chance(2) ? " " + comment() : ""))
        case 9, 10:
            lines.append(head + (chance(4) ? " " + comment() : ""))
            noise(indent + step, &lines)
            mapping(indent + step, depth + 1, [], &lines)
        default:
            lines.append(head + (chance(4) ? " " + comment() : ""))
            let inner = indent + (isMember && chance(3) ? 0 : step)
            noise(inner, &lines)
            for _ in 0...Int.random(in: 0...2, using: &random) { element(inner, depth + 1, &lines) }
        }
    }

    private mutating func element(_ indent: Int, _ depth: Int, _ lines: inout [String]) {
        noise(indent, &lines)
        guard chance(2) else { return value(spaces(indent) + "-", indent, depth, isMember: false, &lines) }
        let start = lines.count
        let gap = Int.random(in: 1...3, using: &random)
        mapping(indent + 1 + gap, depth, [], &lines)
        lines[start] = spaces(indent) + "-" + spaces(gap) + lines[start].drop { $0 == " " }
    }
}
