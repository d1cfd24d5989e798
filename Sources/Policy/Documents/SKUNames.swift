internal import Azure
internal import JSON

/// The names that SKUs of the kinds of a policy or price can have: one that no kind has is a slip, or newer than the tables.
///
/// It is never more than warned of.
final class SKUNames {
    private let kinds: [AzureKind]
    private let machines: Bool?
    private var known: [Facet.Part: (vocabulary: SKUVocabulary, literals: Set<String>)] = [:]

    /// - Parameters:
    ///   - kinds: Those that are spoken of.
    ///   - machines: Whether it is sizes of machines alone, or all but them; nil if it is all.
    init(of kinds: [AzureKind], machines: Bool? = nil) {
        self.kinds = kinds
        self.machines = machines
    }

    /// Warns of the name or pattern in a field if no SKU of the kinds can have it.
    func check(_ node: Node?, _ part: Facet.Part) {
        guard let node, let text = node.document.string(node.value), !text.isEmpty, text.utf8.count <= 256 else {
            return
        }
        let (vocabulary, literals) = known(part, node.loading.tables)
        guard !vocabulary.isOpen, node.loading.keepsWarnings else { return }
        guard !vocabulary.isEmpty else {
            // That there are no SKUs at all is told of the rule.
            guard part != .name, kinds.contains(where: { $0.facets.contains(.sku) }) else { return }
            return node.warning(
                .unknownSKU,
                "is a \(part.rawValue), which SKUs of \(kindText) do not have",
                mend: "remove it, or name what they have"
            )
        }
        let pattern = NamePattern(text)
        let isKnown =
            pattern.isLiteral
            ? literals.contains(text.lowercased()) : vocabulary.names.contains { pattern.matches($0) }
        if isKnown || vocabulary.hasMachines && fitsMachine(pattern, node.loading.tables) { return }
        guard pattern.isLiteral else {
            return node.warning(
                .unknownSKU,
                "\"\(text.prefix(80))\" fits no \(what(part)) that we know of \(kindText)",
                mend: "check the spelling"
            )
        }
        var candidates = vocabulary.names
        if vocabulary.hasMachines { candidates += node.loading.tables.machineSizes(like: text) }
        // What is much longer or shorter is never near, and there are many of them.
        let count = text.utf8.count
        candidates.removeAll { abs($0.utf8.count - count) > count / 3 + 1 }
        let near = text.nearestInOtherOrder(of: candidates) ?? text.nearest(in: candidates)
        node.warning(
            .unknownSKU,
            "\"\(text.prefix(80))\" is no \(what(part)) that we know of \(kindText)"
                + (near.map { ", did you mean \"\($0)\"?" } ?? ""),
            mend: near.map { "write \($0)" } ?? "check the spelling"
        )
    }

    private func known(_ part: Facet.Part, _ tables: AzureTables) -> (SKUVocabulary, Set<String>) {
        if let known = known[part] { return known }
        let vocabulary = tables.skuVocabulary(of: part, in: kinds, machines: machines)
        let result = (vocabulary, Set(vocabulary.names.map { $0.lowercased() }))
        known[part] = result
        return result
    }

    /// A pattern for sizes may be for those that are still to come, if it begins as all of them do.
    private func fitsMachine(_ pattern: NamePattern, _ tables: AzureTables) -> Bool {
        let text = pattern.description.lowercased()
        if pattern.isLiteral { return tables.isMachineSize(text) }
        return text.hasPrefix("standard_") || text.hasPrefix("basic_")
            || tables.machineSizes(like: text).contains { pattern.matches($0) }
    }

    private func what(_ part: Facet.Part) -> String { part == .name ? "SKU" : "\(part.rawValue) of SKUs" }

    private var kindText: String {
        let kinds = kinds.filter { $0.facets.contains(.sku) }
        return kinds.count == 1 ? kinds[0].description : "the kinds that are matched"
    }
}

extension NamePattern {
    fileprivate func matches(_ text: String) -> Bool { matches(text.utf8Span.span) }
}

extension String {
    /// The candidate of the same letters: `Standard_D4ds_v5` for `Standard_D4sd_v5` and `Standard_D4dsv5`.
    fileprivate func nearestInOtherOrder(of candidates: [String]) -> String? {
        let letters = lettersInAnyOrder
        return candidates.first { $0.lettersInAnyOrder == letters }
    }
}

extension Loading {
    /// Names for the SKUs of all kinds that patterns fit.
    func skuNames(of resources: PatternIndex.Entry, machines: Bool? = nil) -> SKUNames {
        SKUNames(of: kinds(of: resources), machines: machines)
    }
}
