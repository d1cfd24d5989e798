internal import JSON
internal import Kubernetes

/// What structured merge needs to know of a field: which parts of it can be set by themselves.
///
/// An API server knows this from the schema of the kind. Here it is known for the metadata of every object and for what
/// Pods are made of; everything else is open: objects are merged field by field, and lists are atomic, as they are in the
/// schemas of Azure Service Operator.
final class MergeSchema: Sendable {
    /// How a value is merged.
    enum Form: Sendable {
        /// As its kind says: an object by its fields, a list not at all.
        case open
        /// Only as a whole, which an apply configuration may not do.
        case atomic
        /// An object, some fields of which are not open.
        case object([String: MergeSchema])
        /// A list of scalars, each at most once.
        case set
        /// A list of objects that some of their fields tell apart.
        case keyed([Key], MergeSchema)
    }

    /// A field that tells elements of a list apart.
    struct Key: Sendable {
        let name: String
        /// What it is for an element that does not say it.
        let standard: String?

        init(_ name: String, or standard: String? = nil) {
            self.name = name
            self.standard = standard
        }
    }

    let form: Form

    private init(_ form: Form) { self.form = form }

    static let open = MergeSchema(.open)
    private static let atomic = MergeSchema(.atomic)

    /// The schema of a member.
    func member(_ name: String) -> MergeSchema {
        guard case .object(let members) = form else { return .open }
        return members[name] ?? .open
    }

    /// The schema of the objects of a kind, by group and kind.
    static func of(_ kind: GroupVersionName, in document: JSONDocument) -> MergeSchema {
        let group = document.string(kind.group) ?? ""
        let name = document.string(kind.name) ?? ""
        return kinds["\(group)/\(name)"] ?? other
    }

    // MARK: What is known

    private static func object(_ members: [String: MergeSchema]) -> MergeSchema { MergeSchema(.object(members)) }

    private static func list(by keys: Key..., of element: MergeSchema = .open) -> MergeSchema {
        MergeSchema(.keyed(keys, element))
    }

    private static let metadata = object([
        "finalizers": MergeSchema(.set), "ownerReferences": list(by: Key("uid"), of: atomic), "managedFields": atomic,
    ])

    private static let other = object(["metadata": metadata])

    private static let environment = object([
        "valueFrom": object([
            "fieldRef": atomic, "resourceFieldRef": atomic, "configMapKeyRef": atomic, "secretKeyRef": atomic,
            "fileKeyRef": atomic,
        ])
    ])

    private static let container = object([
        "env": list(by: Key("name"), of: environment),
        "ports": list(by: Key("containerPort"), Key("protocol", or: "TCP")),
        "volumeMounts": list(by: Key("mountPath")),
        "volumeDevices": list(by: Key("devicePath")),
        "resources": object(["claims": list(by: Key("name"))]),
    ])

    private static let podSpec = object([
        "containers": list(by: Key("name"), of: container),
        "initContainers": list(by: Key("name"), of: container),
        "ephemeralContainers": list(by: Key("name"), of: container),
        "volumes": list(by: Key("name")),
        "imagePullSecrets": list(by: Key("name")),
        "hostAliases": list(by: Key("ip")),
        "topologySpreadConstraints": list(
            by: Key("topologyKey"),
            Key("whenUnsatisfiable"),
            of: object(["labelSelector": atomic])
        ),
        "resourceClaims": list(by: Key("name")),
        "schedulingGates": list(by: Key("name")),
        "nodeSelector": atomic,
        "affinity": object([
            "nodeAffinity": object(["requiredDuringSchedulingIgnoredDuringExecution": atomic])
        ]),
    ])

    private static let template = object(["metadata": metadata, "spec": podSpec])

    private static func workload(_ spec: [String: MergeSchema]) -> MergeSchema {
        object(["metadata": metadata, "spec": object(spec)])
    }

    private static let kinds: [String: MergeSchema] = [
        "/Pod": object(["metadata": metadata, "spec": podSpec]),
        "/PodTemplate": object(["metadata": metadata, "template": template]),
        "/ReplicationController": workload(["template": template, "selector": atomic]),
        "apps/Deployment": workload(["template": template, "selector": atomic]),
        "apps/ReplicaSet": workload(["template": template, "selector": atomic]),
        "apps/DaemonSet": workload(["template": template, "selector": atomic]),
        "apps/StatefulSet": workload(["template": template, "selector": atomic]),
        "batch/Job": workload(["template": template, "selector": atomic]),
        "batch/CronJob": workload([
            "jobTemplate": object(["metadata": metadata, "spec": object(["template": template, "selector": atomic])])
        ]),
        "/Service": workload([
            "ports": list(by: Key("port"), Key("protocol", or: "TCP")), "selector": atomic,
        ]),
        "/ServiceAccount": object(["metadata": metadata, "secrets": list(by: Key("name"))]),
    ]
}
