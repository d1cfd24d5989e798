internal import JSON
internal import Policy

/// What has become slower since a measurement was saved.
public struct BenchComparison: Sendable {
    /// One thing, before and now.
    public struct Row: Sendable {
        /// Its name; that of the whole decision is empty.
        public let name: String
        /// What it took then, in microseconds of today's machine; nil if it was not there.
        public let oldMicroseconds: Double?
        /// What it takes now, at its fastest; nil if it is gone.
        public let newMicroseconds: Double?
        /// New to old; nil if one of them is not there.
        public let ratio: Double?
        /// Whether it has become slower than it may.
        public let isSlower: Bool
    }

    /// The whole decision first, then the policies of now, then those that are gone.
    public let rows: [Row]
    /// By how many per cent things may become slower.
    public let thresholdPercent: Double
    /// Whether anything has become slower than it may.
    public var isSlower: Bool { rows.contains(where: \.isSlower) }

    /// A policy's own time is a difference of two measurements: it counts if it has grown by this share of the whole.
    private static let weight = 0.05

    /// Compares.
    ///
    /// - Parameters:
    ///   - old: What was saved.
    ///   - new: What was measured now.
    ///   - thresholdPercent: By how many per cent things may become slower.
    /// - Throws: That the two are about different requests.
    public init(_ old: BenchMeasurement, _ new: BenchMeasurement, thresholdPercent: Double) throws(BenchFileError) {
        guard old.requestCount == new.requestCount, old.fingerprint == new.fingerprint else {
            throw BenchFileError(
                "was measured with other requests (\(old.requestCount), now \(new.requestCount)): compare with the same"
            )
        }
        self.thresholdPercent = thresholdPercent
        let most = 1 + thresholdPercent / 100
        let scale = new.calibrationMicroseconds
        let growth = old.total.relative * Self.weight
        func row(_ name: String, _ old: BenchMeasurement.Timing?, _ new: BenchMeasurement.Timing?, least: Double) -> Row
        {
            guard let old, let new else {
                return Row(
                    name: name,
                    oldMicroseconds: old.map { $0.relative * scale },
                    newMicroseconds: new.map { $0.relative * scale },
                    ratio: nil,
                    isSlower: false
                )
            }
            return Row(
                name: name,
                oldMicroseconds: old.relative * scale,
                newMicroseconds: new.relative * scale,
                ratio: old.relative > 0 ? new.relative / old.relative : nil,
                isSlower: new.relative > old.relative * most && new.relative - old.relative >= least
            )
        }
        let before = Dictionary(old.policies.map { ($0.name, $0) }) { first, _ in first }
        let names = Set(new.policies.map(\.name))
        rows =
            [row("", old.total, new.total, least: 0)]
            + new.policies.map { row($0.name, before[$0.name], $0, least: growth) }
            + old.policies.filter { !names.contains($0.name) }.map { row($0.name, $0, nil, least: growth) }
    }

    /// The comparison for people.
    public func text(isColoured: Bool = false) -> [String] {
        let whole = "decision"
        // The saved file may be somebody else's, with anything in its names.
        let width = rows.reduce(whole.count) { max($0, $1.name.singleLine.count) }
        func line(_ cells: [String]) -> String {
            cells.enumerated().map { place, cell in
                place == 0 ? cell.padded(to: width) : String(repeating: " ", count: max(12 - cell.count, 1)) + cell
            }.joined()
        }
        var lines = [TextStyle.bold.paint(line(["POLICY", "OLD", "NEW", "RATIO"]), isColoured: isColoured)]
        for row in rows {
            let cells = [
                row.name.isEmpty ? whole : row.name.singleLine, row.oldMicroseconds.map(BenchMeasurement.time) ?? "new",
                row.newMicroseconds.map(BenchMeasurement.time) ?? "gone",
                row.ratio.map { BenchMeasurement.fixed($0, 2) } ?? "-",
            ]
            lines.append(
                row.isSlower
                    ? TextStyle.red.paint(line(cells) + "  slower", isColoured: isColoured) : line(cells)
            )
        }
        let threshold = BenchMeasurement.fixed(thresholdPercent, thresholdPercent.rounded() == thresholdPercent ? 0 : 1)
        let count = rows.count(where: \.isSlower)
        lines += [
            "",
            count == 0
                ? TextStyle.green.paint("nothing is more than \(threshold) % slower", isColoured: isColoured)
                : TextStyle.red.paint("\(count) more than \(threshold) % slower", isColoured: isColoured),
        ]
        return lines
    }

    /// The comparison and the measurement as one JSON object: what `--save` writes, with `comparison`.
    public func json(_ measurement: BenchMeasurement) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        measurement.write(to: &writer)
        writer.key("comparison")
        writer.beginObject()
        writer.key("thresholdPercent")
        writer.double(thresholdPercent)
        writer.key("isSlower")
        writer.bool(isSlower)
        writer.key("rows")
        writer.beginArray()
        for row in rows {
            writer.beginObject()
            writer.key("name")
            writer.string(row.name)
            for (key, value) in [
                ("oldMicroseconds", row.oldMicroseconds), ("newMicroseconds", row.newMicroseconds),
                ("ratio", row.ratio),
            ] {
                guard let value else { continue }
                writer.key(key)
                writer.double(value)
            }
            writer.key("isSlower")
            writer.bool(row.isSlower)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return writer.finish()
    }
}
