/// Why a rule failed, from which message and mend are made when somebody reads them.
enum Explanation: Hashable, Sendable {
    /// The value is not one of `allowed`.
    case notAllowed
    /// The value is on a deny-list.
    case denied
    /// There is no value.
    case absent
    /// There is no value, and the provider's own, which follows, is not one of `allowed`.
    case defaulted(String)
    /// No SKU is named, and the provider's own, which follows, is not one of `allowed`, which names parts of SKUs.
    case defaultedSKU(String)
    /// No SKU is named, and `allowed` names parts of SKUs.
    case absentSKU
    /// The value is taken from elsewhere when Azure is asked; the text says from where.
    case unknown(String)
    /// The same of a SKU, where `allowed` names parts of SKUs.
    case unknownSKU(String)
    /// The value is above a ceiling; what was measured follows if the value does not say it itself.
    case above(String, measured: String?)
    /// What the value, a name, stands for is above a ceiling.
    case sizeAbove(String, measured: String?)
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

    /// What an explanation speaks of; path and value stand in the text already that it is written to.
    struct Words {
        let path: Range<Int>
        let value: Range<Int>
        let hasValue: Bool
        /// Whether the value is not shown, so that nothing that was measured may be either.
        let isRedacted: Bool
        let allowed: String
        /// How another tool says it; nil for the object's own words.
        let wording: Failure.Wording?
    }

    /// Appends what is wrong: field, value, and what is allowed.
    func writeMessage(to text: inout TextBuffer, _ words: Words) {
        switch self {
        case .expression(let message, let showsPath, let expression):
            if showsPath {
                text.append(words.path)
                text.append(": ")
            }
            return text.append(message ?? "failed expression: \(expression)")
        case .admission(let message, _): return text.append(message)
        default: text.append(words.path)
        }
        switch self {
        case .notAllowed:
            words.writeState(to: &text)
            words.writeAlternatives(to: &text)
        case .denied:
            words.writeState(to: &text)
            text.append(", which is denied")
        case .absent, .absentSKU:
            text.append(" is not set")
            words.writeAlternatives(to: &text)
        case .defaulted(let value), .defaultedSKU(let value):
            text.append(" is not set and Azure takes ")
            text.append(words.wording?.spelling(value) ?? value)
            words.writeAlternatives(to: &text)
        case .unknown(let source), .unknownSKU(let source):
            if let wording = words.wording {
                text.append(" ")
                text.append(wording.unknown(source).singleLine)
            } else {
                text.append(" is not known at admission (")
                text.append(source)
                text.append(")")
            }
            words.writeAlternatives(to: &text)
        case .above(let limit, let measured), .sizeAbove(let limit, let measured):
            words.writeState(to: &text)
            if let measured, !words.isRedacted {
                text.append(" (")
                text.append(measured)
                text.append(")")
            }
            text.append(", the maximum is ")
            text.append(limit)
        case .mismatch(let pattern):
            words.writeState(to: &text)
            text.append(", which does not match ")
            text.append(pattern)
        case .unwanted(let why):
            words.writeState(to: &text)
            text.append(": ")
            text.append(why)
        case .refused(let why, _):
            words.writeState(to: &text)
            text.append(why)
            words.writeAlternatives(to: &text)
        case .skuNotAllowed:
            text.append(": the SKU")
            words.writeState(to: &text)
            words.writeAlternatives(to: &text)
        case .text(let message, _):
            text.append(" ")
            text.append(message)
        case .expression, .admission: break
        }
    }

    /// Appends what to do about it.
    func writeMend(to text: inout TextBuffer, _ words: Words) {
        switch self {
        case .notAllowed, .absent, .defaulted:
            if let target = words.wording?.target { return words.writeTarget(target, to: &text) }
            text.append("set ")
            text.append(words.path)
            words.writeValues(to: &text)
        case .denied:
            text.append("choose another ")
            text.append(words.path)
        case .unknown:
            if let mend = words.wording?.mendOfUnknown { return text.append(mend) }
            text.append("set ")
            text.append(words.path)
            text.append(" itself")
            words.writeValues(to: &text)
        case .above(let limit, _):
            text.append("set ")
            text.append(words.path)
            text.append(" to ")
            text.append(limit)
            text.append(" or less")
        case .sizeAbove(let limit, _):
            text.append("choose a size of ")
            text.append(limit)
            text.append(" or less for ")
            text.append(words.path)
        case .mismatch(let pattern):
            if let target = words.wording?.target {
                text.append("deploy it to ")
                text.append(target)
                text.append(" that matches ")
                return text.append(pattern)
            }
            text.append("set ")
            text.append(words.path)
            text.append(" to a value that matches ")
            text.append(pattern)
        case .unwanted:
            text.append("remove ")
            text.append(words.path)
        case .skuNotAllowed, .defaultedSKU, .absentSKU, .unknownSKU:
            words.writeChoice(behind: "choose a SKU with ", to: &text)
        case .refused(_, let mend), .text(_, let mend): text.append(mend)
        case .expression(nil, _, _): text.append("change the object so that it holds")
        case .expression(_, _, let expression):
            text.append("what must hold is: ")
            text.append(expression)
        case .admission: break
        }
    }
}

extension Explanation.Words {
    fileprivate func writeState(to text: inout TextBuffer) {
        guard hasValue else { return text.append(" is not set") }
        text.append(" is \"")
        text.append(value)
        text.append("\"")
        if wording?.isDefault ?? false { text.append(" by default") }
    }

    fileprivate func writeAlternatives(to text: inout TextBuffer) {
        guard !allowed.isEmpty else { return }
        text.append("; allowed: ")
        text.append(allowed)
    }

    /// Appends what the field may be set to, if that is a list; nobody can write a pattern as it stands.
    fileprivate func writeValues(to text: inout TextBuffer) {
        if allowed.isEmpty { return }
        let hasPattern = allowed.utf8.contains(UInt8(ascii: "*"))
        writeChoice(behind: hasPattern ? " to a value that matches " : " to ", to: &text)
    }

    /// Appends where to deploy it instead.
    fileprivate func writeTarget(_ target: String, to text: inout TextBuffer) {
        text.append("deploy it to ")
        text.append(target)
        if !allowed.isEmpty { writeChoice(behind: " that matches ", to: &text) }
    }

    /// Appends `a, b, c` as people choose: `a, b or c`.
    fileprivate func writeChoice(behind words: StaticString, to text: inout TextBuffer) {
        text.append(words)
        let list = allowed.utf8Span.span
        var comma = list.count - 1
        while comma >= 0, list[comma] != UInt8(ascii: ",") { comma -= 1 }
        guard comma >= 0 else { return text.append(list) }
        text.append(list.extracting(0..<comma))
        text.append(" or")
        text.append(list.extracting((comma + 1)...))
    }
}
