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
    private let readiness: Readiness

    /// The most faults of policy files that `/readyz` lists.
    private static let issueLines = 50

    /// Makes the service, and declares what can be read of the policies as metrics.
    public init(metrics: Metrics, folder: PolicyFolder, holder: PolicyHolder, readiness: Readiness) {
        self.metrics = metrics
        self.folder = folder
        self.holder = holder
        self.readiness = readiness
        declarePolicyMetrics()
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

    /// Ready means that every rule of the folder's last good state is in force; degraded, that there is a newer state which
    /// is not, because something in it is wrong.
    private func readinessReport() -> (isReady: Bool, text: String) {
        let status = folder.status
        var report: String
        var isReady = false
        if readiness.isDraining {
            report = "draining: the process is about to end\n"
        } else if let current = holder.current {
            isReady = true
            let inForce =
                "policy set \(current.generation) is in force with \(Self.counts(current))"
                + (current.hasBinding ? "" : "; without an AzureBinding identity is not checked")
            report =
                status.isCurrent
                ? "ok: \(inForce)\n"
                : "degraded: \(folder.path) was refused when it was read last; \(inForce)\n"
        } else {
            report = "not ready: \(folder.path) has not held a good policy set yet\n"
        }
        for issue in status.issues.prefix(Self.issueLines) { report += "\(issue)\n" }
        if status.issues.count > Self.issueLines { report += "+\(status.issues.count - Self.issueLines) more\n" }
        return (isReady, report)
    }

    /// How many there are of each kind; Kubernetes' own are named where there are any.
    private static func counts(_ set: PolicySet) -> String {
        func policies(_ count: Int, _ kind: String) -> String {
            "\(count) \(kind)\(count == 1 ? "Policy" : "Policies")"
        }
        var counts = [policies(set.policyCount, "Azure")]
        for (count, kind) in [
            (set.validatingAdmissionPolicyCount, "ValidatingAdmission"),
            (set.mutatingAdmissionPolicyCount, "MutatingAdmission"),
        ] where count > 0 {
            counts.append(policies(count, kind))
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
        declareCount("AzureBinding") { $0.bindingCount }
        declareCount("ValidatingAdmissionPolicy") { $0.validatingAdmissionPolicyCount }
        declareCount("MutatingAdmissionPolicy") { $0.mutatingAdmissionPolicyCount }
        metrics.gauge(
            "portcullis_identity_checked",
            help: "Whether identity is checked: 0 as long as no AzureBinding is in force."
        ) { (holder.current?.bindingCount ?? 0) > 0 ? 1 : 0 }
        metrics.gauge(
            "portcullis_policy_reloads_total",
            help: "Readings of the policy folder.",
            labels: [("result", "success")],
            isCounter: true
        ) { Double(folder.status.successes) }
        metrics.gauge(
            "portcullis_policy_reloads_total",
            help: "Readings of the policy folder.",
            labels: [("result", "failure")],
            isCounter: true
        ) { Double(folder.status.failures) }
        metrics.gauge(
            "portcullis_policy_folder_current",
            help: "Whether the policy folder's last state is in force: 0 after it was refused."
        ) { folder.status.isCurrent ? 1 : 0 }
        metrics.gauge(
            "portcullis_policy_last_success_timestamp_seconds",
            help: "When the policy set in force was put there; 0 before the first."
        ) { folder.status.lastSuccess.map { Double($0.seconds) + Double($0.nanoseconds / 1_000_000) / 1000 } ?? 0 }
        metrics.gauge(
            "portcullis_policy_last_reload_duration_seconds",
            help: "How long the last reading of the folder took."
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
