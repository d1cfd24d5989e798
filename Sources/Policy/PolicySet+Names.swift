extension PolicySet {
    /// What failures of a policy are reported under.
    public struct Names: Sendable {
        /// The policy's `metadata.name`; `no-binding` where no AzureBinding matches.
        public let policy: String
        /// Its rules and mutations, and what a binding guards; of Kubernetes' policies the places of their lists.
        public let rules: [String]
    }

    /// What failures name though it is no rule: a policy that could not be judged as a whole, or not made, and what is denied
    /// without any policy.
    public static let generalRules = ["rules", "mutations", "being-deleted"]

    /// The names of all policies, with their rules and mutations: to check what others say of them.
    public var names: [Names] {
        let own = policies.map { policy in
            Names(policy: policy.name, rules: policy.rules.map(\.name) + policy.mutations.map(\.name))
        }
        let parts = BindingPart.allCases.map(\.rawValue)
        let governors = bindings.isEmpty ? [] : bindings.map(\.name) + [BindingCheck.unboundName]
        let hooks = admissionPolicies.map { $0.validating.hooks + $0.mutating.hooks } ?? []
        return own + governors.map { Names(policy: $0, rules: parts) }
            + hooks.map { Names(policy: $0.policy.name, rules: $0.policy.partNames) }
    }
}

extension AdmissionPolicy {
    /// Its parts, as failures name them.
    fileprivate var partNames: [String] {
        func places(_ list: String, _ count: Int) -> [String] { (0..<count).map { "\(list)[\($0)]" } }
        let own =
            switch body {
            case .validating(let validations, let annotations):
                places("validations", validations.count) + places("auditAnnotations", annotations.count)
            case .mutating(let mutations, _): places("mutations", mutations.count)
            }
        return ["binding", "matchConditions"] + own
    }
}
