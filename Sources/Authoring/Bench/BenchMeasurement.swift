internal import JSON
internal import Policy

/// How long decisions took: what `portcullis bench` finds out, saves and compares.
///
/// Times are also kept as multiples of a fixed piece of work that was measured in the same minutes, so that figures of another
/// machine, or of a busy one, can be compared by them.
public struct BenchMeasurement: Sendable {
    /// What one thing took.
    public struct Timing: Sendable, Equatable {
        /// Its name; that of the whole decision is empty.
        public let name: String
        /// For one decision, in microseconds of the processor: the median of the repeats.
        public let microseconds: Double
        /// The fastest repeat, in units of the fixed work, by which it is compared.
        public let relative: Double
        /// What its expressions cost for one decision, in Kubernetes' units.
        public let costUnits: Double

        /// Takes the figures.
        public init(name: String, microseconds: Double, relative: Double, costUnits: Double) {
            self.name = name
            self.microseconds = microseconds
            self.relative = relative
            self.costUnits = costUnits
        }
    }

    /// How many requests were decided in each repeat.
    public let requestCount: Int
    /// What they were: another number for other requests.
    public let fingerprint: UInt64
    /// How often all was repeated.
    public let repeatCount: Int
    /// How long the fixed work took, in microseconds: the fastest of the repeats.
    public let calibrationMicroseconds: Double
    /// The whole decision.
    public let total: Timing
    /// Of single decisions: the slowest but one in a hundred, in microseconds.
    public let p99Microseconds: Double
    /// Reading the request and looking for policies that match, as far as it is done without any.
    public let base: Timing
    /// What each policy adds to that by itself, the slowest first.
    public let policies: [Timing]
    /// What each policy adds with one of its rules or mutations alone, the slowest first; none if that was not measured.
    public let rules: [Timing]

    /// Takes what was measured.
    public init(
        requestCount: Int,
        fingerprint: UInt64,
        repeatCount: Int,
        calibrationMicroseconds: Double,
        total: Timing,
        p99Microseconds: Double,
        base: Timing,
        policies: [Timing],
        rules: [Timing] = []
    ) {
        self.requestCount = requestCount
        self.fingerprint = fingerprint
        self.repeatCount = repeatCount
        self.calibrationMicroseconds = calibrationMicroseconds
        self.total = total
        self.p99Microseconds = p99Microseconds
        self.base = base
        self.policies = policies
        self.rules = rules
    }

    /// The form of files; another one for another meaning of a field, or another fixed work.
    public static let version = 1
    /// The largest file that is read, in bytes: some hundred thousand policies.
    public static let maximumFileBytes = 16 << 20
    private static let format = "portcullis bench"

    /// The share of a rule in all rules, from 0 to 1.
    public func share(ofRule timing: Timing) -> Double {
        let sum = rules.reduce(0) { $0 + $1.microseconds }
        return sum > 0 ? timing.microseconds / sum : 0
    }

    /// The share of a part in all parts, from 0 to 1.
    public func share(of timing: Timing) -> Double {
        let sum = policies.reduce(base.microseconds) { $0 + $1.microseconds }
        return sum > 0 ? timing.microseconds / sum : 0
    }

    // MARK: Files

    /// The measurement as a JSON object, which `init(reading:)` takes.
    public func json() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        write(to: &writer)
        writer.endObject()
        return writer.finish()
    }

    func write(to writer: inout JSONWriter) {
        writer.key("format")
        writer.string(Self.format)
        for (key, value) in [("version", Self.version), ("requests", requestCount), ("repeats", repeatCount)] {
            writer.key(key)
            writer.int(value)
        }
        writer.key("fingerprint")
        writer.string(String(fingerprint, radix: 16))
        writer.key("calibrationMicroseconds")
        writer.double(calibrationMicroseconds)
        writer.key("p99Microseconds")
        writer.double(p99Microseconds)
        writer.key("total")
        write(total, share: nil, to: &writer)
        writer.key("base")
        write(base, share: share(of: base), to: &writer)
        writer.key("policies")
        writer.beginArray()
        for policy in policies { write(policy, share: share(of: policy), to: &writer) }
        writer.endArray()
        guard !rules.isEmpty else { return }
        writer.key("rules")
        writer.beginArray()
        for rule in rules { write(rule, share: share(ofRule: rule), to: &writer) }
        writer.endArray()
    }

    private func write(_ timing: Timing, share: Double?, to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(timing.name)
        for (key, value) in [
            ("microseconds", timing.microseconds), ("relative", timing.relative), ("costUnits", timing.costUnits),
        ] {
            writer.key(key)
            writer.double(value)
        }
        if let share {
            writer.key("share")
            writer.double(share)
        }
        writer.endObject()
    }

    /// Reads a file that `bench --save` has written.
    ///
    /// - Throws: Why it is none.
    public init(reading bytes: [UInt8]) throws(BenchFileError) {
        let document: JSONDocument
        do throws(JSONError) {
            document = try JSONDocument(parsing: bytes)
        } catch {
            throw BenchFileError("is no JSON: \(error.code) at byte \(error.offset)")
        }
        let reader = Reader(document: document)
        let root = document.root
        guard Self.isFormat(of: document) else {
            throw BenchFileError("is not what 'bench --save' writes")
        }
        let version = try reader.number("version", of: root)
        guard version == Double(Self.version) else {
            throw BenchFileError("is of version \(version), and \(Self.version) is read: save it anew")
        }
        requestCount = try reader.count("requests", of: root)
        repeatCount = try reader.count("repeats", of: root)
        guard let text = document.member("fingerprint", of: root).flatMap({ document.string($0) }),
            let fingerprint = UInt64(text, radix: 16)
        else { throw BenchFileError("has no good 'fingerprint'") }
        self.fingerprint = fingerprint
        calibrationMicroseconds = try reader.positive("calibrationMicroseconds", of: root)
        p99Microseconds = try reader.number("p99Microseconds", of: root)
        total = try reader.timing(try reader.member("total", of: root))
        base = try reader.timing(try reader.member("base", of: root))
        guard total.relative > 0 else { throw BenchFileError("says that deciding takes no time") }
        policies = try reader.timings("policies", of: root)
        // Files from before rules were measured, or without, are good to compare policies with.
        rules = document.member("rules", of: root) == nil ? [] : try reader.timings("rules", of: root)
    }

    private static func isFormat(of document: JSONDocument) -> Bool {
        document.root.isObject
            && document.member("format", of: document.root).map { document.equals($0, format) } ?? false
    }

    /// Whether a file is a measurement, of whatever version.
    public static func isOne(_ bytes: [UInt8]) -> Bool {
        (try? JSONDocument(parsing: bytes)).map(isFormat) ?? false
    }

    private struct Reader {
        let document: JSONDocument

        func member(_ name: String, of value: JSONValue) throws(BenchFileError) -> JSONValue {
            guard let member = document.member(name, of: value) else { throw BenchFileError("has no '\(name)'") }
            return member
        }

        func number(_ name: String, of value: JSONValue) throws(BenchFileError) -> Double {
            // Beyond these is no time and no cost, and a ratio of two of them would be no number.
            guard let number = document.double(try member(name, of: value)), number == 0 || (1e-12...1e15) ~= number
            else {
                throw BenchFileError("has no good number '\(name)'")
            }
            return number
        }

        func positive(_ name: String, of value: JSONValue) throws(BenchFileError) -> Double {
            let number = try number(name, of: value)
            guard number > 0 else { throw BenchFileError("has no good number '\(name)'") }
            return number
        }

        func count(_ name: String, of value: JSONValue) throws(BenchFileError) -> Int {
            let number = try number(name, of: value)
            guard let count = Int(exactly: number), count > 0 else {
                throw BenchFileError("has no good number '\(name)'")
            }
            return count
        }

        func timings(_ name: String, of value: JSONValue) throws(BenchFileError) -> [Timing] {
            let list = try member(name, of: value)
            guard list.isArray else { throw BenchFileError("has no list '\(name)'") }
            var timings: [Timing] = []
            for element in document.elements(of: list) { timings.append(try timing(element)) }
            return timings
        }

        func timing(_ value: JSONValue) throws(BenchFileError) -> Timing {
            guard value.isObject, let name = document.string(try member("name", of: value)) else {
                throw BenchFileError("has a part without a name")
            }
            return Timing(
                name: name,
                microseconds: try number("microseconds", of: value),
                relative: try number("relative", of: value),
                costUnits: try number("costUnits", of: value)
            )
        }
    }

    // MARK: Text

    /// The measurement for people: a table of policies below what decisions take, and one of rules, if they were measured.
    ///
    /// - Parameters:
    ///   - isColoured: Whether the terminal understands colours.
    ///   - maximumRules: The most rules that are listed, the slowest of them.
    /// - Returns: Lines.
    public func text(isColoured: Bool = false, maximumRules: Int = .max) -> [String] {
        let slowest = rules.prefix(max(maximumRules, 0))
        // A name of another person's file may hold anything.
        let width = max((policies + slowest).reduce(16) { max($0, $1.name.singleLine.count) }, 16)
        func head(_ what: String) -> String {
            TextStyle.bold.paint(Self.row(what, "TIME", "SHARE", "CEL UNITS", width: width), isColoured: isColoured)
        }
        func line(_ name: String, _ timing: Timing, _ share: Double) -> String {
            Self.row(
                name.singleLine,
                Self.time(timing.microseconds),
                Self.percent(share),
                Self.units(timing.costUnits),
                width: width
            )
        }
        var lines = [
            "\(requestCount) request\(requestCount == 1 ? "" : "s"), \(repeatCount) repeats: a decision takes "
                + "\(Self.time(total.microseconds)) (median), \(Self.time(p99Microseconds)) (p99)",
            "",
            head("POLICY"),
        ]
        lines += policies.map { line($0.name, $0, share(of: $0)) }
        lines.append(TextStyle.faint.paint(line("without policies", base, share(of: base)), isColoured: isColoured))
        guard !slowest.isEmpty else { return lines }
        lines += ["", head("RULE")]
        lines += slowest.map { line($0.name, $0, share(ofRule: $0)) }
        if slowest.count < rules.count { lines.append("and \(rules.count - slowest.count) rules more") }
        return lines
    }

    private static func row(_ cells: String..., width: Int) -> String {
        cells.enumerated().map { place, cell in
            place == 0 ? cell.padded(to: width) : String(repeating: " ", count: max(12 - cell.count, 1)) + cell
        }.joined()
    }

    static func time(_ microseconds: Double) -> String {
        if microseconds >= 1_000_000 { return "\(fixed(microseconds / 1_000_000, 2)) s" }
        return microseconds >= 1_000 ? "\(fixed(microseconds / 1_000, 2)) ms" : "\(fixed(microseconds, 2)) µs"
    }

    static func percent(_ share: Double) -> String { "\(fixed(share * 100, 1)) %" }

    private static func units(_ units: Double) -> String { units == 0 ? "-" : fixed(units, 1) }

    /// A number with so many digits behind its point.
    static func fixed(_ number: Double, _ digits: Int) -> String {
        guard number.isFinite, abs(number) < 1e15 else { return "\(number)" }
        let scale = digits == 0 ? 1 : (1...digits).reduce(1) { power, _ in power * 10 }
        let scaled = Int((abs(number) * Double(scale)).rounded())
        let sign = number < 0 && scaled > 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(scaled)" }
        let rest = String(scaled % scale)
        return "\(sign)\(scaled / scale)." + String(repeating: "0", count: digits - rest.count) + rest
    }
}

/// Why a file is no saved measurement.
public struct BenchFileError: Error, Sendable, CustomStringConvertible {
    /// Why; it goes on from the file's name.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
