import TestSupport
import Testing

/// What the policies of the repository say of every fixture: what the demo shows.
@Suite struct ShippedPoliciesTests {
    /// A fixture, whether a mutation changes it, and the fields for which it is denied; none if it is allowed.
    static let decisions: [(name: String, isMutated: Bool, denied: [String])] = [
        ("cosmosdb-create-in-two-regions", true, ["spec.locations[1].locationName"]),
        (
            "managedcluster-create-second-pool-too-large", true,
            [
                "spec.agentPoolProfiles[1].vmSize", "spec.agentPoolProfiles[1].vmSize",
                "spec.agentPoolProfiles[1].count",
            ]
        ),
        ("pod-exec-connect", false, []),
        ("postgresql-create-by-argocd", true, []),
        ("postgresql-create-too-large", true, ["spec.sku.name", "spec.storage.storageSizeGB"]),
        (
            "postgresql-create-with-foreign-identity", true,
            ["spec.identity.userAssignedIdentities[0].reference.armId"]
        ),
        (
            "redis-create-with-foreign-credential", true,
            [#"metadata.annotations["serviceoperator.azure.com/credential-from"]"#]
        ),
        ("secret-create", false, []),
        ("sqldatabase-create-without-tags", true, []),
        ("sqlserver-create-without-location", true, []),
        ("storageaccount-annotated-by-operator", false, []),
        ("storageaccount-create", false, []),
        ("storageaccount-create-by-storage-version", true, ["spec.location"]),
        (
            "storageaccount-create-five-failures", true,
            [
                "spec.location", "spec.tags.cost-center", "spec.minimumTlsVersion", "spec.sku.name",
                "spec.publicNetworkAccess",
            ]
        ),
        ("storageaccount-create-in-foreign-group", true, ["spec.owner.armId"]),
        ("storageaccount-delete", false, []),
        ("storageaccount-finalizer-removed-by-operator", false, []),
        ("storageaccount-spec-changed-while-deleting", false, ["spec"]),
        ("storageaccount-status-by-operator", false, []),
        ("storageaccount-update-adds-failure", true, ["spec.publicNetworkAccess"]),
        ("storageaccount-update-keeps-old-failure", true, []),
        ("unknown-kind-create", true, ["spec.location", "spec.tags.cost-center", "kind"]),
        ("virtualnetwork-generatename-by-flux", true, []),
        ("virtualnetwork-update-dry-run", true, []),
    ]

    @Test(arguments: decisions) func decides(_ expected: (name: String, isMutated: Bool, denied: [String])) throws {
        let harness = try Harness.shipped()
        let (mutation, validation) = try harness.admit(try Fixtures.review(expected.name))
        #expect(try (mutation.patch() != nil) == expected.isMutated)
        #expect(validation.isAllowed == expected.denied.isEmpty)
        #expect(validation.fields.sorted() == expected.denied.sorted(), "\(validation.message)")
    }

    @Test func everyFixtureIsExpected() throws {
        #expect(try Fixtures.reviewNames() == Self.decisions.map(\.name).sorted())
    }

    @Test func theBenchmarksReviewHasItsSize() throws {
        #expect((3900...4100).contains(try Fixtures.review("storageaccount-create").count))
    }

    @Test func whatWasBadBeforeOnlyWarns() throws {
        let body = try Fixtures.review("storageaccount-update-keeps-old-failure")
        let review = try Harness.shipped().admit(body).validation
        #expect(review.warnings.contains { $0.hasPrefix("everyone/eu-only: spec.location is ") })
    }
}
