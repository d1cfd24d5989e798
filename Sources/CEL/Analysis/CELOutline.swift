/// What an expression's text alone tells: which fields it reads that may be missing, what it gives where one is, and what
/// evaluating it costs at most.
///
/// Nothing is evaluated and no types are known. Expressions that others name, as `variables.x`, are outlines themselves.
public struct CELOutline: Sendable {
    /// The expression's text.
    public let source: String
    /// How many loops stand inside each other.
    public let loopDepth: Int
    /// The reads of fields that may be missing and that nothing before them asks for; those of variables it reads included.
    public private(set) var uncheckedReads: [Read] = []
    /// The fields that are there whenever it is true; nil if it never is.
    public private(set) var presentIfTrue: Set<OutlinePath>? = []
    /// The fields that are there whenever it is false; nil if it never is.
    public private(set) var presentIfFalse: Set<OutlinePath>? = []
    /// The fields that are named at all, read or asked for, with the place of the first.
    public private(set) var mentions: [OutlinePath: Int] = [:]

    let root: Expression
    /// What `variables.x` stands for.
    let variables: [String: CELOutline]
    /// The field that the whole expression is; nil if it is something else.
    private(set) var reference: OutlineReference?
    /// The variables that it names.
    private(set) var usedVariables: Set<String> = []

    /// A field that is read and may be missing.
    public struct Read: Hashable, Sendable {
        /// The fields of the way that may be missing, the first first; one at least.
        let steps: [OutlinePath]
        /// Where it is read: bytes of UTF-8 before the place.
        public let offset: Int
        /// The variable whose expression reads it; nil if it is the expression itself.
        public let variable: String?

        /// The first field of the way that may be missing.
        public var missing: OutlinePath { steps[0] }
    }

    /// How many reads are told of one expression.
    static let maximumReads = 200
    /// What conditions are named by among variables.
    static let variablesName = "variables"

    /// Parses an expression.
    ///
    /// - Parameters:
    ///   - source: The expression.
    ///   - name: Its name, if it is one of the variables that others read.
    ///   - variables: What it may name as `variables.x`.
    ///   - present: Fields that are there whenever it is evaluated.
    ///   - profile: The functions and macros there are.
    ///   - mayBeMissing: Whether the host's objects may be without a field.
    /// - Throws: What is wrong with its syntax.
    public init(
        _ source: String,
        name: String? = nil,
        variables: [String: CELOutline] = [:],
        present: Set<OutlinePath> = [],
        profile: Profile = .standard,
        mayBeMissing: @escaping (OutlinePath) -> Bool
    ) throws(CELCompileError) {
        self.source = source
        self.variables = variables
        root = try Parser.parse(source, profile: profile)
        loopDepth = Self.loopDepth(of: root)
        var walk = PresenceWalk(variables, scope: name ?? "", mayBeMissing)
        walk.walk(root, present)
        let facts = walk.facts(of: root)
        reference = walk.reference(to: root)
        uncheckedReads = walk.reads
        mentions = walk.mentions
        usedVariables = walk.usedVariables
        // What is known of a loop's elements means nothing outside of it.
        presentIfTrue = facts.ifTrue.map { $0.filter { !$0.isElement } }
        presentIfFalse = facts.ifFalse.map { $0.filter { !$0.isElement } }
    }

    private static func loopDepth(of root: Expression) -> Int {
        var deepest = 0
        var pending = [(node: root, depth: 0)]
        while let (node, depth) = pending.popLast() {
            deepest = max(deepest, depth)
            if case .comprehension(let fold) = node.form, fold.variable != Macro.unusedVariable {
                // The range is walked over once, whatever is done with each element.
                pending += [(fold.range, depth), (fold.initial, depth), (fold.result, depth)]
                pending += [(fold.condition, depth + 1), (fold.step, depth + 1)]
            } else {
                node.forEachChild { pending.append(($0, depth)) }
            }
        }
        return deepest
    }
}

/// A way from a variable, or from the element of a list, to a field.
public struct OutlinePath: Hashable, Sendable, CustomStringConvertible {
    enum Root: Hashable, Sendable {
        /// A variable of the environment.
        case variable
        /// What a loop walks over, by the expression and the node that walks.
        case element(scope: String, Int)
    }

    let root: Root
    /// What the expression calls the beginning: `object`, or a loop's variable.
    public let variable: String
    /// The fields behind it.
    public internal(set) var names: [String] = []

    /// Whether it begins at the element of a list.
    public var isElement: Bool { root != .variable }

    init(_ root: Root, _ variable: String) {
        self.root = root
        self.variable = variable
    }

    /// A field of a variable.
    ///
    /// - Parameters:
    ///   - variable: The variable's name.
    ///   - names: The fields behind it.
    public init(_ variable: String, _ names: [String]) {
        self.init(.variable, variable)
        self.names = names
    }

    /// Loops may call their elements alike, and alike theirs differently.
    public static func == (one: OutlinePath, other: OutlinePath) -> Bool {
        guard one.root == other.root, one.names == other.names else { return false }
        return one.isElement || one.variable == other.variable
    }

    /// As it is equal.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(names)
        if !isElement { hasher.combine(variable) }
    }

    /// As it would be written, such as `object.spec.tags["cost center"]`.
    public var description: String {
        names.reduce(variable) { text, name in
            let isPlain = name.utf8.allSatisfy { $0.isIdentifierPart } && !(name.utf8.first?.isDigit ?? true)
            return isPlain ? "\(text).\(name)" : "\(text)[\"\(name)\"]"
        }
    }

    func appending(_ name: String) -> OutlinePath {
        var path = self
        path.names.append(name)
        return path
    }

    func prefix(_ count: Int) -> OutlinePath {
        var path = self
        path.names = Array(names.prefix(count))
        return path
    }

    /// Whether the way leads through another one's end, or ends there.
    func leads(through other: OutlinePath) -> Bool {
        root == other.root && (isElement || variable == other.variable) && names.starts(with: other.names)
    }

    /// The fields on the way, from the first.
    var steps: [OutlinePath] { names.indices.map { prefix($0 + 1) } }
}

/// What an expression stands for, if that is a field.
struct OutlineReference: Sendable {
    var path: OutlinePath
    /// Whether it is an optional, which has a value if the field is there.
    var isOptional = false
}

extension UInt8 {
    fileprivate var isDigit: Bool { (0x30...0x39).contains(self) }
    fileprivate var isIdentifierPart: Bool {
        (0x61...0x7a).contains(self | 0x20) || isDigit || self == UInt8(ascii: "_")
    }
}

extension Expression {
    /// The libraries whose names stand before the dot of their functions.
    private static let libraries: Set<String> = [
        "base64", "cel", "cidr", "format", "ip", "json", "jsonpatch", "lists", "math", "optional", "regex", "sets",
        "strings",
    ]

    /// The function of a library that a call is of, such as `optional.of`; nil if it is another call.
    var libraryCall: String? {
        guard case .call(let function, let target, _) = form else { return nil }
        guard let target else { return function.utf8.contains(UInt8(ascii: ".")) ? function : nil }
        guard case .identifier(let library) = target.form, Self.libraries.contains(library) else { return nil }
        return "\(library).\(function)"
    }
}
