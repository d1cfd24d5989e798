internal import Admission
internal import Logging
internal import Policy

/// Reads the policy folder, puts a good set in force, and says in the log what came of it.
final class PolicyLoader {
    private let folder: PolicyFolder
    private let holder: PolicyHolder
    private let logger: Logger
    /// Hears of the folders beside the first that have been read, after each reading.
    var onFolders: ([String]) -> Void = { _ in }

    init(_ folder: PolicyFolder, _ holder: PolicyHolder, _ logger: Logger) {
        self.folder = folder
        self.holder = holder
        self.logger = logger
    }

    /// Reads the folder again.
    func load() {
        let before = folder.status
        let status = folder.reload()
        onFolders(status.folders)
        for issue in status.issues {
            let level: Logger.Level = issue.severity == .error ? .error : .warning
            logger.log(level: level, "policy issue", metadata: ["issue": "\(issue)"])
        }
        guard status.isCurrent else {
            return logger.error(
                "policies refused",
                metadata: ["folder": "\(folder.path)", "inForce": "generation \(status.generation)"]
            )
        }
        guard status.generation != before.generation else { return }
        logger.info(
            "policies in force",
            metadata: [
                "folder": "\(folder.path)", "generation": "\(status.generation)",
                "milliseconds": "\(Int(status.duration / .milliseconds(1)))",
            ]
        )
        if holder.current?.hasBinding == false {
            logger.warning(
                "no AzureBinding is loaded: identity is not checked",
                metadata: ["folder": "\(folder.path)"]
            )
        }
    }
}
