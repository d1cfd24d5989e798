internal import JSON
internal import Policy

/// Makes policies of what other engines enforce with CEL: Gatekeeper, Kyverno and Kubernetes itself.
///
/// Their other languages (Rego, patterns, JMESPath) are not translated. Nothing is read and nothing is written here.
public struct CELPolicyImport {
    /// Whose policies are read.
    public enum Source: String, CaseIterable, Sendable {
        /// ConstraintTemplates with CEL (`K8sNativeValidation`) and their constraints.
        case gatekeeper
        /// ValidatingPolicies, and ClusterPolicies with `validate.cel`.
        case kyverno
        /// ValidatingAdmissionPolicies and their bindings.
        case vap
    }

    /// A document of the input.
    struct Input {
        let value: TemplateLiteral
        let file: String
        let line: Int

        var kind: String { value["kind"]?.text ?? "" }
        var group: String { String((value["apiVersion"]?.text ?? "").split(separator: "/").first ?? "") }
        var name: String { value["metadata"]?["name"]?.text ?? "" }
        var spec: TemplateLiteral { value["spec"] ?? .object([]) }

        /// What its annotations call it.
        var title: String {
            for key in ["metadata.gatekeeper.sh/title", "policies.kyverno.io/title"] {
                if let title = value["metadata"]?["annotations"]?[key]?.text { return title }
            }
            return name
        }
    }

    /// What a document becomes.
    struct Output {
        /// Policies and what belongs to them, as documents.
        var documents: [TemplateLiteral] = []
        var reasons: [ImportReason] = []
        var notes: [String] = []
    }

    private let source: Source
    private var inputs: [Input] = []
    private var issues: [PolicyIssue] = []
    private var names: Set<String> = []

    /// Begins an import.
    public init(_ source: Source) {
        self.source = source
    }

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: YAML or JSON, of one document or several; lists are opened.
    ///   - file: Its name, for messages.
    public mutating func add(_ bytes: [UInt8], file: String) {
        let documents: [JSONDocument]
        do throws(YAMLError) {
            documents = try JSONDocument.parseYAML(bytes)
        } catch {
            issues.append(PolicyIssue(error, file: file))
            return
        }
        for document in documents { add(document.root, in: document, file: file) }
    }

    private mutating func add(_ value: JSONValue, in document: JSONDocument, file: String) {
        if value.isNull { return }
        let position = document.position(of: value)
        guard value.isObject, document.member("kind", of: value)?.isString ?? false,
            document.member("apiVersion", of: value)?.isString ?? false
        else {
            issues.append(
                ImportError(
                    "the document is no Kubernetes object",
                    mend: "write apiVersion, kind, metadata and spec",
                    at: position
                ).issue(file)
            )
            return
        }
        if document.equals(document.member("kind", of: value) ?? value, "List"),
            let items = document.member("items", of: value)
        {
            for item in document.elements(of: items) { add(item, in: document, file: file) }
            return
        }
        inputs.append(Input(value: TemplateLiteral(value, in: document), file: file, line: position.line))
    }

    /// Translates what was read.
    ///
    /// - Parameter progress: Is told after each policy how many are done.
    /// - Returns: The policies, and what could not be carried over.
    public consuming func finish(progress: (Int) -> Void = { _ in }) -> ImportReport {
        var report = ImportReport()
        report.issues = issues
        for input in inputs {
            guard let output = output(of: input) else { continue }
            report.items.append(item(of: input, output))
            progress(report.items.count)
        }
        return report
    }

    /// Nothing for documents that only belong to others.
    private func output(of input: Input) -> Output? {
        switch (source, input.group, input.kind) {
        case (.vap, "admissionregistration.k8s.io", "ValidatingAdmissionPolicy"): admissionPolicy(input)
        case (.kyverno, "policies.kyverno.io", "ValidatingPolicy"): KyvernoPolicy.validating(input)
        case (.kyverno, "policies.kyverno.io", _), (.kyverno, "kyverno.io", "Policy"),
            (.kyverno, "kyverno.io", "CleanupPolicy"):
            Output(reasons: [
                ImportReason(.unsupported, "\(input.kind): ValidatingPolicy and ClusterPolicy are imported")
            ])
        case (.kyverno, "kyverno.io", "ClusterPolicy"): KyvernoPolicy.cluster(input)
        case (.gatekeeper, "templates.gatekeeper.sh", "ConstraintTemplate"):
            GatekeeperPolicy.output(input, constraints: inputs.filter { $0.group == "constraints.gatekeeper.sh" })
        default: nil
        }
    }

    private func admissionPolicy(_ input: Input) -> Output {
        var output = Output(documents: [input.value])
        let bindings = inputs.filter {
            $0.kind == "ValidatingAdmissionPolicyBinding" && $0.spec["policyName"]?.text == input.name
        }
        output.documents += bindings.map(\.value)
        if bindings.isEmpty { output.notes.append("no binding is among the files: it does nothing without one") }
        if let kind = input.spec["paramKind"]?["kind"]?.text {
            output.documents += inputs.filter { $0.kind == kind }.map(\.value)
        }
        return output
    }

    private mutating func item(of input: Input, _ output: Output) -> ImportReport.Item {
        var name = input.name.asName.isEmpty ? "policy" : input.name.asName
        let base = name
        var number = 2
        while !names.insert(name).inserted {
            name = "\(base)-\(number)"
            number += 1
        }
        var item = ImportReport.Item(name: name, title: input.title, id: input.name, file: input.file, line: input.line)
        item.reasons = output.reasons
        item.notes = output.notes
        guard !output.documents.isEmpty else { return item }
        let text = output.documents.map { document in
            (document.members ?? []).flatMap { ImportedYAML.entry($0.key, $0.value, indent: 0) }
                .joined(separator: "\n") + "\n"
        }.joined(separator: "---\n")
        let issues = ImportProof.issues(text)
        item.notes += issues.filter { $0.severity != .error }.map { "\($0.message); \($0.mend)" }
        let faults = issues.filter { $0.severity == .error }
        guard faults.isEmpty else {
            item.reasons += faults.map { ImportReason(.unsupported, "\($0.message); \($0.mend)") }
            return item
        }
        item.status = item.reasons.isEmpty ? .imported : .partly
        item.files = [ImportReport.File(path: "\(name)/policy.yaml", text: text)]
        return item
    }
}
