internal import CLinux
internal import Glibc

/// Tells a loop that something in a directory has changed: a file written, renamed or removed, a link turned to another
/// target (`..data` of a ConfigMap or Secret volume), the directory itself replaced.
///
/// It says *that* something changed, never what: the listener reads the directory again. Changes that come together are told
/// together, and a change that comes while the listener reads is told again.
public final class DirectoryWatch {
    /// What to watch and how long to collect.
    public struct Configuration: Sendable {
        /// The directory, which need not exist: its arrival is a change.
        public var path: String
        /// How many directories deep; 0 is only the directory itself.
        public var depth: Int
        /// Silence that ends a burst of changes.
        public var quiet = Duration.milliseconds(5)
        /// The longest that a burst is collected, well below the 50 ms in which a change is to be in force.
        public var patience = Duration.milliseconds(20)

        /// Describes a watch with the defaults of everything else.
        public init(path: String, depth: Int = 16) {
            self.path = path
            self.depth = depth
        }
    }

    private let configuration: Configuration
    private let onChange: (Result<Void, SystemError>) -> Void
    private let tree: WatchedTree
    private unowned let loop: Loop
    private var registration: Poller.Registration?
    private var deadline: Loop.Deadline?
    /// When the burst that is being collected must be told.
    private var latest = MonotonicInstant(nanoseconds: 0)

    /// Starts to watch: what changes from now on is told, so read the directory after this.
    ///
    /// - Parameters:
    ///   - configuration: What to watch and how long to collect.
    ///   - loop: Where to hear of it; not one that serves connections, for the listener will read files.
    ///   - onChange: Hears of changes on the loop's thread. With a failure the watch has gaps from then on: the listener
    ///     should look by itself now and then.
    /// - Throws: What inotify reports: no instances (`fs.inotify.max_user_instances`) or watches left.
    public init(
        _ configuration: Configuration,
        on loop: Loop,
        onChange: @escaping (Result<Void, SystemError>) -> Void
    ) throws(SystemError) {
        self.configuration = configuration
        self.loop = loop
        self.onChange = onChange
        tree = try WatchedTree(root: configuration.path, depth: configuration.depth)
        registration = try loop.add(tree.descriptor, interest: .read, handler: self)
    }

    /// Stops watching; nothing is told any more.
    public func cancel() {
        if let registration = registration.take() { loop.remove(registration, tree.descriptor) }
        if let deadline = deadline.take() { loop.cancel(deadline) }
    }
}

extension DirectoryWatch: ReadinessHandler, DeadlineHandler {
    /// Collects changes.
    public func loop(_ loop: Loop, registration: Poller.Registration, isReady readiness: Poller.Readiness) {
        do {
            guard try tree.takeChanges() else { return }
        } catch {
            onChange(.failure(error))
            return
        }
        if let deadline {
            loop.reschedule(deadline, at: min(loop.now + configuration.quiet, latest))
        } else {
            latest = loop.now + configuration.patience
            deadline = loop.schedule(at: loop.now + configuration.quiet, self)
        }
    }

    /// Tells of the changes that were collected.
    public func loop(_ loop: Loop, deadlinePassed deadline: Loop.Deadline) {
        self.deadline = nil
        onChange(.success(()))
    }
}

/// The directories of a tree, and the one in which its root is expected, as inotify watches.
private final class WatchedTree {
    let descriptor: OwnedDescriptor
    private let root: String
    private let depth: Int
    /// By watch descriptor: the directory, and the only name in it that matters, if not all do.
    private var watches: [CInt: Watch] = [:]

    private struct Watch {
        var directory: String
        var name: String?
    }

    private struct Event {
        let watch: CInt
        let mask: UInt32
        let name: String
    }

    /// Directories in one tree: a bound on kernel memory, far above any policy folder.
    private static let maximumDirectories = 4096

    /// Names that come and go.
    private static let namesMask = UInt32(
        IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
    )

    /// The same, and what files hold and who may read them.
    private static let mask = namesMask | UInt32(IN_CLOSE_WRITE | IN_ATTRIB)

    init(root: String, depth: Int) throws(SystemError) {
        let raw = try systemCall("inotify_init1") { inotify_init1(CInt(IN_CLOEXEC | IN_NONBLOCK)) }
        descriptor = OwnedDescriptor(owning: raw)
        self.root = root
        self.depth = depth
        try arm()
    }

    /// Empties the kernel's queue; watches what has come.
    ///
    /// - Returns: Whether anything changed that a reader of the tree could notice.
    func takeChanges() throws(SystemError) -> Bool {
        var hasChanged = false
        var mustArm = false
        var buffer: [UInt8] = []
        while let count = try descriptor.read(appendingTo: &buffer, atMost: 16384), count > 0 {
            for event in WatchedTree.events(in: buffer) {
                // The kernel has dropped events, maybe of new directories.
                if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { (hasChanged, mustArm) = (true, true) }
                guard let watch = watches[event.watch] else { continue }
                if event.mask & UInt32(IN_IGNORED) != 0 {
                    watches[event.watch] = nil
                    (hasChanged, mustArm) = (true, true)
                    continue
                }
                if event.mask & UInt32(IN_DELETE_SELF | IN_MOVE_SELF) != 0 { (hasChanged, mustArm) = (true, true) }
                guard concernsReader(event, in: watch), !isOnlyBegun(event, in: watch) else { continue }
                hasChanged = true
                // A directory came or went; so may a link to one, and the event does not say what it is.
                if event.mask & UInt32(IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE) != 0 { mustArm = true }
            }
            buffer.removeAll(keepingCapacity: true)
        }
        // Before the change is told: what is written into a new directory from now on is an event, what was written before is
        // read.
        if mustArm { try arm() }
        return hasChanged
    }

    /// Whether a name matters.
    ///
    /// Temporary files and the versions of a ConfigMap volume begin with a dot, and nobody lists them. `..data`, which
    /// chooses the version, does matter.
    private func concernsReader(_ event: Event, in watch: Watch) -> Bool {
        if let name = watch.name { return event.name == name }
        return !event.name.hasPrefix(".") || event.name == "..data"
    }

    /// Whether a file was created that its writer has yet to fill and close.
    ///
    /// To read it now would find a part of it; its closing will be told.
    private func isOnlyBegun(_ event: Event, in watch: Watch) -> Bool {
        guard event.mask & UInt32(IN_CREATE) != 0, event.mask & UInt32(IN_ISDIR) == 0 else { return false }
        var status = stat()
        guard unsafe lstat(FileSystem.path(watch.directory, event.name), &status) == 0 else { return false }
        // A second name for a file, or a link, is complete.
        return status.st_mode & S_IFMT == S_IFREG && status.st_nlink == 1
    }

    /// Watches what is there now, and nothing else.
    private func arm() throws(SystemError) {
        var current: [CInt: Watch] = [:]
        // Where the root, or what leads to it, will be made again: the nearest directory above that exists. It comes first,
        // for if a link has it in the tree as well, the tree's mask is the wider one.
        var child = root
        while FileSystem.parent(of: child) != child {
            let parent = FileSystem.parent(of: child)
            if let watch = try add(parent, WatchedTree.namesMask) {
                let name = child.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) }
                current[watch] = Watch(directory: parent, name: name)
                break
            }
            child = parent
        }
        var seen: Set<CInt> = []
        var pending = [(path: root, depth: 0)]
        while let (path, level) = pending.popLast() {
            guard let watch = try add(path, WatchedTree.mask), seen.insert(watch).inserted else { continue }
            guard seen.count <= WatchedTree.maximumDirectories else {
                throw SystemError(code: ENOSPC, call: "inotify_add_watch")
            }
            current[watch] = Watch(directory: path, name: nil)
            if level == depth { continue }
            for name in (try? FileSystem.names(in: path)) ?? [] where !name.hasPrefix(".") {
                let child = FileSystem.path(path, name)
                if FileSystem.isDirectory(child) { pending.append((child, level + 1)) }
            }
        }
        let descriptor = descriptor.raw
        for old in watches.keys where current[old] == nil {
            // It may have gone by itself: EINVAL.
            _ = try? systemCall("inotify_rm_watch") { inotify_rm_watch(descriptor, old) }
        }
        watches = current
    }

    /// Watches one directory.
    ///
    /// - Returns: Nothing if there is no such directory, or we may not look into it.
    private func add(_ path: String, _ mask: UInt32) throws(SystemError) -> CInt? {
        let raw = descriptor.raw
        do {
            return try systemCall("inotify_add_watch") { unsafe inotify_add_watch(raw, path, mask) }
        } catch {
            switch error.code {
            case ENOENT, ENOTDIR, EACCES, ELOOP: return nil
            default: throw error
            }
        }
    }

    /// Reads `struct inotify_event`s: watch, mask, cookie, length, then a name padded with zeros.
    private static func events(in buffer: [UInt8]) -> [Event] {
        var events: [Event] = []
        var rest = buffer[...]
        func word() -> UInt32 {
            defer { rest = rest.dropFirst(4) }
            return rest.prefix(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
        }
        while !rest.isEmpty {
            let (watch, mask, _, length) = (CInt(bitPattern: word()), word(), word(), Int(word()))
            let name = rest.prefix(length).prefix { $0 != 0 }
            events.append(Event(watch: watch, mask: mask, name: String(decoding: name, as: UTF8.self)))
            rest = rest.dropFirst(length)
        }
        return events
    }
}
