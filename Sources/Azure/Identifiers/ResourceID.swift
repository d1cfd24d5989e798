/// The ID of a resource, resource group, subscription or management group in Azure Resource Manager.
///
/// ```
/// /subscriptions/S
/// /subscriptions/S/resourceGroups/G
/// /subscriptions/S/resourceGroups/G/providers/NS/type/name/childType/childName
/// /subscriptions/S/providers/NS/locations/REGION
/// /providers/Microsoft.Management/managementGroups/M
/// <any of these>/providers/NS/type/name          an extension resource
/// ```
///
/// IDs are equal if they differ only in the case of ASCII letters, as Azure compares them. What Azure could read in another
/// way than we do is refused: empty segments, `.` and `..`, percent escapes, `?`, `#`, control characters, a slash at the end.
public struct ResourceID: Sendable, CustomStringConvertible {
    /// The longest ID that is read, in bytes: twice what the longest names at five levels need.
    public static let maximumBytes = 4096

    /// The ID as it was written.
    public let description: String

    /// The ID with small ASCII letters: what IDs are compared by.
    public let canonical: String

    /// What the segments stand for.
    private let shape: Shape

    /// Parses an ID.
    ///
    /// - Throws: The first fault; its offset counts bytes.
    public init(parsing text: String) throws(ResourceIDError) {
        shape = try Shape(text.utf8Span.span, isPattern: false)
        description = text
        canonical = text.asciiLowercased
    }

    /// Parses an ID in UTF-8.
    ///
    /// - Throws: The first fault; its offset counts bytes.
    public init(parsing text: Span<UInt8>) throws(ResourceIDError) {
        guard text.count <= Self.maximumBytes else { throw ResourceIDError(code: .tooLong, offset: Self.maximumBytes) }
        try self.init(parsing: String(text))
    }

    /// Whether a string looks like a resource ID, alone or after `<name>=`: it may still be malformed.
    static func isLike(_ text: Span<UInt8>) -> Bool {
        var start = 0
        // Whoever reads it could trim it.
        while start < text.count, text[start] <= UInt8(ascii: " ") { start += 1 }
        return Self.start(in: text.extracting(start...)) != nil
    }

    /// The ID in a string that is one, or that is one after `<name>=`, as in `UserAssignedIdentity=/subscriptions/…`.
    ///
    /// - Throws: If what is there is malformed, or nothing is.
    public init(within text: Span<UInt8>) throws(ResourceIDError) {
        try self.init(parsing: text.extracting((Self.start(in: text) ?? 0)...))
    }

    /// Whether a name stays one segment of a URL that it is put into as it is.
    ///
    /// It has no slash or backslash, no `?`, `#` or `%`, no control character, is not made of dots alone, and beyond ASCII has
    /// letters, marks and digits only.
    public static func isSegment(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty || text.isAllDots { return false }
        var isASCII = true
        for index in text.indices {
            switch text[index] {
            case 0..<0x20, 0x7f, UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "#"),
                UInt8(ascii: "%"):
                return false
            case 0x80...: isASCII = false
            default: break
            }
        }
        return isASCII || String(text).unicodeScalars.allSatisfy { $0.isASCII || $0.isLetterMarkOrDigit }
    }

    private static func start(in text: Span<UInt8>) -> Int? {
        var start = 0
        if !text.isEmpty, text[0] != UInt8(ascii: "/") {
            while start < text.count, text[start] != UInt8(ascii: "=") { start += 1 }
            start += 1
        }
        let isID =
            text.matchesIgnoringCase("/subscriptions/", at: start) || text.matchesIgnoringCase("/providers/", at: start)
        return isID ? start : nil
    }
}

extension ResourceID: Hashable {
    /// Whether both mean the same resource.
    public static func == (a: ResourceID, b: ResourceID) -> Bool {
        a.canonical == b.canonical
    }

    /// Feeds the canonical form.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(canonical)
    }
}

// MARK: Parts

extension ResourceID {
    /// The subscription's GUID in small letters; nil for tenants and management groups.
    public var subscription: String? {
        shape.subscription.map { String(canonical.bytes(shape.segments[$0])) }
    }

    /// The resource group's name as it was written; nil if the resource lies in none.
    public var resourceGroup: String? {
        shape.resourceGroup.map { String(description.bytes(shape.segments[$0])) }
    }

    /// The type of the resource as it was written, without that of what it extends: `Microsoft.Sql/servers/databases`.
    public var type: String {
        guard let provider = shape.provider else {
            return shape.resourceGroup == nil
                ? "Microsoft.Resources/subscriptions" : "Microsoft.Resources/resourceGroups"
        }
        var type = String(description.bytes(shape.segments[provider + 1]))
        for index in stride(from: provider + 2, to: shape.segments.count, by: 2) {
            type += "/" + description.bytes(shape.segments[index])
        }
        return type
    }

    /// The name of the resource: the last segment.
    public var name: String {
        String(description.bytes(shape.segments[shape.segments.count - 1]))
    }

    /// Whether the resource extends another: a second `providers` stands in the ID.
    public var isExtension: Bool {
        shape.base != nil
    }

    /// What the resource lies in: the resource it is a child or an extension of, its resource group, its subscription.
    ///
    /// Nil for a subscription and for what lies directly in the tenant.
    public var parent: ResourceID? {
        var count = shape.segments.count
        if let provider = shape.provider {
            count = count == provider + 4 ? provider : count - 2
        } else {
            count -= 2
        }
        guard count > 0 else { return nil }
        let text = description.bytes(0..<shape.segments[count - 1].upperBound)
        // The start of an ID that ends between two levels is an ID.
        return try? ResourceID(parsing: String(text))
    }

    /// Whether this is `other`, or `other` lies in it at any depth.
    ///
    /// Segments are compared, so that `…/team-a` does not contain `…/team-ab`.
    public func contains(_ other: ResourceID) -> Bool {
        let mine = canonical.utf8
        let theirs = other.canonical.utf8
        guard theirs.starts(with: mine) else { return false }
        return theirs.count == mine.count
            || theirs[theirs.index(theirs.startIndex, offsetBy: mine.count)] == UInt8(ascii: "/")
    }

    /// How many segments there are.
    var segmentCount: Int { shape.segments.count }

    /// Where in the bytes of the ID, as it was written or canonical, a segment stands.
    func segment(_ index: Int) -> Range<Int> { shape.segments[index] }
}

// MARK: Shape

extension ResourceID {
    /// Where the segments are, and which of them mean what.
    struct Shape: Sendable {
        /// The segments' bytes, without slashes.
        private(set) var segments: [Range<Int>] = []
        /// The segment with the subscription.
        private(set) var subscription: Int?
        /// The segment with the resource group.
        private(set) var resourceGroup: Int?
        /// The last `providers`.
        private(set) var provider: Int?
        /// The `providers` before that.
        private(set) var base: Int?
        /// A pattern's `**` at the end.
        private(set) var isOpenEnded = false

        /// Splits and checks a text.
        ///
        /// In a pattern, subscription, resource group and names may have `*`, and the end may be `**`.
        init(_ text: Span<UInt8>, isPattern: Bool) throws(ResourceIDError) {
            guard text.count <= ResourceID.maximumBytes else {
                throw ResourceIDError(code: .tooLong, offset: ResourceID.maximumBytes)
            }
            guard !text.isEmpty, text[0] == UInt8(ascii: "/") else {
                throw ResourceIDError(code: .notAbsolute, offset: 0)
            }
            try split(text)
            if isPattern, segments.last.map({ text.extracting($0).isLiteral("**") }) == true {
                isOpenEnded = true
                segments.removeLast()
            }
            var index = 0
            while index < segments.count {
                index = try readLevel(text, at: index, isPattern: isPattern)
            }
            guard !segments.isEmpty else { throw ResourceIDError(code: .incomplete, offset: text.count) }
        }

        private mutating func split(_ text: Span<UInt8>) throws(ResourceIDError) {
            var start = 1
            for index in 1...text.count where index == text.count || text[index] == UInt8(ascii: "/") {
                guard index > start else { throw ResourceIDError(code: .emptySegment, offset: start - 1) }
                let segment = text.extracting(start..<index)
                guard !segment.isAllDots else { throw ResourceIDError(code: .dotSegment, offset: start) }
                if let offset = segment.firstForbidden {
                    throw ResourceIDError(code: .badCharacter, offset: start + offset)
                }
                segments.append(start..<index)
                start = index + 1
            }
        }

        /// Reads a keyword and what belongs to it.
        ///
        /// - Returns: The segment after it.
        private mutating func readLevel(
            _ text: Span<UInt8>,
            at index: Int,
            isPattern: Bool
        ) throws(ResourceIDError) -> Int {
            let keyword = text.extracting(segments[index])
            if index == 0, keyword.isLiteral("subscriptions") {
                let value = try segment(index + 1, text)
                guard value.isGUID || (isPattern && value.hasStar) else {
                    throw ResourceIDError(code: .badSubscription, offset: segments[index + 1].lowerBound)
                }
                subscription = index + 1
                return index + 2
            }
            if index == 2, subscription != nil, keyword.isLiteral("resourcegroups") {
                let value = try segment(index + 1, text)
                guard value.isResourceGroup(allowingStar: isPattern) else {
                    throw ResourceIDError(code: .badResourceGroup, offset: segments[index + 1].lowerBound)
                }
                resourceGroup = index + 1
                return index + 2
            }
            guard keyword.isLiteral("providers") else {
                throw ResourceIDError(code: .badKeyword, offset: segments[index].lowerBound)
            }
            base = provider
            provider = index
            return try readProvider(text, at: index, isPattern: isPattern)
        }

        private func readProvider(_ text: Span<UInt8>, at provider: Int, isPattern: Bool) throws(ResourceIDError) -> Int
        {
            guard try segment(provider + 1, text).isNamespace else {
                throw ResourceIDError(code: .badNamespace, offset: segments[provider + 1].lowerBound)
            }
            var index = provider + 2
            repeat {
                guard try segment(index, text).isType else {
                    throw ResourceIDError(code: .badType, offset: segments[index].lowerBound)
                }
                guard try segment(index + 1, text).isName else {
                    throw ResourceIDError(code: .badName, offset: segments[index + 1].lowerBound)
                }
                index += 2
            } while index < segments.count && !text.extracting(segments[index]).isLiteral("providers")
            return index
        }

        @_lifetime(copy text)
        private func segment(_ index: Int, _ text: Span<UInt8>) throws(ResourceIDError) -> Span<UInt8> {
            guard index < segments.count else { throw ResourceIDError(code: .incomplete, offset: text.count) }
            return text.extracting(segments[index])
        }
    }
}

extension Span where Element == UInt8 {
    fileprivate func isLiteral(_ lower: StaticString) -> Bool {
        count == lower.utf8CodeUnitCount && matchesIgnoringCase(lower, at: 0)
    }

    fileprivate var isAllDots: Bool {
        for index in 0..<count where self[index] != UInt8(ascii: ".") { return false }
        return true
    }

    fileprivate var hasStar: Bool {
        for index in 0..<count where self[index] == UInt8(ascii: "*") { return true }
        return false
    }

    /// The first byte that no segment may have.
    ///
    /// Beyond ASCII only letters, marks and digits are let through.
    fileprivate var firstForbidden: Int? {
        var isASCII = true
        for index in 0..<count {
            switch self[index] {
            case 0..<0x20, 0x7f: return index
            case UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "&"), UInt8(ascii: ":"),
                UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "#"):
                return index
            case 0x80...: isASCII = false
            default: break
            }
        }
        if isASCII { return nil }
        let text = String(self)
        var offset = 0
        for scalar in text.unicodeScalars {
            if !scalar.isASCII, !scalar.isLetterMarkOrDigit { return offset }
            offset += UTF8.width(scalar)
        }
        return nil
    }

    /// `8-4-4-4-12` hexadecimal digits.
    var isGUID: Bool {
        guard count == 36 else { return false }
        for index in 0..<36 {
            let byte = self[index].asciiLowercased
            switch index {
            case 8, 13, 18, 23:
                if byte != UInt8(ascii: "-") { return false }
            default:
                if !byte.isASCIIDigit, !(UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte) { return false }
            }
        }
        return true
    }

    fileprivate func isResourceGroup(allowingStar: Bool) -> Bool {
        guard scalarCount <= 90, self[count - 1] != UInt8(ascii: ".") else { return false }
        for index in 0..<count {
            switch self[index] {
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "."),
                UInt8(ascii: ","),
                0x80...:
                continue
            case UInt8(ascii: "*") where allowingStar: continue
            case let byte where byte.isASCIIAlphanumeric: continue
            default: return false
            }
        }
        return true
    }

    fileprivate var isNamespace: Bool {
        for index in 0..<count where !self[index].isASCIIAlphanumeric && self[index] != UInt8(ascii: ".") {
            return false
        }
        return self[0] != UInt8(ascii: ".") && self[count - 1] != UInt8(ascii: ".")
    }

    fileprivate var isType: Bool {
        for index in 0..<count {
            switch self[index] {
            case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): continue
            case let byte where byte.isASCIIAlphanumeric: continue
            default: return false
            }
        }
        return true
    }

    fileprivate var isName: Bool {
        scalarCount <= 260 && self[0] != UInt8(ascii: " ") && self[count - 1] != UInt8(ascii: " ")
    }

    private var scalarCount: Int {
        var scalars = 0
        for index in 0..<count where self[index] & 0xc0 != 0x80 { scalars += 1 }
        return scalars
    }
}

extension Unicode.Scalar {
    fileprivate var isLetterMarkOrDigit: Bool {
        switch properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .nonspacingMark,
            .spacingMark, .decimalNumber, .letterNumber:
            true
        default: false
        }
    }
}

extension String {
    var asciiLowercased: String {
        String(decoding: utf8.map(\.asciiLowercased), as: UTF8.self)
    }

    fileprivate func bytes(_ range: Range<Int>) -> Substring {
        let utf8 = utf8
        let start = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
        return self[start..<utf8.index(start, offsetBy: range.count)]
    }
}
