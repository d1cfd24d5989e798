internal import Azure
internal import JSON

/// Tells failures that an object already had from those that an UPDATE brings.
///
/// A failure is old if the old object, judged by the same set, fails the same policy and rule at the same path with the same
/// value. Elements of lists are the same if their keys are, wherever in the list they stand; one of the old object stands for
/// one of the new, or keys could be had twice.
struct Ratchet {
    private let old: [Failure]
    /// Which of them stand for a failure already.
    private var isSpent: [Bool]
    private let oldSubject: Subject

    init(_ old: [Failure], of subject: Subject) {
        self.old = old
        isSpent = Array(repeating: false, count: old.count)
        oldSubject = subject
    }

    /// Says whether a failure is old; to be asked once of each.
    mutating func isOld(_ failure: Failure, of subject: borrowing Subject) -> Bool {
        guard failure.origin.ratchets else { return false }
        // What nobody knows yet may be anything, whatever was not known before.
        if subject.document.mayHaveUnknowns, failure.reason == .unknown { return false }
        var path: [StableStep]?
        for (index, candidate) in old.enumerated() where !isSpent[index] && candidate.isSameRule(as: failure) {
            guard Self.isSame(candidate.found, oldSubject.document, failure.found, subject.document),
                candidate.value == failure.value
            else { continue }
            let mine = path ?? JSONFragment(subject.document, subject.object).stable(failure.fieldPath)
            path = mine
            if JSONFragment(oldSubject.document, oldSubject.object).stable(candidate.fieldPath) == mine {
                isSpent[index] = true
                return true
            }
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
enum StableStep: Hashable {
    case member(String)
    case keyed(String)
    case element(Int)
}

extension JSONFragment {
    /// The path with the keys of lists' elements instead of their places.
    func stable(_ path: FieldPath) -> [StableStep] {
        var value: JSONValue? = self.value
        return path.steps.map { step in
            switch step {
            case .member(let name):
                value = value.flatMap { document.member(name, of: $0) }
                return .member(name)
            case .element(let index):
                value = value.flatMap { document.element(index, of: $0) }
                return value.flatMap { document.elementKey($0) } ?? .element(index)
            }
        }
    }
}

extension JSONDocument {
    /// The members that name an element of a list, in the order in which they are tried.
    private static let elementKeys: [StaticString] = ["name", "id", "key", "armId", "locationName", "location", "lun"]

    /// What tells an element of a list from the others wherever it stands; nil if only its place does.
    func elementKey(_ element: JSONValue) -> StableStep? {
        // An element that is a scalar is its own key.
        if !element.isObject && !element.isArray { return .keyed(String(lexeme(element))) }
        for key in Self.elementKeys {
            guard let found = member(key, of: element), found.isString || found.isNumber else { continue }
            return .keyed("\(key)=\(String(lexeme(found)))")
        }
        return nil
    }
}
