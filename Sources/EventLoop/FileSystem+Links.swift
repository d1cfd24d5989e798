internal import Glibc

extension FileSystem {
    /// What a symbolic link points to, as it is written there.
    ///
    /// - Parameter path: The link.
    /// - Returns: Nothing if there is no link, or its target is longer than a path may be.
    public static func target(ofLink path: String) -> String? {
        var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe target.withUnsafeMutableBytes { buffer in
            guard let start = unsafe buffer.bindMemory(to: CChar.self).baseAddress else { return 0 }
            return unsafe readlink(path, start, buffer.count)
        }
        return count > 0 && count < target.count ? String(decoding: target.prefix(count), as: UTF8.self) : nil
    }
}
