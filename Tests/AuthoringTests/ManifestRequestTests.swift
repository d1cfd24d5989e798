import Authoring
import Azure
import Foundation
import JSON
import Kubernetes
import Policy
import TestSupport
import Testing

/// A manifest leads to the decision that the API server's review of it leads to.
@Suite struct ManifestRequestTests {
    /// Reviews of what no manifest says: other sub-resources and options.
    private static let others = ["pod-exec-connect", "storageaccount-status-by-operator"]
    static let names = Result { try Fixtures.reviewNames().filter { !others.contains($0) } }

    private static let shipped = Result {
        var compiler = PolicyCompiler()
        for name in try FileManager.default.contentsOfDirectory(atPath: Fixtures.policies).sorted() {
            guard name.hasSuffix(".yaml") else { continue }
            let content = try Data(contentsOf: URL(filePath: Fixtures.policies + "/" + name))
            for document in try JSONDocument.parseYAML([UInt8](content)) { compiler.add(document, file: name) }
        }
        return try #require(compiler.finish().set)
    }

    /// The request that a review's object makes as a manifest.
    private func rebuilt(_ review: AdmissionRequest) throws -> AdmissionRequest {
        let document = review.document
        let (object, old) = (
            review.object.map { JSONFragment(document, $0) }, review.oldObject.map { JSONFragment(document, $0) }
        )
        let change: ManifestRequest.Change? =
            switch (object, old) {
            case (let object?, let old?): .update(object, from: old)
            case (let object?, nil): .create(object)
            case (nil, let old?): .delete(old)
            case (nil, nil): nil
            }
        let user = ManifestRequest.User(
            name: review.userInfo.username.flatMap { document.string($0) } ?? "",
            groups: review.userInfo.groups.map { document.elements(of: $0).compactMap { document.string($0) } }
        )
        return try ManifestRequest(
            #require(change),
            namespace: review.namespace.flatMap { document.string($0) },
            by: user,
            isDryRun: review.isDryRun
        ).admissionRequest(tables: .embedded)
    }

    private func expectSame(_ body: [UInt8], _ name: String) throws {
        let review = try AdmissionReview.decode(JSONDocument(parsing: body))
        let request = try rebuilt(review)
        #expect(request.groupVersionKind == review.groupVersionKind, "\(name)")
        for (mine, theirs) in [
            (request.resource.name, review.resource.name), (request.kind.version, review.kind.version),
        ] {
            #expect(request.document.string(mine) == review.document.string(theirs), "\(name)")
        }
        #expect(
            request.name.flatMap { request.document.string($0) } == review.name.flatMap { review.document.string($0) }
        )
        let set = try Self.shipped.get()
        let (mine, theirs) = (
            set.decide(request, mode: .mutateAndValidate), set.decide(review, mode: .mutateAndValidate)
        )
        #expect(mine.allowed == theirs.allowed, "\(name)")
        #expect(mine.failures.map(\.description) == theirs.failures.map(\.description), "\(name)")
        #expect(mine.warnings == theirs.warnings, "\(name)")
        #expect(mine.mutations == theirs.mutations, "\(name)")
        #expect(mine.patch?.encode() == theirs.patch?.encode(), "\(name)")
    }

    @Test func decidesAsTheReviewDoes() throws {
        for name in try Self.names.get() { try expectSame(Fixtures.review(name), name) }
    }

    @Test(.enabled(if: Corpus.isAvailable, "\(Corpus.absence)")) func decidesAsTheRecordedReviewsDo() throws {
        var count = 0
        for (place, body) in try Corpus.reviews().enumerated() {
            let review = try AdmissionReview.decode(JSONDocument(parsing: body))
            guard review.subResource == nil, review.operation != .connect else { continue }
            try expectSame(body, "review \(place + 1)")
            count += 1
        }
        #expect(count > 1000)
    }

    @Test func aServiceAccountIsInItsGroups() {
        let robot = ManifestRequest.User(name: "system:serviceaccount:ci:robot")
        #expect(robot.groups == ["system:serviceaccounts", "system:serviceaccounts:ci", "system:authenticated"])
        #expect(ManifestRequest.User(name: "alice").groups == ["system:authenticated"])
        #expect(ManifestRequest.User(name: "alice", groups: []).groups == [])
    }

    /// Manifests without a namespace, the namespace that is given, and where they go.
    static let namespaces: [(manifest: String, given: String?, namespace: String?)] = [
        ("{apiVersion: storage.azure.com/v1, kind: StorageAccount, metadata: {name: a}}", nil, "default"),
        ("{apiVersion: storage.azure.com/v1, kind: StorageAccount, metadata: {name: a}}", "team-a", "team-a"),
        ("{apiVersion: storage.azure.com/v1, kind: StorageAccount, metadata: {name: a, namespace: b}}", "b", "b"),
        ("{apiVersion: v1, kind: Namespace, metadata: {name: a}}", "team-a", nil),
        ("{apiVersion: v1, kind: Secret, metadata: {generateName: a-}}", "team-a", "team-a"),
    ]

    @Test(arguments: namespaces)
    func goesToItsNamespace(_ item: (manifest: String, given: String?, namespace: String?)) throws {
        let document = try #require(try JSONDocument.parseYAML(Array(item.manifest.utf8)).first)
        let request = try ManifestRequest(.create(JSONFragment(document)), namespace: item.given)
            .admissionRequest(tables: .embedded)
        #expect(request.namespace.flatMap { request.document.string($0) } == item.namespace)
        let own = try #require(request.object).namespace(in: request.document)
        #expect(own == item.namespace)
    }

    /// Kinds that the tables do not know, and their resources as kubectl guesses them.
    @Test(arguments: [("Policy", "policies"), ("Mesh", "meshs"), ("Class", "classes"), ("ConfigMap", "configmaps")])
    func guessesPlurals(_ kind: String, _ plural: String) throws {
        let text = "{apiVersion: example.com/v1, kind: \(kind), metadata: {name: a}}"
        let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
        let request = try ManifestRequest(.create(JSONFragment(document))).admissionRequest(tables: .embedded)
        #expect(request.document.string(request.resource.name) == plural)
    }

    /// What no API server takes.
    @Test(arguments: [
        "[]", "7", "{}", "{kind: A}", "{apiVersion: a/b/c, kind: A}", "{apiVersion: v1, kind: A}",
        "{apiVersion: v1, kind: A, metadata: 7}", "{apiVersion: v1, kind: A, metadata: {name: 7}}",
        "{apiVersion: v1, kind: A, metadata: {name: a, labels: {b: 7}}}",
        "{apiVersion: v1, kind: A, metadata: {name: a, annotations: [b]}}",
    ]) func refuses(_ text: String) throws {
        let document = try #require(try JSONDocument.parseYAML(Array(text.utf8)).first)
        #expect(throws: ManifestError.self) {
            _ = try ManifestRequest(.create(JSONFragment(document))).admissionRequest(tables: .embedded)
        }
    }
}

extension JSONValue {
    fileprivate func namespace(in document: JSONDocument) -> String? {
        document.member("metadata", of: self).flatMap { document.member("namespace", of: $0) }
            .flatMap { document.string($0) }
    }
}
