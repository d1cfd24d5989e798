public import EventLoop
public import Policy

/// The files of a policy folder as they were at one moment, where the folder can tell.
///
/// A folder's policies are its files `*.yaml`, `*.yml` and `*.json`, those in folders below too; names that begin with a dot do
/// not count, and neither do folders named `tests`, in which lies what tests the policies. If the folder has a kustomization
/// with resources, those are its policies, and nothing else.
///
/// A ConfigMap volume holds its files in a directory with a name of its own, `..2026_11_23_…`; `..data` is a link to that
/// directory, replaced whole when the ConfigMap changes, and every file that people see is a link through `..data`. Who
/// follows those links one by one can read some files before the change and some after it: a set that nobody wrote. So a
/// volume is read from the directory that its `..data` pointed to once.
public struct PolicyFiles: Sendable {
    /// A file: what people call it, and where it is read.
    public struct File: Equatable, Sendable {
        /// The path for people.
        public let name: String
        /// The path to read, which differs in a volume.
        public let path: String
    }

    /// The files; those of a folder in ascending order of their names.
    public private(set) var files: [File] = []
    /// What is wrong with kustomizations.
    public private(set) var issues: [PolicyIssue] = []
    /// The folders outside of the first that kustomizations lead to.
    public private(set) var folders: [String] = []

    private let root: String

    /// Lists the files of a folder.
    ///
    /// - Parameter folder: The folder.
    /// - Throws: That it cannot be listed.
    public init(of folder: String) throws(FileError) {
        root = folder
        try add(folder, within: [])
    }

    /// Lists the files of a folder of manifests: all of them, whatever tests and kustomizations there are beside.
    ///
    /// - Parameter folder: The folder, or a file, such as a snapshot.
    /// - Throws: That it cannot be listed.
    init(manifestsOf folder: String) throws(FileError) {
        root = folder
        if FileSystem.exists(folder), !FileSystem.isDirectory(folder) {
            files = [File(name: folder, path: folder)]
            return
        }
        files = try Self.list(folder) { _ in true }.filter { Self.isPolicyFile($0.name) }
            .map { File(name: FileSystem.path(folder, $0.name), path: $0.path) }
    }

    /// Whether a file holds policies, by its name.
    public static func isPolicyFile(_ name: String) -> Bool {
        name.hasSuffix(".yaml") || name.hasSuffix(".yml") || name.hasSuffix(".json")
    }

    private mutating func add(_ folder: String, within outer: [String]) throws(FileError) {
        let found = try Self.list(folder) { !Self.isTest($0) }
        var kustomization: Kustomization?
        if let file = found.first(where: { Kustomization.names.contains($0.name) }) {
            kustomization = try Kustomization(file.path, name: FileSystem.path(folder, file.name), &issues)
        }
        guard let resources = kustomization?.resources else {
            files += found.filter { Self.isPolicyFile($0.name) }
                .map { File(name: FileSystem.path(folder, $0.name), path: $0.path) }
            return
        }
        var listed: Set<String> = []
        for resource in resources {
            let path = FileSystem.path(folder, resource.path)
            if let file = found.first(where: { $0.name == resource.path }) {
                listed.insert(file.name)
                files.append(File(name: FileSystem.path(folder, file.name), path: file.path))
            } else if FileSystem.isDirectory(path) {
                try add(resource, path, within: outer + [folder])
            } else if resource.path.hasPrefix("../"), FileSystem.exists(path) {
                issues.append(
                    resource.issue("is a file outside of the folder", mend: "name its folder, with a kustomization")
                )
            } else {
                issues.append(
                    resource.issue("does not exist", mend: "correct the path; it counts from the kustomization")
                )
            }
        }
        for file in found where Self.isPolicyFile(file.name) && !file.name.contains("/") {
            guard !listed.contains(file.name), !Kustomization.names.contains(file.name) else { continue }
            issues.append(
                PolicyIssue(
                    severity: .warning,
                    file: FileSystem.path(folder, file.name),
                    message: "is not in force: the kustomization beside it does not list it",
                    mend: "add it to the kustomization's resources"
                )
            )
        }
    }

    /// How many kustomizations may lead from one to the next.
    private static let maximumDepth = 16

    private mutating func add(
        _ resource: Kustomization.Resource,
        _ path: String,
        within outer: [String]
    ) throws(FileError) {
        let path = FileSystem.normalized(path)
        guard !outer.map(FileSystem.normalized).contains(path), outer.count < Self.maximumDepth else {
            issues.append(resource.issue("leads back to where it came from", mend: "remove it"))
            return
        }
        guard Kustomization.names.contains(where: { FileSystem.exists(FileSystem.path(path, $0)) }) else {
            issues.append(resource.issue("has no kustomization", mend: "add \(path)/kustomization.yaml with resources"))
            return
        }
        let root = FileSystem.normalized(self.root)
        if path != root, !path.hasPrefix(root + "/"), !folders.contains(path) { folders.append(path) }
        try add(path, within: outer)
    }

    /// Lists the files under a folder, in ascending order of their names, which are relative to it.
    private static func list(_ folder: String, where counts: (String) -> Bool) throws(FileError) -> [File] {
        var files: [File] = []
        var volumes: [String: String] = [:]
        for name in try FileSystem.files(under: folder) where counts(name) {
            if let (volume, version) = volume(of: name, in: folder) {
                volumes[volume] = version
            } else {
                files.append(File(name: name, path: FileSystem.path(folder, name)))
            }
        }
        for (volume, version) in volumes {
            let root = FileSystem.path(volume.isEmpty ? folder : FileSystem.path(folder, volume), version)
            for name in try FileSystem.files(under: root) where counts(name) {
                files.append(
                    File(
                        name: volume.isEmpty ? name : FileSystem.path(volume, name),
                        path: FileSystem.path(root, name)
                    )
                )
            }
        }
        return files.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private static func isTest(_ name: String) -> Bool {
        name.split(separator: "/").dropLast().contains { $0 == PolicyFile.testsFolder }
    }

    /// The volume that a file belongs to, relative to the folder, and the directory that holds its present version.
    private static func volume(of name: String, in folder: String) -> (volume: String, version: String)? {
        var volume = ""
        for component in name.split(separator: "/") {
            let directory = volume.isEmpty ? folder : FileSystem.path(folder, volume)
            let target = FileSystem.target(ofLink: FileSystem.path(directory, String(component)))
            if let target, target.hasPrefix("..data/") {
                return FileSystem.target(ofLink: FileSystem.path(directory, "..data")).map { (volume, $0) }
            }
            volume = volume.isEmpty ? String(component) : FileSystem.path(volume, String(component))
        }
        return nil
    }
}
