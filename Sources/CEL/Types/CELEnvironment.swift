/// What expressions are compiled against: a profile, the variables and the types of the host.
public struct CELEnvironment: Sendable {
    /// A variable that the host supplies.
    public struct Variable: Sendable {
        /// The name, with dots if it has a container (`com.example.x`).
        public let name: String
        /// `.dyn` for JSON.
        public let type: CELType

        /// A variable of a type.
        public init(_ name: String, _ type: CELType) {
            self.name = name
            self.type = type
        }
    }

    /// A type with fields; selecting any other field does not compile.
    public struct ObjectType: Sendable {
        /// The name that `.object` refers to.
        public let name: String
        /// The types of its fields by name.
        public let fields: [String: CELType]

        /// A type with these fields.
        public init(_ name: String, fields: [String: CELType]) {
            self.name = name
            self.fields = fields
        }
    }

    /// A function that the host supplies, besides those of the profile's libraries.
    public struct Function: Sendable {
        /// What it does.
        ///
        /// Arguments have the kinds of its parameters and are never errors; a target is the first of them.
        public typealias Body = @Sendable ([CELValue], inout Evaluation) throws(CELError) -> CELValue

        let name: String
        let overload: Overload

        /// A function.
        ///
        /// - Parameters:
        ///   - name: As it is called.
        ///   - isMember: Whether the first parameter is the target of a method.
        ///   - parameters: The target, if it has one, and the arguments.
        ///   - result: What it gives.
        ///   - cost: Units that a call is charged.
        ///   - body: What it does.
        public init(
            _ name: String,
            isMember: Bool = false,
            _ parameters: [CELType],
            _ result: CELType,
            cost: UInt64 = 1,
            _ body: @escaping Body
        ) {
            self.name = name
            overload = Overload(
                "host_\(name)",
                isMember: isMember,
                parameters,
                result,
                cost: cost == 1 ? .one : .computed { _, _, _ in cost },
                .variadic(body)
            )
        }
    }

    /// The functions and rules of the language.
    public let profile: Profile
    /// In the order in which an evaluation's variables are bound.
    public let variables: [Variable]
    /// The host's types by name.
    public let objects: [String: ObjectType]
    /// A type whose literals may have any fields of type `dyn`, as may those of the types below it (`Object.spec`).
    ///
    /// The apply configurations of Kubernetes' mutations are such (`Object`). Literals become a `StructValue`.
    public let openObject: String?
    /// Where names without a leading dot are looked up first, such as `com.example`.
    public let container: String

    /// The functions of the profile and of the host.
    let table: FunctionTable

    /// The places of the variables by name.
    let variableNumbers: [String: Int]

    /// What the names of variables and types with dots begin with: where `a.b` may be one name.
    let dottedRoots: Set<String>

    /// What to put before a name, in the order in which it is looked up: `a.b.`, `a.` and nothing for the container `a.b`.
    let prefixes: [String]

    /// An environment.
    public init(
        _ profile: Profile,
        variables: [Variable] = [],
        objects: [ObjectType] = [],
        functions: [Function] = [],
        openObject: String? = nil,
        container: String = ""
    ) {
        self.profile = profile
        self.variables = variables
        let hostFunctions = Dictionary(grouping: functions, by: \.name).mapValues { $0.map(\.overload) }
        table = FunctionTable.table(for: profile).adding(hostFunctions)
        self.openObject = openObject
        self.objects = Dictionary(objects.map { ($0.name, $0) }) { first, _ in first }
        self.container = container
        variableNumbers = Dictionary(variables.enumerated().map { ($1.name, $0) }) { first, _ in first }
        let names = variables.map(\.name) + objects.map(\.name) + table.types.keys + WellKnownType.all.keys
        dottedRoots = Set(names.compactMap(FunctionTable.firstComponent))
        var prefixes: [String] = []
        var outer = container
        while !outer.isEmpty {
            prefixes.append(outer + ".")
            outer = outer.utf8.lastIndex(of: UInt8(ascii: ".")).map { String(outer[..<$0]) } ?? ""
        }
        self.prefixes = prefixes + [""]
    }
}

/// A version of the language: the functions that exist, and the quirks of those who speak it.
public enum Profile: Hashable, Sendable {
    /// The specification with all its extension libraries.
    case standard
    /// What a release of Kubernetes 1 speaks, by its minor version, 30 to 36.
    case kubernetes(Int)

    /// Every profile there is.
    public static let all = [.standard] + (30...36).map { Profile.kubernetes($0) }
}

extension Profile {
    /// A profile by its name: `standard`, or `kubernetes-1.30` and its successors.
    public init?(name: String) {
        guard let profile = Self.all.first(where: { $0.name == name }) else { return nil }
        self = profile
    }

    /// The name by which settings and commands know it.
    public var name: String {
        switch self {
        case .standard: "standard"
        case .kubernetes(let minor): "kubernetes-1.\(minor)"
        }
    }
}
