import Foundation
import TestSupport
import Testing

/// What the fuzzers found once, and texts that they begin with.
@Suite struct FuzzCorpusTests {
    private static func files(_ name: String) throws -> [[UInt8]] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fuzz/Corpus/\(name)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).map {
            [UInt8](try Data(contentsOf: $0))
        }
    }

    @Test func jsonHolds() throws {
        let files = try Self.files("JSON")
        #expect(!files.isEmpty)
        for text in files { Fuzzed.json(text) }
    }

    @Test func yamlHolds() throws {
        let files = try Self.files("YAML")
        #expect(!files.isEmpty)
        for text in files { Fuzzed.yaml(text) }
    }
}
