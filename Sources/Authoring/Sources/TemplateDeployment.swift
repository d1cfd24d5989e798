internal import Azure
public import JSON

/// Where a template is deployed, and with which parameters, as far as that is known.
public struct TemplateDeployment: Sendable {
    /// A file of parameters, or its `parameters`.
    public var parameters: JSONFragment?
    /// The location of the resource group.
    public var location: String?
    /// The name of the resource group.
    public var resourceGroup: String?
    /// The GUID of the subscription.
    public var subscription: String?

    /// A deployment of which nothing is known that is not named.
    public init(
        parameters: JSONFragment? = nil,
        location: String? = nil,
        resourceGroup: String? = nil,
        subscription: String? = nil
    ) {
        self.parameters = parameters
        self.location = location
        self.resourceGroup = resourceGroup
        self.subscription = subscription
    }
}

/// What a template, or one in it, is deployed to.
struct DeploymentTarget {
    enum Level {
        case resourceGroup
        case subscription
        /// A management group, or the tenant.
        case above
    }

    /// One fact.
    enum Fact {
        case known(String)
        /// The caller could tell it by this option, or not at all.
        case untold(option: String?)
        /// An expression makes it that nobody can evaluate.
        case unknown(because: String)

        var text: String? {
            if case .known(let text) = self { text } else { nil }
        }

        /// As what an expression gives.
        fileprivate func draft(_ name: String) -> Draft {
            switch self {
            case .known(let text): Draft(.string(text))
            case .untold(let option):
                Draft(.unknown(because: "it depends on \(name)" + (option.map { ", which \($0) tells" } ?? "")))
            case .unknown(let reason): Draft(.unknown(because: reason))
            }
        }
    }

    /// What a member of a template says, and where that stands.
    typealias Told = (value: Draft, place: JSONValue)

    private(set) var level: Level
    private(set) var subscription: Fact
    private(set) var group: Fact
    private var location: Fact
    /// What says where it is deployed to in the template around it; nil if nothing does.
    private(set) var source: (name: String, value: JSONValue)?

    /// The target that the caller tells.
    ///
    /// - Parameters:
    ///   - deployment: What is told.
    ///   - schema: The template's `$schema`, which tells the level.
    init(_ deployment: TemplateDeployment, schema: String) {
        func fact(_ text: String?, _ option: String) -> Fact { text.map { .known($0) } ?? .untold(option: option) }
        let schema = schema.lowercased()
        level =
            if schema.contains("subscriptiondeploymenttemplate") {
                .subscription
            } else if schema.contains("managementgroupdeployment") || schema.contains("tenantdeployment") {
                .above
            } else {
                .resourceGroup
            }
        subscription = fact(deployment.subscription, "--subscription")
        group = fact(deployment.resourceGroup, "--resource-group")
        location = fact(deployment.location, "--location")
    }

    /// The target of a template in another, or of a resource that says so itself.
    ///
    /// - Parameters:
    ///   - scope: Its `scope`; nil if it has none.
    ///   - newSubscription: The same of its `subscriptionId`.
    ///   - newGroup: The same of its `resourceGroup`.
    /// - Returns: Where it goes; what it does not say is as here.
    func nested(
        scope: Told?,
        subscription newSubscription: Told?,
        group newGroup: Told?
    ) -> DeploymentTarget {
        var target = self
        if let (scope, value) = scope {
            target.source = ("scope", value)
            target.location = .untold(option: nil)
            target.level = .above
            if let reason = scope.reason {
                // It may be anything.
                target.level = .resourceGroup
                target.subscription = .unknown(because: reason)
                target.group = .unknown(because: reason)
            } else if let id = scope.text.flatMap({ try? ResourceID(parsing: $0) }), let subscription = id.subscription
            {
                target.subscription = .known(subscription)
                target.level = id.resourceGroup == nil ? .subscription : .resourceGroup
                target.group = id.resourceGroup.map { .known($0) } ?? target.group
            }
        }
        if let (subscription, value) = newSubscription {
            target.source = ("subscriptionId", value)
            target.subscription = Self.fact(subscription, "subscriptionId")
            target.level = .subscription
            target.location = .untold(option: nil)
        }
        if let (group, value) = newGroup {
            target.source = ("resourceGroup", value)
            target.group = Self.fact(group, "resourceGroup")
            target.level = .resourceGroup
            let isSame =
                newSubscription == nil && scope == nil && level == .resourceGroup
                && self.group.text?.lowercased() == target.group.text?.lowercased() && target.group.text != nil
            if !isSame { target.location = .untold(option: nil) }
        }
        return target
    }

    private static func fact(_ value: Draft, _ name: String) -> Fact {
        if let reason = value.reason { return .unknown(because: reason) }
        return value.text.map { .known($0) } ?? .unknown(because: "its \(name) is no text")
    }

    // MARK: Resources

    /// The ID of what it is deployed to.
    private var id: Draft {
        switch level {
        case .above: return Draft(.unknown(because: "it is deployed to a management group or the tenant"))
        case .subscription: return subscriptionID
        case .resourceGroup: return groupID
        }
    }

    private var subscriptionID: Draft {
        subscription.text.map { Draft(.string("/subscriptions/\($0)")) }
            ?? subscription.draft("subscription().subscriptionId")
    }

    private var groupID: Draft {
        guard let prefix = subscriptionID.text else { return subscriptionID }
        return group.text.map { Draft(.string("\(prefix)/resourceGroups/\($0)")) }
            ?? group.draft("resourceGroup().name")
    }

    /// The owner of a resource that lies in a resource group.
    ///
    /// - Parameters:
    ///   - type: Its type, with all that it lies in.
    ///   - name: Its name, with the names of those.
    /// - Returns: What `spec.owner` is to say.
    func owner(ofType type: String, name: Draft) -> Draft {
        guard level == .resourceGroup else {
            return Draft(.unknown(because: "its deployment goes to no resource group"))
        }
        guard let group = group.text else {
            if case .unknown(let reason) = group { return Draft(.unknown(because: reason)) }
            return Draft(.unknown(because: "nobody tells the resource group"))
        }
        var members: [(name: String, value: Draft)] = []
        let types = type.split(separator: "/")
        let isChild = types.count > 2
        if case .known(let subscription) = subscription {
            let id = "/subscriptions/\(subscription)/resourceGroups/\(group)"
            if !isChild { return Draft(.object([("armId", Draft(.string(id)))])) }
            if let path = Self.path(types.dropLast(), name.text?.split(separator: "/").dropLast()) {
                return Draft(.object([("armId", Draft(.string(id + path)))]))
            }
            members.append(("subscriptionId", Draft(.string(subscription))))
        } else if case .unknown(let reason) = subscription {
            members.append(("subscriptionId", Draft(.unknown(because: reason))))
        }
        members.append((isChild ? "resourceGroupName" : "name", Draft(.string(group))))
        if isChild, let parent = name.text?.split(separator: "/").dropLast().last {
            members.append(("name", Draft(.string(String(parent)))))
        }
        return Draft(.object(members))
    }

    /// The owner of what lies in a subscription; nil if nobody tells which.
    var ownerInSubscription: Draft? {
        if level == .above { return Draft(.object([("subscriptionId", id)])) }
        if case .untold = subscription { return nil }
        return Draft(.object([("subscriptionId", subscription.draft("subscription().subscriptionId"))]))
    }

    /// The owner of what attaches to any resource.
    ///
    /// - Parameter scope: Its `scope`; nil if it has none.
    /// - Returns: What `spec.owner` is to say.
    func owner(ofExtension scope: Draft?) -> Draft {
        guard let scope else { return Draft(.object([("armId", id)])) }
        if scope.isUnknown { return Draft(.object([("armId", scope)])) }
        guard let text = scope.text, text.hasPrefix("/") || text.prefix(while: { $0 != "/" }).contains(".") else {
            return Draft(.object([("armId", Draft(.unknown(because: "its scope is no ID of a resource")))]))
        }
        if text.hasPrefix("/") { return Draft(.object([("armId", scope)])) }
        if text.lowercased().hasPrefix("microsoft.management/managementgroups/") {
            return Draft(.object([("armId", Draft(.string("/providers/" + text)))]))
        }
        let id = id
        return Draft(.object([("armId", id.text.map { Draft(.string("\($0)/providers/\(text)")) } ?? id)]))
    }

    private static func path(_ types: ArraySlice<Substring>, _ names: ArraySlice<Substring>?) -> String? {
        guard let provider = types.first, let names, types.count == names.count + 1 else { return nil }
        return "/providers/\(provider)" + zip(types.dropFirst(), names).map { "/\($0)/\($1)" }.joined()
    }

    /// What to do if the owner is not known.
    ///
    /// - Parameter word: What of it messages name, as a template's functions do.
    /// - Returns: The option that tells it, or where to deploy instead; nil if neither will help.
    func mendOfUnknown(_ word: String) -> String? {
        func option(_ fact: Fact) -> String? { if case .untold(let option) = fact { option } else { nil } }
        var options = [option(subscription)]
        if !word.hasPrefix("subscription") {
            guard level == .resourceGroup else { return "deploy it to a resource group" }
            options.insert(option(group), at: 0)
            if options[0] != nil, !word.hasSuffix(".id") { options.removeLast() }
        }
        let told = options.compactMap(\.self)
        return told.isEmpty ? nil : "tell it with " + told.joined(separator: " and ")
    }

    // MARK: Functions

    /// What the functions of scopes and IDs give.
    func call(_ name: String, _ arguments: [Draft]) -> Draft {
        func untold(_ name: String) -> Draft { Fact.untold(option: nil).draft(name) }
        switch name {
        case "resourcegroup":
            return Draft(
                .object([
                    ("id", groupID), ("name", group.draft("resourceGroup().name")),
                    ("location", location.draft("resourceGroup().location")),
                    ("tags", untold("resourceGroup().tags")),
                ])
            )
        case "subscription":
            return Draft(
                .object([
                    ("id", subscriptionID),
                    ("subscriptionId", subscription.draft("subscription().subscriptionId")),
                    ("tenantId", untold("subscription().tenantId")),
                    ("displayName", untold("subscription().displayName")),
                ])
            )
        default: return resourceID(name, arguments)
        }
    }

    private func resourceID(_ name: String, _ arguments: [Draft]) -> Draft {
        if let unknown = arguments.first(where: \.isUnknown) { return unknown }
        let parts = arguments.compactMap(\.text)
        guard let typePlace = parts.firstIndex(where: { $0.contains("/") && $0.contains(".") && !$0.hasPrefix("/") }),
            parts.count == arguments.count
        else { return Draft(.unknown(because: "\(name)() cannot take these arguments")) }
        var scope: Draft
        let before = parts[..<typePlace]
        switch name {
        case "tenantresourceid": scope = Draft(.string(""))
        case "extensionresourceid":
            // A scope is no type, though it may look like one.
            guard let first = before.first else {
                return Draft(.unknown(because: "\(name)() cannot take these arguments"))
            }
            scope = Draft(.string(first.hasSuffix("/") ? String(first.dropLast()) : first))
        case "subscriptionresourceid":
            scope = before.last.map { Draft(.string("/subscriptions/\($0)")) } ?? subscriptionID
        default:
            var target = self
            if let group = before.last { target.group = .known(group) }
            if before.count > 1, let subscription = before.first { target.subscription = .known(subscription) }
            scope = level != .resourceGroup && before.isEmpty ? target.subscriptionID : target.groupID
        }
        guard let prefix = scope.text else { return scope }
        guard
            let path = Self.path(
                parts[typePlace].split(separator: "/")[...],
                parts[(typePlace + 1)...].map { $0[...] }[...]
            )
        else {
            return Draft(.unknown(because: "\(name)() cannot take these arguments"))
        }
        return Draft(.string(prefix + path))
    }
}

extension Draft {
    /// Why it is not known; nil if it is.
    fileprivate var reason: String? {
        if case .unknown(let reason) = content { reason } else { nil }
    }
}
