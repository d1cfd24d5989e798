extension PolicySet {
    /// What failures of a policy are reported under.
    public struct Names: Sendable {
        /// The policy's `metadata.name`.
        public let policy: String
        /// Its rules and mutations; nil if they have no names that are known before, as those of bindings and of Kubernetes'
        /// policies.
        public let rules: [String]?
    }

    /// The names of all policies, with their rules and mutations: to check what others say of them.
    public var names: [Names] {
        let own = policies.map { policy in
            Names(policy: policy.name, rules: policy.rules.map(\.name) + policy.mutations.map(\.name))
        }
        let hooks = admissionPolicies.map { $0.validating.hooks + $0.mutating.hooks } ?? []
        return own + (bindings.map(\.name) + hooks.map(\.policy.name)).map { Names(policy: $0, rules: nil) }
    }
}
