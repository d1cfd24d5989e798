import TestSupport
import Testing

/// What the fuzzer found once, and expressions that it begins with.
@Suite struct FuzzCorpusTests {
    @Test func expressionsHold() throws {
        let files = try Fuzzed.corpus("CEL")
        #expect(!files.isEmpty)
        for text in files { Fuzzed.cel(text) }
    }
}
