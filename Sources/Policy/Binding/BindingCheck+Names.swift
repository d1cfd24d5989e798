internal import Azure
internal import JSON

/// Names in Azure that are places to write to.
extension BindingCheck {
    /// A ResourceGroup takes over the group of its name if there is one, so its name is a place to write to.
    func checkName(_ subject: borrowing Subject, _ report: inout Report) {
        guard subject.kind.kind == "ResourceGroup", subject.kind.group == "resources.azure.com" else { return }
        guard case .binding(let binding) = governor else { return checkClaims(subject, &report) }
        var allowed: String { binding.resourceGroups.map(\.description).joined(separator: ", ") }
        switch subject.azureName {
        case .none: return
        case .known(let value, let field):
            if binding.resourceGroups.contains(where: { $0.matches(subject.document.utf8(value)) }) { return }
            report.add(
                origin("resourceGroups"),
                .notSupported,
                at: .path(field.path),
                value,
                of: subject,
                allowed: allowed,
                .notAllowed
            )
        case .unknown(let field, let source):
            report.add(
                origin("resourceGroups"),
                .unknown,
                at: .path(field.path),
                nil,
                of: subject,
                allowed: allowed,
                .unknown("\(source)")
            )
        }
    }
    /// Who has no binding takes over no group that somebody has; a `*` alone is everybody's and claims none.
    private func checkClaims(_ subject: borrowing Subject, _ report: inout Report) {
        guard
            case .none(let namespace) = governor, case .known(let value, let field) = subject.azureName,
            bindings.contains(where: { binding in
                binding.resourceGroups.contains { $0.description != "*" && $0.matches(subject.document.utf8(value)) }
            })
        else { return }
        report.add(
            origin("resourceGroups"),
            .forbidden,
            at: .path(field.path),
            value,
            of: subject,
            .refused(
                ", a resource group of those that have an AzureBinding, and none matches namespace \(namespace)",
                mend: "choose another name, or ask the platform team for an AzureBinding"
            )
        )
    }
}
