import Foundation
import TestSupport
import Testing

/// What the documentation shows of the executable is what it does.
@Suite struct TranscriptTests {
    /// Commands that a document shows one after another, each with what it prints.
    private struct Transcript {
        let place: String
        var steps: [(command: String, output: [String])] = []
    }

    private static let executable = ".build/release/portcullis"

    /// The fenced blocks of a document that begin with a prompt and call nothing but the executable and `jq`.
    private static func transcripts(of document: String) throws -> [Transcript] {
        let text = try String(contentsOfFile: Fixtures.path("../../\(document)"), encoding: .utf8)
        var transcripts: [Transcript] = []
        var current: Transcript?
        var isOpen = false
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                if let current, !current.steps.isEmpty { transcripts.append(current) }
                current = isOpen ? nil : Transcript(place: "\(document):\(number + 1)")
                isOpen.toggle()
            } else if current != nil, line.hasPrefix("$ ") {
                current?.steps.append((String(line.dropFirst(2)), []))
            } else if let last = current?.steps.indices.last {
                if current?.steps[last].output.isEmpty == true, current?.steps[last].command.hasSuffix("\\") == true {
                    current?.steps[last].command += "\n" + line
                } else {
                    current?.steps[last].output.append(String(line))
                }
            }
        }
        return transcripts.filter {
            $0.steps.allSatisfy { $0.command.hasPrefix(executable) || $0.command.hasPrefix("jq .request ") }
        }
    }

    /// How long something took is another time's.
    private func untimed(_ line: String) -> String {
        line.replacing(/\d+(\.\d+)? ?(ms|s|µs)\b/) { "N \($0.output.2)" }.trimmingCharacters(in: .whitespaces)
    }

    /// In one folder, for a command may use what an earlier one has written.
    @Test(arguments: [("README.md", 3), ("policies/README.md", 0), ("deploy/README.md", 0)])
    func areTrue(_ document: String, atLeast count: Int) throws {
        let transcripts = try Self.transcripts(of: document)
        #expect(transcripts.count >= count)
        let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["policies", "Tests", "deploy"] {
            let link = folder.appending(path: name)
            try FileManager.default.createSymbolicLink(
                atPath: link.path,
                withDestinationPath: Fixtures.path("../../\(name)")
            )
        }
        let executable = folder.appending(path: Self.executable)
        try FileManager.default.createDirectory(
            at: executable.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try FileManager.default.createSymbolicLink(atPath: executable.path, withDestinationPath: Executable.path)
        for transcript in transcripts {
            for step in transcript.steps {
                if step.command.hasPrefix("jq ") {
                    try select(step.command.split(separator: " ").map(String.init), in: folder)
                } else {
                    try check(step.command, prints: step.output, in: folder, at: transcript.place)
                }
            }
        }
    }

    private func check(_ command: String, prints lines: [String], in folder: URL, at place: String) throws {
        let outcome = try Executable.run(["-c", "\(command) 2>&1"], in: folder, of: "/bin/sh")
        var expected = lines.map(untimed)
        while expected.last?.isEmpty == true { expected.removeLast() }
        var rest = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map { untimed(String($0)) }[
            ...
        ]
        // An ellipsis on a line of its own stands for what is left out.
        for piece in expected.split(separator: "…", omittingEmptySubsequences: false) where !piece.isEmpty {
            let range = rest.firstRange(of: piece)
            #expect(range != nil, "\(place): \(command) does not print this, but\n\(outcome.output)")
            guard let range else { return }
            if piece.startIndex == expected.startIndex {
                #expect(
                    range.lowerBound == rest.startIndex,
                    "\(place): \(command) prints more before\n\(outcome.output)"
                )
            }
            rest = rest[range.upperBound...]
        }
        if expected.last != "…" {
            let more = rest.filter { !$0.isEmpty }
            #expect(more.isEmpty, "\(place): \(command) prints more: \(more.joined(separator: "\n"))")
        }
    }

    /// `jq .request FILE >OTHER`, on machines without jq too.
    private func select(_ words: [String], in folder: URL) throws {
        #expect(words.count == 4 && words[3].hasPrefix(">"))
        let data = try Data(contentsOf: folder.appending(path: words[2]))
        let review = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        try JSONSerialization.data(withJSONObject: try #require(review["request"]))
            .write(to: folder.appending(path: String(words[3].dropFirst())))
    }
}
