/// Why a text is no resource ID, or no pattern of resource IDs.
public struct ResourceIDError: Error, Hashable, CustomStringConvertible {
    /// What is wrong.
    public enum Code: Hashable, Sendable {
        /// Longer than `ResourceID.maximumBytes`.
        case tooLong
        /// Does not begin with `/`.
        case notAbsolute
        /// Two slashes in a row, or one at the end.
        case emptySegment
        /// A segment of dots only, such as `..`.
        case dotSegment
        /// A character that no part of a resource ID may have: `% < > & : \ ? #`, a control character, …
        case badCharacter
        /// Neither `subscriptions`, `resourceGroups` nor `providers` where one of them must stand.
        case badKeyword
        /// A keyword, namespace or type that nothing follows.
        case incomplete
        /// A subscription that is not a GUID.
        case badSubscription
        /// A resource group's name that Azure does not allow: 1 to 90 characters, letters, digits and `-_().`, no dot at the end.
        case badResourceGroup
        /// A provider's namespace that is not made of letters, digits and dots.
        case badNamespace
        /// A type that is not made of letters, digits, `.`, `-` and `_`.
        case badType
        /// A name longer than 260 characters, or with a space at its start or end.
        case badName
    }

    /// What is wrong.
    public let code: Code

    /// Where, in bytes from the start.
    public let offset: Int

    /// What is wrong and where, for people.
    public var description: String {
        let problem =
            switch code {
            case .tooLong: "is longer than \(ResourceID.maximumBytes) bytes"
            case .notAbsolute: "must begin with '/'"
            case .emptySegment: "has an empty segment ('//' or a '/' at the end)"
            case .dotSegment: "has a segment of dots"
            case .badCharacter: "has a character that resource IDs cannot have"
            case .badKeyword: "expected subscriptions, resourceGroups or providers"
            case .incomplete: "ends too early"
            case .badSubscription: "the subscription is not a GUID"
            case .badResourceGroup: "the resource group's name is not allowed"
            case .badNamespace: "the provider's namespace is not allowed"
            case .badType: "the resource type is not allowed"
            case .badName: "the resource's name is too long or begins or ends with a space"
            }
        return "not a resource ID: \(problem) (at byte \(offset))"
    }
}
