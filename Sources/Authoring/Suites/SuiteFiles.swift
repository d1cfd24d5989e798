internal import Policy

/// The files that hold policies: this target reads none itself.
public protocol PolicySources {
    /// Reads a file.
    ///
    /// - Parameter path: As whoever asks was given it.
    /// - Returns: What it holds.
    /// - Throws: Why it cannot be read.
    func contents(of path: String) throws(SuiteFileError) -> [UInt8]

    /// The files that hold the policies of a path, as `serve --policies` finds them.
    ///
    /// - Parameter path: A file or a folder.
    /// - Returns: Their paths, each always the same.
    /// - Throws: Why they cannot be found.
    func policyFiles(of path: String) throws(SuiteFileError) -> [String]
}

/// The files that suites name beside their policies.
public protocol SuiteFiles: PolicySources {
    /// Finds what a suite names.
    ///
    /// - Parameters:
    ///   - relative: The path as it is written.
    ///   - folder: The suite's folder, which it counts from.
    /// - Returns: One path for one file, however it is written.
    /// - Throws: That a suite may not read there.
    func path(_ relative: String, from folder: String) throws(SuiteFileError) -> String

    /// Says where a file that a suite names, and that is not there yet, is to be written.
    ///
    /// - Parameters:
    ///   - relative: The path as it is written.
    ///   - folder: The suite's folder, which it counts from.
    /// - Returns: The path.
    /// - Throws: That nothing may be written there.
    func newPath(_ relative: String, from folder: String) throws(SuiteFileError) -> String
}

/// Why a file that a suite names cannot be had.
public struct SuiteFileError: Error, Equatable, Sendable {
    /// What is wrong.
    public let message: String
    /// What to do.
    public let mend: String

    /// Says why.
    public init(_ message: String, mend: String) {
        self.message = message
        self.mend = mend
    }
}

/// Where suites lie.
public enum SuiteFolder {
    /// The innermost folder of tests that a file lies in; nil if it lies in none.
    public static func tests(of file: String) -> String? {
        let names = file.split(separator: "/", omittingEmptySubsequences: false)
        guard let place = names.dropLast().lastIndex(where: { $0 == PolicyFile.testsFolder }) else { return nil }
        return names[...place].joined(separator: "/")
    }

    /// The folder that a file lies in.
    static func folder(of file: String) -> String {
        let names = file.split(separator: "/", omittingEmptySubsequences: false).dropLast()
        return names.isEmpty
            ? "." : names.count == 1 && names.first?.isEmpty ?? false ? "/" : names.joined(separator: "/")
    }
}
