#!/usr/bin/env python3
"""Makes kinds.tsv, facets.tsv, deltas.tsv and armfields.tsv from the fact tables on Azure Service Operator.

    generate.py FACTS CRDS OUT

FACTS is a folder with aso-kinds.csv, aso-arm-map.csv and aso-policy-facts.csv, CRDS the archive of ASO's
CustomResourceDefinitions (JSON, aso-crds.tar.gz), OUT where the tables go. The output depends on nothing else.

What a path means is decided here, in the tables of rules below, and can be reviewed in the diff of the output.
`make azure-data` runs this.
"""

import csv
import json
import re
import sys
import tarfile

SOURCE = "Azure Service Operator (MIT), main at 4c8c8b4b662b of 2026-08-21, by generate.py"

# ---- Rules: path (regular expression, whole) -> facet, part, absence, sense, note -------------------------------------
#
# The first rule that matches a path decides; the facet "-" says that the path looks like a fact and is none.
# A rule may be limited to kinds: the expression is matched against "group/Kind path" with the group's first label.

PLACEMENT = [
    (r"\S+ spec\.location", "location", "region", "always", "region", ""),
    (r"apimanagement/Service spec\.additionalLocations\[\]\.location", "location", "region", "inside", "region", ""),
    (r"cache/RedisLinkedServer spec\.linkedRedisCacheLocation", "location", "region", "always", "region",
     "geo-replication copies the data there"),
    (r"cdn/AfdOrigin spec\.sharedPrivateLinkResource\.privateLinkLocation", "location", "region", "present", "region",
     "Front Door makes a private endpoint there"),
    (r"cognitiveservices/Account spec\.properties\.locations\.regions\[\]", "location", "region", "inside", "region",
     "multi-region account: the name of each region", ".name"),
    (r"dataprotection/BackupVault spec\.properties\.replicatedRegions\[\]", "location", "region", "present", "region", ""),
    (r"documentdb/CassandraDataCenter spec\.properties\.dataCenterLocation", "location", "region", "always", "region", ""),
    (r"documentdb/DatabaseAccount spec\.locations\[\]\.locationName", "location", "region", "inside", "region", ""),
    (r"kusto/DataConnection spec\.\w+DataConnection\.location", "location", "region", "inside", "region", ""),
    (r"kusto/Database spec\.readWriteDatabase\.location", "location", "region", "inside", "region", ""),
    (r"machinelearningservices/Registry spec\.regionDetails\[\]\.location", "location", "region", "inside", "region", ""),
    (r"machinelearningservices/Registry spec\.registryPrivateEndpointConnections\[\]\.location", "location", "region",
     "present", "region", ""),
    (r"machinelearningservices/WorkspacesCompute spec\.properties\.\w+\.computeLocation", "location", "region",
     "present", "region", ""),
    (r"network/LoadBalancer spec\.backendAddressPools\[\]\.location", "location", "region", "present", "region",
     "pool of a cross-region load balancer"),
    (r"notificationhubs/Namespace spec\.properties\.replicationRegion", "location", "region", "present",
     "region?", "Default: Azure chooses"),
    (r"operationalinsights/Workspace spec\.replication\.location", "location", "region", "inside", "region", ""),
    (r"communication/\w+ spec\.dataLocation", "-", "", "", "", "a geography of data residency, not a region"),
    (r"containerservice/ManagedCluster spec\.identity\.delegatedResources\{\}\.location", "-", "", "", "",
     "where a delegated identity is, not where the cluster goes"),
    (r"dataprotection/BackupVaultsBackupInstance .*\.resourceLocation", "-", "", "", "", "where the source of the backup is"),
    (r"documentdb/MongoCluster spec\.properties\.replicaParameters\.sourceLocation", "-", "", "", "",
     "where the source of the replica is"),
    (r"documentdb/DatabaseAccount spec\.locations\[\]", "-", "", "", "", "see locationName"),
    (r"insights/ActionGroup spec\.itsmReceivers\[\]\.region", "-", "", "", "", "where an existing workspace is"),
    (r"insights/AutoscaleSetting .*(metricResourceLocation|targetResourceLocation)", "-", "", "", "",
     "where the monitored resource is"),
    (r"insights/MetricAlert spec\.targetResourceRegion", "-", "", "", "", "where the monitored resource is"),
    (r"insights/Webtest spec\.Locations\[\]", "-", "", "", "", "names of probes such as us-il-ch1-azr, not regions"),
    (r"network/FirewallPolicy spec\.insights\..*\.region", "-", "", "", "", "which firewalls log to an existing workspace"),
    (r"network/NetworkWatchersFlowLog .*\.workspaceRegion", "-", "", "", "", "where an existing workspace is"),
    (r"network/TrafficManagerProfiles\w+ spec\.endpointLocation", "-", "", "", "", "where an existing endpoint is"),
    (r"network/VirtualNetworksSubnet spec\.serviceEndpoints\[\]\.locations\[\]", "-", "", "", "",
     "which regions' services the subnet reaches"),
    (r"web/ServerFarm spec\.sku\.locations\[\]", "-", "", "", "", "informational"),
    (r"web/Site spec\.cloningInfo\.sourceWebAppLocation", "-", "", "", "", "where the source of the clone is"),
    (r"\S+ spec\.tags\{\}", "tags", "map", "always", "text", "", "", r"\{\}$"),
    (r"containerservice/ManagedCluster spec\.agentPoolProfiles\[\]\.tags\{\}", "-", "", "", "",
     "tags of the pool's machines, not of the resource"),
    (r"subscription/Alias spec\.properties\.additionalProperties\.tags\{\}", "tags", "map", "always", "text", "", "", r"\{\}$"),
]

SKU = [
    (r"compute/\w+ .*\.publicIPAddressConfiguration\.sku\.\w+", "-", "", "", "", "the SKU of an address inside the machine"),
    (r"web/ServerFarm spec\.sku\.skuCapacity\..*", "-", "", "", "", "what the SKU could have, informational"),
    (r"\S+ .*\.virtualMachineNodesStatus\[\]\..*", "-", "", "", "", "status kept in spec"),
    (r"\S+ spec\.virtualMachineNodesStatus\[\]\..*", "-", "", "", "", "status kept in spec"),
    (r"compute/(VirtualMachineScaleSet|CapacityReservation) spec\.sku\.name", "sku", "name", "always", "machine", ""),
    (r"kusto/Cluster spec\.sku\.name", "sku", "name", "always", "machine", ""),
    (r"(dbforpostgresql|dbformysql)/FlexibleServer spec\.sku\.name", "sku", "name", "always", "machine", ""),
    (r"(sql|dbformariadb)/\w+ spec\.sku\.name", "sku", "name", "always", "vCore", "DTU models have other names"),
    (r"machinelearningservices/(WorkspacesCompute|Registry|Workspace) spec\.sku\.name", "sku", "name", "inside", "text", ""),
    (r"\S+ spec(\.properties)?\.sku\.name", "sku", "name", "always", "text", ""),
    (r"apimanagement/Service spec\.additionalLocations\[\]\.sku\.name", "sku", "name", "inside", "text", ""),
    (r"network/FirewallPolicy spec\.sku\.tier", "sku", "tier", "always", "text", ""),
    (r"\S+ spec\.sku\.capacityReservationLevel", "sku", "capacity", "present", "number", "GB a day"),
    (r"\S+ spec(\.properties|\.additionalLocations\[\])?\.sku\.(?P<part>tier|family|size)", "sku", "", "present", "text", ""),
    (r"\S+ spec(\.properties|\.additionalLocations\[\])?\.sku\.capacity", "sku", "capacity", "present", "number", ""),
    (r"containerinstance/ContainerGroup spec\.sku", "sku", "name", "always", "text", "a plain string"),
    (r"documentdb/CassandraDataCenter spec\.properties\.sku", "sku", "name", "always", "machine", ""),
    (r"\S+ spec(\.properties)?\.sku", "-", "", "", "", "see its members"),
    (r"documentdb/MongoCluster spec\.properties\.compute\.tier", "sku", "name", "always", "text", "M10 to M200"),
    (r"compute/VirtualMachine spec\.hardwareProfile\.vmSize", "sku", "name", "always", "machine", ""),
    (r"containerservice/ManagedClustersAgentPool spec\.vmSize", "sku", "name", "always", "machine", ""),
    (r"containerservice/\w+ .*scale\.manual\[\]\.size", "sku", "name", "inside", "machine", ""),
    (r"redhatopenshift/\w+ spec\.(masterProfile|properties\.platform)\.vmSize", "sku", "name", "always", "machine", ""),
    (r"synapse/WorkspacesBigDataPool spec\.nodeSize", "sku", "name", "always", "text", ""),
    (r"\S+ .*\.vmSize", "sku", "name", "inside", "machine", ""),
    (r"\S+ .*\.nodeSize", "sku", "name", "inside", "text", ""),
]

CAPACITY = [
    (r"\S+ spec(\.additionalLocations\[\])?\.sku\.capacity", "capacity", "capacity", "present", "number", ""),
    (r"\S+ spec\.sku\.capacityReservationLevel", "capacity", "capacity", "present", "number", "GB a day"),
    (r"network/(ApplicationGateway|AzureFirewall) spec\.autoscaleConfiguration\.maxCapacity", "capacity", "capacity",
     "present", "number", "instances"),
    (r"network/BastionHost spec\.scaleUnits", "capacity", "capacity", "present", "number", ""),
    (r"documentdb/\w+ spec\.(options|resource)\.throughput", "capacity", "throughput", "present", "number", "RU/s"),
    (r"documentdb/\w+ spec\.(options|resource)\.autoscaleSettings\.maxThroughput", "capacity", "throughput", "present",
     "number", "RU/s"),
    (r"eventhub/Namespace spec\.maximumThroughputUnits", "capacity", "throughput", "present", "number", "throughput units"),
    (r"\S+ .*\.(iops|diskIOPSReadWrite|provisionedIops|paidBurstingMaxIops)", "capacity", "iops", "present", "number", ""),
    (r"\S+ (spec|.*\.)\.?(diskMBpsReadWrite|provisionedBandwidthMibps)", "capacity", "mbps", "present", "number", ""),
    (r"dbforpostgresql/FlexibleServer spec\.storage\.throughput", "capacity", "mbps", "present", "number", ""),
    (r"app/\w+ spec\.template\.(containers|initContainers)\[\]\.resources\.cpu", "capacity", "vCores", "present", "number", ""),
    (r"app/\w+ spec\.template\.(containers|initContainers)\[\]\.resources\.memory", "capacity", "memoryGB", "present",
     "quantity", ""),
    (r"containerinstance/ContainerGroup .*\.cpu", "capacity", "vCores", "present", "number", ""),
    (r"containerinstance/ContainerGroup .*\.memoryInGB", "capacity", "memoryGB", "present", "GB", ""),
    (r"containerinstance/ContainerGroup .*\.gpu\.count", "capacity", "gpus", "present", "number", ""),
    (r"web/Site spec\.resourceConfig\.cpu", "capacity", "vCores", "present", "number", ""),
    (r"web/Site spec\.resourceConfig\.memory", "capacity", "memoryGB", "present", "quantity", ""),
]

STORAGE = [
    (r"\S+ .*\.uploadSizeBytes", "-", "", "", "", "size of an upload, the disk's size follows from it"),
    (r"\S+ .*\.(maxMessageSizeInKilobytes)", "-", "", "", "", "size of one message"),
    (r"\S+ .*\.dailyQuotaGb", "-", "", "", "", "ingestion a day, not storage"),
    (r"documentdb/CassandraDataCenter spec\.properties\.diskCapacity", "-", "", "", "", "a number of disks"),
    (r"\S+ .*\.(diskSizeGB|osDiskSizeGB|storageSizeGB|sizeGb|sizeGiB|shareQuota)", "storage", "size", "present", "GB", ""),
    (r"\S+ .*\.(storageMB|maxSizeInMegabytes)", "storage", "size", "present", "MB", ""),
    (r"\S+ .*\.maxSizeBytes", "storage", "size", "present", "bytes", ""),
]

NODES = [
    (r"compute/VirtualMachineScaleSet spec\.sku\.capacity", "nodeCount", "count", "present", "number", "machines"),
    (r"web/ServerFarm spec\.sku\.capacity", "nodeCount", "count", "present", "number", "workers"),
    (r"kusto/Cluster spec\.sku\.capacity", "nodeCount", "count", "present", "number", "machines"),
    (r"\S+ .*\.virtualMachineNodesStatus\[\]\..*", "-", "", "", "", "status kept in spec"),
    (r"\S+ .*(managedOutboundIPs|managedOutboundIPProfile|managedOutboundIps|publicIPs)\.count", "-", "", "", "",
     "a number of addresses"),
    (r"\S+ .*(circuitBreaker|autoHealRules)\..*", "-", "", "", "", "a threshold"),
    (r"\S+ .*\.(gpu\.count|maxCapacity|minCapacity|scaleUnits)", "", "", "", "", ""),  # see CAPACITY
    (r"\S+ .*\.partitionCount", "nodeCount", "partitions", "present", "number", ""),
    (r"\S+ .*\.(replicaCount|highAvailabilityReplicaCount|replicasPerMaster|replicasPerPrimary)", "nodeCount", "replicas",
     "present", "number", ""),
    (r"\S+ .*\.shardCount", "nodeCount", "shards", "present", "number", ""),
    (r"containerservice/\w+ (spec|.*)\.(?P<part>minCount)", "nodeCount", "minimum", "present", "number", ""),
    (r"\S+ .*\.(minNodeCount|minReplicas|minimumElasticInstanceCount)", "nodeCount", "minimum", "present", "number", ""),
    (r"\S+ .*\.(maxCount|maxNodeCount|maxReplicas|maximumElasticWorkerCount|maximumCount|maximumInstanceCount)", "nodeCount",
     "maximum", "present", "number", ""),
    (r"\S+ .*\.(preWarmedInstanceCount|instanceCount)", "nodeCount", "minimum", "present", "number", ""),
    (r"\S+ .*\.(count|nodeCount|replicas|targetWorkerCount|numberOfWorkers)", "nodeCount", "count", "present", "number", ""),
]

IDENTITY = [
    (r"\S+ spec\.identity\.type", "identity", "type", "present", "text", ""),
    (r"\S+ spec\.identity\.userAssignedIdentities\[\]\.reference", "identity", "userAssigned", "present", "text", ""),
    (r"\S+ .*(identityClientId|managedServiceIdentityClientId)", "identity", "clientID", "present", "text", ""),
    (r"containerregistry/Registry spec\.encryption\.keyVaultProperties\.identity", "identity", "clientID", "present",
     "text", ""),
    (r"\S+ .*\.federatedIdentityClientId", "identity", "clientID", "present", "text", "an application of another tenant"),
    (r"compute/DiskEncryptionSet spec\.federatedClientId", "identity", "clientID", "present", "text",
     "an application of another tenant"),
    (r"documentdb/DatabaseAccount spec\.defaultIdentity", "identity", "resourceID", "present", "text",
     "UserAssignedIdentity=<resource ID>"),
    (r"devices/IotHub .*identity\.userAssignedIdentity", "identity", "resourceID", "present", "text", ""),
    (r"containerinstance/ContainerGroup spec\.imageRegistryCredentials\[\]\.identity", "identity", "resourceID", "present",
     "text", ""),
    (r"web/Site .*[kK]eyVaultReferenceIdentity", "identity", "resourceID", "present", "text", ""),
    (r"web/Site spec\.siteConfig\.acrUserManagedIdentityID", "identity", "clientID", "present", "text", ""),
    (r"authorization/RoleAssignment spec\.delegatedManagedIdentityResourceReference", "identity", "userAssigned", "present",
     "text", ""),
]

# Of a switch absence is told where the provider would leave it open, and where that depends on the version.
EXPOSURE = [
    (r"search/SearchService spec\.publicNetworkAccess", "exposure", "publicNetworkAccess", "always", "open/small", ""),
    (r"\S+ spec(\.properties|\.network|\.networkAcls)?\.publicNetworkAccess(For\w+)?", "exposure", "publicNetworkAccess",
     "always", "open", ""),
    (r"web/Site spec\.siteConfig\.publicNetworkAccess", "exposure", "publicNetworkAccess", "present", "open", ""),
    (r"\S+ .*\.publicNetworkAccess", "exposure", "publicNetworkAccess", "inside", "open", ""),
    (r"\S+ spec\.(properties\.)?network(Acls|ACLs|RuleSet|RuleSets)\.defaultAction", "exposure", "defaultAction", "always",
     "open", ""),
    (r"batch/BatchAccount spec\.networkProfile\.accountAccess\.defaultAction", "exposure", "defaultAction", "always", "open", ""),
    (r"batch/BatchAccount .*\.defaultAction", "exposure", "defaultAction", "inside", "open", ""),
    (r"web/Site .*SecurityRestrictionsDefaultAction", "exposure", "defaultAction", "present", "open", ""),
    (r"containerservice/ManagedCluster .*\.enablePrivateCluster", "exposure", "privateCluster", "always", "closed", ""),
    (r"\S+ .*\.enablePrivateCluster", "exposure", "privateCluster", "inside", "closed", ""),
    (r"storage/StorageAccount spec\.allowBlobPublicAccess", "exposure", "publicAccess", "always", "open",
     "allowed by default in older API versions"),
    (r"\S+ .*\.allowBlobPublicAccess", "exposure", "publicAccess", "inside", "open", ""),
    (r"storage/StorageAccountsBlobServicesContainer spec\.publicAccess", "exposure", "publicAccess", "present", "open", ""),
    (r"machinelearningservices/\w+ .*\.remoteLoginPortPublicAccess", "exposure", "publicAccess", "inside", "open",
     "open by default without a network"),
    (r"machinelearningservices/\w+ .*(sshPublicAccess|allowPublicAccessWhenBehindVnet)", "exposure", "publicAccess",
     "present", "open", ""),
    (r"app/ContainerApp .*\.external", "exposure", "external", "present", "open", ""),
    (r"redhatopenshift/\w+ spec\.(properties\.api|apiserverProfile)\.visibility", "exposure", "external", "always", "open", ""),
    (r"redhatopenshift/OpenShiftCluster spec\.ingressProfiles\[\]\.visibility", "exposure", "external", "inside", "open", ""),
    (r"app/ManagedEnvironment spec\.vnetConfiguration\.internal", "exposure", "external", "always", "closed", ""),
    (r"apimanagement/Service spec\.virtualNetworkType", "exposure", "privateNetwork", "present", "internal", ""),
    (r"(dbformysql|dbforpostgresql)/FlexibleServer spec\.network\.delegatedSubnetResourceReference", "exposure",
     "privateNetwork", "present", "closes", ""),
    (r"documentdb/CassandraDataCenter spec\.properties\.delegatedSubnetReference", "exposure", "privateNetwork", "present",
     "closes", ""),
    (r"network/(NetworkInterface|LoadBalancer|ApplicationGateway|AzureFirewall|BastionHost|VirtualNetworkGateway) "
     r".*\.publicIPAddress\.reference", "exposure", "publicIP", "present", "opens", ""),
    (r"network/LoadBalancer spec\.frontendIPConfigurations\[\]\.publicIPPrefix\.reference", "exposure", "publicIP", "present",
     "opens", ""),
    (r"apimanagement/Service .*publicIpAddressReference", "exposure", "publicIP", "present", "opens", ""),
    (r"kusto/Cluster spec\.virtualNetworkConfiguration\.\w+PublicIpReference", "exposure", "publicIP", "present", "opens", ""),
    (r"\S+ .*\.enableIPForwarding", "exposure", "ipForwarding", "present", "open", ""),
    (r"network/ApplicationGateway spec\.firewallPolicy\.reference", "exposure", "webApplicationFirewall", "always", "closes",
     ""),
    (r"network/ApplicationGateway spec\.webApplicationFirewallConfiguration\.enabled", "exposure", "webApplicationFirewall",
     "present", "closed", "one of both is enough"),
    (r"cdn/ProfilesEndpoint spec\.webApplicationFirewallPolicyLink\.reference", "exposure", "webApplicationFirewall", "always",
     "closes", ""),
    (r"keyvault/Vault spec\.properties\.enableRbacAuthorization", "exposure", "rbacAuthorization", "always", "closed", ""),
    (r"containerservice/ManagedCluster spec\.aadProfile\.enableAzureRBAC", "exposure", "rbacAuthorization", "always", "closed",
     ""),
    (r"compute/(Disk|Snapshot) spec\.networkAccessPolicy", "exposure", "networkAccessPolicy", "always", "text",
     "AllowAll by default"),
    (r"containerinstance/ContainerGroup spec\.ipAddress\.type", "exposure", "external", "present", "open", ""),
    (r"\S+ .*\.enableNodePublicIP", "exposure", "nodePublicIP", "present", "open", ""),
    (r"machinelearningservices/\w+ .*\.enableNodePublicIp", "exposure", "nodePublicIP", "inside", "open", "on by default"),
    (r"\S+ .*\.serverlessComputeNoPublicIP", "exposure", "nodePublicIP", "inside", "closed", ""),
    (r"documentdb/DatabaseAccount spec\.isVirtualNetworkFilterEnabled", "exposure", "networkFilter", "present", "closed", ""),
    (r"(cache|dbformysql|dbforpostgresql|sql|documentdb)/\w*FirewallRule .*\.(startIP|startIpAddress|startIPv6Address)",
     "exposure", "startIP", "always", "text", ""),
    (r"(cache|dbformysql|dbforpostgresql|sql|documentdb)/\w*FirewallRule .*\.(endIP|endIpAddress|endIPv6Address)",
     "exposure", "endIP", "always", "text", ""),
    (r"\S+ .*(ipRules|ipv6Rules|inboundIpRules|ipFilterRules)\[\]\.(value|ipMask|ipAddressOrRange|addressPrefix)", "exposure",
     "allowedIP", "present", "text", "an element's action may say Deny"),
    (r"\S+ .*(authorizedIPRanges|allowedIpRangeList|authorizedCidrs)\[\]", "exposure", "allowedIP", "present", "text", ""),
    (r"web/Site .*pSecurityRestrictions\[\]\.ipAddress", "exposure", "allowedIP", "present", "text",
     "an element's action may say Deny"),
    (r"app/ContainerApp .*ipSecurityRestrictions\[\]\.ipAddressRange", "exposure", "allowedIP", "present", "text",
     "an element's action may say Deny"),
    (r"network/NetworkSecurityGroupsSecurityRule spec\.sourceAddressPrefix(es\[\])?", "exposure", "sourceAddress", "present",
     "text", "the rule's access may say Deny"),
    (r"\S+ spec(\.properties|\.features)?\.[dD]isableLocalAuth", "exposure", "localAuthentication", "always", "closed", ""),
    (r"\S+ .*\.disableLocalAuth", "exposure", "localAuthentication", "inside", "closed", ""),
    (r"cache/Redis spec\.disableAccessKeyAuthentication", "exposure", "localAuthentication", "always", "closed", ""),
    (r"cache/RedisEnterpriseDatabase spec\.accessKeysAuthentication", "exposure", "localAuthentication", "always", "open", ""),
    (r"containerservice/ManagedCluster spec\.disableLocalAccounts", "exposure", "localAuthentication", "always", "closed", ""),
    (r"dbforpostgresql/FlexibleServer spec\.authConfig\.passwordAuth", "exposure", "localAuthentication", "always", "open", ""),
    (r"(sql|synapse)/\w+ spec\.(administrators\.)?azureADOnlyAuthentication", "exposure", "localAuthentication", "always",
     "closed", ""),
    (r"storage/StorageAccount spec\.isLocalUserEnabled", "exposure", "localAuthentication", "present", "open",
     "users of SFTP"),
    (r"containerregistry/Registry spec\.adminUserEnabled", "exposure", "localAuthentication", "present", "open", ""),
    (r"storage/StorageAccount spec\.allowSharedKeyAccess", "exposure", "localAuthentication", "always", "open", ""),
    (r"\S+ .*\.(enablePurgeProtection|enableSoftDelete)", "-", "", "", "", "retention, not exposure"),
    (r"\S+ .*(networkRuleBypassOptions|networkAclBypass|[aA]cls\.bypass)", "exposure", "bypass", "always", "text", ""),
    (r"synapse/Workspace spec\.trustedServiceBypassEnabled", "exposure", "bypass", "always", "text", "true or false"),
]

TLS = [
    (r"\S+ spec\.(properties\.)?(minimumTlsVersion|minimalTlsVersion|minTlsVersion)", "tls", "minimumVersion", "always",
     "tls", ""),
    (r"cdn/AfdCustomDomain spec\.tlsSettings\.minimumTlsVersion", "tls", "minimumVersion", "always", "tls", ""),
    (r"web/Site spec\.siteConfig\.(minTlsVersion|scmMinTlsVersion)", "tls", "minimumVersion", "present", "tls", ""),
    (r"\S+ .*\.(minimalTlsVersion|minProtocolVersion)", "tls", "minimumVersion", "inside", "tls", ""),
    (r"storage/StorageAccount spec\.supportsHttpsTrafficOnly", "tls", "encryptedOnly", "present", "closed", ""),
    (r"web/Site spec\.httpsOnly", "tls", "encryptedOnly", "always", "closed", ""),
    (r"app/AuthConfig spec\.httpSettings\.requireHttps", "tls", "encryptedOnly", "present", "closed", ""),
    (r"app/ContainerApp spec\.configuration\.ingress\.allowInsecure", "tls", "encryptedOnly", "present", "open", ""),
    (r"cache/Redis spec\.enableNonSslPort", "tls", "encryptedOnly", "present", "open", ""),
    (r"cdn/ProfilesEndpoint spec\.isHttpAllowed", "tls", "encryptedOnly", "always", "open", "allowed by default"),
    (r"cdn/Route spec\.httpsRedirect", "tls", "encryptedOnly", "always", "closed", ""),
    (r"dbformariadb/Server .*\.sslEnforcement", "tls", "encryptedOnly", "inside", "closed", ""),
    (r"web/Site spec\.siteConfig\.ftpsState", "tls", "encryptedOnly", "present", "open", "AllAllowed"),
    (r"apimanagement/ServiceGatewayHostnameConfiguration spec\.tls1[01]Enabled", "tls", "oldVersion", "present", "open", ""),
]

# What a provider leaves without redundancy if nothing is said.
ZONE = [
    (r"cache/Redis spec\.zonalAllocationPolicy", "zone", "redundant", "present", "closed", "Automatic; or zones"),
    (r"\S+ .*\[\]\.isZoneRedundant", "zone", "redundant", "inside", "closed", ""),
    (r"\S+ .*(zoneRedundant|zoneRedundancy)", "zone", "redundant", "always", "closed", ""),
    (r"(dbformysql|dbforpostgresql)/FlexibleServer spec\.highAvailability\.mode", "zone", "redundant", "always",
     "zoneRedundant", ""),
    (r"documentdb/MongoCluster spec\.properties\.highAvailability\.targetMode", "zone", "redundant", "always", "zoneRedundant",
     ""),
    (r"(storage/StorageAccount|compute/Disk|compute/Snapshot) spec\.sku\.name", "zone", "redundant", "always", "ZRS", ""),
    (r"dataprotection/BackupVault spec\.properties\.storageSettings\[\]\.type", "zone", "redundant", "inside", "zoneRedundant",
     ""),
    (r"documentdb/CassandraDataCenter spec\.properties\.availabilityZone", "zone", "redundant", "always", "closed", ""),
    (r"\S+ .*([zZ]ones\[\]|vailabilityZone)", "zone", "zone", "present", "text", ""),
    (r"\S+ spec\.extendedLocation\.name", "zone", "edgeZone", "present", "text", "an edge zone or a custom location"),
]

# Lists of zones as a whole: how many there are, and where several of them mean redundancy.
ZONES = [
    (r"network/LoadBalancer .*[zZ]ones\[\]", "zone", "zones", "present", "text", "of a public frontend its address tells", "",
     r"\[\]$"),
    (r"storage/StorageAccount spec\.zones\[\]", "zone", "zones", "present", "text", "", "", r"\[\]$"),
    (r"\S+ .*\[\]\.\w*[zZ]ones\[\]", "zone", "zones", "inside", "text", "", "", r"\[\]$"),
    (r"\S+ .*[zZ]ones\[\]", "zone", "zones", "always", "text", "", "", r"\[\]$"),
]
SPREAD = [
    (r"compute/(VirtualMachine|Disk|CapacityReservation|CapacityReservationGroup) .*", "-", "", "", "", "in one zone or in none"),
    (r"(containerinstance/ContainerGroup|network/NatGateway|storage/StorageAccount) .*", "-", "", "", "",
     "in one zone or in none"),
    (r"network/LoadBalancer .*[zZ]ones\[\]", "zone", "redundant", "present", "several", "", "", r"\[\]$"),
    (r"\S+ .*\[\]\.\w*[zZ]ones\[\]", "zone", "redundant", "inside", "several", "", "", r"\[\]$"),
    (r"\S+ .*[zZ]ones\[\]", "zone", "redundant", "always", "several", "", "", r"\[\]$"),
]

# Objects and lists whose existence tells something.
CONTAINERS = [
    (r"compute/\w+ .*\.publicIPAddressConfiguration", "exposure", "publicIP", "present", "opens", ""),
    (r"batch/BatchAccount spec\.allowedAuthenticationModes\[\]", "exposure", "localAuthentication", "always", "modes",
     "all modes by default", "", r"\[\]$"),
    (r"documentdb/DatabaseAccount spec\.ipRules\[\]", "exposure", "firewall", "always", "closes", "", "", r"\[\]$"),
    (r"(kusto/Cluster spec\.allowedIpRangeList|eventgrid/\w+ spec\.inboundIpRules)\[\]", "exposure", "firewall", "always",
     "closes", "", "", r"\[\]$"),
    (r"(search/SearchService spec\.networkRuleSet|notificationhubs/Namespace spec\.properties\.networkAcls)\.ipRules\[\]",
     "exposure", "firewall", "always", "closes", "", "", r"\[\]$"),
    (r"containerservice/ManagedCluster spec\.apiServerAccessProfile\.authorizedIPRanges\[\]", "exposure", "firewall",
     "always", "closes", "", "", r"\[\]$"),
    (r"redhatopenshift/HcpOpenShiftCluster spec\.properties\.api\.authorizedCidrs\[\]", "exposure", "firewall",
     "always", "closes", "", "", r"\[\]$"),
    (r"documentdb/DatabaseAccount spec\.backupPolicy", "backup", "retentionDays", "always", "holder",
     "without a policy backups are kept 8 hours"),
    (r"documentdb/DatabaseAccount spec\.backupPolicy\.periodic\.periodicModeProperties", "backup", "retentionDays", "inside",
     "holder", "the same"),
]

ENCRYPTION = [
    (r"storage/StorageAccount spec\.encryption\.keySource", "encryption", "customerManagedKey", "always", "customerKey", ""),
    (r"(eventhub|servicebus|cognitiveservices|batch)/\w+ spec(\.properties)?\.encryption\.keySource", "encryption",
     "customerManagedKey", "always", "customerKey", ""),
    (r"(appconfiguration/ConfigurationStore|machinelearningservices/Workspace) "
     r"spec\.encryption\.keyVaultProperties\.keyIdentifier", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"cache/RedisEnterprise spec\.encryption\.customerManagedKeyEncryption\.keyEncryptionKeyUrl", "encryption",
     "customerManagedKey", "always", "closes", ""),
    (r"compute/(Disk|Snapshot) spec\.encryption\.type", "encryption", "customerManagedKey", "always", "customerKey", ""),
    (r"compute/DiskEncryptionSet spec\.encryptionType", "encryption", "infrastructure", "always", "doubleKey", ""),
    (r"compute/\w+ .*\.securityProfile\.diskEncryptionSet\.reference", "-", "", "", "", "of a confidential machine's state"),
    (r"compute/\w+ .*\.diskEncryptionSet\.reference", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"containerinstance/ContainerGroup spec\.encryptionProperties\.keyName", "encryption", "customerManagedKey", "always",
     "closes", ""),
    (r"containerregistry/Registry spec\.encryption\.status", "encryption", "customerManagedKey", "always", "closed/small", ""),
    (r"(containerservice/ManagedCluster|redhatopenshift/\w+) .*[dD]iskEncryptionSetReference", "encryption",
     "customerManagedKey", "always", "closes", ""),
    (r"redhatopenshift/\w+ .*\.encryptionSetReference", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"redhatopenshift/\w+ .*\.keyManagementMode", "encryption", "customerManagedKey", "always", "customerKey", ""),
    (r"datafactory/Factory spec\.encryption\.keyName", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"(dbformysql|dbforpostgresql)/FlexibleServer spec\.dataEncryption\.type", "encryption", "customerManagedKey", "always",
     "customerKey", ""),
    (r"documentdb/DatabaseAccount spec\.keyVaultKeyUri", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"documentdb/CassandraDataCenter spec\.properties\.(managedDiskCustomerKeyUri(Reference)?|backupStorageCustomerKeyUri)",
     "encryption", "customerManagedKey", "always", "closes", ""),
    (r"kusto/Cluster spec\.keyVaultProperties\.keyName", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"kusto/Cluster spec\.enableDoubleEncryption", "encryption", "infrastructure", "always", "closed", ""),
    (r"kusto/Cluster spec\.enableDiskEncryption", "encryption", "disk", "always", "closed", ""),
    (r"search/SearchService spec\.encryptionWithCmk\.enforcement", "encryption", "customerManagedKey", "always", "closed", ""),
    (r"sql/Server spec\.keyId", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"sql/ServersEncryptionProtector spec\.serverKeyType", "encryption", "customerManagedKey", "always", "customerKey", ""),
    (r"synapse/Workspace spec\.encryption\.cmk\.key\.keyVaultUrl", "encryption", "customerManagedKey", "always", "closes", ""),
    (r"\S+ .*\.requireInfrastructureEncryption", "encryption", "infrastructure", "always", "closed", ""),
    (r"\S+ .*\.(encryptionAtHost|enableEncryptionAtHost)", "encryption", "atHost", "always", "closed", ""),
]
# A disk's type of encryption tells two things.
DOUBLE = [
    (r"compute/(Disk|Snapshot) spec\.encryption\.type", "encryption", "infrastructure", "always", "doubleKey", ""),
]

BACKUP = [
    (r"(dbformysql|dbforpostgresql)/FlexibleServer spec\.backup\.backupRetentionDays", "backup", "retentionDays", "always",
     "days", ""),
    (r"dbformariadb/Server .*\.backupRetentionDays", "backup", "retentionDays", "inside", "days", ""),
    (r"sql/ServersDatabasesBackupShortTermRetentionPolicy spec\.retentionDays", "backup", "retentionDays", "always", "days", ""),
    (r"documentdb/CassandraCluster .*\.retentionInHours", "backup", "retentionDays", "inside", "hours", ""),
    (r"documentdb/DatabaseAccount .*\.backupRetentionIntervalInHours", "backup", "retentionDays", "inside", "hours", ""),
    (r"documentdb/DatabaseAccount .*\.continuousModeProperties\.tier", "backup", "retentionDays", "present", "days",
     "Continuous7Days; 30 by default"),
    (r"dataprotection/BackupVaultsBackupPolicy .*\.absoluteDeleteOption\.duration", "backup", "retentionDays", "inside",
     "duration", ""),
    (r"dbformariadb/Server .*\.geoRedundantBackup", "backup", "geoRedundant", "inside", "closed", ""),
    (r"\S+ .*\.geoRedundantBackup", "backup", "geoRedundant", "always", "closed", ""),
    (r"sql/ServersDatabase spec\.requestedBackupStorageRedundancy", "backup", "geoRedundant", "always", "geoRedundant",
     "Geo by default, and in regions without a pair Zone or Local"),
    (r"documentdb/DatabaseAccount .*\.backupStorageRedundancy", "backup", "geoRedundant", "inside", "geoRedundant", ""),
    (r"dataprotection/BackupVault spec\.properties\.storageSettings\[\]\.type", "backup", "geoRedundant", "inside",
     "geoRedundant", ""),
    (r"storage/StorageAccount spec\.sku\.name", "backup", "geoRedundant", "always", "GRS", ""),
    (r"keyvault/Vault spec\.properties\.enableSoftDelete", "backup", "softDelete", "present", "closed", "on by default"),
    (r"storage/StorageAccounts(Blob|File)Service spec\.\w*[dD]eleteRetentionPolicy\.enabled", "backup", "softDelete", "always",
     "closed", ""),
    (r"dataprotection/BackupVault spec\.properties\.securitySettings\.softDeleteSettings\.state", "backup", "softDelete",
     "always", "closed", ""),
    (r"(keyvault/Vault|appconfiguration/ConfigurationStore) spec(\.properties)?\.softDeleteRetentionInDays", "backup",
     "softDeleteDays", "always", "days", ""),
    (r"storage/StorageAccounts(Blob|File)Service spec\.\w*[dD]eleteRetentionPolicy\.days", "backup", "softDeleteDays",
     "inside", "days", ""),
    (r"dataprotection/BackupVault spec\.properties\.securitySettings\.softDeleteSettings\.retentionDurationInDays", "backup",
     "softDeleteDays", "inside", "days", ""),
    (r"\S+ .*\.enablePurgeProtection", "backup", "purgeProtection", "always", "closed", ""),
    (r"storage/StorageAccountsBlobService spec\.isVersioningEnabled", "backup", "versioning", "always", "closed", ""),
    (r"dataprotection/BackupVault spec\.properties\.securitySettings\.immutabilitySettings\.state", "backup", "immutability",
     "always", "closed", ""),
    (r"storage/\w+ spec\.immutableStorageWithVersioning\.enabled", "backup", "immutability", "always", "closed", ""),
    (r"sql/\w+ spec\.timeBasedImmutability", "backup", "immutability", "always", "closed", ""),
]

RESTORE = [
    (r"containerservice/TrustedAccessRoleBinding .*", "-", "", "", "", "a reference to who is trusted"),
    (r"\S+ .*installScripts.*", "-", "", "", "", "a script to install"),
    (r"\S+ .*(createMode|createOption|restoreMode|\.restore)", "restore", "mode", "present", "text", ""),
    (r"\S+ .*(restorePointInTime|pointInTimeUTC|restoreTimestampInUtc|sourceDatabaseDeletionDate)", "restore", "time",
     "present", "text", ""),
    (r"\S+ .*(Reference|sourceUri|restoreSource)", "restore", "source", "present", "text", ""),
    (r"\S+ .*restoreWithTtlDisabled", "-", "", "", "", "a detail of the restore"),
]

# Which facts of aso-policy-facts.csv the rules must decide on: a fact that no rule knows stops the script.
BY_FACT = {
    "location": PLACEMENT, "location-extra": PLACEMENT, "tags": PLACEMENT,
    "sku-name": SKU, "sku-tier": SKU, "sku-family": SKU, "sku-size": SKU, "sku-capacity": SKU, "sku-scalar": SKU,
    "vm-size": SKU, "storage-size": STORAGE, "count": NODES, "identity-type": IDENTITY, "identity-uai": IDENTITY,
    "zones": ZONE, "create-mode": RESTORE,
}
# Rules that are tried on every path of aso-arm-map.csv; no match means that the path says nothing.
ON_ALL_PATHS = [PLACEMENT, SKU, CAPACITY, STORAGE, NODES, IDENTITY, EXPOSURE, TLS, ZONE, ENCRYPTION, DOUBLE, BACKUP]
# Rules that are tried on the paths of objects and of lists' elements.
ON_CONTAINERS = [CONTAINERS, ZONES, SPREAD]

# Found by name in aso-arm-map.csv as in the facts above, but facts of another resource or of none.
NODES_NOT = re.compile(r".*(parallelism|ruleCount|recordCount|wordCount|kubernetes).*")

# For every kind, and for kinds that the tables do not know (group "*", kind "?").
GENERAL = [
    ("*", "*", "metadata.annotations['serviceoperator.azure.com/credential-from']", "credential", "name", "present", "text", ""),
    ("*", "*", "spec.owner.name", "owner", "name", "present", "text", ""),
    ("*", "*", "spec.owner.armId", "owner", "armID", "present", "text", ""),
    ("*", "*", "spec.owner.group", "owner", "group", "present", "text", ""),
    ("*", "*", "spec.owner.kind", "owner", "kind", "present", "text", ""),
    ("*", "?", "spec.location", "location", "region", "present", "region", ""),
    ("*", "?", "spec.sku.name", "sku", "name", "present", "text", ""),
    ("*", "?", "spec.sku.tier", "sku", "tier", "present", "text", ""),
    ("*", "?", "spec.sku.family", "sku", "family", "present", "text", ""),
    ("*", "?", "spec.sku.size", "sku", "size", "present", "text", ""),
    ("*", "?", "spec.sku.capacity", "sku", "capacity", "present", "number", ""),
    ("*", "?", "spec.sku.capacity", "capacity", "capacity", "present", "number", ""),
    ("*", "?", "spec.properties.sku.name", "sku", "name", "present", "text", ""),
    ("*", "?", "spec.properties.sku.tier", "sku", "tier", "present", "text", ""),
    ("*", "?", "spec.tags", "tags", "map", "present", "text", ""),
    ("*", "?", "spec.identity.type", "identity", "type", "present", "text", ""),
    ("*", "?", "spec.identity.userAssignedIdentities[].reference", "identity", "userAssigned", "present", "text", ""),
    ("*", "?", "spec.publicNetworkAccess", "exposure", "publicNetworkAccess", "present", "open", ""),
    ("*", "?", "spec.properties.publicNetworkAccess", "exposure", "publicNetworkAccess", "present", "open", ""),
    ("*", "?", "spec.disableLocalAuth", "exposure", "localAuthentication", "present", "closed", ""),
    ("*", "?", "spec.properties.disableLocalAuth", "exposure", "localAuthentication", "present", "closed", ""),
    ("*", "?", "spec.networkAcls.defaultAction", "exposure", "defaultAction", "present", "open", ""),
    ("*", "?", "spec.properties.networkAcls.defaultAction", "exposure", "defaultAction", "present", "open", ""),
    ("*", "?", "spec.zoneRedundant", "zone", "redundant", "present", "closed", ""),
    ("*", "?", "spec.minimumTlsVersion", "tls", "minimumVersion", "present", "tls", ""),
    ("*", "?", "spec.minimalTlsVersion", "tls", "minimumVersion", "present", "tls", ""),
    ("*", "?", "spec.zones[]", "zone", "zone", "present", "text", ""),
    ("*", "?", "spec.createMode", "restore", "mode", "present", "text", ""),
]


def read(folder, name):
    with open(f"{folder}/{name}", newline="") as file:
        return list(csv.DictReader(file))


def subject(row):
    return f"{row['group'].removesuffix('.azure.com')}/{row['kind']} {row['crd_path']}"


def decide(rules, text):
    """The row that the first matching rule gives: (facet, part, absence, sense, note, path), or None."""
    for pattern, facet, part, absence, sense, note, *more in rules:
        match = re.fullmatch(pattern, text)
        if not match:
            continue
        path = text.split(" ", 1)[1]
        if len(more) > 1:
            path = re.sub(more[1], "", path)
        if more:
            path += more[0]
        return facet, part or match.groupdict().get("part", ""), absence, sense, note, path
    return None


def switch(row, sense):
    """What a switch reads as: those that are booleans are told apart from words, for messages that say what to write."""
    return {"open": "trueOpens", "closed": "trueCloses"}.get(sense, sense) if row.get("crd_type") == "bool" else sense


def kinds(facts):
    rows = []
    for row in read(facts, "aso-kinds.csv"):
        arm_type = row["arm_resource_type"] if "not ARM" not in row["arm_resource_type"] else "-"
        if row["fixed_azure_name"]:
            name = "fixed:" + row["fixed_azure_name"]
        else:
            name = "spec" if row["has_azure_name"] == "yes" else "none"
        rows.append((row["group"], row["kind"], row["plural"], row["versions"].replace(";", " "), row["api_version"],
                     arm_type, row["arm_api_version"] or "-", row["scope"],
                     row["owner_kinds"].replace("*any*", "*").replace(";", " ") or "-", name))
    return sorted(rows)


def facets(facts):
    """All facets but the general ones, and how a path was decided so that deltas can be decided alike."""
    rows = set()
    for row in read(facts, "aso-policy-facts.csv"):
        rules = BY_FACT.get(row["fact"])
        if rules is None:
            continue
        decision = decide(rules, subject(row))
        if decision is None:
            sys.exit(f"no rule decides on {row['fact']}: {subject(row)}")
        facet, part, absence, sense, note, path = decision
        sense = switch(row, sense)
        if facet:
            rows.add((row["group"], row["kind"], path, facet, part or "-", absence or "-", sense or "-", note))
    for row in read(facts, "aso-policy-facts.csv"):
        if row["fact"] == "identity-other":
            rows.add((row["group"], row["kind"], row["crd_path"], "identity", "userAssigned", "present", "text", ""))
    for row in read(facts, "aso-arm-map.csv"):
        if row["rule"] in ("object", "object-list", "oneof-object", "list"):
            rows.update(decisions(row, ON_CONTAINERS))
        if row["rule"] in ("object", "object-list", "object-map", "oneof-object", "secret", "secret-map", "configmap", "name"):
            continue
        rows.update(decisions(row))
    return rows


def decisions(row, tables=ON_ALL_PATHS):
    for rules in tables:
        if rules is NODES and (NODES_NOT.match(row["crd_path"]) or row["rule"] != "scalar"):
            continue
        decision = decide(rules, subject(row))
        if decision is None or decision[0] in ("", "-"):
            continue
        facet, part, absence, sense, note, path = decision
        sense = switch(row, sense)
        yield (row["group"], row["kind"], path, facet, part or "-", absence, sense, note)


def leaves(schema, path):
    if "items" in schema:
        yield path + "[]"
        yield from leaves(schema["items"], path + "[]")
    if isinstance(schema.get("additionalProperties"), dict):
        yield path + "{}"
        yield from leaves(schema["additionalProperties"], path + "{}")
    for name, member in (schema.get("properties") or {}).items():
        yield f"{path}.{name}"
        yield from leaves(member, f"{path}.{name}")


# Paths of single versions that the rules do not reach by their names, decided one by one. As references they need no row:
# those are looked for everywhere.
DELTAS = {
    "DatabaseAccount spec.networkAclBypassResourceIds[]": ("-", "-"),
    "FlexibleServer spec.sourceServerResourceId": ("restore", "source"),
    "Workspace spec.encryption.identity.userAssignedIdentity": ("identity", "resourceID"),
    "Workspace spec.encryption.keyVaultProperties.keyVaultArmId": ("-", "-"),
    "WorkspacesCompute spec.properties.aks.properties.loadBalancerSubnet": ("-", "-"),
}


def deltas(archive, hubs):
    """Paths of a version that the newest version lacks: those that are facts, and for the record the others."""
    rows = []
    with tarfile.open(archive) as tar:
        for member in tar:
            if not member.isfile() or not member.name.endswith(".json"):
                continue
            crd = json.load(tar.extractfile(member))
            group, kind = crd["spec"]["group"], crd["spec"]["names"]["kind"]
            paths = {}
            for version in crd["spec"]["versions"]:
                if not version["name"].endswith("storage"):
                    spec = version["schema"]["openAPIV3Schema"]["properties"].get("spec", {})
                    paths[version["name"]] = set(leaves(spec, "spec"))
            hub = hubs[group, kind]
            for version in paths:
                for path in sorted(paths[version] - paths[hub]):
                    rows += delta(group, kind, version, path)
    return sorted(rows)


def delta(group, kind, version, path):
    row = {"group": group, "kind": kind, "crd_path": path, "rule": "scalar"}
    found = [(group, kind, version, p, facet, part, "present", sense, note)
             for tables in (ON_ALL_PATHS, ON_CONTAINERS) for _, _, p, facet, part, _, sense, note in decisions(row, tables)]
    if f"{kind} {path}" in DELTAS:
        facet, part = DELTAS[f"{kind} {path}"]
        absence, sense = ("-", "-") if facet == "-" else ("present", "text")
        found = [(group, kind, version, path, facet, part, absence, sense, "a resource ID as a plain string")]
    return found or [(group, kind, version, path, "-", "-", "-", "-", "")]


def write(out, name, columns, head, rows):
    with open(f"{out}/{name}", "w") as file:
        file.write("".join(f"# {line}\n" for line in head) + "\t".join(columns) + "\n")
        file.writelines("\t".join(row) + "\n" for row in rows)


def arm_fields(facts):
    """Where the fields of a resource go in the body that Azure Resource Manager gets."""
    types = {"string", "int", "bool", "float64"}
    with open(f"{facts}/aso-arm-map.csv", newline="") as file:
        for row in csv.DictReader(file):
            path, arm = row["crd_path"], row["arm_path"]
            if not path.startswith("spec.") or not arm:  # an object that becomes the whole body has no place in it
                continue
            rule = "scalar" if row["rule"] in ("enum", "OTHER") else row["rule"]
            crd_type = {"float64": "double"}.get(row["crd_type"], row["crd_type"]) if row["crd_type"] in types else "-"
            if rule == "scalar" and crd_type == "-":
                crd_type = "string" if row["rule"] == "enum" else "-"
            if rule == "list" and crd_type == "-":
                crd_type = "string"
            default = arm == "properties." + path.removeprefix("spec.")
            yield [row["group"], row["kind"], path, "=" if default else arm, rule, crd_type]


def main(facts, archive, out):
    all_kinds = kinds(facts)
    write(out, "kinds.tsv",
          ["group", "kind", "plural", "versions", "newest", "armType", "armVersion", "scope", "owners", "azureName"],
          [f"Kinds of ASO: {SOURCE}", "versions: without the <version>storage twin that each has; owners: * is any resource;",
           "azureName: spec (spec.azureName is allowed), fixed:<name>, none"], all_kinds)
    rows = sorted(facets(facts), key=lambda r: (r[0], r[1], r[2], r[3], r[4]))
    write(out, "facets.tsv", ["group", "kind", "path", "facet", "part", "absence", "sense", "note"],
          [f"Where kinds keep what policies speak of: {SOURCE}",
           "group *: every kind; kind ?: kinds that kinds.tsv does not list. facet -: looks like a fact and is none.",
           "absence: when a missing value is told: always, inside (only where the object exists that should hold it), present (never)",
           "sense: how the value reads: a unit; a region; machine and vCore: names that tell vCores; open and closed: what",
           "Enabled or Allow leaves; open/small and closed/small: the same in small letters; trueOpens and trueCloses: the same of",
           "booleans; opens and closes: what its existence does;",
           "holder: only its absence tells; tls: a version; customerKey, doubleKey, internal, zoneRedundant, ZRS, geoRedundant,",
           "GRS: words that close; several: a list of two or more closes; modes: a list without SharedKey does"],
          sorted(GENERAL) + rows)
    write(out, "deltas.tsv", ["group", "kind", "version", "path", "facet", "part", "absence", "sense", "note"],
          [f"Paths of single versions that the newest version lacks: {SOURCE}",
           "They are read in every version: where a version has no such path, no object has it."],
          deltas(archive, {(row[0], row[1]): row[4] for row in all_kinds}))
    write(out, "armfields.tsv", ["group", "kind", "path", "armPath", "rule", "type"],
          [f"Where fields go in the body that Azure Resource Manager gets: {SOURCE}",
           "armPath: =, the path below properties instead of spec; [] each element of a list, {} each value of a map",
           "rule: scalar, object, list, map, ref (a reference becomes an ID), secret and configmap (a value from elsewhere), …"],
          sorted(arm_fields(facts), key=lambda r: (r[0], r[1], r[2], r[3])))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
