import Azure
import Testing

@Suite struct ARMFieldTests {
    @Test func everyKindOfResourceGroupsHasFields() {
        let table = ARMFieldTable.embedded
        for kind in AzureTables.embedded.kinds where kind.scope == .resourceGroup {
            #expect(!table.fields(of: kind).isEmpty, "\(kind)")
        }
    }

    @Test func pathsBelowPropertiesAreWrittenOut() throws {
        let kind = try #require(AzureTables.embedded.kind(group: "storage.azure.com", kind: "StorageAccount"))
        let fields = ARMFieldTable.embedded.fields(of: kind)
        let field = try #require(fields.first { $0.path == "spec.networkAcls.ipRules[].value" })
        #expect(field.armPath == "properties.networkAcls.ipRules[].value")
        #expect(field.rule == .scalar)
        #expect(field.type == .string)
        #expect(fields.contains { $0.path == "spec.sku.name" && $0.armPath == "sku.name" })
    }

    @Test func aliasesLeadToFields() throws {
        let table = ARMFieldTable.embedded
        for (alias, type) in [
            ("Microsoft.Compute/imagePublisher", "Microsoft.Compute/virtualMachines"),
            ("microsoft.compute/imageid", "Microsoft.Compute/virtualMachineScaleSets"),
            ("Microsoft.Compute/virtualMachines/sku.name", "Microsoft.Compute/virtualMachines"),
        ] {
            let target = try #require(table.targets(ofAlias: alias).first { $0.type == type })
            let kind = try #require(AzureTables.embedded.kinds.first { $0.armType == type })
            #expect(table.fields(of: kind).contains { $0.armPath == target.armPath }, "\(alias)")
        }
        #expect(
            table.targets(ofAlias: "Microsoft.Storage/storageAccounts/keyCreationTime.key1").map(\.armPath) == [nil]
        )
        #expect(table.targets(ofAlias: "Microsoft.Storage/storageAccounts/minimumTlsVersion").isEmpty)
    }
}
