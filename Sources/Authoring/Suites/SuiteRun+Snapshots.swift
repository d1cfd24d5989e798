internal import JSON
internal import Kubernetes
internal import Policy

// What suites expect of mutations, written anew.

extension SuiteRun {
    /// Notes what mutations have made of an object, if nothing else differs from what is expected.
    mutating func write(
        _ outcome: inout SuiteTrial.Outcome,
        of trial: SuiteTrial,
        _ item: SuiteCase,
        _ suite: Suite,
        in file: String,
        _ document: Int
    ) {
        guard let patched = outcome.patched, let before = trial.request.object,
            outcome.differences.allSatisfy({ $0.subject == "patched" }),
            !outcome.differences.isEmpty || trial.newSnapshot != nil
        else { return }
        let expectation = item.expectation
        let object = trial.patched.map { patched.withNamespace(ifIn: $0) } ?? patched
        var changed = file
        if let path = trial.newSnapshot ?? trial.snapshotFile {
            changed = path
            let start = (try? files.contents(of: path)).map { SnapshotFile.comment(of: $0) } ?? []
            let text = path.hasSuffix(".json") ? SnapshotFile.json(object) : start + SnapshotFile.yaml(object)
            if let other = snapshotFiles.updateValue(object, forKey: path), other != object {
                item.node.error(
                    "mutates to another object than a case before that expects \(path)",
                    mend: "name another file"
                )
                return
            }
            report.rewrites.append(TestReport.Rewrite(file: path, content: text))
        } else {
            let start = JSONPointer(tokens: ["spec", "cases", String(item.number), "expect"])
            let changes = JSONFragment(trial.request.document, before).mergeDifference(to: patched)
            let edit: (SnapshotEdit.Place, JSONFragment, String) =
                if let node = expectation.patched {
                    (.value(node), object, "patched")
                } else if let node = expectation.patchedChanges {
                    (.value(node), changes, "patchedChanges")
                } else {
                    (.member(of: expectation.node), changes, "patchedChanges")
                }
            edits[file, default: []].append(
                SnapshotEdit(
                    place: edit.0,
                    value: edit.1,
                    document: document,
                    pointer: start.appending(edit.2),
                    node: item.node
                )
            )
        }
        report.snapshots.append(
            TestReport.Snapshot(
                suite: suite.name,
                name: item.name,
                file: changed,
                line: item.node.position.line,
                differences: outcome.differences
            )
        )
        outcome.differences = []
    }

    /// Makes the files' new texts.
    mutating func writeSnapshots() {
        for (file, edits) in edits.sorted(by: { $0.key < $1.key }) {
            guard let text = try? files.contents(of: file) else { continue }
            if let new = SnapshotWriter(text, of: file).text(with: edits) {
                report.rewrites.append(TestReport.Rewrite(file: file, content: new))
                continue
            }
            report.snapshots.removeAll { $0.file == file }
            for edit in edits {
                report.issues.append(
                    edit.node.issue(
                        .error,
                        "cannot be given what mutations make of its object: the place is written in a way of its own",
                        mend: "write expect with patchedChanges in lines of its own, without anchors"
                    )
                )
            }
        }
        edits = [:]
    }
}
