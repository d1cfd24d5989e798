import CYAML

/// A step of a YAML stream: libyaml's events without what we do not need.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        case alias(String)
        /// `isPlain`: neither quoted nor tagged, so that its text decides on its type.
        case scalar([UInt8], isPlain: Bool, YAMLMark.Form)
        case sequenceStart
        case sequenceEnd
        case mappingStart
        case mappingEnd
    }

    var kind: Kind
    var anchor: String?
    var tag: String?
    var position: JSONPosition
}

/// The events of a text, from libyaml.
///
/// It owns the parser, which keeps a pointer to the text: a reader lives inside `withUnsafeBufferPointer` of it.
@safe struct YAMLEvents: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let text: UnsafeBufferPointer<UInt8>
    /// A character that has been looked for, by its number and its offset in bytes: the next one is behind it.
    private var cursor = (character: 0, offset: 0)

    init(of text: UnsafeBufferPointer<UInt8>) {
        unsafe self.text = text
        unsafe parser = UnsafeMutablePointer.allocate(capacity: 1)
        // Fails only when memory is exhausted, like any other allocation.
        let status = unsafe yaml_parser_initialize(parser)
        precondition(status == 1, "yaml_parser_initialize: out of memory")
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
        // A byte order mark is no character.
        if unsafe text.starts(with: [0xef, 0xbb, 0xbf]) { cursor.offset = 3 }
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
    }

    /// The next event that matters; after `.streamEnd` there is none.
    mutating func next() throws(YAMLError) -> YAMLEvent {
        while true {
            var event = unsafe yaml_event_t()
            guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
            defer { unsafe yaml_event_delete(&event) }
            guard var step = unsafe Self.translate(event) else { continue }
            if case .scalar(let bytes, let isPlain, _) = step.kind {
                step.kind = .scalar(bytes, isPlain: isPlain, unsafe form(of: event))
            }
            return step
        }
    }

    private static func translate(_ event: yaml_event_t) -> YAMLEvent? {
        let mark = unsafe event.start_mark
        func step(
            _ kind: YAMLEvent.Kind,
            anchor: UnsafeMutablePointer<yaml_char_t>? = nil,
            tag: UnsafeMutablePointer<yaml_char_t>? = nil
        ) -> YAMLEvent {
            YAMLEvent(
                kind: kind,
                anchor: unsafe anchor.map { unsafe String(cString: $0) },
                tag: unsafe tag.map { unsafe String(cString: $0) },
                position: JSONPosition(mark)
            )
        }
        switch unsafe event.type {
        case YAML_DOCUMENT_START_EVENT: return step(.documentStart)
        case YAML_DOCUMENT_END_EVENT: return step(.documentEnd)
        case YAML_STREAM_END_EVENT: return step(.streamEnd)
        case YAML_ALIAS_EVENT: return step(.alias(unsafe String(cString: event.data.alias.anchor)))
        case YAML_SCALAR_EVENT:
            let scalar = unsafe event.data.scalar
            let value = unsafe Array(UnsafeBufferPointer(start: scalar.value, count: scalar.length))
            let isPlain = unsafe scalar.plain_implicit != 0
            return unsafe step(.scalar(value, isPlain: isPlain, .other), anchor: scalar.anchor, tag: scalar.tag)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return unsafe step(.sequenceStart, anchor: start.anchor, tag: start.tag)
        case YAML_SEQUENCE_END_EVENT: return step(.sequenceEnd)
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return unsafe step(.mappingStart, anchor: start.anchor, tag: start.tag)
        case YAML_MAPPING_END_EVENT: return step(.mappingEnd)
        default: return nil
        }
    }

    // MARK: Forms of scalars

    /// How a scalar is written, as far as that tells where in the stream its characters stand.
    private mutating func form(of event: yaml_event_t) -> YAMLMark.Form {
        let (start, end) = unsafe (event.start_mark, event.end_mark)
        // Behind an anchor or a tag the text begins where no mark is.
        guard unsafe event.data.scalar.anchor == nil && event.data.scalar.tag == nil else { return .other }
        switch unsafe event.data.scalar.style {
        case YAML_PLAIN_SCALAR_STYLE: return start.line == end.line ? .plain : .other
        case YAML_SINGLE_QUOTED_SCALAR_STYLE: return start.line == end.line ? .singleQuoted : .other
        case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
            // Without escapes there is a character of source for each of the value.
            let value = unsafe UnsafeBufferPointer(start: event.data.scalar.value, count: event.data.scalar.length)
            let characters = unsafe value.count { $0 & 0xc0 != 0x80 }
            return start.line == end.line && end.index - start.index == characters + 2 ? .doubleQuoted : .other
        case YAML_LITERAL_SCALAR_STYLE:
            return indentation(ofBlockAt: start.index).map { .literal($0) } ?? .other
        default: return .other
        }
    }

    /// By how many spaces the lines of a block scalar are indented; nil if its header says so, or the text is UTF-16.
    private mutating func indentation(ofBlockAt character: Int) -> UInt8? {
        let isUTF16 = unsafe text.starts(with: [0xff, 0xfe]) || text.starts(with: [0xfe, 0xff])
        if isUTF16 { return nil }
        while unsafe cursor.character < character && cursor.offset < text.count {
            cursor.offset += 1
            // The bytes behind a character's first belong to it.
            while unsafe cursor.offset < text.count && text[cursor.offset] & 0xc0 == 0x80 { cursor.offset += 1 }
            cursor.character += 1
        }
        var index = cursor.offset
        while unsafe index < text.count && text[index] != 0x0a {
            if unsafe text[index] == UInt8(ascii: "#") { break }
            if unsafe text[index] >= 0x30 && text[index] <= 0x39 { return nil }
            index += 1
        }
        while unsafe index < text.count && text[index] != 0x0a { index += 1 }
        index += 1
        var spaces = 0
        while unsafe index < text.count {
            switch unsafe text[index] {
            case UInt8(ascii: " "): spaces += 1
            case 0x0a, 0x0d: spaces = 0
            default: return UInt8(exactly: spaces)
            }
            index += 1
        }
        return nil
    }

    /// What the parser stumbled over.
    private func failure() -> YAMLError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "the text is not YAML"
        if unsafe parser.pointee.error == YAML_READER_ERROR {
            return YAMLError(.encoding(problem), at: position(offset: unsafe parser.pointee.problem_offset))
        }
        let mark = unsafe parser.pointee.problem_mark
        let position = JSONPosition(mark)
        return YAMLError(isTab(before: mark.index) ? .tab : .syntax(problem), at: position)
    }

    /// Whether only white space with a tab in it, or a tab itself, stands at and before a character of its line.
    ///
    /// For UTF-8 without a wide character before it, which is where tabs are met.
    private func isTab(before index: Int) -> Bool {
        var index = index
        while index >= 0 {
            if unsafe index < text.count {
                switch unsafe text[index] {
                case 0x09: return true
                case 0x0a, 0x0d: return false
                default: break
                }
            }
            index -= 1
        }
        return false
    }

    /// Lines and columns of a byte offset, which is all that the reader knows.
    private func position(offset: Int) -> JSONPosition {
        JSONPosition(offset: offset, in: unsafe Span(_unsafeElements: text))
    }
}

extension JSONPosition {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: mark.line + 1, column: mark.column + 1)
    }
}
