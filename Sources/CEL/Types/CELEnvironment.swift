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

    /// The functions and rules of the language.
    public let profile: Profile
    /// In the order in which an evaluation's variables are bound.
    public let variables: [Variable]
    /// The host's types by name.
    public let objects: [String: ObjectType]
    /// Where names without a leading dot are looked up first, such as `com.example`.
    public let container: String

    /// An environment.
    public init(_ profile: Profile, variables: [Variable] = [], objects: [ObjectType] = [], container: String = "") {
        self.profile = profile
        self.variables = variables
        self.objects = Dictionary(objects.map { ($0.name, $0) }) { first, _ in first }
        self.container = container
    }
}

/// A version of the language: the functions that exist, and the quirks of those who speak it.
public enum Profile: Hashable, Sendable {
    /// The specification with all its extension libraries.
    case standard
    /// What a release of Kubernetes 1 speaks, by its minor version, 30 to 36.
    case kubernetes(Int)
}
