internal import Azure
internal import JSON
internal import Kubernetes

/// How many resources there may be, and how much they may ask for together.
///
/// Counts what the inventory holds, with the object under review in place of what the inventory knows of it: an object that is
/// there already, a retry or a dry run, is not counted twice. An UPDATE that asks for no more than before never fails.
final class QuotaRule: CircumstantialTest {
    /// What may not be exceeded.
    struct Limit: Sendable {
        /// Nil counts objects.
        let quantity: Quantity?
        let number: Double

        /// `5 resources`, `16 vCores`.
        var description: String { Self.words(number, quantity) }

        /// A number with what it counts.
        static func words(_ number: Double, _ quantity: Quantity?) -> String {
            let text = QuotaRule.text(number)
            let isOne = number == 1
            switch quantity {
            case nil: return "\(text) resource\(isOne ? "" : "s")"
            case .capacity: return "\(text) unit\(isOne ? "" : "s") of capacity"
            case .throughput: return "\(text) unit\(isOne ? "" : "s") of throughput"
            case .vCores: return "\(text) vCore\(isOne ? "" : "s")"
            case .memoryGB: return "\(text) GB of memory"
            case .storageGB: return "\(text) GB of storage"
            case .nodeCount: return "\(text) node\(isOne ? "" : "s")"
            }
        }
    }

    /// Whose resources are counted together.
    enum Scope: Equatable, Sendable {
        /// Those of the object's namespace.
        case namespace
        /// Those of all namespaces that the same AzureBinding matches.
        case binding
        /// Those of all namespaces whose label of this name has the same value.
        case label(String)
    }

    private let count: Limit?
    private let sums: [Limit]
    private let scope: Scope
    private let kinds: KindSet

    let demand: PolicySet.Demand

    /// What was there before an UPDATE is asked for by the rule itself.
    let ratchets = false

    var readsOtherNamespaces: Bool { scope != .namespace }

    /// Reads `{count, sum, per, resources}`.
    init?(_ node: Node, of policy: Rule.Policy) {
        guard let fields = node.fields(["count", "sum", "per", "resources"]) else { return nil }
        count = fields["count"].flatMap { node in
            node.number().map { number in
                if number != number.rounded() {
                    node.error("must be a whole number", mend: "write how many resources there may be")
                }
                return Limit(quantity: nil, number: number)
            }
        }
        sums = fields["sum"].map(Self.sums) ?? []
        scope = fields["per"].flatMap(Self.scope) ?? .namespace
        var patterns = policy.resources
        if let resources = fields["resources"] { patterns = PatternIndex.Entry(included: resources.resources()) }
        kinds = KindSet(patterns, kindNames: node.loading.kindNames)
        if fields["count"] == nil && fields["sum"] == nil { node.error("says nothing", mend: "add count or sum") }
        if policy.operations.isDisjoint(with: [.create, .update]) {
            node.error(
                "is for CREATE and UPDATE, which the policy does not match",
                mend: "add CREATE and UPDATE to spec.match.operations"
            )
        }
        // Numbers count for each machine, so that all of these are needed for any of them.
        demand = sums.isEmpty ? PolicySet.Demand() : PolicySet.Demand(facets: QuantityReader.facets, parts: .all)
    }

    private static func sums(_ node: Node) -> [Limit] {
        let names = Quantity.allCases.map(\.rawValue)
        guard let fields = node.fields(names) else { return [] }
        if node.document.count(of: node.value) == 0 {
            node.error("is empty", mend: "add one of \(names.joined(separator: ", "))")
        }
        return Quantity.allCases.compactMap { quantity in
            fields[quantity.rawValue]?.number().map { Limit(quantity: quantity, number: $0) }
        }
    }

    private enum Word: String, CaseIterable {
        case namespace = "Namespace"
        case binding = "Binding"
    }

    private static func scope(_ node: Node) -> Scope? {
        if node.value.isObject {
            return node.fields(["label"])?.required("label", "name a label of namespaces")?.string().map(Scope.label)
        }
        switch node.keyword(Word.self) {
        case .namespace: return .namespace
        case .binding: return .binding
        case nil: return nil
        }
    }
}

// MARK: Judging

extension QuotaRule {
    func check(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) {
        let request = circumstances.request
        guard request.operation == .create || request.operation == .update,
            kinds.contains(subject.kind, named: subject.type.name)
        else { return }
        let raised = try raisedSums(subject, request, rule, &report)
        let isCounted = count != nil && request.operation == .create
        guard isCounted || !raised.isEmpty else { return }

        let place: Membership
        switch membership(circumstances) {
        case .known(let known): place = known
        case .unknown(let why, let mend):
            guard rule.deniesUnknown(byDefault: true) else { return }
            let limit = (isCounted ? count : nil) ?? raised.first?.limit
            addFailure("of \(limit?.description ?? "") cannot be judged: \(why)", mend, .unknown, rule, &report)
            return
        }
        let usage = try place.source.usage(
            in: place.namespaces,
            without: key(subject, request),
            of: kinds,
            &report.meter
        )
        if isCounted, let count, Double(usage.count) + 1 > count.number {
            addFailure(
                "of \(count.description) is used up: \(usage.count) of \(Self.text(count.number)) \(place.words)",
                "delete one or ask the platform team for more",
                .forbidden,
                rule,
                &report
            )
        }
        for sum in raised { judge(sum, usage, place, subject, rule, &report) }
    }

    /// A limit, and what the object asks for of it: more than before.
    private struct Raised {
        let limit: Limit
        let quantity: Quantity
        let measure: Measure
    }

    private func raisedSums(
        _ subject: borrowing Subject,
        _ request: AdmissionRequest,
        _ rule: Rule,
        _ report: inout Report
    ) throws(EvaluationError) -> [Raised] {
        guard !sums.isEmpty else { return [] }
        try report.meter.spend(1 + subject.facets.places.count)
        let reader = QuantityReader(
            subject.facets,
            of: subject.kind,
            subject.tables,
            in: subject.document,
            of: subject.object
        )
        var before: QuantityReader?
        if request.operation == .update, let old = request.oldObject {
            before = try self.reader(of: old, in: request.document, subject)
        }
        var raised: [Raised] = []
        for limit in sums {
            guard let quantity = limit.quantity else { continue }
            let measure = reader.measure(quantity)
            let old = before?.measure(quantity)
            if let place = measure.unknown, old?.unknown == nil, rule.deniesUnknown(byDefault: false) {
                addSilence(of: place, limit, subject, rule, &report)
            }
            if let place = measure.absent, old?.absent == nil, rule.deniesAbsence(byDefault: false) {
                report.add(rule.origin, .required, at: .occurrence(place), nil, of: subject, .absent)
            }
            if measure.amount > old?.amount ?? 0 {
                raised.append(Raised(limit: limit, quantity: quantity, measure: measure))
            }
        }
        return raised
    }

    private func reader(
        of object: JSONValue,
        in document: JSONDocument,
        _ subject: borrowing Subject
    ) throws(EvaluationError) -> QuantityReader {
        do throws(ObjectFacets.TooManyPlaces) {
            let facets = try ObjectFacets(
                demand.facets,
                parts: demand.parts,
                of: subject.kind,
                in: document,
                of: object,
                maximumPlaces: Meter.maximumPlaces
            )
            return QuantityReader(facets, of: subject.kind, subject.tables, in: document, of: object)
        } catch {
            throw .tooManyPlaces
        }
    }

    private func judge(
        _ sum: Raised,
        _ usage: Usage,
        _ place: Membership,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        let used = usage.amount(sum.quantity)
        let limit = sum.limit.number
        guard Usage.rounded(used + sum.measure.amount) > limit else {
            if usage.silent(sum.quantity) > 0, rule.deniesUnknown(byDefault: false) {
                addFailure(
                    "of \(sum.limit.description) cannot be judged: \(place.silent(sum.quantity, kinds))",
                    "write how much into the object itself, delete it or ask the platform team",
                    .unknown,
                    rule,
                    &report
                )
            }
            return
        }
        let left = Usage.rounded(limit - used)
        let asked = Limit.words(sum.measure.amount, sum.quantity)
        let why =
            "\(asked) of a quota of \(Self.text(limit)), of which \(Self.text(used)) "
            + "\(used == 1 ? "is" : "are") used \(place.words)"
        let mend =
            (left > 0 ? "ask for at most \(Limit.words(left, sum.quantity)), " : "")
            + "delete what is not needed or ask the platform team for more"
        guard let at = sum.measure.place else { return }
        report.add(
            rule.origin,
            .forbidden,
            at: .occurrence(at),
            at.value,
            of: subject,
            .refused(", so that the object asks for \(why)", mend: mend)
        )
    }

    /// Reports that the object itself does not tell how much it asks for.
    private func addSilence(
        of place: Occurrence,
        _ limit: Limit,
        _ subject: borrowing Subject,
        _ rule: Rule,
        _ report: inout Report
    ) {
        guard place.state == .known else { return report.addUnknown(rule.origin, place, of: subject, allowed: "") }
        report.add(
            rule.origin,
            .unknown,
            at: .occurrence(place),
            place.value,
            of: subject,
            .refused(
                ", which does not tell how much of the quota of \(limit.description) it takes",
                mend: "write a size or number that is known"
            )
        )
    }

    private func addFailure(
        _ message: String,
        _ mend: String,
        _ reason: Failure.Reason,
        _ rule: Rule,
        _ report: inout Report
    ) {
        report.add(rule.origin, reason, at: "quota", .text(message: message, mend: mend))
    }

    /// How Kubernetes names the object; nil as long as it has no name.
    private func key(_ subject: borrowing Subject, _ request: AdmissionRequest) -> Inventory.Key? {
        let document = request.document
        let given = request.name.flatMap { document.string($0) }
        let own = ObjectMeta(of: subject.object, in: subject.document).name.flatMap { subject.document.string($0) }
        guard let name = [given, own].compactMap(\.self).first(where: { !$0.isEmpty }) else { return nil }
        return Inventory.Key(
            group: document.string(request.kind.group) ?? "",
            kind: document.string(request.kind.name) ?? "",
            namespace: request.namespace.flatMap { document.string($0) } ?? "",
            name: name
        )
    }

    /// A number without what it counts: whole ones without a fraction.
    fileprivate static func text(_ number: Double) -> String {
        number == number.rounded() && number.magnitude <= 1e15 ? String(Int64(number)) : String(number)
    }
}

// MARK: Scopes

extension QuotaRule {
    /// Whose resources are counted together with the object.
    private struct Membership {
        let source: any UsageSource
        let inventory: Inventory
        let namespaces: [String]
        /// `in namespace team-a`.
        let words: String

        /// Who does not tell how much it asks for.
        func silent(_ quantity: Quantity, _ kinds: KindSet) -> String {
            for namespace in namespaces.sorted() {
                let found = inventory.first(in: namespace) { entry in
                    entry.unknownQuantities.contains(quantity)
                        && kinds.contains(entry.kind, named: "\(entry.key.group)/\(entry.key.kind)")
                }
                if let found { return "how much \(found.key) asks for is not known" }
            }
            return "how much others ask for is not known"
        }
    }

    private enum Answer {
        case known(Membership)
        case unknown(why: String, mend: String)
    }

    private func membership(_ circumstances: borrowing Circumstances) -> Answer {
        guard let inventory = circumstances.inventory else {
            return .unknown(
                why: "nobody tells what there is already",
                mend: "tell it with --inventory, or ask the platform team to"
            )
        }
        let request = circumstances.request
        let namespace = request.namespace.flatMap { request.document.string($0) } ?? ""
        func members(_ words: String, where isMember: (String) -> Bool) -> Answer {
            let namespaces = scope == .namespace ? [namespace] : inventory.namespaces.filter(isMember)
            return .known(
                Membership(source: inventory, inventory: inventory, namespaces: namespaces, words: words)
            )
        }
        switch scope {
        case .namespace:
            return members("in namespace \(namespace)") { _ in true }
        case .binding:
            guard let binding = circumstances.set.binding(of: namespace) else {
                return .unknown(
                    why: "no AzureBinding, or more than one, matches namespace \(namespace)",
                    mend: "ask the platform team for a binding"
                )
            }
            return members("in the namespaces of AzureBinding \(binding.name)") {
                circumstances.set.binding(of: $0) === binding
            }
        case .label(let name):
            guard let value = label(name, of: namespace, circumstances, inventory) else {
                return .unknown(
                    why: "namespace \(namespace) is not known to have the label \(name)",
                    mend: "ask the platform team to label the namespace"
                )
            }
            return members("in the namespaces with \(name)=\(value)") {
                label(name, of: $0, circumstances, inventory) == value
            }
        }
    }

    /// A label of a namespace, as the policy folder says, else as the inventory does.
    private func label(
        _ name: String,
        of namespace: String,
        _ circumstances: borrowing Circumstances,
        _ inventory: Inventory
    ) -> String? {
        if let object = circumstances.namespaces.object(named: namespace.utf8Span.span) {
            return ObjectMeta(of: object.root, in: object).labels.flatMap { object.member(name, of: $0) }
                .flatMap { object.string($0) }
        }
        return inventory[Inventory.Key(group: "", kind: "Namespace", namespace: "", name: namespace)]?.labels[name]
    }
}

extension PolicySet {
    /// The binding of a namespace; nil if none or several match it, or its labels would have to tell.
    fileprivate func binding(of namespace: String) -> Binding? {
        let match = bindingIndex.match(namespace.utf8Span.span)
        guard let place = match.first, match.others.isEmpty, match.possible.isEmpty else { return nil }
        return bindings[place]
    }
}
