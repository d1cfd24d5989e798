internal import EventLoop
internal import Glibc

/// What tells one state of a file from another without reading it: which file it is, how long, and when it was last changed.
struct FileIdentity: Equatable, Sendable {
    private let device: UInt64
    private let inode: UInt64
    private let size: Int64
    private let modified: Int64
    /// Nobody can set this one back.
    private let changed: Int64

    /// Whether every later change shows in the identity.
    ///
    /// The kernel's clock for files goes in ticks of some milliseconds, that of some file systems in seconds: what was
    /// changed just now may be changed once more at what is still the same time.
    let isSettled: Bool

    /// How old a change must be, in nanoseconds; the coarsest clock, that of FAT, goes in ticks of two seconds.
    private static let settling: Int64 = 3_000_000_000

    /// Looks at a file, through links; nil if it cannot be looked at.
    init?(of path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        var now = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &now)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = Self.nanoseconds(status.st_mtim)
        changed = Self.nanoseconds(status.st_ctim)
        isSettled = Self.nanoseconds(now) - max(modified, changed) > Self.settling
    }

    private static func nanoseconds(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    static func == (left: FileIdentity, right: FileIdentity) -> Bool {
        (left.device, left.inode, left.size, left.modified, left.changed)
            == (right.device, right.inode, right.size, right.modified, right.changed)
    }
}
