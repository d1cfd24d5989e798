internal import Azure
internal import JSON

/// Turns azurerm's attributes, as Terraform or Crossplane have them, into the `spec` of a kind.
struct AttributeTranslation {
    let rows: [AttributeRow]
    let names: AttributeNames
    let document: JSONDocument
    /// The resource's attributes; of two objects what the first lacks.
    let values: [JSONValue]
    /// Of the same shape, with `true` for what nobody knows yet and for what is a secret.
    var unknown: JSONValue?
    var sensitive: JSONValue?
    /// Where the resource with an ID is.
    var location: (Draft) -> Draft = { _ in Draft(.unknown(because: "it is where another resource is")) }

    /// Whether nobody has written an attribute, so that the provider or Azure makes its value up, as of every field that a
    /// manifest leaves out.
    var isUnset: (String) -> Bool = { _ in false }

    /// What nobody knows before a plan is applied.
    static let afterApply = "known after apply"

    /// An attribute's value, and whether it is known.
    private struct Place {
        var values: [JSONValue]
        var unknown: JSONValue?
        var sensitive: JSONValue?
        var reason: String?
    }

    private struct Finding {
        let row: AttributeRow
        let indexes: [Int]
        let value: Draft
    }

    /// The `spec`.
    func spec() -> Draft {
        var found: [Finding] = []
        let root = Place(values: values, unknown: unknown, sensitive: sensitive)
        for row in rows where row.isTold {
            if isMadeUp(row) {
                found.append(Finding(row: row, indexes: [], value: Draft(.null)))
            } else {
                find(row, row.path.steps[...], root, [], &found)
            }
        }
        let spec = Draft.emptyObject
        // What is known goes before what is not, where two attributes say the same, and defaults come last.
        for isKnown in [true, false] {
            for finding in found where finding.value.isUnknown != isKnown && !finding.value.isNothing {
                put(finding, into: spec)
            }
        }
        for finding in found where finding.value.isNothing {
            guard let fallback = finding.row.fallback else { continue }
            put(Finding(row: finding.row, indexes: finding.indexes, value: Draft(word: fallback)), into: spec)
        }
        chooseBackupPolicy(of: spec)
        return spec
    }

    private func put(_ finding: Finding, into spec: Draft) {
        guard let value = converted(finding.value, finding.row.conversion) else { return }
        let steps = finding.row.field.filled(with: finding.indexes)
        spec.set(value, at: steps[...])
    }

    // MARK: Looking

    /// Blocks are left out: a `dynamic` one is not told by a plan's configuration.
    private func isMadeUp(_ row: AttributeRow) -> Bool {
        guard row.path.steps.count == 1, case .member(let name)? = row.path.steps.first, let unknown,
            document.member(name, of: unknown)?.bool == true
        else { return false }
        return isUnset(name)
    }

    private func find(
        _ row: AttributeRow,
        _ steps: ArraySlice<SourcePath.Step>,
        _ place: Place,
        _ indexes: [Int],
        _ found: inout [Finding]
    ) {
        if let reason = reason(place) {
            found.append(Finding(row: row, indexes: indexes, value: Draft(.unknown(because: reason))))
            return
        }
        guard let step = steps.first else {
            var value = copy(place)
            if case .join(let separator, let other) = row.conversion {
                let root = Place(values: values, unknown: unknown, sensitive: sensitive)
                value = join(value, separator, copy(member(other, of: root)))
            }
            found.append(Finding(row: row, indexes: indexes, value: value))
            return
        }
        switch step {
        case .member(let name):
            guard !place.values.isEmpty || place.unknown != nil else { return }
            find(row, steps.dropFirst(), member(name, of: place), indexes, &found)
        case .element(let index):
            let next = element(index, of: place)
            guard !next.values.isEmpty || next.unknown != nil else { return }
            find(row, steps.dropFirst(), next, indexes, &found)
        case .each:
            let count = count(of: place)
            guard count <= Draft.maximumElements else {
                return found.append(Finding(row: row, indexes: indexes, value: .tooLong))
            }
            for index in 0..<count {
                find(row, steps.dropFirst(), element(index, of: place), indexes + [index], &found)
            }
        }
    }

    private func reason(_ place: Place) -> String? {
        if let reason = place.reason { return reason }
        if place.unknown?.bool ?? false { return Self.afterApply }
        return place.sensitive?.bool ?? false ? "sensitive, and not looked at" : nil
    }

    private func member(_ name: String, of place: Place) -> Place {
        var next = Place(values: [])
        for value in place.values {
            if let found = names.member(name, of: value, in: document), !found.isNull { next.values.append(found) }
        }
        next.unknown = place.unknown.flatMap { document.member(name, of: $0) }
        next.sensitive = place.sensitive.flatMap { document.member(name, of: $0) }
        if next.values.isEmpty, names == .camel {
            for value in place.values {
                for suffix in ["Ref", "Refs", "Selector"] {
                    let reference = names.spelling(of: name) + suffix
                    guard let found = names.member(reference, of: value, in: document), !found.isNull else { continue }
                    next.reason = "Crossplane fills it in from \(reference)"
                }
            }
        }
        return next
    }

    private func element(_ index: Int, of place: Place) -> Place {
        var next = Place(values: [])
        for value in place.values {
            if let found = names.step(.element(index), from: value, in: document), !found.isNull {
                next.values.append(found)
            }
        }
        next.unknown = place.unknown.flatMap { document.element(index, of: $0) }
        next.sensitive = place.sensitive.flatMap { document.element(index, of: $0) }
        return next
    }

    private func count(of place: Place) -> Int {
        let counts = (place.values + [place.unknown].compactMap(\.self)).map {
            $0.isArray ? document.count(of: $0) : $0.isObject && names == .camel ? 1 : 0
        }
        return counts.max() ?? 0
    }

    /// Everything at a place, with what is unknown in it.
    private func copy(_ place: Place) -> Draft {
        if let reason = reason(place) { return Draft(.unknown(because: reason)) }
        let container = place.unknown.flatMap { $0.isObject || $0.isArray ? $0 : nil }
        guard let value = place.values.first ?? container else { return Draft(.null) }
        if value.isObject {
            guard document.count(of: value) <= Draft.maximumElements else { return .tooLong }
            var members: [(name: String, value: Draft)] = []
            var names: Set<String> = []
            // A map's names are nobody's to spell.
            let values = table(value)
            let (unknown, sensitive) = (table(place.unknown), table(place.sensitive))
            for object in place.values.prefix(1) + [container].compactMap(\.self) {
                for (key, _) in document.members(of: object) {
                    let name = document.string(key) ?? ""
                    guard names.insert(name).inserted else { continue }
                    let inner = Place(
                        values: [values[name]].compactMap(\.self).filter { !$0.isNull },
                        unknown: unknown[name],
                        sensitive: sensitive[name]
                    )
                    guard !inner.values.isEmpty || reason(inner) != nil else { continue }
                    members.append((name, copy(inner)))
                }
            }
            return members.isEmpty && place.values.isEmpty ? Draft(.null) : Draft(.object(members))
        }
        if value.isArray {
            let count = count(of: place)
            guard count <= Draft.maximumElements else { return .tooLong }
            if count == 0 && place.values.isEmpty { return Draft(.null) }
            return Draft(.array((0..<count).map { copy(element($0, of: place)) }))
        }
        return Draft(value, in: document)
    }

    /// The members of an object by name; nothing if it is none.
    private func table(_ value: JSONValue?) -> [String: JSONValue] {
        guard let value, value.isObject else { return [:] }
        return Dictionary(document.members(of: value).map { (document.string($0.key) ?? "", $0.value) }) { first, _ in
            first
        }
    }

    // MARK: Conversions

    private func join(_ first: Draft, _ separator: String, _ second: Draft) -> Draft {
        if first.isUnknown { return first }
        if second.isUnknown { return second }
        guard let first = first.text, let second = second.text else { return Draft(.null) }
        return Draft(.string(first + separator + second))
    }

    private func converted(_ value: Draft, _ conversion: Conversion) -> Draft? {
        if case .location = conversion { return location(value) }
        if value.isUnknown { return value }
        switch conversion {
        case .copy, .join, .seen: return value
        case .not:
            guard case .bool(let isOn) = value.content else { return value }
            return Draft(.bool(!isOn))
        case .map(let words): return value.word.flatMap { words[$0] }.map { Draft(word: $0) } ?? value
        case .constant(let word): return value.isEmpty ? nil : Draft(word: word)
        case .reference: return value.isEmpty ? nil : Draft(.object([("armId", value)]))
        case .words:
            guard case .array(let elements) = value.content else { return value }
            if let unknown = elements.first(where: \.isUnknown) { return unknown }
            return elements.isEmpty ? nil : Draft(.string(elements.compactMap(\.text).joined(separator: ", ")))
        case .times(let factor):
            guard let number = value.number else { return value }
            return Draft(number: number * factor)
        case .tier(let patterns):
            guard let name = value.text, let tier = patterns.first(where: { name.fits($0.pattern) })?.tier, tier != "-"
            else { return nil }
            return Draft(.string(tier))
        case .tiered(let tiers):
            guard let text = value.text, let mark = text.firstIndex(of: "_") else { return value }
            let name = Draft(.string(String(text[text.index(after: mark)...])))
            guard let tier = tiers[String(text[..<mark])] else { return Draft(.object([("name", value)])) }
            return Draft(.object([("name", name), ("tier", Draft(.string(tier)))]))
        case .cosmosBackup:
            guard let type = value.text else { return value }
            let policy = Draft(.object([("type", value)]))
            return Draft(.object([(type.lowercased(), policy)]))
        case .location, .nested, .like: return nil
        }
    }

    /// A plan holds what the other policy would have as unknown.
    private func chooseBackupPolicy(of spec: Draft) {
        guard let policy = spec["backupPolicy"], case .object(let members) = policy.content else { return }
        if let chosen = members.first(where: { $0.value["type"]?.text != nil }) { policy.content = .object([chosen]) }
    }
}

extension Draft {
    fileprivate var isNothing: Bool {
        if case .null = content { true } else { false }
    }

    /// A scalar as a word.
    fileprivate var word: String? {
        switch content {
        case .string(let text): text
        case .bool(let value): value ? "true" : "false"
        case .number(let digits): String(decoding: digits, as: UTF8.self)
        default: nil
        }
    }

    fileprivate var number: Double? {
        if case .number(let digits) = content { Double(String(decoding: digits, as: UTF8.self)) } else { nil }
    }

    /// A number, whole if it is.
    fileprivate convenience init(number: Double) {
        if let whole = Int64(exactly: number.rounded()), abs(number - number.rounded()) < 1e-9 {
            self.init(.number(Array("\(whole)".utf8)))
        } else {
            self.init(.number(Array("\(number)".utf8)))
        }
    }

    /// What a word of the tables stands for: a truth value, a whole number or itself.
    fileprivate convenience init(word: String) {
        switch word {
        case "true", "false": self.init(.bool(word == "true"))
        case _ where Int64(word) != nil: self.init(.number(Array(word.utf8)))
        default: self.init(.string(word))
        }
    }
}

extension String {
    /// Whether a text fits a pattern with one `*`, or none.
    fileprivate func fits(_ pattern: String) -> Bool {
        let parts = pattern.split(separator: "*", maxSplits: 1, omittingEmptySubsequences: false)
        guard let start = parts.first, let end = parts.dropFirst().first else { return self == pattern }
        return utf8.count >= start.utf8.count + end.utf8.count && hasPrefix(start) && hasSuffix(end)
    }
}
