public import Azure
public import Observability

/// What admission counts, for every event loop.
///
/// Declared once, before the first shard is made.
public struct AdmissionMetrics: Sendable {
    /// What became of a review.
    enum Outcome: Int, CaseIterable {
        case allowed
        case denied
        /// Denied because the object contradicts its review.
        case invalid

        var label: String { "\(self)" }
    }

    /// Why there was no review to decide on.
    enum Refusal: Int, CaseIterable {
        case notFound
        case method
        case mediaType
        case timeout
        case json
        case review
        case noPolicies
        case noInventory

        var label: String {
            switch self {
            case .notFound: "not_found"
            case .method: "method"
            case .mediaType: "media_type"
            case .timeout: "timeout"
            case .json: "json"
            case .review: "review"
            case .noPolicies: "no_policies"
            case .noInventory: "no_inventory"
            }
        }
    }

    let groups: LabelIndex
    let coreGroup: Int
    let reviews: CounterFamily
    let durations: HistogramFamily
    let evaluations: HistogramFamily
    let failures: CounterFamily
    let exceptions: CounterFamily
    let broken: CounterFamily
    let patches: CounterFamily
    let refusals: CounterFamily

    /// Declares the families.
    ///
    /// - Parameters:
    ///   - metrics: Where.
    ///   - tables: Whose API groups become values of the label `group`; all others are counted as `other`.
    public init(in metrics: Metrics, tables: AzureTables) {
        let known = Set(tables.kinds.map(\.group)).sorted()
        groups = LabelIndex("group", known + ["core"])
        coreGroup = known.count
        let webhook = Label("webhook", WebhookKind.allCases.map(\.label))
        reviews = metrics.counters(
            "portcullis_admission_reviews_total",
            help: "AdmissionReviews that were answered.",
            labels: [
                webhook, Label("operation", ["CREATE", "UPDATE", "DELETE", "CONNECT"]), groups.label,
                Label("decision", Outcome.allCases.map(\.label)),
            ]
        )
        durations = metrics.histograms(
            "portcullis_admission_review_duration_seconds",
            help: "Time from the body's last byte to the answer, the connection's part not included.",
            labels: [webhook],
            bounds: .requests
        )
        evaluations = metrics.histograms(
            "portcullis_policy_evaluation_duration_seconds",
            help: "Time to decide on a review and to write the answer.",
            labels: [webhook],
            bounds: .evaluations
        )
        failures = metrics.counters(
            "portcullis_rule_failures_total",
            help: "Rules that reviews failed, by what came of it.",
            labels: [Label("effect", FailureEffect.labels), Label("severity", FailureSeverity.labels)]
        )
        exceptions = metrics.counters(
            "portcullis_exceptions_used_total",
            help: "Reviews in which a PolicyException waived a failure."
        )
        broken = metrics.counters(
            "portcullis_policy_evaluations_broken_total",
            help: "Reviews for which a policy could not be evaluated, so that its failurePolicy decided."
        )
        patches = metrics.counters(
            "portcullis_patches_total",
            help: "Answers with a patch."
        )
        refusals = metrics.counters(
            "portcullis_admission_refusals_total",
            help: "Requests that were not answered with an AdmissionReview.",
            labels: [Label("reason", Refusal.allCases.map(\.label))]
        )
    }
}

/// Which of the two webhooks is asked.
enum WebhookKind: Int, CaseIterable {
    case validate
    case mutate

    var label: String { "\(self)" }
}
