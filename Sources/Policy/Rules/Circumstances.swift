internal import JSON
internal import Kubernetes

/// What a rule may ask beside the object that it judges.
struct Circumstances {
    let request: AdmissionRequest
    /// The set that judges.
    let set: PolicySet
    let namespaces: NamespaceObjects
    /// Nil if nobody tells what else there is.
    let inventory: Inventory?
    let prices: PriceBook
    /// Whether the object is the one before the UPDATE, judged only to tell old failures from new ones.
    let isOld: Bool
    /// Whether another tool manages the resource, with a credential of its own.
    let isForeign: Bool
}

/// What must hold of an object and what is around it.
///
/// A new kind of rule conforms to this and adds a row to `Rule.readers`. A class, so that a rule's test is copied by one
/// reference, whatever it is.
protocol CircumstantialTest: AnyObject, Sendable {
    /// The facets and parts that it reads from `Subject.facets`.
    var demand: PolicySet.Demand { get }

    /// The operations on which it is asked, whatever those of its policy are; nil, the default, if it goes by its policy.
    var operations: OperationSet? { get }

    /// Whether a failure that the object had before an UPDATE only warns, as it does by default.
    ///
    /// If not, the test is never asked about the object before the UPDATE.
    var ratchets: Bool { get }

    /// Whether it looks at objects of other namespaces, which no rule of a NamespaceAzurePolicy may; it does not by default.
    var readsOtherNamespaces: Bool { get }

    /// What it says in a form that can be compared with what other rules say; nothing by default.
    var claims: Claims { get }

    /// Judges an object.
    ///
    /// - Parameters:
    ///   - subject: The object, its facets read.
    ///   - circumstances: What is around it.
    ///   - rule: The rule whose test this is.
    ///   - report: Where failures go.
    /// - Throws: If it cannot be judged.
    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError)
}

extension CircumstantialTest {
    var operations: OperationSet? { nil }
    var ratchets: Bool { true }
    var claims: Claims { Claims() }
    var readsOtherNamespaces: Bool { false }
}
