internal import JSON

/// In which order known fields stand: first who, then for whom, then what.
enum FieldOrder {
    /// Sorts the fields of a document; what is not known stands behind, as it stood.
    static func sort(_ block: inout YAMLOutline.Block) {
        let kind = block.entries.first { $0.key == Array("kind".utf8) }?.rest ?? []
        let isOurs = (tables[String(kind.span)] ?? [:])
        sort(&block, [], tables["", default: [:]].merging(isOurs) { $1 })
    }

    private static func sort(_ block: inout YAMLOutline.Block, _ path: [String], _ table: [[String]: [String]]) {
        if let order = table[path], !block.entries.contains(where: \.isElement), block.entries.count > 1 {
            // A comment at the top of a document is about all of it.
            let heading = path.isEmpty ? block.entries[0].leading : []
            if path.isEmpty { block.entries[0].leading = [] }
            func place(_ entry: YAMLOutline.Entry) -> Int {
                order.firstIndex(of: String(entry.key.span)) ?? order.count
            }
            let sorted = block.entries.enumerated().sorted {
                (place($0.element), $0.offset) < (place($1.element), $1.offset)
            }
            block.entries = sorted.map(\.element)
            if path.isEmpty { block.entries[0].leading = heading + block.entries[0].leading }
        }
        for index in block.entries.indices {
            let entry = block.entries[index]
            guard entry.child != nil else { continue }
            let inner = path + [entry.isElement ? "[]" : String(entry.key.span)]
            guard table.keys.contains(where: { $0.starts(with: inner) }) else { continue }
            if var child = entry.child {
                sort(&child, inner, table)
                block.entries[index].child = child
            }
        }
    }

    /// The order of fields by kind and by path; that of every kind stands under no name.
    private static let tables: [String: [[String]: [String]]] = {
        let named = ["name", "expression"]
        let policy: [[String]: [String]] = [
            ["spec"]: [
                "parameters", "match", "params", "variables", "action", "failurePolicy", "ratchet", "rules",
                "mutations",
            ],
            ["spec", "match"]: [
                "namespaces", "excludedNamespaces", "namespaceSelector", "resources", "excludedResources", "operations",
                "users", "excludedUsers", "groups", "excludedGroups", "objectSelector", "conditions",
            ],
            ["spec", "match", "conditions", "[]"]: named,
            ["spec", "variables", "[]"]: named,
            ["spec", "rules", "[]"]: ["name", "action", "severity", "message", "link", "ifAbsent", "ifUnknown"],
            ["spec", "rules", "[]", "cel"]: ["expression", "message", "messageExpression", "reason", "fieldPath"],
            ["spec", "mutations", "[]"]: ["name"],
        ]
        return [
            "": [
                []: ["apiVersion", "kind", "metadata"],
                ["metadata"]: ["name", "generateName", "namespace", "labels", "annotations"],
            ],
            "AzurePolicy": policy,
            "NamespaceAzurePolicy": policy,
            "PolicyTest": [["spec", "cases", "[]"]: ["name"]],
        ]
    }()
}
