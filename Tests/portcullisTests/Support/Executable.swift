import Foundation
import JSON
import Testing

/// The executable that was built with these tests.
enum Executable {
    /// Where it is.
    static let path = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "portcullis").path

    /// What came of a run.
    struct Outcome {
        let code: Int32
        let output: String
        let error: String

        var lines: [String] { output.split(separator: "\n").map(String.init) }

        /// The text at a pointer of the JSON document that was printed, quotes of strings included; nil if there is none.
        func json(_ pointer: String) throws -> String? {
            let document = try JSONDocument(parsing: Array(output.utf8))
            return document.value(at: try JSONPointer(parsing: pointer)).map {
                let lexeme = document.lexeme($0)
                return String(decoding: lexeme.indices.map { lexeme[$0] }, as: UTF8.self)
            }
        }
    }

    /// Runs it, or another program, to its end, in the working directory or another; it reads a file or nothing.
    static func run(
        _ arguments: [String],
        in folder: URL? = nil,
        of program: String = path,
        reading file: URL? = nil
    ) throws -> Outcome {
        let process = Process()
        let (output, error) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        if let folder { process.currentDirectoryURL = folder }
        process.standardInput = try file.map { try FileHandle(forReadingFrom: $0) } ?? FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = error
        try process.run()
        let printed = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try error.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Outcome(
            code: process.terminationStatus,
            output: String(decoding: printed, as: UTF8.self),
            error: String(decoding: complaint, as: UTF8.self)
        )
    }

    /// Runs it with a file that is there meanwhile.
    static func run(_ arguments: [String], withFile name: String, _ content: String, as option: String? = nil) throws
        -> Outcome
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: name)
        try Data(content.utf8).write(to: file)
        return try run(arguments + (option.map { [$0] } ?? []) + [file.path])
    }
}

extension URL {
    /// Writes files into the folder, by their paths from it.
    func write(_ files: [String: String]) throws {
        for (path, text) in files {
            let file = appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(text.utf8).write(to: file)
        }
    }
}
