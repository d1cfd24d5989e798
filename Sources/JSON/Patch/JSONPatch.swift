/// A JSON Patch (RFC 6902): operations that make one document of another.
public struct JSONPatch: Equatable, Sendable {
    /// The most operations that a patch may have, as many as the Kubernetes API server takes.
    public static let maximumOperations = 10_000

    /// The operations, in the order in which they are applied.
    public var operations: [JSONPatchOperation]

    /// A patch of these operations.
    public init(_ operations: [JSONPatchOperation] = []) {
        self.operations = operations
    }

    /// Whether it changes nothing.
    public var isEmpty: Bool { operations.isEmpty }

    /// Reads a patch from its document.
    ///
    /// Members that RFC 6902 does not name are ignored, as it asks (§4).
    ///
    /// - Parameter document: An array of operations. The patch keeps it alive for the values in it.
    /// - Throws: What is wrong with the first operation that is malformed, and its place.
    public init(parsing document: JSONDocument) throws(JSONPatchError) {
        try self.init(parsing: JSONFragment(document))
    }

    /// Reads a patch from a value inside a document.
    ///
    /// - Parameter fragment: An array of operations. The patch keeps its document alive for the values in it.
    /// - Throws: What is wrong with the first operation that is malformed, and its place.
    public init(parsing fragment: JSONFragment) throws(JSONPatchError) {
        let document = fragment.document
        guard fragment.value.isArray else { throw JSONPatchError(.notAnArray, operation: nil, at: "") }
        guard document.count(of: fragment.value) <= Self.maximumOperations else {
            throw JSONPatchError(.tooManyOperations, operation: nil, at: "")
        }
        operations = []
        for (place, operation) in document.elements(of: fragment.value).enumerated() {
            do throws(JSONPatchError.Code) {
                operations.append(try JSONPatchOperation(operation, in: document))
            } catch {
                throw JSONPatchError(error, operation: place, at: "")
            }
        }
    }

    /// The patch as JSON text.
    public func encode() -> [UInt8] {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.finish()
    }

    /// Writes the patch, an array.
    public func write(to writer: inout JSONWriter) {
        writer.beginArray()
        for operation in operations { operation.write(to: &writer) }
        writer.endArray()
    }
}

/// One operation of a JSON Patch.
public enum JSONPatchOperation: Equatable, Sendable {
    /// Puts a value into an object or an array (§4.1); a member that exists is replaced.
    case add(JSONPointer, JSONFragment)
    /// Takes a value away (§4.2).
    case remove(JSONPointer)
    /// Puts another value in the place of one that exists (§4.3).
    case replace(JSONPointer, JSONFragment)
    /// Takes a value away and adds it elsewhere (§4.4).
    case move(from: JSONPointer, to: JSONPointer)
    /// Adds a value that exists elsewhere as well (§4.5).
    case copy(from: JSONPointer, to: JSONPointer)
    /// Breaks the patch off unless the value is as given (§4.6).
    case test(JSONPointer, JSONFragment)

    /// Reads an operation from its object.
    init(_ object: JSONValue, in document: JSONDocument) throws(JSONPatchError.Code) {
        guard object.isObject else { throw .notAnObject }
        guard let op = document.member("op", of: object) else { throw .missing("op") }
        guard op.isString else { throw .notAString("op") }
        func pointer(_ name: StaticString) throws(JSONPatchError.Code) -> JSONPointer {
            guard let value = document.member(name, of: object) else { throw .missing(name.description) }
            guard let text = document.string(value) else { throw .notAString(name.description) }
            do throws(JSONPointerError) {
                return try JSONPointer(parsing: text)
            } catch {
                throw .invalidPointer(name.description, error)
            }
        }
        func value() throws(JSONPatchError.Code) -> JSONFragment {
            guard let value = document.member("value", of: object) else { throw .missing("value") }
            return JSONFragment(document, value)
        }
        switch document.string(op) {
        case "add": self = .add(try pointer("path"), try value())
        case "remove": self = .remove(try pointer("path"))
        case "replace": self = .replace(try pointer("path"), try value())
        case "move": self = .move(from: try pointer("from"), to: try pointer("path"))
        case "copy": self = .copy(from: try pointer("from"), to: try pointer("path"))
        case "test": self = .test(try pointer("path"), try value())
        default: throw .unknownOperation
        }
    }

    /// The pointer that the operation is about.
    public var path: JSONPointer {
        switch self {
        case .add(let path, _), .remove(let path), .replace(let path, _), .test(let path, _): path
        case .move(_, let path), .copy(_, let path): path
        }
    }

    func write(to writer: inout JSONWriter) {
        func begin(_ op: StaticString, from: JSONPointer? = nil) {
            writer.beginObject()
            writer.key("op")
            writer.string(op)
            if let from {
                writer.key("from")
                writer.string(from.description)
            }
            writer.key("path")
            writer.string(path.description)
        }
        func end(_ value: JSONFragment? = nil) {
            if let value {
                writer.key("value")
                writer.copy(value)
            }
            writer.endObject()
        }
        switch self {
        case .add(_, let value):
            begin("add")
            end(value)
        case .remove:
            begin("remove")
            end()
        case .replace(_, let value):
            begin("replace")
            end(value)
        case .move(let from, _):
            begin("move", from: from)
            end()
        case .copy(let from, _):
            begin("copy", from: from)
            end()
        case .test(_, let value):
            begin("test")
            end(value)
        }
    }
}

/// Why a patch is malformed, or cannot be applied to a document.
public struct JSONPatchError: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Code: Error, Equatable, Sendable {
        /// The patch is not an array.
        case notAnArray
        /// More than `JSONPatch.maximumOperations`.
        case tooManyOperations
        /// The operation is not an object.
        case notAnObject
        /// The operation lacks a member that it needs.
        case missing(String)
        /// A member that must be a string is none.
        case notAString(String)
        /// `path` or `from` is not a JSON Pointer.
        case invalidPointer(String, JSONPointerError)
        /// `op` is none of the six.
        case unknownOperation
        /// The pointer leads to nothing.
        case notFound
        /// The token for an array is neither an index nor, to add, `-`.
        case invalidIndex
        /// The index to add at is larger than the array.
        case indexOutOfRange
        /// The pointer leads through a scalar.
        case notAContainer
        /// A value cannot be moved into itself.
        case moveIntoItself
        /// The whole document cannot be removed.
        case removeRoot
        /// The value is not the expected one.
        case testFailed
        /// What the operations make is nested deeper or is longer than the limits allow.
        case resultTooLarge
    }

    /// What is wrong.
    public let code: Code

    /// The operation's place in the patch, from 0; nil if the fault is not one operation's.
    public let operation: Int?

    /// The pointer that could not be followed, as text.
    public let pointer: String

    init(_ code: Code, operation: Int?, at pointer: String) {
        self.code = code
        self.operation = operation
        self.pointer = pointer
    }
}

extension JSONPatchError: CustomStringConvertible {
    /// Place and fault in one line.
    public var description: String {
        let place = operation.map { "operation \($0)" } ?? "the patch"
        return pointer.isEmpty ? "\(place): \(code)" : "\(place), \"\(pointer)\": \(code)"
    }
}

extension JSONPatchError.Code: CustomStringConvertible {
    /// Fault and, where there is one, mend.
    public var description: String {
        switch self {
        case .notAnArray: "a JSON Patch is an array of operations"
        case .tooManyOperations: "more than \(JSONPatch.maximumOperations) operations; split the patch"
        case .notAnObject: "an operation is an object"
        case .missing(let name): "'\(name)' is missing"
        case .notAString(let name): "'\(name)' must be a string"
        case .invalidPointer(let name, let error): "'\(name)': \(error)"
        case .unknownOperation: "'op' must be add, remove, replace, move, copy or test"
        case .notFound: "there is no such value"
        case .invalidIndex: "an array's index is a number without leading zeros"
        case .indexOutOfRange: "the index is larger than the array"
        case .notAContainer: "a scalar has no members"
        case .moveIntoItself: "a value cannot be moved into itself"
        case .removeRoot: "the whole document cannot be removed; replace it"
        case .testFailed: "the value is not the expected one"
        case .resultTooLarge: "the result is too large or too deep"
        }
    }
}
