internal import CLinux

/// The pages of the program's own code.
public enum ProgramCode {
    /// Lets go of the pages that have been mapped so far; those that are used come back by themselves, a few microseconds each.
    ///
    /// Starting walks once over code that serving never comes back to, and the kernel maps sixteen pages around each that is
    /// touched: of 18 MiB that a server had after its start 12 were such. What it lets go of is the file's, and nothing is lost.
    ///
    /// - Throws: What `madvise` reports.
    public static func release() throws(SystemError) {
        try systemCall("madvise") { portcullis_release_code() }
    }
}
