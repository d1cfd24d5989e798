internal import Admission
internal import ArgumentParser
internal import Authoring
internal import Azure
internal import EventLoop
internal import JSON
internal import Policy

/// How manifests come to the webhook.
struct CircumstanceOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Namespace of objects that do not say theirs (default: default).", valueName: "name")
    )
    var namespace: String?
    @Option(
        help: ArgumentHelp(
            "Who applies them (default: kubernetes-user); a service account is system:serviceaccount:NAMESPACE:NAME.",
            valueName: "name"
        )
    )
    var user: String?
    @Option(
        name: .customLong("group"),
        parsing: .singleValue,
        help: ArgumentHelp(
            "A group of the user (default: those that everybody is in); several times.",
            valueName: "name"
        )
    )
    var groups: [String] = []
    @Option(
        help: ArgumentHelp(
            "apply: CREATE, or UPDATE of what --old holds; delete: DELETE.",
            valueName: "apply|delete"
        )
    )
    var operation = OperationOption.apply
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("File or folder of the objects as they were before; several times.", valueName: "path")
    )
    var old: [String] = []
    @Option(help: ArgumentHelp("Resource group that ARM templates are deployed to.", valueName: "name"))
    var resourceGroup: String?
    @Option(help: ArgumentHelp("Subscription that ARM templates are deployed to.", valueName: "guid"))
    var subscription: String?
    @Option(help: ArgumentHelp("Location of that resource group: resourceGroup().location.", valueName: "region"))
    var location: String?
    @OptionGroup var inventory: InventoryOptions

    /// Where ARM templates are deployed to.
    var deployment: TemplateDeployment {
        TemplateDeployment(location: location, resourceGroup: resourceGroup, subscription: subscription)
    }

    mutating func validate() throws {
        if let subscription, !ResourceID.isGUID(subscription) {
            throw ValidationError("--subscription '\(subscription)' is no GUID; 'az account show' tells it as id")
        }
        let names = [("--namespace", namespace), ("--user", user)] + groups.map { ("--group", $0) }
        for (option, value) in names where value?.isEmpty ?? false {
            throw ValidationError("\(option) '' is no name; write one, or leave it out")
        }
        for (option, value) in [("--resource-group", resourceGroup), ("--location", location)] {
            guard let value, value.isEmpty || value.contains("/") else { continue }
            throw ValidationError("\(option) '\(value)' is no name; write the name alone, without '/'")
        }
    }

    /// What is done with the manifests.
    enum OperationOption: String, CaseIterable, ExpressibleByArgument {
        case apply
        case delete
    }

    /// Reads what the options name.
    ///
    /// - Throws: What of it cannot be read, after all has been written to standard error.
    func load(_ policies: LoadedPolicies) throws(UsageError) -> CheckRun.Circumstances {
        var circumstances = CheckRun.Circumstances(
            namespace: namespace,
            isDeletion: operation == .delete,
            now: .now()
        )
        if let user {
            circumstances.user = ManifestRequest.User(name: user, groups: groups.isEmpty ? nil : groups)
        } else if !groups.isEmpty {
            circumstances.user.groups = groups
        }
        var issues: [PolicyIssue] = []
        let oldFiles = InputFiles(old)
        issues += oldFiles.issues
        for file in oldFiles.files {
            do throws(PolicyIssue) {
                let bytes = try InputFiles.read(file)
                issues += circumstances.old.add(
                    ManifestFile(bytes, file: InputFiles.name(of: file)),
                    namespace: namespace
                )
            } catch {
                issues.append(error)
            }
        }
        Terminal.complain(of: issues)
        guard !issues.contains(where: { $0.severity == .error }) else {
            throw UsageError("what --old names cannot be read")
        }
        circumstances.inventory = try inventory.load(policies)
        return circumstances
    }
}
