internal import Azure
public import JSON

/// Makes an inventory of the documents of a folder.
///
/// Files are added in any order; of two objects of one name that of the later file counts, which is a warning. One builder
/// makes one inventory.
public struct InventoryBuilder {
    /// What became of a folder.
    public struct Result: Sendable {
        /// The inventory; nil if any issue is an error.
        public let inventory: Inventory?
        /// Errors and warnings, by file, line and column.
        public let issues: [PolicyIssue]
    }

    private let configuration: PolicyConfiguration
    private let values = SharedValues()
    private var entries: [Inventory.Entry] = []
    private var issues = IssueList()
    /// The file of each name.
    private var files: [Inventory.Key: String] = [:]

    /// Starts an inventory.
    public init(configuration: PolicyConfiguration = PolicyConfiguration()) {
        self.configuration = configuration
    }

    /// Adds a document of a file.
    public mutating func add(_ document: JSONDocument, file: String) {
        add(InventoryFile([document], file: file, configuration: configuration, sharing: values))
    }

    /// Adds a file that was read before, now or for an earlier inventory.
    public mutating func add(_ file: InventoryFile) {
        issues.append(file.issues)
        var repeated: (count: Int, first: Inventory.Key, other: String)?
        for entry in file.entries {
            if let other = files.updateValue(file.name, forKey: entry.key) {
                repeated = ((repeated?.count ?? 0) + 1, repeated?.first ?? entry.key, repeated?.other ?? other)
            }
        }
        if let repeated {
            let others = repeated.count == 1 ? "" : ", and \(repeated.count - 1) more objects twice"
            let issue = PolicyIssue(
                severity: .warning,
                file: file.name,
                message: "has \(repeated.first) that \(repeated.other) has already\(others); the last counts",
                mend: "keep one of them"
            )
            issues.append(issue)
        }
        entries += file.entries
    }

    /// Reports that a file could not be read as documents; there will be no inventory then.
    public mutating func add(_ issue: PolicyIssue) {
        issues.append(issue)
    }

    /// Makes the inventory.
    ///
    /// - Parameter folder: What an error names that no single file has.
    /// - Returns: The inventory, or why there is none.
    public consuming func finish(folder: String = "inventory") -> Result {
        if files.count > Inventory.maximumEntries {
            let issue = PolicyIssue(
                file: folder,
                message: "has \(files.count) objects, more than \(Inventory.maximumEntries)",
                mend: "leave out Secrets and ConfigMaps that have nothing to do with Azure"
            )
            issues.append(issue)
        }
        guard !issues.hasErrors else { return Result(inventory: nil, issues: issues.sorted) }
        var derivation = ResourceIDDerivation(entries, configuration.tables)
        let inventory = Inventory(derivation.run())
        return Result(inventory: inventory, issues: issues.sorted)
    }
}

extension Inventory.Key: CustomStringConvertible {
    /// `Kind namespace/name`.
    public var description: String {
        namespace.isEmpty ? "\(kind) \(name)" : "\(kind) \(namespace)/\(name)"
    }
}

/// Finds the IDs of resources that do not tell theirs: from their owners', and from the subscription of their credential.
private struct ResourceIDDerivation {
    private var entries: [Inventory.Entry]
    private let tables: AzureTables
    private let places: [Inventory.Key: Int]
    private var isVisited: [Bool]

    /// Deeper than the deepest kind of Azure, and what bounds owners that own each other in a circle.
    private static let maximumOwners = 16

    /// What Azure Service Operator calls a namespace's own credential.
    private static let usualCredential = "aso-credential"

    init(_ entries: [Inventory.Entry], _ tables: AzureTables) {
        self.entries = entries
        self.tables = tables
        isVisited = Array(repeating: false, count: entries.count)
        places = Dictionary(entries.enumerated().map { ($0.element.key, $0.offset) }) { $1 }
    }

    mutating func run() -> [Inventory.Entry] {
        for place in entries.indices { _ = resourceID(at: place, depth: 0) }
        return entries
    }

    private mutating func resourceID(at place: Int, depth: Int) -> ResourceID? {
        if let id = entries[place].resourceID { return id }
        guard !isVisited[place], depth < Self.maximumOwners else { return nil }
        isVisited[place] = true
        let id = derive(place, depth: depth)
        if let id { entries[place].resourceID = id }
        return id
    }

    private mutating func derive(_ place: Int, depth: Int) -> ResourceID? {
        let entry = entries[place]
        guard let kind = entry.kind, let type = kind.armType, let name = entry.azureName else { return nil }
        let text: String
        switch kind.scope {
        case .subscription:
            guard let subscription = subscription(of: entry) else { return nil }
            text = "/subscriptions/\(subscription)/resourceGroups/\(name)"
        case .resourceGroup, .extension:
            guard let owner = owner(of: entry, depth: depth) else { return nil }
            text = "\(owner)/providers/\(type)/\(name)"
        case .child:
            guard let owner = owner(of: entry, depth: depth) else { return nil }
            let levels = type.split(separator: "/")
            // An owner two levels up would leave a name out.
            guard levels.dropLast().joined(separator: "/").lowercased() == owner.type.lowercased(),
                let last = levels.last
            else { return nil }
            text = "\(owner)/\(last)/\(name)"
        case .tenant, .nonARM:
            return nil
        }
        return try? ResourceID(parsing: text)
    }

    private mutating func owner(of entry: Inventory.Entry, depth: Int) -> ResourceID? {
        switch entry.owner {
        case .armID(let text): try? ResourceID(parsing: text)
        case .object(let key): places[key].flatMap { resourceID(at: $0, depth: depth + 1) }
        case nil: nil
        }
    }

    /// The subscription of the credential that the object names, else of its namespace's own.
    private func subscription(of entry: Inventory.Entry) -> String? {
        let name = entry.credentialName ?? Self.usualCredential
        let key = Inventory.Key(group: "", kind: "Secret", namespace: entry.key.namespace, name: name)
        return places[key].flatMap { entries[$0].credential?.subscriptionID }
    }
}
