internal import JSON
public import Logging

/// The form of a log line.
public enum LogFormat: String, CaseIterable, Hashable, Sendable {
    /// `2026-11-23T02:38:01.042Z info server: listening address=0.0.0.0:9443`, for people.
    case text
    /// One JSON object a line, for machines: `time`, `level`, `logger`, `message`, then the metadata.
    case json
}

/// Writes swift-log's events as lines of a `LineLog`, off the thread that logs.
///
/// ```
/// LoggingSystem.bootstrap { StructuredLogHandler(label: $0, format: .json, log: log) }
/// ```
public struct StructuredLogHandler: LogHandler {
    /// What is less important is not written.
    public var logLevel: Logger.Level
    /// What every line of this logger says.
    public var metadata: Logger.Metadata = [:]
    /// What is asked for more metadata at each event.
    public var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let format: LogFormat
    private let log: LineLog

    /// Makes the handler of one logger.
    public init(label: String, level: Logger.Level = .info, format: LogFormat, log: LineLog) {
        self.label = label
        self.format = format
        self.log = log
        logLevel = level
    }

    /// The logger's own metadata for a key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Queues one event.
    public func log(event: LogEvent) {
        var all = metadata
        if let more = metadataProvider?.get() { all.merge(more) { _, new in new } }
        if let more = event.metadata { all.merge(more) { _, new in new } }
        if let error = event.error { all["error"] = .string("\(error)") }
        let time = Timestamp.now()
        // Sorted, so that two lines of one kind can be compared by eye.
        let sorted = all.sorted { $0.key < $1.key }
        let line =
            switch format {
            case .json: json(event, time, sorted)
            case .text: text(event, time, sorted)
            }
        log.append(line.span)
    }

    private typealias Fields = [(key: String, value: Logger.Metadata.Value)]

    private func json(_ event: LogEvent, _ time: Timestamp, _ fields: Fields) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("time")
        writer.string(time.rfc3339.span)
        writer.key("level")
        writer.string(event.level.rawValue)
        writer.key("logger")
        writer.string(label)
        writer.key("message")
        writer.string(event.message.description)
        for (key, value) in fields {
            // A key of ours would make the object ambiguous.
            let isTaken = key == "time" || key == "level" || key == "logger" || key == "message"
            writer.key(isTaken ? key + "_" : key)
            write(value, to: &writer)
        }
        writer.endObject()
        return writer.finish()
    }

    private func write(_ value: Logger.Metadata.Value, to writer: inout JSONWriter) {
        switch value {
        case .string(let text):
            writer.string(text)
        case .stringConvertible(let value as any BinaryInteger):
            if let number = Int64(exactly: value) { writer.int(number) } else { writer.string("\(value)") }
        case .stringConvertible(let value as Bool):
            writer.bool(value)
        case .stringConvertible(let value):
            writer.string("\(value)")
        case .array(let values):
            writer.beginArray()
            for value in values { write(value, to: &writer) }
            writer.endArray()
        case .dictionary(let members):
            writer.beginObject()
            for (key, value) in members.sorted(by: { $0.key < $1.key }) {
                writer.key(key)
                write(value, to: &writer)
            }
            writer.endObject()
        }
    }

    private func text(_ event: LogEvent, _ time: Timestamp, _ fields: Fields) -> [UInt8] {
        var line = "\(time) \(event.level.rawValue) \(label): "
        line += Self.oneLine(event.message.description)
        for (key, value) in fields {
            line += " \(Self.oneLine(key))="
            let text = "\(value)"
            let isWord = !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 != 0x7f }
            if isWord {
                line += text
            } else {
                // A JSON string is one line, and its quotes show where the value ends.
                var writer = JSONWriter()
                writer.string(text)
                line += String(decoding: writer.finish(), as: UTF8.self)
            }
        }
        return Array(line.utf8)
    }

    /// The text with spaces for control characters: what a peer sent must not look like a line of its own.
    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7f }) else { return text }
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7f ? " " : $0 })
        )
    }
}
