/// A pattern for resource IDs, compared segment by segment.
///
/// Subscription, resource group and names may be patterns (`NamePattern`), whose `*` never reaches beyond its segment. An ID
/// has as many segments as the pattern; if the pattern ends in `/**`, it has more.
public struct ResourceIDPattern: Hashable, Sendable, CustomStringConvertible {
    /// The pattern as it was written.
    public let description: String

    private let segments: [NamePattern]
    private let isOpenEnded: Bool

    /// Parses a pattern, which must be a resource ID but for its `*`.
    ///
    /// - Throws: The first fault; its offset counts bytes.
    public init(parsing text: String) throws(ResourceIDError) {
        let shape = try ResourceID.Shape(text.utf8Span.span, isPattern: true)
        let utf8 = Array(text.utf8)
        segments = shape.segments.map { NamePattern(String(decoding: utf8[$0], as: UTF8.self)) }
        isOpenEnded = shape.isOpenEnded
        description = text
    }

    /// Whether everything in every resource group of every subscription matches.
    public var fitsEverySubscription: Bool {
        guard isOpenEnded, segments.count == 2 || segments.count == 4 else { return false }
        return stride(from: 1, to: segments.count, by: 2).allSatisfy { index in
            segments[index].description.utf8.allSatisfy { $0 == UInt8(ascii: "*") }
        }
    }

    /// Whether an ID matches.
    public func matches(_ id: ResourceID) -> Bool {
        guard isOpenEnded ? id.segmentCount > segments.count : id.segmentCount == segments.count else { return false }
        let text = id.canonical.utf8Span.span
        for (index, segment) in segments.enumerated() where !segment.matches(text.extracting(id.segment(index))) {
            return false
        }
        return true
    }
}
