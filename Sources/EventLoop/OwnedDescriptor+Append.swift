internal import Glibc

extension OwnedDescriptor {
    /// Opens a file to write behind its end; creates it, readable for its owner and group, if it does not exist.
    ///
    /// The descriptor is blocking: regular files know nothing else.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - isPrivate: Whether only its owner may read it if it is made.
    /// - Returns: Its descriptor.
    /// - Throws: What `open` reports: no such directory, no permission, …
    public static func appending(to path: String, isPrivate: Bool = false) throws(SystemError) -> OwnedDescriptor {
        let raw = try systemCall("open") {
            unsafe open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, mode_t(isPrivate ? 0o600 : 0o640))
        }
        return OwnedDescriptor(owning: raw)
    }

    /// Makes another descriptor of what a number of ours stands for, such as the standard output.
    ///
    /// - Parameter raw: An open descriptor; it stays open.
    /// - Returns: A descriptor that can be closed on its own.
    /// - Throws: What `fcntl` reports: no descriptors left.
    public static func duplicate(of raw: CInt) throws(SystemError) -> OwnedDescriptor {
        OwnedDescriptor(owning: try systemCall("fcntl") { fcntl(raw, F_DUPFD_CLOEXEC, 0) })
    }
}
