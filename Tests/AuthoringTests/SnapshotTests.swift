import Authoring
import Policy
import Testing

/// What suites expect of mutations, written anew.
@Suite struct SnapshotTests {
    private static let head = """
        apiVersion: portcullis.dev/v1alpha1
        kind: PolicyTest
        # What is mutated.
        metadata: {name: accounts}
        spec:
          manifest: account.yaml
          cases:

        """

    private static let account = """
        apiVersion: storage.azure.com/v1api20230101
        kind: StorageAccount
        metadata: {name: data, namespace: team-a}
        spec: {location: westeurope, minimumTlsVersion: TLS1_2, tags: {owner: me}}
        """

    private func run(_ text: String, _ more: [String: String] = [:]) throws -> (report: TestReport, files: Files) {
        let files = Files(
            ["p/policy.yaml": accountPolicy, "p/tests/suite.yaml": text, "p/tests/account.yaml": Self.account]
                .merging(more) { $1 }
        )
        let report = try files.run(tasks: .snapshots)
        var texts = files.texts
        for rewrite in report.rewrites { texts[rewrite.file] = String(decoding: rewrite.content, as: UTF8.self) }
        return (report, Files(texts))
    }

    /// Suites before, and after.
    static let suites: [(name: String, before: String, after: String)] = [
        (
            "changes in one line",
            """
                - {name: c, expect: {decision: Allow, patchedChanges: {spec: {tags: {team: "b"}}}}} # the team's
            """,
            """
                - {name: c, expect: {decision: Allow, patchedChanges: {spec: {tags: {team: a}}}}} # the team's
            """
        ),
        (
            "none in one line",
            """
                - {name: "it's {", expect: {decision: Allow}}
            """,
            """
                - {name: "it's {", expect: {decision: Allow, patchedChanges: {spec: {tags: {team: a}}}}}
            """
        ),
        (
            "none in lines of their own",
            """
                # Nobody says the team.
                - name: c
                  expect:
                    decision: Allow   # of course

                # The next.
                - name: d
                  changes: {spec: {tags: {team: b}}}
                  expect:
                    decision: Allow
            """,
            """
                # Nobody says the team.
                - name: c
                  expect:
                    decision: Allow   # of course
                    patchedChanges:
                      spec:
                        tags:
                          team: a

                # The next.
                - name: d
                  changes: {spec: {tags: {team: b}}}
                  expect:
                    decision: Allow
            """
        ),
        (
            "changes in lines of their own",
            """
                - name: c
                  expect:
                    patchedChanges:
                      spec:
                        tags:
                          team: b
                          # not any more
                          other: "1"
                    # Every object is allowed.
                    decision: Allow
                - {name: d, changes: {spec: {tags: {team: x}}}, expect: {decision: Allow, patchedChanges: {spec: {tags: {team: a}}}}}
            """,
            """
                - name: c
                  expect:
                    patchedChanges:
                      spec:
                        tags:
                          team: a
                    # Every object is allowed.
                    decision: Allow
                - {name: d, changes: {spec: {tags: {team: x}}}, expect: {decision: Allow, patchedChanges: {}}}
            """
        ),
        (
            "the object",
            """
                - name: c
                  changes: {spec: {tags: {x: "1"}}}
                  expect:
                    decision: Allow
                    patched:
                      kind: StorageAccount
            """,
            """
                - name: c
                  changes: {spec: {tags: {x: "1"}}}
                  expect:
                    decision: Allow
                    patched:
                      apiVersion: storage.azure.com/v1api20230101
                      kind: StorageAccount
                      metadata:
                        name: data
                      spec:
                        location: westeurope
                        minimumTlsVersion: TLS1_2
                        tags:
                          owner: me
                          x: "1"
                          team: a
            """
        ),
    ]

    @Test(arguments: suites) func aSuiteIsWrittenAnew(_ item: (name: String, before: String, after: String)) throws {
        let (report, files) = try run(Self.head + item.before + "\n")
        #expect(report.faults.isEmpty)
        #expect(report.failedCount == 0)
        #expect(files.texts["p/tests/suite.yaml"] == Self.head + item.after + "\n")
        #expect(report.text().contains { $0.hasPrefix("WROTE accounts: ") })
        // What is written is what is then expected, and nothing is left to write.
        let again = try files.run(tasks: .snapshots)
        #expect(again.failedCount == 0 && again.rewrites.isEmpty && again.snapshots.isEmpty)
        #expect(try files.run().failedCount == 0)
    }

    @Test func aFileBesideTheSuiteIsWritten() throws {
        let text = Self.head + "    - {name: c, expect: {decision: Allow, patched: after.yaml}}\n"
        let (report, files) = try run(text)
        #expect(report.faults.isEmpty && report.rewrites.map(\.file) == ["p/tests/after.yaml"])
        let after = try #require(files.texts["p/tests/after.yaml"])
        #expect(after.hasSuffix("    owner: me\n    team: a\n") && after.contains("  namespace: team-a\n"))
        #expect(try files.run().failedCount == 0)
        let other = after.replacing("team: a", with: "team: b").replacing("  namespace: team-a\n", with: "")
        let (second, changed) = try run(text, ["p/tests/after.yaml": "# What comes of it.\n\n" + other])
        #expect(second.snapshots.map(\.file) == ["p/tests/after.yaml"])
        let wanted = "# What comes of it.\n\n" + after.replacing("  namespace: team-a\n", with: "")
        #expect(changed.texts["p/tests/after.yaml"] == wanted)
    }

    @Test func aFileThatIsMissingIsAFaultOtherwise() throws {
        let text = Self.head + "    - {name: c, expect: {decision: Allow, patched: after.yaml}}\n"
        let report = try Files([
            "p/policy.yaml": accountPolicy, "p/tests/suite.yaml": text, "p/tests/account.yaml": Self.account,
        ]).run()
        #expect(report.faults.count == 1 && report.faults[0].contains("after.yaml does not exist"))
    }

    @Test func oneFileForTwoObjectsIsAFault() throws {
        let text =
            Self.head + """
                    - {name: c, expect: {decision: Allow, patched: after.yaml}}
                    - {name: d, changes: {spec: {accessTier: Hot}}, expect: {decision: Allow, patched: after.yaml}}

                """
        let (report, _) = try run(text)
        #expect(report.faults.count == 1)
        #expect(
            report.faults[0].contains("mutates to another object than a case before that expects p/tests/after.yaml")
        )
    }

    /// What another difference explains, or what is written in a way of its own, stays as it is.
    @Test func whatCannotBeMeantStays() throws {
        let failing =
            "    - {name: c, changes: {spec: {location: uksouth}}, expect: {decision: Allow, patchedChanges: {a: b}}}\n"
        let (report, files) = try run(Self.head + failing)
        #expect(report.failedCount == 1 && report.rewrites.isEmpty && report.faults.isEmpty)
        #expect(files.texts["p/tests/suite.yaml"] == Self.head + failing)
        let anchored =
            Self.head + """
                    - {name: c, expect: &e {decision: Allow}}
                    - {name: d, expect: *e}

                """
        let (second, _) = try run(anchored)
        #expect(second.rewrites.isEmpty && second.snapshots.isEmpty)
        #expect(second.faults.count == 2 && second.faults[0].contains("is written in a way of its own"))
    }

    @Test func jsonStaysJSON() throws {
        let suite =
            #"{"apiVersion":"portcullis.dev/v1alpha1","kind":"PolicyTest","metadata":{"name":"a"},"spec":{"manifest":"account.yaml","cases":[{"name":"c","expect":{"decision":"Allow"}}]}}"#
        let files = Files([
            "p/policy.yaml": accountPolicy, "p/tests/suite.json": suite, "p/tests/account.yaml": Self.account,
        ])
        let report = try files.run(tasks: .snapshots)
        let text = String(decoding: try #require(report.rewrites.first).content, as: UTF8.self)
        #expect(
            text == suite.replacing(#""Allow"}"#, with: #""Allow", "patchedChanges": {"spec":{"tags":{"team":"a"}}}}"#)
        )
    }
}
