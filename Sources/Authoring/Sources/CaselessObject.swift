internal import JSON

/// An object of Azure Resource Manager, to which names of members that differ in their case alone are one name.
struct CaselessObject {
    let value: JSONValue
    private var members: [String: JSONValue] = [:]

    /// Takes a value; what is no object has no members.
    ///
    /// - Throws: Two members of one name, since nobody tells which of them Azure takes, and a name that an expression makes.
    init(_ value: JSONValue, in document: JSONDocument) throws(SourceError) {
        self.value = value
        for (key, member) in document.members(of: value) {
            let name = document.string(key) ?? ""
            if name.hasPrefix("["), name.hasSuffix("]"), !name.hasPrefix("[[") {
                throw SourceError(
                    "has an expression for the name of a member",
                    mend: "write the name itself",
                    at: key,
                    in: document
                )
            }
            guard members.updateValue(member, forKey: name.lowercased()) == nil else {
                throw SourceError(
                    "has two members '\(name.prefix(80))', whose case does not count",
                    mend: "remove one of them",
                    at: key,
                    in: document
                )
            }
        }
    }

    /// A member by its name in small letters.
    subscript(name: String) -> JSONValue? { members[name] }
}
