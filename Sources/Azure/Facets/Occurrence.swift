public import JSON

/// One place of a resource at which a facet is kept, or should be.
///
/// A small trivial value. It is valid for the object and document that were read; its path is made only when asked for
/// (`AzureKind.path(of:in:of:)`).
public struct Occurrence: BitwiseCopyable, Sendable {
    /// What is known about the value.
    public enum State: BitwiseCopyable, Sendable {
        /// The resource says it.
        case known
        /// The resource does not say it; the provider will decide.
        case absent
        /// It is filled in later: a `…FromConfig` field stands in its place, or the document says that nobody knows it yet.
        case unknown
    }

    /// The facet.
    public let facet: Facet

    /// What of the facet.
    public let part: Facet.Part

    /// How to read the value.
    public let sense: Facet.Sense

    /// Whether there is a value.
    public let state: State

    /// The value; nil unless it is known.
    ///
    /// Never `null`, which counts as absent. Its JSON kind is not checked.
    public var value: JSONValue? { state == .known ? place : nil }

    /// The object or array in which the value stands; where it is absent, the deepest that exists on the way to it.
    ///
    /// Parts of one SKU, or of one firewall rule, stand in the same place (`JSONValue.isSamePlace(as:)`).
    public let container: JSONValue

    /// The value, or for an unknown one the field that stands in its place, or the container.
    let place: JSONValue

    /// The step of the table's path that leads here; none if a walk found the place.
    let node: Int32

    /// How many steps of that path exist in the object.
    let depth: UInt8
}
