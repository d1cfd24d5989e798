public import Foundation
import Glibc

/// The test data that lives beside the checkout (`../shared/corpus`, or the folder `PORTCULLIS_CORPUS` names).
///
/// It is not committed: tests that need it say `.enabled(if: Corpus.isAvailable, Corpus.absence)`.
public enum Corpus {
    /// The folder, whether it exists or not.
    public static let folder = sharedFolder("corpus", variable: "PORTCULLIS_CORPUS")

    /// The folder of the facts that the tables are generated from (`../shared/facts`, `PORTCULLIS_FACTS`).
    public static let facts = sharedFolder("facts", variable: "PORTCULLIS_FACTS")

    /// Whether the corpus is there.
    public static let isAvailable = FileManager.default.fileExists(atPath: folder.appending(path: "README.md").path)

    /// What a skipped test says.
    public static let absence = "no corpus: set PORTCULLIS_CORPUS to its folder"

    /// The recorded AdmissionReview bodies, exactly as an API server sent them.
    public static func reviews() throws -> [[UInt8]] {
        try lines(of: "admission/reviews.jsonl.gz")
    }

    /// The lines of a file in the corpus that was compressed with gzip.
    public static func lines(of path: String) throws -> [[UInt8]] {
        try unzipped(path).split(separator: UInt8(ascii: "\n")).map(Array.init)
    }

    /// A file in the corpus that was compressed with gzip.
    public static func unzipped(_ path: String) throws -> [UInt8] {
        // Not Foundation's Process: it leaks, and LeakSanitizer would blame the tests.
        let name = folder.appending(path: path).path.replacing("'", with: "'\\''")
        guard let pipe = unsafe popen("gzip -dc '\(name)'", "r") else { throw CocoaError(.fileReadUnknown) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = unsafe fread(&chunk, 1, chunk.count, pipe), count > 0 {
            bytes.append(contentsOf: chunk[..<count])
        }
        guard unsafe pclose(pipe) == 0 else { throw CocoaError(.fileReadCorruptFile) }
        return bytes
    }

    /// A file in the corpus.
    public static func contents(of path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: folder.appending(path: path)))
    }

    /// The paths of the files under a folder of the corpus, relative to the corpus and sorted.
    public static func files(under path: String, suffix: String) -> [String] {
        let files =
            FileManager.default.enumerator(atPath: folder.appending(path: path).path)?.compactMap { $0 as? String }
            ?? []
        return files.filter { $0.hasSuffix(suffix) }.map { path + "/" + $0 }.sorted()
    }

    private static func sharedFolder(_ name: String, variable: String) -> URL {
        // Set but empty is how a Makefile says that it knows of none; as a path it would be the working directory.
        if let path = ProcessInfo.processInfo.environment[variable], !path.isEmpty { return URL(filePath: path) }
        // Tests/Support/Corpus.swift is three levels inside the checkout, and a worktree one level deeper than the checkout.
        let checkout = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let places = ["../shared", "../../shared"].map { checkout.appending(path: "\($0)/\(name)").standardized }
        return places.first { FileManager.default.fileExists(atPath: $0.path) } ?? places[0]
    }
}
