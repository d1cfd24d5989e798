internal import Azure
internal import JSON

/// How data must be encrypted where it rests, and with whose key.
final class EncryptionRule: CircumstantialTest {
    private let switches: [Switch]

    private static let fields: [(field: String, part: Facet.Part, wanted: String)] = [
        ("customerManagedKey", .customerManagedKey, "a key of your own"),
        ("infrastructure", .infrastructure, "true"),
        ("atHost", .atHost, "true"),
        ("disk", .disk, "true"),
    ]

    init?(_ node: Node) {
        let names = Self.fields.map(\.field)
        guard let fields = node.fields(names) else { return nil }
        switches = Self.fields.compactMap { field, part, wanted in
            guard fields[field]?.keyword(Required.self) != nil else { return nil }
            return Switch(facet: .encryption, part: part, wanted: wanted)
        }
        if node.document.count(of: node.value) == 0 {
            node.error("says nothing", mend: "add one of \(names.joined(separator: ", "))")
        }
    }

    var demand: PolicySet.Demand { switches.demand }

    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        try switches.check(.encryption, subject, rule, &report)
    }
}
