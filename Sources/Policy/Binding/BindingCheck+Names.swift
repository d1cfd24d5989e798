internal import Azure
internal import JSON

/// Names in Azure that are places to write to.
extension BindingCheck {
    /// A ResourceGroup takes over the group of its name if there is one, so its name is a place to write to.
    func checkName(_ subject: borrowing Subject, _ report: inout Report) {
        guard
            case .binding(let binding) = governor, subject.kind.kind == "ResourceGroup",
            subject.kind.group == "resources.azure.com"
        else { return }
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
}
