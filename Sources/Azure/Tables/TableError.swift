/// What is wrong with a table file, and where.
public struct TableError: Error, Hashable, CustomStringConvertible {
    /// The file's name.
    public let file: String

    /// The line, from 1; 0 if the file as a whole is meant.
    public let line: Int

    /// The column in bytes, from 1; 0 if the line as a whole is meant.
    public let column: Int

    /// What is wrong, and what was expected.
    public let message: String

    /// The place as compilers print it, and the message.
    public var description: String {
        line == 0 ? "\(file): \(message)" : "\(file):\(line):\(column): \(message)"
    }
}
