public import JSON

/// One evaluation, or several that share documents, variables and a budget: what a program reads and what it may spend.
///
/// Not shared between threads; its storage is kept from one expression to the next, so that evaluating allocates nothing.
public struct Evaluation: ~Copyable {
    /// What an evaluation may spend.
    public struct Limits: Sendable {
        /// Units of Kubernetes' cost accounting for one expression (`PerCallLimit` in `apiserver/pkg/apis/cel/config.go`).
        public var cost: UInt64 = 1_000_000
        /// The longest string or bytes that an expression may make, in bytes.
        public var stringBytes = 8 * 1024 * 1024
        /// The longest list or map that an expression may make, in elements.
        public var elements = 1_000_000
        /// The most values within one that an expression may make, counted as often as they are shared.
        public var values = 10_000_000
        /// The most steps that the loops of one expression may take together: some of them cost nothing.
        public var steps = 10_000_000

        /// Kubernetes' limits.
        public init() {}
    }

    /// What may be spent.
    public let limits: Limits

    /// What has been spent by the expression that is evaluated now, or was last.
    public internal(set) var cost: UInt64 = 0

    /// What may be spent by all expressions together since the last `reset()`; nil for no limit.
    ///
    /// Kubernetes gives 10,000,000 to the validations of a policy, 2,500,000 to its match conditions
    /// (`RuntimeCELCostBudget`, `RuntimeCELCostBudgetMatchConditions` in `apiserver/pkg/apis/cel/config.go`).
    public var budget: UInt64?

    /// What expressions before the one that is evaluated now have spent since the last `reset()`.
    private var spentBefore: UInt64 = 0

    /// When evaluating ends with `.deadlineExceeded`, looked at now and then inside comprehensions; nil for never.
    public var deadline: ContinuousClock.Instant?

    /// The documents that JSON values point into, by their number.
    private var documents: [JSONDocument] = []

    /// The values of the environment's variables, in the order of their declarations; nil for one that is not bound.
    var variables: [CELValue?] = []

    /// The patterns that are no constants.
    var patterns = PatternCache()

    /// The variables of comprehensions and bindings: those of the program that is evaluated now begin at `frame`.
    private var slots: [CELValue] = []

    /// Where the program's slots begin.
    private var frame = 0

    /// What sub-expressions have given, in the order in which they ended; nil if it is not asked for.
    var trace: [TraceEntry]?

    /// The steps that the loops of the expression have taken.
    private var steps = 0

    /// An evaluation that knows nothing yet.
    public init(limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Makes a document's values readable.
    ///
    /// - Returns: Its root, which may be bound to a variable.
    public mutating func add(_ document: JSONDocument, _ value: JSONValue? = nil) -> CELValue {
        var root = value ?? document.root
        root.document = UInt16(documents.count)
        documents.append(document)
        return self.value(root)
    }

    /// How many documents have been added; at most 65,536 can be.
    public var documentCount: Int { documents.count }

    /// Forgets the documents that were added after the first so many; nothing bound may point into them.
    public mutating func removeDocuments(after count: Int) {
        documents.removeLast(max(0, documents.count - count))
    }

    /// Binds a variable of the environment, by the number of its declaration, or takes its value away.
    public mutating func bind(_ variable: Int, to value: CELValue?) {
        if variables.count <= variable {
            // Once for all of them, if the last is bound first.
            variables.reserveCapacity(variable + 1)
            while variables.count <= variable { variables.append(nil) }
        }
        variables[variable] = value
    }

    /// Forgets documents, variables and costs, and keeps the storage: for the next request.
    public mutating func reset() {
        documents.removeAll(keepingCapacity: true)
        variables.removeAll(keepingCapacity: true)
        slots.removeAll(keepingCapacity: true)
        frame = 0
        cost = 0
        spentBefore = 0
        steps = 0
        budget = nil
        deadline = nil
        trace = nil
    }

    /// Evaluates what the host gives a name to while another expression reads it: with a cost and slots of its own.
    ///
    /// Its cost counts against the budget, not against the limit of the expression that reads it.
    ///
    /// - Returns: What came of `body`, and what that cost.
    public mutating func nested<Value>(
        _ body: (inout Evaluation) throws(CELError) -> Value
    ) -> (result: Result<Value, CELError>, cost: UInt64) {
        let outer = (cost: cost, frame: frame, steps: steps)
        spentBefore &+= cost
        cost = 0
        steps = 0
        frame = slots.count
        defer {
            spentBefore = spentBefore &+ cost &- outer.cost
            cost = outer.cost
            steps = outer.steps
            slots.removeLast(slots.count - frame)
            frame = outer.frame
        }
        do throws(CELError) {
            return (.success(try body(&self)), cost)
        } catch {
            return (.failure(error), cost)
        }
    }

    // MARK: Spending

    /// What all expressions have spent since the last `reset()`.
    public var spent: UInt64 { spentBefore &+ cost }

    /// Prepares for an expression: its cost is counted from 0.
    @inline(__always)
    mutating func begin(slots count: Int) {
        spentBefore &+= cost
        cost = 0
        steps = 0
        while slots.count < frame + count { slots.append(.null) }
    }

    /// Spends units of cost.
    ///
    /// - Throws: `.costExceeded`, which nothing catches.
    @inline(__always)
    mutating func charge(_ units: UInt64) throws(CELError) {
        cost &+= units
        guard cost <= limits.cost, budget == nil else { return try checkBudget() }
    }

    private func checkBudget() throws(CELError) {
        if cost > limits.cost {
            throw CELError(.costExceeded, "the expression costs more than the limit of \(limits.cost)")
        }
        if let budget, spent > budget {
            throw CELError(.costExceeded, "the expressions cost more than the budget of \(budget)")
        }
    }

    /// Counts a step of a loop, and looks at the clock every hundred of them.
    ///
    /// - Throws: `.deadlineExceeded` or `.costExceeded`, which nothing catches.
    @inline(__always)
    mutating func step() throws(CELError) {
        steps &+= 1
        if steps % 100 == 0 { try checkTime() }
    }

    /// Counts what goes through the inside of values, and looks at the clock before a long way.
    ///
    /// - Throws: `.deadlineExceeded` or `.costExceeded`, which nothing catches.
    mutating func step(_ weight: Int) throws(CELError) {
        guard weight > 100 else { return }
        steps &+= weight
        try checkTime()
    }

    /// - Throws: `.deadlineExceeded` or `.costExceeded`, which nothing catches.
    func checkTime() throws(CELError) {
        if let deadline, ContinuousClock.now > deadline {
            throw CELError(.deadlineExceeded, "the expression did not end in time")
        }
        guard steps < limits.steps else {
            throw CELError(.costExceeded, "the expression's loops take more than \(limits.steps) steps")
        }
    }

    // MARK: Slots

    @inline(__always)
    func slot(_ number: Int) -> CELValue { slots[frame &+ number] }

    @inline(__always)
    mutating func setSlot(_ number: Int, to value: CELValue) { slots[frame &+ number] = value }
}

// MARK: Reading values

extension Evaluation {
    /// The document that a JSON value points into.
    public func document(of value: JSONValue) -> JSONDocument { documents[Int(value.document)] }

    /// A JSON value as expressions see it: scalars but strings become cases of their own.
    public func value(_ json: JSONValue) -> CELValue {
        switch json.kind {
        case .int, .double: value(json, in: document(of: json))
        case .null: null(json, in: document(of: json))
        case .bool: .bool(json.bool == true)
        case .string, .array, .object: .json(json)
        }
    }

    /// As `value(_:)`, for a value whose document is at hand.
    @inline(__always)
    func value(_ json: JSONValue, in document: borrowing JSONDocument) -> CELValue {
        switch json.kind {
        case .string, .array, .object: .json(json)
        case .bool: .bool(json.bool == true)
        case .int: .int(document.int(json) ?? 0)
        case .double: .double(document.double(json) ?? 0)
        case .null: null(json, in: document)
        }
    }

    /// The text of a string value, wherever it lies; the empty text for any other value.
    public func string(_ value: CELValue) -> String {
        switch value {
        case .string(let text): text
        case .json(let json): document(of: json).string(json) ?? ""
        default: ""
        }
    }

    /// Reads the UTF-8 of a string value without copying it; nothing for any other value.
    @inline(__always)
    func withUTF8<Result>(
        _ value: CELValue,
        _ body: (Span<UInt8>) throws(CELError) -> Result
    ) throws(CELError) -> Result {
        switch value {
        case .string(let text): try body(text.utf8Span.span)
        case .json(let json): try body(document(of: json).utf8(json))
        default: try body([UInt8]().span)
        }
    }

    /// How many elements a list, or entries a map, has; 0 for any other value.
    func count(of value: CELValue) -> Int {
        switch value {
        case .list(let list): list.elements.count
        case .map(let map): map.entries.count
        case .json(let json): document(of: json).count(of: json)
        default: 0
        }
    }

    /// The elements of a list; none for any other value.
    func elements(of value: CELValue) -> [CELValue] {
        switch value {
        case .list(let list): list.elements
        case .json(let json): document(of: json).elements(of: json).map { self.value($0) }
        default: []
        }
    }

    /// The entries of a map; none for any other value.
    func entries(of value: CELValue) -> [(key: CELValue, value: CELValue)] {
        switch value {
        case .map(let map): map.entries
        case .json(let json):
            document(of: json).members(of: json).map { (key: self.value($0.key), value: self.value($0.value)) }
        default: []
        }
    }
}
