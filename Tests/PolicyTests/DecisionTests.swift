import Foundation
import JSON
import Kubernetes
import Policy
import Testing

/// What kinds of writes are judged, and by whom they come.
@Suite struct DecisionTests {
    static let controller = "system:serviceaccount:azureserviceoperator-system:azureserviceoperator-default"
    static let onlyEurope: String = policy(rule: "locations: {allow: [westeurope]}")

    static func account(_ location: String, _ metadata: String = "", status: String = "") -> String {
        storageAccount("{location: \(location)}", metadata: metadata) + (status.isEmpty ? "" : "\nstatus: \(status)")
    }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let ask: Ask
        let allowed: Bool
        var notes: DecisionNotes = []
        var testDescription: String { name }
    }

    static let dying = "deletionTimestamp: '2026-11-23T00:00:00Z', finalizers: [a, b]"

    static let writes: [Case] = [
        Case(name: "a good CREATE", ask: .create(account("westeurope")), allowed: true),
        Case(name: "a bad CREATE", ask: .create(account("eastus")), allowed: false),
        Case(
            name: "a bad CREATE by a controller",
            ask: .create(account("eastus"), user: controller),
            allowed: false
        ),
        Case(
            name: "an UPDATE that goes bad",
            ask: .update(account("westeurope"), to: account("eastus")),
            allowed: false
        ),
        Case(
            name: "an UPDATE that goes from bad to worse",
            ask: .update(account("westus"), to: account("eastus")),
            allowed: false
        ),
        Case(
            name: "an UPDATE that leaves what was bad",
            ask: .update(account("eastus"), to: account("eastus", "labels: {a: b}")),
            allowed: true,
            notes: .ratcheted
        ),
        Case(
            name: "a bad UPDATE by a controller",
            ask: .update(account("westeurope"), to: account("eastus"), user: controller),
            allowed: false
        ),
        Case(
            name: "metadata by a controller",
            ask: .update(account("eastus"), to: account("eastus", "labels: {a: b}"), user: controller),
            allowed: true,
            notes: .controllerWrite
        ),
        Case(
            name: "status beside metadata by a controller",
            ask: .update(account("eastus"), to: account("eastus", status: "{x: 1}"), user: controller),
            allowed: true,
            notes: .controllerWrite
        ),
        Case(
            name: "an API version by a controller is no metadata",
            ask: .update(
                account("eastus").replacing("v1api20230101", with: "v1api20210401"),
                to: account("eastus", "labels: {a: b}"),
                user: controller
            ),
            allowed: true,
            notes: .ratcheted
        ),
        Case(
            name: "a write of the status",
            ask: {
                var ask = Ask.update(account("westeurope"), to: account("eastus"))
                ask.subResource = "status"
                return ask
            }(),
            allowed: true,
            notes: .statusWrite
        ),
        Case(
            name: "a write of another sub-resource",
            ask: {
                var ask = Ask.update(account("westeurope"), to: account("eastus"))
                ask.subResource = "scale"
                return ask
            }(),
            allowed: false
        ),
        Case(
            name: "finalizers of what is being deleted",
            ask: .update(account("eastus", dying), to: account("eastus", dying.replacing("[a, b]", with: "[b]"))),
            allowed: true,
            notes: [.finalizerRemoval, .beingDeleted]
        ),
        Case(
            name: "all finalizers of what is being deleted",
            ask: .update(
                account("eastus", dying),
                to: account("eastus", "deletionTimestamp: '2026-11-23T00:00:00Z', resourceVersion: '7'")
            ),
            allowed: true,
            notes: [.finalizerRemoval, .beingDeleted]
        ),
        Case(
            name: "a finalizer more is judged",
            ask: .update(account("eastus", dying), to: account("eastus", dying.replacing("[a, b]", with: "[a, b, c]"))),
            allowed: true,
            notes: .ratcheted
        ),
        Case(
            name: "the spec of what is being deleted",
            ask: .update(account("eastus", dying), to: account("westeurope", dying)),
            allowed: false,
            notes: .beingDeleted
        ),
        Case(
            name: "the spec of what is being deleted, by a controller",
            ask: .update(account("eastus", dying), to: account("westeurope", dying), user: controller),
            allowed: false,
            notes: .beingDeleted
        ),
        Case(
            name: "annotations of what is being deleted, by a controller",
            ask: .update(
                account("eastus", dying),
                to: account("eastus", dying + ", annotations: {a: b}"),
                user: controller
            ),
            allowed: true,
            notes: .controllerWrite
        ),
        Case(
            name: "a deletionTimestamp of the user's own",
            ask: .update(account("westeurope"), to: account("eastus", dying)),
            allowed: false
        ),
        Case(name: "a DELETE of what is bad", ask: .delete(account("eastus")), allowed: true),
        Case(
            name: "a dry run is no difference",
            ask: {
                var ask = Ask.create(account("eastus"))
                ask.dryRun = true
                return ask
            }(),
            allowed: false
        ),
    ]

    @Test(arguments: writes) func judges(_ example: Case) throws {
        let decision = try policies(Self.onlyEurope).decide(example.ask)
        #expect(decision.allowed == example.allowed)
        #expect(decision.notes.subtracting(.noBinding) == example.notes)
        #expect(decision.warnings.count == (example.notes.contains(.ratcheted) ? 1 : 0))
    }

    /// `generalKind` says that a kind's facets were read by general paths, and a binding reads none of a Secret or Namespace.
    @Test func aBindingReadsNoGeneralPaths() throws {
        let secret = BindingCredentialTests.secret(
            text: BindingCredentialTests.with("AZURE_CLIENT_ID", BindingCredentialTests.stranger),
            name: "aso-credential"
        )
        let namespace = """
            apiVersion: v1
            kind: Namespace
            metadata: {name: team-a, annotations: {serviceoperator.azure.com/reconcile-policy: detach-on-delete}}
            """
        let thing = resource("novel.azure.com/v1/Thing", spec: "{location: eastus}")
        let bound = try policies(BindingCredentialTests.binding)
        for ask in [Ask.create(secret), .create(namespace, namespace: nil)] {
            let decision = try bound.decide(ask)
            #expect(!decision.allowed)
            #expect(decision.notes.names == [])
        }
        #expect(try bound.decide(.create(thing)).notes.names == ["generalKind"])
        let everything = policy(match: "{resources: ['*/*']}", rule: "locations: {deny: [westus]}")
        let both = try policies(BindingCredentialTests.binding, everything)
        #expect(try both.decide(.create(secret)).notes.names == ["generalKind"])
        #expect(try policies(everything).decide(.create(thing)).notes.names == ["generalKind", "noBinding"])
    }

    @Test func aSetWithoutPoliciesAllowsEverything() throws {
        #expect(try PolicySet.empty.decide(.create(Self.account("eastus"))).allowed)
        let dying = Ask.update(Self.account("eastus", Self.dying), to: Self.account("x", Self.dying))
        #expect(try PolicySet.empty.decide(dying).allowed)
    }

    @Test func controllersAreTheOperatorsChoice() throws {
        let set = try policies(Self.onlyEurope, configuration: PolicyConfiguration(controllers: ["gitops"]))
        let change = Ask.update(
            Self.account("eastus"),
            to: Self.account("eastus", "labels: {a: b}"),
            user: Self.controller
        )
        #expect(try set.decide(change).notes.contains(.ratcheted))
        var ours = change
        ours.user = "gitops"
        #expect(try set.decide(ours).notes.contains(.controllerWrite))
    }

    @Test func judgesDeletionsWhereTheyAreNamed() throws {
        let set = try policies(
            policy(
                match: "{operations: [DELETE], objectSelector: {matchLabels: {keep: 'yes'}}}",
                rule: "kinds: {deny: ['*/*']}"
            )
        )
        #expect(try !set.decide(.delete(Self.account("x", "labels: {keep: 'yes'}"))).allowed)
        #expect(try set.decide(.delete(Self.account("x"))).allowed)
        #expect(try set.decide(.create(Self.account("x", "labels: {keep: 'yes'}"))).allowed)
    }

    /// A connection has no object; who names CONNECT can refuse the kind.
    @Test func judgesConnectionsWhereTheyAreNamed() throws {
        let review = String(decoding: try Ask.delete(Self.account("x")).body(), as: UTF8.self)
            .replacing("\"DELETE\"", with: "\"CONNECT\"")
        let start = try #require(review.range(of: "\"oldObject\":"))
        let end = try #require(review.range(of: ",\"dryRun\""))
        let body = review.replacingCharacters(in: start.upperBound..<end.lowerBound, with: "null")
        let request = try AdmissionReview.decode(JSONDocument(parsing: Array(body.utf8)))
        let refusing = policy("a", match: "{operations: [CONNECT]}", rule: "kinds: {deny: ['storage.azure.com/*']}")
        let other = policy("b", match: "{operations: [CONNECT]}", rule: "locations: {allow: [westeurope]}")
        #expect(try policies(refusing, other).decide(request, mode: .validate).failures.map(\.policy) == ["a"])
        #expect(try policies(other).decide(request, mode: .mutateAndValidate).allowed)
        #expect(try policies(Self.onlyEurope).decide(request, mode: .validate).matchedPolicyCount == 0)
    }

    @Test func judgesNamesThatAreNotYetMade() throws {
        let set = try policies(policy(rule: "naming: {pattern: '^team-'}"))
        let object = Self.account("x").replacing("name: thing", with: "generateName: team-")
        let decision = try set.decide(.create(object))
        #expect(decision.failures.map(\.reason) == [.unknown])
        #expect(
            try policies(policy(rule: "naming: {pattern: '^team-'}, ifUnknown: Allow")).decide(.create(object)).allowed
        )
    }

    // MARK: Ratcheting

    static let cosmos = "documentdb.azure.com/v1api20231115/DatabaseAccount"

    static func places(_ list: String) -> String {
        resource(cosmos, spec: "{location: westeurope, locations: [\(list)]}")
    }

    static let us = "{locationName: eastus}"
    static let europe = "{locationName: westeurope}"

    static let ratchets: [(name: String, rule: String, old: String, new: String, effects: [Failure.Effect])] = [
        (
            "an element that moved is the same", "locations: {allow: [westeurope]}", places("\(us), \(europe)"),
            places("\(europe), \(us)"), [.ratcheted]
        ),
        (
            "a second one is new", "locations: {allow: [westeurope]}", places(us),
            places("\(us), {locationName: westus}"), [.ratcheted, .deny]
        ),
        (
            "a second one with the key of the first is new", "locations: {allow: [westeurope]}", places(us),
            places("\(us), \(us)"), [.ratcheted, .deny]
        ),
        (
            "another value at the same place is new", "locations: {allow: [westeurope]}", places(us),
            places("{locationName: westus}"), [.deny]
        ),
        (
            "a tag that was missing may go on missing", "tags: {required: {team: {}}}", storageAccount("{}"),
            storageAccount("{location: x}"), [.ratcheted]
        ),
        (
            "a tag that was there may not go", "tags: {required: {team: {}}}", storageAccount("{tags: {team: a}}"),
            storageAccount("{tags: {}}"), [.deny]
        ),
        (
            "more above a maximum is new", "skus: {maximum: {storageGB: 100}}",
            resource("dbforpostgresql.azure.com/v1api20230601/FlexibleServer", spec: "{storage: {storageSizeGB: 200}}"),
            resource("dbforpostgresql.azure.com/v1api20230601/FlexibleServer", spec: "{storage: {storageSizeGB: 400}}"),
            [.deny]
        ),
        (
            "a pool is the same by its name", "skus: {allow: [good]}",
            resource(
                "containerservice.azure.com/v1api20240901/ManagedCluster",
                spec: "{sku: {name: good}, agentPoolProfiles: [{name: a, vmSize: bad}, {name: b, vmSize: good}]}"
            ),
            resource(
                "containerservice.azure.com/v1api20240901/ManagedCluster",
                spec: "{sku: {name: good}, agentPoolProfiles: [{name: b, vmSize: bad}, {name: a, vmSize: bad}]}"
            ),
            [.deny, .ratcheted]
        ),
        (
            "a warning stays a warning", "locations: {allow: [westeurope]}, action: Warn",
            storageAccount("{location: x}"),
            storageAccount("{location: x, a: b}"), [.warn]
        ),
        (
            "an unknown value may stay unknown", "locations: {allow: [westeurope]}",
            storageAccount("{locationFromConfig: {name: a, key: b}}"),
            storageAccount("{locationFromConfig: {name: a, key: b}, a: b}"), [.ratcheted]
        ),
        (
            "an unknown value that was a known one is new", "locations: {allow: [westeurope]}",
            storageAccount("{location: eastus}"),
            storageAccount("{locationFromConfig: {name: a, key: b}}"), [.deny]
        ),
    ]

    @Test(arguments: ratchets.indices) func comparesWithWhatWas(_ index: Int) throws {
        let (name, rule, old, new, effects) = Self.ratchets[index]
        let decision = try policies(policy(rule: rule)).decide(.update(old, to: new))
        #expect(decision.failures.map(\.effect) == effects, "\(name)")
        #expect(decision.allowed == !effects.contains(.deny), "\(name)")
    }

    /// A label that brings the object under a policy brings its failures too.
    @Test func aPolicyThatDidNotMatchBeforeDoesNotRatchet() throws {
        let set = try policies(
            policy(match: "{objectSelector: {matchLabels: {app: web}}}", rule: "locations: {allow: [westeurope]}")
        )
        #expect(
            try !set.decide(.update(Self.account("eastus"), to: Self.account("eastus", "labels: {app: web}"))).allowed
        )
    }

    // MARK: Storage versions

    /// What a property bag holds is what Azure Service Operator's conversion makes fields of.
    @Test(arguments: [
        "{$propertyBag: {Location: '\"eastus\"'}}", "{a: [{$propertyBag: {B: '1'}}], location: westeurope}",
    ])
    func aPropertyBagIsNotPassedBy(_ spec: String) throws {
        let set = try policies(policy(rule: "locations: {deny: [eastus]}"))
        let account = { (version: String) in
            resource("storage.azure.com/\(version)/StorageAccount", spec: spec)
        }
        let hidden = account("v1api20210401storage")
        for ask in [Ask.create(hidden), .update(hidden, to: hidden)] {
            let decision = try set.decide(ask)
            #expect(!decision.allowed && decision.failures.map(\.reason) == [.error])
        }
        // It was judged when it was written, and no other version has any.
        #expect(try set.decide(.delete(hidden)).allowed)
        #expect(try set.decide(.create(account("v1api20210401"))).allowed)
    }

    @Test func anEmptyPropertyBagHidesNothing() throws {
        let set = try policies(policy(rule: "locations: {deny: [eastus]}"))
        let kind = "storage.azure.com/v1api20210401storage/StorageAccount"
        #expect(try set.decide(.create(resource(kind, spec: "{$propertyBag: {}, location: westeurope}"))).allowed)
    }

    // MARK: Limits

    static func pools(_ count: Int) -> String {
        let pools = (0..<count).map { "{name: p\($0), vmSize: bad, count: 1}" }.joined(separator: ", ")
        return resource(
            "containerservice.azure.com/v1api20240901/ManagedCluster",
            spec: "{sku: {name: good}, agentPoolProfiles: [\(pools)]}"
        )
    }

    @Test func listsABoundedNumberOfFailures() throws {
        let set = try policies(policy(rule: "skus: {allow: [good]}"))
        let decision = try set.decide(.create(Self.pools(200)))
        #expect(decision.failures.count == 128)
        #expect(decision.warnings == ["72 more failures are not listed"])
        #expect(decision.notes.contains(.truncated))
        let warning = try policies(policy(rule: "skus: {allow: [good]}, action: Warn")).decide(.create(Self.pools(200)))
        #expect(warning.allowed)
        // What is not listed cannot be told from what is new.
        #expect(try !set.decide(.update(Self.pools(200), to: Self.pools(200))).allowed)
    }

    @Test(arguments: ["Fail", "Ignore"]) func isBoundedInCost(_ failurePolicy: String) throws {
        let text = policy(rule: "skus: {maximum: {nodeCount: 3}}").replacing(
            "action: Deny",
            with: "failurePolicy: \(failurePolicy)"
        )
        let set = try policies(text, configuration: PolicyConfiguration(maximumSteps: 300))
        #expect(try set.decide(.create(Self.pools(100))).allowed)
        let decision = try set.decide(.create(Self.pools(1000)))
        #expect(decision.allowed == (failurePolicy == "Ignore"))
        #expect(decision.isBroken)
        #expect((decision.lines + decision.warnings).first?.contains("takes more than 300 steps") == true)
    }

    @Test func endsAtItsDeadline() throws {
        let text = (0..<100).map { policy("p\($0)", rule: "skus: {maximum: {nodeCount: 3}}") }.joined(
            separator: "\n---\n"
        )
        let request = try Ask.create(Self.pools(100)).request()
        let set = try policies(text)
        let past = set.decide(request, mode: .validate, deadline: .now - .seconds(1))
        #expect(!past.allowed)
        #expect(past.failures.allSatisfy { $0.reason == .error })
        #expect(past.failures.last?.description.contains("the request's deadline has passed") == true)
        #expect(set.decide(request, mode: .validate, deadline: .now + .seconds(60)).allowed)
    }
}
