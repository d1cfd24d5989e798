// MARK: Lookup

extension JSONDocument {
    /// The value of an object's member; nil if there is none, and for anything but an object.
    ///
    /// Looks at the keys in turn and jumps over the values.
    public func member(_ key: StaticString, of object: JSONValue) -> JSONValue? {
        find(Key(key), in: object)
    }

    /// The value of an object's member; nil if there is none, and for anything but an object.
    public func member(_ key: JSONKey, of object: JSONValue) -> JSONValue? {
        find(key.key, in: object)
    }

    /// The value of an object's member; nil if there is none, and for anything but an object.
    @_disfavoredOverload
    public func member(_ key: String, of object: JSONValue) -> JSONValue? {
        find(Key(key.utf8Span.span), in: object)
    }

    /// The value of an object's member; nil if there is none, and for anything but an object.
    public func member(_ key: Span<UInt8>, of object: JSONValue) -> JSONValue? {
        find(Key(key), in: object)
    }

    /// The element at a place of an array, from 0; nil if there is none, and for anything but an array.
    ///
    /// Costs a step for each element before it.
    public func element(_ place: Int, of array: JSONValue) -> JSONValue? {
        guard array.isArray, place >= 0, place < count(of: array) else { return nil }
        let tape = words
        var index = Int(array.index) &+ 2
        for _ in 0..<place { index = Tape.next(after: index, tape[index]) }
        return JSONValue(word: tape[index], index: index).numbered(array.document)
    }

    /// How many elements an array or members an object has; 0 for anything else.
    public func count(of container: JSONValue) -> Int {
        container.word >> 60 >= UInt64(JSONValue.Kind.array.rawValue) ? Tape.count(second(container)) : 0
    }

    @inline(__always)
    private func find(_ key: Key, in object: JSONValue) -> JSONValue? {
        guard object.isObject else { return nil }
        let tape = words
        let text = text
        var index = Int(object.index) &+ 2
        let end = Tape.length(object.word)
        // A key's length field and its flags in one comparison; an escaped key goes the long way round.
        let wanted = Tape.word(.string, length: key.bytes.count, offset: 0)
        while index < end {
            let word = tape[index]
            if word & ~Tape.fieldMask == wanted {
                if key.equals(text, at: Tape.offset(word)) {
                    return JSONValue(word: tape[index &+ 1], index: index &+ 1).numbered(object.document)
                }
                index &+= 1
            } else if word & Tape.escapedFlag != 0 {
                if key.equals(utf8(JSONValue(word: word, index: index))) {
                    return JSONValue(word: tape[index &+ 2], index: index &+ 2).numbered(object.document)
                }
                index &+= 2
            } else {
                index &+= 1
            }
            index = Tape.next(after: index, tape[index])
        }
        return nil
    }
}

extension JSONValue {
    /// The same place in the document of another number.
    @inline(__always)
    func numbered(_ document: UInt16) -> JSONValue {
        var copy = self
        copy.document = document
        return copy
    }
}

// MARK: Iteration

extension JSONDocument {
    /// The members of an object in the order of the text; empty for anything else.
    public func members(of object: JSONValue) -> JSONMembers {
        JSONMembers(self, object.isObject ? object : nil)
    }

    /// The elements of an array in their order; empty for anything else.
    public func elements(of array: JSONValue) -> JSONElements {
        JSONElements(self, array.isArray ? array : nil)
    }
}

/// The members of an object; walks the tape, allocates nothing.
public struct JSONMembers: Sequence, IteratorProtocol {
    /// A key, which is a string, and its value.
    public typealias Element = (key: JSONValue, value: JSONValue)

    private var elements: JSONElements

    fileprivate init(_ document: JSONDocument, _ object: JSONValue?) {
        elements = JSONElements(document, object)
    }

    /// The next member.
    public mutating func next() -> Element? {
        guard let key = elements.next(), let value = elements.next() else { return nil }
        return (key, value)
    }
}

/// The elements of an array; walks the tape, allocates nothing.
public struct JSONElements: Sequence, IteratorProtocol {
    private let document: JSONDocument
    private let number: UInt16
    private var index: Int
    private let end: Int

    fileprivate init(_ document: JSONDocument, _ container: JSONValue?) {
        self.document = document
        number = container?.document ?? 0
        index = container.map { Int($0.index) &+ 2 } ?? 0
        end = container.map { Tape.length($0.word) } ?? 0
    }

    /// The next element.
    public mutating func next() -> JSONValue? {
        guard index < end else { return nil }
        let value = document.value(at: index)
        index = Tape.next(after: index, value.word)
        return value.numbered(number)
    }
}
