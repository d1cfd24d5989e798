public import EventLoop
public import JSON
public import Policy

/// What the files of a folder are made into: how one of them is read, and what all of them are together.
public protocol FolderContents: Sendable {
    /// What one file says by itself.
    associatedtype Part: Sendable
    /// What all files say together.
    associatedtype Value: Sendable

    /// The largest file, in bytes.
    static var maximumFileBytes: Int { get }
    /// The most bytes that all files may have together.
    static var maximumBytes: Int { get }

    /// Reads with the tables and limits of policies.
    init(configuration: PolicyConfiguration)

    /// Finds the files of a folder that count.
    static func files(of folder: String) throws(FileError) -> PolicyFiles

    /// Reads the documents of a file; what is wrong is part of the result.
    func read(_ documents: [JSONDocument], file: String) -> Part

    /// Makes the part of a file that is no document.
    func refuse(_ issue: PolicyIssue) -> Part

    /// Puts all parts together.
    ///
    /// - Parameters:
    ///   - parts: One a file, in the order of their names.
    ///   - issues: What is wrong with the folder as a whole.
    ///   - folder: Its path.
    ///   - generation: The number that the value will carry.
    /// - Returns: The value, nil if there is any error, and all issues.
    func join(
        _ parts: [Part],
        _ issues: [PolicyIssue],
        folder: String,
        generation: UInt64
    ) -> (value: Value?, issues: [PolicyIssue])

    /// What is said of a folder without files.
    func emptiness(of folder: String) -> PolicyIssue
}

/// A folder of policies.
public typealias PolicyFolder = Folder<PolicyContents>

/// Policies, bindings and Namespaces, compiled to a policy set.
public struct PolicyContents: FolderContents {
    /// A ConfigMap holds 1 MiB, and files beside a server may be larger.
    public static let maximumFileBytes = 8 << 20
    /// Enough for a hundred thousand policies.
    public static let maximumBytes = 128 << 20

    private let configuration: PolicyConfiguration

    /// Compiles for sets of a configuration.
    public init(configuration: PolicyConfiguration) {
        self.configuration = configuration
    }

    /// Finds the files that hold policies, by the folder's kustomization if it has one.
    public static func files(of folder: String) throws(FileError) -> PolicyFiles { try PolicyFiles(of: folder) }

    /// Compiles what can be compiled of one file alone.
    public func read(_ documents: [JSONDocument], file: String) -> PolicyFile {
        PolicyFile(documents, file: file, configuration: configuration)
    }

    /// Makes the part of a file that is no document.
    public func refuse(_ issue: PolicyIssue) -> PolicyFile { PolicyFile(issue) }

    /// Compiles the set.
    public func join(
        _ parts: [PolicyFile],
        _ issues: [PolicyIssue],
        folder: String,
        generation: UInt64
    ) -> (value: PolicySet?, issues: [PolicyIssue]) {
        var compiler = PolicyCompiler(configuration: configuration)
        for issue in issues { compiler.add(issue) }
        for part in parts { compiler.add(part) }
        let result = compiler.finish(generation: generation, now: .now())
        return (result.set, result.issues)
    }

    /// Without policies everything is allowed.
    public func emptiness(of folder: String) -> PolicyIssue {
        PolicyIssue(
            severity: .warning,
            file: folder,
            message: "holds no policies, so everything is allowed",
            mend: "put an AzurePolicy into a file *.yaml, *.yml or *.json"
        )
    }
}

/// A folder of manifests, or of snapshots of what there is in a cluster.
public typealias InventoryFolder = Folder<InventoryContents>

/// Manifests and snapshots, made to an inventory.
public struct InventoryContents: FolderContents {
    /// What the parser takes: a snapshot of some 15,000 resources.
    public static let maximumFileBytes = JSONLimits.default.maximumBytes
    /// As many snapshots as the largest inventory has.
    public static let maximumBytes = 512 << 20

    private let configuration: PolicyConfiguration
    /// Until the files are put together.
    private let values = SharedValues()

    /// Reads with the tables of a configuration.
    public init(configuration: PolicyConfiguration) {
        self.configuration = configuration
    }

    /// Finds all files of manifests.
    public static func files(of folder: String) throws(FileError) -> PolicyFiles {
        try PolicyFiles(manifestsOf: folder)
    }

    /// Takes what an inventory holds of the objects of a file.
    public func read(_ documents: [JSONDocument], file: String) -> InventoryFile {
        InventoryFile(documents, file: file, configuration: configuration, sharing: values)
    }

    /// Makes the part of a file that is no document.
    public func refuse(_ issue: PolicyIssue) -> InventoryFile { InventoryFile(issue) }

    /// Makes the inventory.
    public func join(
        _ parts: [InventoryFile],
        _ issues: [PolicyIssue],
        folder: String,
        generation: UInt64
    ) -> (value: Inventory?, issues: [PolicyIssue]) {
        values.removeAll()
        var builder = InventoryBuilder(configuration: configuration)
        for issue in issues { builder.add(issue) }
        for part in parts { builder.add(part) }
        let result = builder.finish(folder: folder)
        return (result.inventory, result.issues)
    }

    /// Without objects every quota is unused.
    public func emptiness(of folder: String) -> PolicyIssue {
        PolicyIssue(
            severity: .warning,
            file: folder,
            message: "holds no objects, so quotas count nothing",
            mend: "put manifests, or what kubectl get -o yaml writes, into a file *.yaml, *.yml or *.json"
        )
    }
}
