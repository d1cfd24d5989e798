import CYAML

/// A step of a YAML stream: libyaml's events without what we do not need.
struct YAMLEvent {
    enum Kind {
        case documentStart
        case documentEnd
        case streamEnd
        case alias(String)
        /// `isPlain`: neither quoted nor tagged, so that its text decides on its type.
        case scalar([UInt8], isPlain: Bool)
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

    init(of text: UnsafeBufferPointer<UInt8>) {
        unsafe self.text = text
        unsafe parser = UnsafeMutablePointer.allocate(capacity: 1)
        // Fails only when memory is exhausted, like any other allocation.
        let status = unsafe yaml_parser_initialize(parser)
        precondition(status == 1, "yaml_parser_initialize: out of memory")
        unsafe yaml_parser_set_input_string(parser, text.baseAddress, text.count)
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
            if let event = unsafe Self.translate(event) { return event }
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
            return unsafe step(.scalar(value, isPlain: isPlain), anchor: scalar.anchor, tag: scalar.tag)
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
