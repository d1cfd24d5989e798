/// Turns a source into a tree, macros expanded.
///
/// Nothing here recurses, however deep the source is nested: what is open lies on `frames`, and what is complete on
/// `operands`, as in any operator-precedence parser. The tree that comes out is at most `maximumDepth` deep, so that the
/// passes behind may recurse.
struct Parser {
    /// The longest source, in code points: the default of cel-go (`ExpressionSizeCodePointLimit`), which Kubernetes keeps.
    static let maximumCodePoints = 100_000

    /// How deep a source may nest and how deep the tree may be: cel-go's default (`MaxRecursionDepth`), kept by Kubernetes.
    ///
    /// There it counts what people write; here the nodes that macros add count too. A pass over the tree has 2 KiB for a
    /// level on a thread with a stack of 512 KiB.
    static let maximumDepth = 250

    /// The most nodes of a tree: as many as a source without macros could have.
    ///
    /// `optMap` copies its target, so that a chain of twenty would have a million.
    static let maximumNodes = maximumCodePoints

    /// Parses an expression; its root has the highest number of all nodes.
    ///
    /// - Throws: The syntax error, and what was found wrong with macros, literals and names before it.
    static func parse(_ source: String, profile: Profile) throws(CELCompileError) -> Expression {
        let length = source.unicodeScalars.count
        guard length <= maximumCodePoints else {
            let message = "the expression has \(length) code points, the limit is \(maximumCodePoints)"
            throw CELCompileError([(message, 0)], source: source)
        }
        var parser = Parser(source, profile: profile)
        do throws(SyntaxIssue) {
            let root = try parser.parse()
            if parser.issues.isEmpty { return root }
        } catch {
            parser.issues.append(error)
        }
        throw CELCompileError(parser.issues.map { ($0.message, $0.offset) }, source: source)
    }

    let profile: Profile
    private var lexer: Lexer
    private var token = Token(kind: .end, start: 0, end: 0)
    private var nodeCount = 0
    private var operands: [Expression] = []
    private var frames: [Frame] = []
    private var nesting = 0
    /// What is wrong so far, but does not keep the parser from going on.
    private var issues: [SyntaxIssue] = []

    /// What has begun and waits for an operand.
    private struct Frame {
        enum Kind {
            case unary, binary
            /// `a ? …`
            case condition
            /// `a ? b : …`
            case alternative
            case group, index, optionalIndex, call, method, list, map, object
        }
        let kind: Kind
        /// The place that the node will have.
        let offset: Int
        /// How many operands there were when it began.
        let base: Int
        /// The function or the type.
        var name = ""
        /// A binary operator's precedence.
        var precedence = 0
        /// The elements or entries that are written with a `?`.
        var optional: [Int] = []
        /// The fields of an object whose values are complete or under way.
        var fields: [(name: String, offset: Int)] = []
        /// Whether a map's key has been read and its colon has not.
        var awaitsColon = false
    }

    private init(_ source: String, profile: Profile) {
        lexer = Lexer(source)
        self.profile = profile
    }

    private mutating func parse() throws(SyntaxIssue) -> Expression {
        try advance()
        while true {
            let isName = try parseOperand()
            if try parseOperators(isName: isName) { return operands[0] }
        }
    }

    private mutating func advance() throws(SyntaxIssue) { token = try lexer.next() }

    private mutating func accept(_ kind: Token.Kind) throws(SyntaxIssue) -> Bool {
        guard token.kind == kind else { return false }
        try advance()
        return true
    }

    private func unexpected(_ wanted: String) -> SyntaxIssue {
        SyntaxIssue(message: "expected \(wanted), found \(describe(token))", offset: token.start)
    }

    private func describe(_ token: Token) -> String {
        switch token.kind {
        case .end: "the end"
        case .string: "a string"
        case .bytes: "bytes"
        case .identifier, .quotedIdentifier, .int, .uint, .double:
            token.end - token.start > 64 ? "a long name or number" : "'\(lexer.text(token))'"
        default: "'\(token.kind.rawValue)'"
        }
    }

    private mutating func open(_ frame: Frame) throws(SyntaxIssue) {
        nesting += 1
        guard nesting <= Self.maximumDepth else {
            throw Self.tooDeep(frame.offset)
        }
        frames.append(frame)
    }

    private mutating func close() -> Frame {
        nesting -= 1
        return frames.removeLast()
    }
}

// MARK: Operands

extension Parser {
    /// Parses what may stand where an operand is expected, up to the end of a literal, a name or an empty list.
    ///
    /// - Returns: Whether the operand is a plain name, which may be the beginning of an object's type.
    private mutating func parseOperand() throws(SyntaxIssue) -> Bool {
        var prefixed = false
        while true {
            let start = token.start
            switch token.kind {
            case .not where !prefixed:
                try openUnary(.not, "!_")
                prefixed = true
                continue
            case .minus:
                if try parseNegativeNumber(prefixed: prefixed) { return false }
                prefixed = true
                continue
            case .openParenthesis:
                try advance()
                try open(Frame(kind: .group, offset: start, base: operands.count))
                prefixed = false
                continue
            case .openBracket:
                try advance()
                try open(Frame(kind: .list, offset: start, base: operands.count))
                if try beginElement(closing: .closeBracket) { return false }
                prefixed = false
                continue
            case .openBrace:
                try advance()
                try open(Frame(kind: .map, offset: start, base: operands.count))
                if try beginElement(closing: .closeBrace) { return false }
                prefixed = false
                continue
            case .dot, .identifier:
                switch try parseName() {
                case .name: return true
                case .emptyCall: return false
                case .call:
                    prefixed = false
                    continue
                }
            default:
                try parseLiteral()
                return false
            }
        }
    }

    /// A run of the same operator, of which an even number means nothing, as in cel-go.
    private mutating func openUnary(_ kind: Token.Kind, _ function: String) throws(SyntaxIssue) {
        let offset = token.start
        var count = 0
        while try accept(kind) { count += 1 }
        if count % 2 == 1 { frames.append(Frame(kind: .unary, offset: offset, base: operands.count, name: function)) }
    }

    /// A minus: part of the number behind it, if it is the only one, or an operator.
    ///
    /// - Returns: Whether there was a number.
    private mutating func parseNegativeNumber(prefixed: Bool) throws(SyntaxIssue) -> Bool {
        let minus = token
        var following = lexer
        let next = try following.next()
        if next.kind == .int || next.kind == .double {
            try advance()
            try parseNumber(isNegative: true, offset: minus.start)
            return true
        }
        guard !prefixed else {
            throw SyntaxIssue(message: "'!' and '-' cannot follow each other without parentheses", offset: minus.start)
        }
        try openUnary(.minus, "-_")
        return false
    }

    private enum Name {
        case name, call, emptyCall
    }

    /// A name, perhaps with a leading dot, and the opening of a call if it is one.
    private mutating func parseName() throws(SyntaxIssue) -> Name {
        let isAbsolute = try accept(.dot)
        guard token.kind == .identifier else { throw unexpected("a name behind the dot") }
        let offset = token.start
        let text = lexer.text(token)
        if Self.reservedWords.contains(text) {
            let message = "'\(text)' is reserved and cannot be a name; for a field, write a.\(text) or a['\(text)']"
            issues.append(SyntaxIssue(message: message, offset: offset))
        }
        let name = isAbsolute ? "." + text : text
        try advance()
        guard try accept(.openParenthesis) else {
            operands.append(try node(.identifier(name), offset, depth: 1))
            return .name
        }
        try open(Frame(kind: .call, offset: offset, base: operands.count, name: name))
        guard try accept(.closeParenthesis) else { return .call }
        try closeCall()
        return .emptyCall
    }

    /// The words that the specification keeps for host languages and later versions.
    private static let reservedWords: Set<String> = [
        "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
        "namespace", "return", "var", "void", "while",
    ]

    private mutating func parseLiteral() throws(SyntaxIssue) {
        let literal = token
        let constant: Constant
        switch literal.kind {
        case .int, .uint, .double:
            return try parseNumber(isNegative: false, offset: literal.start)
        case .true: constant = .bool(true)
        case .false: constant = .bool(false)
        case .null: constant = .null
        case .string, .bytes:
            do throws(SyntaxIssue) {
                constant =
                    literal.kind == .string
                    ? .string(try lexer.string(literal))
                    : .bytes(try lexer.byteString(literal))
            } catch {
                issues.append(error)
                constant = .null
            }
        case .not:
            throw SyntaxIssue(
                message: "'-' and '!' cannot follow each other without parentheses",
                offset: literal.start
            )
        default:
            throw unexpected("an expression")
        }
        try advance()
        operands.append(try node(.constant(constant), literal.start, depth: 1))
    }

    private mutating func parseNumber(isNegative: Bool, offset: Int) throws(SyntaxIssue) {
        var constant = Constant.null
        do throws(SyntaxIssue) {
            switch token.kind {
            case .int: constant = .int(try lexer.int(token, isNegative: isNegative))
            case .uint: constant = .uint(try lexer.uint(token))
            default: constant = .double(try lexer.double(token, isNegative: isNegative))
            }
        } catch {
            issues.append(error)
        }
        try advance()
        operands.append(try node(.constant(constant), offset, depth: 1))
    }

    /// What comes before an element of the list, map or object that is open: its end, a `?`, a field's name.
    ///
    /// - Returns: Whether it was the end.
    private mutating func beginElement(closing: Token.Kind) throws(SyntaxIssue) -> Bool {
        let top = frames.count - 1
        // One comma may stand before the end, even if there is no element.
        if token.kind == .comma, operands.count == frames[top].base {
            try advance()
            guard token.kind == closing else { throw unexpected("'\(closing.rawValue)'") }
        }
        if try accept(closing) {
            try closeLiteral()
            return true
        }
        let kind = frames[top].kind
        let elements = operands.count - frames[top].base
        if try accept(.question) {
            frames[top].optional.append(kind == .map ? elements / 2 : elements)
        }
        if kind == .map { frames[top].awaitsColon = true }
        if kind == .object {
            let offset = token.start
            frames[top].fields.append((try fieldName(), offset))
            guard try accept(.colon) else { throw unexpected("':' and the field's value") }
        }
        return false
    }

    /// The name of a field, quoted or not.
    private mutating func fieldName() throws(SyntaxIssue) -> String {
        let field = token
        switch field.kind {
        case .identifier:
            try advance()
            return lexer.text(field)
        case .quotedIdentifier:
            if case .kubernetes = profile {
                let message = "Kubernetes does not have names between backticks; write a[\"name\"] instead"
                issues.append(SyntaxIssue(message: message, offset: field.start))
            }
            try advance()
            return String(lexer.text(field).dropFirst().dropLast())
        default:
            throw unexpected("a field's name")
        }
    }
}

// MARK: Operators

extension Parser {
    /// Parses what may stand behind an operand, up to where the next operand is expected.
    ///
    /// - Returns: Whether the end was reached, and the tree is the only operand.
    private mutating func parseOperators(isName: Bool) throws(SyntaxIssue) -> Bool {
        var isName = isName
        while true {
            let offset = token.start
            switch token.kind {
            case .dot:
                try advance()
                if try accept(.question) {
                    try parseOptionalSelect()
                    isName = false
                } else {
                    isName = isName && token.kind == .identifier
                    switch try parseSelectOrMethod() {
                    case .name: break
                    case .call: return false
                    case .emptyCall: isName = false
                    }
                }
            case .openBracket:
                try advance()
                let isOptional = try accept(.question)
                try open(Frame(kind: isOptional ? .optionalIndex : .index, offset: offset, base: operands.count))
                return false
            case .openBrace where isName:
                guard let operand = operands.popLast(), let name = operand.qualifiedName else {
                    throw unexpected("an operator")
                }
                try advance()
                try open(Frame(kind: .object, offset: operand.startOffset, base: operands.count, name: name))
                if try !beginElement(closing: .closeBrace) { return false }
                isName = false
            case .question:
                try reduce(downTo: 1)
                guard frames.last?.kind != .condition else {
                    throw SyntaxIssue(message: "a '?' between '?' and ':' needs parentheses", offset: offset)
                }
                try advance()
                try open(Frame(kind: .condition, offset: offset, base: operands.count))
                return false
            case .colon:
                try parseColon()
                return false
            case .comma:
                if try !parseComma() { return false }
                isName = false
            case .closeParenthesis, .closeBracket, .closeBrace:
                try parseClosing()
                isName = false
            case .end:
                try reduceAll()
                if let frame = frames.last { throw unclosed(frame) }
                return true
            default:
                try parseBinary()
                return false
            }
        }
    }

    private mutating func parseBinary() throws(SyntaxIssue) {
        guard let (function, precedence) = Self.binaryOperator(token.kind) else { throw unexpected("an operator") }
        try reduce(downTo: precedence <= 2 ? precedence + 1 : precedence)
        let offset = token.start
        try advance()
        frames.append(
            Frame(kind: .binary, offset: offset, base: operands.count, name: function, precedence: precedence)
        )
    }

    private static func binaryOperator(_ kind: Token.Kind) -> (function: String, precedence: Int)? {
        switch kind {
        case .or: ("_||_", 1)
        case .and: ("_&&_", 2)
        case .equal: ("_==_", 3)
        case .notEqual: ("_!=_", 3)
        case .less: ("_<_", 3)
        case .lessOrEqual: ("_<=_", 3)
        case .greater: ("_>_", 3)
        case .greaterOrEqual: ("_>=_", 3)
        case .in: ("@in", 3)
        case .plus: ("_+_", 4)
        case .minus: ("_-_", 4)
        case .times: ("_*_", 5)
        case .divide: ("_/_", 5)
        case .remainder: ("_%_", 5)
        default: nil
        }
    }

    private mutating func parseOptionalSelect() throws(SyntaxIssue) {
        let offset = token.start
        let field = try fieldName()
        let name = try node(.constant(.string(field)), offset, depth: 1)
        let operand = operands.removeLast()
        operands.append(try call("_?._", [operand, name], offset))
    }

    private mutating func parseSelectOrMethod() throws(SyntaxIssue) -> Name {
        let offset = token.start
        let isQuoted = token.kind == .quotedIdentifier
        let field = try fieldName()
        if !isQuoted, try accept(.openParenthesis) {
            try open(Frame(kind: .method, offset: offset, base: operands.count, name: field))
            guard try accept(.closeParenthesis) else { return .call }
            try closeCall()
            return .emptyCall
        }
        let operand = operands.removeLast()
        let form = Expression.Form.select(operand: operand, field: field, isTest: false)
        operands.append(try node(form, offset, depth: operand.depth + 1))
        return .name
    }

    private mutating func parseColon() throws(SyntaxIssue) {
        try reduce(downTo: 1)
        if let frame = frames.last, frame.kind == .condition {
            frames[frames.count - 1] = Frame(kind: .alternative, offset: frame.offset, base: operands.count)
        } else {
            try reduceAll()
            guard let frame = frames.last, frame.kind == .map, frame.awaitsColon else {
                throw frames.last.map(unclosed) ?? unexpected("an operator")
            }
            frames[frames.count - 1].awaitsColon = false
        }
        try advance()
    }

    /// - Returns: Whether the comma was the last of a literal, and the literal is complete.
    private mutating func parseComma() throws(SyntaxIssue) -> Bool {
        try reduceAll()
        guard let frame = frames.last else { throw unexpected("an operator") }
        switch frame.kind {
        case .call, .method:
            try advance()
            return false
        case .list:
            try advance()
            return try beginElement(closing: .closeBracket)
        case .map where !frame.awaitsColon, .object:
            try advance()
            return try beginElement(closing: .closeBrace)
        default:
            throw unclosed(frame)
        }
    }

    private mutating func parseClosing() throws(SyntaxIssue) {
        try reduceAll()
        guard let frame = frames.last else {
            throw SyntaxIssue(message: "\(describe(token)) closes nothing", offset: token.start)
        }
        switch (frame.kind, token.kind) {
        case (.group, .closeParenthesis):
            _ = close()
            try advance()
        case (.call, .closeParenthesis), (.method, .closeParenthesis):
            try advance()
            try closeCall()
        case (.index, .closeBracket), (.optionalIndex, .closeBracket):
            _ = close()
            try advance()
            let index = operands.removeLast()
            let operand = operands.removeLast()
            operands.append(try call(frame.kind == .index ? "_[_]" : "_[?_]", [operand, index], frame.offset))
        case (.list, .closeBracket), (.object, .closeBrace):
            try advance()
            try closeLiteral()
        case (.map, .closeBrace) where !frame.awaitsColon:
            try advance()
            try closeLiteral()
        default:
            throw unclosed(frame)
        }
    }

    /// What an open frame would need instead of the token that is there.
    private func unclosed(_ frame: Frame) -> SyntaxIssue {
        switch frame.kind {
        case .group: unexpected("')'")
        case .call, .method: unexpected("',' or ')'")
        case .index, .optionalIndex: unexpected("']'")
        case .list: unexpected("',' or ']'")
        case .map: unexpected(frame.awaitsColon ? "':' and the entry's value" : "',' or '}'")
        case .object: unexpected("',' or '}'")
        case .condition: unexpected("':' and the value for the other case")
        case .unary, .binary, .alternative: unexpected("an operator")
        }
    }

    /// Completes the operators that bind at least as tightly as a precedence.
    private mutating func reduce(downTo precedence: Int) throws(SyntaxIssue) {
        while let frame = frames.last {
            switch frame.kind {
            case .unary:
                frames.removeLast()
                let operand = operands.removeLast()
                operands.append(try call(frame.name, [operand], frame.offset))
            case .binary where frame.precedence <= 2 && frame.precedence >= precedence:
                try reduceChain(frame)
            case .binary where frame.precedence >= precedence:
                frames.removeLast()
                let right = operands.removeLast()
                let left = operands.removeLast()
                operands.append(try call(frame.name, [left, right], frame.offset))
            default:
                return
            }
        }
    }

    /// Completes all operators, conditionals included, up to the bracket that is open.
    private mutating func reduceAll() throws(SyntaxIssue) {
        try reduce(downTo: 1)
        while let frame = frames.last, frame.kind == .alternative {
            _ = close()
            let last = operands.removeLast()
            let first = operands.removeLast()
            let condition = operands.removeLast()
            operands.append(try call("_?_:_", [condition, first, last], frame.offset))
            try reduce(downTo: 1)
        }
    }

    /// Makes a balanced tree of a chain of `&&` or `||`, as cel-go does: a chain of any length is shallow.
    private mutating func reduceChain(_ last: Frame) throws(SyntaxIssue) {
        var offsets: [Int] = []
        while let frame = frames.last, frame.kind == .binary, frame.precedence == last.precedence {
            offsets.append(frame.offset)
            frames.removeLast()
        }
        offsets.reverse()
        let first = operands.count - offsets.count - 1
        let terms = Array(operands[first...])
        operands.removeSubrange(first...)
        operands.append(try balanced(last.name, terms, offsets, 0, offsets.count - 1))
    }

    private mutating func balanced(
        _ function: String,
        _ terms: [Expression],
        _ offsets: [Int],
        _ low: Int,
        _ high: Int
    ) throws(SyntaxIssue) -> Expression {
        let middle = (low + high + 1) / 2
        let left = middle == low ? terms[middle] : try balanced(function, terms, offsets, low, middle - 1)
        let right = middle == high ? terms[middle + 1] : try balanced(function, terms, offsets, middle + 1, high)
        return try call(function, [left, right], offsets[middle])
    }
}

// MARK: Nodes

extension Parser {
    private static func tooDeep(_ offset: Int) -> SyntaxIssue {
        SyntaxIssue(message: "the expression is nested deeper than \(maximumDepth)", offset: offset, isLimit: true)
    }

    /// Makes a node and numbers it.
    mutating func node(_ form: Expression.Form, _ offset: Int, depth: Int) throws(SyntaxIssue) -> Expression {
        guard depth <= Self.maximumDepth else {
            throw Self.tooDeep(offset)
        }
        guard nodeCount < Self.maximumNodes else {
            let message = "the expression, its macros expanded, has more than \(Self.maximumNodes) parts"
            throw SyntaxIssue(message: message, offset: offset, isLimit: true)
        }
        defer { nodeCount += 1 }
        return Expression(id: nodeCount, offset: offset, depth: depth, form: form)
    }

    /// Makes a call that no macro is asked about.
    mutating func call(
        _ function: String,
        target: Expression? = nil,
        _ arguments: [Expression],
        _ offset: Int
    ) throws(SyntaxIssue) -> Expression {
        var depth = target?.depth ?? 0
        for argument in arguments { depth = max(depth, argument.depth) }
        return try node(.call(function: function, target: target, arguments: arguments), offset, depth: depth + 1)
    }

    /// Completes the call whose closing parenthesis has been read.
    private mutating func closeCall() throws(SyntaxIssue) {
        let frame = close()
        let arguments = Array(operands[frame.base...])
        operands.removeSubrange(frame.base...)
        let target = frame.kind == .method ? operands.removeLast() : nil
        if let macro = Macro.find(frame.name, arity: arguments.count, isMember: target != nil, in: profile) {
            let macroCall = Macro.Call(offset: frame.offset, name: frame.name, target: target, arguments: arguments)
            do throws(SyntaxIssue) {
                if let expansion = try macro.expansion(&self, macroCall) {
                    operands.append(expansion)
                    return
                }
            } catch  where !error.isLimit {
                issues.append(error)
            }
        }
        operands.append(try call(frame.name, target: target, arguments, frame.offset))
    }

    /// Completes the list, map or object whose closing bracket has been read.
    private mutating func closeLiteral() throws(SyntaxIssue) {
        let frame = close()
        let parts = Array(operands[frame.base...])
        operands.removeSubrange(frame.base...)
        let optional = Set(frame.optional)
        var depth = 0
        for part in parts { depth = max(depth, part.depth) }
        let form: Expression.Form
        switch frame.kind {
        case .map:
            form = .map(
                (0..<parts.count / 2).map {
                    Expression.Entry(
                        key: parts[$0 * 2],
                        value: parts[$0 * 2 + 1],
                        isOptional: optional.contains($0)
                    )
                }
            )
        case .object:
            form = .object(
                name: frame.name,
                fields: zip(frame.fields, parts).enumerated().map { place, field in
                    Expression.Field(
                        name: field.0.name,
                        offset: field.0.offset,
                        value: field.1,
                        isOptional: optional.contains(place)
                    )
                }
            )
        default:
            form = .list(parts, optional: frame.optional)
        }
        operands.append(try node(form, frame.offset, depth: depth + 1))
    }
}

extension Expression {
    /// The name that a chain of plain selections spells, such as `a.b.c`; nil for any other expression.
    var qualifiedName: String? {
        var fields: [String] = []
        var current = self
        while case .select(let operand, let field, false) = current.form {
            fields.append(field)
            current = operand
        }
        guard case .identifier(let root) = current.form else { return nil }
        guard !fields.isEmpty else { return root }
        return root + "." + fields.reversed().joined(separator: ".")
    }

    /// Where a chain of selections begins.
    var startOffset: Int {
        var current = self
        while case .select(let operand, _, _) = current.form { current = operand }
        return current.offset
    }
}
