/// A map that an expression made; its entries keep the order in which they were written.
public final class MapValue: Sendable {
    /// The entries, no key twice.
    public let entries: [(key: CELValue, value: CELValue)]

    /// A map of entries whose keys are known to be different and of the kinds that keys may have.
    public init(unchecked entries: [(key: CELValue, value: CELValue)]) { self.entries = entries }
}
