import CEL
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// Patterns of rules mean what RE2 says, whichever way they are matched.
@Suite struct PatternTests {
    /// The places of the texts that do not match, by a rule with the pattern.
    private func refused(_ pattern: String, _ texts: [String]) throws -> Set<Int> {
        let quoted = pattern.replacing("'", with: "''")
        let tags = texts.indices.map { "t\($0): {pattern: '\(quoted)'}" }.joined(separator: ", ")
        var writer = JSONWriter()
        writer.beginObject()
        for (place, text) in texts.enumerated() {
            writer.key("t\(place)")
            writer.string(text)
        }
        writer.endObject()
        let object = storageAccount("{tags: \(String(decoding: writer.finish(), as: UTF8.self))}")
        let decision = try policies(policy(rule: "tags: {required: {\(tags)}}")).decide(.create(object))
        return Set(decision.failures.compactMap { Int($0.path.drop { !$0.isNumber }) })
    }

    private func check(_ pattern: String, _ texts: [String]) throws {
        let expression = try RegularExpression(pattern)
        let expected = Set(texts.indices.filter { !expression.matches(texts[$0]) })
        #expect(try refused(pattern, texts) == expected, "\(pattern)")
    }

    @Test(arguments: [
        "^CC-[0-9]{4}$", "^team-[a-z]$", "^team[a-z0-9]{3,20}$", "@corp[.]example$", "^st-", "a", "^a+b", "a*$", "^$",
        "^[a-c-]+$", "^[-a]{2}$", "^a?b?$", "^a{2,}$", "^(a|b)$", "^a.c$", #"^a\.c$"#, #"^\d+$"#, "^[^a]$", "(?i)^AB$",
        "^a$b", "^a|b$", "^[[:alpha:]]+$", "^é$", "^a{0}$", "^a{,2}$", "^a+?$", "^x]$", "^a-b_c$", "b{2}$",
        #"^[\]a]+$"#, "^[a\\-z]$", "^ $", "^a*", "^a{3}", "[ab]{2}$",
    ])
    func meansWhatRE2Says(_ pattern: String) throws {
        try check(
            pattern,
            [
                "CC-1234", "CC-123", "CC-12345", "xCC-1234", "team-a", "team-ab", "teamabc", "x@corp.example",
                "@corpXexample", "st-", "st-x", "a", "b", "ab", "aab", "aa", "aaa", "aaaa", "bb", "abb", "-", "a-",
                "a.c",
                "abc", "a\u{e9}c", "1", "12", "AB", "é", "a\n", "\na", "a{,2}", "x]", "]a", "z", "a-b_c", " ", "\u{0}a",
            ]
        )
    }

    @Test(arguments: 0..<4 as Range<UInt64>) func meansWhatRE2SaysOfAnything(_ seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let atoms = ["a", "b", "-", "[ab]", "[a-c]", "[0-9b]", #"\."#, ".", "[^a]", "(ab)", "x|y", "é", "[b-]", #"\-"#]
        let repetitions = ["", "", "", "*", "+", "?", "{2}", "{1,2}", "{2,}", "{0,3}", "+?"]
        for _ in 0..<25 {
            var pattern = Bool.random(using: &random) ? "^" : ""
            for _ in 0..<Int.random(in: 0..<4, using: &random) {
                pattern +=
                    (atoms.randomElement(using: &random) ?? "") + (repetitions.randomElement(using: &random) ?? "")
            }
            if Bool.random(using: &random) { pattern += "$" }
            guard !pattern.isEmpty else { continue }
            let texts = (0..<24).map { _ in
                String(
                    (0..<Int.random(in: 1..<6, using: &random)).map { _ in
                        "aab-c.0é\n".randomElement(using: &random) ?? "a"
                    }
                )
            }
            try check(pattern, texts)
        }
    }
}
