import CEL
import Testing

@Suite struct KubernetesLibraryTests {
    // MARK: URLs

    static let urls: [LibraryCase] = [
        .gives("url('https://user:pass@example.com:80/path?query=val#fragment').getHost()", "'example.com:80'"),
        .gives(
            "url('/path').getScheme() + url('/path').getHost() + url('/path').getHostname() + url('/path').getPort()",
            "''"
        ),
        .gives("url('HTTPS://example.com/').getScheme()", "'https'"),
        .gives(
            "[url('https://[::1]:80/').getHost(), url('https://[::1]:80/').getHostname(), url('https://[::1]:80/').getPort()]",
            "['[::1]:80', '::1', '80']"
        ),
        .gives("url('http://[fe80::1%25en0]:8080/').getHostname()", "'fe80::1%en0'"),
        .gives("url('https://example.com/path with spaces/').getEscapedPath()", "'/path%20with%20spaces/'"),
        .gives("url('https://example.com/a%2Fb').getEscapedPath()", "'/a%2Fb'"),
        .gives("url('https://example.com').getEscapedPath()", "''"),
        .gives("url('mailto:a@b').getScheme() + url('mailto:a@b').getHost()", "'mailto'"),
        .gives("url('https://example.com/path?k1=a&k2=b&k2=c').getQuery()", "{'k1': ['a'], 'k2': ['b', 'c']}"),
        .gives(
            "url('https://example.com/path?key with+spaces=value%20with spaces&&=x&bad=%zz&a;b=1').getQuery()",
            "{'key with spaces': ['value with spaces'], '': ['x']}"
        ),
        .gives("url('https://example.com/path?').getQuery()", "{}"),
        .gives("url('https://example.com/path').getQuery()", "{}"),
        .gives("url('x://a:1:2/').getHostname()", "'a:1'"),
        .gives("url('https://a/?q') == url('HTTPS://a/?q')", "true"),
        .gives("url('https://a/?q') == url('https://a/?r')", "false"),
        .gives(
            "isURL('https://user:pass@example.com:80/path?query=val#fragment') && isURL('/absolute-path') && isURL('*')",
            "true"
        ),
        .fails("url('../relative-path')", "invalid URI for request"),
        .fails("url('https://a:b:c/')", "invalid port after host"),
        .fails("url('')", "empty url"),
    ]

    @Test(arguments: urls) func takesURLsApart(_ test: LibraryCase) { test.check(.kubernetes(36)) }

    static let notURLs = [
        "https://a:b:c/", "../relative-path", "", ":a", "1http://a", "http://exa mple.com", "http://a%41/",
        "http://[1.2.3.4]/",
        "http://[::1", "http://[::1]x/", "http://a[::1]/", "http://a:1:2/", "/%zz", "https://user%zz@h/",
        "https://us er@h/", "http://[::g]/", "a",
        "http://a\\u0001/",
    ]

    @Test(arguments: notURLs) func refusesURL(_ text: String) {
        LibraryCase.gives("isURL('\(text)')", "false").check(.kubernetes(36))
        LibraryCase.fails("url('\(text)')", "URL parse error during conversion from string").check(.kubernetes(36))
    }

    // MARK: Quantities

    static let quantities: [LibraryCase] = [
        .gives("quantity('50k').asInteger()", "50000"),
        .gives("quantity('12Mi').asInteger()", "12582912"),
        .gives("quantity('-12Ki').asInteger()", "-12288"),
        .gives("quantity('1e3').asInteger() + quantity('1.').asInteger()", "1001"),
        .fails("quantity('9999999999999999999999999999999999999G').asInteger()", "cannot convert value to integer"),
        .fails("quantity('1.5').asInteger()", "cannot convert value to integer"),
        .gives(
            "[quantity('50').isInteger(), quantity('1m').isInteger(), quantity('9999999999999999999G').isInteger()]",
            "[true, false, false]"
        ),
        // What has been a fraction stays one, and 2^50 takes more digits than Kubernetes gives an integer.
        .gives("[quantity('1.5').add(quantity('0.5')).isInteger(), quantity('4Pi').isInteger()]", "[false, false]"),
        .gives("quantity('50.703k').asApproximateFloat()", "50703.0"),
        .gives("quantity('1.5Gi').asApproximateFloat()", "1610612736.0"),
        .gives("quantity('3.001n').asApproximateFloat()", "4e-9"),
        .gives("quantity('9Ei').asApproximateFloat()", "9223372036854775807.0"),
        .gives("[sign(quantity('-1')), sign(quantity('0')), sign(quantity('0.0000000000000000001'))]", "[-1, 0, 1]"),
        .gives("quantity('200M') == quantity('0.2G') && quantity('2000k') == quantity('2M')", "true"),
        .gives("quantity('200M') == quantity('0.3G')", "false"),
        .gives(
            "[quantity('200M').compareTo(quantity('0.2G')), quantity('50M').compareTo(quantity('50Mi')), quantity('50Mi').compareTo(quantity('50M'))]",
            "[0, -1, 1]"
        ),
        .gives(
            "quantity('150Mi').isGreaterThan(quantity('100Mi')) && quantity('50M').isLessThan(quantity('100M'))",
            "true"
        ),
        .gives("quantity('50k').add(quantity('20')) == quantity('50.02k')", "true"),
        .gives("quantity('50k').sub(quantity('20')) == quantity('49.98k')", "true"),
        .gives("quantity('50k').add(20).sub(quantity('100k')).sub(-50000).asInteger()", "20"),
        .gives(
            "[quantity('9999999999999999999999999999999999999')].all(x, x.add(quantity('1')).compareTo(x.add(quantity('2'))) == -1)",
            "true"
        ),
        .gives("quantity('10000000000000000000').sub(quantity('10000000000000000001')) == quantity('-1')", "true"),
        .gives("quantity('9223372036854775807').add(1) == quantity('9223372036854775808')", "true"),
        .gives(
            "quantity('0.00000012345') == quantity('124n') && quantity('100.035Ki') == quantity('102435.84')",
            "true"
        ),
        .gives(
            "quantity('0.000000000001Ki') == quantity('2n') && quantity('9223372036854775807Ki') == quantity('9Ei')",
            "true"
        ),
        // The parser is what decides, not the documentation.
        .gives("isQuantity('Mi') && isQuantity('+') && isQuantity('.') && isQuantity('1.G')", "true"),
        .gives("isQuantity('Pi') || isQuantity('-.Ei')", "false"),
    ]

    @Test(arguments: quantities) func computesQuantities(_ test: LibraryCase) { test.check(.kubernetes(36)) }

    @Test(arguments: [
        "", "1.1.M", "1+1.0M", "0.1mi", "0.1am", "aoeu", ".5i", "1i", "-3.01e-", " 1", "1 ", "10Mo", "10Mm", "200K",
        "1,3G", "Three", "1e99999999999999999999", "1e2147483647",
    ])
    func refusesQuantity(_ text: String) {
        LibraryCase.gives("isQuantity('\(text)')", "false").check(.kubernetes(36))
        LibraryCase.fails("quantity('\(text)')", "quantit").check(.kubernetes(36))
    }

    // MARK: Semantic versions

    static let versions: [LibraryCase] = [
        .gives("[semver('1.2.3-alpha.1+b.7').major(), semver('1.2.3').minor(), semver('1.2.3').patch()]", "[1, 2, 3]"),
        .gives(
            "[semver('v1.0.0', true).major(), semver('1.7', true).minor(), semver('01.01.01', true).patch()]",
            "[1, 7, 1]"
        ),
        .gives(
            "[semver('1.2.3').compareTo(semver('1.2.3')), semver('1.2.3').compareTo(semver('2.0.0')), semver('1.2.3').compareTo(semver('0.1.2'))]",
            "[0, -1, 1]"
        ),
        .gives("semver('1.0.0') == semver('1.0.0+build')", "true"),
        .gives(
            "semver('1.0.0').isGreaterThan(semver('1.0.0-rc.1')) && semver('1.0.0-2').isLessThan(semver('1.0.0-11'))",
            "true"
        ),
        .gives(
            "semver('1.0.0-11').isLessThan(semver('1.0.0-a')) && semver('1.0.0-a').isLessThan(semver('1.0.0-a.1'))",
            "true"
        ),
        .gives("isSemver('v1.0') || isSemver('1.0') || isSemver('hello')", "false"),
        .gives("isSemver('v1.0', true) && isSemver('1', true) && isSemver('00.0.0', true)", "true"),
        .gives("isSemver('v1.2-a', true)", "false"),
        .fails("semver('1.2.3-01')", "leading zero"),
        .fails("semver('1.2.3-')", "is empty"),
        .fails("semver('1.2.3+')", "is empty"),
        .fails("semver('18446744073709551616.0.0')", "out of range"),
    ]

    @Test(arguments: versions) func ordersVersions(_ test: LibraryCase) { test.check(.kubernetes(36)) }

    // MARK: Formats

    static let formats: [LibraryCase] = [
        .gives("format.named('dns1123Label').value() == format.dns1123Label()", "true"),
        .gives("format.named('unknown').hasValue()", "false"),
        .gives("format.dns1123Label().validate('my-label').hasValue()", "false"),
        .gives("format.dns1123Label().validate('a.b').value()", "['must not contain dots']"),
        .gives(
            "format.dns1123Label().validate('A').value()[0].contains('a lowercase RFC 1123 label must consist of')",
            "true"
        ),
        .gives(
            "format.dns1123Label().validate('a'.replace('a', '0123456789012345678901234567890123456789012345678901234567890123')).value().size()",
            "1"
        ),
        .gives("format.dns1123LabelPrefix().validate('my-label-prefix-').hasValue()", "false"),
        .gives("format.dns1123Subdomain().validate('apiextensions.k8s.io').hasValue()", "false"),
        .gives("format.dns1123Subdomain().validate('a..b').hasValue()", "true"),
        .gives("format.dns1123SubdomainPrefix().validate('mysubdomain.prefix.-').hasValue()", "false"),
        .gives(
            "format.dns1035Label().validate('a1').hasValue() || format.dns1035LabelPrefix().validate('a1-').hasValue()",
            "false"
        ),
        .gives(
            "format.dns1035Label().validate('1a').value()[0].startsWith('a DNS-1035 label must consist of')",
            "true"
        ),
        .gives("format.qualifiedName().validate('apiextensions.k8s.io/v1beta1').hasValue()", "false"),
        .gives(
            "['dns1123Label', 'labelValue'].map(f, format.named(f).value().validate('0123456789abcdef'.replace('', 'abc')).value())",
            "[['must be no more than 63 characters'], ['must be no more than 63 bytes']]"
        ),
        .gives("format.qualifiedName().validate('/b').value()", "['prefix part must be non-empty']"),
        .gives("format.qualifiedName().validate('a/').value().size()", "2"),
        .gives("format.qualifiedName().validate('a/b/c').value()[0].endsWith(\"(e.g. 'example.com/MyName')\")", "true"),
        .gives(
            "format.labelValue().validate('').hasValue() || format.labelValue().validate('a_B.c-1').hasValue()",
            "false"
        ),
        .gives("format.labelValue().validate('-a').hasValue()", "true"),
        .gives("format.uri().validate('http://example.com').hasValue()", "false"),
        .gives(
            "format.uri().validate('../relative-path').value()",
            "['parse \"../relative-path\": invalid URI for request']"
        ),
        .gives(
            "format.uuid().validate('123e4567-e89b-12d3-a456-426614174000').hasValue() || format.uuid().validate('123E4567e89b12d3a456426614174000').hasValue()",
            "false"
        ),
        .gives("format.uuid().validate('123e4567').value()", "['does not match the UUID format']"),
        .gives("format.byte().validate('aGVsbG8=').hasValue()", "false"),
        .gives(
            "format.byte().validate('aGVsbG8').value() + format.byte().validate('').value()",
            "['invalid base64', 'invalid base64']"
        ),
        .gives("format.date().validate('2024-02-29').hasValue()", "false"),
        .gives(
            "[ '2023-02-29', '2021-1-01', '2021-13-01', '20210101', '2021-00-01' ].all(d, format.date().validate(d).value() == ['invalid date'])",
            "true"
        ),
        .gives(
            "[ '2021-01-01T00:00:00Z', '2021-01-01t23:59:59.123+01:00', '2021-01-01T00:00:00,5z' ].exists(d, format.datetime().validate(d).hasValue())",
            "false"
        ),
        .gives(
            "[ '2021-01-01', '2021-01-01T24:00:00Z', '2021-01-01T00:00:00', '2021-01-01 00:00:00Z', '2021-01-01T00:00:00.Z', '2021-02-30T00:00:00Z' ].all(d, format.datetime().validate(d).value() == ['invalid datetime'])",
            "true"
        ),
    ]

    @Test(arguments: formats) func validatesFormats(_ test: LibraryCase) { test.check(.kubernetes(36)) }

    @Test func availabilityIsByVersion() {
        LibraryCase.refuses("format.uuid()").check(.kubernetes(30))
        LibraryCase.refuses("semver('1.0.0')").check(.kubernetes(32))
        LibraryCase.refuses("quantity('1')").check(.standard)
        LibraryCase.refuses("url('/')").check(.standard)
        LibraryCase.gives("isIP('::')", "true").check(.kubernetes(30))
        LibraryCase.gives("jsonpatch.escapeKey('k8s.io/my~label')", "'k8s.io~1my~0label'").check(.kubernetes(36))
    }
}
