internal import Azure
internal import JSON

/// SKUs that stand in for those that are too large.
///
/// Nearest is the one with the most vCores that are not more than was asked for, by the tables or, where they know neither, by
/// the capacities that both state. Where it cannot be told, nothing is changed, and it is for a rule to deny.
struct SKUDowngrade: Sendable {
    /// One that is allowed, with all the parts that say so.
    struct Choice: Sendable {
        let name: String
        var tier: String?
        var family: String?
        var size: String?
        var capacity: Int64?
    }

    /// The choices; what is none of them is replaced.
    let choices: [Choice]
    /// The most units of a SKU; nil leaves them alone.
    let maximumCapacity: Int64?

    /// The most SKUs of one object that are looked at.
    static let maximumSKUs = 256

    /// One SKU that is made smaller.
    struct Step: Sendable {
        let path: FieldPath
        let old: String
        var new: String
        let changes: [(path: FieldPath, value: JSONFragment)]
        var mutation = ""

        /// What the user is told.
        var description: String {
            let old = old.shortened(to: FailureText.maximumValueBytes)
            return "\(path): \(old) was lowered to \(new), as \(mutation) says".singleLine
        }
    }

    /// Reads the body of a mutation.
    init?(mutation node: Node, _ names: SKUNames) {
        guard
            let fields = node.fields(["downgrade"]),
            let body = fields.required("downgrade", "add downgrade: {to: […]}"),
            let fields = body.fields(["to", "maximumCapacity"])
        else { return nil }
        choices = fields["to"]?.elements().compactMap { Choice($0, names) } ?? []
        maximumCapacity = fields["maximumCapacity"]?.wholeNumber()
        guard fields["to"] != nil || fields["maximumCapacity"] != nil else {
            body.error("says nothing", mend: "add to: [names], or maximumCapacity")
            return nil
        }
    }
}

extension SKUDowngrade.Choice {
    /// Reads a name, or `{name, tier, family, size, capacity}`.
    fileprivate init?(_ node: Node, _ names: SKUNames) {
        if node.value.isString {
            guard let name = node.plainName() else { return nil }
            names.check(node, .name)
            self.init(name: name)
            return
        }
        guard let fields = node.fields(["name", "tier", "family", "size", "capacity"]),
            let name = fields.required("name", "add the name of a SKU")?.plainName()
        else { return nil }
        for part in [Facet.Part.name, .tier, .family, .size] { names.check(fields[part.rawValue], part) }
        self.init(
            name: name,
            tier: fields["tier"]?.plainName(),
            family: fields["family"]?.plainName(),
            size: fields["size"]?.plainName(),
            capacity: fields["capacity"]?.wholeNumber()
        )
    }
}

extension Node {
    fileprivate func plainName() -> String? {
        guard let text = string() else { return nil }
        guard !text.contains("*") else {
            error("is a pattern", mend: "write a whole name: it is what the object will say")
            return nil
        }
        return text
    }

    func wholeNumber() -> Int64? {
        guard let number = document.int(value), number >= 0 else {
            error("must be a whole number, 0 or more", mend: "write it without quotes and fraction")
            return nil
        }
        return number
    }
}

// MARK: Judging

extension SKUDowngrade {
    /// What is to become smaller in an object.
    ///
    /// What an UPDATE leaves as it was is not touched: making a running database smaller is nothing that nobody asked for.
    func steps(for subject: Subject, before old: JSONFragment?) throws(EvaluationError) -> [Step] {
        var steps: [Step] = []
        var count = 0
        try subject.kind.forEachSKU(in: subject.document, of: subject.object) { (sku) throws(EvaluationError) in
            count += 1
            guard count <= Self.maximumSKUs else {
                throw .expression("the object has more than \(Self.maximumSKUs) SKUs")
            }
            if let step = lowerName(sku, subject, old) {
                steps.append(step)
            } else if let step = lowerCapacity(sku, subject, old) {
                steps.append(step)
            }
        }
        return steps
    }

    private func lowerName(_ sku: SKU, _ subject: Subject, _ old: JSONFragment?) -> Step? {
        let document = subject.document
        guard !choices.isEmpty, let place = sku.name, let value = place.value, let name = document.string(value),
            !choices.contains(where: { $0.name.lowercased() == name.lowercased() && $0.fits(sku, in: document) })
        else { return nil }
        guard let choice = nearest(to: sku, subject) else { return nil }
        let path = subject.path(of: place)
        if let old, subject.counterpart(of: path, in: old, says: name) { return nil }
        var changes = [(path: path, value: JSONFragment(string: choice.name))]
        for (part, wanted) in [(sku.tier, choice.tier), (sku.family, choice.family), (sku.size, choice.size)] {
            if let part, let wanted, part.state == .known {
                changes.append((subject.path(of: part), JSONFragment(string: wanted)))
            }
        }
        if let part = sku.capacity, part.state == .known, let wanted = choice.capacity {
            changes.append((subject.path(of: part), JSONFragment { $0.int(wanted) }))
        }
        return Step(path: path, old: name, new: choice.name, changes: changes)
    }

    private func nearest(to sku: SKU, _ subject: Subject) -> Choice? {
        let document = subject.document
        let asked = subject.tables.vCores(of: sku, of: subject.kind, in: document)
        let capacity = sku.capacity?.value.flatMap { document.int($0) }
        var best: (choice: Choice, measure: Int64)?
        for choice in choices where choice.canReplace(sku) {
            let cores = subject.tables.vCores(
                named: choice.name.lowercased(),
                capacity: choice.capacity.flatMap(Int.init(exactly:)),
                insteadOf: sku,
                of: subject.kind
            )
            let measure: Int64
            if let asked, let cores {
                guard cores <= asked else { continue }
                measure = Int64(cores)
            } else if asked == nil, cores == nil, let capacity, let offered = choice.capacity {
                guard offered <= capacity else { continue }
                measure = offered
            } else {
                continue
            }
            if measure > best?.measure ?? -1 { best = (choice, measure) }
        }
        return best?.choice
    }

    private func lowerCapacity(_ sku: SKU, _ subject: Subject, _ old: JSONFragment?) -> Step? {
        let document = subject.document
        guard let maximumCapacity, let place = sku.capacity, let value = place.value,
            let capacity = document.int(value), capacity > maximumCapacity
        else { return nil }
        let path = subject.path(of: place)
        if let old, subject.counterpart(of: path, in: old, says: String(capacity)) { return nil }
        let new = JSONFragment { $0.int(maximumCapacity) }
        return Step(path: path, old: String(capacity), new: String(maximumCapacity), changes: [(path, new)])
    }
}

extension SKUDowngrade.Choice {
    /// Whether a SKU says nothing that the choice does not say too: what would be left of it might not go with the name.
    fileprivate func canReplace(_ sku: SKU) -> Bool {
        (sku.tier == nil || tier != nil) && (sku.family == nil || family != nil) && (sku.size == nil || size != nil)
            && (sku.name?.sense != .vCoreModel || sku.capacity == nil || capacity != nil)
    }

    /// Whether a SKU of that name says nothing else than the choice.
    fileprivate func fits(_ sku: SKU, in document: JSONDocument) -> Bool {
        for (part, wanted) in [(sku.tier, tier), (sku.family, family), (sku.size, size)] {
            guard let wanted, let text = part?.value.flatMap({ document.string($0) }) else { continue }
            if wanted.lowercased() != text.lowercased() { return false }
        }
        return true
    }
}

extension Subject {
    /// Whether what stood at a place before an UPDATE is written so; elements of lists are the same if their keys are.
    fileprivate func counterpart(of path: FieldPath, in old: JSONFragment, says text: String) -> Bool {
        var value: JSONValue? = object
        var before: JSONValue? = old.value
        for step in path.steps {
            guard let container = value, let oldContainer = before else { return false }
            switch step {
            case .member(let name):
                value = document.present(name, of: container)
                before = old.document.present(name, of: oldContainer)
            case .element(let index):
                value = document.element(index, of: container)
                let key = value.flatMap { document.elementKey($0) }
                before = nil
                for (place, element) in old.document.elements(of: oldContainer).prefix(FieldPattern.maximumElements)
                    .enumerated()
                {
                    let isSame = key == nil ? place == index : old.document.elementKey(element) == key
                    if isSame {
                        before = element
                        break
                    }
                }
            }
        }
        guard let before else { return false }
        return old.document.says(before, text)
    }
}
