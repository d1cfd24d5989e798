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
    /// The value is refused for the reason given; what to do about it follows.
    case refused(String, mend: String)
    /// The SKU as a whole is not one of `allowed`, which names parts of SKUs.
    case skuNotAllowed
    /// An expression is not true: the author's words or, without any, the expression.
    case expression(String?, showsPath: Bool, expression: String)
    /// What an admission policy of Kubernetes says, and the reason of the status that it asks for; it names no field.
    case admission(String, StatusReason)
    /// A failure with words of its own: what is said of the field, and the mend.
    case text(message: String, mend: String)

    /// Appends what is wrong: field, value, and what is allowed.
    func writeMessage(to text: inout String, path: String, value: String?, allowed: String) {
        if case .expression(let message, let showsPath, let expression) = self {
            if showsPath {
                text += path
                text += ": "
            }
            text += message ?? "failed expression: \(expression)"
            return
        }
        text += path
        switch self {
        case .notAllowed: writeState(value, allowed, to: &text)
        case .denied:
            writeState(value, to: &text)
            text += ", which is denied"
        case .absent: writeState(nil, allowed, to: &text)
        case .unknown(let source):
            text += " is not known at admission ("
            text += source
            text += ")"
            writeAlternatives(allowed, to: &text)
        case .above(let limit), .sizeAbove(let limit):
            writeState(value, to: &text)
            text += ", the maximum is "
            text += limit
        case .mismatch(let pattern):
            writeState(value, to: &text)
            text += ", which does not match "
            text += pattern
        case .unwanted(let why):
            writeState(value, to: &text)
            text += ": "
            text += why
        case .refused(let why, _):
            writeState(value, to: &text)
            text += why
            writeAlternatives(allowed, to: &text)
        case .skuNotAllowed:
            text += ": the SKU"
            writeState(value, allowed, to: &text)
        case .text(let message, _):
            text += " "
            text += message
        case .expression: break
        case .admission(let message, _): text += message
        }
    }

    /// Appends what to do about it.
    func writeMend(to text: inout String, path: String, allowed: String) {
        switch self {
        case .notAllowed, .absent:
            text += "set "
            text += path
            if !allowed.isEmpty { writeChoice(allowed, behind: " to ", to: &text) }
        case .denied:
            text += "choose another "
            text += path
        case .unknown:
            text += "set "
            text += path
            text += " itself"
            if !allowed.isEmpty { writeChoice(allowed, behind: " to ", to: &text) }
        case .above(let limit):
            text += "set "
            text += path
            text += " to "
            text += limit
            text += " or less"
        case .sizeAbove(let limit):
            text += "choose a size of "
            text += limit
            text += " or less for "
            text += path
        case .mismatch(let pattern):
            text += "set "
            text += path
            text += " to a value that matches "
            text += pattern
        case .unwanted:
            text += "remove "
            text += path
        case .skuNotAllowed: writeChoice(allowed, behind: "choose a SKU with ", to: &text)
        case .refused(_, let mend), .text(_, let mend): text += mend
        case .admission: break
        case .expression(nil, _, _): text += "change the object so that it holds"
        case .expression(_, _, let expression):
            text += "what must hold is: "
            text += expression
        }
    }

    private func writeState(_ value: String?, _ allowed: String = "", to text: inout String) {
        if let value {
            text += " is \""
            text += value
            text += "\""
        } else {
            text += " is not set"
        }
        writeAlternatives(allowed, to: &text)
    }

    private func writeAlternatives(_ allowed: String, to text: inout String) {
        guard !allowed.isEmpty else { return }
        text += "; allowed: "
        text += allowed
    }

    /// Appends `a, b, c` as people choose: `a, b or c`.
    private func writeChoice(_ list: String, behind words: String, to text: inout String) {
        text += words
        guard let comma = list.utf8.lastIndex(of: UInt8(ascii: ",")) else {
            text += list
            return
        }
        text += list[..<comma]
        text += " or"
        text += list[list.utf8.index(after: comma)...]
    }
}
