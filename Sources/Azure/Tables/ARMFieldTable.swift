import CAzureData

/// Where one field of a kind goes in the body that Azure Resource Manager gets.
public struct ARMField: Hashable, Sendable {
    /// How the value gets there.
    public enum Rule: String, CaseIterable, Sendable {
        /// As it is: text, a number, a truth value.
        case scalar
        /// An object whose members have rows of their own.
        case object
        /// One of several objects, of which the body has the one that is there.
        case oneOf = "oneof-object"
        /// A list of scalars.
        case list
        /// A list of objects.
        case objectList = "object-list"
        /// A map of scalars.
        case map
        /// A map of objects.
        case objectMap = "object-map"
        /// Whatever is written.
        case json
        /// A reference, which becomes a resource ID.
        case reference = "ref"
        /// A reference that may be a word of Azure's instead.
        case wellKnownReference = "ref-wellknown"
        /// A list of references.
        case referenceList = "ref-list"
        /// A map of references.
        case referenceMap = "ref-map"
        /// A list of references that becomes a map with the IDs as keys.
        case referenceSet = "ref-set-to-map"
        /// The name and key of a Secret whose value is sent.
        case secret
        /// The name of a Secret whose keys and values are sent.
        case secretMap = "secret-map"
        /// The name and key of a ConfigMap whose value is sent in the place of the field's own.
        case configMap = "configmap"
    }

    /// What a scalar is.
    public enum ValueType: String, CaseIterable, Sendable {
        /// Text.
        case string
        /// A whole number.
        case int
        /// A number.
        case double
        /// A truth value.
        case bool
        /// None of these, or the rule says it.
        case other = "-"
    }

    /// The path in the custom resource, such as `spec.networkAcls.ipRules[].value`: `[]` is each element, `{}` each value of a map.
    public let path: String

    /// The path in the body, such as `properties.networkAcls.ipRules[].value`.
    public let armPath: String

    /// How the value gets there.
    public let rule: Rule

    /// What a scalar, or an element of a list of scalars, is.
    public let type: ValueType
}

/// What Azure Policy calls a value, where the name alone does not say it.
public struct AliasTarget: Hashable, Sendable {
    /// The resource type that has the value, in the table's spelling.
    public let type: String

    /// The path in the body; nil if no body has it that Azure Service Operator sends.
    public let armPath: String?
}

/// The fields of all kinds with their places in Azure Resource Manager, and the aliases of Azure Policy.
///
/// A megabyte that only tools read: it is parsed when the first of them asks.
public final class ARMFieldTable: Sendable {
    /// The tables that the executable carries.
    public static let embedded: ARMFieldTable = {
        do {
            return try unsafe ARMFieldTable(
                fields: bytes(portcullis_azure_armfields),
                aliases: bytes(portcullis_azure_aliases)
            )
        } catch {
            // The build embedded them, and a test reads them: only the programmer can break them.
            preconditionFailure("embedded table: \(error)")
        }
    }()

    private let fields: [String: [ARMField]]
    private let aliases: [String: [AliasTarget]]

    init(fields: [UInt8], aliases: [UInt8]) throws(TableError) {
        self.fields = try Self.readFields(fields)
        self.aliases = try Self.readAliases(aliases)
    }

    /// The fields of a kind, in the order of their paths.
    public func fields(of kind: AzureKind) -> [ARMField] { fields[kind.description] ?? [] }

    /// Where the value of an alias stands; empty if the alias says it itself.
    ///
    /// - Parameter alias: As a definition writes it; letter case makes no difference.
    /// - Returns: One for each type that has the value.
    public func targets(ofAlias alias: String) -> [AliasTarget] { aliases[alias.lowercased()] ?? [] }

    private static func readFields(_ bytes: [UInt8]) throws(TableError) -> [String: [ARMField]] {
        var reader = try TableReader(
            "armfields.tsv",
            bytes[...],
            columns: ["group", "kind", "path", "armPath", "rule", "type"]
        )
        let rules = WordList<ARMField.Rule>()
        let types = WordList<ARMField.ValueType>()
        var fields: [String: [ARMField]] = [:]
        while try reader.next() {
            let path = try reader.name(2)
            guard path.hasPrefix("spec.") else { throw reader.error(at: 2, "path does not begin with spec.") }
            let armPath = try reader.name(3)
            let field = ARMField(
                path: path,
                armPath: armPath == "=" ? "properties." + path.dropFirst(5) : armPath,
                rule: try reader.word(4, of: rules),
                type: try reader.word(5, of: types)
            )
            fields["\(try reader.name(0))/\(try reader.name(1))", default: []].append(field)
        }
        return fields
    }

    private static func readAliases(_ bytes: [UInt8]) throws(TableError) -> [String: [AliasTarget]] {
        var reader = try TableReader("aliases.tsv", bytes[...], columns: ["alias", "type", "armPath", "source"])
        var aliases: [String: [AliasTarget]] = [:]
        while try reader.next() {
            let path = try reader.name(2)
            _ = try reader.name(3)
            let target = AliasTarget(type: try reader.name(1), armPath: path == "-" ? nil : path)
            aliases[try reader.name(0).lowercased(), default: []].append(target)
        }
        return aliases
    }

    private static func bytes(_ table: portcullis_azure_table) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: table.bytes, count: table.length))
    }
}
