internal import Azure
internal import CEL
internal import JSON

/// `facets`: what expressions read of the object under review without knowing where its kind keeps it.
///
/// A field is `optional.none()` where the object does not say it and `optional.of(value)` where all places that say it agree.
/// What is filled in later from a ConfigMap, and places that differ, are errors: no default of an expression stands in for
/// them.
final class FacetsValue: ObjectValue {
    private let document: JSONDocument
    /// In the evaluation's documents.
    private let number: UInt16
    private let object: JSONValue
    private let kind: AzureKind
    private let tables: AzureTables
    /// What has been read, by the field's number: an expression may ask a thousand times.
    ///
    /// Unsafe because it changes. It belongs to one request, which one thread judges; nothing keeps it longer.
    nonisolated(unsafe) private var known: [(number: Int, result: Result<CELValue, CELError>)] = []

    /// - Parameters:
    ///   - subject: What is judged.
    ///   - number: Its document's number among those of the evaluation.
    init(_ subject: borrowing Subject, number: UInt16) {
        document = subject.document
        object = subject.object
        kind = subject.kind
        tables = subject.tables
        self.number = number
    }

    var type: CELType { .object(FacetField.typeName(nil)) }

    func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? {
        if let number = FacetField.alone[name] { return try value(of: number, &evaluation) }
        guard let members = FacetField.members[name] else { return nil }
        return .object(FacetGroupValue(facets: self, group: name, members: members))
    }

    /// A field's value, read once.
    fileprivate func value(of number: Int, _ evaluation: inout Evaluation) throws(CELError) -> CELValue {
        // Expressions ask for a few of the fields.
        if let place = unsafe known.firstIndex(where: { $0.number == number }) {
            return try unsafe known[place].result.get()
        }
        do throws(CELError) {
            let value = try read(FacetField.all[number], evaluation)
            unsafe known.append((number, .success(value)))
            return value
        } catch {
            unsafe known.append((number, .failure(error)))
            throw error
        }
    }

    // MARK: Places

    /// One place of a field: where it is, and what it holds.
    private struct Place {
        let occurrence: Occurrence
        /// Cores that a SKU's name tells, for the field that asks for them.
        var cores: Int?
    }

    private func visit<Failure: Error>(
        _ field: FacetField,
        _ body: (Place) throws(Failure) -> Void
    ) throws(Failure) {
        try kind.forEachOccurrence(of: field.facet, in: document, of: object) { (occurrence) throws(Failure) in
            if occurrence.part == field.part { try body(Place(occurrence: occurrence)) }
        }
        guard case .cores = field.reading else { return }
        try kind.forEachSKU(in: document, of: object) { (sku) throws(Failure) in
            guard let name = sku.name else { return }
            try body(Place(occurrence: name, cores: tables.vCores(of: sku, of: kind, in: document)))
        }
    }

    private func unknown(_ field: FacetField, _ occurrence: Occurrence) -> CELError {
        let reason = kind.why(occurrence, in: document, of: object)
        return CELError(
            .host,
            "facets.\(field.name) is not known at admission (\(reason?.singleLine ?? "FromConfig"))"
        )
    }

    private func path(_ occurrence: Occurrence) -> String {
        kind.path(of: occurrence, in: document, of: object).description.singleLine
            .shortened(to: FailureText.maximumPathBytes)
    }

    /// The optional value that all places agree on.
    private func read(_ field: FacetField, _ evaluation: borrowing Evaluation) throws(CELError) -> CELValue {
        var found: (value: CELValue, occurrence: Occurrence)?
        var absent: Occurrence?
        try visit(field) { (place) throws(CELError) in
            guard let value = try value(of: place, field, evaluation) else {
                absent = place.occurrence
                return
            }
            if let found, !isSame(found.value, value) {
                throw several(field, found.occurrence, place.occurrence)
            }
            if found == nil { found = (value, place.occurrence) }
        }
        guard let found else { return .optional(.none) }
        if let absent { throw several(field, found.occurrence, absent) }
        return .optional(OptionalValue(found.value))
    }

    private func several(_ field: FacetField, _ first: Occurrence, _ second: Occurrence) -> CELError {
        CELError(
            .host,
            "facets.\(field.name) is not the same at \(path(first)) and \(path(second)); ask facets.values('\(field.name)')"
        )
    }

    // MARK: Functions

    /// Whether a value of the field, or of any field of the group, is to be filled in later.
    func isUnknown(_ name: String) throws(CELError) -> Bool {
        var isUnknown = false
        for number in try numbers(of: name) {
            visit(FacetField.all[number]) { if $0.occurrence.state == .unknown { isUnknown = true } }
        }
        return isUnknown
    }

    /// Whether the kind can have the field, or the group.
    func supports(_ name: String) throws(CELError) -> Bool {
        for number in try numbers(of: name) where kind.has(FacetField.all[number].facet) { return true }
        return false
    }

    /// The optional values of every place of a field, in their order.
    func values(_ name: String, _ evaluation: borrowing Evaluation) throws(CELError) -> CELValue {
        let numbers = try numbers(of: name)
        guard numbers.count == 1, let number = numbers.first else {
            throw CELError(
                .host,
                "facets.\(name) has several fields; name one of them, such as \(name).\(FacetField.all[numbers[0]].member)"
            )
        }
        let field = FacetField.all[number]
        var values: [CELValue] = []
        try visit(field) { (place) throws(CELError) in
            guard values.count < evaluation.limits.elements else {
                throw CELError(
                    .tooLarge,
                    "the object has more than \(evaluation.limits.elements) places of \(field.name)"
                )
            }
            values.append(.optional(try value(of: place, field, evaluation).map { OptionalValue($0) } ?? .none))
        }
        return .list(ListValue(values))
    }

    private func numbers(of name: String) throws(CELError) -> [Int] {
        let numbers = FacetField.numbers(of: name)
        guard numbers.isEmpty else { return numbers }
        let names = FacetField.all.map(\.name) + FacetField.groups
        let near = name.nearest(in: names).map { ", did you mean '\($0)'?" } ?? ""
        throw CELError(.host, "there is no facet '\(name.singleLine.shortened(to: 64))'\(near)")
    }
}

// MARK: Values

extension FacetsValue {
    /// What a place holds; nil if nothing.
    private func value(
        of place: Place,
        _ field: FacetField,
        _ evaluation: borrowing Evaluation
    ) throws(CELError) -> CELValue? {
        let occurrence = place.occurrence
        if occurrence.state == .unknown { throw unknown(field, occurrence) }
        guard let json = occurrence.value else { return nil }
        switch field.reading {
        case .region:
            guard json.isString else { throw mistyped(occurrence, "a string") }
            return .string(Region.normalise(document.string(json) ?? ""))
        case .text:
            guard json.isString else { throw mistyped(occurrence, "a string") }
            return handle(json, evaluation)
        case .map:
            guard json.isObject else { throw mistyped(occurrence, "an object") }
            return handle(json, evaluation)
        case .any: return handle(json, evaluation)
        case .isOpen: return .bool(occurrence.isOpen(in: document) != false)
        case .isClosed: return .bool(occurrence.isOpen(in: document) == false)
        case .action: return .string(occurrence.isOpen(in: document) == false ? "Deny" : "Allow")
        case .tlsVersion:
            let version = occurrence.tlsVersion(in: document) ?? .none
            return .string(version == .none ? "0.0" : version.description)
        case .number, .gigabytes, .cores:
            if occurrence.facet == .sku, occurrence.part == .name { return place.cores.map { .int(Int64($0)) } }
            guard let number = occurrence.number(in: document) else { throw mistyped(occurrence, "a number") }
            return Int64(exactly: number).map { .int($0) } ?? .double(number)
        }
    }

    private func handle(_ json: JSONValue, _ evaluation: borrowing Evaluation) -> CELValue {
        var json = json
        json.document = number
        return evaluation.value(json)
    }

    private func mistyped(_ occurrence: Occurrence, _ expected: String) -> CELError {
        CELError(.host, "\(path(occurrence)) is not \(expected)")
    }

    private func isSame(_ first: CELValue, _ second: CELValue) -> Bool {
        switch (first, second) {
        case (.string(let first), .string(let second)): first.isSame(as: second)
        case (.bool(let first), .bool(let second)): first == second
        case (.int(let first), .int(let second)): first == second
        case (.double(let first), .double(let second)): first == second
        case (.json(let first), .json(let second)): JSON.isEqual(first, in: document, second, in: document)
        case (.null, .null): true
        default: false
        }
    }
}

/// `facets.sku`: the fields of one facet.
private final class FacetGroupValue: ObjectValue {
    private let facets: FacetsValue
    private let group: String
    private let members: [String: Int]

    init(facets: FacetsValue, group: String, members: [String: Int]) {
        self.facets = facets
        self.group = group
        self.members = members
    }

    var type: CELType { .object(FacetField.typeName(group)) }

    func field(_ name: String, _ evaluation: inout Evaluation) throws(CELError) -> CELValue? {
        guard let number = members[name] else { return nil }
        return try facets.value(of: number, &evaluation)
    }
}
