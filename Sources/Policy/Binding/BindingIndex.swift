internal import JSON
internal import Kubernetes

/// Which bindings match a namespace, by its name and its labels.
struct BindingIndex: Sendable {
    /// What one binding asks of a namespace.
    struct Entry: Sendable {
        var namespaces = PatternIndex.Entry()
        var selector: LabelSelector?
    }

    /// The bindings that match a namespace, by their places; what is usual takes no list.
    struct Match {
        /// The first of them.
        private(set) var first: Int?
        /// Those beyond the first: one is one too many.
        private(set) var others: [Int] = []
        /// Those that would match if the namespace had labels that fit, which are not known.
        fileprivate(set) var possible: [Int] = []

        fileprivate mutating func add(_ place: Int) {
            if first == nil { first = place } else { others.append(place) }
        }
    }

    /// What each binding asks, in words for whoever wants to know.
    let entries: [Entry]
    private let names: PatternIndex
    private let selectors: [LabelSelector?]
    private let hasSelectors: Bool
    private let labelled: NameTable
    private let labels: [(document: JSONDocument, labels: JSONValue?)]

    /// An index.
    ///
    /// - Parameters:
    ///   - entries: One for each binding, in order.
    ///   - namespaces: Those whose labels are known.
    init(_ entries: [Entry], namespaces: [PolicyIndex.Namespace]) {
        self.entries = entries
        let known = namespaces.map { Array($0.name.utf8) }
        names = PatternIndex(entries.map(\.namespaces), names: known)
        selectors = entries.map(\.selector)
        hasSelectors = selectors.contains { $0 != nil }
        labelled = NameTable(known)
        labels = namespaces.map { ($0.document, $0.labels) }
    }

    /// Looks a namespace up; an empty name is that of objects outside namespaces, which have no labels to select by.
    func match(_ namespace: Span<UInt8>) -> Match {
        let row = names.match(namespace)
        let known = hasSelectors ? labelled.number(of: namespace) : nil
        var match = Match()
        for word in 0..<names.wordCount {
            var bits = names.word(word, of: row)
            while bits != 0 {
                let place = word &* 64 &+ bits.trailingZeroBitCount
                bits &= bits &- 1
                guard let selector = selectors[place] else {
                    match.add(place)
                    continue
                }
                if let known {
                    if selector.matches(labels[known].document, labels: labels[known].labels) {
                        match.add(place)
                    }
                } else if !namespace.isEmpty {
                    match.possible.append(place)
                }
            }
        }
        return match
    }

    /// Whether a binding names a namespace.
    func names(_ place: Int, _ namespace: Span<UInt8>) -> Bool {
        names.word(place / 64, of: names.match(namespace)) & 1 << UInt64(place % 64) != 0
    }

    /// The labels of a namespace; nil if they are not known.
    func labels(of namespace: Span<UInt8>) -> (document: JSONDocument, labels: JSONValue?)? {
        labelled.number(of: namespace).map { labels[$0] }
    }
}
