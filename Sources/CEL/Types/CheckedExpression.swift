/// A tree with what the checker learnt of its nodes: what the planner works from.
struct CheckedExpression: Sendable {
    /// What a name or a call stands for.
    enum Reference: Sendable {
        /// A variable of the environment, by the number of its declaration; `a.b.c` may be one name.
        case variable(Int)
        /// A variable of an enclosing comprehension or binding, by its name.
        case local(String)
        /// A type, such as `int`; of an object literal, `.object` of the type's full name.
        case type(CELType)
        /// A name for a value, such as `google.protobuf.NullValue.NULL_VALUE`.
        case constant(Constant)
        /// The overloads that the types leave: one if they decide, several if some argument is `dyn`.
        ///
        /// None only where nothing was checked and there is no such function: then the call fails when it is evaluated.
        case overloads([Overload])
        /// A macro's or the language's own construct, which the planner knows by the node's form: constants, selections
        /// (`_?._` too), lists, maps, comprehensions, `cel.@block`.
        ///
        /// An identifier has it only where nothing was checked and nothing has the name: reading it fails when evaluated.
        case none
    }

    let source: String
    let root: Expression
    /// By node.
    let types: [CELType]
    /// By node.
    let references: [Reference]
    /// The type of the whole.
    var type: CELType { types[root.id] }

    /// The variables of the environment that are named, each once.
    var variables: [Int] {
        var found: [Int] = []
        for case .variable(let number) in references where !found.contains(number) { found.append(number) }
        return found
    }
}
