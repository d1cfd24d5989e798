internal import CRE2

/// A regular expression in RE2's syntax, compiled once: matching takes time linear in the text, whatever the pattern.
///
/// CEL's `matches` asks for exactly this syntax, and so do the patterns of policies: neither may ever back-track, because
/// both are written by people who do not answer for the requests that wait behind them.
@safe public final class RegularExpression: Sendable {
    /// The largest pattern that is compiled, in bytes.
    public static let maximumPatternBytes = 4096

    /// What a compiled expression and its matcher may hold unless told otherwise, in bytes.
    ///
    /// RE2's own default is 8 MiB, which a folder of a thousand patterns must not multiply. A quarter of a megabyte compiles
    /// every pattern that people write; a counted repetition of a large class (`[\pL]{1000}`) is what it refuses.
    public static let defaultMemoryBytes = 256 * 1024

    /// The pattern as it was given.
    public let pattern: String

    // RE2 is immutable once compiled; its lazily built automaton is guarded by its own mutex (re2.h: "thread-safe"). We
    // alone own the object and free it in `deinit`.
    private nonisolated(unsafe) let compiled: OpaquePointer

    /// Compiles a pattern.
    ///
    /// - Parameters:
    ///   - pattern: RE2 syntax, at most `maximumPatternBytes`.
    ///   - memoryBytes: The budget of the program and its automaton; a pattern that needs more is refused.
    /// - Throws: The reason in RE2's words, such as `missing ]: [a-`.
    public init(_ pattern: String, memoryBytes: Int = defaultMemoryBytes) throws(RegularExpressionError) {
        guard pattern.utf8.count <= Self.maximumPatternBytes else {
            throw RegularExpressionError(
                pattern: String(pattern.prefix(64)) + "…",
                reason: "the pattern has \(pattern.utf8.count) bytes, the limit is \(Self.maximumPatternBytes)"
            )
        }
        var text = pattern
        let compiled = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) {
                unsafe portcullis_re2_compile($0.baseAddress, $0.count, Int64(memoryBytes))
            }
        }
        // The C face says that this is never NULL; an allocation that fails ends the process in C++ already.
        guard let compiled = unsafe compiled else { preconditionFailure("RE2 gave no object for \(pattern)") }
        var length = 0
        if let reason = unsafe portcullis_re2_error(compiled, &length) {
            let bytes = unsafe UnsafeRawBufferPointer(start: reason, count: length)
            let error = unsafe RegularExpressionError(pattern: pattern, reason: String(decoding: bytes, as: UTF8.self))
            unsafe portcullis_re2_free(compiled)
            throw error
        }
        self.pattern = pattern
        unsafe self.compiled = compiled
    }

    deinit {
        unsafe portcullis_re2_free(compiled)
    }

    /// Whether the expression matches anywhere in the text; `^` and `$` tie it to the ends.
    ///
    /// - Parameter text: UTF-8; RE2 takes bytes that are not as characters of their own, so nothing is refused here.
    /// - Returns: True if it matches.
    public func matches(_ text: Span<UInt8>) -> Bool {
        unsafe text.withUnsafeBytes { bytes in
            unsafe portcullis_re2_matches(
                compiled,
                bytes.assumingMemoryBound(to: CChar.self).baseAddress,
                bytes.count,
                false
            )
        }
    }

    /// Whether the expression matches anywhere in the text.
    ///
    /// - Parameter text: The text to search.
    /// - Returns: True if it matches.
    public func matches(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { matches(unsafe $0.span) }
    }
}

// MARK: Finding

extension RegularExpression {
    /// How many capturing groups the expression has.
    public var groupCount: Int { unsafe Int(portcullis_re2_groups(compiled)) }

    /// Where an expression was found.
    public struct Match: Sendable {
        /// The most groups that are told of.
        public static let maximumGroups = 9
        fileprivate var spans = InlineArray<20, Int64>(repeating: -1)

        /// The whole match (0) or one of its groups, in bytes of the text; nil if it took no part.
        public subscript(_ group: Int) -> Range<Int>? {
            guard (0...Self.maximumGroups).contains(group), spans[2 * group] >= 0 else { return nil }
            return Int(spans[2 * group])..<Int(spans[2 * group + 1])
        }
    }

    /// Finds the first match at or after an offset; `^` and `\b` see what lies before.
    ///
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - start: In bytes; at most the length of the text.
    ///   - groups: How many groups are asked for, `Match.maximumGroups` at most.
    /// - Returns: nil if there is none.
    public func find(in text: Span<UInt8>, from start: Int = 0, groups: Int = 0) -> Match? {
        var match = Match()
        let count = Int32(Swift.min(groups, groupCount, Match.maximumGroups) + 1)
        let isFound = unsafe text.withUnsafeBytes { bytes in
            var spans = match.spans.mutableSpan
            return unsafe spans.withUnsafeMutableBufferPointer { spans in
                unsafe portcullis_re2_find(
                    compiled,
                    bytes.assumingMemoryBound(to: CChar.self).baseAddress,
                    bytes.count,
                    start,
                    spans.baseAddress,
                    count
                )
            }
        }
        return isFound ? match : nil
    }

    /// Finds one match after the other, as Go's `FindAll` does: an empty match right after another is none.
    ///
    /// - Parameters:
    ///   - text: UTF-8.
    ///   - groups: As in `find`.
    ///   - body: Takes a match and says whether to go on.
    /// - Throws: What `body` throws.
    func forEachMatch(
        in text: Span<UInt8>,
        groups: Int = 0,
        _ body: (Match) throws(CELError) -> Bool
    ) throws(CELError) {
        var start = 0
        var end = -1
        while start <= text.count, let match = find(in: text, from: start, groups: groups), let whole = match[0] {
            let isAccepted = !(whole.isEmpty && whole.lowerBound == end)
            if isAccepted, !(try body(match)) { return }
            start = whole.upperBound
            if whole.isEmpty { start = text.end(ofCodePointAt: start) }
            end = whole.upperBound
        }
    }
}

/// The last few patterns that expressions made while they were evaluated, so that a comprehension compiles each but once.
struct PatternCache {
    /// How many are kept: with `RegularExpression.defaultMemoryBytes` some 4 MiB at most.
    static let capacity = 16

    private var entries: [(pattern: String, result: Result<RegularExpression, RegularExpressionError>)] = []
    private var next = 0

    /// The compiled pattern.
    ///
    /// - Throws: `.invalidArgument` if it does not compile.
    mutating func expression(_ pattern: String) throws(CELError) -> RegularExpression {
        for entry in entries where entry.pattern.utf8Span.span.isEqual(to: pattern.utf8Span.span) {
            return try Self.unwrap(entry.result)
        }
        let result: Result<RegularExpression, RegularExpressionError>
        do throws(RegularExpressionError) {
            result = .success(try RegularExpression(pattern))
        } catch {
            result = .failure(error)
        }
        if entries.count < Self.capacity {
            entries.append((pattern, result))
        } else {
            entries[next] = (pattern, result)
            next = (next + 1) % Self.capacity
        }
        return try Self.unwrap(result)
    }

    private static func unwrap(
        _ result: Result<RegularExpression, RegularExpressionError>
    ) throws(CELError) -> RegularExpression {
        switch result {
        case .success(let expression): return expression
        case .failure(let error): throw CELError(.invalidArgument, "\(error)")
        }
    }
}

/// A pattern that RE2 does not compile.
public struct RegularExpressionError: Error, Equatable, CustomStringConvertible {
    /// The pattern, shortened if it was refused for its length.
    public let pattern: String
    /// Why, in RE2's words.
    public let reason: String

    /// One line for people.
    public var description: String { "the pattern \"\(pattern)\" does not compile: \(reason)" }
}
