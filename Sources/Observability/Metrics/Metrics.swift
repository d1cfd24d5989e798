internal import Synchronization

/// What a process counts, and the text in which Prometheus reads it.
///
/// Targets declare their families once, at start-up, with every label value that there will ever be: a label set cannot
/// grow while the process runs, so neither a namespace nor a resource's name can become one by accident. Each event loop
/// then writes to a `MetricsShard` of its own, and a scrape adds the shards up.
///
/// ```
/// let metrics = Metrics()
/// let requests = metrics.counters("portcullis_http_requests_total", help: "…", labels: [Label("protocol", ["h1", "h2"])])
/// let shard = metrics.makeShard()  // one per loop, after the last family
/// shard.add(1, to: requests[1])
/// ```
public final class Metrics: Sendable {
    private struct State {
        var families: [Family] = []
        var gauges: [ReadGauge] = []
        var cells = 0
        var shards: [MetricsShard] = []
    }

    private let state = Mutex(State())

    /// Starts without a family.
    public init() {}

    /// Declares counters: numbers that only rise, named `…_total`.
    public func counters(_ name: String, help: String, labels: [Label] = []) -> CounterFamily {
        let cells = labels.reduce(1) { $0 * $1.values.count }
        let offset = add(Family(name: name, help: help, labels: labels, kind: .counter), cells: cells)
        return CounterFamily(offset: offset, labels: labels)
    }

    /// Declares numbers that rise and fall with `add(_:to:)` and `subtract(_:from:)`: what is open, what is under way.
    public func levels(_ name: String, help: String, labels: [Label] = []) -> CounterFamily {
        let cells = labels.reduce(1) { $0 * $1.values.count }
        let offset = add(Family(name: name, help: help, labels: labels, kind: .level), cells: cells)
        return CounterFamily(offset: offset, labels: labels)
    }

    /// Declares histograms of durations, named `…_seconds`.
    public func histograms(
        _ name: String,
        help: String,
        labels: [Label] = [],
        bounds: HistogramBounds
    ) -> HistogramFamily {
        let series = labels.reduce(1) { $0 * $1.values.count }
        let offset = add(
            Family(name: name, help: help, labels: labels, kind: .histogram(bounds)),
            cells: series * bounds.cellCount
        )
        return HistogramFamily(series: CounterFamily(offset: 0, labels: labels), offset: offset, bounds: bounds)
    }

    /// Declares a number that is read when somebody asks: what is known elsewhere is not counted twice.
    ///
    /// `read` is called by the thread that answers the scrape and must not wait.
    public func gauge(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)] = [],
        isCounter: Bool = false,
        read: @escaping @Sendable () -> Double
    ) {
        Family.check(name)
        state.withLock { state in
            state.gauges.append(
                ReadGauge(name: name, help: help, labels: labels, type: isCounter ? "counter" : "gauge", read: read)
            )
        }
    }

    private func add(_ family: consuming Family, cells: Int) -> Int {
        Family.check(family.name)
        return state.withLock { [family] state in
            precondition(state.shards.isEmpty, "\(family.name) is declared after the first shard was made")
            var family = family
            family.offset = state.cells
            state.families.append(family)
            state.cells += cells
            return family.offset
        }
    }

    /// Makes the counters of one thread; they are part of every scrape from now on.
    public func makeShard() -> MetricsShard {
        state.withLock { state in
            let shard = MetricsShard(cellCount: state.cells)
            state.shards.append(shard)
            return shard
        }
    }

    /// Appends the exposition, in Prometheus' text format 0.0.4, family by family in order of declaration.
    ///
    /// Counters of families with labels appear with the first event that they count.
    public func render(into output: inout [UInt8]) {
        let (families, gauges, shards) = state.withLock { ($0.families, $0.gauges, $0.shards) }
        var text = ExpositionText(bytes: output)
        output = []
        for family in families {
            family.render(from: shards, into: &text)
        }
        var previous = ""
        for gauge in gauges {
            // Gauges of one name are declared one after the other and share their head.
            if gauge.name != previous { text.head(gauge.name, help: gauge.help, type: gauge.type) }
            previous = gauge.name
            text.sample(gauge.name, labels: gauge.labels, value: gauge.read())
        }
        output = text.bytes
    }

    /// The media type of what `render(into:)` writes.
    public static let contentType: StaticString = "text/plain; version=0.0.4; charset=utf-8"
}

/// One label with all the values that it may have.
public struct Label: Hashable, Sendable {
    /// The label's name.
    public let name: String
    /// Its values; a family addresses them by index.
    public let values: [String]

    /// Declares a label.
    public init(_ name: String, _ values: [String]) {
        precondition(!values.isEmpty, "label \(name) has no values")
        self.name = name
        self.values = values
    }
}

/// One counter of a family.
public struct Counter: BitwiseCopyable, Sendable {
    let cell: Int
}

/// Counters of one name, addressed by the indices of their labels' values, in the order of declaration.
public struct CounterFamily: BitwiseCopyable, Sendable {
    private let offset: Int
    private let sizes: (Int, Int, Int, Int)

    init(offset: Int, labels: [Label]) {
        precondition(labels.count <= 4, "a family has at most four labels")
        let sizes = labels.map(\.values.count) + Array(repeating: 1, count: 4 - labels.count)
        self.offset = offset
        self.sizes = (sizes[0], sizes[1], sizes[2], sizes[3])
    }

    /// The counter of one combination of label values; the indices of labels that the family has not are 0.
    public subscript(first: Int = 0, second: Int = 0, third: Int = 0, fourth: Int = 0) -> Counter {
        Counter(cell: offset + series(first, second, third, fourth))
    }

    func series(_ first: Int, _ second: Int, _ third: Int, _ fourth: Int) -> Int {
        precondition(
            first >= 0 && first < sizes.0 && second >= 0 && second < sizes.1 && third >= 0 && third < sizes.2
                && fourth >= 0
                && fourth < sizes.3,
            "no such label value"
        )
        return ((first * sizes.1 + second) * sizes.2 + third) * sizes.3 + fourth
    }
}

/// One histogram of a family.
public struct Histogram: BitwiseCopyable, Sendable {
    let cell: Int
    let bounds: HistogramBounds
}

/// Histograms of one name, addressed like the counters of a `CounterFamily`.
public struct HistogramFamily: BitwiseCopyable, Sendable {
    let series: CounterFamily
    let offset: Int
    let bounds: HistogramBounds

    /// The histogram of one combination of label values.
    public subscript(first: Int = 0, second: Int = 0, third: Int = 0, fourth: Int = 0) -> Histogram {
        Histogram(cell: offset + series.series(first, second, third, fourth) * bounds.cellCount, bounds: bounds)
    }
}

/// The upper bounds of a histogram's buckets.
public enum HistogramBounds: BitwiseCopyable, Sendable {
    /// 25 µs to 10 s: a request from its last byte to its answer.
    case requests
    /// 1 µs to 100 ms: the evaluation of one request's policies.
    case evaluations

    private static let microsecondsOfRequests: [UInt64] = [
        25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
        2_500_000,
        5_000_000, 10_000_000,
    ]
    private static let microsecondsOfEvaluations: [UInt64] = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000,
    ]

    var microseconds: [UInt64] {
        switch self {
        case .requests: Self.microsecondsOfRequests
        case .evaluations: Self.microsecondsOfEvaluations
        }
    }

    /// A cell for each bound, one for what lies beyond the last, one for the sum.
    var cellCount: Int {
        microseconds.count + 2
    }

    func bucket(ofNanoseconds nanoseconds: UInt64) -> Int {
        let microseconds = microseconds
        var bucket = 0
        // Nearly all end at the first bounds, so that a search that halves would be slower. A bound is part of its bucket.
        while bucket < microseconds.count, nanoseconds > microseconds[bucket] &* 1000 {
            bucket += 1
        }
        return bucket
    }
}

private struct ReadGauge: Sendable {
    let name: String
    let help: String
    let labels: [(name: String, value: String)]
    let type: String
    let read: @Sendable () -> Double
}
