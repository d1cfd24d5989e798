/// Turns the events of a YAML stream into JSON text, with a mark for each node.
///
/// An alias copies the JSON that its anchor's value became; what a merge key brings waits for the end of its mapping. What
/// either adds is charged to a budget, so that no short text grows long.
struct YAMLTranslator {
    /// How many bytes of JSON the aliases and merges of one stream may add.
    private static let aliasBudgetBytes = 4 * 1024 * 1024

    private let limits: JSONLimits
    private var budget = YAMLTranslator.aliasBudgetBytes
    private var json = Excerpt()
    private var frames: [Frame] = []
    private var anchors: [String: Anchor] = [:]
    /// The anchors of collections that are in the text, in the order of their ends.
    private var ranges: [(name: String, start: Excerpt.Place)] = []

    init(limits: JSONLimits) {
        self.limits = limits
    }

    /// Reads the documents of a stream; empty ones, and those that are null, are skipped as kubectl does.
    mutating func documents(from events: inout YAMLEvents) throws(YAMLError) -> [JSONDocument] {
        var documents: [JSONDocument] = []
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd:
                return documents
            case .documentStart:
                json = Excerpt()
                anchors = [:]
                ranges = []
            case .documentEnd:
                if json.text != Array("null".utf8) { documents.append(try json.parsed(limits)) }
            case .alias(let name):
                try alias(name, at: event.position)
            case .scalar(let text, let isPlain, let form):
                try scalar(text, isPlain: isPlain, form, event)
            case .sequenceStart, .mappingStart:
                try begin(event)
            case .sequenceEnd, .mappingEnd:
                try end()
            }
        }
    }
}

/// A piece of JSON text, with a mark for each node in it; offsets count from its beginning.
private struct Excerpt {
    var text: [UInt8] = []
    var marks: [YAMLMark] = []

    /// The end of what has been written so far.
    var end: Place { Place(text: text.count, mark: marks.count) }

    struct Place {
        var text: Int
        var mark: Int
    }

    mutating func mark(_ position: JSONPosition, _ form: YAMLMark.Form = .other) {
        marks.append(
            YAMLMark(
                offset: UInt32(truncatingIfNeeded: text.count),
                line: UInt32(clamping: position.line),
                column: UInt32(clamping: position.column),
                form: form
            )
        )
    }

    /// A copy of a part.
    subscript(_ range: Range<Place>) -> Excerpt {
        let moved = UInt32(truncatingIfNeeded: range.lowerBound.text)
        return Excerpt(
            text: Array(text[range.lowerBound.text..<range.upperBound.text]),
            marks: marks[range.lowerBound.mark..<range.upperBound.mark].map {
                YAMLMark(offset: $0.offset - moved, line: $0.line, column: $0.column, form: $0.form)
            }
        )
    }

    mutating func append(_ other: Excerpt) {
        let moved = UInt32(truncatingIfNeeded: text.count)
        marks.append(
            contentsOf: other.marks.map {
                YAMLMark(offset: $0.offset + moved, line: $0.line, column: $0.column, form: $0.form)
            }
        )
        text.append(contentsOf: other.text)
    }

    mutating func cut(from place: Place) -> Excerpt {
        let tail = self[place..<end]
        text.removeLast(text.count - place.text)
        marks.removeLast(marks.count - place.mark)
        return tail
    }

    func parsed(_ limits: JSONLimits) throws(YAMLError) -> JSONDocument {
        do throws(JSONError) {
            return try JSONDocument(parsing: text, marks: marks, limits: limits)
        } catch {
            let position = marks.position(of: error.offset)
            switch error.code {
            case .duplicateKey(let first):
                // The key's text stands between the quotes at the offset.
                let key = text[(error.offset + 1)...].prefix { $0 != UInt8(ascii: "\"") }
                throw YAMLError(.duplicateKey(String(Array(key).span), first: marks.position(of: first)), at: position)
            case .tooDeep(let limit): throw YAMLError(.tooDeep(limit: limit), at: position)
            case .tooLarge(let limit): throw YAMLError(.tooLarge(limit: limit), at: position)
            default: preconditionFailure("not JSON: \(error)")  // we have written it ourselves
            }
        }
    }
}

extension Excerpt.Place: Comparable {
    fileprivate static func < (a: Self, b: Self) -> Bool { a.text < b.text }
}

/// A sequence or mapping that has not ended.
private struct Frame {
    let isMapping: Bool
    /// Where it begins.
    let start: Excerpt.Place
    let anchor: String?
    /// How many elements or members have been written.
    var count = 0
    /// In a mapping: whether the next node is a value.
    var hasKey = false
    /// Where the value of `<<` begins and its position in the YAML, while it is read.
    var mergeStart: (Excerpt.Place, JSONPosition)?
    var merge: Merge?
}

/// The value of a `<<`, cut out of the text.
private struct Merge {
    let value: Excerpt
    let position: JSONPosition
    /// Where it stood in the text of its mapping.
    let offset: Int
}

/// The value that an anchor names.
private enum Anchor {
    /// Its end is still to come.
    case open
    /// A scalar.
    case scalar(YAMLScalar, JSONPosition, YAMLMark.Form)
    /// A sequence or mapping, in the text.
    case range(Range<Excerpt.Place>)
    /// A sequence or mapping that is no longer in the text.
    case excerpt(Excerpt)
}

// MARK: Nodes

extension YAMLTranslator {
    private mutating func scalar(
        _ text: [UInt8],
        isPlain: Bool,
        _ form: YAMLMark.Form,
        _ event: YAMLEvent
    ) throws(YAMLError) {
        if isPlain, event.tag == nil, text == Array("<<".utf8), awaitsKey {
            guard frames[frames.count - 1].merge == nil else {
                throw YAMLError(
                    .duplicateKey("<<", first: frames[frames.count - 1].merge?.position ?? event.position),
                    at: event.position
                )
            }
            frames[frames.count - 1].mergeStart = (json.end, event.position)
            frames[frames.count - 1].hasKey = true
            return
        }
        let value: YAMLScalar
        do throws(YAMLError.Code) {
            value =
                if let tag = event.tag {
                    try YAMLScalar(text, tag: tag)
                } else if isPlain {
                    try YAMLScalar(plain: text)
                } else {
                    .string(text)
                }
        } catch {
            throw YAMLError(error, at: event.position)
        }
        if let anchor = event.anchor { anchors[anchor] = .scalar(value, event.position, form) }
        try write(value, at: event.position, form)
    }

    private mutating func alias(_ name: String, at position: JSONPosition) throws(YAMLError) {
        let excerpt: Excerpt
        switch anchors[name] {
        case nil: throw YAMLError(.unknownAnchor(name), at: position)
        case .open: throw YAMLError(.recursiveAlias(name), at: position)
        case .scalar(let value, let origin, let form):
            let before = json.text.count
            try write(value, at: origin, form)
            return try charge(json.text.count - before, at: position)
        case .range(let range):
            try charge(range.upperBound.text - range.lowerBound.text, at: position)
            excerpt = json[range]
        case .excerpt(let copy):
            try charge(copy.text.count, at: position)
            excerpt = copy
        }
        guard !awaitsKey else { throw YAMLError(.unsupportedKey, at: position) }
        separate()
        json.append(excerpt)
        try endNode(at: position)
    }

    private mutating func begin(_ event: YAMLEvent) throws(YAMLError) {
        guard !awaitsKey else { throw YAMLError(.unsupportedKey, at: event.position) }
        guard frames.count < limits.maximumDepth else {
            throw YAMLError(.tooDeep(limit: limits.maximumDepth), at: event.position)
        }
        let isMapping = if case .mappingStart = event.kind { true } else { false }
        if let tag = event.tag, tag != "!", tag != "tag:yaml.org,2002:\(isMapping ? "map" : "seq")" {
            throw YAMLError(.unsupportedTag(YAMLScalar.shortened(tag)), at: event.position)
        }
        separate()
        if let anchor = event.anchor { anchors[anchor] = .open }
        frames.append(Frame(isMapping: isMapping, start: json.end, anchor: event.anchor))
        json.mark(event.position)
        json.text.append(isMapping ? UInt8(ascii: "{") : UInt8(ascii: "["))
    }

    private mutating func end() throws(YAMLError) {
        // libyaml's events are balanced.
        if let merge = frames[frames.count - 1].merge { try add(merge) }
        let frame = frames.removeLast()
        json.text.append(frame.isMapping ? UInt8(ascii: "}") : UInt8(ascii: "]"))
        if let anchor = frame.anchor {
            anchors[anchor] = .range(frame.start..<json.end)
            ranges.append((anchor, frame.start))
        }
        try endNode(at: json.marks[frame.start.mark].position)
    }

    /// Writes a scalar as what the container around it expects: a key or a value.
    private mutating func write(
        _ value: YAMLScalar,
        at position: JSONPosition,
        _ form: YAMLMark.Form
    ) throws(YAMLError) {
        guard awaitsKey else {
            separate()
            json.mark(position, form)
            value.write(to: &json.text)
            return try endNode(at: position)
        }
        guard let key = value.key else { throw YAMLError(.unsupportedKey, at: position) }
        if frames[frames.count - 1].count > 0 { json.text.append(UInt8(ascii: ",")) }
        json.mark(position)
        json.text.appendQuoted(key.span)
        json.text.append(UInt8(ascii: ":"))
        frames[frames.count - 1].hasKey = true
    }

    private var awaitsKey: Bool {
        frames.last.map { $0.isMapping && !$0.hasKey } ?? false
    }

    /// Writes the comma before an element of a sequence.
    private mutating func separate() {
        guard let frame = frames.last, !frame.isMapping, frame.count > 0 else { return }
        json.text.append(UInt8(ascii: ","))
    }

    /// Notes that a value is complete.
    private mutating func endNode(at position: JSONPosition) throws(YAMLError) {
        guard json.text.count <= limits.maximumBytes else {
            throw YAMLError(.tooLarge(limit: limits.maximumBytes), at: position)
        }
        guard !frames.isEmpty else { return }
        let last = frames.count - 1
        frames[last].hasKey = false
        guard let (start, mergePosition) = frames[last].mergeStart else {
            frames[last].count += 1
            return
        }
        try charge(json.text.count - start.text, at: mergePosition)
        // Anchors inside what is cut must outlive it.
        while let anchor = ranges.last, anchor.start >= start {
            ranges.removeLast()
            // Unless the name has been given to something else since.
            guard case .range(let range) = anchors[anchor.name], range.lowerBound >= start else { continue }
            try charge(range.upperBound.text - range.lowerBound.text, at: mergePosition)
            anchors[anchor.name] = .excerpt(json[range])
        }
        let offset = start.text - frames[last].start.text
        frames[last].merge = Merge(value: json.cut(from: start), position: mergePosition, offset: offset)
        frames[last].mergeStart = nil
    }

    private mutating func charge(_ bytes: Int, at position: JSONPosition) throws(YAMLError) {
        budget -= bytes
        guard budget >= 0 else {
            throw YAMLError(.excessiveAliases(limit: Self.aliasBudgetBytes), at: position)
        }
    }
}

// MARK: Merge keys

extension YAMLTranslator {
    /// Adds what a merge key brings to the mapping that ends (<https://yaml.org/type/merge.html>).
    ///
    /// The mapping's own keys come first, then the earlier of several merged mappings. go-yaml v2 lets a merge replace keys
    /// before it, the specification does not: such a merge is refused.
    private mutating func add(_ merge: Merge) throws(YAMLError) {
        let start = frames[frames.count - 1].start
        try charge(json.text.count - start.text, at: merge.position)
        var own = json[start..<json.end]
        own.text.append(UInt8(ascii: "}"))
        let mapping = try own.parsed(limits)
        var known = mapping.index(of: mapping.root) { key, _ in mapping.offset(of: key) }
        let value = try merge.value.parsed(limits)
        let sources = value.root.isArray ? Array(value.elements(of: value.root)) : [value.root]
        guard sources.allSatisfy(\.isObject) else { throw YAMLError(.unsupportedMerge, at: merge.position) }
        for source in sources {
            for (key, member) in value.members(of: source) {
                let name = Array(value.utf8(key))
                if let offset = known[name] {
                    guard offset >= merge.offset else {
                        throw YAMLError(
                            .ambiguousMerge(String(name.span), first: own.marks.position(of: offset)),
                            at: merge.position
                        )
                    }
                    continue
                }
                known[name] = .max
                if frames[frames.count - 1].count > 0 { json.text.append(UInt8(ascii: ",")) }
                frames[frames.count - 1].count += 1
                json.append(merge.value.excerpt(from: value.offset(of: key), to: value.end(of: member)))
            }
        }
    }
}

extension Excerpt {
    /// A copy of the part between two offsets in the text.
    fileprivate func excerpt(from start: Int, to end: Int) -> Excerpt {
        let first = marks.index(of: start)
        let last = marks.index(of: end - 1)
        return self[Place(text: start, mark: first)..<Place(text: end, mark: last + 1)]
    }
}
