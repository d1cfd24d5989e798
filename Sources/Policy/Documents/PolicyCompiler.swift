internal import Azure
public import JSON
internal import Kubernetes

/// Makes a policy set of the documents of a folder.
///
/// Documents are added in any order; nothing is in force before all are good. One compiler makes one set.
public struct PolicyCompiler {
    /// What became of a folder.
    public struct Result: Sendable {
        /// The set; nil if any issue is an error.
        public let set: PolicySet?
        /// Errors and warnings, by file, line and column.
        public let issues: [PolicyIssue]

        package init(set: PolicySet?, issues: [PolicyIssue]) {
            self.set = set
            self.issues = issues
        }

        /// The issues that keep the set from being made.
        public var errors: [PolicyIssue] { issues.filter { $0.severity == .error } }
    }

    /// Kinds that the design knows and this version does not enforce.
    private static let reserved = ["DatabaseRestore"]

    private let configuration: PolicyConfiguration
    private var issues = IssueList()
    private var policies: [AzurePolicyDocument] = []
    private var bindings: [AzureBindingDocument] = []
    private var exceptions: [PolicyExceptionDocument] = []
    private var namespaces: [PolicyIndex.Namespace] = []
    private var priceLists: [PriceList] = []
    private var guests: [PolicyFile.Guest] = []
    /// Where each name of a kind was first used.
    private var places: [String: String] = [:]

    /// Starts a set.
    public init(configuration: PolicyConfiguration = PolicyConfiguration()) {
        self.configuration = configuration
    }

    /// Adds a document of a file.
    ///
    /// AzurePolicy, NamespaceAzurePolicy, AzureBinding, PolicyException, Namespace and Kubernetes' own policies are read, lists of them too. Empty documents and
    /// kustomizations are passed over. Manifests of a kind that some policy takes for parameters are parameters; any other
    /// kind is an error, for a policy that is not enforced must not look as if it were.
    public mutating func add(_ document: JSONDocument, file: String) {
        add(PolicyFile([document], file: file, configuration: configuration))
    }

    /// Adds a file that was compiled before, now or for an earlier set of the same configuration.
    public mutating func add(_ file: PolicyFile) {
        issues.append(file.issues)
        for name in file.names {
            if let first = places.updateValue(name.place, forKey: name.key) {
                issues.append(name.issue.saying("\(name.shown) exists already (\(first))"))
            }
        }
        policies += file.policies
        bindings += file.bindings
        exceptions += file.exceptions
        namespaces += file.namespaces
        priceLists += file.priceLists
        guests += file.guests
    }

    /// Reports that a file could not be read as documents; there will be no set then.
    public mutating func add(_ issue: PolicyIssue) {
        issues.append(issue)
    }

    /// Makes the set, which will carry the number.
    ///
    /// - Parameters:
    ///   - generation: The number.
    ///   - now: What the clock says, to warn of exceptions that have expired or soon will; nil if there is none.
    /// - Returns: The set, and what is to be said of the folder.
    public consuming func finish(generation: UInt64 = 0, now: WallTime? = nil) -> Result {
        let names = namespaces.map { Array($0.name.utf8) }
        reportSharedNamespaces(names)
        MutationConflicts.report(policies, namespaces: namespaces, kinds: configuration.tables.kindNames, &issues)
        Contender.reportContradictions(in: policies, &issues)
        let exceptions = resolveExceptions(now)
        let admissionPolicies = receiveGuests()
        let prices = PriceBook(priceLists)
        for rule in policies.lazy.flatMap(\.rules) {
            guard case .circumstantial(let test) = rule.test, let cost = test as? CostRule else { continue }
            if !prices.currencies.contains(cost.currency) { issues.append(cost.lacksPrices) }
        }
        guard !issues.hasErrors else { return Result(set: nil, issues: issues.sorted) }
        let set = PolicySet(
            policies: policies,
            bindings: bindings.map { ($0.entry, $0.binding) },
            exceptions: exceptions,
            admissionPolicies: admissionPolicies,
            namespaces: namespaces,
            prices: prices,
            configuration: configuration,
            generation: generation
        )
        return Result(set: set, issues: issues.sorted)
    }

    /// Finds the rules that exceptions name, and says which exceptions end.
    private mutating func resolveExceptions(
        _ now: WallTime?
    ) -> [(document: PolicyExceptionDocument, rules: [Rule])] {
        guard !exceptions.isEmpty else { return [] }
        var names = PolicyNames()
        for policy in policies {
            if policy.namespace == nil {
                names.policies[policy.name] = policy
            } else {
                names.namespacePolicies.insert(policy.name)
            }
        }
        names.bindings = Set(bindings.map(\.binding.name))
        for guest in guests where AdmissionDocuments.kinds.contains(guest.kind) && guest.kind.hasSuffix("Policy") {
            let name = ObjectMeta(of: guest.value, in: guest.document).name.flatMap { guest.document.string($0) }
            if let name { names.admissionPolicies[name] = guest.kind }
        }
        return exceptions.map { exception in
            if let now, let warning = exception.warning(at: now) { issues.append(warning) }
            return (exception, exception.resolve(among: names, &issues))
        }
    }

    /// Compiles Kubernetes' own policies, and finds the manifests that policies take for parameters; a kind that none takes is
    /// no document of ours.
    private mutating func receiveGuests() -> AdmissionPolicies? {
        let loading = Loading(configuration)
        defer { issues.append(loading.issues) }
        var admission = AdmissionDocuments()
        var others: [(node: Node, guest: PolicyFile.Guest)] = []
        for guest in guests {
            let node = guest.node(loading)
            if AdmissionDocuments.reads(guest.apiVersion, guest.kind) {
                admission.add(node, apiVersion: guest.apiVersion, kind: guest.kind)
            } else if (guest.apiVersion, guest.kind) == ("v1", "Namespace") {
                admission.add(namespace: node)
            } else {
                others.append((node, guest))
            }
        }
        var manifests = ParamManifests()
        let params = policies.compactMap(\.params)
        let kinds = Set(params.map(\.kind)).union(admission.paramKinds)
        for (node, guest) in others {
            let kind = ParamKind(apiVersion: guest.apiVersion, kind: guest.kind)
            if kinds.contains(kind) {
                manifests.add(node, kind)
            } else {
                Self.refuse(Fields(node: node), guest.apiVersion, guest.kind)
            }
        }
        for param in params where param.reference.namespace != nil { manifests.noteNamespace(of: param.kind) }
        admission.prepare(&manifests)
        for index in policies.indices {
            guard let params = policies[index].params else { continue }
            policies[index].expressions?.parameters = params.bind(to: manifests, &issues)
        }
        return admission.compile(manifests, namespaces: namespaces)
    }

    private static func refuse(_ type: Fields, _ apiVersion: String, _ kind: String) {
        if reserved.contains(kind) {
            type["kind"]?.error("\(kind) is not supported by this version", mend: "remove it; nothing would enforce it")
            return
        }
        let kinds =
            [
                "AzurePolicy", "NamespaceAzurePolicy", "AzureBinding", "PolicyException", "Namespace", "PriceList",
            ] + AdmissionDocuments.kinds
        if kinds.contains(kind) {
            let expected =
                kind == "Namespace"
                ? "v1" : AdmissionDocuments.kinds.contains(kind) ? AdmissionDocuments.apiVersion : PolicyFile.apiVersion
            type["apiVersion"]?.error("is \"\(apiVersion.prefix(80))\"", mend: "write \(expected)")
        } else if let near = kind.nearest(in: kinds + reserved) {
            type["kind"]?.error("is \"\(kind.prefix(80))\", did you mean \"\(near)\"?", mend: "write \(near)")
        } else {
            type["kind"]?.error(
                "\(kind.prefix(80)) of \(apiVersion.prefix(80)) is not a policy",
                mend: "keep it in another folder, or name its kind in a policy's spec.params"
            )
        }
    }

    /// Two bindings that match one namespace, where that can be seen: for every namespace that the folder names.
    private mutating func reportSharedNamespaces(_ known: [[UInt8]]) {
        guard bindings.count > 1 else { return }
        let bindings = bindings.sorted { $0.binding.name < $1.binding.name }
        let index = BindingIndex(bindings.map(\.entry), namespaces: namespaces)
        var names = Set(known)
        for entry in bindings.map(\.entry.namespaces) + policies.map(\.entry.namespaces) {
            for glob in entry.included ?? [] where glob.isLiteral { names.insert(glob.pattern) }
        }
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let match = index.match(name.span)
            guard let first = match.first, let last = match.others.last else { continue }
            let namespace = String(decoding: name, as: UTF8.self)
            issues.append(
                bindings[last].place.saying(
                    "namespace \(namespace) is matched by AzureBinding \(bindings[first].binding.name) too"
                )
            )
        }
    }
}
