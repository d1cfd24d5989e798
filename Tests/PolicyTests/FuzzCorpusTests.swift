import TestSupport
import Testing

/// What the fuzzer found once, and files of policies that it begins with.
@Suite struct FuzzCorpusTests {
    @Test func policiesHold() throws {
        let files = try Fuzzed.corpus("Policies")
        #expect(!files.isEmpty)
        for text in files { Fuzzed.policies(text) }
    }
}
