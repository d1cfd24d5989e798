internal import Synchronization

/// The functions and types of a profile, by name: made once and shared by every environment.
final class FunctionTable: Sendable {
    /// An overload, prepared for the checker.
    struct Candidate: Sendable {
        let overload: Overload
        /// The overload as the only one of a list, so that a call that it alone fits needs no list of its own.
        let alone: [Overload]
        /// Whether its types have parameters.
        let isGeneric: Bool

        init(_ overload: Overload) {
            self.overload = overload
            alone = [overload]
            isGeneric = overload.result.hasParameters || overload.parameters.contains { $0.hasParameters }
        }
    }

    /// What can be called by one name.
    final class Entry: Sendable {
        let name: String
        /// Without a target.
        let functions: [Candidate]
        /// With a target.
        let methods: [Candidate]

        fileprivate init(_ name: String, _ overloads: [Overload]) {
            self.name = name
            functions = overloads.filter { !$0.isMember }.map(Candidate.init)
            methods = overloads.filter(\.isMember).map(Candidate.init)
        }

        /// All of them.
        fileprivate var overloads: [Overload] { functions.map(\.overload) + methods.map(\.overload) }
    }

    let entries: [String: Entry]
    /// What the names of functions with dots begin with, such as `math`.
    let namespaces: Set<String>
    /// The types that have names of their own because a library makes values of them.
    let types: [String: CELType]

    private init(entries: [String: Entry], types: [String: CELType]) {
        self.entries = entries
        self.types = types
        namespaces = Set(entries.keys.compactMap(Self.firstComponent))
    }

    /// The functions of a profile.
    private convenience init(_ profile: Profile) {
        var overloads: [String: [Overload]] = [:]
        var types: [String: CELType] = [:]
        for library in Library.all {
            var results: Set<CELType> = []
            for function in library.functions {
                for overload in function.overloads where overload.availability.includes(profile) {
                    overloads[function.name, default: []].append(overload)
                    results.insert(overload.result)
                    if case .optional(let value) = overload.result { results.insert(value) }
                }
            }
            // The language's own types have names in every profile.
            for case .opaque(let name) in library.types where results.contains(.opaque(name)) {
                types[name] = .opaque(name)
            }
        }
        self.init(entries: Self.entries(overloads), types: types)
    }

    /// These functions and those of a host.
    func adding(_ functions: [String: [Overload]]) -> FunctionTable {
        guard !functions.isEmpty else { return self }
        var entries = entries
        for (name, overloads) in functions {
            entries[name] = Entry(name, (entries[name]?.overloads ?? []) + overloads)
        }
        return FunctionTable(entries: entries, types: types)
    }

    private static func entries(_ overloads: [String: [Overload]]) -> [String: Entry] {
        Dictionary(uniqueKeysWithValues: overloads.map { ($0, Entry($0, $1)) })
    }

    private static let shared = Mutex<[Profile: FunctionTable]>([:])

    /// The table of a profile, made when it is first asked for.
    static func table(for profile: Profile) -> FunctionTable {
        shared.withLock { tables in
            if let table = tables[profile] { return table }
            let table = FunctionTable(profile)
            tables[profile] = table
            return table
        }
    }

    /// What is before the first dot of a name; nil if there is none.
    static func firstComponent(_ name: String) -> String? {
        name.utf8.firstIndex(of: UInt8(ascii: ".")).map { String(name[..<$0]) }
    }
}

extension CELType {
    /// Whether a parameter of a declaration is part of it.
    var hasParameters: Bool {
        switch self {
        case .parameter: true
        case .list(let part), .optional(let part), .type(let part): part.hasParameters
        case .map(let key, let value): key.hasParameters || value.hasParameters
        default: false
        }
    }
}
