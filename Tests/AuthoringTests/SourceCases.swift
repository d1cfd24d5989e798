import Testing

/// A resource in the words of each source, and a field that policies speak of.
struct SourceCase: Sendable, CustomTestStringConvertible {
    /// `group/Kind` of Azure Service Operator, without `.azure.com`.
    let kind: String
    /// Its `spec`, without owner.
    let spec: String
    let terraform: String
    /// azurerm's attributes.
    let attributes: String
    /// The type in Azure Resource Manager, and the body of the resource.
    let type: String
    let body: String
    /// The field in `spec` without `spec.`, azurerm's attribute, and the property.
    let field: (spec: String, attribute: String, property: String)

    init(
        _ kind: String,
        _ spec: String,
        _ terraform: String,
        _ attributes: String,
        _ type: String,
        _ body: String,
        _ field: (String, String, String)
    ) {
        self.kind = kind
        self.spec = spec
        self.terraform = terraform
        self.attributes = attributes
        self.type = type
        self.body = body
        self.field = field
    }

    var testDescription: String { "\(terraform) as \(kind)" }
}

extension SourceCase {
    static let network = ("publicNetworkAccess", "public_network_access_enabled", "properties.publicNetworkAccess")

    /// One of each type; nothing is as the policy of the tests wants it.
    static let all: [SourceCase] = [
        SourceCase(
            "resources/ResourceGroup",
            #"{"location": "eastus"}"#,
            "resource_group",
            #"{"location": "eastus"}"#,
            "Microsoft.Resources/resourceGroups",
            #"{"location": "eastus"}"#,
            ("location", "location", "location")
        ),
        SourceCase(
            "storage/StorageAccount",
            #"""
            {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "publicNetworkAccess": "Enabled",
            "allowBlobPublicAccess": true, "allowSharedKeyAccess": true, "minimumTlsVersion": "TLS1_0",
            "supportsHttpsTrafficOnly": false, "encryption": {"requireInfrastructureEncryption": false},
            "isLocalUserEnabled": true, "networkAcls": {"defaultAction": "Allow", "bypass": "AzureServices",
            "ipRules": [{"value": "10.1.0.0/16"}, {"value": "203.0.113.0/24"}]}}
            """#,
            "storage_account",
            #"""
            {"location": "eastus", "account_tier": "Standard", "account_replication_type": "LRS", "account_kind": "StorageV2",
            "public_network_access_enabled": true, "allow_nested_items_to_be_public": true, "shared_access_key_enabled": true,
            "min_tls_version": "TLS1_0", "https_traffic_only_enabled": false, "infrastructure_encryption_enabled": false,
            "network_rules": [{"default_action": "Allow", "bypass": ["AzureServices"],
            "ip_rules": ["10.1.0.0/16", "203.0.113.0/24"]}]}
            """#,
            "Microsoft.Storage/storageAccounts",
            #"""
            {"location": "eastus", "kind": "StorageV2", "sku": {"name": "Standard_LRS"}, "properties": {
            "publicNetworkAccess": "Enabled", "allowBlobPublicAccess": true, "allowSharedKeyAccess": true,
            "minimumTlsVersion": "TLS1_0", "supportsHttpsTrafficOnly": false, "isLocalUserEnabled": true,
            "encryption": {"requireInfrastructureEncryption": false}, "networkAcls": {"defaultAction": "Allow",
            "bypass": "AzureServices", "ipRules": [{"value": "10.1.0.0/16"}, {"value": "203.0.113.0/24"}]}}}
            """#,
            ("networkAcls.ipRules[1].value", "network_rules[0].ip_rules[1]", "properties.networkAcls.ipRules[1].value")
        ),
        SourceCase(
            "storage/StorageAccountsBlobServicesContainer",
            #"{"publicAccess": "Blob"}"#,
            "storage_container",
            #"{"container_access_type": "blob"}"#,
            "Microsoft.Storage/storageAccounts/blobServices/containers",
            #"{"properties": {"publicAccess": "Blob"}}"#,
            ("publicAccess", "container_access_type", "properties.publicAccess")
        ),
        SourceCase(
            "keyvault/Vault",
            #"""
            {"location": "eastus", "properties": {"sku": {"name": "standard"}, "publicNetworkAccess": "enabled",
            "enablePurgeProtection": false, "softDeleteRetentionInDays": 7, "enableRbacAuthorization": false,
            "networkAcls": {"defaultAction": "Allow", "bypass": "AzureServices", "ipRules": [{"value": "203.0.113.7"}]}}}
            """#,
            "key_vault",
            #"""
            {"location": "eastus", "sku_name": "standard", "public_network_access_enabled": true,
            "purge_protection_enabled": false, "soft_delete_retention_days": 7, "rbac_authorization_enabled": false,
            "network_acls": [{"default_action": "Allow", "bypass": "AzureServices", "ip_rules": ["203.0.113.7"]}]}
            """#,
            "Microsoft.KeyVault/vaults",
            #"""
            {"location": "eastus", "properties": {"sku": {"name": "standard"}, "publicNetworkAccess": "enabled",
            "enablePurgeProtection": false, "softDeleteRetentionInDays": 7, "enableRbacAuthorization": false,
            "networkAcls": {"defaultAction": "Allow", "bypass": "AzureServices", "ipRules": [{"value": "203.0.113.7"}]}}}
            """#,
            (
                "properties.softDeleteRetentionInDays", "soft_delete_retention_days",
                "properties.softDeleteRetentionInDays"
            )
        ),
        SourceCase(
            "sql/Server",
            #"""
            {"location": "eastus", "publicNetworkAccess": "Enabled", "minimalTlsVersion": "1.0", "version": "12.0",
            "administrators": {"azureADOnlyAuthentication": false}}
            """#,
            "mssql_server",
            #"""
            {"location": "eastus", "public_network_access_enabled": true, "minimum_tls_version": "1.0", "version": "12.0",
            "azuread_administrator": [{"azuread_authentication_only": false}]}
            """#,
            "Microsoft.Sql/servers",
            #"""
            {"location": "eastus", "properties": {"publicNetworkAccess": "Enabled", "minimalTlsVersion": "1.0",
            "version": "12.0", "administrators": {"azureADOnlyAuthentication": false}}}
            """#,
            (
                "administrators.azureADOnlyAuthentication", "azuread_administrator[0].azuread_authentication_only",
                "properties.administrators.azureADOnlyAuthentication"
            )
        ),
        SourceCase(
            "sql/ServersElasticPool",
            #"""
            {"location": "eastus", "sku": {"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 8},
            "maxSizeBytes": 10737418240, "zoneRedundant": false}
            """#,
            "mssql_elasticpool",
            #"""
            {"location": "eastus", "max_size_gb": 10, "zone_redundant": false,
            "sku": [{"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 8}]}
            """#,
            "Microsoft.Sql/servers/elasticPools",
            #"""
            {"location": "eastus", "sku": {"name": "GP_Gen5", "tier": "GeneralPurpose", "family": "Gen5", "capacity": 8},
            "properties": {"maxSizeBytes": 10737418240, "zoneRedundant": false}}
            """#,
            ("maxSizeBytes", "max_size_gb", "properties.maxSizeBytes")
        ),
        SourceCase(
            "sql/ServersFirewallRule",
            #"{"startIpAddress": "203.0.113.1", "endIpAddress": "203.0.113.9"}"#,
            "mssql_firewall_rule",
            #"{"start_ip_address": "203.0.113.1", "end_ip_address": "203.0.113.9"}"#,
            "Microsoft.Sql/servers/firewallRules",
            #"{"properties": {"startIpAddress": "203.0.113.1", "endIpAddress": "203.0.113.9"}}"#,
            ("startIpAddress", "start_ip_address", "properties.startIpAddress")
        ),
        SourceCase(
            "dbforpostgresql/FlexibleServer",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_D4s_v3", "tier": "GeneralPurpose"},
            "storage": {"storageSizeGB": 32, "autoGrow": "Disabled"}, "network": {"publicNetworkAccess": "Enabled"},
            "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"}, "highAvailability": {"mode": "SameZone"},
            "authConfig": {"passwordAuth": "Enabled", "activeDirectoryAuth": "Enabled"}, "version": "16"}
            """#,
            "postgresql_flexible_server",
            #"""
            {"location": "eastus", "sku_name": "GP_Standard_D4s_v3", "storage_mb": 32768, "version": "16",
            "public_network_access_enabled": true, "backup_retention_days": 7, "geo_redundant_backup_enabled": false,
            "high_availability": [{"mode": "SameZone"}],
            "authentication": [{"password_auth_enabled": true, "active_directory_auth_enabled": true}]}
            """#,
            "Microsoft.DBforPostgreSQL/flexibleServers",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_D4s_v3", "tier": "GeneralPurpose"}, "properties": {
            "storage": {"storageSizeGB": 32, "autoGrow": "Disabled"}, "network": {"publicNetworkAccess": "Enabled"},
            "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"}, "highAvailability": {"mode": "SameZone"},
            "authConfig": {"passwordAuth": "Enabled", "activeDirectoryAuth": "Enabled"}, "version": "16"}}
            """#,
            ("storage.storageSizeGB", "storage_mb", "properties.storage.storageSizeGB")
        ),
        SourceCase(
            "dbforpostgresql/FlexibleServersFirewallRule",
            #"{"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"}"#,
            "postgresql_flexible_server_firewall_rule",
            #"{"start_ip_address": "0.0.0.0", "end_ip_address": "255.255.255.255"}"#,
            "Microsoft.DBforPostgreSQL/flexibleServers/firewallRules",
            #"{"properties": {"startIpAddress": "0.0.0.0", "endIpAddress": "255.255.255.255"}}"#,
            ("startIpAddress", "start_ip_address", "properties.startIpAddress")
        ),
        SourceCase(
            "dbformysql/FlexibleServer",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_B1ms", "tier": "Burstable"}, "storage": {"storageSizeGB": 20},
            "network": {"publicNetworkAccess": "Enabled"}, "backup": {"backupRetentionDays": 7,
            "geoRedundantBackup": "Disabled"}}
            """#,
            "mysql_flexible_server",
            #"""
            {"location": "eastus", "sku_name": "B_Standard_B1ms", "storage": [{"size_gb": 20}],
            "public_network_access": "Enabled", "backup_retention_days": 7, "geo_redundant_backup_enabled": false}
            """#,
            "Microsoft.DBforMySQL/flexibleServers",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_B1ms", "tier": "Burstable"}, "properties": {
            "storage": {"storageSizeGB": 20}, "network": {"publicNetworkAccess": "Enabled"},
            "backup": {"backupRetentionDays": 7, "geoRedundantBackup": "Disabled"}}}
            """#,
            ("network.publicNetworkAccess", "public_network_access", "properties.network.publicNetworkAccess")
        ),
        SourceCase(
            "dbformysql/FlexibleServersFirewallRule",
            #"{"startIpAddress": "203.0.113.1", "endIpAddress": "203.0.113.1"}"#,
            "mysql_flexible_server_firewall_rule",
            #"{"start_ip_address": "203.0.113.1", "end_ip_address": "203.0.113.1"}"#,
            "Microsoft.DBforMySQL/flexibleServers/firewallRules",
            #"{"properties": {"startIpAddress": "203.0.113.1", "endIpAddress": "203.0.113.1"}}"#,
            ("startIpAddress", "start_ip_address", "properties.startIpAddress")
        ),
        SourceCase(
            "documentdb/DatabaseAccount",
            #"""
            {"location": "eastus", "databaseAccountOfferType": "Standard", "publicNetworkAccess": "Enabled",
            "disableLocalAuth": false, "minimalTlsVersion": "Tls11", "isVirtualNetworkFilterEnabled": false,
            "ipRules": [{"ipAddressOrRange": "203.0.113.0/24"}], "networkAclBypass": "AzureServices",
            "locations": [{"locationName": "eastus", "failoverPriority": 0, "isZoneRedundant": false}],
            "backupPolicy": {"periodic": {"type": "Periodic", "periodicModeProperties": {
            "backupRetentionIntervalInHours": 8, "backupStorageRedundancy": "Local"}}}}
            """#,
            "cosmosdb_account",
            #"""
            {"location": "eastus", "offer_type": "Standard", "public_network_access_enabled": true,
            "local_authentication_disabled": false, "minimal_tls_version": "Tls11",
            "is_virtual_network_filter_enabled": false, "ip_range_filter": ["203.0.113.0/24"],
            "network_acl_bypass_for_azure_services": true,
            "geo_location": [{"location": "eastus", "failover_priority": 0, "zone_redundant": false}],
            "backup": [{"type": "Periodic", "retention_in_hours": 8, "storage_redundancy": "Local"}]}
            """#,
            "Microsoft.DocumentDB/databaseAccounts",
            #"""
            {"location": "eastus", "properties": {"databaseAccountOfferType": "Standard", "publicNetworkAccess": "Enabled",
            "disableLocalAuth": false, "minimalTlsVersion": "Tls11", "isVirtualNetworkFilterEnabled": false,
            "ipRules": [{"ipAddressOrRange": "203.0.113.0/24"}], "networkAclBypass": "AzureServices",
            "locations": [{"locationName": "eastus", "failoverPriority": 0, "isZoneRedundant": false}],
            "backupPolicy": {"type": "Periodic", "periodicModeProperties": {
            "backupRetentionIntervalInHours": 8, "backupStorageRedundancy": "Local"}}}}
            """#,
            ("locations[0].locationName", "geo_location[0].location", "properties.locations[0].locationName")
        ),
        SourceCase(
            "cache/Redis",
            #"""
            {"location": "eastus", "sku": {"name": "Premium", "family": "P", "capacity": 2}, "publicNetworkAccess": "Enabled",
            "minimumTlsVersion": "1.0", "enableNonSslPort": true, "disableAccessKeyAuthentication": false, "shardCount": 3,
            "zones": ["1"]}
            """#,
            "redis_cache",
            #"""
            {"location": "eastus", "sku_name": "Premium", "family": "P", "capacity": 2, "public_network_access_enabled": true,
            "minimum_tls_version": "1.0", "non_ssl_port_enabled": true, "access_keys_authentication_enabled": true,
            "shard_count": 3, "zones": ["1"]}
            """#,
            "Microsoft.Cache/redis",
            #"""
            {"location": "eastus", "zones": ["1"], "properties": {"sku": {"name": "Premium", "family": "P", "capacity": 2},
            "publicNetworkAccess": "Enabled", "minimumTlsVersion": "1.0", "enableNonSslPort": true,
            "disableAccessKeyAuthentication": false, "shardCount": 3}}
            """#,
            ("sku.capacity", "capacity", "properties.sku.capacity")
        ),
        SourceCase(
            "cache/RedisFirewallRule",
            #"{"startIP": "203.0.113.1", "endIP": "203.0.113.2"}"#,
            "redis_firewall_rule",
            #"{"start_ip": "203.0.113.1", "end_ip": "203.0.113.2"}"#,
            "Microsoft.Cache/redis/firewallRules",
            #"{"properties": {"startIP": "203.0.113.1", "endIP": "203.0.113.2"}}"#,
            ("startIP", "start_ip", "properties.startIP")
        ),
        SourceCase(
            "servicebus/Namespace",
            #"""
            {"location": "eastus", "sku": {"name": "Premium", "tier": "Premium", "capacity": 4}, "disableLocalAuth": false,
            "publicNetworkAccess": "Enabled", "minimumTlsVersion": "1.0", "zoneRedundant": false}
            """#,
            "servicebus_namespace",
            #"""
            {"location": "eastus", "sku": "Premium", "capacity": 4, "local_auth_enabled": true,
            "public_network_access_enabled": true, "minimum_tls_version": "1.0", "zone_redundant": false}
            """#,
            "Microsoft.ServiceBus/namespaces",
            #"""
            {"location": "eastus", "sku": {"name": "Premium", "tier": "Premium", "capacity": 4}, "properties": {
            "disableLocalAuth": false, "publicNetworkAccess": "Enabled", "minimumTlsVersion": "1.0", "zoneRedundant": false}}
            """#,
            ("disableLocalAuth", "local_auth_enabled", "properties.disableLocalAuth")
        ),
        SourceCase(
            "eventhub/Namespace",
            #"""
            {"location": "eastus", "sku": {"name": "Standard", "tier": "Standard", "capacity": 4}, "disableLocalAuth": false,
            "publicNetworkAccess": "Enabled", "minimumTlsVersion": "1.0", "zoneRedundant": false,
            "maximumThroughputUnits": 10}
            """#,
            "eventhub_namespace",
            #"""
            {"location": "eastus", "sku": "Standard", "capacity": 4, "local_authentication_enabled": true,
            "public_network_access_enabled": true, "minimum_tls_version": "1.0", "zone_redundant": false,
            "maximum_throughput_units": 10}
            """#,
            "Microsoft.EventHub/namespaces",
            #"""
            {"location": "eastus", "sku": {"name": "Standard", "tier": "Standard", "capacity": 4}, "properties": {
            "disableLocalAuth": false, "publicNetworkAccess": "Enabled", "minimumTlsVersion": "1.0", "zoneRedundant": false,
            "maximumThroughputUnits": 10}}
            """#,
            ("minimumTlsVersion", "minimum_tls_version", "properties.minimumTlsVersion")
        ),
        SourceCase(
            "containerservice/ManagedCluster",
            #"""
            {"location": "eastus", "sku": {"tier": "Standard"}, "disableLocalAccounts": false,
            "apiServerAccessProfile": {"enablePrivateCluster": false, "authorizedIPRanges": ["203.0.113.0/24"]},
            "aadProfile": {"enableAzureRBAC": false}, "agentPoolProfiles": [{"name": "system", "vmSize": "Standard_D4s_v5",
            "count": 3, "osDiskSizeGB": 128, "enableEncryptionAtHost": false, "enableNodePublicIP": true,
            "availabilityZones": ["1"]}]}
            """#,
            "kubernetes_cluster",
            #"""
            {"location": "eastus", "sku_tier": "Standard", "local_account_disabled": false, "private_cluster_enabled": false,
            "api_server_access_profile": [{"authorized_ip_ranges": ["203.0.113.0/24"]}],
            "azure_active_directory_role_based_access_control": [{"azure_rbac_enabled": false}],
            "default_node_pool": [{"name": "system", "vm_size": "Standard_D4s_v5", "node_count": 3, "os_disk_size_gb": 128,
            "host_encryption_enabled": false, "node_public_ip_enabled": true, "zones": ["1"]}]}
            """#,
            "Microsoft.ContainerService/managedClusters",
            #"""
            {"location": "eastus", "sku": {"tier": "Standard"}, "properties": {"disableLocalAccounts": false,
            "apiServerAccessProfile": {"enablePrivateCluster": false, "authorizedIPRanges": ["203.0.113.0/24"]},
            "aadProfile": {"enableAzureRBAC": false}, "agentPoolProfiles": [{"name": "system", "vmSize": "Standard_D4s_v5",
            "count": 3, "osDiskSizeGB": 128, "enableEncryptionAtHost": false, "enableNodePublicIP": true,
            "availabilityZones": ["1"]}]}}
            """#,
            (
                "agentPoolProfiles[0].vmSize", "default_node_pool[0].vm_size",
                "properties.agentPoolProfiles[0].vmSize"
            )
        ),
        SourceCase(
            "containerservice/ManagedClustersAgentPool",
            #"""
            {"vmSize": "Standard_D8s_v5", "count": 5, "enableNodePublicIP": true, "enableEncryptionAtHost": false,
            "availabilityZones": ["2"], "osDiskSizeGB": 64}
            """#,
            "kubernetes_cluster_node_pool",
            #"""
            {"vm_size": "Standard_D8s_v5", "node_count": 5, "node_public_ip_enabled": true, "host_encryption_enabled": false,
            "zones": ["2"], "os_disk_size_gb": 64}
            """#,
            "Microsoft.ContainerService/managedClusters/agentPools",
            #"""
            {"properties": {"vmSize": "Standard_D8s_v5", "count": 5, "enableNodePublicIP": true,
            "enableEncryptionAtHost": false, "availabilityZones": ["2"], "osDiskSizeGB": 64}}
            """#,
            ("count", "node_count", "properties.count")
        ),
        SourceCase(
            "network/VirtualNetwork",
            #"{"location": "eastus", "addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}"#,
            "virtual_network",
            #"{"location": "eastus", "address_space": ["10.0.0.0/8"]}"#,
            "Microsoft.Network/virtualNetworks",
            #"{"location": "eastus", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/8"]}}}"#,
            ("location", "location", "location")
        ),
        SourceCase(
            "network/NetworkSecurityGroup",
            #"{"location": "eastus"}"#,
            "network_security_group",
            #"{"location": "eastus"}"#,
            "Microsoft.Network/networkSecurityGroups",
            #"{"location": "eastus"}"#,
            ("location", "location", "location")
        ),
        SourceCase(
            "network/NetworkSecurityGroupsSecurityRule",
            #"""
            {"access": "Allow", "direction": "Inbound", "priority": 100, "protocol": "Tcp", "sourceAddressPrefix": "*",
            "destinationPortRange": "22", "destinationAddressPrefix": "*", "sourcePortRange": "*"}
            """#,
            "network_security_rule",
            #"""
            {"access": "Allow", "direction": "Inbound", "priority": 100, "protocol": "Tcp", "source_address_prefix": "*",
            "destination_port_range": "22", "destination_address_prefix": "*", "source_port_range": "*"}
            """#,
            "Microsoft.Network/networkSecurityGroups/securityRules",
            #"""
            {"properties": {"access": "Allow", "direction": "Inbound", "priority": 100, "protocol": "Tcp",
            "sourceAddressPrefix": "*", "destinationPortRange": "22", "destinationAddressPrefix": "*",
            "sourcePortRange": "*"}}
            """#,
            ("sourceAddressPrefix", "source_address_prefix", "properties.sourceAddressPrefix")
        ),
        SourceCase(
            "network/PublicIPAddress",
            #"{"location": "eastus", "sku": {"name": "Standard", "tier": "Regional"}, "zones": ["1"]}"#,
            "public_ip",
            #"{"location": "eastus", "sku": "Standard", "sku_tier": "Regional", "zones": ["1"]}"#,
            "Microsoft.Network/publicIPAddresses",
            #"{"location": "eastus", "sku": {"name": "Standard", "tier": "Regional"}, "zones": ["1"]}"#,
            ("zones", "zones", "zones")
        ),
        SourceCase(
            "network/NetworkInterface",
            #"""
            {"location": "eastus", "enableIPForwarding": true, "ipConfigurations": [{"name": "a", "publicIPAddress": {
            "reference": {"armId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}]}
            """#,
            "network_interface",
            #"""
            {"location": "eastus", "ip_forwarding_enabled": true, "ip_configuration": [{"name": "a",
            "public_ip_address_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}]}
            """#,
            "Microsoft.Network/networkInterfaces",
            #"""
            {"location": "eastus", "properties": {"enableIPForwarding": true, "ipConfigurations": [{"name": "a",
            "properties": {"publicIPAddress": {
            "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}]}}
            """#,
            (
                "ipConfigurations[0].publicIPAddress.reference", "ip_configuration[0].public_ip_address_id",
                "properties.ipConfigurations[0].properties.publicIPAddress.id"
            )
        ),
        SourceCase(
            "managedidentity/UserAssignedIdentity",
            #"{"location": "eastus"}"#,
            "user_assigned_identity",
            #"{"location": "eastus"}"#,
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            #"{"location": "eastus"}"#,
            ("location", "location", "location")
        ),
        SourceCase(
            "containerregistry/Registry",
            #"""
            {"location": "eastus", "sku": {"name": "Premium"}, "adminUserEnabled": true, "publicNetworkAccess": "Enabled",
            "zoneRedundancy": "Disabled", "networkRuleBypassOptions": "AzureServices", "networkRuleSet": {
            "defaultAction": "Allow", "ipRules": [{"value": "203.0.113.0/24"}]}}
            """#,
            "container_registry",
            #"""
            {"location": "eastus", "sku": "Premium", "admin_enabled": true, "public_network_access_enabled": true,
            "zone_redundancy_enabled": false, "network_rule_bypass_option": "AzureServices", "network_rule_set": [{
            "default_action": "Allow", "ip_rule": [{"ip_range": "203.0.113.0/24"}]}]}
            """#,
            "Microsoft.ContainerRegistry/registries",
            #"""
            {"location": "eastus", "sku": {"name": "Premium"}, "properties": {"adminUserEnabled": true,
            "publicNetworkAccess": "Enabled", "zoneRedundancy": "Disabled", "networkRuleBypassOptions": "AzureServices",
            "networkRuleSet": {"defaultAction": "Allow", "ipRules": [{"value": "203.0.113.0/24"}]}}}
            """#,
            ("adminUserEnabled", "admin_enabled", "properties.adminUserEnabled")
        ),
        SourceCase(
            "appconfiguration/ConfigurationStore",
            #"""
            {"location": "eastus", "sku": {"name": "standard"}, "publicNetworkAccess": "Enabled", "disableLocalAuth": false,
            "enablePurgeProtection": false, "softDeleteRetentionInDays": 1}
            """#,
            "app_configuration",
            #"""
            {"location": "eastus", "sku": "standard", "public_network_access": "Enabled", "local_auth_enabled": true,
            "purge_protection_enabled": false, "soft_delete_retention_days": 1}
            """#,
            "Microsoft.AppConfiguration/configurationStores",
            #"""
            {"location": "eastus", "sku": {"name": "standard"}, "properties": {"publicNetworkAccess": "Enabled",
            "disableLocalAuth": false, "enablePurgeProtection": false, "softDeleteRetentionInDays": 1}}
            """#,
            ("publicNetworkAccess", "public_network_access", "properties.publicNetworkAccess")
        ),
        SourceCase(
            "search/SearchService",
            #"""
            {"location": "eastus", "sku": {"name": "standard"}, "publicNetworkAccess": "Enabled", "disableLocalAuth": false,
            "networkRuleSet": {"ipRules": [{"value": "203.0.113.4"}]}, "replicaCount": 3, "partitionCount": 2,
            "encryptionWithCmk": {"enforcement": "Disabled"}}
            """#,
            "search_service",
            #"""
            {"location": "eastus", "sku": "standard", "public_network_access_enabled": true,
            "local_authentication_enabled": true, "allowed_ips": ["203.0.113.4"], "replica_count": 3, "partition_count": 2}
            """#,
            "Microsoft.Search/searchServices",
            #"""
            {"location": "eastus", "sku": {"name": "standard"}, "properties": {"publicNetworkAccess": "Enabled",
            "disableLocalAuth": false, "networkRuleSet": {"ipRules": [{"value": "203.0.113.4"}]}, "replicaCount": 3,
            "partitionCount": 2, "encryptionWithCmk": {"enforcement": "Disabled"}}}
            """#,
            ("networkRuleSet.ipRules[0].value", "allowed_ips[0]", "properties.networkRuleSet.ipRules[0].value")
        ),
        SourceCase(
            "operationalinsights/Workspace",
            #"""
            {"location": "eastus", "sku": {"name": "PerGB2018"}, "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled", "features": {"disableLocalAuth": false}}
            """#,
            "log_analytics_workspace",
            #"""
            {"location": "eastus", "sku": "PerGB2018", "internet_ingestion_enabled": true, "internet_query_enabled": true,
            "local_authentication_enabled": true}
            """#,
            "Microsoft.OperationalInsights/workspaces",
            #"""
            {"location": "eastus", "properties": {"sku": {"name": "PerGB2018"}, "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled", "features": {"disableLocalAuth": false}}}
            """#,
            ("publicNetworkAccessForQuery", "internet_query_enabled", "properties.publicNetworkAccessForQuery")
        ),
        SourceCase(
            "insights/Component",
            #"""
            {"location": "eastus", "Application_Type": "web", "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled", "DisableLocalAuth": false}
            """#,
            "application_insights",
            #"""
            {"location": "eastus", "application_type": "web", "internet_ingestion_enabled": true,
            "internet_query_enabled": true, "local_authentication_disabled": false}
            """#,
            "Microsoft.Insights/components",
            #"""
            {"location": "eastus", "properties": {"Application_Type": "web", "publicNetworkAccessForIngestion": "Enabled",
            "publicNetworkAccessForQuery": "Enabled", "DisableLocalAuth": false}}
            """#,
            ("DisableLocalAuth", "local_authentication_disabled", "properties.DisableLocalAuth")
        ),
        SourceCase(
            "compute/Disk",
            #"""
            {"location": "eastus", "sku": {"name": "Premium_LRS"}, "diskSizeGB": 256, "publicNetworkAccess": "Enabled",
            "networkAccessPolicy": "AllowAll", "creationData": {"createOption": "Empty"}, "zones": ["1"]}
            """#,
            "managed_disk",
            #"""
            {"location": "eastus", "storage_account_type": "Premium_LRS", "disk_size_gb": 256, "zone": "1",
            "public_network_access_enabled": true, "network_access_policy": "AllowAll", "create_option": "Empty"}
            """#,
            "Microsoft.Compute/disks",
            #"""
            {"location": "eastus", "sku": {"name": "Premium_LRS"}, "zones": ["1"], "properties": {"diskSizeGB": 256,
            "publicNetworkAccess": "Enabled", "networkAccessPolicy": "AllowAll", "creationData": {"createOption": "Empty"}}}
            """#,
            ("networkAccessPolicy", "network_access_policy", "properties.networkAccessPolicy")
        ),
        SourceCase(
            "compute/VirtualMachine",
            #"""
            {"location": "eastus", "hardwareProfile": {"vmSize": "Standard_D4s_v5"}, "zones": ["1"],
            "securityProfile": {"encryptionAtHost": false}, "storageProfile": {"osDisk": {"diskSizeGB": 128,
            "managedDisk": {"storageAccountType": "Premium_LRS"}}}}
            """#,
            "linux_virtual_machine",
            #"""
            {"location": "eastus", "size": "Standard_D4s_v5", "zone": "1", "encryption_at_host_enabled": false,
            "os_disk": [{"disk_size_gb": 128, "storage_account_type": "Premium_LRS"}]}
            """#,
            "Microsoft.Compute/virtualMachines",
            #"""
            {"location": "eastus", "zones": ["1"], "properties": {"hardwareProfile": {"vmSize": "Standard_D4s_v5"},
            "securityProfile": {"encryptionAtHost": false}, "storageProfile": {"osDisk": {"diskSizeGB": 128,
            "managedDisk": {"storageAccountType": "Premium_LRS"}}}}}
            """#,
            (
                "storageProfile.osDisk.diskSizeGB", "os_disk[0].disk_size_gb",
                "properties.storageProfile.osDisk.diskSizeGB"
            )
        ),
        SourceCase(
            "compute/VirtualMachineScaleSet",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_D4s_v5", "capacity": 4}, "zones": ["1"],
            "virtualMachineProfile": {"securityProfile": {"encryptionAtHost": false}, "storageProfile": {
            "osDisk": {"diskSizeGB": 64}}, "networkProfile": {"networkInterfaceConfigurations": [{"name": "n",
            "enableIPForwarding": true}]}}}
            """#,
            "linux_virtual_machine_scale_set",
            #"""
            {"location": "eastus", "sku": "Standard_D4s_v5", "instances": 4, "zones": ["1"],
            "encryption_at_host_enabled": false, "os_disk": [{"disk_size_gb": 64}],
            "network_interface": [{"name": "n", "enable_ip_forwarding": true}]}
            """#,
            "Microsoft.Compute/virtualMachineScaleSets",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_D4s_v5", "capacity": 4}, "zones": ["1"], "properties": {
            "virtualMachineProfile": {"securityProfile": {"encryptionAtHost": false}, "storageProfile": {
            "osDisk": {"diskSizeGB": 64}}, "networkProfile": {"networkInterfaceConfigurations": [{"name": "n",
            "properties": {"enableIPForwarding": true}}]}}}}
            """#,
            (
                "virtualMachineProfile.networkProfile.networkInterfaceConfigurations[0].enableIPForwarding",
                "network_interface[0].enable_ip_forwarding",
                "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[0].properties.enableIPForwarding"
            )
        ),
        SourceCase(
            "web/ServerFarm",
            #"""
            {"location": "eastus", "sku": {"name": "P1v3", "tier": "PremiumV3", "capacity": 3}, "zoneRedundant": false,
            "kind": "Linux"}
            """#,
            "service_plan",
            #"""
            {"location": "eastus", "sku_name": "P1v3", "worker_count": 3, "zone_balancing_enabled": false,
            "os_type": "Linux"}
            """#,
            "Microsoft.Web/serverfarms",
            #"""
            {"location": "eastus", "kind": "Linux", "sku": {"name": "P1v3", "tier": "PremiumV3", "capacity": 3},
            "properties": {"zoneRedundant": false}}
            """#,
            ("sku.capacity", "worker_count", "sku.capacity")
        ),
        SourceCase(
            "web/Site",
            #"""
            {"location": "eastus", "httpsOnly": false, "publicNetworkAccess": "Enabled", "siteConfig": {
            "minTlsVersion": "1.0", "scmMinTlsVersion": "1.0", "ftpsState": "AllAllowed",
            "ipSecurityRestrictionsDefaultAction": "Allow", "scmIpSecurityRestrictionsDefaultAction": "Allow",
            "ipSecurityRestrictions": [{"ipAddress": "203.0.113.0/24", "action": "Allow"}]}}
            """#,
            "linux_web_app",
            #"""
            {"location": "eastus", "https_only": false, "public_network_access_enabled": true, "site_config": [{
            "minimum_tls_version": "1.0", "scm_minimum_tls_version": "1.0", "ftps_state": "AllAllowed",
            "ip_restriction": [{"ip_address": "203.0.113.0/24", "action": "Allow"}]}]}
            """#,
            "Microsoft.Web/sites",
            #"""
            {"location": "eastus", "properties": {"httpsOnly": false, "publicNetworkAccess": "Enabled", "siteConfig": {
            "minTlsVersion": "1.0", "scmMinTlsVersion": "1.0", "ftpsState": "AllAllowed",
            "ipSecurityRestrictionsDefaultAction": "Allow", "scmIpSecurityRestrictionsDefaultAction": "Allow",
            "ipSecurityRestrictions": [{"ipAddress": "203.0.113.0/24", "action": "Allow"}]}}}
            """#,
            (
                "siteConfig.ipSecurityRestrictions[0].ipAddress", "site_config[0].ip_restriction[0].ip_address",
                "properties.siteConfig.ipSecurityRestrictions[0].ipAddress"
            )
        ),
        SourceCase(
            "app/ManagedEnvironment",
            #"""
            {"location": "eastus", "vnetConfiguration": {"internal": false}, "zoneRedundant": false,
            "workloadProfiles": [{"name": "d", "maximumCount": 5}]}
            """#,
            "container_app_environment",
            #"""
            {"location": "eastus", "internal_load_balancer_enabled": false, "zone_redundancy_enabled": false,
            "workload_profile": [{"name": "d", "maximum_count": 5}]}
            """#,
            "Microsoft.App/managedEnvironments",
            #"""
            {"location": "eastus", "properties": {"vnetConfiguration": {"internal": false}, "zoneRedundant": false,
            "workloadProfiles": [{"name": "d", "maximumCount": 5}]}}
            """#,
            (
                "workloadProfiles[0].maximumCount", "workload_profile[0].maximum_count",
                "properties.workloadProfiles[0].maximumCount"
            )
        ),
        SourceCase(
            "cognitiveservices/Account",
            #"""
            {"location": "eastus", "kind": "OpenAI", "sku": {"name": "S0"}, "properties": {"publicNetworkAccess": "Enabled",
            "disableLocalAuth": false, "networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": "203.0.113.8"}]}}}
            """#,
            "cognitive_account",
            #"""
            {"location": "eastus", "kind": "OpenAI", "sku_name": "S0", "public_network_access_enabled": true,
            "local_auth_enabled": true, "network_acls": [{"default_action": "Allow", "ip_rules": ["203.0.113.8"]}]}
            """#,
            "Microsoft.CognitiveServices/accounts",
            #"""
            {"location": "eastus", "kind": "OpenAI", "sku": {"name": "S0"}, "properties": {"publicNetworkAccess": "Enabled",
            "disableLocalAuth": false, "networkAcls": {"defaultAction": "Allow", "ipRules": [{"value": "203.0.113.8"}]}}}
            """#,
            (
                "properties.networkAcls.defaultAction", "network_acls[0].default_action",
                "properties.networkAcls.defaultAction"
            )
        ),
        SourceCase(
            "eventgrid/Topic",
            #"{"location": "eastus", "publicNetworkAccess": "Enabled", "inboundIpRules": [{"ipMask": "203.0.113.0/24", "action": "Allow"}]}"#,
            "eventgrid_topic",
            #"{"location": "eastus", "public_network_access_enabled": true, "inbound_ip_rule": [{"ip_mask": "203.0.113.0/24", "action": "Allow"}]}"#,
            "Microsoft.EventGrid/topics",
            #"{"location": "eastus", "properties": {"publicNetworkAccess": "Enabled", "inboundIpRules": [{"ipMask": "203.0.113.0/24", "action": "Allow"}]}}"#,
            ("inboundIpRules[0].ipMask", "inbound_ip_rule[0].ip_mask", "properties.inboundIpRules[0].ipMask")
        ),
        SourceCase(
            "signalrservice/SignalR",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_S1", "capacity": 5}, "publicNetworkAccess": "Enabled",
            "disableLocalAuth": false}
            """#,
            "signalr_service",
            #"""
            {"location": "eastus", "sku": [{"name": "Standard_S1", "capacity": 5}], "public_network_access_enabled": true,
            "local_auth_enabled": true}
            """#,
            "Microsoft.SignalRService/signalR",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_S1", "capacity": 5}, "properties": {
            "publicNetworkAccess": "Enabled", "disableLocalAuth": false}}
            """#,
            ("sku.capacity", "sku[0].capacity", "sku.capacity")
        ),
        SourceCase(
            "network/ApplicationGateway",
            #"""
            {"location": "eastus", "sku": {"name": "Standard_v2", "tier": "Standard_v2", "capacity": 3}, "zones": ["1"],
            "sslPolicy": {"minProtocolVersion": "TLSv1_0"}, "frontendIPConfigurations": [{"name": "f", "publicIPAddress": {
            "reference": {"armId": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}]}
            """#,
            "application_gateway",
            #"""
            {"location": "eastus", "sku": [{"name": "Standard_v2", "tier": "Standard_v2", "capacity": 3}], "zones": ["1"],
            "ssl_policy": [{"min_protocol_version": "TLSv1_0"}], "frontend_ip_configuration": [{"name": "f",
            "public_ip_address_id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}]}
            """#,
            "Microsoft.Network/applicationGateways",
            #"""
            {"location": "eastus", "zones": ["1"], "properties": {"sku": {"name": "Standard_v2", "tier": "Standard_v2",
            "capacity": 3}, "sslPolicy": {"minProtocolVersion": "TLSv1_0"}, "frontendIPConfigurations": [{"name": "f",
            "properties": {"publicIPAddress": {
            "id": "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/publicIPAddresses/p"}}}]}}
            """#,
            (
                "sslPolicy.minProtocolVersion", "ssl_policy[0].min_protocol_version",
                "properties.sslPolicy.minProtocolVersion"
            )
        ),
        SourceCase(
            "compute/Snapshot",
            #"""
            {"location": "eastus", "diskSizeGB": 64, "publicNetworkAccess": "Enabled", "networkAccessPolicy": "AllowAll",
            "creationData": {"createOption": "Copy"}}
            """#,
            "snapshot",
            #"""
            {"location": "eastus", "disk_size_gb": 64, "public_network_access_enabled": true,
            "network_access_policy": "AllowAll", "create_option": "Copy"}
            """#,
            "Microsoft.Compute/snapshots",
            #"""
            {"location": "eastus", "properties": {"diskSizeGB": 64, "publicNetworkAccess": "Enabled",
            "networkAccessPolicy": "AllowAll", "creationData": {"createOption": "Copy"}}}
            """#,
            ("diskSizeGB", "disk_size_gb", "properties.diskSizeGB")
        ),
        SourceCase(
            "machinelearningservices/Workspace",
            #"""
            {"location": "eastus", "kind": "Default", "sku": {"name": "Basic"}, "publicNetworkAccess": "Enabled",
            "serverlessComputeSettings": {"serverlessComputeNoPublicIP": false}}
            """#,
            "machine_learning_workspace",
            #"""
            {"location": "eastus", "kind": "Default", "sku_name": "Basic", "public_network_access_enabled": true,
            "serverless_compute": [{"public_ip_enabled": true}]}
            """#,
            "Microsoft.MachineLearningServices/workspaces",
            #"""
            {"location": "eastus", "kind": "Default", "sku": {"name": "Basic"}, "properties": {
            "publicNetworkAccess": "Enabled", "serverlessComputeSettings": {"serverlessComputeNoPublicIP": false}}}
            """#,
            ("publicNetworkAccess", "public_network_access_enabled", "properties.publicNetworkAccess")
        ),
    ]
}
