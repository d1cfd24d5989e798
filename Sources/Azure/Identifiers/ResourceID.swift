/// The ID of a resource in Azure Resource Manager.
public struct ResourceID: Sendable {
    /// Whether a string looks like a resource ID, alone or after `<name>=`: it may still be malformed.
    static func isLike(_ text: Span<UInt8>) -> Bool {
        guard text.count > 12 else { return false }
        var start = 0
        if text[0] != UInt8(ascii: "/") {
            while start < text.count, text[start] != UInt8(ascii: "=") { start += 1 }
            start += 1
        }
        return text.matchesIgnoringCase("/subscriptions/", at: start)
            || text.matchesIgnoringCase("/providers/", at: start)
    }
}
