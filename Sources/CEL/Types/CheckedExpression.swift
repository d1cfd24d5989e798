/// A tree with what the checker learnt of its nodes: what the planner works from.
struct CheckedExpression: Sendable {
    /// What a name or a call stands for.
    enum Reference: Sendable {
        /// A variable of the environment, by the number of its declaration; `a.b.c` may be one name.
        case variable(Int)
        /// A variable of an enclosing comprehension or binding, by its name.
        case local(String)
        /// A type, such as `int`.
        case type(CELType)
        /// The overloads that the types leave: one if they decide, several if some argument is `dyn`.
        case overloads([Overload])
        /// A macro's or the language's own construct, which the planner knows by the node's form.
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
}
