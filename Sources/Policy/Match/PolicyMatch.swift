internal import JSON
internal import Kubernetes

/// The part of a policy's `match` that the index does not answer: who asks, and what labels the object has.
struct PolicyMatch: Sendable {
    var users: [Glob]?
    var excludedUsers: [Glob] = []
    var groups: [Glob]?
    var excludedGroups: [Glob] = []
    var objectSelector: LabelSelector?

    /// Whether there is anything to ask at all.
    var isEverything: Bool {
        users == nil && groups == nil && excludedUsers.isEmpty && excludedGroups.isEmpty && objectSelector == nil
    }

    /// Users and groups add up: whoever is named by either is meant, whoever is excluded by either is not.
    func matches(_ user: UserInfo, in document: JSONDocument) -> Bool {
        if !excludedUsers.isEmpty || !excludedGroups.isEmpty {
            if Self.names(user, excludedUsers, in: document) || Self.belongs(user, excludedGroups, in: document) {
                return false
            }
        }
        if users == nil && groups == nil { return true }
        return Self.names(user, users ?? [], in: document) || Self.belongs(user, groups ?? [], in: document)
    }

    private static func names(_ user: UserInfo, _ globs: [Glob], in document: JSONDocument) -> Bool {
        guard !globs.isEmpty, let name = user.username else { return false }
        for glob in globs where glob.matches(document.utf8(name)) { return true }
        return false
    }

    private static func belongs(_ user: UserInfo, _ globs: [Glob], in document: JSONDocument) -> Bool {
        guard !globs.isEmpty, let groups = user.groups else { return false }
        for group in document.elements(of: groups) {
            for glob in globs where glob.matches(document.utf8(group)) { return true }
        }
        return false
    }
}

/// The operations that a policy judges.
struct OperationSet: OptionSet, Sendable {
    let rawValue: UInt8

    static let create = OperationSet(rawValue: 1)
    static let update = OperationSet(rawValue: 2)
    static let delete = OperationSet(rawValue: 4)
    static let connect = OperationSet(rawValue: 8)
    /// One set for each operation.
    static let each: [OperationSet] = [.create, .update, .delete, .connect]

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ operation: Operation) {
        switch operation {
        case .create: self = .create
        case .update: self = .update
        case .delete: self = .delete
        case .connect: self = .connect
        }
    }
}
