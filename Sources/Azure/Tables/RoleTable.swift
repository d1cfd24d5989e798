/// A role that Azure has by itself, by one of the names that it has had.
public struct BuiltInRole: Hashable, Sendable {
    /// Its name, such as `Storage Blob Data Reader`.
    public let name: String

    /// The GUID of its definition, in small letters: the same in every tenant.
    public let id: String

    /// Whether who has it may do anything, or give roles to others.
    public let isPrivileged: Bool
}

/// Built-in roles by name and by GUID.
struct RoleTable: Sendable {
    let all: [BuiltInRole]
    private let byName: [String: Int]
    private let byID: [String: [Int]]

    private enum Privilege: String, CaseIterable {
        case yes
        case no
    }

    init(_ bytes: [UInt8]) throws(TableError) {
        var reader = try TableReader("roles.tsv", bytes[...], columns: ["name", "id", "privileged"])
        let privileges = WordList<Privilege>()
        var all: [BuiltInRole] = []
        var byName: [String: Int] = [:]
        var byID: [String: [Int]] = [:]
        while try reader.next() {
            let role = BuiltInRole(
                name: try reader.name(0),
                id: try reader.name(1),
                isPrivileged: try reader.word(2, of: privileges) == .yes
            )
            guard ResourceID.isGUID(role.id), role.id.asciiLowercased == role.id else {
                throw reader.error(at: 1, "id is \"\(role.id)\"; expected a GUID in small letters")
            }
            guard byName.updateValue(all.count, forKey: role.name.asciiLowercased) == nil else {
                throw reader.error(at: 0, "\(role.name) is listed twice")
            }
            if let first = byID[role.id]?.first, all[first].isPrivileged != role.isPrivileged {
                throw reader.error(at: 2, "privileged differs from that of \(all[first].name), which has the same id")
            }
            byID[role.id, default: []].append(all.count)
            all.append(role)
        }
        self.all = all
        self.byName = byName
        self.byID = byID
    }

    func named(_ name: String) -> BuiltInRole? { byName[name.asciiLowercased].map { all[$0] } }

    func with(id: String) -> [BuiltInRole] { (byID[id.asciiLowercased] ?? []).map { all[$0] } }
}

extension AzureTables {
    /// All built-in roles that the tables know, by name.
    public var builtInRoles: [BuiltInRole] { roles.all }

    /// The built-in role of a name, without regard to ASCII case; nil if the tables do not know it.
    public func builtInRole(named name: String) -> BuiltInRole? { roles.named(name) }

    /// The built-in role of a GUID under every name that it has had; none if the tables do not know it.
    public func builtInRoles(id: String) -> [BuiltInRole] { roles.with(id: id) }
}

extension ResourceID {
    /// Whether a text is a GUID as Azure writes them: `8-4-4-4-12` hexadecimal digits.
    public static func isGUID(_ text: String) -> Bool { text.utf8Span.span.isGUID }
}
