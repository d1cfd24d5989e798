internal import JSON
internal import Kubernetes

/// Which policies a request concerns, by namespace, kind and operation: the intersection of three rows of bits.
///
/// The work grows by one word for 64 policies, whatever they say; nothing is allocated.
final class PolicyIndex: Sendable {
    /// What one policy asks of namespace, kind and operation.
    struct Entry: Sendable {
        var namespaces = PatternIndex.Entry()
        var namespaceSelector: LabelSelector?
        var resources = PatternIndex.Entry()
        var operations: OperationSet = [.create, .update]

        /// Matches no request.
        static let nothing = Entry(operations: [])
    }

    /// A namespace of the folder.
    struct Namespace: Sendable {
        let name: String
        let document: JSONDocument
        let labels: JSONValue?
        /// The namespace as expressions see it.
        let object: JSONDocument
    }

    let wordCount: Int
    /// What each policy asks, in words for whoever wants to know.
    let entries: [Entry]

    private let namespaces: PatternIndex
    private let kinds: PatternIndex
    private let operations: [UInt64]
    /// Policies with a namespaceSelector, and for each namespace whose labels are known those among them that are satisfied.
    private let selecting: [UInt64]
    private let hasSelectors: Bool
    private let labelled: NameTable
    private let satisfied: [UInt64]
    /// The namespaces whose labels are known, by their numbers.
    let known: [Namespace]
    /// Policies that name no namespace in any way, the only ones for objects outside namespaces.
    private let unrestricted: [UInt64]

    /// - Parameters:
    ///   - entries: One for each policy, in order.
    ///   - namespaces: Those whose labels are known.
    ///   - kinds: `group/Kind` of the kinds that requests ask for by number.
    init(_ entries: [Entry], namespaces: [Namespace], kinds: [String]) {
        let names = namespaces.map { Array($0.name.utf8) }
        self.entries = entries
        self.namespaces = PatternIndex(entries.map(\.namespaces), names: names)
        self.kinds = PatternIndex(entries.map(\.resources), names: kinds.map { Array($0.utf8) })
        let wordCount = self.namespaces.wordCount
        self.wordCount = wordCount
        var operations = [UInt64](repeating: 0, count: wordCount * 4)
        var selecting = [UInt64](repeating: 0, count: wordCount)
        var satisfied = [UInt64](repeating: 0, count: wordCount * namespaces.count)
        var unrestricted = [UInt64](repeating: 0, count: wordCount)
        for (bit, entry) in entries.enumerated() {
            for operation in 0..<4 where entry.operations.rawValue & 1 << UInt8(operation) != 0 {
                operations.insert(operation * wordCount * 64 + bit)
            }
            if entry.namespaces.included == nil && entry.namespaceSelector == nil { unrestricted.insert(bit) }
            guard let selector = entry.namespaceSelector else { continue }
            selecting.insert(bit)
            for (number, namespace) in namespaces.enumerated()
            where selector.matches(namespace.document, labels: namespace.labels) {
                satisfied.insert(number * wordCount * 64 + bit)
            }
        }
        self.operations = operations
        self.selecting = selecting
        self.satisfied = satisfied
        self.unrestricted = unrestricted
        hasSelectors = selecting.contains { $0 != 0 }
        labelled = NameTable(names)
        known = namespaces
    }

    /// A request's place in the index.
    struct Position {
        fileprivate let namespace: PatternIndex.Match
        fileprivate let kind: PatternIndex.Match
        fileprivate let operation: Int
        /// The number of the namespace among those with known labels; -1 if unknown, -2 for objects outside namespaces.
        fileprivate let labels: Int
    }

    /// Looks a request up: `namespace` is empty for objects outside namespaces, `kind` the number of one that the index was
    /// made with, and `name` the `group/Kind` of any other.
    func position(namespace: Span<UInt8>, kind: Int?, operation: Operation, name: () -> [UInt8]) -> Position {
        let kindMatch: PatternIndex.Match
        if let kind {
            kindMatch = .row(kind)
        } else {
            let name = name()
            kindMatch = kinds.match(name.span)
        }
        let number =
            switch operation {
            case .create: 0
            case .update: 1
            case .delete: 2
            case .connect: 3
            }
        var labels = -1
        if namespace.isEmpty {
            labels = -2
        } else if hasSelectors {
            labels = labelled.number(of: namespace) ?? -1
        }
        return Position(
            namespace: namespaces.match(namespace),
            kind: kindMatch,
            operation: number &* wordCount,
            labels: labels
        )
    }

    /// The bits of 64 policies that match, and of those that would if the namespace's labels were known and fit.
    @inline(__always)
    func word(_ word: Int, at position: Position) -> (matching: UInt64, undecided: UInt64) {
        var bits = operations[position.operation &+ word]
        if bits == 0 { return (0, 0) }
        bits &= kinds.word(word, of: position.kind)
        if bits == 0 { return (0, 0) }
        bits &= namespaces.word(word, of: position.namespace)
        if position.labels == -2 { return (bits & unrestricted[word], 0) }
        guard hasSelectors, bits & selecting[word] != 0 else { return (bits, 0) }
        if position.labels < 0 { return (bits & ~selecting[word], bits & selecting[word]) }
        return (bits & (~selecting[word] | satisfied[position.labels &* wordCount &+ word]), 0)
    }

    /// What the rows say of one policy, one by one.
    struct Bits {
        let operation: Bool
        let kind: Bool
        let namespace: Bool
        /// Nil if that cannot be known.
        let selector: Bool?
        /// The number of the namespace among those with known labels.
        let labels: Int?
    }

    /// What makes a policy match or not, for whoever wants to know.
    func bits(_ bit: Int, at position: Position) -> Bits {
        let word = bit / 64
        let mask: UInt64 = 1 << UInt64(bit % 64)
        let isOutside = position.labels == -2
        let isSelecting = selecting[word] & mask != 0
        return Bits(
            operation: operations[position.operation + word] & mask != 0,
            kind: kinds.word(word, of: position.kind) & mask != 0,
            namespace: namespaces.word(word, of: position.namespace) & mask != 0
                && (!isOutside || isSelecting || unrestricted[word] & mask != 0),
            selector: !isSelecting
                ? true
                : isOutside
                    ? false
                    : position.labels < 0 ? nil : satisfied[position.labels * wordCount + word] & mask != 0,
            labels: position.labels < 0 ? nil : position.labels
        )
    }
}
