import JSON
import Kubernetes
import Testing

@Suite struct LabelSelectorTests {
    private func compile(_ text: String) throws -> LabelSelector {
        let document = try JSONDocument(parsing: Array(text.utf8))
        return try LabelSelector(compiling: document.root, in: document, path: "selector")
    }

    static let labels = #"{"tier":"standard","app.kubernetes.io/name":"shop","empty":""}"#

    static let matching: [(name: String, selector: String, matches: Bool)] = [
        ("an empty selector", "{}", true),
        ("an empty list of expressions", #"{"matchLabels":{},"matchExpressions":[]}"#, true),
        ("a label that is there", #"{"matchLabels":{"tier":"standard"}}"#, true),
        ("another value", #"{"matchLabels":{"tier":"premium"}}"#, false),
        ("a label that is not there", #"{"matchLabels":{"team":"a"}}"#, false),
        ("a key with a prefix", #"{"matchLabels":{"app.kubernetes.io/name":"shop"}}"#, true),
        ("an empty value", #"{"matchLabels":{"empty":""}}"#, true),
        ("an empty value for an absent label", #"{"matchLabels":{"team":""}}"#, false),
        ("both of two labels", #"{"matchLabels":{"tier":"standard","empty":""}}"#, true),
        ("one of two labels", #"{"matchLabels":{"tier":"standard","empty":"x"}}"#, false),
        ("In", #"{"matchExpressions":[{"key":"tier","operator":"In","values":["premium","standard"]}]}"#, true),
        ("In without it", #"{"matchExpressions":[{"key":"tier","operator":"In","values":["premium"]}]}"#, false),
        ("In of an absent label", #"{"matchExpressions":[{"key":"team","operator":"In","values":["a"]}]}"#, false),
        ("NotIn", #"{"matchExpressions":[{"key":"tier","operator":"NotIn","values":["premium"]}]}"#, true),
        ("NotIn with it", #"{"matchExpressions":[{"key":"tier","operator":"NotIn","values":["standard"]}]}"#, false),
        ("NotIn of an absent label", #"{"matchExpressions":[{"key":"team","operator":"NotIn","values":["a"]}]}"#, true),
        ("Exists", #"{"matchExpressions":[{"key":"empty","operator":"Exists"}]}"#, true),
        ("Exists of an absent label", #"{"matchExpressions":[{"key":"team","operator":"Exists","values":[]}]}"#, false),
        ("DoesNotExist", #"{"matchExpressions":[{"key":"team","operator":"DoesNotExist"}]}"#, true),
        ("DoesNotExist of a label", #"{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}"#, false),
        (
            "labels and expressions",
            #"{"matchLabels":{"tier":"standard"},"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}"#, false
        ),
    ]

    @Test(arguments: matching) func matches(_ test: (name: String, selector: String, matches: Bool)) throws {
        let labels = try JSONDocument(parsing: Array(Self.labels.utf8))
        #expect(try compile(test.selector).matches(labels, labels: labels.root) == test.matches)
    }

    @Test func withoutLabelsOnlyAbsenceMatches() throws {
        let document = try JSONDocument(parsing: Array("[]".utf8))
        for labels in [nil, document.root] {
            #expect(try compile("{}").matches(document, labels: labels))
            #expect(try !compile(#"{"matchLabels":{"tier":"standard"}}"#).matches(document, labels: labels))
            #expect(
                try compile(#"{"matchExpressions":[{"key":"a","operator":"DoesNotExist"}]}"#)
                    .matches(document, labels: labels)
            )
        }
    }

    @Test func aLabelThatIsNoStringEqualsNothing() throws {
        let labels = try JSONDocument(parsing: Array(#"{"tier":7}"#.utf8))
        #expect(try !compile(#"{"matchLabels":{"tier":"7"}}"#).matches(labels, labels: labels.root))
    }

    static let refused: [(name: String, selector: String, path: String)] = [
        ("a list", "[]", "selector"),
        ("a misspelt member", #"{"matchLabel":{}}"#, "selector.matchLabel"),
        ("labels in a list", #"{"matchLabels":[]}"#, "selector.matchLabels"),
        ("a value that is a flag", #"{"matchLabels":{"a":true}}"#, "selector.matchLabels[a]"),
        ("a value with a space", #"{"matchLabels":{"a":"b c"}}"#, "selector.matchLabels[a]"),
        ("a value that ends with a dash", #"{"matchLabels":{"a":"b-"}}"#, "selector.matchLabels[a]"),
        ("an empty key", #"{"matchLabels":{"":"b"}}"#, "selector.matchLabels[]"),
        ("a key with two slashes", #"{"matchLabels":{"a/b/c":"b"}}"#, "selector.matchLabels[a/b/c]"),
        ("a prefix in capitals", #"{"matchLabels":{"A.example/b":"b"}}"#, "selector.matchLabels[A.example/b]"),
        ("expressions in an object", #"{"matchExpressions":{}}"#, "selector.matchExpressions"),
        ("an expression that is a string", #"{"matchExpressions":["a"]}"#, "selector.matchExpressions[0]"),
        ("no key", #"{"matchExpressions":[{"operator":"Exists"}]}"#, "selector.matchExpressions[0].key"),
        ("no operator", #"{"matchExpressions":[{"key":"a"}]}"#, "selector.matchExpressions[0].operator"),
        (
            "another operator", #"{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]}"#,
            "selector.matchExpressions[0].operator"
        ),
        (
            "In of nothing", #"{"matchExpressions":[{"key":"a","operator":"In"}]}"#,
            "selector.matchExpressions[0].values"
        ),
        (
            "Exists with values", #"{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}"#,
            "selector.matchExpressions[0].values"
        ),
        (
            "a misspelt member of a requirement",
            #"{"matchExpressions":[{"key":"a","operator":"Exists"},{"key":"a","op":"Exists"}]}"#,
            "selector.matchExpressions[1].op"
        ),
    ]

    @Test(arguments: refused) func refuses(_ test: (name: String, selector: String, path: String)) {
        let error = #expect(throws: LabelSelectorError.self) { _ = try compile(test.selector) }
        #expect(error?.path == test.path)
    }
}

@Suite struct GroupVersionKindTests {
    static let apiVersions: [(text: String, group: String, version: String)] = [
        ("v1", "", "v1"), ("storage.azure.com/v20230101", "storage.azure.com", "v20230101"),
    ]

    @Test(arguments: apiVersions) func splitsAndJoins(_ test: (text: String, group: String, version: String)) throws {
        let kind = try #require(GroupVersionKind(apiVersion: test.text, kind: "Kind"))
        #expect(kind.group == test.group && kind.version == test.version)
        #expect(kind.apiVersion == test.text)
    }

    @Test(arguments: ["", "/", "a/", "/v1", "a/b/c"]) func refuses(_ text: String) {
        #expect(GroupVersionKind(apiVersion: text, kind: "Kind") == nil)
    }
}
