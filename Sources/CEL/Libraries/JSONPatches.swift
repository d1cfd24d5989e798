internal import JSON

extension Library {
    /// What Kubernetes' mutations write patches with (`apiserver/pkg/cel/library/jsonpatch.go`).
    static let jsonPatches = Library(
        name: "kubernetes.jsonpatch",
        functions: [
            Function(
                "jsonpatch.escapeKey",
                .function(
                    "string_jsonpatch_escapeKey_string",
                    [.string],
                    .string,
                    availability: .kubernetesOnly(from: 32),
                    named: .traversal,
                    .unary { (key, evaluation) throws(CELError) in
                        var result = TextBuilder(evaluation)
                        for byte in evaluation.utf8(key) {
                            switch byte {
                            case UInt8(ascii: "~"): try result.append("~0")
                            case UInt8(ascii: "/"): try result.append("~1")
                            default: try result.append(byte)
                            }
                        }
                        return result.value
                    }
                )
            )
        ]
    )
}

extension CELEnvironment.ObjectType {
    /// The operations of a JSON Patch (RFC 6902) as Kubernetes' mutations write them; literals become `StructValue`s.
    public static let jsonPatch = CELEnvironment.ObjectType(
        "JSONPatch",
        fields: ["op": .string, "path": .string, "from": .string, "value": .dyn]
    )
}
