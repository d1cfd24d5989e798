import Azure
import Foundation
import JSON
import TestSupport
import Testing

/// Every row of the tables is obeyed: what stands at its path is found, and what is missing is told as it says.
@Suite struct TableRowTests {
    /// A row with the kind that it speaks of.
    struct Row {
        let row: FacetRow
        let kind: AzureKind
        let facet: Facet
        let part: Facet.Part

        init(_ row: FacetRow) throws {
            self.row = row
            let tables = AzureTables.embedded
            switch (row.group, row.kind) {
            case ("*", "?"): kind = tables.general
            case ("*", "*"): kind = try #require(tables.kind(group: "sql.azure.com", kind: "Server"))
            default: kind = try #require(tables.kind(group: row.group, kind: row.kind))
            }
            facet = try #require(Facet(rawValue: row.facet))
            part = try #require(Facet.Part(rawValue: row.part))
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
        try FacetRow.all().map { try Row($0) }
    }

    @Test func whatStandsAtAPathIsFound() throws {
        let rows = try Self.allRows()
        #expect(rows.count > 1000)
        for row in rows {
            let found = try row.states(in: row.row.object(value: #""here""#))
            #expect(
                // Of a holder only its absence is a fact.
                found.contains { $0.state == .known && $0.value == #""here""# } == (row.row.sense != "holder"),
                "\(row.row)"
            )
        }
    }

    @Test func whatIsMissingIsToldAsTheRowSays() throws {
        for row in try Self.allRows() where row.row.endsWithName {
            let name = "\(row.row)"
            func isMissed(_ object: String) throws -> Bool {
                try row.states(in: object).contains {
                    $0.state == .absent && pattern(of: $0.path) == pattern(row.row.path)
                }
            }
            #expect(try isMissed(row.row.object(value: "", missing: 1)) == (row.row.absence != "present"), "\(name)")
            #expect(try isMissed(row.row.object(value: "null")) == (row.row.absence != "present"), "\(name)")
            if !row.row.path.contains("["), !row.row.path.contains("{") {
                #expect(try isMissed("{}") == (row.row.absence == "always"), "\(name)")
            }
        }
    }

    @Test func whatComesFromAConfigMapIsUnknown() throws {
        for row in try Self.allRows() where row.row.endsWithName {
            let object = row.row.object(value: "{}", suffix: "FromConfig")
            let found = try row.states(in: object)
            #expect(
                found.contains { $0.state == .unknown && pattern(of: $0.path) == pattern(row.row.path) },
                "\(row.row)"
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
        for name in [
            "kinds.tsv", "facets.tsv", "deltas.tsv", "regions.tsv", "sizes.tsv", "defaults.tsv", "replicas.tsv",
            "roles.tsv", "names.tsv", "skus.tsv",
        ] {
            let rows = try AzureDataFiles.rows(name)
            #expect(Set(rows).count == rows.count, "\(name)")
        }
        let kinds = try AzureDataFiles.rows("kinds.tsv").map { Array($0[0...1]) }
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
            "python3", AzureDataFiles.folder.appending(path: "generate.py").path, Corpus.facts.path,
            Corpus.folder.appending(path: "crds/aso-crds.tar.gz").path, out.path,
        ]
        try python.run()
        python.waitUntilExit()
        #expect(python.terminationStatus == 0)
        for name in ["kinds.tsv", "facets.tsv", "deltas.tsv"] {
            let isSame =
                try Data(contentsOf: out.appending(path: name))
                == Data(contentsOf: AzureDataFiles.folder.appending(path: name))
            #expect(isSame, "\(name) differs: run make azure-data")
        }
    }
}
