import CEL
import Testing

/// What Kubernetes' accounting charges for calls of its libraries (facts of `apiserver/pkg/cel/library/cost_test.go`); lists
/// are no literals here, because its optimiser makes those free.
@Suite struct LibraryCostTests {
    static let costs: [(source: String, cost: UInt64)] = [
        ("'ABCDEFGHIJ abcdefghij'.lowerAscii()", 3),
        ("'ABCDEFGHIJ abcdefghij'.upperAscii() == 'abcdefghij ABCDEFGHIJ'.upperAscii()", 9),
        ("strings.quote('ABCDEFGHIJ abcdefghij')", 3),
        ("'abc 123 def 123'.replace('', 'x')", 3),
        ("'abc 123 def 123'.replace('123', '456', 1)", 3),
        ("'abc 123 def 123'.split(' ')", 3),
        ("'abc 123 def 123'.substring(5, 8)", 2),
        ("'  abc 123 def 123  '.trim()", 2),
        ("'a,b'.split(',').join('-')", 2),
        ("'abc 123 def 123'.find('123')", 2),
        ("'abc 123 def 123'.findAll('123', 1)", 2),
        ("jsonpatch.escapeKey('abc/def~ abc/def~')", 2),
        ("'abc 123 def 123'.indexOf('x')", 1),
        ("dyn('abc 123 def 123').indexOf('x')", 1),
        ("numbers.isSorted()", 6),
        ("numbers.sum() + numbers.max() + numbers.min()", 20),
        ("numbers.indexOf(4) + numbers.lastIndexOf(4)", 13),
        ("names.max()", 6),
        ("numbers.slice(1, 3)", 14),
        ("numbers.reverse()", 17),
        ("numbers.distinct()", 62),
        ("numbers.sort()", 62),
        ("names.sort()", 64),
        ("lists.range(3)", 14),
        ("sets.contains(numbers, numbers)", 28),
        ("sets.equivalent(numbers, numbers)", 53),
        ("ip('192.168.0.1')", 2),
        ("ip('2001:db8:3333:4444:5555:6666:7777:8888') == ip('192.168.0.1')", 7),
        ("ip('192.168.0.1').isLoopback()", 3),
        ("ip.isCanonical('192.168.0.1')", 3),
        ("cidr('192.168.0.0/16').masked()", 3),
        ("cidr('192.168.0.0/16').ip()", 3),
        ("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/30'))", 7),
        ("cidr('192.168.0.0/16').containsCIDR('192.0.0.0/30')", 7),
        ("cidr('192.168.0.0/16').containsIP(ip('192.0.0.1'))", 4),
        ("cidr('192.168.0.0/16').containsIP('192.169.0.1')", 5),
        ("cidr('2001:db8::/32').containsIP('2001:db8:3333:4444:5555:6666:7777:8888')", 7),
        ("url('https:://kubernetes.io/').getQuery()", 4),
        ("url('https:://kubernetes.io/') == url('http://x.b')", 5),
        ("quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger() > 0", 7),
        ("quantity('200M') == quantity('0.2G')", 3),
        ("format.named('dns1123Subdomain').value().validate('my-name')", 17),
        ("format.named('dns1123Label').value().validate('my-name')", 10),
        ("semver('1234.56789012345.67890123456789')", 4),
        ("semver('1.0.0').compareTo(semver('1.2.3'))", 3),
        ("authorizer.group('apps').resource('deployments').check('create').allowed()", 350_004),
        (
            "authorizer.group('').resource('pods')"
                + ".labelSelector('spec.nodeName=example-node-name.fully.qualified.domain.name.example.com')",
            1821
        ),
    ]

    @Test(arguments: costs) func isWhatKubernetesCharges(_ test: (source: String, cost: UInt64)) throws {
        let environment = CELEnvironment(
            .kubernetes(36),
            variables: [
                CELEnvironment.Variable("authorizer", AuthorizerValue.type),
                CELEnvironment.Variable("numbers", .list(.int)),
                CELEnvironment.Variable("names", .list(.string)),
            ]
        )
        var evaluation = Evaluation()
        evaluation.bind(0, to: .object(AuthorizerValue { _ in AuthorizationDecision(isAllowed: true) }))
        evaluation.bind(1, to: .list(ListValue((1...5).map { .int($0) })))
        evaluation.bind(2, to: .list(ListValue(Array(repeating: .string("012345678901"), count: 5))))
        _ = try environment.compile(test.source).evaluate(&evaluation)
        let cost = evaluation.cost
        #expect(cost == test.cost)
    }
}
