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
        case "cdn.azure.com": return "TLS\(major)\(minor == 1 ? 2 : minor)"
        case "network.azure.com": return "TLSv\(major)_\(minor)"
        default: return version.description
        }
    }
}

extension Occurrence {
    /// Whether the value leaves something open that it could close: public access, unencrypted requests, keys beside Entra ID,
    /// data without backup.
    ///
    /// Nil if nothing is known, or the value is none of the usual words (such as `SecuredByPerimeter`).
    public func isOpen(in document: JSONDocument) -> Bool? {
        guard let value else { return nil }
        let opensWhenOn: Bool
        switch sense {
        case .open, .openInSmallLetters, .trueOpens: opensWhenOn = true
        case .closed, .closedInSmallLetters, .trueCloses: opensWhenOn = false
        default: return isOpen(value, in: document)
        }
        let isOn: Bool? =
            switch value.kind {
            case .bool: value.bool
            case .string: document.utf8(value).isSwitchedOn
            default: nil
            }
        return isOn.map { $0 == opensWhenOn }
    }

    /// Of what is no switch: whether its existence, its length or the words in it leave something open.
    private func isOpen(_ value: JSONValue, in document: JSONDocument) -> Bool? {
        switch sense {
        case .opens: return true
        case .closes:
            switch value.kind {
            case .string: return document.utf8(value).isEmpty
            case .array, .object: return document.count(of: value) == 0
            default: return nil
            }
        case .modes:
            guard value.isArray, document.count(of: value) > 0 else { return value.isArray ? true : nil }
            for mode in document.elements(of: value) where !mode.isString || document.utf8(mode).isWord("sharedkey") {
                return true
            }
            return false
        case .several:
            guard value.isArray else { return nil }
            return document.distinctStrings(in: value, atLeast: 2) < 2
        case .customerKey: return value.lacks(["customer", "keyvault"], document)
        case .doubleKey: return value.lacks(["platformandcustomer"], document)
        case .internal: return value.lacks(["internal"], document)
        case .zoneRedundant: return value.lacks(["zoneredundant"], document)
        case .zoneRedundantStorage: return value.lacks(["zrs"], document)
        case .geoRedundant: return value.lacks(["geo"], document)
        case .geoRedundantStorage: return value.lacks(["grs", "gzrs"], document)
        default: return nil
        }
    }

    /// A number of days, whatever the unit in which the kind counts; nil if nothing is known or it is no number.
    public func days(in document: JSONDocument) -> Double? {
        guard let value else { return nil }
        switch sense {
        case .days: return value.isString ? document.utf8(value).onlyNumber : document.double(value)
        case .hours: return document.double(value).map { $0 / 24 }
        case .duration: return value.isString ? document.utf8(value).daysOfDuration : nil
        default: return nil
        }
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

    /// A number without unit, of gigabytes or of days; nil if nothing is known or it is no number.
    public func number(in document: JSONDocument) -> Double? {
        guard let value else { return nil }
        return sense == .number ? document.double(value) : gigabytes(in: document) ?? days(in: document)
    }

    /// A version of TLS; nil if nothing is known or the spelling is not.
    public func tlsVersion(in document: JSONDocument) -> TLSVersion? {
        guard let value, sense == .tls, value.isString else { return nil }
        return TLSVersion(parsing: document.utf8(value))
    }
}

extension JSONDocument {
    /// How many different strings a list holds, counted no further than a number.
    public func distinctStrings(in list: JSONValue, atLeast enough: Int) -> Int {
        var count = 0
        var index = 0
        for element in elements(of: list) {
            // Few lists are longer than three; one of a million zones must not cost a million squared.
            guard index < 64, count < enough else { break }
            defer { index += 1 }
            guard element.isString else { continue }
            var isNew = true
            for earlier in elements(of: list).prefix(index) where earlier.isString && equals(earlier, element) {
                isNew = false
            }
            if isNew { count += 1 }
        }
        return count
    }

    private func equals(_ a: JSONValue, _ b: JSONValue) -> Bool {
        utf8(a).equals(utf8(b))
    }
}

extension JSONValue {
    /// Whether none of the words, in small letters, is in a string; nil if the value is none.
    fileprivate func lacks(_ words: [StaticString], _ document: JSONDocument) -> Bool? {
        guard isString else { return nil }
        let text = document.utf8(self)
        for word in words where text.containsIgnoringCase(word) { return false }
        return true
    }
}

extension Span where Element == UInt8 {
    /// The value of the one run of digits in a text; nil if there is none, or more than one.
    fileprivate var onlyNumber: Double? {
        var number: Double?
        var isInside = false
        for index in indices {
            guard self[index].isASCIIDigit else {
                isInside = false
                continue
            }
            if number != nil && !isInside { return nil }
            number = (number ?? 0) * 10 + Double(self[index] - UInt8(ascii: "0"))
            isInside = true
        }
        return number
    }

    /// The days of a duration of ISO 8601, months of 30 days and years of 365; nil if it is none.
    fileprivate var daysOfDuration: Double? {
        guard count > 2, self[0] | 0x20 == UInt8(ascii: "p") else { return nil }
        var days = 0.0
        var number: Double?
        var isTime = false
        for index in 1..<count {
            let byte = self[index]
            if byte.isASCIIDigit {
                number = (number ?? 0) * 10 + Double(byte - UInt8(ascii: "0"))
                continue
            }
            if byte | 0x20 == UInt8(ascii: "t"), !isTime, number == nil {
                isTime = true
                continue
            }
            guard let amount = number else { return nil }
            number = nil
            switch (byte | 0x20, isTime) {
            case (UInt8(ascii: "y"), false): days += amount * 365
            case (UInt8(ascii: "m"), false): days += amount * 30
            case (UInt8(ascii: "w"), false): days += amount * 7
            case (UInt8(ascii: "d"), false): days += amount
            case (UInt8(ascii: "h"), true): days += amount / 24
            case (UInt8(ascii: "m"), true): days += amount / 1440
            case (UInt8(ascii: "s"), true): days += amount / 86_400
            default: return nil
            }
        }
        return number == nil ? days : nil
    }

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
        case 6: return isWord("public") || isWord("locked") ? true : nil
        case 7: return isWord("enabled") ? true : isWord("private") || isWord("nozones") ? false : nil
        case 8:
            if isWord("disabled") || isWord("internal") || isWord("ftpsonly") { return false }
            return isWord("external") || isWord("alwayson") || isWord("unlocked") ? true : nil
        case 9: return isWord("container") || isWord("automatic") ? true : nil
        case 10: return isWord("allallowed") ? true : nil
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
