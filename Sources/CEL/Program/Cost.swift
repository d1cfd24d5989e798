internal import JSON

/// A tenth of a size, rounded up: what Kubernetes charges for going through a text once.
///
/// With the rounding of its arithmetic in doubles: 30 gives 4.
@inline(__always)
func tenth(_ size: UInt64) -> UInt64 {
    // The product of 0.1 and these is exact enough to be one.
    if size <= 10 { return size == 0 ? 0 : 1 }
    return UInt64((Double(size) * 0.1).rounded(.up))
}

extension Evaluation {
    /// The size that Kubernetes' accounting gives a value: code points of a string, bytes, elements, entries; of an optional
    /// that of its value; 1 for everything else.
    func size(of value: CELValue) -> UInt64 {
        switch value {
        case .string(let text): return UInt64(text.utf8Span.span.codePoints)
        case .bytes(let bytes): return UInt64(bytes.count)
        case .list(let list): return UInt64(list.elements.count)
        case .map(let map): return UInt64(map.entries.count)
        case .json(let json):
            let document = document(of: json)
            return UInt64(json.isString ? document.utf8(json).codePoints : document.count(of: json))
        case .optional(let optional):
            guard let value = optional.value else { return 1 }
            return size(of: value)
        default: return 1
        }
    }

    /// Charges a call that has been made.
    mutating func charge(_ cost: CallCost, _ arguments: [CELValue], _ result: CELValue) throws(CELError) {
        switch cost {
        case .one: try charge(1)
        case .free: break
        case .size(let place, let times): try charge(tenth(times, size(of: arguments[place])))
        case .computed(let units): try charge(units(arguments, result, &self))
        }
    }

    @inline(__always)
    func tenth(_ times: UInt64, _ size: UInt64) -> UInt64 {
        times == 1 ? CEL.tenth(size) : UInt64((Double(size) * Double(times) * 0.1).rounded(.up))
    }

    /// - Throws: `.tooLarge` if a string or bytes may not be so long.
    @inline(__always)
    func allowString(_ bytes: Int) throws(CELError) {
        guard bytes <= limits.stringBytes else {
            throw CELError(.tooLarge, "a string of \(bytes) bytes is longer than the limit of \(limits.stringBytes)")
        }
    }

    /// Gives a list, map or object that has been made of values.
    ///
    /// - Throws: `.tooLarge` if there are too many values in it.
    @inline(__always)
    func allowed(_ value: CELValue, at offset: Int? = nil) throws(CELError) -> CELValue {
        guard value.weight <= limits.values else {
            let error = CELError(
                .tooLarge,
                "a list or map holds more than the limit of \(limits.values) values, counted as often as they are shared"
            )
            throw offset.map { error.located(at: $0) } ?? error
        }
        return value
    }

    /// - Throws: `.tooLarge` if a list or map may not have so many elements.
    @inline(__always)
    func allowElements(_ count: Int) throws(CELError) {
        guard count <= limits.elements else {
            throw CELError(
                .tooLarge,
                "a list or map of \(count) elements is longer than the limit of \(limits.elements)"
            )
        }
    }
}
