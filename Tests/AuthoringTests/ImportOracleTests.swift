import Authoring
import Testing
import TestSupport

/// A second opinion on conditions: definitions are interpreted as Azure documents it, over the resource as Azure gets it.
///
/// Definitions and resources are made at random; the imported policy must say of each what the interpreter says.
@Suite struct ImportOracleTests {
    /// JSON, as definitions and resources have it.
    indirect enum Value: Equatable {
        case null
        case bool(Bool)
        case int(Int)
        case string(String)
        case array([Value])
        case object([(String, Value)])

        static func == (a: Value, b: Value) -> Bool { a.json == b.json }

        var json: String {
            switch self {
            case .null: "null"
            case .bool(let value): "\(value)"
            case .int(let value): "\(value)"
            case .string(let text): "\"\(text)\""
            case .array(let elements): "[\(elements.map(\.json).joined(separator: ", "))]"
            case .object(let members): "{\(members.map { "\"\($0)\": \($1.json)" }.joined(separator: ", "))}"
            }
        }

        subscript(key: String) -> Value? {
            guard case .object(let members) = self else { return nil }
            return members.first { $0.0.lowercased() == key.lowercased() }?.1
        }

        /// A scalar as text without letter case.
        var folded: String? {
            switch self {
            case .bool(let value): "\(value)"
            case .int(let value): "\(value)"
            case .string(let text): text.lowercased()
            default: nil
            }
        }
    }

    /// The interpreter: one resource, and which element each counted array is at.
    struct Oracle {
        let resource: Value
        var current: [String: Value] = [:]

        /// The values that a field has, and whether it stands for the elements of an array.
        func select(_ field: String) -> (values: [Value?], isCollection: Bool) {
            var values: [Value?] = [resource["properties"]]
            var path = field
            var isCollection = false
            for (counted, element) in current where field == counted || field.hasPrefix(counted + ".") {
                values = [element]
                path = String(field.dropFirst(counted.count))
                isCollection = true
            }
            if ["sku.name", "location"].contains(field) { values = [resource] }
            if field.hasPrefix("tags.") { values = [resource] }
            for name in path.split(separator: ".") {
                let isElements = name.hasSuffix("[*]")
                let key = String(isElements ? name.dropLast(3) : name)
                values = values.flatMap { value -> [Value?] in
                    let member = value?[key]
                    guard isElements else { return [member] }
                    guard case .array(let elements)? = member else { return [] }
                    return elements
                }
                isCollection = isCollection || isElements
            }
            return (values, isCollection)
        }

        func holds(_ condition: Value) -> Bool {
            if case .array(let parts)? = condition["allOf"] { return parts.allSatisfy(holds) }
            if case .array(let parts)? = condition["anyOf"] { return parts.contains(where: holds) }
            if let inner = condition["not"] { return !holds(inner) }
            guard case .object(let members) = condition, let (op, operand) = members.last else { return false }
            if case .object(let count)? = condition["count"], case .string(let field)? = count.first?.1 {
                let alias = Self.path(field)
                let elements = select(alias).values
                let number = elements.count { element in
                    guard let filter = condition["count"]?["where"] else { return true }
                    var inner = self
                    inner.current[alias] = element
                    return inner.holds(filter)
                }
                return Self.test(.int(number), op, operand, isRegion: false)
            }
            guard case .string(let field)? = condition["field"] else { return false }
            let path = Self.path(field)
            return select(path).values.allSatisfy { Self.test($0, op, operand, isRegion: path == "location") }
        }

        static func path(_ field: String) -> String {
            field.split(separator: "/").last.map(String.init) ?? field
        }

        static func test(_ value: Value?, _ op: String, _ operand: Value, isRegion: Bool) -> Bool {
            func fold(_ value: Value?) -> String? {
                guard let text = value?.folded else { return nil }
                return isRegion ? text.filter { $0 != " " } : text
            }
            let wanted = fold(operand) ?? ""
            switch op {
            case "equals": return fold(value) == wanted
            case "notEquals": return fold(value) != wanted
            case "in", "notIn":
                guard case .array(let list) = operand else { return false }
                return list.contains { fold($0) == fold(value) && fold(value) != nil } == (op == "in")
            case "like", "notLike":
                let parts = wanted.split(separator: "*", omittingEmptySubsequences: false).map(String.init)
                var isLike = false
                if let text = fold(value) {
                    isLike =
                        parts.count == 1
                        ? text == wanted
                        : text.hasPrefix(parts[0]) && text.hasSuffix(parts[1])
                            && text.count >= parts[0].count + parts[1].count
                }
                return isLike == (op == "like")
            case "contains", "notContains":
                return (fold(value)?.contains(wanted) ?? false) == (op == "contains")
            case "exists": return (value != nil) == (wanted == "true")
            case "less", "greater", "lessOrEquals", "greaterOrEquals":
                guard case .int(let number)? = value, case .int(let bound) = operand else { return false }
                switch op {
                case "less": return number < bound
                case "lessOrEquals": return number <= bound
                case "greater": return number > bound
                default: return number >= bound
                }
            default: return false
            }
        }
    }

    /// Makes definitions and resources.
    struct Maker {
        var random: SplitMix64

        mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
        mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }

        static let words = ["Allow", "Deny", "a", "ab", "abc", "TLS1_0", "TLS1_2", "10.0.0.1"]
        static let texts = [
            "minimumTlsVersion", "networkAcls.defaultAction", "networkAcls.bypass", "sku.name", "tags.Env", "location",
        ]
        static let rules = "networkAcls.ipRules[*]"

        mutating func word() -> Value { .string(pick(Self.words)) }

        /// A field's alias.
        static func name(_ path: String) -> Value {
            .string(path.hasPrefix("tags.") || path == "location" ? path : "Microsoft.Storage/storageAccounts/\(path)")
        }

        mutating func condition(_ depth: Int, isCounting: Bool = false) -> Value {
            if depth > 0, chance(2) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0:
                    return .object([
                        ("allOf", .array((0..<2).map { _ in condition(depth - 1, isCounting: isCounting) }))
                    ])
                case 1:
                    return .object([
                        ("anyOf", .array((0..<2).map { _ in condition(depth - 1, isCounting: isCounting) }))
                    ])
                default: return .object([("not", condition(depth - 1, isCounting: isCounting))])
                }
            }
            if !isCounting, chance(4) { return count(depth) }
            if chance(6) {
                let op = pick(["less", "lessOrEquals", "greater", "greaterOrEquals", "equals", "notEquals"])
                return .object([
                    ("field", Self.name("keyPolicy.keyExpirationPeriodInDays")),
                    (op, .int(Int.random(in: 0..<4, using: &random))),
                ])
            }
            if chance(6) {
                return .object([
                    ("field", Self.name("supportsHttpsTrafficOnly")),
                    (pick(["equals", "notEquals"]), pick([.bool(true), .string("False"), .string("true")])),
                ])
            }
            let path =
                isCounting || chance(3) ? pick(["\(Self.rules).value", "\(Self.rules).action"]) : pick(Self.texts)
            let op = pick([
                "equals", "notEquals", "in", "notIn", "like", "notLike", "contains", "notContains", "exists",
            ])
            let operand: Value =
                switch op {
                case "exists": .string(pick(["true", "false"]))
                case "in", "notIn": .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in word() })
                case "like", "notLike":
                    .string(pick(["*", "a*", "*b", "A*c", "tls1_0", "*llo*".replacing("llo*", with: "w")]))
                default: word()
                }
            return .object([("field", Self.name(path)), (op, operand)])
        }

        mutating func count(_ depth: Int) -> Value {
            var count: [(String, Value)] = [("field", Self.name(Self.rules))]
            if !chance(4) { count.append(("where", condition(min(depth, 1), isCounting: true))) }
            let op = pick(["less", "lessOrEquals", "greater", "greaterOrEquals", "equals", "notEquals"])
            return .object([("count", .object(count)), (op, .int(Int.random(in: 0..<3, using: &random)))])
        }

        /// A storage account as the custom resource has it, and as Azure gets it.
        mutating func account() -> (spec: Value, body: Value) {
            var properties: [(String, Value)] = []
            var roots: [(String, Value)] = []
            var acls: [(String, Value)] = []
            if chance(2) { properties.append(("minimumTlsVersion", word())) }
            if chance(2) { properties.append(("supportsHttpsTrafficOnly", .bool(chance(2)))) }
            if chance(2) {
                let days = Value.int(Int.random(in: 0..<4, using: &random))
                properties.append(("keyPolicy", .object([("keyExpirationPeriodInDays", days)])))
            }
            if chance(2) { acls.append(("defaultAction", word())) }
            if chance(2) { acls.append(("bypass", word())) }
            if !chance(3) {
                let rules = (0..<Int.random(in: 0..<4, using: &random)).map { _ -> Value in
                    var rule: [(String, Value)] = []
                    if !chance(4) { rule.append(("value", word())) }
                    if !chance(4) { rule.append(("action", word())) }
                    return .object(rule)
                }
                acls.append(("ipRules", .array(rules)))
            }
            if !chance(4) { properties.append(("networkAcls", .object(acls))) }
            if !chance(3) { roots.append(("sku", .object([("name", word())]))) }
            if !chance(3) { roots.append(("location", .string(pick(["A B", "ab", "abc"])))) }
            if !chance(3) { roots.append(("tags", .object(chance(2) ? [] : [("ENV", word())]))) }
            return (.object(properties + roots), .object([("properties", .object(properties))] + roots))
        }
    }

    @Test(arguments: UInt64(0)..<150) func agrees(seed: UInt64) throws {
        var maker = Maker(random: SplitMix64(seed: seed))
        let condition = maker.condition(3)
        let document = definition(condition.json)
        let report = imported(document)
        let accounts = (0..<12).map { _ in maker.account() }
        let wanted = accounts.map { Oracle(resource: $0.body).holds(condition) }
        if report.items.first?.status == .refused {
            // What no account, or every one, violates is no policy; anything else must not be refused.
            let sort = Set(wanted)
            #expect(
                report.items.first?.reasons.first.map { [.noKind, .noField].contains($0.code) } ?? false,
                "\(report.reasons)"
            )
            #expect(sort.count == 1)
            return
        }
        #expect(report.count(.imported) == 1)
        let decisions = try denials(report.policies, accounts.map(\.spec.json))
        #expect(
            decisions == wanted.map(Optional.some),
            "\(condition.json)\n\(report.policies)\n\(accounts.map(\.spec.json))"
        )
    }
}
