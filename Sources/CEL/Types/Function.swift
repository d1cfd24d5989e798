/// A set of functions that profiles take in whole or by version.
struct Library: Sendable {
    /// The name that people know it by, such as `strings`.
    let name: String
    let functions: [Function]
    /// The types that it makes values of, each of which is a name in expressions (`type(x) == net.IP`); a profile has them if
    /// it has a function that gives one.
    let types: [CELType]

    init(name: String, types: [CELType] = [], functions: [Function]) {
        self.name = name
        self.types = types
        self.functions = functions
    }
}

/// A function: a name and what it can be applied to.
struct Function: Sendable {
    /// The name as it is called; operators have cel-go's names (`_+_`).
    let name: String
    let overloads: [Overload]
}

/// One signature of a function, with what it does and what it costs.
struct Overload: Sendable {
    /// Unique among all overloads; cel-go's or Kubernetes' own identifier where there is one.
    let id: String
    /// Whether the first parameter is the target of a method.
    let isMember: Bool
    /// The target, if it has one, and the arguments.
    let parameters: [CELType]
    let result: CELType
    /// The profiles that have it.
    let availability: Availability
    /// What Kubernetes' accounting charges for a call.
    let cost: CallCost
    /// Whether the cost is the function's, whichever overload it is.
    ///
    /// Kubernetes knows a call's overload only if the checker left one; of the calls whose arguments are `dyn` and leave
    /// several, those whose name its `cost.go` lists are charged by it and all others one unit.
    let isCostByName: Bool
    let implementation: Implementation

    init(
        _ id: String,
        isMember: Bool = false,
        _ parameters: [CELType],
        _ result: CELType,
        availability: Availability = .everywhere,
        cost: CallCost = .one,
        isCostByName: Bool = false,
        _ implementation: Implementation
    ) {
        self.id = id
        self.isMember = isMember
        self.parameters = parameters
        self.result = result
        self.availability = availability
        self.cost = cost
        self.isCostByName = isCostByName
        self.implementation = implementation
    }
}

/// Which profiles have a function.
struct Availability: Sendable {
    /// Whether the standard profile has it.
    let isStandard: Bool
    /// The first minor version of Kubernetes 1 that has it; nil for none.
    let kubernetes: Int?

    static let everywhere = Availability(isStandard: true, kubernetes: 0)
    static let standardOnly = Availability(isStandard: true, kubernetes: nil)

    /// In the standard profile, and in Kubernetes from a minor version on.
    static func everywhere(kubernetes minor: Int) -> Availability { Availability(isStandard: true, kubernetes: minor) }

    /// In Kubernetes alone.
    static func kubernetesOnly(from minor: Int = 0) -> Availability {
        Availability(isStandard: false, kubernetes: minor)
    }
}

/// What a call does.
///
/// Arguments are never errors; they have the kinds of the overload's parameters.
enum Implementation: Sendable {
    case nullary(@Sendable (inout Evaluation) throws(CELError) -> CELValue)
    case unary(@Sendable (CELValue, inout Evaluation) throws(CELError) -> CELValue)
    case binary(@Sendable (CELValue, CELValue, inout Evaluation) throws(CELError) -> CELValue)
    case ternary(@Sendable (CELValue, CELValue, CELValue, inout Evaluation) throws(CELError) -> CELValue)
    /// All arguments at once, as many as the overload has parameters.
    case variadic(@Sendable ([CELValue], inout Evaluation) throws(CELError) -> CELValue)
    /// Not called but planned by the engine: `_&&_`, `_||_`, `_?_:_`, `_[_]`, `@not_strictly_false` and their like.
    case planned
}

/// What Kubernetes' runtime accounting charges for a call (cel-go `interpreter/runtimecost.go`, Kubernetes
/// `apiserver/pkg/cel/library/cost.go`).
enum CallCost: Sendable {
    /// One unit, as for every function that nothing else is said of.
    case one
    /// Nothing.
    case free
    /// A tenth of a unit for each code point, byte or element of the argument at a place, rounded up, times a factor.
    case size(of: Int, times: UInt64)
    /// What a closure makes of the arguments and the result.
    case computed(@Sendable ([CELValue], _ result: CELValue, inout Evaluation) -> UInt64)
}
