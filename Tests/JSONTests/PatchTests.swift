import JSON
import TestSupport
import Testing

@Suite struct PatchTests {
    // MARK: The suite of json-patch-tests

    /// The elements of the array that a file holds, one text each: one of them has a key twice, on purpose.
    private static func cases(in path: String) throws -> [[UInt8]] {
        var cases: [[UInt8]] = []
        var depth = 0
        var start = 0
        var isInString = false
        var isEscaped = false
        let text = try Corpus.contents(of: path)
        for (index, byte) in text.enumerated() {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                if depth == 2 { start = index }
            case UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 1 { cases.append(Array(text[start...index])) }
            default: break
            }
        }
        return cases
    }

    @Test(
        .enabled(if: Corpus.isAvailable, "\(Corpus.absence)"),
        arguments: [("json-patch/tests.json", 94), ("json-patch/spec_tests.json", 16)]
    )
    func passesTheSuite(_ path: String, _ expected: Int) throws {
        var cases = 0
        var duplicates = 0
        for text in try Self.cases(in: path) {
            let document: JSONDocument
            do {
                document = try JSONDocument(parsing: text)
            } catch {
                guard case .duplicateKey = error.code else { throw error }
                duplicates += 1
                continue
            }
            cases += 1
            let source = JSONFragment(document, try #require(document.member("doc", of: document.root)))
            let patch = JSONFragment(document, try #require(document.member("patch", of: document.root)))
            // Cases that are disabled there pass as well.
            if document.member("error", of: document.root) != nil {
                #expect(throws: JSONPatchError.self, "\(String(text.span))") {
                    let patch = try JSONPatch(parsing: patch)
                    return try patch.apply(to: source)
                }
            } else {
                let expected =
                    document.member("expected", of: document.root).map { JSONFragment(document, $0) } ?? source
                let patch = try JSONPatch(parsing: patch)
                let patched = try patch.apply(to: source)
                #expect(JSONFragment(patched) == expected, "\(String(text.span))")
            }
        }
        #expect(cases == expected)
        #expect(duplicates == 1, "the case with two 'op' members")
    }

    // MARK: Our own cases

    static let refused: [(String, JSONPatchError.Code, Int?)] = [
        ("{}", .notAnArray, nil), ("[1]", .notAnObject, 0), ("[{}]", .missing("op"), 0),
        (#"[{"op":1,"path":""}]"#, .notAString("op"), 0), (#"[{"op":"ADD","path":""}]"#, .unknownOperation, 0),
        (#"[{"op":"remove"}]"#, .missing("path"), 0), (#"[{"op":"remove","path":[]}]"#, .notAString("path"), 0),
        (#"[{"op":"remove","path":"a"}]"#, .invalidPointer("path", .noLeadingSlash), 0),
        (#"[{"op":"remove","path":"/~"}]"#, .invalidPointer("path", .invalidEscape), 0),
        (#"[{"op":"remove","path":"/a"},{"op":"add","path":"/a"}]"#, .missing("value"), 1),
        (#"[{"op":"move","path":"/a"}]"#, .missing("from"), 0),
        (#"[{"op":"copy","path":"/a","from":"b"}]"#, .invalidPointer("from", .noLeadingSlash), 0),
    ]

    @Test(arguments: refused) func refusesMalformedPatches(
        _ text: String,
        _ code: JSONPatchError.Code,
        _ operation: Int?
    ) {
        let error = #expect(throws: JSONPatchError.self) { try patch(text) }
        #expect(error?.code == code)
        #expect(error?.operation == operation)
    }

    static let failing: [(String, String, JSONPatchError.Code)] = [
        (#"[{"op":"remove","path":""}]"#, "{}", .removeRoot),
        (#"[{"op":"remove","path":"/a/b"}]"#, #"{"a":1}"#, .notAContainer),
        (#"[{"op":"add","path":"/a/b/c","value":1}]"#, #"{"a":{}}"#, .notFound),
        (#"[{"op":"add","path":"/2","value":1}]"#, "[0]", .indexOutOfRange),
        (#"[{"op":"replace","path":"/-","value":1}]"#, "[0]", .invalidIndex),
        (#"[{"op":"replace","path":"/a","value":1}]"#, "{}", .notFound),
        (#"[{"op":"move","from":"/a","path":"/a/b"}]"#, #"{"a":{}}"#, .moveIntoItself),
        (#"[{"op":"test","path":"/a","value":1}]"#, #"{"a":"1"}"#, .testFailed),
        (#"[{"op":"test","path":"","value":1}]"#, "2", .testFailed),
    ]

    @Test(arguments: failing) func saysWhyItCannotBeApplied(
        _ patch: String,
        _ document: String,
        _ code: JSONPatchError.Code
    ) throws {
        let patch = try self.patch(patch)
        let source = try fragment(document)
        let error = #expect(throws: JSONPatchError.self) { try patch.apply(to: source) }
        #expect(error?.code == code)
        #expect(error?.operation == 0)
    }

    @Test func leavesTheTextAloneThatItDoesNotTouch() throws {
        let source = try fragment(#"{"a": {"x" : 1.50}, "b": [1, {"c": "\u0061"}], "d": 0}"#)
        let patch = try self.patch(#"[{"op":"add","path":"/b/1/e","value":[ ]},{"op":"remove","path":"/d"}]"#)
        let patched = try patch.apply(to: source)
        #expect(String(patched.text) == #"{"a":{"x" : 1.50},"b":[1,{"c":"\u0061","e":[ ]}]}"#)
    }

    @Test func writesWhatItReads() throws {
        let text =
            #"[{"op":"add","path":"/a~1b","value":{"x":1}},{"op":"remove","path":"/-"},{"op":"replace","path":"","value":null},"#
            + #"{"op":"move","from":"/a","path":"/b"},{"op":"copy","from":"/a","path":"/b"},{"op":"test","path":"/é","value":"é"}]"#
        let patch = try self.patch(text)
        #expect(String(patch.encode().span) == text)
        let read = try JSONDocument(parsing: patch.encode())
        #expect(try JSONPatch(parsing: read) == patch)
    }

    /// Copies that double a document, of which sixty would make 2⁶⁰ values.
    @Test func bombsOfCopiesAreRefused() throws {
        let copies = (0..<60).map { #"{"op":"copy","from":"","path":"/\#($0)"}"# }.joined(separator: ",")
        let patch = try self.patch("[\(copies)]")
        let list = try fragment("[]")
        let error = #expect(throws: JSONPatchError.self) {
            try patch.apply(to: list, limits: JSONLimits(maximumBytes: 1 << 20))
        }
        #expect(error?.code == .resultTooLarge)
    }

    @Test(arguments: [(512, true), (513, false)]) func resultsAreNotDeeperThanDocuments(
        _ depth: Int,
        _ isAccepted: Bool
    ) throws {
        let copies = [String](repeating: #"{"op":"copy","from":"","path":"/a"}"#, count: depth - 1).joined(
            separator: ","
        )
        let patch = try self.patch("[\(copies)]")
        let object = try fragment("{}")
        let patched = try? patch.apply(to: object)
        #expect((patched != nil) == isAccepted)
    }

    /// Thousands of operations that nest what they have changed before.
    @Test func nestingOverAndOverIsRefused() throws {
        let round =
            #"{"op":"add","path":"/n","value":{}},{"op":"move","from":"/a","path":"/n/a"},{"op":"move","from":"/n","path":"/a"}"#
        let patch = try self.patch("[" + [String](repeating: round, count: 3000).joined(separator: ",") + "]")
        let object = try fragment(#"{"a":{}}"#)
        let error = #expect(throws: JSONPatchError.self) { try patch.apply(to: object) }
        #expect(error?.code == .resultTooLarge)
    }

    @Test func documentsOfTheGreatestDepthAreComparedAndChanged() throws {
        let (open, close) = (String(repeating: #"[{"a":"#, count: 255), String(repeating: "}]", count: 255))
        let (a, b) = (try fragment(open + "1" + close), try fragment(open + "2" + close))
        let patch = JSONPatch.difference(from: a, to: b)
        #expect(patch.operations.count == 1)
        #expect(patch.operations.first?.path.tokens.count == 510)
        let patched = try patch.apply(to: a)
        #expect(JSONFragment(patched) == b)
    }

    private func patch(_ text: String) throws -> JSONPatch {
        let source = try fragment(text)
        return try JSONPatch(parsing: source)
    }

    // MARK: Properties

    @Test(arguments: UInt64(0)..<300) func theDifferenceLeadsFromOneToTheOther(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let old = RandomJSON.text(using: &random, depth: 4)
        let new =
            Bool.random(using: &random)
            ? RandomJSON.text(using: &random, depth: 4) : RandomJSON.changed(old, using: &random)
        let (a, b) = (try fragment(old), try fragment(new))
        let patch = JSONPatch.difference(from: a, to: b)
        let patched = try patch.apply(to: a)
        #expect(JSONFragment(patched) == b)
        #expect(patch.isEmpty == (a == b))
        let read = try JSONDocument(parsing: patch.encode())
        #expect(try JSONPatch(parsing: read) == patch)
    }

    @Test func theDifferenceIsSmall() throws {
        let old = try fragment(
            #"{"metadata":{"labels":{"a":"1","b":"2"}},"spec":{"list":[{"n":1},{"n":2},{"n":3}],"x":true}}"#
        )
        let new = try fragment(
            #"{"metadata":{"labels":{"a":"1","c":"3"}},"spec":{"list":[{"n":0},{"n":1},{"n":2},{"n":3}],"x":false}}"#
        )
        #expect(
            String(JSONPatch.difference(from: old, to: new).encode().span)
                == #"[{"op":"remove","path":"/metadata/labels/b"},{"op":"add","path":"/metadata/labels/c","value":"3"},"#
                + #"{"op":"add","path":"/spec/list/0","value":{"n":0}},{"op":"replace","path":"/spec/x","value":false}]"#
        )
    }
}

/// Makes up JSON that has much of what goes wrong in patches: equal values, awkward keys, numbers in several spellings.
enum RandomJSON {
    static func text(using random: inout SplitMix64, depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &random) {
        case 0: return "null"
        case 1: return Bool.random(using: &random) ? "true" : "false"
        case 2:
            return ["0", "1", "1.0", "-7", "1e2", "100", "0.25", "9223372036854775807"].randomElement(using: &random)
                ?? "0"
        case 3, 4, 5: return "\"" + (key(using: &random)) + "\""
        case 6:
            let count = Int.random(in: 0..<5, using: &random)
            return "[" + (0..<count).map { _ in text(using: &random, depth: depth - 1) }.joined(separator: ",") + "]"
        default:
            var keys: Set<String> = []
            for _ in 0..<Int.random(in: 0..<6, using: &random) { keys.insert(key(using: &random)) }
            let members = keys.sorted().shuffled(using: &random).map {
                "\"\($0)\":" + text(using: &random, depth: depth - 1)
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    /// The same text with one of its scalars replaced.
    static func changed(_ text: String, using random: inout SplitMix64) -> String {
        let places = text.indices.filter { text[$0] == "1" }
        guard let place = places.randomElement(using: &random) else { return text }
        return text.replacingCharacters(in: place...place, with: "2")
    }

    private static func key(using random: inout SplitMix64) -> String {
        ["a", "b", "c", "0", "1", "-", "", "a/b", "m~n", "~1", "é", "a b", "abcdefgh", "abcdefghi", "01"].randomElement(
            using: &random
        ) ?? ""
    }
}

extension String {
    fileprivate func replacingCharacters(in range: ClosedRange<Index>, with text: String) -> String {
        self[..<range.lowerBound] + text + self[index(after: range.upperBound)...]
    }
}
