/// A node of the abstract syntax tree, macros already expanded.
///
/// Immutable; its `id` numbers the nodes of one tree densely from 0, so that what later passes learn of a node lies in
/// arrays beside the tree.
final class Expression: Sendable {
    /// The node's number in its tree.
    let id: Int

    /// Where the node begins in the source, in bytes of UTF-8: the operator of a binary call, the dot's name of a select.
    let offset: Int

    /// How deep the tree below is, itself included: bounded by the parser, so that every pass may recurse.
    let depth: Int

    /// What the node is.
    let form: Form

    /// What a node can be.
    enum Form: Sendable {
        /// A literal.
        case constant(Constant)
        /// A name, with a leading dot kept (`.a` is looked up from the root of the container).
        case identifier(String)
        /// `operand.field`; with `isTest` the result of `has(operand.field)`.
        case select(operand: Expression, field: String, isTest: Bool)
        /// A function, or a method if there is a target. Operators have cel-go's names (`_+_`, `_[_]`, `_?._`).
        case call(function: String, target: Expression?, arguments: [Expression])
        /// A list; `optional` holds the places of the elements written `?e`.
        case list([Expression], optional: [Int])
        /// A map.
        case map([Entry])
        /// `Name{field: value}`.
        case object(name: String, fields: [Field])
        /// A fold, which only macros make.
        case comprehension(Comprehension)
    }

    /// An entry of a map literal.
    struct Entry: Sendable {
        let key: Expression
        let value: Expression
        let isOptional: Bool
    }

    /// A field of an object literal.
    struct Field: Sendable {
        let name: String
        let offset: Int
        let value: Expression
        let isOptional: Bool
    }

    /// The fold that macros expand to, with cel-go's meaning of the parts.
    struct Comprehension: Sendable {
        /// The element, or the index or key where there are two variables.
        let variable: String
        /// The value, where there are two variables.
        let secondVariable: String?
        let range: Expression
        let accumulator: String
        let initial: Expression
        let condition: Expression
        let step: Expression
        let result: Expression
        /// The macro as its user knows it, such as `all`.
        let macro: String
    }

    init(id: Int, offset: Int, depth: Int, form: Form) {
        self.id = id
        self.offset = offset
        self.depth = depth
        self.form = form
    }
}

/// A literal's value.
enum Constant: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
}

extension Expression {
    /// Calls a body with each node directly below, in the order of the source where there is one.
    func forEachChild(_ body: (Expression) -> Void) {
        switch form {
        case .constant, .identifier: break
        case .select(let operand, _, _): body(operand)
        case .call(_, let target, let arguments):
            if let target { body(target) }
            for argument in arguments { body(argument) }
        case .list(let elements, _):
            for element in elements { body(element) }
        case .map(let entries):
            for entry in entries {
                body(entry.key)
                body(entry.value)
            }
        case .object(_, let fields):
            for field in fields { body(field.value) }
        case .comprehension(let fold):
            body(fold.range)
            body(fold.initial)
            body(fold.condition)
            body(fold.step)
            body(fold.result)
        }
    }
}
