// What calls stand for: the function that a name is, and those of its overloads that the arguments fit.
extension Checker {
    mutating func beginCall(_ node: Expression) {
        guard case .call(let name, let target, let arguments) = node.form else { return }
        if target == nil, name == "_?._" {
            later(.complete(node))
            return later(.check(arguments[0]))
        }
        if target == nil, name == "cel.@block" { return later(.continueBlock(node, 0)) }
        let named = function(name)
        if named == nil, reportMacroMisuse(node) { return }
        var function = named
        var isMethod = target != nil
        if let target {
            // `a.b.c()` is the function `a.b.c`, or else the method `c` of `a.b`.
            if mayBeNamespace(target), let namespace = target.qualifiedName,
                let namespaced = self.function(namespace + "." + name), !namespaced.functions.isEmpty
            {
                function = namespaced
                isMethod = false
            } else if isMisspelledNamespace(target, name) {
                function = nil
                isMethod = false
            }
        }
        if let function {
            later(.resolve(node, function, isMethod: isMethod))
        } else {
            reportUnknownFunction(node)
        }
        for argument in arguments.reversed() { later(.check(argument)) }
        if isMethod, let target { later(.check(target)) }
    }

    /// Finishes those constructs of the language that have the form of a call.
    mutating func completeCall(_ node: Expression) {
        guard case .call(let name, _, let arguments) = node.form else { return }
        if name == "_?._" {
            completeOptionalSelect(node, arguments[0], arguments[1])
        } else if case .list(let bindings, _) = arguments[0].form {
            completeBlock(node, bindings, arguments[1])
        }
    }

    /// A function by its name, in the containers from the inside out.
    private func function(_ name: String) -> FunctionTable.Entry? {
        let entries = environment.table.entries
        if name.utf8.first == UInt8(ascii: ".") { return entries[String(name.dropFirst())] }
        for prefix in environment.prefixes {
            if let entry = entries[prefix.isEmpty ? name : prefix + name] { return entry }
        }
        return nil
    }

    /// Whether the target of a call begins as the name of a function with dots does.
    private func mayBeNamespace(_ target: Expression) -> Bool {
        var current = target
        while case .select(let operand, _, false) = current.form { current = operand }
        guard case .identifier(let root) = current.form else { return false }
        return environment.prefixes.count > 1 || root.utf8.first == UInt8(ascii: ".")
            || environment.table.namespaces.contains(root)
    }

    /// Leaves those overloads whose parameters the arguments fit; of a method, the target is the first argument.
    mutating func resolve(_ node: Expression, _ function: FunctionTable.Entry, isMethod: Bool) {
        guard case .call(_, let target, let arguments) = node.form else { return }
        let candidates = isMethod ? function.methods : function.functions
        let count = arguments.count + (isMethod ? 1 : 0)
        if isUnchecked {
            return refer(node, to: .overloads(candidates.map(\.overload).filter { $0.parameters.count == count }))
        }
        var types: [CELType] = []
        types.reserveCapacity(count)
        if isMethod, let target { types.append(type(of: target)) }
        for argument in arguments { types.append(type(of: argument)) }
        var first: FunctionTable.Candidate?
        var others: [Overload] = []
        var result = CELType.dyn
        for candidate in candidates where candidate.overload.parameters.count == types.count {
            var parameters = candidate.overload.parameters
            var candidateResult = candidate.overload.result
            if candidate.isGeneric { (parameters, candidateResult) = unifier.instance(candidate.overload) }
            guard unifier.areAssignable(types, parameters) else { continue }
            candidateResult = unifier.resolve(candidateResult)
            if first == nil {
                first = candidate
                result = candidateResult
            } else {
                others.append(candidate.overload)
                if candidateResult != result { result = .dyn }
            }
        }
        guard let first else { return reportNoOverload(node, function.name, isMethod: isMethod, candidates, types) }
        refer(node, to: .overloads(others.isEmpty ? first.alone : first.alone + others))
        set(node, result)
    }

    // MARK: Messages

    private mutating func reportNoOverload(
        _ node: Expression,
        _ name: String,
        isMethod: Bool,
        _ candidates: [FunctionTable.Candidate],
        _ types: [CELType]
    ) {
        guard case .call(_, _, let arguments) = node.form else { return }
        guard wantsIssues else { return }
        // The operands of `&&` and `||` are told apart: it is one of them that is not a truth value.
        if name == "_&&_" || name == "_||_" {
            for (argument, type) in zip(arguments, types) { require(argument, type, is: .bool) }
            return
        }
        let found = Signature.text(name, types.map { describe($0) }, isMethod: isMethod)
        guard !candidates.isEmpty else {
            let kind = isMethod ? "a function, not a method: write \(name)(x)" : "a method: write x.\(name)()"
            return report("'\(name)' is \(kind)", at: node.offset)
        }
        // Those that begin alike are the likeliest.
        let sameFirst = candidates.filter { $0.overload.parameters.first == types.first }
        let shown = sameFirst.isEmpty ? candidates : sameFirst
        let known = shown.prefix(Signature.maximumShown).map { candidate in
            Signature.text(name, candidate.overload.parameters.map(\.description), isMethod: isMethod)
        }
        let more = shown.count > known.count ? ", …" : ""
        report("there is no \(found); there is \(known.joined(separator: ", "))\(more)", at: node.offset)
    }

    /// Whether the target of a call is a single name that nothing has, so that it was meant as a library's.
    private func isMisspelledNamespace(_ target: Expression, _ name: String) -> Bool {
        guard !isUnchecked, case .identifier(let root) = target.form, local(root) == nil else { return false }
        guard environment.prefixes.allSatisfy({ environment.variableNumbers[$0 + root] == nil }) else { return false }
        return environment.table.namespaces.contains(root) || Library.isFunction(root + "." + name)
    }

    /// Tells how a macro is used whose arguments are not checked, because its variables are not known.
    ///
    /// - Returns: Whether the call was meant to be one.
    private mutating func reportMacroMisuse(_ node: Expression) -> Bool {
        guard !isUnchecked, case .call(let name, let target, let arguments) = node.form,
            let message = Macro.misuse(name, target: target, arguments: arguments.count, environment.profile)
        else { return false }
        report(message, at: node.offset)
        return true
    }

    private mutating func reportUnknownFunction(_ node: Expression) {
        guard case .call(let function, let target, _) = node.form else { return }
        guard !isUnchecked else { return refer(node, to: .overloads([])) }
        guard wantsIssues else { return }
        var name = function
        if let namespace = target?.qualifiedName, isMisspelledNamespace(target ?? node, function) {
            name = namespace + "." + function
        }
        if Library.isFunction(name) {
            return report("\(environment.profile.description) does not have '\(name)'", at: node.offset)
        }
        let hint = Suggestion.text(
            for: name,
            among: Array(environment.table.entries.keys) + Macro.names(in: environment.profile)
        )
        report("there is no function '\(name)'\(hint)", at: node.offset)
    }
}

extension Library {
    /// Whether some profile has a function of a name.
    static func isFunction(_ name: String) -> Bool {
        all.contains { library in library.functions.contains { $0.name == name } }
    }
}

extension Profile: CustomStringConvertible {
    /// The profile as messages name it, such as `Kubernetes 1.30`.
    public var description: String {
        switch self {
        case .standard: "standard CEL"
        case .kubernetes(let minor): "Kubernetes 1.\(minor)"
        }
    }
}

/// How messages show a call.
enum Signature {
    /// The most overloads that a message lists.
    static let maximumShown = 6

    /// `int + string`, `string.startsWith(int)`, `size(int)`, `list(int)[string]`.
    static func text(_ name: String, _ types: [String], isMethod: Bool) -> String {
        switch (name, types.count) {
        case ("_[_]", 2): return "\(types[0])[\(types[1])]"
        case ("_[?_]", 2): return "\(types[0])[?\(types[1])]"
        case ("_?_:_", 3): return "\(types[0]) ? \(types[1]) : \(types[2])"
        case ("@in", 2): return "\(types[0]) in \(types[1])"
        case ("!_", 1): return "!\(types[0])"
        case ("-_", 1): return "-\(types[0])"
        case (_, 2) where name.utf8.first == UInt8(ascii: "_") && name.utf8.last == UInt8(ascii: "_"):
            return "\(types[0]) \(name.dropFirst().dropLast()) \(types[1])"
        default:
            // `math.@max` is what `math.greatest` becomes.
            let shown = name == "math.@max" ? "math.greatest" : name == "math.@min" ? "math.least" : name
            guard isMethod, let target = types.first else { return "\(shown)(\(types.joined(separator: ", ")))" }
            return "\(target).\(shown)(\(types.dropFirst().joined(separator: ", ")))"
        }
    }
}

/// What a name that nothing has may have been meant to be.
enum Suggestion {
    /// The longest name that anything is suggested for, in bytes.
    private static let maximumBytes = 64

    /// `; did you mean 'b'?` with the name that is nearest by edit distance, or nothing if none is near.
    static func text(for name: String, among names: [String]) -> String {
        let wanted = Array(name.utf8)
        guard wanted.count <= maximumBytes else { return "" }
        var best: (name: String, distance: Int)?
        // Of the shortest names, nothing would be left of what was written.
        let limit = wanted.count < 3 ? 0 : max(1, wanted.count / 3)
        for candidate in names where abs(candidate.utf8.count - wanted.count) <= limit {
            let distance = distance(wanted, Array(candidate.utf8))
            guard distance <= limit else { continue }
            // Of names that are equally near, the first by the alphabet, so that the message is always the same.
            if let best, (best.distance, best.name) <= (distance, candidate) { continue }
            best = (candidate, distance)
        }
        return best.map { "\(CELCompileError.Issue.question)\($0.name)'?" } ?? ""
    }

    /// How many bytes have to be added, taken away, changed or swapped with their neighbour.
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for i in first.indices {
            var current = [i + 1]
            for j in second.indices {
                var least = min(previous[j + 1], current[j]) + 1
                least = min(least, previous[j] + (first[i] == second[j] ? 0 : 1))
                if i > 0, j > 0, first[i] == second[j - 1], first[i - 1] == second[j] {
                    least = min(least, beforePrevious[j - 1] + 1)
                }
                current.append(least)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[second.count]
    }
}
