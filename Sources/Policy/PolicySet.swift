public import Azure
internal import JSON
internal import Kubernetes

/// What evaluation needs beside policies; the operator's choice, not a policy author's.
public struct PolicyConfiguration: Sendable {
    /// The facts about Azure that policies and requests are read with.
    public var tables: AzureTables

    /// The users whose metadata-only writes pass: controllers that write finalizers, annotations and owner references of
    /// objects that others are judged for.
    public var controllers: [String]

    /// The most places that one decision visits before it counts as broken.
    ///
    /// A large request with a thousand policies visits some 20,000; a million take about 20 ms.
    public var maximumSteps: Int

    /// How long the expressions of one request may hold up the loop, in all.
    ///
    /// Ten expressions take some 10 µs; 5 ms is what other connections of a loop can wait.
    public var maximumExpressionTime: Duration

    /// Whether a detailed `DecisionTrace` can tell what the parts of expressions gave, which makes every evaluation slower.
    public var tracesExpressions = false

    /// A configuration; what is not given has the defaults of the design.
    public init(
        tables: AzureTables = .embedded,
        controllers: [String] = Self.defaultControllers,
        maximumSteps: Int = 1_000_000,
        maximumExpressionTime: Duration = .milliseconds(5)
    ) {
        self.tables = tables
        self.controllers = controllers
        self.maximumSteps = maximumSteps
        self.maximumExpressionTime = maximumExpressionTime
    }

    /// Azure Service Operator, the garbage collector and the namespace controller under their usual names.
    public static let defaultControllers = [
        "system:serviceaccount:azureserviceoperator-system:azureserviceoperator-default",
        "system:serviceaccount:kube-system:generic-garbage-collector",
        "system:serviceaccount:kube-system:namespace-controller",
    ]
}

/// All policies of a folder, compiled: immutable, shared by all loops, replaced whole.
public final class PolicySet: Sendable {
    /// One policy, or what it says of some operations, with what its index entry does not say.
    final class Policy: Sendable {
        let name: String
        /// The namespace of a NamespaceAzurePolicy; nil if it is an AzurePolicy.
        let namespace: String?
        let match: PolicyMatch
        let failurePolicy: FailurePolicy
        let rules: [Rule]
        let mutations: [Mutation]
        /// What its expressions have in common; nil if it has none.
        let expressions: PolicyExpressions?

        init(
            name: String,
            namespace: String?,
            match: PolicyMatch,
            failurePolicy: FailurePolicy,
            rules: [Rule],
            mutations: [Mutation],
            expressions: PolicyExpressions?
        ) {
            self.name = name
            self.namespace = namespace
            self.match = match
            self.failurePolicy = failurePolicy
            self.rules = rules
            self.mutations = mutations
            self.expressions = expressions
        }

        /// Whom it is reported under that a part of the policy could not be evaluated.
        func origin(_ part: String) -> Failure.Origin {
            let source: Failure.Source = namespace == nil ? .policy : .namespacePolicy
            return Failure.Origin(source: source, policy: name, rule: part, effect: .deny, namespace: namespace)
        }
    }

    /// Policies that are asked together, as words of the index.
    struct Tier: BitwiseCopyable {
        let firstWord: Int
        let endOfWords: Int
        /// How many bits of the index before it stand for no policy.
        let padding: Int
    }

    /// AzurePolicies, then NamespaceAzurePolicies, each sorted by name, so that neither decisions nor patches depend on the
    /// order of files.
    let policies: [Policy]
    /// What rules ask of an object.
    struct Demand: BitwiseCopyable {
        var facets: FacetSet = []
        var parts: PartSet = []

        mutating func formUnion(_ other: Demand) {
            facets.formUnion(other.facets)
            parts.formUnion(other.parts)
        }
    }

    /// What every request that a policy matches asks of it, without a reference to count.
    struct Plan: BitwiseCopyable {
        let demand: Demand
        /// Whether the policy's `match` asks nothing beyond the index.
        let matchesEverybody: Bool
        /// Whether it has expressions, be it as conditions or as rules.
        let hasExpressions: Bool
        /// Whether some exception names one of its rules.
        let mayBeWaived: Bool
        fileprivate let firstRule: Int
        fileprivate let endOfRules: Int

        /// Whether its rules can be tried one after the other, and there is nothing else to ask.
        var isPlain: Bool { !hasExpressions && !mayBeWaived }

        /// The policy's rules among those of the set.
        var rules: Range<Int> { firstRule..<endOfRules }
    }

    /// One for each policy.
    let plans: [Plan]
    /// The AzurePolicies.
    let clusterTier: Tier
    /// The NamespaceAzurePolicies: asked last and by themselves, so that what they cost or find is nothing to the others.
    let namespaceTier: Tier
    /// The rules of all policies.
    let rules: [Rule]
    let index: PolicyIndex
    let bindings: [Binding]
    let bindingIndex: BindingIndex
    /// What waives rules; nil if there is nothing.
    let exceptions: ExceptionIndex?
    /// Kubernetes' own policies; nil if there are none.
    let admissionPolicies: AdmissionPolicies?
    let controllers: NameTable
    let namespaceObjects: NamespaceObjects
    /// What the folder's PriceLists say.
    let prices: PriceBook
    let configuration: PolicyConfiguration
    let hasMutations: Bool

    /// A set without policies allows everything; `portcullis serve` is not ready with it unless the folder is empty.
    public static let empty = PolicySet(
        policies: [],
        bindings: [],
        namespaces: [],
        configuration: PolicyConfiguration(),
        generation: 0
    )

    /// The number that the compiler was given; whoever swaps sets counts.
    public let generation: UInt64

    init(
        policies documents: [AzurePolicyDocument],
        bindings: [(BindingIndex.Entry, Binding)],
        exceptions: [(document: PolicyExceptionDocument, rules: [Rule])] = [],
        admissionPolicies: AdmissionPolicies? = nil,
        namespaces: [PolicyIndex.Namespace],
        prices: PriceBook = PriceBook([]),
        configuration: PolicyConfiguration,
        generation: UInt64
    ) {
        self.generation = generation
        self.prices = prices
        let sorted = documents.sorted { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
        let policies = sorted.flatMap(\.parts)
        let clusterCount = policies.count { $0.policy.namespace == nil }
        let clusterWords = (clusterCount + 63) / 64
        let padding = clusterCount == policies.count ? 0 : clusterWords * 64 - clusterCount
        clusterTier = Tier(firstWord: 0, endOfWords: clusterWords, padding: 0)
        namespaceTier = Tier(
            firstWord: clusterWords,
            endOfWords: (policies.count + padding + 63) / 64,
            padding: padding
        )
        let bindings = bindings.sorted { $0.1.name < $1.1.name }
        self.policies = policies.map(\.1)
        let waivers =
            exceptions.isEmpty ? nil : ExceptionIndex(exceptions, kinds: configuration.tables.kindNames)
        self.exceptions = waivers
        var rules: [Rule] = []
        plans = policies.map { _, policy in
            let first = rules.count
            rules += policy.rules
            return Plan(
                demand: policy.rules.reduce(into: Demand()) {
                    $0.formUnion($1.demand)
                },
                matchesEverybody: policy.match.isEverything,
                hasExpressions: policy.expressions != nil,
                mayBeWaived: waivers.map { waivers in policy.rules.contains { waivers.waives($0) } } ?? false,
                firstRule: first,
                endOfRules: rules.count
            )
        }
        self.rules = rules
        self.bindings = bindings.map(\.1)
        self.admissionPolicies = admissionPolicies
        self.configuration = configuration
        index = PolicyIndex(
            policies[..<clusterCount].map(\.0) + Array(repeating: .nothing, count: padding)
                + policies[clusterCount...].map(\.0),
            namespaces: namespaces,
            kinds: configuration.tables.kindNames
        )
        bindingIndex = BindingIndex(bindings.map(\.0), namespaces: namespaces)
        var seen: Set<String> = []
        controllers = NameTable(configuration.controllers.filter { seen.insert($0).inserted }.map { Array($0.utf8) })
        policyCount = documents.count { $0.namespace == nil }
        namespacePolicyCount = documents.count - policyCount
        ruleCount = documents.reduce(0) { $0 + $1.rules.count }
        mutationCount = documents.reduce(0) { $0 + $1.mutations.count }
        hasMutations = mutationCount > 0
        namespaceCount = namespaces.count
        namespaceObjects = NamespaceObjects(namespaces)
    }

    /// How many AzurePolicies there are.
    public let policyCount: Int

    /// How many NamespaceAzurePolicies there are.
    public let namespacePolicyCount: Int

    /// How many PolicyExceptions there are, expired ones among them.
    public var exceptionCount: Int { exceptions?.count ?? 0 }

    /// Whether `decide` needs to know the time.
    public var hasExceptions: Bool { exceptions != nil }

    /// How many PolicyExceptions waive nothing any more.
    public func expiredExceptionCount(at now: WallTime) -> Int { exceptions?.expiredCount(at: now) ?? 0 }

    /// When the next PolicyException ends; nil if none is in force.
    public func nextExceptionExpiry(after now: WallTime) -> WallTime? { exceptions?.nextExpiry(after: now) }

    /// How many of Kubernetes' own policies there are, bound or not.
    public var admissionPolicyCount: Int { validatingAdmissionPolicyCount + mutatingAdmissionPolicyCount }

    /// How many ValidatingAdmissionPolicies there are, bound or not.
    public var validatingAdmissionPolicyCount: Int { admissionPolicies?.policyCounts[.validating] ?? 0 }

    /// How many MutatingAdmissionPolicies there are, bound or not.
    public var mutatingAdmissionPolicyCount: Int { admissionPolicies?.policyCounts[.mutating] ?? 0 }

    /// How many AzureBindings there are.
    public var bindingCount: Int { bindings.count }

    /// How many namespaces have known labels.
    public let namespaceCount: Int

    /// How many rules there are in all.
    public let ruleCount: Int

    /// How many mutations there are in all.
    public let mutationCount: Int

    /// Whether there is nothing that could judge or change anything.
    var isEmpty: Bool { policies.isEmpty && bindings.isEmpty }

    /// Whether identity is checked at all.
    public var hasBinding: Bool { !bindings.isEmpty }
}
