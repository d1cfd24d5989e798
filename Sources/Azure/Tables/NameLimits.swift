/// What Azure takes for the name of a resource of one kind.
public struct NameLimits: Hashable, Sendable {
    /// Where no two resources may have one name.
    public enum Scope: String, CaseIterable, Sendable {
        /// In all of Azure.
        case global
        /// In what the resource lies in.
        case parent
    }

    /// The fewest characters.
    public let minimum: Int

    /// The most characters.
    public let maximum: Int

    /// Where the name must be the only one.
    public let scope: Scope

    /// A pattern in RE2's syntax for the whole name; nil if any character will do.
    public let pattern: String?

    static func read(_ bytes: [UInt8]) throws(TableError) -> [String: NameLimits] {
        var reader = try TableReader(
            "names.tsv",
            bytes[...],
            columns: ["group", "kind", "minimum", "maximum", "scope", "pattern", "source"]
        )
        let scopes = WordList<Scope>()
        var limits: [String: NameLimits] = [:]
        while try reader.next() {
            let kind = "\(try reader.name(0))/\(try reader.name(1))"
            guard let minimum = Int(reader.text(2)), minimum > 0 else {
                throw reader.error(at: 2, "minimum is \"\(reader.text(2))\"; expected a whole number above 0")
            }
            guard let maximum = Int(reader.text(3)), maximum >= minimum else {
                throw reader.error(at: 3, "maximum is \"\(reader.text(3))\"; expected \(minimum) or more")
            }
            let pattern = try reader.name(5)
            let row = NameLimits(
                minimum: minimum,
                maximum: maximum,
                scope: try reader.word(4, of: scopes),
                pattern: pattern == "-" ? nil : pattern
            )
            guard limits.updateValue(row, forKey: kind) == nil else {
                throw reader.error(at: 1, "\(kind) is listed twice")
            }
        }
        return limits
    }
}

extension AzureTables {
    /// What Azure takes for a name of a kind; nil if the tables do not know.
    public func nameLimits(of kind: AzureKind) -> NameLimits? { nameLimits[kind.description] }
}
