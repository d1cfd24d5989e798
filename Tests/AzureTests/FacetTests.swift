import Azure
import JSON
import Testing

/// A resource, and what is to be found in it.
struct FacetCase: Sendable, CustomTestStringConvertible {
    let name: String
    let kind: String
    let facets: [Facet]
    let object: String
    let expected: [String]

    init(_ name: String, _ kind: String, _ facets: Facet..., object: String, expected: [String]) {
        self.name = name
        self.kind = kind
        self.facets = facets
        self.object = object
        self.expected = expected
    }

    var testDescription: String { name }
}

@Suite struct FacetTests {
    @Test(arguments: placement + sizes + identities + switches + odd)
    func finds(_ example: FacetCase) throws {
        let parts = example.kind.split(separator: "/").map(String.init)
        let facets = example.facets.reduce(into: FacetSet()) { $0.formUnion(FacetSet($1)) }
        #expect(try occurrences(of: facets, parts[0], parts[1], example.object) == example.expected)
    }

    static let placement = [
        FacetCase(
            "a location is where it nearly always is",
            "storage.azure.com/StorageAccount",
            .location,
            object: #"{"spec":{"location":"West Europe","sku":{"name":"Standard_LRS"}}}"#,
            expected: [#"location.region spec.location = "West Europe""#]
        ),
        FacetCase(
            "a location that is not said is absent",
            "storage.azure.com/StorageAccount",
            .location,
            object: #"{"spec":{}}"#,
            expected: ["location.region spec.location absent"]
        ),
        FacetCase(
            "null is absent",
            "storage.azure.com/StorageAccount",
            .location,
            object: #"{"spec":{"location":null}}"#,
            expected: ["location.region spec.location absent"]
        ),
        FacetCase(
            "without spec everything that counts is absent",
            "storage.azure.com/StorageAccount",
            .location,
            .tags,
            object: "{}",
            expected: ["location.region spec.location absent", "tags.map spec.tags absent"]
        ),
        FacetCase(
            "an object that is none has nothing",
            "storage.azure.com/StorageAccount",
            .location,
            object: "[]",
            expected: ["location.region spec.location absent"]
        ),
        FacetCase(
            "Cosmos DB has a list of locations",
            "documentdb.azure.com/DatabaseAccount",
            .location,
            object: #"{"spec":{"location":"a","locations":[{"locationName":"b"},{"failoverPriority":1}]}}"#,
            expected: [
                #"location.region spec.location = "a""#, #"location.region spec.locations[0].locationName = "b""#,
                "location.region spec.locations[1].locationName absent",
            ]
        ),
        FacetCase(
            "an empty list lacks nothing",
            "documentdb.azure.com/DatabaseAccount",
            .location,
            object: #"{"spec":{"location":"a","locations":[]}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
        FacetCase(
            "API Management has additional locations with SKUs of their own",
            "apimanagement.azure.com/Service",
            .location,
            .sku,
            object: """
                {"spec":{"location":"a","sku":{"name":"Premium","capacity":2},
                "additionalLocations":[{"location":"b","sku":{"capacity":1,"name":"Basic"}}]}}
                """,
            expected: [
                #"location.region spec.additionalLocations[0].location = "b""#,
                "sku.capacity spec.additionalLocations[0].sku.capacity = 1",
                #"sku.name spec.additionalLocations[0].sku.name = "Basic""#,
                #"location.region spec.location = "a""#,
                "sku.capacity spec.sku.capacity = 2",
                #"sku.name spec.sku.name = "Premium""#,
            ]
        ),
        FacetCase(
            "a vault's replicated regions are plain strings",
            "dataprotection.azure.com/BackupVault",
            .location,
            object: #"{"spec":{"location":"a","properties":{"replicatedRegions":["b","c"]}}}"#,
            expected: [
                #"location.region spec.location = "a""#, #"location.region spec.properties.replicatedRegions[0] = "b""#,
                #"location.region spec.properties.replicatedRegions[1] = "c""#,
            ]
        ),
        FacetCase(
            "where data resides is no region",
            "communication.azure.com/CommunicationService",
            .location,
            object: #"{"spec":{"location":"global","dataLocation":"europe"}}"#,
            expected: [#"location.region spec.location = "global""#]
        ),
        FacetCase(
            "what an App Service plan's SKU says of locations is informational",
            "web.azure.com/ServerFarm",
            .location,
            object: #"{"spec":{"location":"a","sku":{"name":"S1","locations":["b"]}}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
        FacetCase(
            "where a clone comes from is not where it goes",
            "web.azure.com/Site",
            .location,
            object: #"{"spec":{"location":"a","cloningInfo":{"sourceWebAppLocation":"b"}}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
        FacetCase(
            "a replica that is switched off has no region",
            "notificationhubs.azure.com/Namespace",
            .location,
            object: #"{"spec":{"location":"a","properties":{"replicationRegion":"None"}}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
        FacetCase(
            "a workspace without replication lacks nothing",
            "operationalinsights.azure.com/Workspace",
            .location,
            object: #"{"spec":{"location":"a"}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
        FacetCase(
            "a workspace whose replication says no location lacks it",
            "operationalinsights.azure.com/Workspace",
            .location,
            object: #"{"spec":{"location":"a","replication":{"enabled":true}}}"#,
            expected: [#"location.region spec.location = "a""#, "location.region spec.replication.location absent"]
        ),
        FacetCase(
            "a subnet has neither location nor tags",
            "network.azure.com/VirtualNetworksSubnet",
            .location,
            .tags,
            object: #"{"spec":{"location":"a","serviceEndpoints":[{"locations":["*"]}],"tags":{"a":"b"}}}"#,
            expected: []
        ),
        FacetCase(
            "tags are a map",
            "storage.azure.com/StorageAccount",
            .tags,
            object: #"{"spec":{"tags":{"cost.center":"1"}}}"#,
            expected: [#"tags.map spec.tags = {"cost.center":"1"}"#]
        ),
        FacetCase(
            "a named value's tags are words, not tags",
            "apimanagement.azure.com/NamedValue",
            .tags,
            object: #"{"spec":{"tags":["a"]}}"#,
            expected: []
        ),
        FacetCase(
            "zones are told one by one",
            "network.azure.com/PublicIPAddress",
            .zone,
            object: #"{"spec":{"zones":["1","2"],"extendedLocation":{"name":"e"}}}"#,
            expected: [
                #"zone.edgeZone spec.extendedLocation.name = "e""#, #"zone.redundant spec.zones = ["1","2"]"#,
                #"zone.zones spec.zones = ["1","2"]"#, #"zone.zone spec.zones[0] = "1""#,
                #"zone.zone spec.zones[1] = "2""#,
            ]
        ),
    ]

    static let sizes = [
        FacetCase(
            "an SKU has up to five parts",
            "sql.azure.com/ServersDatabase",
            .sku,
            object:
                #"{"spec":{"sku":{"name":"GP_Gen5","tier":"GeneralPurpose","family":"Gen5","size":"x","capacity":4}}}"#,
            expected: [
                "sku.capacity spec.sku.capacity = 4", #"sku.family spec.sku.family = "Gen5""#,
                #"sku.name spec.sku.name = "GP_Gen5""#, #"sku.size spec.sku.size = "x""#,
                #"sku.tier spec.sku.tier = "GeneralPurpose""#,
            ]
        ),
        FacetCase(
            "of an SKU that is not said only the name is missed",
            "sql.azure.com/ServersDatabase",
            .sku,
            object: #"{"spec":{"location":"a"}}"#,
            expected: ["sku.name spec.sku.name absent"]
        ),
        FacetCase(
            "an SKU that is no object has no name",
            "sql.azure.com/ServersDatabase",
            .sku,
            object: #"{"spec":{"sku":"S0"}}"#,
            expected: ["sku.name spec.sku.name absent"]
        ),
        FacetCase(
            "a vault keeps its SKU under properties",
            "keyvault.azure.com/Vault",
            .sku,
            object: #"{"spec":{"properties":{"sku":{"family":"A","name":"premium"}}}}"#,
            expected: [
                #"sku.family spec.properties.sku.family = "A""#, #"sku.name spec.properties.sku.name = "premium""#,
            ]
        ),
        FacetCase(
            "a container group's SKU is a string",
            "containerinstance.azure.com/ContainerGroup",
            .sku,
            object: #"{"spec":{"sku":"Dedicated"}}"#,
            expected: [#"sku.name spec.sku = "Dedicated""#]
        ),
        FacetCase(
            "a firewall policy's SKU has only a tier",
            "network.azure.com/FirewallPolicy",
            .sku,
            object: #"{"spec":{"sku":{"tier":"Premium"}}}"#,
            expected: [#"sku.tier spec.sku.tier = "Premium""#]
        ),
        FacetCase(
            "older storage accounts could say a tier",
            "storage.azure.com/StorageAccount",
            .sku,
            object: #"{"spec":{"sku":{"name":"Standard_LRS","tier":"Standard"}}}"#,
            expected: [#"sku.name spec.sku.name = "Standard_LRS""#, #"sku.tier spec.sku.tier = "Standard""#]
        ),
        FacetCase(
            "a machine's size is its SKU, and an image's SKU is not",
            "compute.azure.com/VirtualMachine",
            .sku,
            .storage,
            object: """
                {"spec":{"hardwareProfile":{"vmSize":"Standard_D4s_v3"},"storageProfile":{"imageReference":{"sku":"22_04-lts"},
                "osDisk":{"diskSizeGB":64},"dataDisks":[{"diskSizeGB":128},{"lun":1}]}}}
                """,
            expected: [
                #"sku.name spec.hardwareProfile.vmSize = "Standard_D4s_v3""#,
                "storage.size spec.storageProfile.dataDisks[0].diskSizeGB = 128",
                "storage.size spec.storageProfile.osDisk.diskSizeGB = 64",
            ]
        ),
        FacetCase(
            "each node pool has its size and numbers",
            "containerservice.azure.com/ManagedCluster",
            .sku,
            .nodeCount,
            object: """
                {"spec":{"sku":{"name":"Base","tier":"Free"},"agentPoolProfiles":[
                {"count":3,"maxCount":9,"minCount":1,"vmSize":"Standard_D2s_v3",
                "virtualMachineNodesStatus":[{"count":7,"size":"Standard_M128ms"}]},{"count":1}],
                "networkProfile":{"loadBalancerProfile":{"managedOutboundIPs":{"count":16}}}}}
                """,
            expected: [
                "nodeCount.count spec.agentPoolProfiles[0].count = 3",
                "nodeCount.maximum spec.agentPoolProfiles[0].maxCount = 9",
                "nodeCount.minimum spec.agentPoolProfiles[0].minCount = 1",
                #"sku.name spec.agentPoolProfiles[0].vmSize = "Standard_D2s_v3""#,
                "nodeCount.count spec.agentPoolProfiles[1].count = 1",
                "sku.name spec.agentPoolProfiles[1].vmSize absent",
                #"sku.name spec.sku.name = "Base""#, #"sku.tier spec.sku.tier = "Free""#,
            ]
        ),
        FacetCase(
            "of alternatives only the one that is there lacks something",
            "machinelearningservices.azure.com/WorkspacesCompute",
            .sku,
            object: #"{"spec":{"properties":{"amlCompute":{"properties":{}}}}}"#,
            expected: ["sku.name spec.properties.amlCompute.properties.vmSize absent"]
        ),
        FacetCase(
            "a scale set counts machines by its SKU's capacity",
            "compute.azure.com/VirtualMachineScaleSet",
            .capacity,
            .nodeCount,
            object: #"{"spec":{"sku":{"name":"Standard_D2s_v3","capacity":3}}}"#,
            expected: ["capacity.capacity spec.sku.capacity = 3", "nodeCount.count spec.sku.capacity = 3"]
        ),
        FacetCase(
            "throughput is set or scaled",
            "documentdb.azure.com/SqlDatabase",
            .capacity,
            object: #"{"spec":{"options":{"throughput":400,"autoscaleSettings":{"maxThroughput":4000}}}}"#,
            expected: [
                "capacity.throughput spec.options.autoscaleSettings.maxThroughput = 4000",
                "capacity.throughput spec.options.throughput = 400",
            ]
        ),
    ]

    static let identities = [
        FacetCase(
            "the credential is an annotation",
            "sql.azure.com/Server",
            .credential,
            object: #"{"metadata":{"annotations":{"serviceoperator.azure.com/credential-from":"c"}},"spec":{}}"#,
            expected: [#"credential.name metadata.annotations["serviceoperator.azure.com/credential-from"] = "c""#]
        ),
        FacetCase(
            "no annotation, no credential",
            "sql.azure.com/Server",
            .credential,
            object: #"{"metadata":{"annotations":{"a":"b"}}}"#,
            expected: []
        ),
        FacetCase(
            "identities stand in a list",
            "storage.azure.com/StorageAccount",
            .identity,
            object: """
                {"spec":{"identity":{"type":"UserAssigned","userAssignedIdentities":[{"reference":{"armId":"/x"}},{}]},
                "encryption":{"identity":{"userAssignedIdentityReference":{"group":"g","kind":"k","name":"n"}}}}}
                """,
            expected: [
                #"identity.userAssigned spec.encryption.identity.userAssignedIdentityReference = {"group":"g","kind":"k","name":"n"}"#,
                #"identity.type spec.identity.type = "UserAssigned""#,
                #"identity.userAssigned spec.identity.userAssignedIdentities[0].reference = {"armId":"/x"}"#,
            ]
        ),
        FacetCase(
            "a version of its own has an identity that others lack",
            "insights.azure.com/ScheduledQueryRule",
            .identity,
            object:
                #"{"spec":{"identity":{"type":"UserAssigned","userAssignedIdentities":[{"reference":{"name":"n"}}]}}}"#,
            expected: [
                #"identity.type spec.identity.type = "UserAssigned""#,
                #"identity.userAssigned spec.identity.userAssignedIdentities[0].reference = {"name":"n"}"#,
            ]
        ),
        FacetCase(
            "maps of references are followed",
            "redhatopenshift.azure.com/HcpOpenShiftCluster",
            .identity,
            object: """
                {"spec":{"properties":{"platform":{"operatorsAuthentication":{"userAssignedIdentities":{
                "controlPlaneOperatorsReferences":{"cloud.a":{"armId":"/x"}}}}}}}}
                """,
            expected: [
                "identity.userAssigned spec.properties.platform.operatorsAuthentication.userAssignedIdentities"
                    + #".controlPlaneOperatorsReferences["cloud.a"] = {"armId":"/x"}"#
            ]
        ),
        FacetCase(
            "what comes from a ConfigMap is unknown",
            "containerregistry.azure.com/Registry",
            .identity,
            object: #"{"spec":{"encryption":{"keyVaultProperties":{"identityFromConfig":{"name":"c","key":"k"}}}}}"#,
            expected: [
                "identity.clientID spec.encryption.keyVaultProperties.identity unknown: "
                    + "spec.encryption.keyVaultProperties.identityFromConfig"
            ]
        ),
        FacetCase(
            "a location from a ConfigMap would be unknown too",
            "storage.azure.com/StorageAccount",
            .location,
            object: #"{"spec":{"locationFromConfig":{"name":"c","key":"k"}}}"#,
            expected: ["location.region spec.location unknown: spec.locationFromConfig"]
        ),
        FacetCase(
            "an SKU from a ConfigMap makes all its parts unknown",
            "network.azure.com/FirewallPolicy",
            .sku,
            object: #"{"spec":{"skuFromConfig":{"name":"c","key":"k"}}}"#,
            expected: ["sku.tier spec.sku.tier unknown: spec.skuFromConfig"]
        ),
        FacetCase(
            "an owner is a name or a resource ID",
            "authorization.azure.com/RoleAssignment",
            .owner,
            object: #"{"spec":{"owner":{"group":"g","kind":"k","name":"n","armId":"/a"}}}"#,
            expected: [
                #"owner.armID spec.owner.armId = "/a""#, #"owner.group spec.owner.group = "g""#,
                #"owner.kind spec.owner.kind = "k""#, #"owner.name spec.owner.name = "n""#,
            ]
        ),
        FacetCase(
            "references are found wherever they are, the owner's aside",
            "network.azure.com/LoadBalancer",
            .reference,
            object: """
                {"spec":{"owner":{"armId":"/o"},"a":[{"b":{"armId":"/1","name":"/subscriptions/not-an-arm-id-field"}}],
                "never.heard.of":{"x":{"armId":7}},"id":"/subscriptions/s/resourceGroups/g","text":"/subscription","spaced":"\\n /Providers/x"}}
                """,
            expected: [
                #"reference.armID spec.a[0].b.armId = "/1""#,
                #"reference.resourceID spec.a[0].b.name = "/subscriptions/not-an-arm-id-field""#,
                #"reference.resourceID spec.id = "/subscriptions/s/resourceGroups/g""#,
                #"reference.resourceID spec.spaced = "\n /Providers/x""#,
            ]
        ),
        FacetCase(
            "an older version's plain string is a reference",
            "dbformysql.azure.com/FlexibleServer",
            .reference,
            .restore,
            object: #"{"spec":{"sourceServerResourceId":"/SUBSCRIPTIONS/s","createMode":"Replica"}}"#,
            expected: [
                #"restore.mode spec.createMode = "Replica""#,
                #"restore.source spec.sourceServerResourceId = "/SUBSCRIPTIONS/s""#,
                #"reference.resourceID spec.sourceServerResourceId = "/SUBSCRIPTIONS/s""#,
            ]
        ),
        FacetCase(
            "an identity in an assignment is a reference",
            "documentdb.azure.com/DatabaseAccount",
            .reference,
            object: #"{"spec":{"defaultIdentity":"UserAssignedIdentity=/subscriptions/s"}}"#,
            expected: [#"reference.resourceID spec.defaultIdentity = "UserAssignedIdentity=/subscriptions/s""#]
        ),
        FacetCase(
            "a storage version's property bag hides nothing",
            "network.azure.com/LoadBalancer",
            .reference,
            object: #"""
                {"spec":{"x":{"$propertyBag":{"Plain":"\"a\"","Flag":"true","Broken":"{","None":null,
                "AReference":"{\"armId\":\"x\"}","B":"\"\\u002fsubscriptions\\u002fs\"","C":"{\"arm\\u0049d\":\"x\"}"}}}}
                """#,
            expected: [
                #"reference.propertyBag spec.x.$propertyBag.Broken = "{""#,
                #"reference.propertyBag spec.x.$propertyBag.AReference = "{\"armId\":\"x\"}""#,
                #"reference.propertyBag spec.x.$propertyBag.B = "\"\\u002fsubscriptions\\u002fs\"""#,
                #"reference.propertyBag spec.x.$propertyBag.C = "{\"arm\\u0049d\":\"x\"}""#,
            ]
        ),
    ]

    static let switches = [
        FacetCase(
            "a storage account has four doors",
            "storage.azure.com/StorageAccount",
            .exposure,
            .tls,
            object: """
                {"spec":{"allowBlobPublicAccess":true,"allowSharedKeyAccess":false,"minimumTlsVersion":"TLS1_2",
                "networkAcls":{"defaultAction":"Deny","ipRules":[{"value":"1.2.3.4"}]},"publicNetworkAccess":"Disabled",
                "supportsHttpsTrafficOnly":true}}
                """,
            expected: [
                "exposure.publicAccess spec.allowBlobPublicAccess = true",
                "exposure.localAuthentication spec.allowSharedKeyAccess = false",
                #"tls.minimumVersion spec.minimumTlsVersion = "TLS1_2""#,
                "exposure.bypass spec.networkAcls.bypass absent",
                #"exposure.defaultAction spec.networkAcls.defaultAction = "Deny""#,
                #"exposure.allowedIP spec.networkAcls.ipRules[0].value = "1.2.3.4""#,
                #"exposure.publicNetworkAccess spec.publicNetworkAccess = "Disabled""#,
                "tls.encryptedOnly spec.supportsHttpsTrafficOnly = true",
            ]
        ),
        FacetCase(
            "doors that are not spoken of are absent",
            "storage.azure.com/StorageAccount",
            .exposure,
            .tls,
            object: #"{"spec":{}}"#,
            expected: [
                "exposure.publicAccess spec.allowBlobPublicAccess absent",
                "exposure.localAuthentication spec.allowSharedKeyAccess absent",
                "tls.minimumVersion spec.minimumTlsVersion absent",
                "exposure.bypass spec.networkAcls.bypass absent",
                "exposure.defaultAction spec.networkAcls.defaultAction absent",
                "exposure.publicNetworkAccess spec.publicNetworkAccess absent",
            ]
        ),
        FacetCase(
            "an allowed address can come from a ConfigMap",
            "storage.azure.com/StorageAccount",
            .exposure,
            object: """
                {"spec":{"allowBlobPublicAccess":false,"allowSharedKeyAccess":true,"publicNetworkAccess":"Enabled",
                "networkAcls":{"defaultAction":"Deny","ipRules":[{"valueFromConfig":{"name":"c","key":"k"}}]}}}
                """,
            expected: [
                "exposure.publicAccess spec.allowBlobPublicAccess = false",
                "exposure.localAuthentication spec.allowSharedKeyAccess = true",
                "exposure.bypass spec.networkAcls.bypass absent",
                #"exposure.defaultAction spec.networkAcls.defaultAction = "Deny""#,
                "exposure.allowedIP spec.networkAcls.ipRules[0].value unknown: spec.networkAcls.ipRules[0].valueFromConfig",
                #"exposure.publicNetworkAccess spec.publicNetworkAccess = "Enabled""#,
            ]
        ),
        FacetCase(
            "a firewall rule is a range",
            "sql.azure.com/ServersFirewallRule",
            .exposure,
            object: #"{"spec":{"startIpAddress":"0.0.0.0","endIpAddress":"255.255.255.255"}}"#,
            expected: [
                #"exposure.endIP spec.endIpAddress = "255.255.255.255""#,
                #"exposure.startIP spec.startIpAddress = "0.0.0.0""#,
            ]
        ),
        FacetCase(
            "a flexible server's switch stands under network",
            "dbforpostgresql.azure.com/FlexibleServer",
            .exposure,
            object: #"{"spec":{"network":{"publicNetworkAccess":"Enabled"}}}"#,
            expected: [
                "exposure.localAuthentication spec.authConfig.passwordAuth absent",
                #"exposure.publicNetworkAccess spec.network.publicNetworkAccess = "Enabled""#,
            ]
        ),
    ]

    static let odd = [
        FacetCase(
            "a kind that nobody knows is read by general rules",
            "quantum.azure.com/Workspace",
            .location,
            .sku,
            .tags,
            .owner,
            .reference,
            object: """
                {"spec":{"location":"a","sku":{"name":"n"},"tags":{"t":"u"},"owner":{"armId":"/o"},
                "deep":[[{"armId":"/d"}]]}}
                """,
            expected: [
                #"owner.armID spec.owner.armId = "/o""#, #"location.region spec.location = "a""#,
                #"sku.name spec.sku.name = "n""#, #"tags.map spec.tags = {"t":"u"}"#,
                #"reference.armID spec.deep[0][0].armId = "/d""#,
            ]
        ),
        FacetCase(
            "of such a kind nothing is missed",
            "quantum.azure.com/Workspace",
            .location,
            .sku,
            .tags,
            .exposure,
            object: #"{"spec":{}}"#,
            expected: []
        ),
        FacetCase(
            "keys with escapes are the same keys",
            "storage.azure.com/StorageAccount",
            .location,
            object: #"{"sp\u0065c":{"l\u006fcation":"a"}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
        FacetCase(
            "lists where objects belong hold nothing",
            "storage.azure.com/StorageAccount",
            .sku,
            object: #"{"spec":{"sku":[{"name":"a"}]}}"#,
            expected: ["sku.name spec.sku.name absent"]
        ),
        FacetCase(
            "objects where lists belong hold nothing",
            "documentdb.azure.com/DatabaseAccount",
            .location,
            object: #"{"spec":{"location":"a","locations":{"locationName":"b"}}}"#,
            expected: [#"location.region spec.location = "a""#]
        ),
    ]
}

@Suite struct SwitchTests {
    static let switches: [(kind: String, object: String, isOpen: [Bool?])] = [
        ("sql.azure.com/Server", #"{"publicNetworkAccess":"Enabled"}"#, [nil, true]),
        ("sql.azure.com/Server", #"{"publicNetworkAccess":"disabled"}"#, [nil, false]),
        ("sql.azure.com/Server", #"{"publicNetworkAccess":"SecuredByPerimeter"}"#, [nil, nil]),
        ("sql.azure.com/Server", #"{"publicNetworkAccess":7}"#, [nil, nil]),
        ("sql.azure.com/Server", #"{"administrators":{"azureADOnlyAuthentication":true}}"#, [false, nil]),
        ("sql.azure.com/Server", "{}", [nil, nil]),
        ("storage.azure.com/StorageAccountsBlobServicesContainer", #"{"publicAccess":"None"}"#, [false]),
        ("storage.azure.com/StorageAccountsBlobServicesContainer", #"{"publicAccess":"Blob"}"#, [true]),
        (
            "containerservice.azure.com/Fleet",
            #"{"hubProfile":{"apiServerAccessProfile":{"enablePrivateCluster":true}}}"#, [false]
        ),
        (
            "search.azure.com/SearchService", #"{"disableLocalAuth":true,"publicNetworkAccess":"enabled"}"#,
            [false, nil, true]
        ),
        (
            "search.azure.com/SearchService", #"{"networkRuleSet":{"ipRules":[{"value":"1.2.3.4"}]}}"#,
            [nil, false, nil, nil]
        ),
        ("search.azure.com/SearchService", #"{"networkRuleSet":{"ipRules":[]}}"#, [nil, true, nil]),
        ("containerinstance.azure.com/ContainerGroup", #"{"ipAddress":{"type":"Public"}}"#, [true]),
        (
            "network.azure.com/NetworkInterface",
            #"{"enableIPForwarding":true,"ipConfigurations":[{"publicIPAddress":{"reference":{"armId":"x"}}}]}"#,
            [true, true]
        ),
        ("batch.azure.com/BatchAccount", #"{"allowedAuthenticationModes":["AAD"]}"#, [false, nil, nil]),
        ("batch.azure.com/BatchAccount", #"{"allowedAuthenticationModes":["AAD","sharedKey"]}"#, [true, nil, nil]),
        ("batch.azure.com/BatchAccount", #"{"allowedAuthenticationModes":[]}"#, [true, nil, nil]),
        ("batch.azure.com/BatchAccount", #"{"allowedAuthenticationModes":"AAD"}"#, [nil, nil, nil]),
    ]

    @Test(arguments: switches) func tellsWhatIsOpen(_ kind: String, _ spec: String, _ expected: [Bool?]) throws {
        let parts = kind.split(separator: "/").map(String.init)
        let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
        let kind = try #require(AzureTables.embedded.kind(group: parts[0], kind: parts[1]))
        var isOpen: [Bool?] = []
        kind.forEachOccurrence(of: .exposure, in: document, of: document.root) {
            isOpen.append($0.isOpen(in: document))
        }
        #expect(isOpen == expected)
    }

    static let versions: [(text: String, version: String?)] = [
        ("1.2", "1.2"), ("TLS1_2", "1.2"), ("TLS12", "1.2"), ("Tls12", "1.2"), ("TLSv1_3", "1.3"), ("1.0", "1.0"),
        ("TLS1_0", "1.0"), ("None", "none"), ("TLSEnforcementDisabled", "none"), ("", nil), ("2", nil), ("1.2.3", nil),
        ("SSL", nil), ("99", nil),
    ]

    @Test(arguments: versions) func readsVersionsOfTLS(_ text: String, _ version: String?) {
        let parsed = TLSVersion(parsing: Array(text.utf8).span)
        #expect(parsed?.description == version)
    }

    static let closing: [(kind: String, facet: Facet, spec: String, isOpen: [Bool?])] = [
        (
            "storage.azure.com/StorageAccount", .encryption, #"{"encryption":{"keySource":"Microsoft.Keyvault"}}"#,
            [false, nil]
        ),
        (
            "storage.azure.com/StorageAccount", .encryption, #"{"encryption":{"keySource":"Microsoft.Storage"}}"#,
            [true, nil]
        ),
        ("storage.azure.com/StorageAccount", .encryption, #"{"encryption":{"keySource":7}}"#, [nil, nil]),
        (
            "compute.azure.com/Disk", .encryption, #"{"encryption":{"type":"EncryptionAtRestWithPlatformKey"}}"#,
            [true, true]
        ),
        (
            "compute.azure.com/Disk", .encryption, #"{"encryption":{"type":"EncryptionAtRestWithCustomerKey"}}"#,
            [false, true]
        ),
        (
            "compute.azure.com/Disk", .encryption,
            #"{"encryption":{"type":"EncryptionAtRestWithPlatformAndCustomerKeys"}}"#, [false, false]
        ),
        ("documentdb.azure.com/DatabaseAccount", .encryption, #"{"keyVaultKeyUri":"https://v/k"}"#, [false]),
        ("documentdb.azure.com/DatabaseAccount", .encryption, #"{"keyVaultKeyUri":""}"#, [true]),
        (
            "containerservice.azure.com/ManagedClustersAgentPool", .zone, #"{"availabilityZones":["1","2"]}"#,
            [false, nil, nil, nil]
        ),
        (
            "containerservice.azure.com/ManagedClustersAgentPool", .zone, #"{"availabilityZones":["1","1"]}"#,
            [true, nil, nil, nil]
        ),
        ("containerservice.azure.com/ManagedClustersAgentPool", .zone, #"{"availabilityZones":"1"}"#, [nil, nil]),
        ("compute.azure.com/Snapshot", .zone, #"{"sku":{"name":"Standard_ZRS"}}"#, [false]),
        ("compute.azure.com/Snapshot", .zone, #"{"sku":{"name":"Standard_LRS"}}"#, [true]),
        (
            "documentdb.azure.com/MongoCluster", .zone,
            #"{"properties":{"highAvailability":{"targetMode":"SameZone"}}}"#, [true]
        ),
        (
            "documentdb.azure.com/MongoCluster", .zone,
            #"{"properties":{"highAvailability":{"targetMode":"ZoneRedundantPreferred"}}}"#, [false]
        ),
        ("sql.azure.com/ServersDatabase", .backup, #"{"requestedBackupStorageRedundancy":"GeoZone"}"#, [false]),
        ("sql.azure.com/ServersDatabase", .backup, #"{"requestedBackupStorageRedundancy":"Zone"}"#, [true]),
        ("apimanagement.azure.com/Service", .exposure, #"{"virtualNetworkType":"Internal"}"#, [nil, false]),
        ("apimanagement.azure.com/Service", .exposure, #"{"virtualNetworkType":"External"}"#, [nil, true]),
    ]

    @Test(arguments: closing) func tellsWhatCloses(
        _ kind: String,
        _ facet: Facet,
        _ spec: String,
        _ expected: [Bool?]
    ) throws {
        let parts = kind.split(separator: "/").map(String.init)
        let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
        let kind = try #require(AzureTables.embedded.kind(group: parts[0], kind: parts[1]))
        var isOpen: [Bool?] = []
        kind.forEachOccurrence(of: facet, in: document, of: document.root) { isOpen.append($0.isOpen(in: document)) }
        #expect(isOpen == expected)
    }

    static let days: [(kind: String, spec: String, days: [Double?])] = [
        ("dbforpostgresql.azure.com/FlexibleServer", #"{"backup":{"backupRetentionDays":14}}"#, [14, nil]),
        ("dbforpostgresql.azure.com/FlexibleServer", #"{"backup":{"backupRetentionDays":"14"}}"#, [14, nil]),
        ("dbforpostgresql.azure.com/FlexibleServer", #"{"backup":{"backupRetentionDays":true}}"#, [nil, nil]),
        ("documentdb.azure.com/DatabaseAccount", "{}", [nil]),
        (
            "documentdb.azure.com/DatabaseAccount",
            #"{"backupPolicy":{"periodic":{"periodicModeProperties":{"backupRetentionIntervalInHours":48}}}}"#,
            [2, nil]
        ),
        (
            "documentdb.azure.com/DatabaseAccount",
            #"{"backupPolicy":{"continuous":{"continuousModeProperties":{"tier":"Continuous7Days"}}}}"#, [7]
        ),
        ("documentdb.azure.com/DatabaseAccount", #"{"backupPolicy":{"periodic":{"type":"Periodic"}}}"#, [nil]),
    ]

    @Test(arguments: days) func countsRetentionInDays(_ kind: String, _ spec: String, _ expected: [Double?]) throws {
        let parts = kind.split(separator: "/").map(String.init)
        let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
        let kind = try #require(AzureTables.embedded.kind(group: parts[0], kind: parts[1]))
        var days: [Double?] = []
        kind.forEachOccurrence(of: .backup, in: document, of: document.root) { days.append($0.days(in: document)) }
        #expect(days == expected)
    }

    static let durations: [(text: String, days: Double?)] = [
        ("P30D", 30), ("P1W", 7), ("P2M", 60), ("P1Y", 365), ("P1DT12H", 1.5), ("PT36H", 1.5), ("p7d", 7),
        ("PT1440M", 1),
        ("P", nil), ("30D", nil), ("P30", nil), ("PD", nil), ("P1H", nil), ("PT1D", nil), ("P-1D", nil), ("", nil),
        ("PTT1H", nil), ("P1.5D", nil),
    ]

    @Test(arguments: durations) func readsDurations(_ text: String, _ expected: Double?) throws {
        let object = """
            {"spec":{"properties":{"backupPolicy":{"policyRules":[{"azureRetentionRule":{"lifecycles":[{"deleteAfter":
            {"absoluteDeleteOption":{"duration":"\(text)"}}}]}}]}}}}
            """
        let document = try JSONDocument(parsing: Array(object.utf8))
        let kind = try #require(
            AzureTables.embedded.kind(group: "dataprotection.azure.com", kind: "BackupVaultsBackupPolicy")
        )
        var days: [Double?] = []
        kind.forEachOccurrence(of: .backup, in: document, of: document.root) { days.append($0.number(in: document)) }
        #expect(days == [expected])
    }

    static let storage: [(kind: String, spec: String, gigabytes: Double?)] = [
        ("compute.azure.com/Disk", #"{"diskSizeGB":128}"#, 128),
        ("sql.azure.com/ServersDatabase", #"{"maxSizeBytes":268435456000}"#, 250),
        ("servicebus.azure.com/NamespacesQueue", #"{"maxSizeInMegabytes":1024}"#, 1),
        ("storage.azure.com/StorageAccountsFileServicesShare", #"{"shareQuota":5120}"#, 5120),
        ("compute.azure.com/Disk", #"{"diskSizeGB":"128"}"#, nil),
    ]

    @Test(arguments: storage) func countsStorageInGigabytes(_ kind: String, _ spec: String, _ expected: Double?) throws
    {
        let parts = kind.split(separator: "/").map(String.init)
        let document = try JSONDocument(parsing: Array(#"{"spec":\#(spec)}"#.utf8))
        let kind = try #require(AzureTables.embedded.kind(group: parts[0], kind: parts[1]))
        var sizes: [Double?] = []
        kind.forEachOccurrence(of: .storage, in: document, of: document.root) {
            sizes.append($0.gigabytes(in: document))
        }
        #expect(sizes == [expected])
    }

    static let memory: [(text: String, gigabytes: Double?)] = [
        ("1Gi", 1), ("1.5Gi", 1.5), ("512Mi", 0.5), ("1073741824", 1), ("-1Gi", nil), ("Gi", nil), ("0x10", nil),
        ("1GiB", nil),
        ("", nil), ("inf", nil), ("1e3", nil),
    ]

    @Test(arguments: memory) func readsQuantities(_ text: String, _ expected: Double?) throws {
        let object = #"{"spec":{"template":{"containers":[{"resources":{"memory":"\#(text)"}}]}}}"#
        let document = try JSONDocument(parsing: Array(object.utf8))
        let kind = try #require(AzureTables.embedded.kind(group: "app.azure.com", kind: "ContainerApp"))
        var sizes: [Double?] = []
        kind.forEachOccurrence(of: .capacity, in: document, of: document.root) { sizes.append($0.number(in: document)) }
        #expect(sizes == [expected])
    }
}
