internal import Azure
public import JSON
public import Policy

/// A resource of another tool in the terms of Azure Service Operator: what policies judge, and the way back.
public struct ForeignResource: Sendable {
    /// The resource as its tool names it: `module.data.azurerm_mssql_server.main["eu"]`.
    public let name: String
    /// Its type as its tool names it: `azurerm_mssql_server`, `Microsoft.Sql/servers`, `sql.azure.upbound.io/MSSQLServer`.
    public let type: String
    /// `group/Kind` of Azure Service Operator.
    public let kind: String
    /// What is done to it, for `ManifestRequest`.
    ///
    /// It is decided with `DecisionMode.validateForeign`.
    public let change: ManifestRequest.Change
    let format: SourceFormat
    let origin: Origin

    /// The same by another name.
    func named(_ name: String) -> ForeignResource {
        ForeignResource(name: name, type: type, kind: kind, change: change, format: format, origin: origin)
    }

    /// Where a field of the object came from.
    ///
    /// - Parameter field: A path as failures have it (`spec.sku.name`).
    /// - Returns: The field in the tool's own words and where it stands; where there is none, where it would.
    public func place(of field: String) -> SourcePlace {
        let place = origin.place(of: Self.steps(of: field))
        return SourcePlace(
            field: place?.name ?? field,
            position: origin.source.document.position(of: place?.value ?? origin.source.value)
        )
    }

    /// How the tool says what a field of the object holds: its name, its values, and why nobody knows them yet.
    ///
    /// - Parameter field: A path as failures have it.
    /// - Returns: The words for `Failure.shortLine(in:)`.
    public func wording(of field: String) -> Failure.Wording {
        let place = origin.place(of: Self.steps(of: field))
        let format = format
        return Failure.Wording(
            field: place?.name ?? field,
            phrase: place?.words ?? field,
            isDefault: place?.isDefault ?? false,
            mendOfUnknown: place?.mendOfUnknown,
            target: place?.target,
            spelling: { place?.row?.conversion.spelling(of: $0) ?? $0 },
            unknown: { format.unknown(because: $0) }
        )
    }

    /// Reads a path as `FieldPath` writes it; as far as it is one.
    static func steps(of field: String) -> [SourcePath.Step] {
        var steps: [SourcePath.Step] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.first {
            if byte == UInt8(ascii: ".") {
                rest = rest.dropFirst()
            } else if byte == UInt8(ascii: "["), rest.dropFirst().first == UInt8(ascii: "\"") {
                rest = rest.dropFirst(2)
                var name: [UInt8] = []
                while let next = rest.popFirst(), next != UInt8(ascii: "\"") {
                    if next == UInt8(ascii: "\\"), let escaped = rest.popFirst() {
                        name.append(escaped)
                    } else {
                        name.append(next)
                    }
                }
                rest = rest.dropFirst()
                steps.append(.member(String(decoding: name, as: UTF8.self)))
            } else if byte == UInt8(ascii: "[") {
                let digits = rest.dropFirst().prefix { $0 != UInt8(ascii: "]") }
                guard let index = Int(String(decoding: digits, as: UTF8.self)) else { return steps }
                steps.append(.element(index))
                rest = rest.dropFirst(digits.count + 2)
            } else {
                let name = rest.prefix { $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "[") }
                steps.append(.member(String(decoding: name, as: UTF8.self)))
                rest = rest.dropFirst(name.count)
            }
        }
        return steps
    }
}

/// A place in a foreign file.
public struct SourcePlace: Hashable, Sendable {
    /// The field in the words of its tool, counted from the resource: `network_rules[0].default_action`.
    public let field: String
    /// Where it stands, or the nearest that does.
    public let position: JSONPosition
}

/// What a source says.
public struct ForeignResources: Sendable {
    /// What kind of source it is.
    public let format: SourceFormat
    /// The resources that policies can judge.
    public let resources: [ForeignResource]
    /// What cannot be judged, or need not be.
    public let passedOver: [PassedOver]

    /// Something that is not judged.
    public struct PassedOver: Sendable {
        /// What, as its tool names it.
        public let name: String
        /// Why not.
        public let reason: String
        /// Whether there is something that policies do not see: a type that the tables do not know.
        public let isUnseen: Bool
        let source: JSONFragment

        /// Where it stands.
        public var position: JSONPosition { source.document.position(of: source.value) }
    }
}

/// The sources that are understood.
public enum SourceFormat: String, Hashable, Sendable, CaseIterable {
    /// `terraform show -json` of a plan.
    case terraformPlan = "Terraform plan"
    /// `terraform show -json` of a state.
    case terraformState = "Terraform state"
    /// An ARM template, written by hand or compiled from Bicep.
    case armTemplate = "ARM template"
    /// A resource, or a list of them, as `az resource show` prints it.
    case azureResource = "Azure resource"
    /// A managed resource of Crossplane's Azure providers.
    case crossplane = "Crossplane managed resource"

    /// What is said of a field that nobody knows yet.
    fileprivate func unknown(because reason: String) -> String {
        switch self {
        case .terraformPlan where reason == AttributeTranslation.afterApply: "is known only after apply"
        case .armTemplate: "is known only at deployment: \(reason)"
        default: "is not known: \(reason)"
        }
    }
}

/// Why a source cannot be read.
public struct SourceError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What is wrong.
    public let message: String
    /// What to do about it.
    public let mend: String
    /// Where.
    public let position: JSONPosition

    init(_ message: String, mend: String, at position: JSONPosition) {
        self.message = message
        self.mend = mend
        self.position = position
    }

    init(_ message: String, mend: String, at value: JSONValue, in document: JSONDocument) {
        self.init(message, mend: mend, at: document.position(of: value))
    }

    /// Place, fault and mend in one line.
    public var description: String { "\(position.line):\(position.column): \(message); \(mend)" }
}

/// The way back from fields to what they were made of.
struct Origin: Sendable {
    /// How fields became what they are.
    enum Mapping: Sendable {
        /// By the tables of attributes.
        case attributes([AttributeRow], AttributeNames)
        /// By the names of Azure Resource Manager.
        case body([String: BodyRow])
    }

    /// The object whose members the paths of `mapping` begin at.
    let source: JSONFragment
    /// Words before every path: `spec.forProvider`.
    let prefix: String
    let mapping: Mapping
    /// What is not told by the mapping.
    var others: [Other] = []

    /// A field of the object that comes from somewhere else in the file, or from nowhere in it.
    struct Other {
        /// The field, with all below it.
        var field: [SourcePath.Step]
        /// What the tool calls it.
        let name: String
        /// The nearest value that stands there.
        let value: JSONValue
        /// What messages call it; nil if that is its name.
        var phrase: String?
        /// What to do if it is not known; nil to set it.
        var mendOfUnknown: String?
        /// What the resource is deployed to, if that and no field tells it.
        var target: String?
        /// Whether what is below it has the same names.
        var hasMembers = false
    }

    /// A field in the tool's words.
    struct Place {
        let name: String
        /// The nearest value that stands there.
        let value: JSONValue
        /// Whether nothing stands at the very place, though the object has a value.
        var isDefault = false
        var mendOfUnknown: String?
        var target: String?
        /// What made the field of it.
        var row: AttributeRow?
        var phrase: String?

        /// What messages call it: also by the attribute which is the value's other half.
        var words: String {
            guard case .join(_, let other)? = row?.conversion else { return phrase ?? name }
            return "\(name) + \(other)"
        }
    }

    /// The field in the tool's words.
    func place(of steps: [SourcePath.Step]) -> Place? {
        for other in others where steps.starts(with: other.field) {
            let rest = other.hasMembers ? steps.dropFirst(other.field.count) : []
            return Place(
                name: rest.isEmpty ? other.name : "\(other.name).\(ForeignResource.text(of: Array(rest)))",
                value: Self.walk(rest, from: other.value, in: source.document),
                mendOfUnknown: other.mendOfUnknown,
                target: other.target,
                phrase: other.phrase
            )
        }
        switch mapping {
        case .attributes(let rows, let names): return attribute(steps, rows, names)
        case .body(let rows):
            return BodyPaths(rows: rows, source: source).place(of: steps).map { Place(name: $0, value: $1) }
        }
    }

    private static func walk(
        _ steps: ArraySlice<SourcePath.Step>,
        from value: JSONValue,
        in document: JSONDocument
    ) -> JSONValue {
        var value = value
        for step in steps {
            guard let next = AttributeNames.snake.step(step, from: value, in: document) else { break }
            value = next
        }
        return value
    }

    private func attribute(
        _ steps: [SourcePath.Step],
        _ rows: [AttributeRow],
        _ names: AttributeNames
    ) -> Place? {
        var field = steps[...]
        if field.first == .member("spec") { field = field.dropFirst() }
        if field.elementsEqual([.member("metadata"), .member("name")]) { field = [.member("azureName")] }
        var best: (length: Int, isThere: Bool, path: [SourcePath.Step], row: AttributeRow)?
        for row in rows where row.isTold {
            guard let (indexes, rest) = row.field.match(field, orShorter: true) else { continue }
            var path = row.path.filled(with: indexes)
            if case .copy = row.conversion { path += rest }
            let isThere = !(walk(path, names).missing > rest.count)
            let length = min(row.field.steps.count, field.count) - max(0, row.field.steps.count - field.count)
            if let best, (best.length, best.isThere ? 1 : 0) >= (length, isThere ? 1 : 0) { continue }
            best = (length, isThere, path, row)
        }
        guard let best else { return nil }
        let text = best.path.map { step -> SourcePath.Step in
            if case .member(let name) = step { .member(names.spelling(of: name)) } else { step }
        }
        return Place(
            name: prefix + ForeignResource.text(of: names.lists(text, in: source)),
            value: walk(best.path, names).value,
            isDefault: !best.isThere && best.row.fallback != nil,
            row: best.row
        )
    }

    /// The nearest value on a path, and how many steps are missing to it.
    private func walk(_ path: [SourcePath.Step], _ names: AttributeNames) -> (value: JSONValue, missing: Int) {
        var value = source.value
        for (place, step) in path.enumerated() {
            guard let next = names.step(step, from: value, in: source.document), !next.isNull else {
                return (value, path.count - place)
            }
            value = next
        }
        return (value, 0)
    }
}

extension ForeignResource {
    /// A path as people write it.
    static func text(of steps: [SourcePath.Step]) -> String {
        FieldPath(
            steps.map { step in
                switch step {
                case .member(let name): .member(name)
                case .element(let index): .element(index)
                case .each: .member("*")
                }
            }
        ).description
    }
}

extension SourcePath {
    /// Matches the beginning of a field.
    ///
    /// - Parameters:
    ///   - field: The field's steps.
    ///   - shorter: Whether a field that is only the beginning of this path will do.
    /// - Returns: The elements that `[]` stands for, and the steps of the field behind the path.
    func match(
        _ field: ArraySlice<Step>,
        orShorter shorter: Bool
    ) -> (indexes: [Int], rest: ArraySlice<Step>)? {
        var indexes: [Int] = []
        var rest = field
        for (place, step) in steps.enumerated() {
            guard let given = rest.first else { return shorter && place > 0 ? (indexes, []) : nil }
            switch (step, given) {
            case (.each, .element(let index)): indexes.append(index)
            case _ where step == given: break
            default: return nil
            }
            rest = rest.dropFirst()
        }
        return (indexes, rest)
    }

    /// The path with elements in the place of `[]`, as far as there are any.
    func filled(with indexes: [Int]) -> [Step] {
        var result: [Step] = []
        var indexes = indexes[...]
        for step in steps {
            guard step == .each else {
                result.append(step)
                continue
            }
            guard let index = indexes.popFirst() else { return result }
            result.append(.element(index))
        }
        return result
    }
}

extension Conversion {
    /// A value of `spec` as the attribute has it; where there is no way back, as it is.
    func spelling(of value: String) -> String {
        switch self {
        case .not: return value == "true" ? "false" : value == "false" ? "true" : value
        case .map(let words):
            return words.filter { $0.value.lowercased() == value.lowercased() }.keys.min() ?? value
        case .times(let factor):
            guard let number = Double(value), let whole = Int64(exactly: (number / factor).rounded()) else {
                return value
            }
            return abs(number / factor - Double(whole)) < 1e-9 ? String(whole) : value
        default: return value
        }
    }
}

extension AttributeRow {
    /// Whether the row says where a field came from.
    var isTold: Bool {
        switch conversion {
        case .seen, .nested, .like: false
        default: true
        }
    }
}
