extension Library {
    /// Kubernetes' functions on lists (`apiserver/pkg/cel/library/lists.go`, version 0).
    static let kubernetesLists = Library(
        name: "kubernetes.lists",
        functions: [
            Function(
                name: "isSorted",
                overloads: rows("is_sorted_bool", CELType.comparable, .bool, KubernetesLists.isSorted)
            ),
            Function(name: "sum", overloads: rows("sum", [.int, .uint, .double, .duration], nil, KubernetesLists.sum)),
            Function(
                name: "min",
                overloads: rows("min", CELType.comparable, nil) { (list, _, evaluation) throws(CELError) in
                    try KubernetesLists.extreme(list, "min", 1, evaluation)
                }
            ),
            Function(
                name: "max",
                overloads: rows("max", CELType.comparable, nil) { (list, _, evaluation) throws(CELError) in
                    try KubernetesLists.extreme(list, "max", -1, evaluation)
                }
            ),
            Function(
                "indexOf",
                .method(
                    "list_a_index_of_int",
                    [.list(.parameter("A")), .parameter("A")],
                    .int,
                    availability: .kubernetesOnly(),
                    named: .tree,
                    .binary(KubernetesLists.indexOf)
                )
            ),
            Function(
                "lastIndexOf",
                .method(
                    "list_a_last_index_of_int",
                    [.list(.parameter("A")), .parameter("A")],
                    .int,
                    availability: .kubernetesOnly(),
                    named: .tree,
                    .binary(KubernetesLists.lastIndexOf)
                )
            ),
        ]
    )

    private typealias OfList = @Sendable (CELValue, CELType, borrowing Evaluation) throws(CELError) -> CELValue

    /// A row for each type of elements; without a result the rows give an element's type.
    private static func rows(
        _ name: String,
        _ types: [CELType],
        _ result: CELType?,
        _ implementation: @escaping OfList
    ) -> [Overload] {
        types.map { type in
            let short = shortName(type)
            return .method(
                result == nil ? "list_\(short)_\(name)_\(short)" : "list_\(short)_\(name)",
                [.list(type)],
                result ?? type,
                availability: .kubernetesOnly(),
                named: .tree,
                .unary { (list, evaluation) throws(CELError) in try implementation(list, type, evaluation) }
            )
        }
    }

    private static func shortName(_ type: CELType) -> String {
        switch type {
        case .duration: "duration"
        case .timestamp: "timestamp"
        default: type.runtimeName
        }
    }
}

private enum KubernetesLists {
    static func isSorted(
        _ list: CELValue,
        _ type: CELType,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> CELValue {
        let elements = evaluation.elements(of: list)
        for (element, next) in zip(elements, elements.dropFirst()) where try order(element, next, evaluation) == 1 {
            return .bool(false)
        }
        return .bool(true)
    }

    /// The least (`sign` 1) or greatest (-1) element; of equal ones the first.
    static func extreme(
        _ list: CELValue,
        _ name: String,
        _ sign: Int,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> CELValue {
        let elements = evaluation.elements(of: list)
        guard var result = elements.first else {
            throw CELError(.invalidArgument, "\(name) called on empty list")
        }
        for element in elements.dropFirst() where try order(result, element, evaluation) == sign { result = element }
        return result
    }

    /// The order of two elements; nil for numbers of which one is NaN, which are neither sorted nor not.
    private static func order(
        _ first: CELValue,
        _ second: CELValue,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> Int? {
        switch (first, second) {
        case (.double(let number), _) where number.isNaN: nil
        case (_, .double(let number)) where number.isNaN: nil
        default: try evaluation.order(first, second)
        }
    }

    static func sum(
        _ list: CELValue,
        _ type: CELType,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> CELValue {
        let elements = evaluation.elements(of: list)
        var sum: CELValue =
            switch elements.first.map({ evaluation.type(of: $0) }) ?? type {
            case .uint: .uint(0)
            case .double: .double(0)
            case .duration: .duration(DurationValue(nanoseconds: 0))
            default: .int(0)
            }
        for element in elements {
            switch (sum, element) {
            case (.int(let first), .int(let second)):
                let (result, overflow) = first.addingReportingOverflow(second)
                guard !overflow else { throw CELError(.arithmetic, "integer overflow") }
                sum = .int(result)
            case (.uint(let first), .uint(let second)):
                let (result, overflow) = first.addingReportingOverflow(second)
                guard !overflow else { throw CELError(.arithmetic, "unsigned integer overflow") }
                sum = .uint(result)
            case (.double(let first), .double(let second)): sum = .double(first + second)
            case (.duration(let first), .duration(let second)):
                let (result, overflow) = first.totalNanoseconds.addingReportingOverflow(second.totalNanoseconds)
                guard !overflow else { throw CELError(.arithmetic, "duration overflow") }
                sum = .duration(DurationValue(nanoseconds: result))
            default:
                throw CELError(
                    .noSuchOverload,
                    "no such overload: \(evaluation.typeName(of: sum)) + \(evaluation.typeName(of: element))"
                )
            }
        }
        return sum
    }

    static func indexOf(
        _ list: CELValue,
        _ element: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        for (index, other) in evaluation.elements(of: list).enumerated() where try evaluation.compare(other, element) {
            return .int(Int64(index))
        }
        return .int(-1)
    }

    static func lastIndexOf(
        _ list: CELValue,
        _ element: CELValue,
        _ evaluation: inout Evaluation
    ) throws(CELError) -> CELValue {
        let elements = evaluation.elements(of: list)
        for index in elements.indices.reversed() where try evaluation.compare(elements[index], element) {
            return .int(Int64(index))
        }
        return .int(-1)
    }
}
