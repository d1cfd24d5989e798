/// Why a text is not YAML that can become JSON, and where.
public struct YAMLError: Error, Equatable, Sendable {
    /// What is wrong.
    public enum Code: Error, Equatable, Sendable {
        /// What libyaml says of text that is not YAML.
        case syntax(String)
        /// A tab where indentation belongs.
        case tab
        /// Bytes that are not UTF-8 or UTF-16, or a character that YAML does not allow.
        case encoding(String)
        /// A second value for the same key.
        case duplicateKey(String, first: JSONPosition)
        /// A key that is a list, an object, null, or a number beyond 64 bits.
        case unsupportedKey
        /// `.inf`, `.nan`: JSON has no such numbers.
        case notANumber(String)
        /// A number beyond 64 bits in another base than ten.
        case numberOutOfRange(String)
        /// A tag that is not one of JSON's types.
        case unsupportedTag(String)
        /// A value that is not of the type its tag says.
        case tagMismatch(String)
        /// An alias without an anchor before it.
        case unknownAnchor(String)
        /// An alias inside the value that its anchor names.
        case recursiveAlias(String)
        /// Aliases and merge keys that add more than the limit.
        case excessiveAliases(limit: Int)
        /// The value of `<<` is neither an object nor a list of objects.
        case unsupportedMerge
        /// `<<` after a key that it holds as well: which one counts differs between readers.
        case ambiguousMerge(String, first: JSONPosition)
        /// Nested deeper than the limit.
        case tooDeep(limit: Int)
        /// More bytes than the limit, before or after aliases are expanded.
        case tooLarge(limit: Int)
    }

    /// What is wrong.
    public let code: Code

    /// Where: lines and columns from 1, columns in characters.
    public let position: JSONPosition

    /// The line, from 1.
    public var line: Int { position.line }

    /// The column in characters, from 1.
    public var column: Int { position.column }

    init(_ code: Code, at position: JSONPosition) {
        self.code = code
        self.position = position
    }
}

extension YAMLError: CustomStringConvertible {
    /// Place, fault and mend in one line.
    public var description: String { "line \(line), column \(column): \(message); \(mend)" }

    /// What is wrong, without the place.
    public var message: String {
        switch code {
        case .syntax(let problem): problem
        case .tab: "a tab indents this line"
        case .encoding(let problem): problem
        case .duplicateKey(let key, let first):
            "the key '\(key)' stands at line \(first.line), column \(first.column) already"
        case .unsupportedKey: "this cannot be a key in JSON"
        case .notANumber(let text): "JSON has no \(text)"
        case .numberOutOfRange(let text): "\(text) does not fit 64 bits"
        case .unsupportedTag(let tag): "the tag \(tag) means nothing in JSON"
        case .tagMismatch(let tag): "the value is not a \(tag)"
        case .unknownAnchor(let name): "there is no anchor &\(name) before this alias"
        case .recursiveAlias(let name): "the value of &\(name) contains itself"
        case .excessiveAliases(let limit): "aliases and merges add more than \(limit) bytes"
        case .unsupportedMerge: "<< merges an object or a list of objects"
        case .ambiguousMerge(let key, let first):
            "<< brings '\(key)' again, which stands at line \(first.line), column \(first.column)"
        case .tooDeep(let limit): "nested deeper than \(limit) levels"
        case .tooLarge(let limit): "larger than \(limit) bytes"
        }
    }

    /// What to do about it.
    public var mend: String {
        switch code {
        case .syntax: "check the indentation, quotes and brackets here and on the line before"
        case .tab: "indent with spaces"
        case .encoding: "save the file as UTF-8 without control characters"
        case .duplicateKey: "remove one of them"
        case .unsupportedKey: "use a string"
        case .notANumber, .numberOutOfRange: "quote it if it is meant as a string"
        case .unsupportedTag, .tagMismatch: "remove the tag, or quote the value"
        case .unknownAnchor: "define the anchor first, or quote the value if it begins with '*'"
        case .recursiveAlias, .excessiveAliases: "write the values out"
        case .unsupportedMerge: "write << : *anchor"
        case .ambiguousMerge: "put << first in its object"
        case .tooDeep: "flatten it"
        case .tooLarge: "split the file"
        }
    }
}
