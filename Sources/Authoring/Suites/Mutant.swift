internal import JSON
internal import Policy

/// A small change of a policy that some test of it should notice.
struct Mutant {
    let file: String
    /// Which document of the file.
    let document: Int
    /// What to do to the document; nothing if it is dropped as a whole.
    let operations: [JSONPatchOperation]
    /// Where what is changed stands.
    let position: JSONPosition
    /// The policy, as `kind name`.
    let policy: String
    /// The rule or mutation; empty if it is about all of the policy.
    let rule: String
    /// The field that is changed.
    let field: String
    /// What is changed, in words.
    let change: String

    /// The file's documents with the change.
    ///
    /// - Returns: Nothing if it cannot be made.
    func documents(of originals: [JSONDocument]) -> [JSONDocument]? {
        var result = originals
        if operations.isEmpty {
            result.remove(at: document)
            return result
        }
        guard let changed = try? JSONPatch(operations).apply(to: originals[document]) else { return nil }
        result[document] = changed
        return result
    }
}

/// What changes of a policy are tried.
///
/// One at a time: rules and mutations dropped, actions turned round, elements of lists and fields taken away, refused values
/// allowed, limits moved by a step, verdicts turned round, expressions negated.
struct MutantFinder {
    private let document: JSONDocument
    private let number: Int
    private let file: String
    /// Values that some test sees refused, by policy and rule: what an allow-list may be widened by.
    private let refused: [String: Set<String>]
    private(set) var mutants: [Mutant] = []
    private var policy = ""
    private var rule = ""
    /// Where the object begins in the document; several stand in a list.
    private var start: [String] = []
    /// Parameters that a rule names, each walked through once.
    private var seen: Set<String> = []
    private var spec: JSONValue?

    /// The name that refused values are kept under.
    static func key(_ policy: String, _ rule: String) -> String { "\(policy)/\(rule)" }

    /// Looks through a document of a file.
    init(_ document: JSONDocument, number: Int, of file: String, refused: [String: Set<String>]) {
        self.document = document
        self.number = number
        self.file = file
        self.refused = refused
        for (place, object) in document.objects {
            guard let kind = text(object, "kind"), let version = text(object, "apiVersion"),
                let spec = document.member("spec", of: object)
            else { continue }
            let name = document.member("metadata", of: object).flatMap { text($0, "name") } ?? ""
            (start, policy, rule, seen, self.spec) = (place, name, "", [], spec)
            let isKubernetes = version.hasPrefix("admissionregistration.k8s.io/")
            switch kind {
            case "AzurePolicy" where version == PolicyFile.apiVersion,
                "NamespaceAzurePolicy" where version == PolicyFile.apiVersion:
                addPolicy(spec)
            case "AzureBinding" where version == PolicyFile.apiVersion: addBinding(spec)
            case "ValidatingAdmissionPolicy" where isKubernetes:
                addExpressions(spec, "validations")
                addExpressions(spec, "matchConditions")
            case "ValidatingAdmissionPolicyBinding" where isKubernetes: addActions(spec)
            case "MutatingAdmissionPolicy" where isKubernetes:
                addExpressions(spec, "matchConditions")
                addDrops(spec, "mutations", canDropLast: false)
            default: break
            }
        }
    }

    // MARK: Policies

    private mutating func addPolicy(_ spec: JSONValue) {
        if let match = document.member("match", of: spec) { addMatch(match) }
        if let ratchet = document.member("ratchet", of: spec) { walk(ratchet, ["spec", "ratchet"], key: "ratchet") }
        let rules = elements(spec, "rules")
        let mutations = elements(spec, "mutations")
        for (list, items) in [("rules", rules), ("mutations", mutations)] {
            for (place, item) in items.enumerated() {
                let path = ["spec", list, String(place)]
                rule = text(item, "name") ?? ""
                seen = []
                if items.count > 1 {
                    add([.remove(pointer(path))], item, path, "is dropped")
                } else if rules.count + mutations.count > 1 {
                    add([.remove(pointer(["spec", list]))], item, path, "is dropped")
                } else if start.isEmpty {
                    // A policy that says nothing is a fault: it goes as a whole.
                    add([], item, path, "is dropped")
                } else {
                    add([.remove(pointer([]))], item, path, "is dropped")
                }
                if list == "rules" { addAction(item, spec, path) }
                for (key, value) in members(item) where !Self.words.contains(key) && key != "action" {
                    walk(value, path + [key], key: key)
                }
            }
        }
    }

    /// Fields that only say something to people.
    private static let words: Set<String> = [
        "name", "message", "messageExpression", "reason", "fieldPath", "severity", "link",
    ]

    private mutating func addAction(_ item: JSONValue, _ spec: JSONValue, _ path: [String]) {
        let own = document.member("action", of: item)
        let action = (own ?? document.member("action", of: spec)).flatMap { resolved($0).value }
        let word = action.flatMap { document.string($0) } ?? "Deny"
        let other = word.lowercased() == "deny" ? "Audit" : "Deny"
        let place = path + ["action"]
        add([.add(pointer(place), JSONFragment(string: other))], own ?? item, place, "is \(other) instead of \(word)")
    }

    private mutating func addMatch(_ match: JSONValue) {
        let path = ["spec", "match"]
        for (key, value) in members(match) {
            switch key {
            case "conditions": addExpressions(match, "conditions", at: path)
            case "namespaceSelector", "objectSelector":
                add([.remove(pointer(path + [key]))], value, path + [key], "is dropped")
            default:
                let list = resolved(value, path + [key])
                let count = document.count(of: list.value)
                guard list.value.isArray, count > 1 || key.hasPrefix("excluded") else { continue }
                for (place, element) in elements(list.value).enumerated() {
                    // What excludes nothing any more goes.
                    let taken = count > 1 ? list.path + [String(place)] : path + [key]
                    add([.remove(pointer(taken))], element, list.path, "without \(words(of: element))")
                }
            }
        }
    }

    private mutating func addBinding(_ spec: JSONValue) {
        for (key, value) in members(spec) where !["namespaces", "namespaceSelector"].contains(key) {
            add([.remove(pointer(["spec", key]))], value, ["spec", key], "is dropped")
            walk(value, ["spec", key], key: key)
        }
    }

    // MARK: Kubernetes' own policies, and expressions

    private mutating func addExpressions(_ owner: JSONValue, _ list: String, at path: [String] = ["spec"]) {
        for (place, item) in elements(owner, list).enumerated() {
            guard let expression = document.member("expression", of: item) else { continue }
            if list == "validations" { rule = "validations[\(place)]" }
            let path = path + [list, String(place), "expression"]
            negate(expression, path)
            add([.replace(pointer(path), JSONFragment(string: "true"))], expression, path, "is true, always")
        }
    }

    private mutating func negate(_ expression: JSONValue, _ path: [String]) {
        guard let text = document.string(expression) else { return }
        // A comment at the end must not swallow the parenthesis.
        add([.replace(pointer(path), JSONFragment(string: "!(\(text)\n)"))], expression, path, "is negated")
    }

    private mutating func addActions(_ spec: JSONValue) {
        guard let actions = document.member("validationActions", of: spec) else { return }
        let denies = elements(actions).contains { document.equals($0, "Deny") }
        let other = denies ? "Audit" : "Deny"
        let list = JSONFragment { writer in
            writer.beginArray()
            writer.string(other)
            writer.endArray()
        }
        let path = ["spec", "validationActions"]
        add([.replace(pointer(path), list)], actions, path, "is \(other)")
    }

    private mutating func addDrops(_ owner: JSONValue, _ list: String, canDropLast: Bool) {
        let items = elements(owner, list)
        guard items.count > 1 || canDropLast else { return }
        for (place, item) in items.enumerated() {
            let path = ["spec", list, String(place)]
            add([.remove(pointer(path))], item, path, "is dropped")
        }
    }

    // MARK: What a rule says

    /// Lists that a value is looked for in, so that one more lets more pass.
    private static let allowLists: Set<String> = ["allow", "values", "issuers", "subjects", "audiences"]
    private static let sizes: Set<String> = ["vCores", "memoryGB", "storageGB"]
    /// How many values a list is widened by.
    private static let maximumAdded = 16
    private static let versions = ["1.0", "1.1", "1.2", "1.3"]

    private mutating func walk(_ given: JSONValue, _ place: [String], key: String) {
        let (value, path) = resolved(given, place)
        // A parameter that is named twice is walked through once.
        if path != place, !seen.insert(path.joined(separator: "/")).inserted { return }
        switch value.kind {
        case .array: walkList(value, path, key)
        case .object:
            let members = members(value)
            for (name, member) in members where !Self.words.contains(name) {
                let inner = path + [name]
                // A verdict or a flag is turned round, which says more than to leave it out.
                let isTurned =
                    member.kind == .bool || document.equals(member, "Allow") || document.equals(member, "Deny")
                if members.count > 1, name != "expression", !isTurned {
                    add([.remove(pointer(inner))], member, inner, "is dropped")
                }
                walk(member, inner, key: name)
            }
        case .int:
            guard let number = document.int(value) else { return }
            // Sizes come in powers of two: nothing has nine cores that is refused where eight are allowed.
            let (above, isTooLarge) =
                Self.sizes.contains(key)
                ? number.multipliedReportingOverflow(by: 2) : number.addingReportingOverflow(1)
            let (below, isTooSmall) = number.subtractingReportingOverflow(1)
            for (moved, isTooFar) in [(above, isTooLarge), (below, isTooSmall || number == 0)] where !isTooFar {
                replace(value, path, "is \(moved) instead of \(number)") { $0.int(moved) }
            }
        case .double:
            guard let number = document.double(value), number.isFinite else { return }
            for moved in [number + 1, number - 1] where moved >= 0 {
                replace(value, path, "is \(moved) instead of \(number)") { $0.double(moved) }
            }
        case .bool:
            guard let flag = document.bool(value) else { return }
            replace(value, path, "is \(!flag)") { $0.bool(!flag) }
        case .string: walkText(value, path, key)
        case .null: break
        }
    }

    private mutating func walkList(_ list: JSONValue, _ path: [String], _ key: String) {
        let items = elements(list)
        for (place, item) in items.enumerated() {
            let inner = path + [String(place)]
            if items.count > 1 { add([.remove(pointer(inner))], item, path, "without \(words(of: item))") }
            if item.isObject { walk(item, inner, key: "") }
        }
        guard Self.allowLists.contains(key), items.allSatisfy({ $0.isString }) else { return }
        let known = Set(items.compactMap { document.string($0) })
        // All at once: a value that something else refuses changes nothing here.
        let values = refused[Self.key(policy, rule)]?.subtracting(known).sorted().prefix(Self.maximumAdded) ?? []
        if values.isEmpty { return }
        let end = pointer(path + ["-"])
        add(
            values.map { .add(end, JSONFragment(string: $0)) },
            list,
            path,
            "with \(values.joined(separator: ", ")) too"
        )
    }

    private mutating func walkText(_ value: JSONValue, _ path: [String], _ key: String) {
        guard let text = document.string(value) else { return }
        switch key {
        case "expression": negate(value, path)
        case "pattern" where text != ".*": replace(value, path, "is .*") { $0.string(".*") }
        case "minimumTLSVersion":
            guard let place = Self.versions.firstIndex(of: text) else { return }
            for near in [place - 1, place + 1] where Self.versions.indices.contains(near) {
                replace(value, path, "is \(Self.versions[near]) instead of \(text)") { $0.string(Self.versions[near]) }
            }
        default:
            let other: StaticString = text == "Allow" ? "Deny" : "Allow"
            guard text == "Allow" || text == "Deny" else { return }
            replace(value, path, "is \(other) instead of \(text)") { $0.string(other) }
        }
    }

    // MARK: Adding

    private mutating func replace(
        _ value: JSONValue,
        _ path: [String],
        _ change: String,
        _ write: (inout JSONWriter) -> Void
    ) {
        add([.replace(pointer(path), JSONFragment(write))], value, path, change)
    }

    private mutating func add(
        _ operations: [JSONPatchOperation],
        _ value: JSONValue,
        _ path: [String],
        _ change: String
    ) {
        mutants.append(
            Mutant(
                file: file,
                document: number,
                operations: operations,
                position: document.position(of: value),
                policy: policy,
                rule: rule,
                field: Self.shown(path),
                change: change.singleLine
            )
        )
    }

    private func pointer(_ path: [String]) -> JSONPointer { JSONPointer(tokens: start + path) }

    /// `spec.rules[0].skus.allow`.
    private static func shown(_ path: [String]) -> String {
        path.reduce(into: "") { text, token in
            if token.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
                text += "[\(token)]"
            } else {
                text += text.isEmpty ? token : ".\(token)"
            }
        }
    }

    // MARK: Reading

    /// What a value stands for, and where that is: a parameter, if it is nothing but the name of one.
    private func resolved(_ value: JSONValue, _ path: [String] = []) -> (value: JSONValue, path: [String]) {
        guard let text = document.string(value), text.hasPrefix("${parameters."), text.hasSuffix("}"), let spec,
            let parameters = document.member("parameters", of: spec)
        else { return (value, path) }
        let name = String(text.dropFirst("${parameters.".count).dropLast())
        guard let parameter = document.member(name, of: parameters) else { return (value, path) }
        return (parameter, ["spec", "parameters", name])
    }

    private func text(_ object: JSONValue, _ name: StaticString) -> String? {
        document.member(name, of: object).flatMap { document.string($0) }
    }

    private func elements(_ list: JSONValue) -> [JSONValue] { document.elements(of: list).map { $0 } }

    private func elements(_ object: JSONValue, _ name: String) -> [JSONValue] {
        document.member(name, of: object).map { elements($0) } ?? []
    }

    private func members(_ object: JSONValue) -> [(key: String, value: JSONValue)] {
        document.members(of: object).map { (document.string($0.key) ?? "", $0.value) }
    }

    /// A value as a list's element is told.
    private func words(of value: JSONValue) -> String {
        let text = document.string(value) ?? String(decoding: document.bytes(of: value), as: UTF8.self)
        return text.count > 80 ? "\(text.prefix(79))…" : text
    }
}
