import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// Documents that nobody would write: no crash, no silence, and a set only of what was understood.
@Suite struct HostilePolicyTests {
    static let documents = [
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: p, labels: {a: b}}
        spec:
          match:
            namespaces: ["team-*"]
            excludedNamespaces: [team-z]
            namespaceSelector: {matchLabels: {tier: x}, matchExpressions: [{key: a, operator: In, values: [b]}]}
            resources: ["*.azure.com/*"]
            excludedResources: ["sql.azure.com/*"]
            operations: [CREATE, DELETE]
            users: ["*"]
            groups: [admins]
            excludedUsers: [x]
            excludedGroups: [z]
            objectSelector: {matchLabels: {app: web}}
          action: Warn
          failurePolicy: Ignore
          rules:
            - {name: a, locations: {allow: [westeurope], deny: [eastus], global: Deny}, ifAbsent: Allow, ifUnknown: Deny}
            - {name: b, skus: {allow: [{name: a, tier: b, family: c, size: d}, e], deny: [x], maximum: {vCores: 4, storageGB: 2.5}}}
            - {name: c, tags: {required: {a: {pattern: "^x"}, b: {values: [x]}, c: {}}, forbidden: [z]}, message: hello}
            - {name: d, naming: {pattern: "^a"}, action: Audit}
            - {name: e, exposure: {publicNetworkAccess: Disabled, defaultAction: Deny, minimumTLSVersion: "1.2", encryption: Required}}
            - {name: f, kinds: {allow: ["a/b"], deny: ["c/*"]}}
          mutations:
            - {name: a, tags: {set: {x: z}}}
            - {name: b, tags: {default: {x: z}}}
            - {name: c, location: {default: westeurope}}
            - {name: d, credential: {default: c}}
        """,
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: p}
        spec:
          match: {conditions: [{name: a, expression: "request.name != 'x'"}]}
          params: {apiVersion: v1, kind: ConfigMap, name: limits, namespace: x, parameterNotFoundAction: Allow}
          variables: [{name: a, expression: "object.spec"}, {name: b, expression: "variables.a"}]
          rules:
            - name: a
              cel:
                expression: "variables.b == params"
                message: hello
                messageExpression: "'a' + request.name"
                reason: Forbidden
                fieldPath: spec.x
          mutations:
            - {name: a, tags: {set: {x: "a-${request.name}-${1}", z: "$${a}"}}}
            - {name: b, cel: {expression: "[JSONPatch{op: 'test', path: '/x', value: 1}]", patchType: JSONPatch}}
            - {name: c, cel: {expression: "Object{spec: Object.spec{x: 1}}"}}
        """,
        BindingTests.binding,
        MatchTests.namespace,
    ]

    /// Values of every kind, and some that are large, deep or odd.
    static let values: [String] = [
        "null", "true", "-1", "1e308", "0.5", "\"\"", "\"x\"", "\"*\"", "\"\\u0000\\n\"", "\"${x}\"", "[]", "[null]",
        "[[]]", "[\"\"]", "{}",
        "{\"x\":null}", "{\"\":{}}", "[1,2,3]", "\"/\"", "\"[\"", "\"\(String(repeating: "a*", count: 400))\"",
        String(repeating: "[", count: 400) + String(repeating: "]", count: 400),
        "[" + Array(repeating: "\"a*b*c*\"", count: 250).joined(separator: ",") + "]",
        "{" + (0..<100).map { "\"k\($0)\":{}" }.joined(separator: ",") + "}",
    ]

    /// Puts every value in every place of every document.
    @Test(arguments: documents.indices) func anyValueAnywhere(_ index: Int) throws {
        let document = try #require(try JSONDocument.parseYAML(Array(Self.documents[index].utf8)).first)
        var places: [JSONPointer] = []
        collect(document.root, in: document, JSONPointer(), &places)
        let request = try Ask.create(storageAccount("{location: westeurope}")).request()
        for place in places {
            for value in Self.values {
                let fragment = JSONFragment(try JSONDocument(parsing: Array(value.utf8)))
                let patch = JSONPatch([place.tokens.isEmpty ? .add(place, fragment) : .replace(place, fragment)])
                try compile(patch.apply(to: document), request)
            }
            if place.tokens.isEmpty { continue }
            try compile(JSONPatch([.remove(place)]).apply(to: document), request)
        }
    }

    /// Renames every field: none is ignored.
    @Test(arguments: documents.indices.dropLast()) func noUnknownFieldIsIgnored(_ index: Int) throws {
        let document = try #require(try JSONDocument.parseYAML(Array(Self.documents[index].utf8)).first)
        var places: [JSONPointer] = []
        collect(document.root, in: document, JSONPointer(), &places)
        for place in places
        where document.value(at: place)?.isObject == true && !place.tokens.starts(with: ["metadata"]) {
            // In these the keys are the author's.
            if ["required", "set", "default", "matchLabels"].contains(place.tokens.last) { continue }
            let patch = JSONPatch([.add(place.appending("unheardOf"), JSONFragment(string: "x"))])
            var compiler = PolicyCompiler()
            compiler.add(try patch.apply(to: document), file: "f")
            let result = compiler.finish()
            #expect(result.set == nil, "\(place)")
            #expect(result.errors.contains { $0.description.contains("unheardOf") }, "\(place)")
        }
    }

    /// Bytes that are hardly YAML.
    @Test(arguments: 0..<200) func anyBytes(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        var bytes = Array(Self.documents[seed % Self.documents.count].utf8)
        for _ in 0..<Int.random(in: 1...8, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0x20...0x7e, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
            }
        }
        guard let documents = try? JSONDocument.parseYAML(bytes) else { return }
        let request = try Ask.create(storageAccount("{location: westeurope}")).request()
        for document in documents { try compile(document, request) }
    }

    private func compile(_ document: JSONDocument, _ request: AdmissionRequest) throws {
        var compiler = PolicyCompiler()
        compiler.add(document, file: "f.yaml")
        let result = compiler.finish()
        #expect((result.set == nil) == !result.errors.isEmpty)
        for issue in result.issues {
            #expect(issue.line > 0 && !issue.message.isEmpty && !issue.mend.isEmpty)
            #expect(issue.description.utf8.count < 8192)
        }
        _ = result.set?.decide(request, mode: .mutateAndValidate)
    }

    private func collect(
        _ value: JSONValue,
        in document: JSONDocument,
        _ place: JSONPointer,
        _ places: inout [JSONPointer]
    ) {
        places.append(place)
        for (key, member) in document.members(of: value) {
            collect(member, in: document, place.appending(document.string(key) ?? ""), &places)
        }
        for (index, element) in document.elements(of: value).enumerated() {
            collect(element, in: document, place.appending(String(index)), &places)
        }
    }
}
