internal import Azure
internal import JSON
public import Kubernetes
public import Policy

/// Asks policies about manifests, as the webhook would be asked, file by file.
///
/// Mutations are made before anything is judged. Nothing is kept of a file but what was found in it.
public struct CheckRun: Sendable {
    /// How the manifests come to the webhook.
    public struct Circumstances: Sendable {
        /// The namespace of objects that do not say theirs.
        public var namespace: String?
        /// Who applies them.
        public var user: ManifestRequest.User
        /// Whether they are deleted; else each is an UPDATE of what was there, or a CREATE.
        public var isDeletion: Bool
        /// What was there before.
        public var old: Objects
        /// What else there is; nil if nobody tells.
        public var inventory: Inventory?
        /// What the clock says, by which exceptions end.
        public var now: WallTime?

        /// What `kubectl apply` does in an empty cluster.
        public init(
            namespace: String? = nil,
            user: ManifestRequest.User = .anybody,
            isDeletion: Bool = false,
            old: Objects = Objects(),
            inventory: Inventory? = nil,
            now: WallTime? = nil
        ) {
            self.namespace = namespace
            self.user = user
            self.isDeletion = isDeletion
            self.old = old
            self.inventory = inventory
            self.now = now
        }
    }

    /// Objects by kind, namespace and name; the version does not count.
    public struct Objects: Sendable {
        private var objects: [Key: JSONFragment] = [:]

        private struct Key: Hashable {
            let group: String
            let kind: String
            let namespace: String
            let name: String
        }

        /// No objects.
        public init() {}

        /// Takes the objects of a file.
        ///
        /// - Returns: What is no object.
        public mutating func add(_ file: ManifestFile, namespace: String? = nil) -> [PolicyIssue] {
            for manifest in file.manifests {
                guard let key = Self.key(of: manifest.object, namespace) else { continue }
                objects[key] = manifest.object
            }
            return file.issues
        }

        func object(like object: JSONFragment, _ namespace: String?) -> JSONFragment? {
            Self.key(of: object, namespace).flatMap { objects[$0] }
        }

        private static func key(of object: JSONFragment, _ namespace: String?) -> Key? {
            guard let identity = try? ObjectIdentity(object), let name = identity.name else { return nil }
            return Key(
                group: identity.type.group,
                kind: identity.type.kind,
                namespace: identity.isNamespaced ? identity.namespace ?? namespace ?? "default" : "",
                name: name
            )
        }
    }

    private let set: PolicySet
    private let tables: AzureTables
    private let circumstances: Circumstances
    private let keepsRequests: Bool
    /// What has been asked and how, if that is kept: for whoever wants to ask it again.
    public private(set) var requests: [(request: AdmissionRequest, mode: DecisionMode)] = []
    private var report = CheckReport()

    /// Begins.
    ///
    /// - Parameters:
    ///   - set: The policies.
    ///   - configuration: What they were compiled with.
    ///   - circumstances: How manifests come to the webhook.
    ///   - keepsRequests: Whether `requests` is to hold all that has been asked.
    public init(
        _ set: PolicySet,
        configuration: PolicyConfiguration,
        _ circumstances: Circumstances = Circumstances(),
        keepsRequests: Bool = false
    ) {
        self.set = set
        self.keepsRequests = keepsRequests
        tables = configuration.tables
        self.circumstances = circumstances
    }

    /// How many objects have been judged.
    public var count: Int { report.judgedCount }

    /// Reports a file that cannot be read.
    public mutating func add(_ issue: PolicyIssue) {
        report.issues.append(issue)
    }

    /// Asks about the objects of a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - explain: Is told of each object why, at once; nothing of it is kept then but in the numbers of the report.
    /// - Returns: How many objects have been judged in all.
    @discardableResult
    public mutating func check(_ file: ManifestFile, explain: ((Explanation) -> Void)? = nil) -> Int {
        report.issues += file.issues
        report.idlePlanCount += file.idlePlanCount
        for manifest in file.manifests { check(manifest, explain) }
        for resource in file.resources { check(resource, in: file.file, explain) }
        return report.judgedCount
    }

    private mutating func check(_ manifest: Manifest, _ explain: ((Explanation) -> Void)?) {
        guard let request = request(change(of: manifest), at: manifest.place) else { return }
        judge(request, manifest: manifest, explain)
    }

    private mutating func check(_ resource: ForeignResource, in file: String, _ explain: ((Explanation) -> Void)?) {
        let place = resource.place(of: "").in(file)
        guard let request = request(resource.change, at: place) else { return }
        if keepsRequests { requests.append((request, .validateForeign)) }
        let trace = explain == nil ? nil : DecisionTrace(isDetailed: true)
        let decision = decide(request, .validateForeign, trace)
        let result = CheckReport.Result(request, decision, title: resource.name, at: place) { failure in
            (resource.place(of: failure.path).in(file), resource.wording(of: failure.path))
        }
        report.add(result, isKept: explain == nil)
        guard let trace, let explain else { return }
        explain(
            Explanation(result, request, decision, trace) { facet in
                let source = resource.place(of: facet.shownPath)
                return (source.in(file), source.field)
            }
        )
    }

    /// The request for a change; nil if no API server would take it.
    private mutating func request(_ change: ManifestRequest.Change, at place: Report.Place) -> AdmissionRequest? {
        do throws(ManifestError) {
            return try ManifestRequest(change, namespace: circumstances.namespace, by: circumstances.user)
                .admissionRequest(tables: tables)
        } catch {
            report.issues.append(
                PolicyIssue(
                    file: place.file,
                    line: place.line,
                    column: place.column,
                    message: error.message,
                    mend: error.mend
                )
            )
            return nil
        }
    }

    private func decide(_ request: AdmissionRequest, _ mode: DecisionMode, _ trace: DecisionTrace?) -> Decision {
        set.decide(request, mode: mode, inventory: circumstances.inventory, now: circumstances.now, trace: trace)
    }

    private mutating func judge(
        _ request: AdmissionRequest,
        manifest: Manifest,
        _ explain: ((Explanation) -> Void)?
    ) {
        if keepsRequests { requests.append((request, .mutateAndValidate)) }
        let trace = explain == nil ? nil : DecisionTrace(isDetailed: true)
        let decision = decide(request, .mutateAndValidate, trace)
        let result = CheckReport.Result(request, decision, at: manifest.place) { failure in
            (manifest.place(of: failure.fieldPath), nil)
        }
        report.add(result, isKept: explain == nil)
        guard let trace, let explain else { return }
        explain(
            Explanation(result, request, decision, trace) { (manifest.place(of: $0.path), nil) }
        )
    }

    /// Asks about a recorded AdmissionReview: who, what and how are its own.
    ///
    /// - Parameters:
    ///   - line: The review, as an API server sent it.
    ///   - place: The file, and which of its lines that is.
    ///   - explain: As of `check(_:explain:)` of a file.
    /// - Returns: How many objects have been judged in all.
    @discardableResult
    public mutating func check(
        review line: [UInt8],
        at place: Report.Place,
        explain: ((Explanation) -> Void)? = nil
    ) -> Int {
        func refuse(_ message: String) {
            report.issues.append(
                PolicyIssue(
                    file: place.file,
                    line: place.line,
                    column: 1,
                    message: message,
                    mend: "write an AdmissionReview of admission.k8s.io/v1 with its request on each line"
                )
            )
        }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: line)
        } catch {
            refuse("is no JSON: \(error.code) at column \(error.offset + 1)")
            return report.judgedCount
        }
        do throws(AdmissionReviewError) {
            let request = try AdmissionReview.decode(document)
            if let problem = request.problems().first {
                refuse("is no review that an API server sends: \(problem.field) \(problem.message)")
                return report.judgedCount
            }
            let object = request.object ?? request.oldObject ?? document.root
            judge(
                request,
                manifest: Manifest(JSONFragment(document, object), file: place.file, line: place.line),
                explain
            )
        } catch {
            refuse("is no AdmissionReview: \(error)")
        }
        return report.judgedCount
    }

    private func change(of manifest: Manifest) -> ManifestRequest.Change {
        if circumstances.isDeletion { return .delete(manifest.object) }
        guard let old = circumstances.old.object(like: manifest.object, circumstances.namespace) else {
            return .create(manifest.object)
        }
        return .update(manifest.object, from: old.inVersion(of: manifest.object))
    }

    /// Ends.
    ///
    /// - Returns: What was found, in the order in which it was asked.
    public consuming func finish() -> CheckReport { report }
}

extension JSONFragment {
    /// The object as the API server shows it to whoever writes another version of its kind: in that version.
    fileprivate func inVersion(of other: JSONFragment) -> JSONFragment {
        guard let version = other.document.member("apiVersion", of: other.value) else { return self }
        let patch = JSONPatch([
            .replace(JSONPointer(tokens: ["apiVersion"]), JSONFragment(other.document, version))
        ])
        guard let patched = try? patch.apply(to: self) else { return self }
        return JSONFragment(patched)
    }
}

extension Manifest {
    fileprivate var place: Report.Place { position.in(file) }

    fileprivate func place(of field: FieldPath) -> Report.Place { position(of: field).in(file) }
}

extension SourcePlace {
    fileprivate func `in`(_ file: String) -> Report.Place { position.in(file) }
}

extension JSONPosition {
    fileprivate func `in`(_ file: String) -> Report.Place { Report.Place(file: file, line: line, column: column) }
}
