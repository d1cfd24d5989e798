import Azure
import Foundation
import JSON
import TestSupport
import Testing

/// The rows of a table in this checkout, without head.
private func rows(_ name: String) throws -> [[String]] {
    let file = try String(contentsOf: data.appending(path: name), encoding: .utf8)
    return file.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.dropFirst().map {
        $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
}

private let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
private let data = checkout.appending(path: "Sources/Azure/Data")

/// Every row of the tables is obeyed: what stands at its path is found, and what is missing is told as it says.
@Suite struct TableRowTests {
    /// A row of facets.tsv or deltas.tsv.
    struct Row {
        let kind: AzureKind
        let path: String
        let facet: Facet
        let part: Facet.Part
        let absence: String

        init?(_ fields: [String]) throws {
            guard fields[3] != "-" else { return nil }
            let tables = AzureTables.embedded
            switch (fields[0], fields[1]) {
            case ("*", "?"): kind = tables.general
            case ("*", "*"): kind = try #require(tables.kind(group: "sql.azure.com", kind: "Server"))
            default: kind = try #require(tables.kind(group: fields[0], kind: fields[1]))
            }
            path = fields[2]
            facet = try #require(Facet(rawValue: fields[3]))
            part = try #require(Facet.Part(rawValue: fields[4]))
            absence = fields[5]
        }

        /// The path's steps from the last to the first: a name, `[]` or `{}`.
        private var steps: [String] {
            var steps: [String] = []
            var rest = path[...]
            while let first = rest.first {
                if rest.hasPrefix("[]") || rest.hasPrefix("{}") {
                    steps.append(String(rest.prefix(2)))
                    rest = rest.dropFirst(2)
                } else if rest.hasPrefix("['") {
                    let name = rest.dropFirst(2).prefix { $0 != "'" }
                    steps.append(String(name))
                    rest = rest.dropFirst(name.count + 4)
                } else {
                    rest = first == "." ? rest.dropFirst() : rest
                    let name = rest.prefix { !".[{".contains($0) }
                    steps.append(String(name))
                    rest = rest.dropFirst(name.count)
                }
            }
            return steps.reversed()
        }

        /// An object with a value at the path; without the last `missing` steps of it.
        func object(value: String, missing: Int = 0) -> String {
            var text = missing == 0 ? value : "{}"
            for step in steps.dropFirst(missing) {
                switch step {
                case "[]": text = "[null,\(text)]"
                case "{}": text = #"{"a.b":\#(text)}"#
                default: text = #"{"x":null,"\#(step)":\#(text)}"#
                }
            }
            return text
        }

        /// The states in which the row's facet and part are found in an object, with the paths.
        func states(in object: String) throws -> [(state: Occurrence.State, value: String?, path: FieldPath)] {
            let document = try JSONDocument(parsing: Array(object.utf8))
            var found: [(Occurrence.State, String?, FieldPath)] = []
            kind.forEachOccurrence(of: facet, in: document, of: document.root) { occurrence in
                guard occurrence.part == part else { return }
                let path = kind.path(of: occurrence, in: document, of: document.root)
                if let value = occurrence.value {
                    #expect(document.value(at: path.pointer)?.isSamePlace(as: value) == true, "\(path)")
                }
                found.append((occurrence.state, occurrence.value.map { text(document.lexeme($0)) }, path))
            }
            return found
        }
    }

    static func allRows() throws -> [Row] {
        try rows("facets.tsv").compactMap { try Row($0) }
            + rows("deltas.tsv").compactMap { try Row(Array($0[0...1] + $0[3...])) }
    }

    @Test func whatStandsAtAPathIsFound() throws {
        let rows = try Self.allRows()
        #expect(rows.count > 1000)
        for row in rows {
            let found = try row.states(in: row.object(value: #""here""#))
            #expect(
                found.contains { $0.state == .known && $0.value == #""here""# },
                "\(row.kind.group)/\(row.kind.kind) \(row.facet.rawValue).\(row.part.rawValue) \(row.path)"
            )
        }
    }

    @Test func whatIsMissingIsToldAsTheRowSays() throws {
        for row in try Self.allRows() where !row.path.hasSuffix("]") && !row.path.hasSuffix("}") {
            let name = "\(row.kind.group)/\(row.kind.kind) \(row.facet.rawValue).\(row.part.rawValue) \(row.path)"
            func isMissed(_ object: String) throws -> Bool {
                try row.states(in: object).contains { $0.state == .absent && pattern(of: $0.path) == pattern(row.path) }
            }
            #expect(try isMissed(row.object(value: "", missing: 1)) == (row.absence != "present"), "\(name)")
            #expect(try isMissed(row.object(value: "null")) == (row.absence != "present"), "\(name)")
            if !row.path.contains("["), !row.path.contains("{") {
                #expect(try isMissed("{}") == (row.absence == "always"), "\(name)")
            }
        }
    }

    @Test func whatComesFromAConfigMapIsUnknown() throws {
        for row in try Self.allRows() where !row.path.hasSuffix("]") && !row.path.hasSuffix("}") {
            let object = row.object(value: "1").replacingOccurrences(of: #"":1}"#, with: #"FromConfig":{}}"#)
            let found = try row.states(in: object)
            #expect(
                found.contains { $0.state == .unknown && pattern(of: $0.path) == pattern(row.path) },
                "\(row.kind.group)/\(row.kind.kind) \(row.path)"
            )
        }
    }

    /// A path without what differs from object to object.
    private func pattern(of path: FieldPath) -> String {
        path.steps.map { step in
            switch step {
            case .element: "[]"
            case .member("a.b"): "{}"
            case .member(let name): name
            }
        }.joined(separator: " ")
    }

    private func pattern(_ path: String) -> String {
        path.replacingOccurrences(of: "[]", with: ".[]").replacingOccurrences(of: "{}", with: ".{}")
            .replacingOccurrences(of: "['serviceoperator.azure.com/credential-from']", with: ".CREDENTIAL")
            .replacingOccurrences(of: ".", with: " ")
            .replacingOccurrences(of: "CREDENTIAL", with: "serviceoperator.azure.com/credential-from")
    }

    @Test func rowsAreSortedAndUnique() throws {
        for name in ["kinds.tsv", "facets.tsv", "deltas.tsv", "regions.tsv", "sizes.tsv"] {
            let rows = try rows(name)
            #expect(Set(rows).count == rows.count, "\(name)")
        }
        let kinds = try rows("kinds.tsv").map { Array($0[0...1]) }
        #expect(kinds == kinds.sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// The tables are what the script makes of the facts, so that nobody's change by hand is lost with the next run.
    @Test(.enabled(if: Corpus.isAvailable, "\(Corpus.absence)")) func tablesAreWhatTheScriptMakes() throws {
        let out = FileManager.default.temporaryDirectory.appending(path: "azure-data-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: out) }
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/env")
        python.arguments = [
            "python3", data.appending(path: "generate.py").path, Corpus.facts.path,
            Corpus.folder.appending(path: "crds/aso-crds.tar.gz").path, out.path,
        ]
        try python.run()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        for name in ["kinds.tsv", "facets.tsv", "deltas.tsv"] {
            let isSame = try Data(contentsOf: out.appending(path: name)) == Data(contentsOf: data.appending(path: name))
            #expect(isSame, "\(name) differs: run make azure-data")
        }
    }
}
