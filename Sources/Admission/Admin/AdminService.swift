public import Observability
internal import Policy
internal import Synchronization

/// Whether the process should get requests.
public final class Readiness: Sendable {
    private let draining = Atomic<Bool>(false)

    /// Starts without an obstacle of its own; the policies may be one.
    public init() {}

    /// Tells that the process is about to end: from now on `/readyz` fails, so that no new connection is sent here.
    public func beginDraining() {
        draining.store(true, ordering: .relaxed)
    }

    /// Whether `beginDraining()` was called.
    public var isDraining: Bool {
        draining.load(ordering: .relaxed)
    }
}

/// What operators ask a running server: `/metrics`, `/livez`, `/readyz`, as text and without sockets.
///
/// The answers reveal names of policy files and counts, nothing of requests; they belong on a port that only the cluster's
/// own components reach.
public struct AdminService: Sendable {
    private let metrics: Metrics
    private let folder: PolicyFolder
    private let holder: PolicyHolder
    private let inventory: (folder: InventoryFolder, holder: InventoryHolder)?
    private let readiness: Readiness

    /// The most faults of policy files that `/readyz` lists.
    private static let issueLines = 50

    /// Makes the service, and declares what can be read of the policies and the inventory as metrics.
    ///
    /// - Parameters:
    ///   - metrics: What `/metrics` shows.
    ///   - folder: The policies.
    ///   - holder: Where they are in force.
    ///   - inventory: What is known of other objects; nil if nobody tells.
    ///   - readiness: Whether the process is about to end.
    public init(
        metrics: Metrics,
        folder: PolicyFolder,
        holder: PolicyHolder,
        inventory: (folder: InventoryFolder, holder: InventoryHolder)? = nil,
        readiness: Readiness
    ) {
        self.metrics = metrics
        self.folder = folder
        self.holder = holder
        self.inventory = inventory
        self.readiness = readiness
        declarePolicyMetrics()
        if let inventory { declareInventoryMetrics(inventory.folder, inventory.holder) }
    }

    /// Answers one request.
    ///
    /// - Parameters:
    ///   - path: `/metrics`, `/livez` or `/readyz`.
    ///   - isGet: Whether the method is GET or HEAD.
    ///   - output: What the answer's body is appended to.
    /// - Returns: Status and media type.
    public func respond(path: Span<UInt8>, isGet: Bool, into output: inout [UInt8]) -> Reply {
        let isKnown = path.equals("/metrics") || path.equals("/livez") || path.equals("/readyz")
        guard isKnown else {
            return text(404, "no such path: there are /metrics, /livez and /readyz\n", &output)
        }
        guard isGet else { return text(405, "only GET\n", &output) }
        if path.equals("/metrics") {
            metrics.render(into: &output)
            return Reply(status: 200, contentType: Metrics.contentType)
        }
        if path.equals("/livez") { return text(200, "ok\n", &output) }
        let (isReady, report) = readinessReport()
        return text(isReady ? 200 : 503, report, &output)
    }

    private func text(_ status: Int, _ text: String, _ output: inout [UInt8]) -> Reply {
        output.append(contentsOf: text.utf8)
        return Reply(status: status, contentType: "text/plain; charset=utf-8", allow: status == 405 ? "GET, HEAD" : nil)
    }

    /// Ready means that every rule of the folder's last good state is in force, and that there is an inventory if there is to
    /// be one; degraded, that there is a newer state which is not, because something in it is wrong.
    private func readinessReport() -> (isReady: Bool, text: String) {
        let status = folder.status
        let inventoryStatus = inventory?.folder.status
        var report: String
        var isReady = false
        if readiness.isDraining {
            report = "draining: the process is about to end\n"
        } else if let inventory, inventory.holder.current == nil {
            report = "not ready: \(inventory.folder.path) has not held a good inventory yet\n"
        } else if let current = holder.current {
            isReady = true
            let refused = [
                status.isCurrent ? nil : folder.path,
                inventoryStatus?.isCurrent == false ? inventory?.folder.path : nil,
            ].compactMap(\.self)
            let inForce =
                "policy set \(current.generation) is in force with \(Self.counts(current))"
                + (current.hasBinding ? "" : "; without an AzureBinding identity is not checked")
                + (inventory.map { "; \(Self.counts($0.holder, $0.folder))" } ?? "")
            report =
                refused.isEmpty
                ? "ok: \(inForce)\n"
                : "degraded: \(refused.joined(separator: " and ")) was refused when it was read last; \(inForce)\n"
        } else {
            report = "not ready: \(folder.path) has not held a good policy set yet\n"
        }
        let issues = status.issues + (inventoryStatus?.issues ?? [])
        for issue in issues.prefix(Self.issueLines) { report += "\(issue)\n" }
        if issues.count > Self.issueLines { report += "+\(issues.count - Self.issueLines) more\n" }
        return (isReady, report)
    }

    /// What is known of other objects, and since when.
    private static func counts(_ holder: InventoryHolder, _ folder: InventoryFolder) -> String {
        let count = holder.current?.entries.count ?? 0
        return "the inventory holds \(count) object\(count == 1 ? "" : "s"), read \(Int(age(of: folder) ?? 0)) s ago"
    }

    /// How many seconds ago a folder was read last without a fault; nil if it never was.
    private static func age<Contents>(of folder: Folder<Contents>) -> Double? {
        folder.status.lastSuccess.map { max(0, Timestamp.now().secondsSinceEpoch - $0.secondsSinceEpoch) }
    }

    /// How many there are of each kind; Kubernetes' own are named where there are any.
    private static func counts(_ set: PolicySet) -> String {
        func policies(_ count: Int, _ kind: String) -> String {
            "\(count) \(kind)\(count == 1 ? "Policy" : "Policies")"
        }
        var counts = [policies(set.policyCount, "Azure")]
        for (count, kind) in [
            (set.namespacePolicyCount, "NamespaceAzure"),
            (set.validatingAdmissionPolicyCount, "ValidatingAdmission"),
            (set.mutatingAdmissionPolicyCount, "MutatingAdmission"),
        ] where count > 0 {
            counts.append(policies(count, kind))
        }
        if set.exceptionCount > 0 {
            counts.append("\(set.exceptionCount) PolicyException\(set.exceptionCount == 1 ? "" : "s")")
        }
        let bindings = "\(set.bindingCount) AzureBinding\(set.bindingCount == 1 ? "" : "s")"
        return counts.joined(separator: ", ") + " and " + bindings
    }

    private func declarePolicyMetrics() {
        let holder = holder
        let folder = folder
        metrics.gauge(
            "portcullis_policy_set_generation",
            help: "Generation of the policy set in force; 0 before the first."
        ) { Double(holder.current?.generation ?? 0) }
        declareCount("AzurePolicy") { $0.policyCount }
        declareCount("NamespaceAzurePolicy") { $0.namespacePolicyCount }
        declareCount("AzureBinding") { $0.bindingCount }
        declareCount("PolicyException") { $0.exceptionCount }
        declareCount("ValidatingAdmissionPolicy") { $0.validatingAdmissionPolicyCount }
        declareCount("MutatingAdmissionPolicy") { $0.mutatingAdmissionPolicyCount }
        metrics.gauge(
            "portcullis_identity_checked",
            help: "Whether identity is checked: 0 as long as no AzureBinding is in force."
        ) { (holder.current?.bindingCount ?? 0) > 0 ? 1 : 0 }
        metrics.gauge(
            "portcullis_policy_exceptions_expired",
            help: "PolicyExceptions that waive nothing any more."
        ) { Double(holder.current?.expiredExceptionCount(at: .now()) ?? 0) }
        metrics.gauge(
            "portcullis_policy_exceptions_next_expiry_timestamp_seconds",
            help: "When the next PolicyException ends; 0 if none is in force."
        ) { Double(holder.current?.nextExceptionExpiry(after: .now())?.seconds ?? 0) }
        declareReloads(of: folder, "policy", "the policy folder")
    }

    private func declareInventoryMetrics(_ folder: InventoryFolder, _ holder: InventoryHolder) {
        for objectClass in Inventory.ObjectClass.allCases {
            metrics.gauge(
                "portcullis_inventory_objects",
                help: "Objects that the inventory holds.",
                labels: [("class", objectClass.rawValue)]
            ) { Double(holder.current?.counts[objectClass] ?? 0) }
        }
        metrics.gauge(
            "portcullis_inventory_age_seconds",
            help: "Time since the inventory folder was read without a fault; 0 before the first time."
        ) { Self.age(of: folder) ?? 0 }
        declareReloads(of: folder, "inventory", "the inventory folder")
    }

    private func declareReloads<Contents>(of folder: Folder<Contents>, _ name: String, _ what: String) {
        let results: [(String, @Sendable () -> Int)] = [
            ("success", { folder.status.successes }), ("failure", { folder.status.failures }),
        ]
        for (result, count) in results {
            metrics.gauge(
                "portcullis_\(name)_reloads_total",
                help: "Readings of \(what).",
                labels: [("result", result)],
                isCounter: true
            ) { Double(count()) }
        }
        metrics.gauge(
            "portcullis_\(name)_folder_current",
            help: "Whether the last state of \(what) is in force: 0 after it was refused."
        ) { folder.status.isCurrent ? 1 : 0 }
        metrics.gauge(
            "portcullis_\(name)_last_success_timestamp_seconds",
            help: "When what is in force of \(what) was put there; 0 before the first."
        ) { folder.status.lastSuccess?.secondsSinceEpoch ?? 0 }
        metrics.gauge(
            "portcullis_\(name)_last_reload_duration_seconds",
            help: "How long the last reading of \(what) took."
        ) { folder.status.duration / .seconds(1) }
    }

    private func declareCount(_ kind: String, _ count: @escaping @Sendable (PolicySet) -> Int) {
        let holder = holder
        metrics.gauge(
            "portcullis_policies",
            help: "Policies in force.",
            labels: [("kind", kind)]
        ) { Double(holder.current.map(count) ?? 0) }
    }
}

extension Timestamp {
    /// With milliseconds.
    fileprivate var secondsSinceEpoch: Double {
        Double(seconds) + Double(nanoseconds / 1_000_000) / 1000
    }
}
