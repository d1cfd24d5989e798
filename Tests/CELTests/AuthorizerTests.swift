import CEL
import Synchronization
import Testing

@Suite struct AuthorizerTests {
    /// Evaluates an expression with an authorizer that allows `get`, and tells what it was asked.
    private func evaluate(
        _ source: String,
        _ profile: Profile = .kubernetes(36)
    ) throws -> (value: String, queries: [AuthorizationQuery]) {
        final class Log: Sendable { let queries = Mutex<[AuthorizationQuery]>([]) }
        let log = Log()
        let authorizer = AuthorizerValue { query in
            log.queries.withLock { $0.append(query) }
            if query.verb == "break" { return AuthorizationDecision(isAllowed: false, error: "out of reach") }
            return AuthorizationDecision(isAllowed: query.verb == "get", reason: "because of \(query.verb)")
        }
        let environment = CELEnvironment(
            profile,
            variables: [
                CELEnvironment.Variable("authorizer", AuthorizerValue.type),
                CELEnvironment.Variable("authorizer.requestResource", AuthorizerValue.requestResourceType),
            ]
        )
        let program = try environment.compile(source)
        var evaluation = Evaluation()
        evaluation.bind(0, to: .object(authorizer))
        let resource = authorizer.requestResource(
            group: "apps",
            resource: "deployments",
            subresource: "scale",
            namespace: "default",
            name: "backend"
        )
        evaluation.bind(1, to: resource)
        let value = try program.evaluate(&evaluation)
        return (evaluation.description(of: value), log.queries.withLock { $0 })
    }

    @Test func asksForAResource() throws {
        let source = """
            authorizer.serviceAccount('default', 'my.account').group('apps').resource('deployments').subresource('status')
                .namespace('test').name('backend').fieldSelector('a=b').labelSelector('c=d').check('get').allowed()
            """
        let (value, queries) = try evaluate(source)
        #expect(value == "true")
        let query = try #require(queries.first)
        #expect(queries.count == 1)
        #expect(query.serviceAccount?.namespace == "default")
        #expect(query.serviceAccount?.name == "my.account")
        #expect(query.path == nil)
        #expect(query.group == "apps")
        #expect(query.resource == "deployments")
        #expect(query.subresource == "status")
        #expect(query.namespace == "test")
        #expect(query.name == "backend")
        #expect(query.fieldSelector == "a=b")
        #expect(query.labelSelector == "c=d")
        #expect(query.verb == "get")
    }

    @Test func asksForAPath() throws {
        let (value, queries) = try evaluate("authorizer.path('/healthz').check('post').reason()")
        #expect(value == "'because of post'")
        #expect(queries.first?.path == "/healthz")
        #expect(queries.first?.serviceAccount == nil)
    }

    @Test func asksForTheRequestsResource() throws {
        let (value, queries) = try evaluate("authorizer.requestResource.check('delete').allowed()")
        #expect(value == "false")
        #expect(queries.first?.resource == "deployments")
        #expect(queries.first?.subresource == "scale")
        #expect(queries.first?.name == "backend")
    }

    @Test func tellsOfErrors() throws {
        let source = "authorizer.group('').resource('pods').check('break')"
        #expect(try evaluate("\(source).errored()").value == "true")
        #expect(try evaluate("\(source).error()").value == "'out of reach'")
        #expect(try evaluate("\(source).allowed()").value == "false")
        #expect(try evaluate("authorizer.path('/').check('get').error()").value == "''")
    }

    @Test(arguments: [
        ("authorizer.path('  ')", "path must not be empty"),
        ("authorizer.group('apps').resource('')", "resource must not be empty"),
        ("authorizer.serviceAccount('not@valid', 'name')", "Invalid service account namespace"),
        ("authorizer.serviceAccount('valid', 'in_valid')", "Invalid service account name"),
    ]) func refuses(_ source: String, _ message: String) {
        let error = #expect(throws: CELError.self) { _ = try evaluate("\(source) == null") }
        #expect(error?.message == message)
    }

    /// An expression may ask twice: the third check would cost more than it may.
    @Test func asksTwiceAtMost() throws {
        let check = "authorizer.path('/').check('get').allowed()"
        #expect(try evaluate("\(check) && \(check)").queries.count == 2)
        let error = #expect(throws: CELError.self) { _ = try evaluate("\(check) && \(check) && \(check)") }
        #expect(error?.code == .costExceeded)
    }

    @Test func selectorsCameLater() {
        #expect(throws: (any Error).self) {
            _ = try evaluate("authorizer.group('').resource('pods').fieldSelector('a=b').check('get')", .kubernetes(30))
        }
    }
}
