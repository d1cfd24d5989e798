internal import Azure
internal import JSON

/// Tells failures that an object already had from those that an UPDATE brings.
///
/// A failure is old if the old object, judged by the same set, fails the same policy and rule at the same path with the same
/// value. Elements of lists are the same if their keys are, wherever in the list they stand.
struct Ratchet {
    private let old: [Failure]
    private let oldSubject: Subject

    init(_ old: [Failure], of subject: Subject) {
        self.old = old
        oldSubject = subject
    }

    func isOld(_ failure: Failure, of subject: borrowing Subject) -> Bool {
        guard failure.origin.ratchets else { return false }
        var path: [StableStep]?
        for candidate in old where candidate.isSameRule(as: failure) {
            guard Self.isSame(candidate.found, oldSubject.document, failure.found, subject.document),
                candidate.value == failure.value
            else { continue }
            let mine = path ?? subject.stable(failure.fieldPath)
            path = mine
            if oldSubject.stable(candidate.fieldPath) == mine { return true }
        }
        return false
    }

    private static func isSame(
        _ first: JSONValue?,
        _ firstDocument: JSONDocument,
        _ second: JSONValue?,
        _ secondDocument: JSONDocument
    ) -> Bool {
        switch (first, second) {
        case (nil, nil): true
        case (let first?, let second?): isEqual(first, in: firstDocument, second, in: secondDocument)
        default: false
        }
    }
}

extension Failure {
    fileprivate func isSameRule(as other: Failure) -> Bool {
        document == other.document && rule == other.rule && reason == other.reason && source == other.source
            && explanation == other.explanation
    }
}

/// A step of a path that does not change when a list is reordered.
private enum StableStep: Equatable {
    case member(String)
    case keyed(String)
    case element(Int)
}

extension Subject {
    /// The members that name an element of a list, in the order in which they are tried.
    private static let keys: [StaticString] = ["name", "id", "key", "armId", "locationName", "location", "lun"]

    fileprivate func stable(_ path: FieldPath) -> [StableStep] {
        var value: JSONValue? = object
        return path.steps.map { step in
            switch step {
            case .member(let name):
                value = value.flatMap { document.member(name, of: $0) }
                return .member(name)
            case .element(let index):
                value = value.flatMap { document.element(index, of: $0) }
                guard let value else { return .element(index) }
                // An element that is a scalar is its own key.
                if !value.isObject && !value.isArray { return .keyed(String(document.lexeme(value))) }
                for key in Self.keys {
                    guard let found = document.member(key, of: value), found.isString || found.isNumber else {
                        continue
                    }
                    return .keyed("\(key)=\(String(document.lexeme(found)))")
                }
                return .element(index)
            }
        }
    }
}
