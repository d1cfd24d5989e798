extension JSONDocument {
    /// The document with other values in the place of some of its own, and every position as it was.
    ///
    /// A new value, and all that is in it, stands where the old one began.
    ///
    /// - Parameters:
    ///   - values: Values of the document, none of them inside another, and what is to be in their place.
    ///   - limits: How deep and how long the result may be.
    /// - Returns: A document with a text of its own.
    /// - Throws: That it has outgrown the limits.
    public func replacing(
        _ values: [(old: JSONValue, new: JSONFragment)],
        limits: JSONLimits = .default
    ) throws(JSONError) -> JSONDocument {
        let values = values.sorted { offset(of: $0.old) < offset(of: $1.old) }
        let marks = marks.isEmpty ? marksOfText : marks
        var next = 0
        var text: [UInt8] = []
        var result: [YAMLMark] = []
        var done = 0
        /// Takes over what is before an offset, with its marks.
        func keep(upTo end: Int) {
            let shift = text.count - done
            while next < marks.count, marks[next].offset < end {
                result.append(marks[next].moved(by: shift))
                next += 1
            }
            text += bytes[done..<end]
            done = end
        }
        for (old, new) in values {
            let (start, end) = (offset(of: old), end(of: old))
            precondition(start >= done, "values inside each other")
            keep(upTo: start)
            let position = position(of: old)
            result.append(
                YAMLMark(
                    offset: UInt32(clamping: text.count),
                    line: UInt32(clamping: position.line),
                    column: UInt32(clamping: position.column)
                )
            )
            let lexeme = new.document.lexeme(new.value)
            for index in lexeme.indices { text.append(lexeme[index]) }
            while next < marks.count, marks[next].offset < end { next += 1 }
            done = end
        }
        keep(upTo: bytes.count)
        return try JSONDocument(parsing: text, marks: result, limits: limits)
    }

    /// Marks for all that a text in JSON holds, as a YAML stream has them.
    private var marksOfText: [YAMLMark] {
        var marks: [YAMLMark] = []
        // The last is taken first, so that the marks ascend; a key is a string like any other.
        var pending = [root]
        while let value = pending.popLast() {
            let position = position(of: value)
            let isPlain = value.isString && source(value).count == utf8(value).count
            marks.append(
                YAMLMark(
                    offset: UInt32(clamping: offset(of: value)),
                    line: UInt32(clamping: position.line),
                    column: UInt32(clamping: position.column),
                    form: isPlain ? .doubleQuoted : .other
                )
            )
            pending += elements(of: value).reversed()
            for (key, member) in members(of: value).reversed() { pending += [member, key] }
        }
        return marks
    }
}

extension YAMLMark {
    fileprivate func moved(by bytes: Int) -> YAMLMark {
        YAMLMark(offset: UInt32(clamping: Int(offset) + bytes), line: line, column: column, form: form)
    }
}
