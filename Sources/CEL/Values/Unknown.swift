internal import JSON

/// A value that nobody knows yet.
///
/// It has no fields, is compared with nothing, and no function takes it. It is no case of `CELValue`: only documents that are judged before they are complete have such values, and whatever an
/// expression does with one fails.
final class UnknownValue: ObjectValue {
    private let reason: String

    init(_ reason: String) { self.reason = reason }

    var type: CELType { .opaque("unknown") }

    /// Fails.
    func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? { throw error }

    var error: CELError { CELError(.host, "the value is not known (\(reason))") }
}

extension CELValue {
    /// - Throws: If it is not known.
    @inline(__always)
    func known() throws(CELError) -> CELValue {
        if case .object(let object) = self, let unknown = object as? UnknownValue { throw unknown.error }
        return self
    }
}

extension Evaluation {
    /// A null of a document, which may stand for what nobody knows.
    @inline(__always)
    func null(_ json: JSONValue, in document: borrowing JSONDocument) -> CELValue {
        json.isUnknown ? .object(UnknownValue(document.reason(ofUnknown: json) ?? "")) : .null
    }

    /// - Throws: If a value of a document is not known, or is a list with an element that is not.
    func requireKnown(_ json: JSONValue, in document: borrowing JSONDocument) throws(CELError) {
        if json.isUnknown { throw UnknownValue(document.reason(ofUnknown: json) ?? "").error }
        guard json.isArray, document.mayHaveUnknowns else { return }
        for element in document.elements(of: json) where element.isUnknown {
            throw UnknownValue(document.reason(ofUnknown: element) ?? "").error
        }
    }

    /// - Throws: If anything in a value is not known: it cannot be compared.
    @inline(__always)
    func requireComparable(_ value: CELValue) throws(CELError) {
        switch value {
        case .object: _ = try value.known()
        case .json(let json) where json.isArray || json.isObject:
            if document(of: json).mayHaveUnknowns { try requireAllKnown(json, in: document(of: json)) }
        default: break
        }
    }

    @inline(never)
    private func requireAllKnown(_ json: JSONValue, in document: borrowing JSONDocument) throws(CELError) {
        if json.isUnknown { throw UnknownValue(document.reason(ofUnknown: json) ?? "").error }
        if json.isArray {
            for element in document.elements(of: json) { try requireAllKnown(element, in: document) }
        } else if json.isObject {
            for (_, member) in document.members(of: json) { try requireAllKnown(member, in: document) }
        }
    }
}
