public import JSON

/// A version of TLS, or none.
public struct TLSVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Major and minor version as two digits, such as 12; 0 for none.
    public let number: Int

    /// No version is insisted on.
    public static let none = TLSVersion(number: 0)

    private init(number: Int) {
        self.number = number
    }

    /// A version in any of the spellings of Azure's providers: `1.2`, `TLS1_2`, `Tls12`, `TLSv1_2`, `None`,
    /// `TLSEnforcementDisabled`.
    ///
    /// - Returns: nil for any other text.
    public init?(parsing text: Span<UInt8>) {
        var digits = 0
        var count = 0
        for index in 0..<text.count where text[index].isASCIIDigit {
            count += 1
            guard count <= 2 else { return nil }
            digits = digits * 10 + Int(text[index] - UInt8(ascii: "0"))
        }
        switch (count, digits) {
        case (1, 1): number = 10
        case (2, 10...19): number = digits
        case (0, _) where text.isWord("none") || text.isWord("tlsenforcementdisabled"): number = 0
        default: return nil
        }
    }

    /// Which one is older.
    public static func < (a: TLSVersion, b: TLSVersion) -> Bool {
        a.number < b.number
    }

    /// The version as `1.2`, or `none`.
    public var description: String {
        number == 0 ? "none" : "\(number / 10).\(number % 10)"
    }
}

extension AzureKind {
    /// A version of TLS as the kind's provider writes it, for people to copy: `1.2`, `TLS1_2`, `Tls12`.
    ///
    /// From the enumerations of Azure Service Operator's definitions; kinds without one take what most do.
    public func spelling(of version: TLSVersion) -> String {
        let (major, minor) = (version.number / 10, version.number % 10)
        switch group {
        case "storage.azure.com", "dbformariadb.azure.com": return "TLS\(major)_\(minor)"
        case "documentdb.azure.com": return version.number == 10 ? "Tls" : "Tls\(major)\(minor)"
        case "cdn.azure.com": return "TLS\(major)\(minor)"
        case "network.azure.com": return "TLSv\(major)_\(minor)"
        default: return version.description
        }
    }
}

extension Occurrence {
    /// Whether the value leaves something open that it could close: public access, unencrypted requests, keys beside Entra ID.
    ///
    /// Nil if nothing is known, or the value is none of the usual words (such as `SecuredByPerimeter`).
    public func isOpen(in document: JSONDocument) -> Bool? {
        guard let value, sense == .open || sense == .closed else { return nil }
        let isOn: Bool? =
            switch value.kind {
            case .bool: value.bool
            case .string: document.utf8(value).isSwitchedOn
            default: nil
            }
        return isOn.map { $0 == (sense == .open) }
    }

    /// A size in gigabytes (GiB), whatever the unit in which the kind keeps it; nil if nothing is known or it is no number.
    public func gigabytes(in document: JSONDocument) -> Double? {
        guard let value else { return nil }
        switch sense {
        case .gigabytes: return document.double(value)
        case .megabytes: return document.double(value).map { $0 / 1024 }
        case .bytes: return document.double(value).map { $0 / 1_073_741_824 }
        case .quantity: return document.utf8(value).quantity.map { $0 / 1_073_741_824 }
        default: return nil
        }
    }

    /// A number without unit, or a number of gigabytes; nil if nothing is known or it is no number.
    public func number(in document: JSONDocument) -> Double? {
        guard let value else { return nil }
        return sense == .number ? document.double(value) : gigabytes(in: document)
    }

    /// A version of TLS; nil if nothing is known or the spelling is not.
    public func tlsVersion(in document: JSONDocument) -> TLSVersion? {
        guard let value, sense == .tls, value.isString else { return nil }
        return TLSVersion(parsing: document.utf8(value))
    }
}

extension Span where Element == UInt8 {
    fileprivate func isWord(_ lower: StaticString) -> Bool {
        count == lower.utf8CodeUnitCount && matchesIgnoringCase(lower, at: 0)
    }

    /// What the words of Azure's switches mean; nil for other words.
    fileprivate var isSwitchedOn: Bool? {
        // Told apart by their length first: this is asked of every switch of every request.
        switch count {
        case 2: return isWord("on") ? true : isWord("no") ? false : nil
        case 3: return isWord("yes") ? true : isWord("off") ? false : nil
        case 4: return isWord("true") || isWord("blob") ? true : isWord("deny") || isWord("none") ? false : nil
        case 5: return isWord("allow") ? true : isWord("false") ? false : nil
        case 6: return isWord("public") ? true : nil
        case 7: return isWord("enabled") ? true : isWord("private") ? false : nil
        case 8: return isWord("external") ? true : isWord("disabled") || isWord("internal") ? false : nil
        case 9: return isWord("container") ? true : nil
        default: return nil
        }
    }

    /// The value of a Kubernetes quantity; nil if it is none.
    fileprivate var quantity: Double? {
        var end = count
        while end > 0, !self[end - 1].isASCIIDigit, self[end - 1] != UInt8(ascii: ".") { end -= 1 }
        let digits = String(extracting(0..<end))
        let suffix = String(extracting(end..<count))
        guard !digits.utf8.contains(where: \.isASCIILetter), let number = Double(digits), number >= 0 else {
            return nil
        }
        switch suffix {
        case "": return number
        case "m": return number / 1000
        case "k": return number * 1e3
        case "M": return number * 1e6
        case "G": return number * 1e9
        case "T": return number * 1e12
        case "Ki": return number * 1024
        case "Mi": return number * 1_048_576
        case "Gi": return number * 1_073_741_824
        case "Ti": return number * 1_099_511_627_776
        default: return nil
        }
    }
}
