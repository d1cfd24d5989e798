import Azure
import JSON
import Policy
import Testing

/// What rules on exposure, encryption, zones and backup say where more than one place decides.
@Suite struct ExposureRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let rule: String
        let type: String
        let spec: String
        /// The lines of the failures, without `p/r: `.
        var lines: [String] = []

        init(_ name: String, _ rule: String, _ type: String, _ spec: String, _ lines: String...) {
            self.name = name
            self.rule = rule
            self.type = type
            self.spec = spec
            self.lines = lines
        }

        var testDescription: String { name }
    }

    static let sql = "sql.azure.com/v1api20211101/ServersFirewallRule"
    static let sql6 = "sql.azure.com/v1api20211101/ServersIPV6FirewallRule"
    static let account = "storage.azure.com/v1api20230101/StorageAccount"
    static let cosmos = "documentdb.azure.com/v1api20231115/DatabaseAccount"
    static let site = "web.azure.com/v1api20220301/Site"
    static let security = "network.azure.com/v1api20201101/NetworkSecurityGroupsSecurityRule"
    static let cluster = "containerservice.azure.com/v1api20240901/ManagedCluster"
    static let gateway = "network.azure.com/v1api20220701/ApplicationGateway"
    static let postgres = "dbforpostgresql.azure.com/v1api20230601/FlexibleServer"
    static let redis = "cache.azure.com/v1api20230401/Redis"

    static let office = "exposure: {allowedIPs: [203.0.113.0/24, 198.51.100.7, 192.0.2.10-192.0.2.19]}"

    static func range(_ first: String, _ last: String) -> String {
        "{startIpAddress: '\(first)', endIpAddress: '\(last)'}"
    }

    /// What to write is what the kind takes, in its letters; what is written is read in any.
    static let words: [Case] = [
        Case(
            "small letters",
            "exposure: {publicNetworkAccess: Disabled}",
            search,
            "{publicNetworkAccess: enabled}",
            "spec.publicNetworkAccess is \"enabled\"; allowed: disabled; set spec.publicNetworkAccess to disabled"
        ),
        Case("they are read", "exposure: {publicNetworkAccess: Disabled}", search, "{publicNetworkAccess: disabled}"),
        Case("others too", "exposure: {publicNetworkAccess: Disabled}", search, "{publicNetworkAccess: Disabled}"),
        Case(
            "small letters of what must be on",
            "encryption: {customerManagedKey: Required}",
            registry,
            "{encryption: {status: disabled}}",
            "spec.encryption.status is \"disabled\"; allowed: enabled; set spec.encryption.status to enabled"
        ),
        Case("that is on", "encryption: {customerManagedKey: Required}", registry, "{encryption: {status: enabled}}"),
    ]

    static let search = "search.azure.com/v1api20231101/SearchService"
    static let registry = "containerregistry.azure.com/v1api20230701/Registry"

    static let ranges: [Case] = [
        Case("a range inside", office, sql, range("203.0.113.7", "203.0.113.9")),
        Case("the whole of what is allowed", office, sql, range("203.0.113.0", "203.0.113.255")),
        Case("one address", office, sql, range("198.51.100.7", "198.51.100.7")),
        Case("a range of a range", office, sql, range("192.0.2.11", "192.0.2.19")),
        Case(
            "networks side by side are one",
            "exposure: {allowedIPs: [203.0.113.0/25, 203.0.113.128/25]}",
            sql,
            range("203.0.113.0", "203.0.113.255")
        ),
        Case(
            "an end outside",
            office,
            sql,
            range("203.0.113.7", "203.0.114.9"),
            "spec.endIpAddress is \"203.0.114.9\", outside of what may come in; allowed: 203.0.113.0/24, 198.51.100.7, "
                + "192.0.2.10-192.0.2.19; let in fewer"
        ),
        Case(
            "what lies between both ends",
            "exposure: {allowedIPs: [10.0.0.1, 10.0.0.9]}",
            sql,
            range("10.0.0.1", "10.0.0.9"),
            "spec.endIpAddress is \"10.0.0.9\", one end of a range that is not wholly allowed; allowed: 10.0.0.1, 10.0.0.9; let in fewer",
            "spec.startIpAddress is \"10.0.0.1\", one end of a range that is not wholly allowed; allowed: 10.0.0.1, 10.0.0.9; let in fewer"
        ),
        Case(
            "the whole Internet",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            sql,
            range("0.0.0.0", "255.255.255.255"),
            "spec.endIpAddress is \"255.255.255.255\", the whole Internet; allowed: 10.0.0.0/8; let in fewer",
            "spec.startIpAddress is \"0.0.0.0\", the whole Internet; allowed: 10.0.0.0/8; let in fewer"
        ),
        Case(
            "all of Azure",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            sql,
            range("0.0.0.0", "0.0.0.0"),
            "spec.startIpAddress is \"0.0.0.0\", which stands for all of Azure, every customer's; allowed: 10.0.0.0/8; "
                + "let in fewer"
        ),
        Case(
            "all of Azure, which may come",
            "exposure: {firewallRules: {allow: [10.0.0.0/8], allAzureServices: Allow}}",
            sql,
            range("0.0.0.0", "0.0.0.0")
        ),
        Case(
            "all of Azure, which may not come though everybody may",
            "exposure: {firewallRules: {allow: [0.0.0.0/0], allAzureServices: Deny}}",
            sql,
            range("0.0.0.0", "0.0.0.0"),
            "spec.startIpAddress is \"0.0.0.0\", which stands for all of Azure, every customer's; allowed: 0.0.0.0/0; "
                + "let in fewer"
        ),
        Case(
            "too many",
            "exposure: {firewallRules: {maximumAddresses: 256}}",
            sql,
            range("10.0.0.0", "10.0.1.0"),
            "spec.endIpAddress is \"10.0.1.0\", which lets in 257 addresses, the maximum is 256; let in fewer",
            "spec.startIpAddress is \"10.0.0.0\", which lets in 257 addresses, the maximum is 256; let in fewer"
        ),
        Case(
            "as many as may",
            "exposure: {firewallRules: {maximumAddresses: 256}}",
            sql,
            range("10.0.0.0", "10.0.0.255")
        ),
        Case(
            "an address that is none",
            office,
            sql,
            range("203.0.113.7", "203.0.113.300"),
            "spec.endIpAddress is \"203.0.113.300\", which is no address (IPv4 field has value >255); write an address"
        ),
        Case(
            "a prefix for an address",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            sql,
            range("10.0.0.0/8", "10.0.0.1"),
            "spec.startIpAddress is \"10.0.0.0/8\", which is no address (unexpected character in an IPv4 address); write an address"
        ),
        Case(
            "ends the wrong way round",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            sql,
            range("10.0.0.9", "10.0.0.1"),
            "spec.startIpAddress is above the last address; write the first and the last address of one range"
        ),
        Case(
            "ends of two families",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            sql,
            range("::1", "10.0.0.1"),
            "spec.startIpAddress is of another family than the last address; write the first and the last address of one range"
        ),
        Case(
            "no ends",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            sql,
            "{}",
            "spec.endIpAddress is not set; write an address of 10.0.0.0/8",
            "spec.startIpAddress is not set; write an address of 10.0.0.0/8"
        ),
        Case("no ends, if that is allowed", "exposure: {allowedIPs: [10.0.0.0/8]}, ifAbsent: Allow", sql, "{}"),
        Case(
            "IPv6 inside",
            "exposure: {allowedIPs: ['2001:db8::/32']}",
            sql6,
            "{startIPv6Address: '2001:db8::1', endIPv6Address: '2001:0DB8:ffff:ffff::'}"
        ),
        Case(
            "IPv6 outside",
            "exposure: {allowedIPs: ['2001:db8::/32', 0.0.0.0/0]}",
            sql6,
            "{startIPv6Address: '::', endIPv6Address: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'}",
            "spec.endIPv6Address is \"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff\", the whole Internet; "
                + "allowed: 2001:db8::/32, 0.0.0.0/0; let in fewer",
            "spec.startIPv6Address is \"::\", the whole Internet; allowed: 2001:db8::/32, 0.0.0.0/0; let in fewer"
        ),
    ]

    static func ipRules(_ rules: String) -> String { "{networkAcls: {ipRules: \(rules)}}" }

    static let addresses: [Case] = [
        Case("an address", office, account, ipRules("[{value: 203.0.113.9}, {value: 203.0.113.0/28}]")),
        Case(
            "a wider prefix",
            "exposure: {allowedIPs: [203.0.113.0/24]}",
            account,
            ipRules("[{value: 203.0.113.0/24}, {value: 203.0.112.0/23}]"),
            "spec.networkAcls.ipRules[1].value is \"203.0.112.0/23\", outside of what may come in; allowed: 203.0.113.0/24; "
                + "let in fewer"
        ),
        Case(
            "a prefix of nothing",
            "exposure: {firewallRules: {maximumAddresses: 1000}}",
            account,
            ipRules("[{value: 10.0.0.1/0}]"),
            "spec.networkAcls.ipRules[0].value is \"10.0.0.1/0\", which lets in the whole Internet, the maximum is 1000; let in fewer"
        ),
        Case(
            "all of Azure in one address",
            "exposure: {firewallRules: {allAzureServices: Deny}}",
            cosmos,
            "{ipRules: [{ipAddressOrRange: 0.0.0.0}, {ipAddressOrRange: 10.0.0.1}]}",
            "spec.ipRules[0].ipAddressOrRange is \"0.0.0.0\", which stands for all of Azure, every customer's; let in fewer"
        ),
        Case(
            "whoever is kept out",
            office,
            site,
            "{siteConfig: {ipSecurityRestrictions: [{ipAddress: Any, action: Deny}]}}"
        ),
        Case(
            "anybody",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            site,
            "{siteConfig: {ipSecurityRestrictions: [{ipAddress: Any, action: Allow}]}}",
            "spec.siteConfig.ipSecurityRestrictions[0].ipAddress is \"Any\", the whole Internet; allowed: 10.0.0.0/8; "
                + "let in fewer"
        ),
        Case(
            "a service tag of the list",
            "exposure: {allowedIPs: [AzureFrontDoor.Backend]}",
            site,
            "{siteConfig: {ipSecurityRestrictions: [{ipAddress: azurefrontdoor.backend, tag: ServiceTag}]}}"
        ),
        Case(
            "another service tag",
            "exposure: {allowedIPs: [AzureFrontDoor.Backend]}",
            site,
            "{siteConfig: {scmIpSecurityRestrictions: [{ipAddress: AzureCloud, tag: ServiceTag}]}}",
            "spec.siteConfig.scmIpSecurityRestrictions[0].ipAddress is \"AzureCloud\", a service tag that is not listed; "
                + "allowed: AzureFrontDoor.Backend; let in fewer"
        ),
        Case(
            "several with commas, the last of them outside",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            site,
            "{siteConfig: {ipSecurityRestrictions: [{ipAddress: '10.0.0.1/32, 10.0.0.2,11.0.0.0/8'}]}}",
            "spec.siteConfig.ipSecurityRestrictions[0].ipAddress is \"10.0.0.1/32, 10.0.0.2,11.0.0.0/8\", outside of what may "
                + "come in; allowed: 10.0.0.0/8; let in fewer"
        ),
        Case(
            "a mask beside an address",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            site,
            "{siteConfig: {ipSecurityRestrictions: [{ipAddress: 10.0.0.1, subnetMask: 0.0.0.0}]}}",
            "spec.siteConfig.ipSecurityRestrictions[0].ipAddress is \"10.0.0.1\", widened by a subnetMask; "
                + "write a prefix such as 203.0.113.0/24 and no subnetMask"
        ),
        Case(
            "a mask of one",
            office,
            site,
            "{siteConfig: {ipSecurityRestrictions: [{ipAddress: 198.51.100.7, subnetMask: 255.255.255.255}]}}"
        ),
        Case(
            "who may reach a cluster's API server",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            cluster,
            "{apiServerAccessProfile: {authorizedIPRanges: [10.1.0.0/16, 0.0.0.0/0]}}",
            "spec.apiServerAccessProfile.authorizedIPRanges[1] is \"0.0.0.0/0\", the whole Internet; allowed: 10.0.0.0/8; "
                + "let in fewer"
        ),
        Case(
            "a security rule for everybody",
            "exposure: {allowedIPs: [10.0.0.0/8, VirtualNetwork]}",
            security,
            "{access: Allow, direction: Inbound, sourceAddressPrefix: '*'}",
            "spec.sourceAddressPrefix is \"*\", the whole Internet; allowed: 10.0.0.0/8, VirtualNetwork; let in fewer"
        ),
        Case(
            "a security rule for the network",
            "exposure: {allowedIPs: [10.0.0.0/8, VirtualNetwork]}",
            security,
            "{access: Allow, direction: Inbound, sourceAddressPrefixes: [VirtualNetwork, 10.2.0.0/16]}"
        ),
        Case(
            "a security rule that denies",
            office,
            security,
            "{access: Deny, direction: Inbound, sourceAddressPrefix: '*'}"
        ),
        Case(
            "a security rule for the way out",
            office,
            security,
            "{access: Allow, direction: Outbound, sourceAddressPrefix: '*'}"
        ),
        Case(
            "a star has too many",
            "exposure: {firewallRules: {maximumAddresses: 16}}",
            security,
            "{access: Allow, direction: Inbound, sourceAddressPrefix: Internet}",
            "spec.sourceAddressPrefix is \"Internet\", the whole Internet; let in fewer"
        ),
        Case(
            "nonsense",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            account,
            ipRules("[{value: '10.0.0.1/33'}]"),
            "spec.networkAcls.ipRules[0].value is \"10.0.0.1/33\", which is no address (prefix length out of range); write an address"
        ),
        Case(
            "an address of IPv4 in one of IPv6",
            "exposure: {allowedIPs: [10.0.0.0/8]}",
            account,
            ipRules("[{value: '::ffff:10.0.0.1'}]"),
            "spec.networkAcls.ipRules[0].value is \"::ffff:10.0.0.1\", which is no address (it is an IPv4 address inside of IPv6); write an address"
        ),
    ]

    static let firewall = "exposure: {firewall: Required}"

    static let doors: [Case] = [
        Case("a default of Deny", firewall, account, "{networkAcls: {defaultAction: Deny}}"),
        Case("no public access", firewall, account, "{publicNetworkAccess: Disabled}"),
        Case(
            "neither",
            firewall,
            account,
            "{publicNetworkAccess: Enabled, networkAcls: {ipRules: [{value: 10.0.0.1}]}}",
            "spec.networkAcls.defaultAction is not set and Azure takes Allow; allowed: Deny; set spec.networkAcls.defaultAction to Deny"
        ),
        Case(
            "a default of Allow",
            firewall,
            account,
            "{networkAcls: {defaultAction: Allow}}",
            "spec.networkAcls.defaultAction is \"Allow\"; allowed: Deny; set spec.networkAcls.defaultAction to Deny"
        ),
        Case("neither, if that is allowed", "\(firewall), ifAbsent: Allow", account, "{}"),
        Case("a list of those who may come", firewall, cosmos, "{ipRules: [{ipAddressOrRange: 10.0.0.1}]}"),
        Case("networks that may come", firewall, cosmos, "{isVirtualNetworkFilterEnabled: true}"),
        Case(
            "an empty list lets in everybody",
            firewall,
            cosmos,
            "{ipRules: [], isVirtualNetworkFilterEnabled: false}",
            "spec.ipRules is \"a list of 0\"; allowed: the addresses that may come in; set spec.ipRules to the addresses that may come in"
        ),
        Case("a private cluster", firewall, cluster, "{apiServerAccessProfile: {enablePrivateCluster: true}}"),
        Case("a cluster for some", firewall, cluster, "{apiServerAccessProfile: {authorizedIPRanges: [10.0.0.1]}}"),
        Case(
            "both doors of a batch account",
            firewall,
            "batch.azure.com/v1api20240701/BatchAccount",
            "{networkProfile: {accountAccess: {defaultAction: Deny}, nodeManagementAccess: {defaultAction: Allow}}}",
            "spec.networkProfile.nodeManagementAccess.defaultAction is \"Allow\"; allowed: Deny; "
                + "set spec.networkProfile.nodeManagementAccess.defaultAction to Deny"
        ),
        Case(
            "a kind whose rules are objects of their own",
            firewall,
            "sql.azure.com/v1api20211101/Server",
            "{publicNetworkAccess: Enabled}"
        ),
        Case(
            "a policy of a gateway",
            "exposure: {webApplicationFirewall: Required}",
            gateway,
            "{firewallPolicy: {reference: {armId: /x}}}"
        ),
        Case(
            "its own settings",
            "exposure: {webApplicationFirewall: Required}",
            gateway,
            "{webApplicationFirewallConfiguration: {enabled: true}}"
        ),
        Case(
            "neither policy nor settings",
            "exposure: {webApplicationFirewall: Required}",
            gateway,
            "{webApplicationFirewallConfiguration: {enabled: false}}",
            "spec.firewallPolicy.reference is not set; allowed: a firewall policy; set spec.firewallPolicy.reference to a firewall policy"
        ),
        Case(
            "a server in a subnet of its own",
            "exposure: {publicNetworkAccess: Disabled}",
            postgres,
            "{network: {delegatedSubnetResourceReference: {armId: /x}}}"
        ),
        Case(
            "a server in a subnet of its own that is open",
            "exposure: {publicNetworkAccess: Disabled}",
            postgres,
            "{network: {delegatedSubnetResourceReference: {armId: /x}, publicNetworkAccess: Enabled}}",
            "spec.network.publicNetworkAccess is \"Enabled\"; allowed: Disabled; set spec.network.publicNetworkAccess to Disabled"
        ),
        Case(
            "a perimeter, if that will do",
            "exposure: {publicNetworkAccess: SecuredByPerimeter}",
            account,
            "{publicNetworkAccess: securedByPerimeter}"
        ),
        Case(
            "or nothing",
            "exposure: {publicNetworkAccess: SecuredByPerimeter}",
            account,
            "{publicNetworkAccess: Disabled}"
        ),
        Case(
            "but not everybody",
            "exposure: {publicNetworkAccess: SecuredByPerimeter}",
            account,
            "{publicNetworkAccess: Enabled}",
            "spec.publicNetworkAccess is \"Enabled\"; allowed: Disabled, SecuredByPerimeter; "
                + "set spec.publicNetworkAccess to Disabled or SecuredByPerimeter"
        ),
        Case(
            "a subnet is a private way",
            "exposure: {privateEndpoints: Required}",
            postgres,
            "{network: {delegatedSubnetResourceReference: {armId: /x}}}"
        ),
        Case(
            "of an endpoint nobody knows",
            "exposure: {privateEndpoints: Required}",
            account,
            "{publicNetworkAccess: Disabled}",
            "metadata.name is not known to have a private endpoint; "
                + "create a PrivateEndpoint that refers to it, or put it into a subnet of its own"
        ),
        Case("of which that may be so", "exposure: {privateEndpoints: Required}, ifUnknown: Allow", account, "{}"),
        Case("and of kinds that have none", "exposure: {privateEndpoints: Required}", security, "{}"),
        Case(
            "a cluster's API in the open",
            "exposure: {external: Disabled}",
            "redhatopenshift.azure.com/v1api20231122/OpenShiftCluster",
            "{apiserverProfile: {visibility: Public}, ingressProfiles: [{name: default}]}",
            "spec.apiserverProfile.visibility is \"Public\"; allowed: Private; set spec.apiserverProfile.visibility to Private",
            "spec.ingressProfiles[0].visibility is not set; allowed: Private; set spec.ingressProfiles[0].visibility to Private"
        ),
        Case(
            "a hidden API needs no list",
            firewall,
            "redhatopenshift.azure.com/v1api20260630preview/HcpOpenShiftCluster",
            "{properties: {api: {visibility: Private}}}"
        ),
        Case("no trusted services", "exposure: {trustedServices: Disabled}", cosmos, "{networkAclBypass: None}"),
        Case(
            "trusted services",
            "exposure: {trustedServices: Disabled}",
            cosmos,
            "{networkAclBypass: AzureServices}",
            "spec.networkAclBypass is \"AzureServices\"; allowed: None; set spec.networkAclBypass to None"
        ),
        Case(
            "disks that leave by private links only",
            "exposure: {networkAccessPolicy: DenyAll}",
            "compute.azure.com/v1api20240302/Disk",
            "{networkAccessPolicy: AllowPrivate}",
            "spec.networkAccessPolicy is \"AllowPrivate\"; allowed: DenyAll; set spec.networkAccessPolicy to DenyAll"
        ),
        Case(
            "a machine's public address",
            "exposure: {publicIP: Disabled}",
            "network.azure.com/v1api20201101/NetworkInterface",
            "{ipConfigurations: [{name: a}, {name: b, publicIPAddress: {reference: {group: network.azure.com}}}]}",
            "spec.ipConfigurations[1].publicIPAddress.reference gives the resource a public address; remove it"
        ),
        Case(
            "a boolean that is not set is one",
            "exposure: {publicAccess: Disabled}",
            "storage.azure.com/v20990101/StorageAccount",
            "{}",
            "spec.allowBlobPublicAccess is not set; allowed: false; set spec.allowBlobPublicAccess to false"
        ),
        Case("what Azure takes may do", "exposure: {publicAccess: Disabled}", account, "{}"),
        Case(
            "or not, in an older version",
            "exposure: {publicAccess: Disabled}",
            "storage.azure.com/v1api20220901/StorageAccount",
            "{}",
            "spec.allowBlobPublicAccess is not set and Azure takes true; allowed: false; set spec.allowBlobPublicAccess to false"
        ),
        Case(
            "unless the rule says what absence means",
            "exposure: {publicAccess: Disabled}, ifAbsent: Deny",
            account,
            "{}",
            "spec.allowBlobPublicAccess is not set; allowed: false; set spec.allowBlobPublicAccess to false"
        ),
        Case(
            "to the better",
            "exposure: {publicAccess: Disabled}, ifAbsent: Allow",
            "storage.azure.com/v1api20220901/StorageAccount",
            "{}"
        ),
        Case(
            "TLS by default",
            "exposure: {minimumTLSVersion: '1.2'}",
            account,
            "{}",
            "spec.minimumTlsVersion is not set and Azure takes TLS1_0; allowed: TLS1_2 or later; set spec.minimumTlsVersion to TLS1_2 or later"
        ),
        Case("TLS by default that will do", "exposure: {minimumTLSVersion: '1.2'}", cosmos, "{}"),
        Case("trusted services by default", "exposure: {trustedServices: Required}", account, "{}"),
        Case(
            "trusted services by default that should not be",
            "exposure: {trustedServices: Disabled}",
            account,
            "{}",
            "spec.networkAcls.bypass is not set and Azure takes AzureServices; allowed: None; set spec.networkAcls.bypass to None"
        ),
        Case("days by default", "backup: {minimumRetentionDays: 7}", postgres, "{}"),
        Case(
            "days by default that are few",
            "backup: {minimumRetentionDays: 8}",
            postgres,
            "{}",
            "spec.backup.backupRetentionDays is not set and Azure takes 7; allowed: 8 days or more; "
                + "set spec.backup.backupRetentionDays to 8 days or more"
        ),
        Case(
            "of a copy nobody knows",
            "backup: {minimumRetentionDays: 7}",
            postgres,
            "{createMode: Replica}",
            "spec.backup.backupRetentionDays is not set; allowed: 7 days or more; set spec.backup.backupRetentionDays to 7 days or more"
        ),
    ]

    static let others: [Case] = [
        Case("Redis allocates zones", "zones: {redundant: Required}", redis, "{zonalAllocationPolicy: Automatic}"),
        Case(
            "Redis is given zones",
            "zones: {redundant: Required}",
            redis,
            "{zonalAllocationPolicy: UserDefined, zones: ['1', '2']}"
        ),
        Case(
            "Redis has none",
            "zones: {redundant: Required}",
            redis,
            "{zonalAllocationPolicy: NoZones}",
            "spec.zonalAllocationPolicy is \"NoZones\"; allowed: Automatic; set spec.zonalAllocationPolicy to Automatic",
            "spec.zones is not set; allowed: 2 or more zones; set spec.zones to 2 or more zones"
        ),
        Case(
            "every pool of a cluster",
            "zones: {minimum: 3}",
            cluster,
            "{agentPoolProfiles: [{availabilityZones: ['1', '2', '3']}, {availabilityZones: ['1', '1', '2']}, {}]}",
            "spec.agentPoolProfiles[1].availabilityZones names 2 zones, the minimum is 3; list 3 or more zones",
            "spec.agentPoolProfiles[2].availabilityZones is not set; allowed: 3 or more zones; "
                + "set spec.agentPoolProfiles[2].availabilityZones to 3 or more zones"
        ),
        Case(
            "a machine is in one zone",
            "zones: {redundant: Required}",
            "compute.azure.com/v1api20220301/VirtualMachine",
            "{zones: ['1']}"
        ),
        Case(
            "and should be",
            "zones: {minimum: 1, allow: ['1', 2]}",
            "compute.azure.com/v1api20220301/VirtualMachine",
            "{zones: ['3']}",
            "spec.zones[0] is \"3\"; allowed: 1, 2; set spec.zones[0] to 1 or 2"
        ),
        Case(
            "few days",
            "backup: {minimumRetentionDays: 14}",
            postgres,
            "{backup: {backupRetentionDays: 7}}",
            "spec.backup.backupRetentionDays is \"7\", the minimum is 14 days; keep it 14 days or more"
        ),
        Case(
            "many days",
            "backup: {maximumRetentionDays: 30}",
            postgres,
            "{backup: {backupRetentionDays: 35}}",
            "spec.backup.backupRetentionDays is \"35\", the maximum is 30 days; keep it 30 days or less"
        ),
        Case("unsaid days are not too many", "backup: {maximumRetentionDays: 30}", postgres, "{}"),
        Case(
            "hours are days",
            "backup: {minimumRetentionDays: 7}",
            cosmos,
            "{backupPolicy: {periodic: {periodicModeProperties: {backupRetentionIntervalInHours: 8}}}}",
            "spec.backupPolicy.periodic.periodicModeProperties.backupRetentionIntervalInHours is \"8\" (hours), "
                + "the minimum is 7 days; keep it 7 days or more"
        ),
        Case(
            "a tier is days",
            "backup: {minimumRetentionDays: 7}",
            cosmos,
            "{backupPolicy: {continuous: {continuousModeProperties: {tier: Continuous7Days}}}}"
        ),
        Case(
            "continuous backups last 30 days by default",
            "backup: {minimumRetentionDays: 7}",
            cosmos,
            "{backupPolicy: {continuous: {type: Continuous}}}"
        ),
        Case(
            "without a policy there are backups of hours",
            "backup: {minimumRetentionDays: 7}",
            cosmos,
            "{}",
            "spec.backupPolicy does not say how long backups are kept; keep them 7 days or more"
        ),
        Case(
            "no number",
            "backup: {minimumRetentionDays: 7}",
            postgres,
            "{backup: {backupRetentionDays: [7]}}",
            "spec.backup.backupRetentionDays is \"a list of 1\", which is no span of time that we can read; "
                + "allowed: 7 days or more; write 7 days or more"
        ),
        Case("no copies elsewhere", "backup: {geoRedundant: Disabled}", account, "{sku: {name: Standard_ZRS}}"),
        Case(
            "copies elsewhere",
            "backup: {geoRedundant: Disabled}",
            account,
            "{sku: {name: Standard_RAGZRS}}",
            "spec.sku.name is \"Standard_RAGZRS\"; allowed: a SKU without GRS and GZRS; "
                + "set spec.sku.name to a SKU without GRS and GZRS"
        ),
        Case(
            "a vault deletes softly by default",
            "backup: {softDelete: Required}",
            "keyvault.azure.com/v1api20230701/Vault",
            "{}"
        ),
        Case(
            "but forgets to protect",
            "backup: {softDelete: Required, purgeProtection: Required}",
            "keyvault.azure.com/v1api20230701/Vault",
            "{properties: {enableSoftDelete: false}}",
            "spec.properties.enablePurgeProtection is not set; allowed: true; set spec.properties.enablePurgeProtection to true",
            "spec.properties.enableSoftDelete is \"false\"; allowed: true; set spec.properties.enableSoftDelete to true"
        ),
        Case(
            "a key of one's own",
            "encryption: {customerManagedKey: Required}",
            account,
            "{encryption: {keySource: Microsoft.Storage}}",
            "spec.encryption.keySource is \"Microsoft.Storage\"; allowed: Microsoft.Keyvault; "
                + "set spec.encryption.keySource to Microsoft.Keyvault"
        ),
        Case("a kind without the facet", "encryption: {atHost: Required}", account, "{}"),
    ]

    @Test(arguments: words + ranges + addresses + doors + others) func judges(_ example: Case) throws {
        try decideUnderEachAction(example.rule, resource(example.type, spec: example.spec)) { decision in
            #expect(decision.failures.map(\.message).sorted() == example.lines.sorted())
        }
    }

    @Test func aWiderRangeIsNewThoughItsStartIsOld() throws {
        let set = try policies(policy(rule: "exposure: {allowedIPs: [10.0.0.0/8]}"))
        func rule(_ first: String, _ last: String) -> String { resource(Self.sql, spec: Self.range(first, last)) }
        let decision = try set.decide(.update(rule("11.0.0.0", "11.0.0.1"), to: rule("11.0.0.0", "11.255.0.0")))
        #expect(decision.failures.map(\.effect) == [.ratcheted, .deny])
        #expect(!decision.allowed)
        let mend = try set.decide(.update(rule("11.0.0.0", "11.0.0.1"), to: rule("10.0.0.0", "10.0.0.1")))
        #expect(mend.failures.isEmpty)
    }

    @Test func anEndpointOfTheInventoryIsAPrivateWay() throws {
        func endpoint(_ target: Inventory.Owner) -> Inventory.Entry {
            let key = Inventory.Key(
                group: "network.azure.com",
                kind: "PrivateEndpoint",
                namespace: "team-a",
                name: "way"
            )
            return Inventory.Entry(key: key, privateEndpointTargets: [target])
        }
        func key(_ name: String, namespace: String = "team-a") -> Inventory.Key {
            Inventory.Key(group: "storage.azure.com", kind: "StorageAccount", namespace: namespace, name: name)
        }
        let id =
            "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/x"
        let known = Inventory.Entry(key: key("thing"), resourceID: try ResourceID(parsing: id))
        let set = try policies(policy(rule: "exposure: {privateEndpoints: Required}"))
        let cases: [(inventory: Inventory?, isKnown: Bool)] = [
            (nil, false), (Inventory([]), false), (Inventory([known]), false),
            (Inventory([endpoint(.object(key("thing")))]), true),
            (Inventory([endpoint(.object(key("other")))]), false),
            (Inventory([endpoint(.object(key("thing", namespace: "team-b")))]), false),
            (Inventory([known, endpoint(.armID(id.uppercased()))]), true),
            (Inventory([known, endpoint(.armID(id + "y"))]), false),
            (Inventory([endpoint(.armID(id))]), false),
            (Inventory([known, endpoint(.armID("nonsense"))]), false),
        ]
        for (inventory, isKnown) in cases {
            let decision = try set.decide(
                Ask.create(storageAccount("{}")).request(),
                mode: .validate,
                inventory: inventory
            )
            #expect(decision.failures.map(\.reason) == (isKnown ? [] : [.unknown]))
        }
    }

    @Test func manifestsTellWhereEndpointsLead() throws {
        let manifest = """
            apiVersion: network.azure.com/v1api20240301
            kind: PrivateEndpoint
            metadata: {name: way, namespace: team-a}
            spec:
              privateLinkServiceConnections:
                - privateLinkServiceReference: {group: storage.azure.com, kind: StorageAccount, name: thing}
                - privateLinkServiceReference: {armId: /subscriptions/s/x}
                - privateLinkServiceReference: {wellKnownName: y}
                - {}
              manualPrivateLinkServiceConnections:
                - privateLinkServiceReference: {group: storage.azure.com, kind: StorageAccount, name: other}
            """
        var builder = InventoryBuilder(configuration: PolicyConfiguration())
        for document in try JSONDocument.parseYAML(Array(manifest.utf8)) { builder.add(document, file: "a.yaml") }
        let inventory = try #require(builder.finish().inventory)
        let thing = Inventory.Key(
            group: "storage.azure.com",
            kind: "StorageAccount",
            namespace: "team-a",
            name: "thing"
        )
        #expect(inventory.entries.map(\.privateEndpointTargets) == [[.object(thing), .armID("/subscriptions/s/x")]])
        #expect(inventory.hasPrivateEndpoint(to: thing))
    }

    @Test func aSourceThatIsUnknownIsNotAllowed() throws {
        let spec = Self.ipRules("[{valueFromConfig: {name: a, key: b}}]")
        let decision = try policies(policy(rule: Self.office)).decide(.create(resource(Self.account, spec: spec)))
        #expect(decision.failures.map(\.reason) == [.unknown])
    }

    static let faults: [(rule: String, issue: String)] = [
        (
            "exposure: {}",
            "exposure: says nothing; add one of publicNetworkAccess, defaultAction, minimumTLSVersion, publicAccess, "
                + "external, nodePublicIP, publicIP, ipForwarding, localAuthentication, privateCluster, rbacAuthorization, encryption, "
                + "httpsOnly, firewall, webApplicationFirewall, privateEndpoints, trustedServices, networkAccessPolicy, allowedIPs, "
                + "firewallRules"
        ),
        ("exposure: {firewall: Always}", "exposure.firewall: is \"Always\"; write Required"),
        ("exposure: {trustedServices: Allow}", "exposure.trustedServices: is \"Allow\"; write Required or Disabled"),
        (
            "exposure: {networkAccessPolicy: AllowAll}",
            "exposure.networkAccessPolicy: is \"AllowAll\"; write DenyAll or AllowPrivate"
        ),
        (
            "exposure: {httpOnly: Required}",
            "exposure.httpOnly: is unknown, did you mean \"httpsOnly\"?; write httpsOnly"
        ),
        (
            "exposure: {httpsOnly: Required, encryption: Required}",
            "exposure.httpsOnly: says what encryption says already; remove one of them"
        ),
        (
            "exposure: {allowedIPs: []}",
            "exposure.allowedIPs: is an empty list, which would match nothing; list something or remove the field"
        ),
        ("exposure: {allowedIPs: 10.0.0.0/8}", "exposure.allowedIPs: must be a list, not a string; write a list (- …)"),
        (
            "exposure: {allowedIPs: [10.0.0.0/33]}",
            "exposure.allowedIPs[0]: is \"10.0.0.0/33\", which is no address (prefix length out of range); "
                + "write an address, a prefix such as 203.0.113.0/24, a range such as 203.0.113.1-203.0.113.9 or a service tag"
        ),
        (
            "exposure: {allowedIPs: [10.0.0.9-10.0.0.1]}",
            "exposure.allowedIPs[0]: is \"10.0.0.9-10.0.0.1\", which is no address (the first is above the last); "
                + "write an address, a prefix such as 203.0.113.0/24, a range such as 203.0.113.1-203.0.113.9 or a service tag"
        ),
        (
            "exposure: {allowedIPs: [10.0.0.1], firewallRules: {allow: [10.0.0.2]}}",
            "exposure.firewallRules.allow: says what allowedIPs says already; remove one of them"
        ),
        (
            "exposure: {firewallRules: {}}",
            "exposure.firewallRules: says nothing; add one of allow, allAzureServices, maximumAddresses"
        ),
        (
            "exposure: {firewallRules: {maximumAddresses: 0}}",
            "exposure.firewallRules.maximumAddresses: is 0; write a whole number of 1 or more"
        ),
        (
            "exposure: {firewallRules: {maximumAddresses: 1.5}}",
            "exposure.firewallRules.maximumAddresses: is 1.5; write a whole number of 1 or more"
        ),
        ("encryption: {}", "encryption: says nothing; add one of customerManagedKey, infrastructure, atHost, disk"),
        ("encryption: {atHost: true}", "encryption.atHost: must be a string, not a boolean; write Required"),
        ("zones: {}", "zones: says nothing; add one of redundant, minimum, allow"),
        ("zones: {minimum: 4}", "zones.minimum: is 4; write 1 to 3: a region has no more zones"),
        ("zones: {minimum: 0}", "zones.minimum: is 0; write 1 to 3: a region has no more zones"),
        (
            "backup: {}",
            "backup: says nothing; add one of minimumRetentionDays, maximumRetentionDays, minimumSoftDeleteDays, "
                + "maximumSoftDeleteDays, geoRedundant, softDelete, purgeProtection, versioning, immutability"
        ),
        (
            "backup: {minimumRetentionDays: 30, maximumRetentionDays: 7}",
            "backup: asks for 30 days or more and 7 days or less; make the maximum the larger"
        ),
        (
            "backup: {minimumRetentionDays: 0}",
            "backup.minimumRetentionDays: is 0, which every value satisfies; write 1 or more"
        ),
        (
            "backup: {minimumRetentionDays: '7'}",
            "backup.minimumRetentionDays: must be a number, not a string; write a number without quotes"
        ),
        (
            "backup: {retentionDays: 7}",
            "backup.retentionDays: is unknown; remove it; known are minimumRetentionDays, maximumRetentionDays, "
                + "minimumSoftDeleteDays, maximumSoftDeleteDays, geoRedundant, softDelete, purgeProtection, versioning, immutability"
        ),
    ]

    @Test(arguments: faults) func refuses(_ rule: String, _ issue: String) throws {
        let result = try compile([("p.yaml", policy(rule: rule))])
        #expect(result.set == nil)
        #expect(
            result.issues.map { "\($0.field.replacing("spec.rules[0].", with: "")): \($0.message); \($0.mend)" } == [
                issue
            ]
        )
    }
}
