import Admission
import Foundation
import Policy
import TestSupport
import Testing

/// Which files of a folder are its policies.
@Suite struct PolicyFilesTests {
    private let files: TemporaryFolder
    private let holder = PolicyHolder()

    init() throws {
        files = try TemporaryFolder()
    }

    private func policy(_ name: String) -> String {
        """
        apiVersion: portcullis.dev/v1alpha1
        kind: AzurePolicy
        metadata: {name: \(name)}
        spec: {rules: [{name: region, locations: {allow: [westeurope]}}]}
        """
    }

    private func kustomization(_ resources: String, _ more: String = "") -> String {
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: \(resources)\n\(more)"
    }

    private func write(_ texts: [String: String]) throws {
        for (name, text) in texts { try files.write(text, to: name) }
    }

    private func load(_ folder: String = "") -> (status: PolicyFolder.Status, policies: [String]) {
        let folder = PolicyFolder(path: files.path(folder), holder: holder)
        let status = folder.reload()
        return (status, holder.current?.names.map(\.policy) ?? [])
    }

    @Test func foldersOfTestsAndTestsThemselvesArePassedOver() throws {
        try write([
            "a/policy.yaml": policy("a"), "a/tests/bad.yaml": "a: [", "a/tests/deep/account.yaml": "kind: Pod",
            "a/a.test.yaml":
                "apiVersion: portcullis.dev/v1alpha1\nkind: PolicyTest\nmetadata: {name: t}\nspec: {cases: 7}",
            "tests.yaml": policy("b"),
        ])
        let (status, policies) = load()
        #expect(status.issues.isEmpty)
        #expect(policies == ["a", "b"])
    }

    @Test func aKustomizationsResourcesArePolicies() throws {
        try write([
            "kustomization.yaml": kustomization("[one.yaml, ./deep/two.yaml, base/]"), "one.yaml": policy("one"),
            "deep/two.yaml": policy("two"), "deep/other.yaml": policy("other"),
            "base/kustomization.yml": kustomization("[three.yaml]"), "base/three.yaml": policy("three"),
        ])
        let (status, policies) = load()
        #expect(status.issues.isEmpty && status.folders.isEmpty)
        #expect(policies == ["one", "three", "two"])
    }

    @Test func aBundleLeadsToFoldersBesideIt() throws {
        try write([
            "bundles/all/kustomization.yaml": kustomization("[../some, ../../catalogue/b]"),
            "bundles/some/kustomization.yaml": kustomization("[../../catalogue/a]"),
            "catalogue/a/kustomization.yaml": kustomization("[policy.yaml]"), "catalogue/a/policy.yaml": policy("a"),
            "catalogue/b/kustomization.yaml": kustomization("[policy.yaml]"), "catalogue/b/policy.yaml": policy("b"),
            "catalogue/b/tests/account.yaml": "kind: Pod",
        ])
        let (status, policies) = load("bundles/all")
        #expect(status.issues.isEmpty)
        #expect(policies == ["a", "b"])
        #expect(status.folders == ["bundles/some", "catalogue/a", "catalogue/b"].map { files.path($0) })
        // A folder above reads all that is there, once.
        #expect(load("catalogue").policies == ["a", "b"])
        let faulty = "spec: {rules: []}"
        try files.write(policy("b").replacing("spec:", with: faulty + "\n#"), to: "catalogue/b/policy.yaml")
        #expect(load("bundles/all").status.issues.map(\.file) == [files.path("catalogue/b/policy.yaml")])
    }

    @Test func aFileBesideAKustomizationThatDoesNotListItIsWarnedOf() throws {
        try write(["kustomization.yaml": kustomization("[a.yaml]"), "a.yaml": policy("a"), "b.yaml": policy("b")])
        let (status, policies) = load()
        #expect(policies == ["a"])
        #expect(
            status.issues.map(\.description) == [
                "\(files.path("b.yaml")): warning: is not in force: the kustomization beside it does not list it; "
                    + "add it to the kustomization's resources"
            ]
        )
    }

    @Test func aKustomizationWithoutResourcesIsPassedOver() throws {
        try write([
            "kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
                + "configMapGenerator: [{name: policies, files: [a.yaml]}]\n",
            "a.yaml": policy("a"), "deep/kustomization.yaml": kustomization("[nowhere]"), "deep/b.yaml": policy("b"),
        ])
        let (status, policies) = load()
        #expect(status.issues.isEmpty)
        #expect(policies == ["a", "b"])
    }

    /// Kustomizations that cannot be followed, and what is said of them.
    static let faults: [(resources: String, more: String, fault: String)] = [
        ("[a.yaml]", "patches: []", "4:1: error: patches: cannot be done without kustomize; run kustomize build"),
        ("[a.yaml]", "namePrefix: x", "4:1: error: namePrefix: cannot be done without kustomize"),
        ("[gone.yaml]", "", #"3:13: error: resources[0]: "gone.yaml" does not exist"#),
        ("[plain]", "", #"3:13: error: resources[0]: "plain" has no kustomization"#),
        ("[../outside.yaml]", "", #"3:13: error: resources[0]: "../outside.yaml" is a file outside of the folder"#),
        (
            "['https://example.com/x?ref=v1']", "",
            #"3:13: error: resources[0]: "https://example.com/x?ref=v1" is no path"#
        ),
        ("[/etc]", "", #"3:13: error: resources[0]: "/etc" is no path from here"#),
        ("[circle]", "", "error: resources[0]: \"..\" leads back to where it came from"),
        ("[.]", "", "error: resources[0]: \".\" leads back to where it came from"),
        ("7", "", "3:12: error: resources: must be a list, not a number"),
        ("[a.yaml", "", "error"),
    ]

    @Test(arguments: faults) func refuses(_ item: (resources: String, more: String, fault: String)) throws {
        try write([
            "outside.yaml": policy("o"), "f/kustomization.yaml": kustomization(item.resources, item.more),
            "f/a.yaml": policy("a"), "f/plain/b.yaml": policy("b"),
            "f/circle/kustomization.yaml": kustomization("[..]"),
        ])
        let (status, policies) = load("f")
        #expect(policies.isEmpty && !status.isCurrent)
        let errors = status.issues.filter { $0.severity == .error }
        #expect(errors.count == 1 && errors[0].description.contains(item.fault), "\(errors)")
    }
}
