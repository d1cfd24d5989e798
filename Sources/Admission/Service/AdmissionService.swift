public import EventLoop
internal import JSON
internal import Kubernetes
public import Observability
public import Policy

/// Answers AdmissionReviews: body in, body out, no sockets.
///
/// One for each event loop: it keeps buffers and a view of the policies of its own. Nothing here waits, takes a lock that
/// another loop holds for longer than a copy, or allocates more the more policies there are.
public final class AdmissionService {
    private var policies: HolderReader<PolicySet>
    private var inventory: HolderReader<Inventory>?
    private let metrics: AdmissionMetrics
    private let shard: MetricsShard
    private let decisionLog: LineLog?
    private let recorder: LineLog?
    private var answer = DecisionAnswer()
    /// The line that is being made for the decision log; kept for its storage.
    private var line = TextBuffer()

    /// Makes the service of one event loop.
    ///
    /// - Parameters:
    ///   - policies: The policies in force.
    ///   - inventory: What is known of other objects; nil if nobody tells. Without its first good value nothing is decided.
    ///   - metrics: The families that `shard` was made after.
    ///   - shard: The loop's counters.
    ///   - decisionLog: Where decisions are written to, if anywhere.
    ///   - recorder: Where the reviews that `/validate` is sent are written to, if anywhere, each in a line; never those of
    ///     Secrets.
    public init(
        policies: PolicyHolder,
        inventory: InventoryHolder? = nil,
        metrics: AdmissionMetrics,
        shard: MetricsShard,
        decisionLog: LineLog? = nil,
        recorder: LineLog? = nil
    ) {
        self.policies = policies.makeReader()
        self.inventory = inventory?.makeReader()
        self.metrics = metrics
        self.shard = shard
        self.decisionLog = decisionLog
        self.recorder = recorder
    }

    /// Answers one request.
    ///
    /// A review is answered with 200, its `uid` and a decision; anything else with the status that says why not, and a line
    /// of text for whoever reads the API server's log.
    ///
    /// - Parameters:
    ///   - path: `/validate` or `/mutate`.
    ///   - query: What follows the `?`, without it; `timeout` counts.
    ///   - isPost: Whether the method is POST.
    ///   - contentType: The value of the field; empty if there is none.
    ///   - received: When the body was complete; the deadline counts from it.
    ///   - body: The body.
    ///   - output: What the answer's body is appended to.
    /// - Returns: Status and media type.
    public func respond(
        path: Span<UInt8>,
        query: Span<UInt8>,
        isPost: Bool,
        contentType: Span<UInt8>,
        received: MonotonicInstant = .now(),
        body: consuming [UInt8],
        into output: inout [UInt8]
    ) -> Reply {
        let webhook: WebhookKind
        if path.equals("/validate") {
            webhook = .validate
        } else if path.equals("/mutate") {
            webhook = .mutate
        } else {
            return refuse(404, .notFound, "no such path: send AdmissionReviews to /validate or /mutate", &output)
        }
        guard isPost else { return refuse(405, .method, "send AdmissionReviews with POST", &output) }
        guard contentType.isMediaType("application/json") else {
            return refuse(415, .mediaType, "send AdmissionReviews with Content-Type: application/json", &output)
        }
        guard let timeout = RequestTimeout.parse(query: query) else {
            return refuse(400, .timeout, "the query's timeout is not a positive duration such as 10s", &output)
        }
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: body, limits: Self.limits)
        } catch {
            return refuse(400, .json, "the body is not JSON: \(error)", &output)
        }
        let request: AdmissionRequest
        do throws(AdmissionReviewError) {
            request = try AdmissionReview.decode(document)
        } catch {
            return refuse(400, .review, "the body is no AdmissionReview of admission.k8s.io/v1: \(error)", &output)
        }
        policies.refresh()
        guard let set = policies.value else {
            return refuse(
                503,
                .noPolicies,
                "no policies are in force yet, so nothing can be allowed: see /readyz",
                &output
            )
        }
        inventory?.refresh()
        guard inventory == nil || inventory?.value != nil else {
            return refuse(
                503,
                .noInventory,
                "the inventory has not been read yet, so nothing can be allowed: see /readyz",
                &output
            )
        }
        answer(request, webhook, set, received: received, timeout: timeout, into: &output)
        return Reply(status: 200, contentType: "application/json")
    }

    /// The connection has limited the bytes already; the depth is the one that the API server reads.
    private static let limits = JSONLimits.default

    private func answer(
        _ request: AdmissionRequest,
        _ webhook: WebhookKind,
        _ set: PolicySet,
        received: MonotonicInstant,
        timeout: Int64,
        into output: inout [UInt8]
    ) {
        let problems = request.problems()
        guard problems.isEmpty else {
            let response = AdmissionResponse(malformed: problems)
            response.encode(answering: request, into: &output)
            count(request, webhook, .invalid, nil, code: 422, from: received, to: .now())
            return
        }
        // The rest is for the way back: an answer after the deadline would be read by nobody.
        let start = MonotonicInstant.now()
        let left = timeout / 5 * 4 - (start.nanoseconds - received.nanoseconds)
        let deadline = ContinuousClock.now + .nanoseconds(left)
        let decision = set.decide(
            request,
            mode: webhook == .validate ? .validate : .mutate,
            inventory: inventory?.value,
            now: set.hasExceptions ? .now() : nil,
            deadline: deadline
        )
        let hasPatch = answer.write(
            decision,
            answering: request,
            isMutating: webhook == .mutate,
            isLogged: decisionLog != nil,
            into: &output
        )
        if hasPatch { shard.add(to: metrics.patches[]) }
        let end = MonotonicInstant.now()
        shard.observe(
            nanoseconds: UInt64(clamping: end.nanoseconds - start.nanoseconds),
            in: metrics.evaluations[webhook.rawValue]
        )
        if let recorder, webhook == .validate { record(request, in: recorder) }
        let outcome = decision.allowed ? AdmissionMetrics.Outcome.allowed : .denied
        count(request, webhook, outcome, decision, code: decision.statusReason.code, from: received, to: end)
    }

    /// Counts a review and offers it to the decision log.
    private func count(
        _ request: AdmissionRequest,
        _ webhook: WebhookKind,
        _ outcome: AdmissionMetrics.Outcome,
        _ decision: Decision?,
        code: Int,
        from received: MonotonicInstant,
        to end: MonotonicInstant
    ) {
        let latency = UInt64(clamping: end.nanoseconds - received.nanoseconds)
        let document = request.document
        let group = document.utf8(request.kind.group)
        let groupIndex = group.isEmpty ? metrics.coreGroup : metrics.groups.index(of: group)
        shard.add(to: metrics.reviews[webhook.rawValue, request.operation.index, groupIndex, outcome.rawValue])
        shard.observe(nanoseconds: latency, in: metrics.durations[webhook.rawValue])
        if let decision {
            for failure in decision.failures {
                shard.add(
                    to: metrics.failures[
                        FailureEffect.index(of: failure.effect),
                        FailureSeverity.index(of: failure.severity)
                    ]
                )
            }
            if !decision.exceptions.isEmpty { shard.add(to: metrics.exceptions[]) }
            if decision.isBroken { shard.add(to: metrics.broken[]) }
        }
        guard let decisionLog else { return }
        let record = DecisionRecord(
            webhook: webhook,
            outcome: outcome,
            code: code,
            generation: policies.value?.generation ?? 0,
            latencyNanoseconds: latency
        )
        line.removeAll()
        record.write(request, decision, failures: answer.logged, time: .now(), to: &line)
        line.append(to: decisionLog)
    }

    /// Writes a review down as it came.
    private func record(_ request: AdmissionRequest, in recorder: LineLog) {
        let document = request.document
        // What they hold is for nobody's disk.
        if document.utf8(request.kind.group).isEmpty, document.equals(request.kind.name, "Secret") { return }
        let bytes = document.lexeme(document.root)
        line.removeAll()
        // An end of line in JSON can only stand between values.
        var start = 0
        for index in bytes.indices where bytes[index] == UInt8(ascii: "\n") {
            line.append(bytes.extracting(start..<index))
            start = index + 1
        }
        line.append(bytes.extracting(start..<bytes.count))
        line.append(to: recorder)
    }

    private func refuse(
        _ status: Int,
        _ reason: AdmissionMetrics.Refusal,
        _ text: String,
        _ output: inout [UInt8]
    ) -> Reply {
        shard.add(to: metrics.refusals[reason.rawValue])
        output.append(contentsOf: text.utf8)
        output.append(UInt8(ascii: "\n"))
        return Reply(
            status: status,
            contentType: "text/plain; charset=utf-8",
            allow: status == 405 ? "POST" : nil
        )
    }
}

extension Operation {
    /// The operation's place among the values of the label.
    fileprivate var index: Int {
        switch self {
        case .create: 0
        case .update: 1
        case .delete: 2
        case .connect: 3
        }
    }
}

/// The effects of failures as values of a label.
enum FailureEffect {
    static let labels = ["deny", "warn", "audit", "ratcheted", "waived"]

    static func index(of effect: Failure.Effect) -> Int {
        switch effect {
        case .deny: 0
        case .warn: 1
        case .audit: 2
        case .ratcheted: 3
        case .waived: 4
        }
    }
}

/// The severities of rules as values of a label.
enum FailureSeverity {
    static let labels = Severity.allCases.map { $0.rawValue.lowercased() } + ["none"]

    static func index(of severity: Severity?) -> Int {
        switch severity {
        case .critical: 0
        case .high: 1
        case .medium: 2
        case .low: 3
        case nil: 4
        }
    }
}

extension TextBuffer {
    /// A class' own buffer cannot be lent as a span.
    fileprivate func append(to log: LineLog) {
        log.append(span)
    }
}

extension WallTime {
    /// What the machine's clock says: what every way in hands to `PolicySet.decide` and `PolicyCompiler.finish`.
    public static func now() -> WallTime {
        WallTime(seconds: Timestamp.now().seconds)
    }
}
