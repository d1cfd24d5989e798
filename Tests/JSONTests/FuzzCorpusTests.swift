import TestSupport
import Testing

/// What the fuzzers found once, and texts that they begin with.
@Suite struct FuzzCorpusTests {
    @Test func jsonHolds() throws {
        let files = try Fuzzed.corpus("JSON")
        #expect(!files.isEmpty)
        for text in files { Fuzzed.json(text) }
    }

    @Test func yamlHolds() throws {
        let files = try Fuzzed.corpus("YAML")
        #expect(!files.isEmpty)
        for text in files { Fuzzed.yaml(text) }
    }
}
