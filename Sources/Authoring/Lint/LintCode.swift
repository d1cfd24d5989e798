public import Policy

/// What lint finds, by the codes that comments and other programs name; a code never changes its meaning.
public enum LintCode: String, CaseIterable, Sendable {
    case unreadable = "PC001"
    case invalid = "PC002"
    case unknownField = "PC003"
    case expression = "PC004"
    case duplicateName = "PC005"
    case unknownName = "PC006"
    case contradiction = "PC007"
    case shadowedRule = "PC008"
    case idleRule = "PC009"
    case emptyMatch = "PC010"
    case unknownKind = "PC011"
    case unknownRegion = "PC012"
    case unknownSKU = "PC013"
    case unknownRole = "PC014"
    case unused = "PC015"
    case farReachingMutation = "PC016"
    case conflictingMutations = "PC017"
    case wideGrant = "PC018"
    case sharedNamespace = "PC019"
    case expiringException = "PC020"
    case secretInMessage = "PC021"
    case doubtful = "PC022"
    case absence = "PC030"
    case unknownSize = "PC031"
    case uncheckedField = "PC032"
    case fromConfig = "PC033"
    case nestedLoops = "PC034"
    case ignoredFailure = "PC035"
    case noMessage = "PC036"
    case noTests = "PC037"
    case regionSpelling = "PC038"
    case everyNamespace = "PC039"
    case notPortable = "PC040"
    case costly = "PC041"
    case endingException = "PC042"
    case needlessIgnore = "PC050"

    /// What is said of a code.
    public struct Entry: Sendable {
        /// What it is, in a few words.
        public let title: String
        /// How bad it is; what the compiler says is an error always is.
        public let level: Report.Level
        /// Why it matters and what to do.
        public let explanation: String
        /// YAML in which it is found.
        public let bad: String
        /// The same, mended.
        public let good: String
        /// Whether `--fix` can mend it.
        public var isFixable = false
    }

    /// The code of what the compiler found.
    public init(_ kind: PolicyIssue.Kind) {
        self =
            switch kind {
            case .unreadable: .unreadable
            case .invalid: .invalid
            case .unknownField: .unknownField
            case .expression: .expression
            case .duplicateName: .duplicateName
            case .unknownName: .unknownName
            case .contradiction: .contradiction
            case .shadowedRule: .shadowedRule
            case .idleRule: .idleRule
            case .emptyMatch: .emptyMatch
            case .unknownKind: .unknownKind
            case .unknownRegion: .unknownRegion
            case .unknownSKU: .unknownSKU
            case .unknownRole: .unknownRole
            case .unused: .unused
            case .farReachingMutation: .farReachingMutation
            case .conflictingMutations: .conflictingMutations
            case .wideGrant: .wideGrant
            case .sharedNamespace: .sharedNamespace
            case .expiringException: .expiringException
            case .secretInMessage: .secretInMessage
            case .doubtful: .doubtful
            }
    }

    /// What is said of it.
    public var entry: Entry {
        switch self {
        case .unreadable:
            Entry(
                title: "file that cannot be read",
                level: .error,
                explanation:
                    "The file is not there, too large, or not YAML. Nothing of a folder with such a file is in force.",
                bad: "spec: [unclosed",
                good: "spec: {rules: []}"
            )
        case .invalid:
            Entry(
                title: "not what the format asks for",
                level: .error,
                explanation:
                    "A value of the wrong type, a word that is none of those there are, something missing. policies/README.md describes every field.",
                bad: "action: Forbid",
                good: "action: Deny"
            )
        case .unknownField:
            Entry(
                title: "unknown field",
                level: .error,
                explanation:
                    "A field that there is not would be a rule that nobody enforces, so the folder is refused. Where one field alone can be meant, --fix writes it.",
                bad: "acton: Warn",
                good: "action: Warn",
                isFixable: true
            )
        case .expression:
            Entry(
                title: "expression that does not compile",
                level: .error,
                explanation:
                    "The expression is not CEL, names what there is not, or gives a value of another type than is asked for.",
                bad: "expression: object.spec.count > \"3\" ||",
                good: "expression: object.spec.count > 3"
            )
        case .duplicateName:
            Entry(
                title: "name that is used twice",
                level: .error,
                explanation:
                    "Failures are reported under the names of policies and rules. Mostly something was copied and not finished.",
                bad: "rules: [{name: a, kinds: {deny: [\"sql.azure.com/*\"]}}, {name: a, zones: {minimum: 2}}]",
                good: "rules: [{name: a, kinds: {deny: [\"sql.azure.com/*\"]}}, {name: b, zones: {minimum: 2}}]"
            )
        case .unknownName:
            Entry(
                title: "name of what is not there",
                level: .error,
                explanation: "A parameter, a policy, a rule or a manifest of that name is not in the folder.",
                bad: "locations: {allow: \"${parameters.region}\"}",
                good: "locations: {allow: \"${parameters.regions}\"}"
            )
        case .contradiction:
            Entry(
                title: "rules that nothing can satisfy together",
                level: .error,
                explanation:
                    "What one rule asks for the other one denies, so that no object passes. Between policies with the same match it is a warning.",
                bad: "locations: {allow: [westeurope], deny: [westeurope]}",
                good: "locations: {allow: [westeurope]}"
            )
        case .shadowedRule:
            Entry(
                title: "rule that finds nothing of its own",
                level: .warning,
                explanation: "Another rule of the policy finds all that this one finds, with no less effect.",
                bad:
                    "rules: [{name: a, locations: {allow: [westeurope]}}, {name: b, locations: {allow: [westeurope, northeurope]}}]",
                good: "rules: [{name: a, locations: {allow: [westeurope]}}]"
            )
        case .idleRule:
            Entry(
                title: "rule that is never asked",
                level: .warning,
                explanation:
                    "No kind that the policy matches has what the rule is about, or there is no object to judge.",
                bad: "match: {resources: [resources.azure.com/ResourceGroup]}  # and a rule about skus",
                good: "match: {resources: [storage.azure.com/StorageAccount]}"
            )
        case .emptyMatch:
            Entry(
                title: "match that nothing fits",
                level: .warning,
                explanation: "What is taken away is all that there was.",
                bad: "match: {namespaces: [team-a], excludedNamespaces: [\"team-*\"]}",
                good: "match: {namespaces: [\"team-*\"], excludedNamespaces: [team-a]}"
            )
        case .unknownKind:
            Entry(
                title: "unknown kind",
                level: .warning,
                explanation:
                    "The tables know no kind that the pattern fits. It may be newer than they are; more often it is a slip.",
                bad: "resources: [storage.azure.com/StorageAcount]",
                good: "resources: [storage.azure.com/StorageAccount]"
            )
        case .unknownRegion:
            Entry(
                title: "unknown region",
                level: .warning,
                explanation: "The tables know no region of that name, so that the rule allows or denies nothing by it.",
                bad: "locations: {allow: [westeurop]}",
                good: "locations: {allow: [westeurope]}"
            )
        case .unknownSKU:
            Entry(
                title: "unknown SKU",
                level: .warning,
                explanation: "No kind that the policy matches has an SKU, a tier or a family of that name.",
                bad: "skus: {allow: [Standrad_LRS]}",
                good: "skus: {allow: [Standard_LRS]}"
            )
        case .unknownRole:
            Entry(
                title: "unknown role",
                level: .warning,
                explanation: "The tables know no built-in role of that name. A role of your own is named by its GUID.",
                bad: "roles: {allow: [Readr]}",
                good: "roles: {allow: [Reader]}"
            )
        case .unused:
            Entry(
                title: "what is given and used nowhere",
                level: .warning,
                explanation:
                    "A parameter or variable that nothing reads, or a policy without binding: who changes it changes nothing.",
                bad: "parameters: {regions: [westeurope]}  # and no ${parameters.regions}",
                good: "locations: {allow: \"${parameters.regions}\"}"
            )
        case .farReachingMutation:
            Entry(
                title: "mutation of every kind of a group",
                level: .warning,
                explanation:
                    "A field that a kind does not have is dropped by the API server, each time anew. Name the kinds that have it.",
                bad: "match: {resources: [\"storage.azure.com/*\"]}  # and set: {spec.minimumTlsVersion: TLS1_2}",
                good: "match: {resources: [storage.azure.com/StorageAccount]}"
            )
        case .conflictingMutations:
            Entry(
                title: "mutations that give one field two values",
                level: .warning,
                explanation:
                    "Two policies that can match one object write the same field or tag. The order of their names decides.",
                bad: "tags: {set: {team: a}}  # and tags: {set: {team: b}} in another policy",
                good: "tags: {set: {team: a}}  # in one policy"
            )
        case .wideGrant:
            Entry(
                title: "grant of more than can be meant",
                level: .warning,
                explanation:
                    "A pattern fits the resources of every subscription, or an exception asks for nothing but labels, which anybody may give.",
                bad: "subjects: {objectSelector: {matchLabels: {exempt: \"true\"}}}",
                good: "subjects: {namespaces: [team-a], objectSelector: {matchLabels: {exempt: \"true\"}}}"
            )
        case .sharedNamespace:
            Entry(
                title: "namespace of two bindings",
                level: .error,
                explanation:
                    "A namespace is one thing in Azure: two bindings that match it cannot both say what it may be.",
                bad: "namespaces: [\"team-*\"]  # and namespaces: [team-a] in another binding",
                good: "namespaces: [team-b]"
            )
        case .expiringException:
            Entry(
                title: "exception that has ended or soon will",
                level: .warning,
                explanation:
                    "After its end an exception waives nothing. Remove it, or have it renewed by who answers for it.",
                bad: "expiresAt: 2020-01-31T00:00:00Z",
                good: "expiresAt: 2099-01-31T00:00:00Z"
            )
        case .secretInMessage:
            Entry(
                title: "message that could tell a secret",
                level: .warning,
                explanation:
                    "A message expression that names a secret is not evaluated, for answers and logs would hold its value.",
                bad: "messageExpression: \"'password is ' + object.spec.administratorLoginPassword.key\"",
                good: "message: the administrator's password is not to be stated"
            )
        case .doubtful:
            Entry(
                title: "what is probably not meant",
                level: .warning,
                explanation: "The compiler reads it, and says in its message what is odd about it.",
                bad: "# see the message",
                good: "# see the message"
            )
        case .absence:
            Entry(
                title: "limit that an object without SKU passes",
                level: .warning,
                explanation:
                    "A deny-list or maximum finds nothing where an object names no SKU, and for a kind that the policy matches nobody documents what Azure takes then. Say what no value means.",
                bad: "skus: {deny: [\"Premium*\"]}",
                good: "ifAbsent: Deny  # beside skus: {deny: [\"Premium*\"]}"
            )
        case .unknownSize:
            Entry(
                title: "limit that an unknown size or price passes",
                level: .note,
                explanation:
                    "Cores, memory and prices are told by tables. What they do not know violates no maximum, unless the rule says ifUnknown: Deny.",
                bad: "skus: {maximum: {vCores: 8}}",
                good: "ifUnknown: Deny  # beside skus: {maximum: {vCores: 8}}"
            )
        case .uncheckedField:
            Entry(
                title: "field that may be missing",
                level: .warning,
                explanation:
                    "An expression that reads a field which an object does not have breaks, and the failurePolicy decides in its place. Ask with has() before, in the same expression, a condition of the match or the operand beside it; or read it with .? and orValue(). Fields of a list's elements are fields too.",
                bad: "expression: object.spec.minimumTlsVersion == 'TLS1_2'",
                good: "expression: object.spec.?minimumTlsVersion.orValue('') == 'TLS1_2'"
            )
        case .fromConfig:
            Entry(
                title: "field that a ConfigMap may hold instead",
                level: .warning,
                explanation:
                    "The kind has a field of the same name with FromConfig behind it. Who uses that leaves the field out, and the expression lets the object through for it, or a condition leaves it to nobody; ask for the twin too.",
                bad: "expression: \"!has(object.spec.tenantId) || object.spec.tenantId == 'x'\"",
                good:
                    "expression: \"!has(object.spec.tenantIdFromConfig) && has(object.spec.tenantId) && object.spec.tenantId == 'x'\""
            )
        case .nestedLoops:
            Entry(
                title: "loops within loops",
                level: .warning,
                explanation:
                    "Three loops inside each other cost the product of three lists. Who writes the object chooses how long they are, and an expression that reaches its limit breaks.",
                bad: "expression: a.all(x, b.all(y, c.all(z, x != y || y != z)))",
                good: "expression: a.all(x, x in b && x in c)"
            )
        case .ignoredFailure:
            Entry(
                title: "rule that denies, unless it breaks",
                level: .warning,
                explanation:
                    "With failurePolicy: Ignore whatever makes an evaluation break is let in, with a warning. A policy that denies should fail.",
                bad: "failurePolicy: Ignore  # beside rules that deny",
                good: "failurePolicy: Fail"
            )
        case .noMessage:
            Entry(
                title: "expression without a message",
                level: .warning,
                explanation:
                    "Typed rules say what is wrong by themselves; of an expression the user sees its text alone. Say what to do in message or messageExpression.",
                bad: "cel: {expression: \"has(object.spec.tags)\"}",
                good: "cel: {expression: \"has(object.spec.tags)\", message: give the resource tags}"
            )
        case .noTests:
            Entry(
                title: "policy without tests",
                level: .note,
                explanation: "No folder 'tests' with a PolicyTest lies beside the policy or above it.",
                bad: "policies/tls.yaml  # alone",
                good: "policies/tests/tls.yaml  # beside policies/tls.yaml"
            )
        case .regionSpelling:
            Entry(
                title: "region in another spelling",
                level: .note,
                explanation:
                    "Regions are read in any spelling; their names in Azure are easier to find. --fix writes them.",
                bad: "locations: {allow: [West Europe]}",
                good: "locations: {allow: [westeurope]}",
                isFixable: true
            )
        case .everyNamespace:
            Entry(
                title: "binding of every namespace",
                level: .warning,
                explanation:
                    "Every namespace, those that do not exist yet too, may act with the same credentials and identities.",
                bad: "namespaces: [\"*\"]",
                good: "namespaces: [team-a]"
            )
        case .notPortable:
            Entry(
                title: "rule that generate refuses",
                level: .warning,
                explanation:
                    "With --portability: generate vap and generate map leave the rule or mutation out, for the reason that they give. It is enforced by the webhook alone.",
                bad: "quota: {count: 5}",
                good: "skus: {allow: [\"Standard*\"]}  # CEL can say this"
            )
        case .costly:
            Entry(
                title: "expression that an object can make too costly",
                level: .warning,
                explanation:
                    "An expression that reaches 1,000,000 units of Kubernetes' cost breaks, and the failurePolicy decides. The cost is estimated from above, by sizes alone: every list and text as large as the object, an element of a list two bytes, 16 KiB for the user and the namespace, no limit that the expression itself asks for. A warning if an object of 16 KiB can reach the limit; a note (-v) if one of 3 MiB can, the most that an API server takes.",
                bad: "expression: object.spec.rules.all(r, object.spec.rules.exists(s, s.port == r.port))",
                good: "expression: object.spec.rules.all(r, r.port in variables.ports)"
            )
        case .endingException:
            Entry(
                title: "exception that ends within 30 days",
                level: .note,
                explanation:
                    "There is still time to do without it or to have it renewed. In its last week PC020 warns of it.",
                bad: "expiresAt: 2030-01-31T00:00:00Z  # on 2030-01-10",
                good: "expiresAt: 2030-06-30T00:00:00Z"
            )
        case .needlessIgnore:
            Entry(
                title: "portcullis:ignore that is wrong",
                level: .warning,
                explanation:
                    "A comment that suppresses findings names a code that there is, says why, and suppresses something. Errors cannot be suppressed.",
                bad: "# portcullis:ignore PC035",
                good: "# portcullis:ignore PC035 what breaks here is caught by the policy tls"
            )
        }
    }

    /// The code with all that is said of it, for a terminal.
    public var explanation: [String] {
        let entry = entry
        return [
            "\(rawValue): \(entry.title) (\(entry.level.rawValue)\(entry.isFixable ? ", --fix mends it" : ""))", "",
            entry.explanation,
        ]
            + ["", "  # found", "  " + entry.bad, "", "  # better", "  " + entry.good]
    }
}
