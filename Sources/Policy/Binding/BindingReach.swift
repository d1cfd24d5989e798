internal import Azure
internal import JSON

/// What the namespaces of an AzureBinding may attach to resources, which roles they may give, whom their identities may
/// trust, and which names they may take.
struct BindingReach: Sendable {
    /// What an owner, or another object that is named, means if nobody knows where it lies.
    ///
    /// Allow by default: the object was judged itself when it was written, and what applies manifests does so in any order.
    let unknownOwners: Verdict
    let extensions: ExtensionLimits
    /// Nil: no roles at all.
    let roles: RoleLimits?
    /// Nil: no federated credentials at all.
    let federatedSubjects: FederatedSubjects?
    let adoption: Adoption
    /// What a second object for one resource of Azure means.
    let duplicates: Verdict

    static let fields = ["owners", "extensions", "roles", "federatedSubjects", "adoption", "duplicates"]

    init(_ fields: Fields) {
        unknownOwners = fields["owners"]?.fields(["ifUnknown"])?["ifUnknown"]?.keyword(Verdict.self) ?? .allow
        extensions = ExtensionLimits(fields["extensions"])
        roles = fields["roles"].flatMap { RoleLimits($0) }
        federatedSubjects = fields["federatedSubjects"].flatMap { FederatedSubjects($0) }
        adoption = fields["adoption"]?.keyword(Adoption.self) ?? .allow
        duplicates = fields["duplicates"]?.keyword(Verdict.self) ?? .deny
    }
}

/// How much of a subscription a thing reaches that is attached somewhere; the widest last.
enum Breadth: String, CaseIterable, Comparable, Sendable {
    case resource = "Resource"
    case resourceGroup = "ResourceGroup"
    case subscription = "Subscription"

    static func < (a: Breadth, b: Breadth) -> Bool { a.rank < b.rank }

    private var rank: Int {
        switch self {
        case .resource: 0
        case .resourceGroup: 1
        case .subscription: 2
        }
    }

    /// What is reached, for messages.
    var words: String {
        switch self {
        case .resource: "a resource"
        case .resourceGroup: "a whole resource group"
        case .subscription: "a whole subscription"
        }
    }
}

/// What something may be attached to.
struct AttachmentLimits: Sendable {
    static let fields = ["scope", "resources"]

    /// The widest that is allowed, inside the binding's subscriptions and resource groups.
    let scope: Breadth
    /// What else is allowed.
    ///
    /// A shared resource is one to refer to; that is no leave to change what it does.
    let resources: [ResourceIDPattern]

    init(_ fields: Fields?) {
        scope = fields?["scope"]?.keyword(Breadth.self) ?? .resourceGroup
        resources = fields?["resources"]?.resourceIDPatterns() ?? []
    }
}

/// Which kinds that extend any resource may be used, and on what.
struct ExtensionLimits: Sendable {
    /// `group/Kind`; nil allows all, but for those that give access or lie in no subscription.
    let kinds: [Glob]?
    let attachment: AttachmentLimits

    init(_ node: Node?) {
        let fields = node.flatMap { $0.fields(["allow"] + AttachmentLimits.fields) }
        kinds = fields?["allow"].map(Self.kinds)
        attachment = AttachmentLimits(fields)
    }

    private static func kinds(_ node: Node) -> [Glob] {
        let tables = node.loading.tables
        let known = tables.kinds.filter { $0.scope == .extension || $0.isOfTenant }.map(\.description)
        return node.elements().compactMap { element in
            guard let text = element.string() else { return nil }
            let glob = Glob(text)
            if !known.contains(where: { glob.matches($0) }) {
                let near = text.nearest(in: known).map { ", did you mean \"\($0)\"?" } ?? ""
                element.warning(
                    .unknownKind,
                    "\"\(text.prefix(80))\" is no extension that the tables know\(near)",
                    mend: "write group/Kind; known are \(known.joined(separator: ", "))"
                )
            }
            return glob
        }
    }
}

/// Whom managed identities may trust.
struct FederatedSubjects: Sendable {
    /// What Azure asks for, and every client of it sends.
    static let defaultAudience = "api://AzureADTokenExchange"

    let issuers: [String]
    /// Nil allows the service accounts of the namespace.
    let subjects: [Glob]?
    let audiences: [String]

    init?(_ node: Node) {
        guard let fields = node.fields(["issuers", "subjects", "audiences"]) else { return nil }
        let list = fields.required("issuers", "list the URLs of the token issuers, such as your cluster's")
        issuers = (list?.elements() ?? []).compactMap { element in
            guard let text = element.string() else { return nil }
            guard text.hasPrefix("https://"), !text.contains("*") else {
                element.error(
                    "is \"\(text.prefix(80))\"",
                    mend: "write the issuer's whole https:// URL, as its tokens say it"
                )
                return nil
            }
            return text
        }
        subjects = fields["subjects"]?.globs()
        audiences = fields["audiences"]?.strings() ?? [Self.defaultAudience]
    }
}

/// What taking over a resource that may exist in Azure already takes.
enum Adoption: String, CaseIterable, Sendable {
    case allow = "Allow"
    /// The annotation `portcullis.dev/adopt: "true"`.
    case annotated = "Annotated"
    case deny = "Deny"
}
