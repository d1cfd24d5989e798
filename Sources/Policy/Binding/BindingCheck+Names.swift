internal import Azure
internal import JSON

/// Names in Azure, and which of them are places to write to.
extension BindingCheck {
    /// Azure Service Operator puts the name into the resource's URL as it is: with `/../` or `?` in it, it is the name of
    /// something else.
    ///
    /// A ResourceGroup takes over the group of its name if there is one, so its name is a place to write to.
    func checkName(_ subject: borrowing Subject, _ report: inout Report) {
        if let name = subject.document.member("spec", of: subject.object).flatMap({
            subject.document.member("azureName", of: $0)
        }), !name.isNull, !subject.document.equals(name, ""),
            !name.isString || !ResourceID.isSegment(subject.document.utf8(name))
        {
            report.add(
                origin(.azureName),
                .invalid,
                at: .path(FieldPath(["spec", "azureName"])),
                name,
                of: subject,
                .refused(
                    ", which is more than a name in the URL that Azure Service Operator makes of it",
                    mend: "choose a name without any of / \\ ? # %, which is not made of dots alone"
                )
            )
            return
        }
        guard subject.kind.kind == "ResourceGroup", subject.kind.group == "resources.azure.com" else { return }
        switch subject.azureName {
        case .none: return
        case .known(let value, let field): checkGroupName(value, at: .path(field.path), subject, &report)
        case .unknown(let field, let source):
            guard case .binding(let binding) = governor else { return }
            report.add(
                origin(.resourceGroups),
                .unknown,
                at: .path(field.path),
                nil,
                of: subject,
                allowed: binding.resourceGroups.map(\.description).joined(separator: ", "),
                .unknown("\(source)")
            )
        }
    }

    /// Judges the name of a resource group of the binding's subscription.
    ///
    /// Who has no binding takes over no group that somebody has; a `*` alone is everybody's and claims none.
    func checkGroupName(
        _ value: JSONValue,
        at place: Failure.Place,
        _ subject: borrowing Subject,
        _ report: inout Report
    ) {
        let name = subject.document.utf8(value)
        if case .binding(let binding) = governor {
            // A * of a pattern reaches over a slash.
            if ResourceID.isSegment(name), binding.resourceGroups.contains(where: { $0.matches(name) }) { return }
            report.add(
                origin(.resourceGroups),
                .notSupported,
                at: place,
                value,
                of: subject,
                allowed: binding.resourceGroups.map(\.description).joined(separator: ", "),
                .notAllowed
            )
            return
        }
        guard
            case .none(let namespace) = governor,
            bindings.contains(where: { binding in
                binding.resourceGroups.contains { $0.description != "*" && $0.matches(subject.document.utf8(value)) }
            })
        else { return }
        report.add(
            origin(.resourceGroups),
            .forbidden,
            at: place,
            value,
            of: subject,
            .refused(
                ", a resource group of those that have an AzureBinding, and none matches namespace \(namespace)",
                mend: "choose another name, or ask the platform team for an AzureBinding"
            )
        )
    }
}
