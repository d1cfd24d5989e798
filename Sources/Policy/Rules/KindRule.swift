internal import Azure
internal import JSON

/// Which kinds there may be.
final class KindRule: Sendable {
    let allow: [Glob]?
    let deny: [Glob]
    let allowed: String
    /// What is not allowed or is denied of the kinds of the tables, one bit a kind.
    private let refused: [UInt64]

    init?(_ node: Node) {
        guard let fields = node.fields(["allow", "deny"]) else { return nil }
        if fields["allow"] == nil && fields["deny"] == nil {
            node.error("says nothing", mend: "add allow or deny")
        }
        allow = fields["allow"]?.resources()
        deny = fields["deny"]?.resources() ?? []
        allowed = (allow ?? []).map(\.description).joined(separator: ", ")
        let kinds = node.loading.kindNames
        var refused = [UInt64](repeating: 0, count: (kinds.count + 63) / 64)
        for (index, kind) in kinds.enumerated() where Self.refuses(kind, allow: allow, deny: deny) {
            refused.insert(index)
        }
        self.refused = refused
    }

    private static func refuses(_ kind: String, allow: [Glob]?, deny: [Glob]) -> Bool {
        if deny.contains(where: { $0.matches(kind) }) { return true }
        return allow.map { !$0.contains { $0.matches(kind) } } ?? false
    }

    func check(_ subject: borrowing Subject, _ rule: Rule, _ report: inout Report) {
        let kind = subject.kind
        if kind.isGeneral {
            guard Self.refuses(subject.type.name, allow: allow, deny: deny) else { return }
        } else {
            guard refused[kind.index / 64] & 1 << UInt64(kind.index % 64) != 0 else { return }
        }
        report.add(
            rule.origin,
            .notSupported,
            at: "kind",
            shown: kind.isGeneral ? subject.type.name : kind.description,
            allowed: allowed,
            .refused(", which is not allowed here", mend: "use another kind of resource")
        )
    }
}
