internal import ArgumentParser
internal import Authoring
internal import EventLoop
internal import Policy

/// `portcullis snapshot`.
struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot",
        abstract: "Keep what an inventory knows of objects in one file, for checks without a cluster.",
        discussion: """
            Reads manifests, or what 'kubectl get -A -o yaml' writes, as --inventory does, and writes what policies may ask of \
            the objects: names, labels, tags, regions, owners, IDs in Azure, sizes, and of a credential's Secret client, tenant and \
            subscription. No value of a Secret or ConfigMap is in it, and nothing else of any spec.

              kubectl get -A -o yaml namespaces,secrets,configmaps,$(kubectl api-resources -o name | grep azure.com | paste -sd,) |
                portcullis snapshot - --to cluster.json
              portcullis check --inventory cluster.json manifests/

            --inventory of check, explain, diff, replay, bench and serve takes the file, as suites do.

            Exit codes: 0 written; 1 the file could not be written; 2 the command line or a manifest is wrong, or the file is \
            there and is no snapshot; 4 there was nothing to keep.
            """
    )

    @Argument(
        help: ArgumentHelp(
            "Files and folders of manifests, other snapshots too, or - for standard input.",
            valueName: "path"
        )
    )
    var paths: [String]
    @Option(help: ArgumentHelp("Where it is written (default: standard output).", valueName: "file"))
    var to: String?

    func validate() throws {
        if paths.isEmpty { throw ValidationError("name files or folders of manifests, or - for standard input") }
    }

    func run() throws {
        if let to { try refuseToReplace(to) }
        guard let inventory = InventoryOptions.read(paths, PolicyConfiguration()) else {
            throw UsageError("what is named cannot be read, so that nothing was written")
        }
        guard !inventory.entries.isEmpty else {
            Terminal.complain("portcullis: there is no object of Azure, Namespace, Secret or ConfigMap\n")
            throw ExitCode(Portcullis.ExitCode.untested.rawValue)
        }
        let text = InventorySnapshot.text(of: inventory)
        guard let to else {
            print(String(decoding: text, as: UTF8.self), terminator: "")
            return
        }
        do throws(FileError) {
            // Whose identities there are is for whoever makes it to share.
            try FileSystem.write(text.span, to: to, access: .ownerOnly)
        } catch {
            throw CommandFailure("\(error)")
        }
        let count = inventory.entries.count
        Terminal.print("\(to): \(count) object\(count == 1 ? "" : "s")")
    }

    /// A snapshot may be made anew; any other file is somebody's.
    private func refuseToReplace(_ path: String) throws(UsageError) {
        guard FileSystem.exists(path) || FileSystem.target(ofLink: path) != nil else { return }
        let content = try? FileSystem.read(path, limitBytes: ManifestFile.maximumBytes)
        guard content?.starts(with: InventorySnapshot.beginning) == true else {
            throw UsageError("--to: \(path) is there already and is no snapshot; name another file, or remove it")
        }
    }
}
