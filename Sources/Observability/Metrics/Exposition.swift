/// Series of one name, as they were declared.
struct Family: Sendable {
    enum Kind {
        case counter
        case level
        case histogram(HistogramBounds)

        var type: String {
            switch self {
            case .counter: "counter"
            case .level: "gauge"
            case .histogram: "histogram"
            }
        }
    }

    let name: String
    let help: String
    let labels: [Label]
    let kind: Kind
    var offset = 0

    init(name: String, help: String, labels: [Label], kind: Kind) {
        self.name = name
        self.help = help
        self.labels = labels
        self.kind = kind
    }

    /// Traps on a name that Prometheus refuses: names are ours, never a peer's.
    static func check(_ name: String) {
        let isValid =
            !name.isEmpty
            && name.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || byte == UInt8(ascii: "_")
            }
        precondition(isValid, "no name of a metric: \(name)")
    }

    func render(from shards: [MetricsShard], into text: inout ExpositionText) {
        func sum(_ cell: Int) -> UInt64 {
            shards.reduce(0) { $0 &+ $1.value(ofCell: cell) }
        }
        let count = labels.reduce(1) { $0 * $1.values.count }
        text.head(name, help: help, type: kind.type)
        switch kind {
        case .counter, .level:
            for series in 0..<count {
                let value = Int64(bitPattern: sum(offset + series))
                // Of the combinations most never happen; those of one label are few, and a 0 tells that they are watched.
                if value == 0 && labels.count > 1 { continue }
                text.sample(name, labels: labelValues(of: series), value: value)
            }
        case .histogram(let bounds):
            for series in 0..<count {
                let first = offset + series * bounds.cellCount
                let labels = labelValues(of: series)
                var total: UInt64 = 0
                for (index, bound) in bounds.microseconds.enumerated() {
                    total &+= sum(first + index)
                    text.sample(
                        name + "_bucket",
                        labels: labels + [("le", ExpositionText.decimal(Double(bound) / 1e6))],
                        value: Int64(bitPattern: total)
                    )
                }
                total &+= sum(first + bounds.microseconds.count)
                text.sample(name + "_bucket", labels: labels + [("le", "+Inf")], value: Int64(bitPattern: total))
                text.sample(name + "_sum", labels: labels, value: Double(sum(first + bounds.cellCount - 1)) / 1e9)
                // The same reads as the last bucket's, so that the two never differ.
                text.sample(name + "_count", labels: labels, value: Int64(bitPattern: total))
            }
        }
    }

    private func labelValues(of series: Int) -> [(name: String, value: String)] {
        var rest = series
        var values: [(name: String, value: String)] = []
        for label in labels.reversed() {
            values.append((label.name, label.values[rest % label.values.count]))
            rest /= label.values.count
        }
        return values.reversed()
    }
}

/// Prometheus' text format (exposition formats, version 0.0.4).
struct ExpositionText {
    private(set) var bytes: [UInt8]

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func head(_ name: String, help: String, type: String) {
        append("# HELP \(name) ")
        escape(help, quotes: false)
        append("\n# TYPE \(name) \(type)\n")
    }

    mutating func sample(_ name: String, labels: [(name: String, value: String)], value: Int64) {
        series(name, labels)
        append("\(value)\n")
    }

    mutating func sample(_ name: String, labels: [(name: String, value: String)], value: Double) {
        series(name, labels)
        append(Self.decimal(value))
        append("\n")
    }

    /// The shortest decimal that reads back as the same number; whole numbers without a fraction.
    static func decimal(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return "\(whole)" }
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return "\(value)"
    }

    private mutating func series(_ name: String, _ labels: [(name: String, value: String)]) {
        append(name)
        for (index, label) in labels.enumerated() {
            append(index == 0 ? "{" : ",")
            append(label.name)
            append("=\"")
            escape(label.value, quotes: true)
            append("\"")
        }
        append(labels.isEmpty ? " " : "} ")
    }

    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func append(_ text: String) {
        bytes.append(contentsOf: text.utf8)
    }
}
