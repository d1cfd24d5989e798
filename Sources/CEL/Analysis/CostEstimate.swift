extension CELOutline {
    /// What evaluating the expression costs at most, in units of Kubernetes' accounting.
    ///
    /// An upper bound by sizes alone. The parts of a value are together no larger than the value, so that a loop over the
    /// elements of elements costs their sum and only loops over different lists cost a product; a list of so many bytes of
    /// JSON has at most half as many elements. What cannot be bounded in a moment is infinite.
    ///
    /// - Parameter bounds: How large the value of a field may be; asked for the variables of the environment.
    /// - Returns: Units, with those of the variables that it reads.
    public func costEstimate(_ bounds: @escaping (OutlinePath) -> Bounds) -> Double {
        var estimates: [String: Size] = [:]
        var total = 0.0
        let used = usedVariables.sorted {
            (variables[$0]?.usedVariables.count ?? 0, $0) < (variables[$1]?.usedVariables.count ?? 0, $1)
        }
        for name in used {
            guard let variable = variables[name] else { continue }
            var estimate = CostEstimate(estimates, bounds)
            let result = estimate.estimate(variable.root)
            estimates[name] = result.size
            total += result.cost
        }
        var estimate = CostEstimate(estimates, bounds)
        return min(total + estimate.estimate(root).cost, CostEstimate.infinity)
    }

    /// How large the value of a field may be.
    public struct Bounds: Sendable {
        /// Bytes of it as JSON.
        public let bytes: Double
        /// Whether it is a map, in which finding a key costs one unit.
        public let isMap: Bool

        /// Says so.
        public init(bytes: Double, isMap: Bool = false) {
            self.bytes = bytes
            self.isMap = isMap
        }
    }

    /// How large a value is at most.
    fileprivate struct Size {
        /// Code points of a string, bytes of JSON: what going through all of it is charged for.
        var total: Double
        /// Elements of a list, entries of a map.
        var count: Double
        var isMap = false

        static let scalar = Size(total: 1, count: 1)
        static let nothing = Size(total: 0, count: 0)

        /// JSON of so many bytes: an element takes two with its comma.
        init(json bytes: Double) {
            total = bytes
            count = bytes / 2
        }

        init(total: Double, count: Double) {
            self.total = total
            self.count = count
        }
    }

    fileprivate struct CostEstimate {
        /// What stands for more than can be told; products of it are still numbers.
        static let infinity = 1e100
        /// How many nodes are looked at: the body of a loop is looked at twice, with elements and with nothing in them.
        private static let maximumVisits = 200_000
        /// As deep as the JSON of reviews may be.
        private static let maximumDepth = 512.0
        /// As many elements as lists can have while a program makes them.
        private static let maximumElements = 1_000_000.0

        private let variables: [String: Size]
        private let bounds: (OutlinePath) -> Bounds
        private var locals: [(name: String, size: Size)] = []
        private var visits = 0
        private let walk: PresenceWalk

        init(_ variables: [String: Size], _ bounds: @escaping (OutlinePath) -> Bounds) {
            self.variables = variables
            self.bounds = bounds
            walk = PresenceWalk([:], scope: "", { _ in false })
        }

        typealias Estimate = (cost: Double, size: Size)

        mutating func estimate(_ node: Expression) -> Estimate {
            visits += 1
            guard visits <= Self.maximumVisits else { return (Self.infinity, Size(json: Self.infinity)) }
            switch node.form {
            case .constant(.string(let text)):
                let length = Double(text.unicodeScalars.count)
                return (0, Size(total: length, count: length))
            case .constant(.bytes(let bytes)): return (0, Size(total: Double(bytes.count), count: Double(bytes.count)))
            case .constant: return (0, .scalar)
            case .identifier(let name): return (1, locals.last { $0.name == name }?.size ?? size(of: node) ?? .scalar)
            case .select(let operand, let field, let isTest):
                if case .identifier(CELOutline.variablesName) = operand.form, let size = variables[field] {
                    return (2, size)
                }
                let (cost, size) = estimate(operand)
                return (cost + 1, isTest ? .scalar : part(of: size, at: node))
            case .list(let elements, _):
                let (cost, sizes) = estimate(all: elements)
                let total = sizes.reduce(Double(elements.count)) { $0 + $1.total }
                return (cost + 10, Size(total: total, count: Double(elements.count)))
            case .map(let entries):
                let (cost, sizes) = estimate(all: entries.flatMap { [$0.key, $0.value] })
                let total = sizes.reduce(Double(entries.count)) { $0 + $1.total }
                return (cost + 30, Size(total: total, count: Double(entries.count)))
            case .object(_, let fields):
                let (cost, sizes) = estimate(all: fields.map(\.value))
                return (cost + 40, Size(total: sizes.reduce(1) { $0 + $1.total }, count: Double(fields.count)))
            case .call(let function, let target, let arguments):
                if let library = node.libraryCall { return estimate(node, library, arguments) }
                return estimate(node, function, (target.map { [$0] } ?? []) + arguments)
            case .comprehension(let fold): return estimate(fold)
            }
        }

        private mutating func estimate(all nodes: [Expression]) -> (cost: Double, sizes: [Size]) {
            var cost = 0.0
            var sizes: [Size] = []
            for node in nodes {
                let found = estimate(node)
                cost += found.cost
                sizes.append(found.size)
            }
            return (cost, sizes)
        }

        /// How large the field is that a node stands for, if the host says so.
        private func size(of node: Expression) -> Size? {
            guard let path = walk.reference(to: node)?.path, !locals.contains(where: { $0.name == path.variable })
            else {
                return nil
            }
            let bounds = bounds(path)
            var size = Size(json: bounds.bytes)
            size.isMap = bounds.isMap
            return size
        }

        private func part(of whole: Size, at node: Expression) -> Size {
            guard let named = size(of: node) else { return Size(json: whole.total) }
            var part = Size(json: min(whole.total, named.total))
            part.isMap = named.isMap
            return part
        }

        // MARK: Calls

        private mutating func estimate(
            _ node: Expression,
            _ function: String,
            _ arguments: [Expression]
        ) -> Estimate {
            let (operands, sizes) = estimate(all: arguments)
            let cost = min(operands + Self.cost(function, sizes), Self.infinity)
            switch function {
            case "_?_:_":
                let one = sizes.dropFirst().first ?? .scalar
                let other = sizes.last ?? .scalar
                return (cost, Size(total: max(one.total, other.total), count: max(one.count, other.count)))
            case "_[_]", "_[?_]", "_?._":
                return (cost, part(of: sizes.first ?? .scalar, at: node))
            case "cel.@block": return (cost, sizes.last ?? .scalar)
            case "lists.range":
                let size = Self.size(function, arguments, sizes)
                return (cost + size.count, size)
            case "flatten":
                // What is flattened is no deeper than JSON may be.
                return (cost * Self.maximumDepth, Self.size(function, arguments, sizes))
            default: return (cost, Self.size(function, arguments, sizes))
            }
        }

        /// The most that a call is charged, operands aside.
        private static func cost(_ function: String, _ sizes: [Size]) -> Double {
            let first = sizes.first ?? .scalar
            let second = sizes.dropFirst().first ?? .scalar
            let all = sizes.reduce(0) { $0 + $1.total }
            switch function {
            case "_&&_", "_||_", "_?_:_", "@not_strictly_false": return 1
            case "!_", "-_", "_-_", "_*_", "_/_", "_%_", "_[_]", "_[?_]", "_?._", "size", "type", "dyn", "hasValue",
                "value", "orValue", "or", "optional.of", "optional.none", "optional.ofNonZeroValue", "cel.@block":
                return 2
            case "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_": return 1 + min(first.total, second.total) / 10
            case "@in": return second.isMap ? 1 : 1 + second.count
            case "_+_", "startsWith", "endsWith": return 2 + all / 10
            case "contains": return (1 + first.total / 10) * (1 + second.total / 10)
            case "indexOf", "lastIndexOf": return 12 + first.count + (1 + first.total / 10) * (1 + second.total / 10)
            case "matches", "find", "findAll", "regex.extract", "regex.extractAll", "regex.replace":
                return (1 + first.total / 10) * (1 + second.total / 4) + all
            case "split", "replace", "lowerAscii", "upperAscii", "trim", "substring", "charAt", "string",
                "int",
                "uint", "double", "bool", "bytes", "timestamp", "duration":
                return 2 + all / 5
            case "join": return 1 + (first.total + first.count * (sizes.count > 1 ? second.total : 0)) / 5
            case "sets.contains", "sets.intersects", "sets.equivalent": return 12 + 2 * first.count * second.count
            case "sort", "@sortByAssociatedKeys", "distinct", "isSorted", "sum", "min", "max":
                return 12 + 2.1 * first.count * first.count
            default: return 12 + all
            }
        }

        /// How large what a call gives is at most.
        private static func size(_ function: String, _ arguments: [Expression], _ sizes: [Size]) -> Size {
            let first = sizes.first ?? .scalar
            let second = sizes.dropFirst().first ?? .nothing
            let all = sizes.reduce(0) { $0 + $1.total }
            switch function {
            case "!_", "_&&_", "_||_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "size", "startsWith",
                "endsWith",
                "contains", "matches", "hasValue", "indexOf", "lastIndexOf", "int", "uint", "double", "bool", "-_",
                "_-_",
                "_*_", "_/_", "_%_", "isSorted", "sum":
                return .scalar
            case "value", "optional.of", "dyn", "lowerAscii", "upperAscii", "trim", "substring", "sort", "distinct",
                "reverse", "slice":
                return first
            case "orValue", "or":
                var size = Size(total: max(first.total, second.total), count: max(first.count, second.count))
                size.isMap = first.isMap
                return size
            case "_+_": return Size(total: all, count: first.count + second.count)
            case "split":
                // The parts have a comma each, and each character may be one.
                return Size(total: first.total * 2 + 1, count: first.total + 1)
            case "join":
                let total = first.total + first.count * second.total
                return Size(total: total, count: total)
            case "replace":
                let new = sizes.count > 2 ? sizes[2].total : 0
                let total = first.total + (first.total + 1) * new
                return Size(total: total, count: total)
            case "string":
                // A number or a time has at most 32 characters.
                let total = max(first.total, 32)
                return Size(total: total, count: total)
            case "lists.range":
                guard case .constant(.int(let count)) = arguments.last?.form else {
                    return Size(total: maximumElements, count: maximumElements)
                }
                return Size(total: Double(max(count, 0)), count: Double(max(count, 0)))
            default: return Size(total: all + 64, count: all + 64)
            }
        }

        // MARK: Loops

        private mutating func estimate(_ fold: Expression.Comprehension) -> Estimate {
            if fold.variable == Macro.unusedVariable {
                let bound = estimate(fold.initial)
                locals.append((fold.accumulator, bound.size))
                defer { locals.removeLast() }
                let result = estimate(fold.result)
                return (min(bound.cost + result.cost + 11, CostEstimate.infinity), result.size)
            }
            let range = estimate(fold.range)
            let count = min(range.size.count, Self.infinity)
            let empty = step(fold, .nothing)
            let full = step(fold, range.size)
            // Each element costs what an empty one does; what more there is comes of what is in them, which is in one of
            // them at most all of it.
            let body = count * (empty.cost + 5) + max(full.cost - empty.cost, 0)
            let cost = min(range.cost + body + 25, Self.infinity)
            switch fold.macro {
            case "map", "filter", "transformList", "transformMap", "transformMapEntry", "sortBy":
                let total = count * empty.size.total + max(full.size.total - empty.size.total, 0)
                return (cost, Size(total: min(total, Self.infinity), count: count))
            default: return (cost, .scalar)
            }
        }

        /// One turn of a loop with an element of a size.
        private mutating func step(_ fold: Expression.Comprehension, _ whole: Size) -> Estimate {
            let count = locals.count
            defer { locals.removeLast(locals.count - count) }
            let element = Size(json: whole.total)
            locals.append((fold.accumulator, .nothing))
            locals.append((fold.variable, element))
            if let second = fold.secondVariable { locals.append((second, element)) }
            let condition = estimate(fold.condition)
            let step = estimate(fold.step)
            return (min(condition.cost + step.cost, Self.infinity), step.size)
        }
    }
}
