/// The text of an AdmissionReview, member by member, so that a test can take one away or put nonsense in its place.
public struct ReviewText: Sendable {
    /// Members of the root, as JSON.
    public var root = [("kind", #""AdmissionReview""#), ("apiVersion", #""admission.k8s.io/v1""#)]

    /// Members of `request`, as JSON.
    public var request: [(String, String)]

    /// A CREATE of a storage account named `data` in the namespace `team-a`.
    public init(
        metadata: String = #"{"name":"data","namespace":"team-a"}"#,
        spec: String = #"{"location":"westeurope"}"#
    ) {
        let kind = #"{"group":"storage.azure.com","version":"v20230101","kind":"StorageAccount"}"#
        let resource = #"{"group":"storage.azure.com","version":"v20230101","resource":"storageaccounts"}"#
        request = [
            ("uid", #""00000000-0000-4000-8000-000000000001""#), ("kind", kind), ("resource", resource),
            ("requestKind", kind), ("requestResource", resource), ("name", #""data""#), ("namespace", #""team-a""#),
            ("operation", #""CREATE""#), ("userInfo", #"{"username":"alice","groups":["system:authenticated"]}"#),
            (
                "object",
                #"{"apiVersion":"storage.azure.com/v20230101","kind":"StorageAccount","metadata":\#(metadata),"spec":\#(spec)}"#
            ), ("oldObject", "null"), ("dryRun", "false"), ("options", #"{"kind":"CreateOptions"}"#),
        ]
    }

    /// The same with another value of a member of `request`; without it if there is none.
    public func setting(_ name: String, _ json: String?) -> ReviewText {
        var copy = self
        copy.request.removeAll { $0.0 == name }
        if let json { copy.request.append((name, json)) }
        return copy
    }

    /// The same with another value of a member of the root; without it if there is none.
    public func settingRoot(_ name: String, _ json: String?) -> ReviewText {
        var copy = self
        copy.root.removeAll { $0.0 == name }
        if let json { copy.root.append((name, json)) }
        return copy
    }

    /// An UPDATE of that object; `oldSpec` is what it was.
    public func updating(oldSpec: String = #"{"location":"westeurope"}"#) -> ReviewText {
        setting("operation", #""UPDATE""#).setting(
            "oldObject",
            #"{"apiVersion":"storage.azure.com/v20230101","kind":"StorageAccount","#
                + #""metadata":{"name":"data","namespace":"team-a"},"spec":\#(oldSpec)}"#
        )
    }

    /// A DELETE of that object.
    public func deleting() -> ReviewText {
        let object = request.first { $0.0 == "object" }?.1
        return setting("operation", #""DELETE""#).setting("object", "null").setting("oldObject", object)
    }

    /// The body.
    public var bytes: [UInt8] {
        let inner = request.map { #""\#($0.0)":\#($0.1)"# }.joined(separator: ",")
        let outer = root.map { #""\#($0.0)":\#($0.1)"# } + (hasRequest ? [#""request":{\#(inner)}"#] : [])
        return Array("{\(outer.joined(separator: ","))}\n".utf8)
    }

    private var hasRequest: Bool {
        !root.contains { $0.0 == "request" || $0.0 == "response" }
    }
}
