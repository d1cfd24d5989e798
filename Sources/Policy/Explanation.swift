/// Why a rule failed, from which message and mend are made when somebody reads them.
enum Explanation: Hashable, Sendable {
    /// The value is not one of `allowed`.
    case notAllowed
    /// The value is on a deny-list.
    case denied
    /// There is no value.
    case absent
    /// The value is taken from elsewhere when Azure is asked; the text says from where.
    case unknown(String)
    /// The value is above a ceiling.
    case above(String)
    /// What the value, a name, stands for is above a ceiling.
    case sizeAbove(String)
    /// The value does not match a pattern.
    case mismatch(String)
    /// The field may not be there at all.
    case unwanted(String)
    /// The SKU as a whole is not one of `allowed`, which names parts of SKUs.
    case skuNotAllowed
    /// A failure with words of its own: what is said of the field, and the mend.
    case text(message: String, mend: String)

    func message(path: String, value: String?, allowed: String, reason: Failure.Reason) -> String {
        let shown = value.map { " is \"\($0)\"" } ?? " is not set"
        let alternatives = allowed.isEmpty ? "" : "; allowed: \(allowed)"
        switch self {
        case .notAllowed: return "\(path)\(shown)\(alternatives)"
        case .denied: return "\(path)\(shown), which is denied"
        case .absent: return "\(path) is not set\(alternatives)"
        case .unknown(let source): return "\(path) is not known at admission (\(source))\(alternatives)"
        case .above(let limit), .sizeAbove(let limit): return "\(path)\(shown), the maximum is \(limit)"
        case .mismatch(let pattern): return "\(path)\(shown), which does not match \(pattern)"
        case .unwanted(let why): return "\(path)\(shown): \(why)"
        case .skuNotAllowed: return "\(path): the SKU\(shown)\(alternatives)"
        case .text(let message, _): return "\(path) \(message)"
        }
    }

    func mend(path: String, allowed: String) -> String {
        let choice = Self.choice(allowed)
        switch self {
        case .notAllowed, .absent:
            return allowed.isEmpty ? "set \(path)" : "set \(path) to \(choice)"
        case .denied: return "choose another \(path)"
        case .unknown: return allowed.isEmpty ? "set \(path) itself" : "set \(path) itself to \(choice)"
        case .above(let limit): return "set \(path) to \(limit) or less"
        case .sizeAbove(let limit): return "choose a size of \(limit) or less for \(path)"
        case .mismatch(let pattern): return "set \(path) to a value that matches \(pattern)"
        case .unwanted: return "remove \(path)"
        case .skuNotAllowed: return "choose a SKU with \(choice)"
        case .text(_, let mend): return mend
        }
    }

    /// `a, b, c` as people choose: `a, b or c`.
    private static func choice(_ list: String) -> String {
        guard let comma = list.utf8.lastIndex(of: UInt8(ascii: ",")) else { return list }
        return "\(list[..<comma]) or\(list[list.index(after: comma)...])"
    }
}
