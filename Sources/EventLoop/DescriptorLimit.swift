internal import Glibc

/// How many descriptors the process may have open (RLIMIT_NOFILE).
public enum DescriptorLimit {
    /// Raises the soft limit as far as it is wanted and the hard limit allows; it never falls.
    ///
    /// Systems set the soft limit to 1,024 for the sake of programs that use `select`, and leave it to others to raise it.
    ///
    /// - Parameter wanted: The number of descriptors that are needed at once.
    /// - Returns: The number that may be open now.
    /// - Throws: What `getrlimit` and `setrlimit` report; a sandbox may forbid them.
    public static func raise(to wanted: Int) throws(SystemError) -> Int {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        try systemCall("getrlimit") { unsafe getrlimit(resource, &limit) }
        let raised = min(rlim_t(clamping: wanted), limit.rlim_max)
        if raised > limit.rlim_cur {
            limit.rlim_cur = raised
            try systemCall("setrlimit") { unsafe setrlimit(resource, &limit) }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
