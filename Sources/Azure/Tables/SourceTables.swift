import CAzureData

/// Where other tools keep what Azure Service Operator has in `spec`: read once, when a plan or a template is.
public final class SourceTables: Sendable {
    /// The tables that the executable carries.
    public static let embedded: SourceTables = {
        do {
            return try unsafe SourceTables(
                types: bytes(portcullis_azure_terraform),
                attributes: bytes(portcullis_azure_attributes),
                fields: ARMFieldTable.embedded
            )
        } catch {
            // The build embedded them, and a test reads them: only the programmer can break them.
            preconditionFailure("embedded table: \(error)")
        }
    }()

    /// The types of Terraform's provider azurerm, by name.
    public let terraformTypes: [String: AttributeType]

    private let crossplane: [String: AttributeType]
    private let fields: ARMFieldTable

    init(types: [UInt8], attributes: [UInt8], fields: ARMFieldTable) throws(TableError) {
        self.fields = fields
        let rows = try Self.rows(attributes)
        var terraform: [String: AttributeType] = [:]
        var crossplane: [String: AttributeType] = [:]
        var reader = try TableReader(
            "terraform.tsv",
            types[...],
            columns: ["type", "group", "kind", "crossplane", "source"]
        )
        while try reader.next() {
            let name = try reader.name(0)
            let other = try reader.name(3)
            let type = AttributeType(
                name: name,
                group: try reader.name(1),
                kind: try reader.name(2),
                crossplane: other == "-" ? "" : other,
                source: try reader.name(4),
                rows: try Self.rows(of: String(name.dropFirst("azurerm_".count)), in: rows, reader)
            )
            guard terraform.updateValue(type, forKey: name) == nil else {
                throw reader.error(at: 0, "\(name) is listed twice")
            }
            if other != "-" { crossplane[other.lowercased()] = type }
        }
        terraformTypes = terraform
        self.crossplane = crossplane
    }

    /// The type that a managed resource of Crossplane's Azure providers is.
    ///
    /// - Parameters:
    ///   - group: Such as `sql.azure.upbound.io` or `sql.azure.m.upbound.io`.
    ///   - kind: Such as `MSSQLServer`.
    /// - Returns: nil if the tables do not know it.
    public func crossplaneType(group: String, kind: String) -> AttributeType? {
        Self.crossplaneService(of: group).flatMap { crossplane["\($0)/\(kind)".lowercased()] }
    }

    /// Whether a group is one of Crossplane's Azure providers.
    public static func isCrossplane(group: String) -> Bool { crossplaneService(of: group) != nil }

    private static func crossplaneService(of group: String) -> String? {
        for suffix in ["azure.upbound.io", "azure.m.upbound.io"] {
            if group == suffix { return "" }
            if group.hasSuffix("." + suffix) { return String(group.dropLast(suffix.utf8.count + 1)) }
        }
        return nil
    }

    /// What is different in the body of a resource of Azure Resource Manager, by its path there (`properties.a[].b`), or `-` for
    /// the whole.
    public func bodyRows(of kind: AzureKind) -> [String: BodyRow] { BodyRows(fields.fields(of: kind)).rows }

    /// The spelling of the members' names that the tables know of a kind, by the names in small letters.
    public func memberNames(of kind: AzureKind) -> [String: String] {
        var names: [String: String] = [:]
        for field in fields.fields(of: kind) {
            for part in field.armPath.split(separator: ".") {
                let name = String(part.prefix { $0 != "[" && $0 != "{" })
                // Of two spellings neither is the one that is meant.
                if let other = names[name.lowercased()], other != name { continue }
                names[name.lowercased()] = name
            }
        }
        return names
    }

    // MARK: Reading

    private static func rows(_ bytes: [UInt8]) throws(TableError) -> [String: [AttributeRow]] {
        var reader = try TableReader(
            "attributes.tsv",
            bytes[...],
            columns: ["type", "path", "field", "conversion", "default"]
        )
        var rows: [String: [AttributeRow]] = [:]
        while try reader.next() {
            guard let path = SourcePath(reader.text(1)) else { throw reader.error(at: 1, "is no path") }
            let field = try reader.name(2)
            guard let target = field == "-" ? SourcePath(steps: []) : SourcePath(field) else {
                throw reader.error(at: 2, "is no path")
            }
            guard let conversion = Conversion(try reader.name(3), field: field) else {
                throw reader.error(at: 3, "conversion is \"\(reader.text(3))\", which is none")
            }
            rows[try reader.name(0), default: []].append(
                AttributeRow(
                    path: path,
                    field: target,
                    conversion: conversion,
                    fallback: reader.fields[4].isEmpty ? nil : reader.text(4)
                )
            )
        }
        return rows
    }

    /// The rows of one type: those of all types come first, but for those that it takes back.
    private static func rows(
        of type: String,
        in rows: [String: [AttributeRow]],
        _ reader: TableReader
    ) throws(TableError) -> [AttributeRow] {
        var own = rows[type] ?? []
        if let first = own.first, case .like(let other) = first.conversion {
            guard let others = rows[other] else {
                throw reader.error(at: 0, "\(type) is like \(other), which has no rows")
            }
            own = others
        }
        let common = (rows["*"] ?? []).filter { row in
            !own.contains { $0.path == row.path && $0.field.steps.first == row.field.steps.first }
        }
        return common + own
    }

    private static func bytes(_ table: portcullis_azure_table) -> [UInt8] {
        unsafe Array(UnsafeBufferPointer(start: table.bytes, count: table.length))
    }
}

/// A resource type whose attributes are those of Terraform's provider azurerm.
public struct AttributeType: Sendable {
    /// The type, such as `azurerm_mssql_server`.
    public let name: String
    /// The group of the kind that it is to Azure Service Operator.
    public let group: String
    /// The kind that it is to Azure Service Operator.
    public let kind: String
    /// The kind of Crossplane's providers, `service/Kind`; empty for none.
    public let crossplane: String
    /// The public document that says so.
    public let source: String
    /// Its attributes.
    public let rows: [AttributeRow]
}

/// Where one attribute is in `spec`.
public struct AttributeRow: Sendable {
    /// The attribute.
    public let path: SourcePath
    /// The field below `spec`.
    public let field: SourcePath
    /// How its value is spelt there.
    public let conversion: Conversion
    /// What the provider takes if it is not set, in its own spelling; nil if nothing, or nobody can say.
    public let fallback: String?
}

/// What a place in a resource's body is in `spec`, where that is not the same name at the same place.
public enum BodyRow: Sendable {
    /// Its members are those of the object around it.
    case flatten
    /// A resource ID, which stands in an object.
    case reference(SourcePath)
    /// A map whose keys are resource IDs: a list of objects.
    case keys(SourcePath)
    /// The same value in another place.
    case move(SourcePath)
    /// One of these members has it, as a word in it tells.
    case oneOf([SourcePath])
}

/// The rows of a kind, found by comparing the paths of its fields in `spec` and in the body.
private struct BodyRows {
    private(set) var rows: [String: BodyRow] = [:]

    init(_ fields: [ARMField]) {
        // What is one of several is told by where the several are; what is in them is moved with them.
        var choices: [(spec: String, body: String)] = []
        for field in fields where field.rule == .oneOf {
            let path = String(field.path.dropFirst("spec.".count))
            guard !choices.contains(where: { path.hasPrefix($0.spec + ".") }), let place = SourcePath(path) else {
                continue
            }
            choices.append((path, field.armPath))
            let body = field.armPath.isEmpty || field.armPath == "-" ? "-" : field.armPath
            var paths: [SourcePath] = []
            if case .oneOf(let known) = rows[body] { paths = known }
            rows[body] = .oneOf(paths + [place])
        }
        for field in fields where field.path.hasPrefix("spec.") && field.rule != .oneOf {
            let path = String(field.path.dropFirst("spec.".count))
            guard !choices.contains(where: { path == $0.spec || path.hasPrefix($0.spec + ".") }) else { continue }
            add(field, path)
        }
    }

    private mutating func add(_ field: ARMField, _ path: String) {
        switch field.rule {
        case .secret, .secretMap, .configMap, .oneOf: return
        case .referenceSet:
            // A map by ID becomes a list of objects with a reference.
            guard field.armPath.hasSuffix("{}"), let place = SourcePath(path + ".reference") else { return }
            rows[String(field.armPath.dropLast(2))] = .keys(place)
        case .reference, .wellKnownReference, .referenceList:
            guard !field.armPath.contains("{}"), let place = SourcePath(path) else { return }
            rows[field.armPath] = .reference(place)
        case .referenceMap:
            guard let place = SourcePath(path.replacing("{}", with: "")) else { return }
            rows[field.armPath.replacing("{}", with: "")] = .move(place)
        case .scalar, .object, .list, .objectList, .map, .objectMap, .json:
            compare(field.armPath, path)
        }
    }

    /// Notes the `properties` of the body that `spec` does not have; what differs in other ways is moved.
    private mutating func compare(_ body: String, _ path: String) {
        var rest = path.split(separator: ".")[...]
        var passed = ""
        var flat: [String] = []
        for part in body.split(separator: ".") {
            passed += passed.isEmpty ? String(part) : ".\(part)"
            if rest.first == part {
                rest = rest.dropFirst()
            } else if part == "properties" {
                flat.append(passed)
            } else {
                guard !body.contains("{}"), let place = SourcePath(path) else { return }
                rows[body] = .move(place)
                return
            }
        }
        guard rest.isEmpty else { return }
        for place in flat { rows[place] = .flatten }
    }
}

/// A path of the tables: `network_rules[0].ip_rules[]`.
public struct SourcePath: Hashable, Sendable, CustomStringConvertible {
    /// One step.
    public enum Step: Hashable, Sendable {
        /// A member.
        case member(String)
        /// An element.
        case element(Int)
        /// Every element.
        case each
    }

    /// The steps.
    public let steps: [Step]

    /// A path of these steps.
    public init(steps: [Step]) {
        self.steps = steps
    }

    init?(_ text: String) {
        var steps: [Step] = []
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
            guard let name = pieces.first, !name.isEmpty else { return nil }
            steps.append(.member(String(name)))
            for index in pieces.dropFirst() {
                if index == "]" {
                    steps.append(.each)
                } else if index.hasSuffix("]"), let place = Int(index.dropLast()), place >= 0 {
                    steps.append(.element(place))
                } else {
                    return nil
                }
            }
        }
        self.steps = steps
    }

    /// The path as the tables write it.
    public var description: String {
        var text = ""
        for step in steps {
            switch step {
            case .member(let name): text += text.isEmpty ? name : ".\(name)"
            case .element(let index): text += "[\(index)]"
            case .each: text += "[]"
            }
        }
        return text
    }
}

/// How the value of an attribute is spelt in `spec`.
public enum Conversion: Sendable {
    /// As it is.
    case copy
    /// The other truth value.
    case not
    /// By words; others as they are.
    case map([String: String])
    /// A word, if there is anything.
    case constant(String)
    /// A resource ID in an object.
    case reference
    /// With another attribute behind it.
    case join(separator: String, other: String)
    /// A list as text, with commas.
    case words
    /// Times a number.
    case times(Double)
    /// Patterns with `*` and what they tell.
    case tier([(pattern: String, tier: String)])
    /// What stands before the first `_`, and the tier of the SKU that is named behind it.
    case tiered([String: String])
    /// Where the resource with that ID is.
    case location
    /// Which of a Cosmos account's backup policies it is.
    case cosmosBackup
    /// Every element is a resource of another type.
    case nested(String)
    /// The rows of another type.
    case like(String)
    /// Another row tells it.
    case seen

    init?(_ text: String, field: String) {
        let words = text.split(separator: " ").map(String.init)
        let pairs = words.dropFirst().compactMap { word -> (String, String)? in
            let sides = word.split(separator: "=", maxSplits: 1).map(String.init)
            return sides.count == 2 ? (sides[0], sides[1]) : nil
        }
        switch (words.first, words.count) {
        case ("copy", 1): self = .copy
        case ("enabled", 1): self = .map(["true": "Enabled", "false": "Disabled"])
        case ("not", 1): self = .not
        case ("is", 2): self = .constant(words[1])
        case ("reference", 1): self = .reference
        case ("join", 3): self = .join(separator: words[1], other: words[2])
        case ("words", 1): self = .words
        case ("location", 1): self = .location
        case ("cosmosBackup", 1): self = .cosmosBackup
        case ("nested", 2): self = .nested(words[1])
        case ("like", 1): self = .like(field)
        case ("seen", 1), ("unused", 1): self = .seen
        case ("times", 2), ("divide", 2):
            guard let number = Double(words[1]), number > 0 else { return nil }
            self = .times(words[0] == "times" ? number : 1 / number)
        case ("map", _), ("tiered", _), ("tier", _):
            guard !pairs.isEmpty, pairs.count == words.count - 1 else { return nil }
            if words[0] == "tier" {
                self = .tier(pairs)
            } else {
                let table = Dictionary(pairs) { first, _ in first }
                self = words[0] == "map" ? .map(table) : .tiered(table)
            }
        default: return nil
        }
    }
}
