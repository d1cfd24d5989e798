/// A value together with the document that holds it: what outlives the place where the value was found.
public struct JSONFragment: Sendable {
    /// The document.
    public let document: JSONDocument

    /// The value in it.
    public let value: JSONValue

    /// A value of a document.
    public init(_ document: JSONDocument, _ value: JSONValue) {
        self.document = document
        self.value = value
    }

    /// The whole of a document.
    public init(_ document: JSONDocument) {
        self.init(document, document.root)
    }

    /// A string on its own.
    public init(string: String) {
        self.init { $0.string(string) }
    }

    /// A value on its own, written by the closure.
    ///
    /// - Parameter write: Writes exactly one value: anything else traps.
    public init(_ write: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        write(&writer)
        do throws(JSONError) {
            self.init(try JSONDocument(parsing: writer.finish()))
        } catch {
            preconditionFailure("not one JSON value: \(error)")
        }
    }
}

extension JSONFragment: Equatable {
    /// Whether both are the same JSON value; see `isEqual`.
    public static func == (a: JSONFragment, b: JSONFragment) -> Bool {
        isEqual(a.value, in: a.document, b.value, in: b.document)
    }
}

extension JSONWriter {
    /// Writes a value as it stands in its document.
    public mutating func copy(_ fragment: JSONFragment) {
        copy(fragment.value, in: fragment.document)
    }
}
