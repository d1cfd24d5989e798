public import Azure
public import JSON
public import Policy

/// An object of Kubernetes as its author wrote it, and where it stands.
public struct Manifest: Sendable {
    /// The object.
    public let object: JSONFragment
    /// The file, as whoever read it calls it.
    public let file: String
    /// The line of the file that the whole document stands on, if each has a line of its own.
    private let line: Int?

    /// Names an object of a file.
    ///
    /// - Parameters:
    ///   - object: The object.
    ///   - file: What the file is called.
    ///   - line: The line that the object's whole document stands on, if the file has a document a line.
    public init(_ object: JSONFragment, file: String, line: Int? = nil) {
        self.object = object
        self.file = file
        self.line = line
    }

    /// Where the object begins.
    public var position: JSONPosition { position(of: object.value) }

    private func position(of value: JSONValue) -> JSONPosition {
        let position = object.document.position(of: value)
        return line.map { JSONPosition(line: $0, column: position.column) } ?? position
    }

    /// Where a field stands, or what it would stand in if it is missing.
    public func position(of field: FieldPath) -> JSONPosition {
        var value = object.value
        for step in field.splitAtDots.steps {
            let next: JSONValue? =
                switch step {
                case .member(let name): object.document.member(name, of: value)
                case .element(let index): object.document.element(index, of: value)
                }
            guard let next else { break }
            value = next
        }
        return position(of: value)
    }
}

/// The objects of a file of manifests: one or several documents of YAML or JSON, lists of objects among them; and resources
/// of other tools.
public struct ManifestFile: Sendable {
    /// What the file is called.
    public let file: String
    /// The objects in their order; those of a `List` one by one.
    public private(set) var manifests: [Manifest] = []
    /// What plans, templates and the like say, in the terms of Azure Service Operator.
    public private(set) var resources: [ForeignResource] = []
    /// The values of templates' parameters that the file holds; they are nothing by themselves.
    public private(set) var parameters: [ParametersFile] = []
    /// How many plans there are that change nothing in Azure.
    public private(set) var idlePlanCount = 0
    /// What is no object, and why; and, as a warning, what of a plan or template policies do not see.
    public private(set) var issues: [PolicyIssue] = []

    /// The most bytes of a file: what the parser takes.
    public static let maximumBytes = JSONLimits.default.maximumBytes

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - bytes: What it holds.
    ///   - file: What the file is called.
    ///   - parameters: With what values a template is deployed, once for each; none for its defaults.
    ///   - deployment: Where templates are deployed to.
    ///   - tables: Tell kinds.
    public init(
        _ bytes: [UInt8],
        file: String,
        parameters: [ParametersFile] = [],
        deployment: TemplateDeployment = TemplateDeployment(),
        tables: AzureTables = .embedded
    ) {
        self.file = file
        do throws(YAMLError) {
            for document in try JSONDocument.parseYAML(bytes) {
                switch ResourceSource.format(of: document) {
                case nil:
                    if let found = ParametersFile(document, file: file) {
                        self.parameters.append(found)
                    } else {
                        add(document.root, in: document, depth: 0)
                    }
                case .armTemplate where !parameters.isEmpty:
                    for values in parameters {
                        var deployment = deployment
                        deployment.parameters = JSONFragment(values.document)
                        // Which deployment is meant is to be seen if there are several.
                        addResources(of: document, tables, deployment, parameters.count > 1 ? values.file : nil)
                    }
                default: addResources(of: document, tables, deployment, nil)
                }
            }
        } catch {
            issues.append(PolicyIssue(error, file: file))
        }
        if faultCount > Self.maximumFaults {
            issues.append(
                PolicyIssue(
                    file: file,
                    message: "has \(faultCount - Self.maximumFaults) more documents that are no objects of Kubernetes",
                    mend: "mend the first ones, or name another file"
                )
            )
        }
    }

    /// Lists of lists beyond this depth are nobody's.
    private static let maximumDepth = 8

    /// How many documents of a file that are no objects are told one by one.
    private static let maximumFaults = 100
    private var faultCount = 0

    private mutating func add(_ value: JSONValue, in document: JSONDocument, depth: Int) {
        let manifest = Manifest(JSONFragment(document, value), file: file)
        func text(_ name: StaticString) -> String? {
            document.member(name, of: value).flatMap { document.string($0) }
        }
        guard value.isObject, let apiVersion = text("apiVersion"), let kind = text("kind") else {
            faultCount += 1
            guard faultCount <= Self.maximumFaults else { return }
            return report(
                manifest,
                value.isObject ? "has no apiVersion and kind" : "is no object",
                mend: "write objects of Kubernetes; what else lies in the folder goes elsewhere"
            )
        }
        // What kustomize reads is no object that anybody applies.
        if apiVersion.hasPrefix("kustomize.config.k8s.io/") { return }
        if apiVersion == PolicyFile.apiVersion, kind == InventorySnapshot.kind {
            return report(manifest, "is a snapshot of an inventory, no manifest", mend: "give it to --inventory")
        }
        let items = document.member("items", of: value)
        guard kind.hasSuffix("List"), let items, items.isArray else {
            manifests.append(manifest)
            return
        }
        guard depth < Self.maximumDepth else {
            return report(manifest, "is a list in too many lists", mend: "write its items beside each other")
        }
        for item in document.elements(of: items) { add(item, in: document, depth: depth + 1) }
    }

    private mutating func addResources(
        of document: JSONDocument,
        _ tables: AzureTables,
        _ deployment: TemplateDeployment,
        _ values: String?
    ) {
        let suffix = values.map { " (\($0))" } ?? ""
        do throws(SourceError) {
            let source = try ResourceSource(tables: tables).read(document, deployment: deployment)
            resources += source.resources.map { $0.named($0.name + suffix) }
            let isPlan = source.format == .terraformPlan
            if isPlan, source.resources.isEmpty, !source.passedOver.contains(where: \.isUnseen) { idlePlanCount += 1 }
            for passed in source.passedOver where passed.isUnseen {
                report(
                    .warning,
                    passed.position,
                    "\(passed.name)\(suffix) is not judged: \(passed.reason)",
                    mend: "look at it yourself"
                )
            }
        } catch {
            report(.error, error.position, error.message + suffix, mend: error.mend)
        }
    }

    private mutating func report(_ manifest: Manifest, _ message: String, mend: String) {
        report(.error, manifest.position, message, mend: mend)
    }

    private mutating func report(
        _ severity: PolicyIssue.Severity,
        _ position: JSONPosition,
        _ message: String,
        mend: String
    ) {
        issues.append(
            PolicyIssue(
                severity: severity,
                file: file,
                line: position.line,
                column: position.column,
                message: message,
                mend: mend
            )
        )
    }
}

extension FieldPath {
    /// A path in one step, as rules that mean a field name it when the object does not have it, in its parts.
    fileprivate var splitAtDots: FieldPath {
        guard steps.count == 1, case .member(let name) = steps[0] else { return self }
        return FieldPath(name.split(separator: ".").map { .member(String($0)) })
    }
}
