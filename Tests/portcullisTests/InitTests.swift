import Foundation
import JSON
import Testing

@Suite struct InitTests {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "portcullis-\(UUID().uuidString)").path

    private func run(_ arguments: [String], in directory: String? = nil) throws -> Executable.Outcome {
        try Executable.run(arguments, in: directory.map { URL(filePath: $0) })
    }

    /// A folder that is gone after the test.
    private func withFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body()
    }

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: folder + "/" + path)), as: UTF8.self)
    }

    private static let pipelines = [
        ".github/workflows/policies.yml", ".gitlab-ci.yml", "azure-pipelines.yml", ".pre-commit-config.yaml",
    ]

    @Test func whatItWritesWorksAtOnce() throws {
        try withFolder {
            let outcome = try run(["init"], in: folder)
            #expect(outcome.code == 0 && outcome.error.isEmpty)
            #expect(outcome.lines.last == "Next: \(Executable.path) test policies")
            for pipeline in Self.pipelines { #expect(outcome.output.contains("\n\(pipeline) ")) }

            let test = try run(["test", "--coverage", "--coverage-threshold", "100"], in: folder)
            #expect(test.code == 0, "\(test.output)\(test.error)")
            #expect(try run(["test", "--mutate"], in: folder).code == 0)
            let form = try run(["fmt", "--check", "policies"], in: folder)
            #expect(form.code == 0 && form.error.isEmpty && form.output.isEmpty)
            let lint = try run(["lint", "--fail-on", "warn", "policies"], in: folder)
            #expect(lint.code == 0, "\(lint.output)\(lint.error)")
        }
    }

    @Test func anotherFormIsTold() throws {
        try withFolder {
            #expect(try run(["init"], in: folder).code == 0)
            try Data("kind:   AzurePolicy\n".utf8).write(to: URL(filePath: folder + "/policies/a.yaml"))
            let form = try run(["fmt", "--check", "policies"], in: folder)
            #expect(form.code == 1 && form.output == "policies/a.yaml\n")
            #expect(form.error == "portcullis: 'portcullis fmt' would change this file\n")
        }
    }

    @Test func itDeniesWhatItsReadmeSays() throws {
        try withFolder {
            #expect(try run(["init"], in: folder).code == 0)
            let check = try run(["check", "policies/tests/denied.yaml"], in: folder)
            #expect(check.code == 1)
            #expect(try text("policies/README.md").contains("check policies/tests/denied.yaml\n" + check.output))
            #expect(try run(["check", "policies/tests/allowed.yaml"], in: folder).code == 0)
        }
    }

    @Test func theSchemaIsTheOneThatGenerateSchemaPrints() throws {
        try withFolder {
            #expect(try run(["init", "--ci", "none"], in: folder).code == 0)
            let schema = try run(["generate", "schema"])
            #expect(schema.code == 0)
            #expect(try text("portcullis.schema.json") == schema.output)
            #expect(try schema.json("/$schema") == "\"http://json-schema.org/draft-07/schema#\"")
            _ = try JSONDocument(parsing: Array(try text(".vscode/settings.json").utf8))
            let policy = try text("policies/storage.yaml")
            #expect(policy.hasPrefix("# yaml-language-server: $schema=../portcullis.schema.json\n"))
        }
    }

    @Test(arguments: pipelines) func pipelinesRunAllThree(_ path: String) throws {
        try withFolder {
            #expect(try run(["init"], in: folder).code == 0)
            let text = try text(path)
            _ = try JSONDocument.parseYAML(Array(text.utf8))
            for verb in ["lint", "fmt --check", "test"] { #expect(text.contains("portcullis \(verb)")) }
            #expect(!text.contains("https://"))
        }
    }

    @Test func aFolderIsMade() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let outcome = try run(["init", folder, "--ci", "github,pre-commit", "--no-editor"])
        #expect(outcome.code == 0 && outcome.lines.last == "Next: cd \(folder) && \(Executable.path) test policies")
        let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        #expect(files.contains(".github/workflows/policies.yml") && files.contains(".pre-commit-config.yaml"))
        #expect(!files.contains(".gitlab-ci.yml") && !files.contains("azure-pipelines.yml"))
        #expect(!files.contains(".vscode"))
    }

    @Test(arguments: [".gitlab-ci.yml", "policies/storage.yaml"]) func nothingIsOverwritten(_ path: String) throws {
        try withFolder {
            try FileManager.default.createDirectory(atPath: folder + "/policies", withIntermediateDirectories: true)
            try Data("mine\n".utf8).write(to: URL(filePath: folder + "/" + path))
            let outcome = try run(["init", folder])
            #expect(outcome.code == 2 && outcome.output.isEmpty)
            #expect(outcome.error.hasPrefix("\(folder)/\(path): is there already\nportcullis: nothing was written; "))
            #expect(try text(path) == "mine\n")
            #expect(!FileManager.default.fileExists(atPath: folder + "/portcullis.schema.json"))
        }
    }

    @Test func aLinkThatLeadsNowhereIsNotOverwritten() throws {
        try withFolder {
            let link = folder + "/azure-pipelines.yml"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "/nowhere/else")
            #expect(try run(["init", folder]).code == 2)
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "/nowhere/else")
        }
    }

    @Test(arguments: [
        (["--ci", "jenkins"], "--ci: there is no \"jenkins\"; write one or more of github, gitlab, azure-devops,"),
        (["--ci", "github,,gitlab"], "--ci: there is no \"\";"),
        (["--force"], "Unknown option '--force'"),
    ])
    func aWrongCommandLineIsExitCode2(_ arguments: [String], _ message: String) throws {
        let outcome = try run(["init", folder] + arguments)
        #expect(outcome.code == 2 && outcome.error.contains(message))
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test(arguments: ["", "-"]) func whatNamesNoFolderIsNone(_ folder: String) throws {
        let outcome = try run(["init", folder])
        #expect(outcome.code == 2 && outcome.error.contains("\"\(folder)\" is no folder"))
    }

    @Test func aFileIsNoFolder() throws {
        try withFolder {
            try Data().write(to: URL(filePath: folder + "/file"))
            let outcome = try run(["init", folder + "/file"])
            #expect(outcome.code == 2 && outcome.error.contains("file is no folder"))
        }
    }

    @Test func whatCannotBeWrittenIsExitCode1() throws {
        let outcome = try run(["init", "/proc/portcullis"])
        #expect(outcome.code == 1 && outcome.error.contains("/proc/portcullis"))
    }
}

/// Schemas of policies, as they are printed.
@Suite struct GenerateSchemaCommandTests {
    @Test func definitionsAreYAMLAndJSON() throws {
        let (yaml, json) = (
            try Executable.run(["generate", "crds"]), try Executable.run(["generate", "crds", "--output", "json"])
        )
        #expect(yaml.code == 0 && json.code == 0)
        let documents = try JSONDocument.parseYAML(Array(yaml.output.utf8))
        let list = try JSONDocument(parsing: Array(json.output.utf8))
        let items = try #require(list.member("items", of: list.root))
        #expect(documents.count == 5)
        let pairs = zip(documents, list.elements(of: items))
        #expect(pairs.allSatisfy { JSONFragment($0) == JSONFragment(list, $1) })
    }

    @Test(arguments: [["schema", "policies"], ["crds", "--output", "table"]])
    func aWrongCommandLineIsExitCode2(_ arguments: [String]) throws {
        #expect(try Executable.run(["generate"] + arguments).code == 2)
    }
}
