/// A place where Azure puts resources.
///
/// Providers accept and return several spellings: `westeurope`, `West Europe`, `WestEurope`. Regions are compared by the
/// normalised name: small letters without spaces.
public struct Region: Hashable, Sendable, CustomStringConvertible {
    /// What kind of place a region is.
    public enum Class: String, BitwiseCopyable, CaseIterable, Hashable, Sendable {
        /// A region for everybody.
        case `public`
        /// A region for disaster recovery of its pair, on request.
        case restricted
        /// A region of Azure Government.
        case government
        /// A region of Azure in China.
        case china
        /// A region in which Microsoft tries out updates.
        case canary
        /// No region: a resource of all of them.
        case global
    }

    /// The normalised name.
    public let name: String

    /// The name for people, such as `West Europe`.
    public let displayName: String

    /// What kind of place it is.
    public let `class`: Class

    /// The normalised name.
    public var description: String { name }

    /// The name in the form in which names are compared.
    public static func normalise(_ name: String) -> String {
        String(decoding: name.utf8.lazy.filter { $0 != UInt8(ascii: " ") }.map(\.asciiLowercased), as: UTF8.self)
    }

    /// Whether a name in UTF-8, in any spelling, is that of a normalised one.
    ///
    /// Allocates nothing.
    public static func isSame(_ name: Span<UInt8>, as normalised: Span<UInt8>) -> Bool {
        var position = 0
        for index in 0..<name.count where name[index] != UInt8(ascii: " ") {
            guard position < normalised.count, normalised[position] == name[index].asciiLowercased else { return false }
            position += 1
        }
        return position == normalised.count
    }

    /// Whether a name in UTF-8 means a resource of no region.
    public static func isGlobal(_ name: Span<UInt8>) -> Bool {
        isSame(name, as: "global".utf8Span.span)
    }
}
