internal import Azure
internal import CEL
internal import JSON
internal import Kubernetes

/// Secrets and ConfigMaps that Azure Service Operator writes for a resource: `spec.operatorSpec`.
extension BindingCheck {
    /// What a resource writes.
    private enum Output {
        case secret
        case configMap

        var kind: String { self == .secret ? "Secret" : "ConfigMap" }
        var part: BindingPart { self == .secret ? .secretDestinations : .configMapDestinations }
    }

    /// The fields of `operatorSpec` that name destinations.
    private static let destinations: [(field: StaticString, output: Output)] = [
        ("secrets", .secret), ("secretExpressions", .secret),
        ("configMaps", .configMap), ("configMapExpressions", .configMap),
    ]

    /// The most text of expressions that is compiled for one object, in bytes: some fifty as people write them.
    ///
    /// The worst that fits takes some two milliseconds.
    private static let maximumExpressionBytes = 8192

    func checkDestinations(
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        guard let spec = document.member("spec", of: subject.object) else { return }
        if let bag = document.member("$propertyBag", of: spec), let hidden = document.member("OperatorSpec", of: bag) {
            refusePropertyBag(hidden, FieldPath(["spec", "$propertyBag", "OperatorSpec"]), subject, &report)
        }
        guard let operatorSpec = document.member("operatorSpec", of: spec), !operatorSpec.isNull else { return }
        try report.meter.spend(1)
        let path = FieldPath(["spec", "operatorSpec"])
        if let bag = document.member("$propertyBag", of: operatorSpec), document.count(of: bag) > 0 {
            refusePropertyBag(bag, path.appending("$propertyBag"), subject, &report)
        }
        for (field, output) in Self.destinations {
            guard let value = document.member(field, of: operatorSpec), !value.isNull else { continue }
            try check(value, output, path.appending(field.description), subject, circumstances, &report)
        }
        if case .binding(let binding) = governor,
            let list = document.member("configMapExpressions", of: operatorSpec)
        {
            try checkExpressions(list, path.appending("configMapExpressions"), binding, subject, &report)
        }
    }

    /// What a storage version keeps in a property bag is encoded, and under other names.
    private func refusePropertyBag(
        _ bag: JSONValue,
        _ path: FieldPath,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        guard case .binding = governor else { return }
        report.add(
            origin(Output.secret.part),
            .invalid,
            at: .path(path),
            bag,
            of: subject,
            shown: "(a property bag)",
            .text(
                message: "may hold destinations that cannot be judged",
                mend: "write the object in a version without \"storage\" in its name"
            )
        )
    }

    // MARK: Names

    /// Judges every destination in a value: an object with a `name`, or a list or an object of such.
    private func check(
        _ value: JSONValue,
        _ output: Output,
        _ path: FieldPath,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        guard value.isObject || value.isArray else { return }
        try report.meter.spend(1)
        if value.isArray {
            for (index, element) in document.elements(of: value).enumerated() {
                let path = FieldPath(path.steps + [.element(index)])
                try check(element, output, path, subject, circumstances, &report)
            }
            return
        }
        if let name = document.member("name", of: value), !name.isObject, !name.isNull {
            checkNamespace(of: value, output, path, subject, circumstances, &report)
            return judge(name, output, path.appending("name"), subject, circumstances, &report)
        }
        for (key, member) in document.members(of: value) where member.isObject || member.isArray {
            let path = path.appending(document.string(key) ?? "")
            if document.equals(key, "$propertyBag"), document.count(of: member) > 0 {
                refusePropertyBag(member, path, subject, &report)
            }
            try check(member, output, path, subject, circumstances, &report)
        }
    }

    /// A destination of another tool may say a namespace; nobody writes to another than their own.
    private func checkNamespace(
        of destination: JSONValue,
        _ output: Output,
        _ path: FieldPath,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        let document = subject.document
        guard let namespace = document.member("namespace", of: destination), !namespace.isNull,
            document.string(namespace) != circumstances.namespace
        else { return }
        report.add(
            origin(output.part),
            .forbidden,
            at: .path(path.appending("namespace")),
            namespace,
            of: subject,
            .refused(
                ", and a resource of namespace \(circumstances.namespace) writes there alone",
                mend: "write \(circumstances.namespace)"
            )
        )
    }

    private func judge(
        _ name: JSONValue,
        _ output: Output,
        _ path: FieldPath,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        let document = subject.document
        if output == .secret, isCredential(name, in: document) {
            report.add(
                origin(output.part),
                .forbidden,
                at: .path(path),
                name,
                of: subject,
                .unwanted("Azure Service Operator takes the Secret of this name for a credential")
            )
            return
        }
        guard case .binding(let binding) = governor else { return }
        let globs = output == .secret ? binding.secretDestinations : binding.configMapDestinations
        guard name.isString, globs.contains(where: { $0.matches(document.utf8(name)) }) else {
            report.add(
                origin(output.part),
                .notSupported,
                at: .path(path),
                name,
                of: subject,
                allowed: globs.map(\.description).joined(separator: ", "),
                .refused(
                    globs.isEmpty ? ", and AzureBinding \(binding.name) has no \(output.part.rawValue)" : "",
                    mend:
                        "choose another name, or ask the platform team to add it to \(output.part.rawValue) of AzureBinding "
                        + binding.name
                )
            )
            return
        }
        checkOwner(of: name, output, path, subject, circumstances, &report)
    }

    private func isCredential(_ name: JSONValue, in document: JSONDocument) -> Bool {
        if document.equals(name, CredentialSecret.namespaceWide) { return true }
        guard case .binding(let binding) = governor, name.isString else { return false }
        // Where any Secret may be a credential, none is one by its name.
        return binding.credentials.contains { $0.description != "*" && $0.matches(document.utf8(name)) }
    }

    /// What exists already and belongs to something else stays as it is.
    private func checkOwner(
        of name: JSONValue,
        _ output: Output,
        _ path: FieldPath,
        _ subject: borrowing Subject,
        _ circumstances: borrowing Circumstances,
        _ report: inout Report
    ) {
        guard let inventory = circumstances.inventory else { return }
        let (document, request) = (subject.document, circumstances.request)
        let key = Inventory.Key(
            group: "",
            kind: output.kind,
            namespace: request.namespace.flatMap { request.document.string($0) } ?? "",
            name: document.string(name) ?? ""
        )
        guard let existing = inventory[key] else { return }
        let own = ObjectMeta(of: subject.object, in: document).name.flatMap { document.string($0) } ?? ""
        let kind = request.document.string(request.kind.name) ?? ""
        if existing.controller == "\(kind)/\(own)" { return }
        report.add(
            origin(output.part),
            .forbidden,
            at: .path(path),
            name,
            of: subject,
            .refused(
                ", a \(output.kind) that belongs to \(existing.controller ?? "nobody") already",
                mend: "choose a name that is not taken"
            )
        )
    }

    // MARK: Expressions

    /// The names that expressions of Azure Service Operator know.
    private static let environment = CELEnvironment(
        .standard,
        variables: [
            CELEnvironment.Variable("self", .dyn), CELEnvironment.Variable("secret", .map(.string, .string)),
        ],
        functions: [
            // Only its name matters: nothing is evaluated here.
            CELEnvironment.Function("aso.parseResourceId", [.string], .dyn) { (arguments, _) in arguments[0] }
        ]
    )
    /// The place of `secret` among them: the keys that Azure gives out.
    private static let secretVariable = 1

    /// Everybody who reads ConfigMaps would read the keys; and what guarded fields are taken from must not be of anybody's
    /// making.
    private func checkExpressions(
        _ list: JSONValue,
        _ path: FieldPath,
        _ binding: Binding,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) throws(EvaluationError) {
        let document = subject.document
        var byteCount = 0
        for (index, element) in document.elements(of: list).enumerated() {
            if let name = document.member("name", of: element), name.isString,
                binding.fromConfig.trusts(document.utf8(name))
            {
                report.add(
                    origin(Output.configMap.part),
                    .forbidden,
                    at: .path(FieldPath(path.steps + [.element(index), .member("name")])),
                    name,
                    of: subject,
                    .refused(
                        ", a ConfigMap from which AzureBinding \(binding.name) lets guarded fields be taken",
                        mend: "choose another name: an expression could say anything there"
                    )
                )
            }
            guard let value = document.member("value", of: element), !value.isNull else { continue }
            let path = FieldPath(path.steps + [.element(index), .member("value")])
            guard value.isString else {
                add("is no expression", path, value, subject, &report)
                continue
            }
            byteCount += document.utf8(value).count
            guard byteCount <= Self.maximumExpressionBytes else {
                let limit = Self.maximumExpressionBytes
                return add("makes the expressions longer than \(limit) bytes", path, value, subject, &report)
            }
            try report.meter.spend(document.utf8(value).count)
            do throws(CELCompileError) {
                let program = try Self.environment.compile(document.string(value) ?? "")
                guard program.reads(Self.secretVariable) else { continue }
                add("reads secret, which does not belong into a ConfigMap", path, value, subject, &report)
            } catch {
                let reason = error.issues.first?.message ?? ""
                add("does not compile: \(reason)".singleLine, path, value, subject, &report)
            }
        }
    }

    private func add(
        _ message: String,
        _ path: FieldPath,
        _ value: JSONValue,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        report.add(
            origin(Output.configMap.part),
            .invalid,
            at: .path(path),
            value,
            of: subject,
            .text(message: message, mend: "take the value from self, or write it by secretExpressions")
        )
    }
}
