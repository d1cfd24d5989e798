/// Why a body is not an AdmissionReview v1: what the sender gets with a 400.
public struct AdmissionReviewError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the member at `path`.
    public enum Problem: Hashable, Sendable {
        /// It is absent or `null`.
        case missing
        /// It is an empty string.
        case empty
        /// It has another JSON type than this one.
        case notA(String)
        /// The review has another `apiVersion`; holds what was found.
        case unsupportedVersion(String)
        /// The document is something else; holds its `kind`.
        case notAReview(String)
        /// No operation of Kubernetes; holds what was found.
        case unknownOperation(String)
        /// It may not be there in this operation.
        case unexpected(Operation)
        /// It must be there in this operation.
        case required(Operation)
    }

    /// The member, from the root of the body (`request.userInfo`).
    public let path: String
    /// What is wrong with it.
    public let problem: Problem

    /// Names a member and what is wrong with it.
    public init(path: String, problem: Problem) {
        self.path = path
        self.problem = problem
    }

    init(_ path: StaticString, _ problem: Problem) {
        self.init(path: "\(path)", problem: problem)
    }

    init(_ path: StaticString, _ member: StaticString, _ problem: Problem) {
        self.init(path: member.utf8CodeUnitCount == 0 ? "\(path)" : "\(path).\(member)", problem: problem)
    }

    /// One line for the sender: what is wrong, and the mend where there is one.
    public var description: String {
        switch problem {
        case .missing: "\(path) is missing"
        case .empty: "\(path) is empty"
        case .notA(let type): "\(path) is not \(type)"
        case .unsupportedVersion(let found):
            "apiVersion is \(quoted(found)), not admission.k8s.io/v1: "
                + "set admissionReviewVersions: [v1] in the webhook configuration"
        case .notAReview(let found): "kind is \(quoted(found)), not AdmissionReview"
        case .unknownOperation(let found): "\(path) is \(quoted(found)), not CREATE, UPDATE, DELETE or CONNECT"
        case .unexpected(let operation): "\(path) is set, but the operation is \(operation.rawValue)"
        case .required(let operation): "\(path) is missing, but the operation is \(operation.rawValue)"
        }
    }

    /// The sender's words, in quotes and short enough for a message.
    private func quoted(_ text: String) -> String {
        let limit = 64
        return "\"" + (text.count > limit ? text.prefix(limit) + "…" : text[...]) + "\""
    }
}
