/// Gatekeeper's templates with CEL, and the constraints that use them.
enum GatekeeperPolicy {
    /// An AzurePolicy for each constraint of a template.
    static func output(
        _ template: CELPolicyImport.Input,
        constraints: [CELPolicyImport.Input]
    ) -> CELPolicyImport.Output {
        var output = CELPolicyImport.Output()
        let kind = template.spec["crd"]?["spec"]?["names"]?["kind"]?.text ?? ""
        let own = constraints.filter { $0.kind == kind }
        do throws(ImportReason) {
            let source = try source(template.spec)
            if own.isEmpty {
                output.reasons.append(
                    ImportReason(
                        .missingDefinition,
                        "no constraint of the kind \(kind) is among the files, which says what it is for"
                    )
                )
            }
            for constraint in own {
                do throws(ImportReason) {
                    output.documents.append(try policy(source, constraint))
                } catch {
                    output.reasons.append(ImportReason(error.code, "constraint \(constraint.name): \(error.message)"))
                }
            }
        } catch {
            output.reasons.append(error)
        }
        return output
    }

    private static func source(_ spec: TemplateLiteral) throws(ImportReason) -> TemplateLiteral {
        guard let targets = spec["targets"]?.elements, targets.count == 1, let target = targets.first else {
            throw ImportReason(.unsupported, "a template of no or several targets")
        }
        for code in target["code"]?.elements ?? [] where code["engine"]?.text == "K8sNativeValidation" {
            guard let source = code["source"] else { break }
            return source
        }
        throw ImportReason(.unsupported, "it is written in Rego: only the engine K8sNativeValidation is CEL")
    }

    private static func policy(
        _ source: TemplateLiteral,
        _ constraint: CELPolicyImport.Input
    ) throws(ImportReason) -> TemplateLiteral {
        for member in source.members ?? [] {
            let taken = ["variables", "validations", "failurePolicy", "matchConditions", "generateVAP"]
            guard taken.contains(member.key) else { throw ImportReason(.unsupported, "source.\(member.key)") }
        }
        var match = try matched(constraint.spec["match"] ?? .object([]))
        var members: [TemplateLiteral.Member] = []
        // Expressions read the constraint's parameters as params, and the object of a deletion as anyObject.
        let parameters = constraint.spec["parameters"] ?? .object([])
        let isUsed = source.json.contains("params")
        if isUsed { members.append(.init(key: "parameters", value: .at(["params"], parameters))) }
        if let conditions = source["matchConditions"], conditions.elements?.isEmpty == false {
            match.append(.init(key: "conditions", value: conditions.readingParameters(isIn: "parameters")))
        }
        members.append(.init(key: "match", value: .object(match)))
        let action: String
        switch constraint.spec["enforcementAction"]?.text ?? "deny" {
        case "deny": action = "Deny"
        case "warn": action = "Warn"
        case "dryrun": action = "Audit"
        case let other: throw ImportReason(.effect, "enforcementAction \(other.abridged)")
        }
        members.append(.init(key: "action", value: .string(action)))
        if let policy = source["failurePolicy"] { members.append(.init(key: "failurePolicy", value: policy)) }
        var variables: [TemplateLiteral] = []
        if source.json.contains("anyObject") {
            variables.append(.variable("anyObject", "object != null ? object : oldObject"))
        }
        if isUsed { variables.append(.variable("params", "parameters.params")) }
        variables += source["variables"]?.readingParameters(isIn: "variables").elements ?? []
        if !variables.isEmpty { members.append(.init(key: "variables", value: .array(variables))) }
        let validations = source["validations"]?.readingParameters(isIn: "variables")
        members.append(.init(key: "rules", value: try .celRules(validations, message: nil)))
        return .kubernetes("portcullis.dev/v1alpha1", "AzurePolicy", constraint.name, members)
    }

    private static func matched(_ match: TemplateLiteral) throws(ImportReason) -> [TemplateLiteral.Member] {
        var result: [TemplateLiteral.Member] = []
        for member in match.members ?? [] {
            switch member.key {
            case "kinds":
                var names: [TemplateLiteral] = []
                for kinds in member.value.elements ?? [] {
                    for group in kinds["apiGroups"]?.elements ?? [.string("*")] {
                        let group = group.text ?? ""
                        guard group == "*" || group.hasSuffix("azure.com") else {
                            throw ImportReason(.noKind, "the group \"\(group)\" is not of Azure Service Operator")
                        }
                        for kind in kinds["kinds"]?.elements ?? [.string("*")] {
                            names.append(.string("\(group == "*" ? "*.azure.com" : group)/\(kind.text ?? "")"))
                        }
                    }
                }
                result.append(.init(key: "resources", value: .array(names)))
            case "namespaces", "excludedNamespaces", "namespaceSelector": result.append(member)
            case "labelSelector": result.append(.init(key: "objectSelector", value: member.value))
            case "scope" where member.value.text == "*" || member.value.text == "Namespaced": break
            case "source": break
            default: throw ImportReason(.unsupported, "match.\(member.key)")
            }
        }
        return result
    }
}

extension TemplateLiteral {
    fileprivate static func variable(_ name: String, _ expression: String) -> TemplateLiteral {
        .object([Member(key: "name", value: .string(name)), Member(key: "expression", value: .string(expression))])
    }

    /// The expressions of a list with the name `params` in the place where policies have it.
    fileprivate func readingParameters(isIn holder: String) -> TemplateLiteral {
        guard let elements else { return self }
        return .array(
            elements.map { element in
                guard let members = element.members else { return element }
                return .object(
                    members.map { member in
                        guard ["expression", "messageExpression"].contains(member.key), let text = member.value.text
                        else {
                            return member
                        }
                        return Member(key: member.key, value: .string(text.qualifyingParams(with: holder)))
                    }
                )
            }
        )
    }
}

extension String {
    /// The expression with `params` read as a member, but not in texts and where it is a member already.
    func qualifyingParams(with holder: String) -> String {
        let bytes = Array(utf8)
        let word = Array("params".utf8)
        var result: [UInt8] = []
        var quote: UInt8?
        var place = 0
        func isName(_ byte: UInt8) -> Bool {
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                || (0x61...0x7a).contains(byte)
        }
        while place < bytes.count {
            let byte = bytes[place]
            if let end = quote {
                if byte == UInt8(ascii: "\\"), place + 1 < bytes.count {
                    result += [byte, bytes[place + 1]]
                    place += 2
                    continue
                }
                if byte == end { quote = nil }
            } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
                quote = byte
            } else if bytes[place...].starts(with: word),
                place + word.count == bytes.count || !isName(bytes[place + word.count]),
                result.last.map({ !isName($0) && $0 != UInt8(ascii: ".") && $0 != UInt8(ascii: "?") }) ?? true
            {
                result += "\(holder).params".utf8
                place += word.count
                continue
            }
            result.append(byte)
            place += 1
        }
        return String(decoding: result, as: UTF8.self)
    }
}
