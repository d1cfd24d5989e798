internal import Admission
internal import Logging
internal import Policy

/// Reads a folder, puts a good value in force, and says in the log what came of it.
final class FolderLoader<Contents: FolderContents> {
    private let folder: Folder<Contents>
    private let holder: Holder<Contents.Value>
    private let messages: FolderMessages
    private let logger: Logger
    private let announce: (Contents.Value) -> Void
    /// Hears of the folders beside the first that have been read, after each reading.
    var onFolders: ([String]) -> Void = { _ in }

    /// - Parameters:
    ///   - folder: What to read.
    ///   - holder: Where it puts what is good.
    ///   - messages: What the log says.
    ///   - logger: Hears what came of it.
    ///   - announce: Is given each new value after the log has told of it.
    init(
        _ folder: Folder<Contents>,
        _ holder: Holder<Contents.Value>,
        _ messages: FolderMessages,
        _ logger: Logger,
        announce: @escaping (Contents.Value) -> Void
    ) {
        self.folder = folder
        self.holder = holder
        self.messages = messages
        self.logger = logger
        self.announce = announce
    }

    /// Reads the folder again.
    func load() {
        let before = folder.status
        let status = folder.reload()
        onFolders(status.folders)
        for issue in status.issues {
            let level: Logger.Level = issue.severity == .error ? .error : .warning
            logger.log(level: level, messages.issue, metadata: ["issue": "\(issue)"])
        }
        guard status.isCurrent else {
            return logger.error(
                messages.refused,
                metadata: ["folder": "\(folder.path)", "inForce": "generation \(status.generation)"]
            )
        }
        guard status.generation != before.generation else { return }
        logger.info(
            messages.inForce,
            metadata: [
                "folder": "\(folder.path)", "generation": "\(status.generation)",
                "milliseconds": "\(Int(status.duration / .milliseconds(1)))",
            ]
        )
        if let value = holder.current { announce(value) }
    }
}

/// What the log says of a folder.
struct FolderMessages {
    let issue: Logger.Message
    let refused: Logger.Message
    let inForce: Logger.Message

    static let policies = FolderMessages(
        issue: "policy issue",
        refused: "policies refused",
        inForce: "policies in force"
    )
    static let inventory = FolderMessages(
        issue: "inventory issue",
        refused: "inventory refused",
        inForce: "inventory in force"
    )
}
