/// A kind of resource without its version: what tables and policies name.
public struct GroupKind: Hashable, Sendable, CustomStringConvertible {
    /// The API group (`storage.azure.com`); empty for the core group.
    public let group: String
    /// The kind (`StorageAccount`).
    public let kind: String

    /// Names a kind of a group.
    public init(group: String, kind: String) {
        self.group = group
        self.kind = kind
    }

    /// `StorageAccount.storage.azure.com`, as kubectl writes it; `Secret` for the core group.
    public var description: String {
        group.isEmpty ? kind : "\(kind).\(group)"
    }
}

/// A kind of resource in one of its versions (`meta/v1.GroupVersionKind`).
public struct GroupVersionKind: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public let group: String
    /// The version (`v1api20230101`).
    public let version: String
    /// The kind.
    public let kind: String

    /// Names a kind of a group in one version.
    public init(group: String, version: String, kind: String) {
        self.group = group
        self.version = version
        self.kind = kind
    }

    /// Splits `apiVersion` at its slash, as a manifest's type meta is read.
    ///
    /// - Returns: `nil` if a part is empty or there is more than one slash.
    public init?(apiVersion: String, kind: String) {
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false)
        guard !kind.isEmpty, parts.count <= 2, parts.allSatisfy({ !$0.isEmpty }), let version = parts.last else {
            return nil
        }
        self.init(group: parts.count == 2 ? String(parts[0]) : "", version: String(version), kind: kind)
    }

    /// `group/version`, or the version alone in the core group.
    public var apiVersion: String {
        group.isEmpty ? version : "\(group)/\(version)"
    }

    /// The kind without its version.
    public var groupKind: GroupKind {
        GroupKind(group: group, kind: kind)
    }

    /// `storage.azure.com/v1api20230101, Kind=StorageAccount`, as the API server logs it.
    public var description: String {
        "\(apiVersion), Kind=\(kind)"
    }
}

/// The name that URLs and RBAC use for a kind in one version (`meta/v1.GroupVersionResource`).
public struct GroupVersionResource: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public let group: String
    /// The version.
    public let version: String
    /// The plural (`storageaccounts`).
    public let resource: String

    /// Names a resource of a group in one version.
    public init(group: String, version: String, resource: String) {
        self.group = group
        self.version = version
        self.resource = resource
    }

    /// `storageaccounts.v1api20230101.storage.azure.com`.
    public var description: String {
        group.isEmpty ? "\(resource).\(version)" : "\(resource).\(version).\(group)"
    }
}

/// What a request does to its resource (`admission/v1.Operation`).
public enum Operation: String, CaseIterable, Hashable, Sendable {
    /// A new object; `object` is set.
    case create = "CREATE"
    /// A changed object or sub-resource; `object` and `oldObject` are set.
    case update = "UPDATE"
    /// A deletion; only `oldObject` is set.
    case delete = "DELETE"
    /// A connection to a sub-resource (`exec`, `proxy`); `object` holds its options, if anything.
    case connect = "CONNECT"
}
