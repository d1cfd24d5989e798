import CEL
import Testing

@Suite struct StringLibraryTests {
    static let everywhere: [LibraryCase] = [
        .gives("'tacocat'.charAt(3)", "'o'"),
        .gives("'©αT'.charAt(1)", "'α'"),
        .gives("'a'.charAt(1)", "''"),
        .fails("'a'.charAt(2)", "index out of range: 2"),
        .fails("'a'.charAt(-1)", "index out of range: -1"),

        .gives("'ta©o©αT'.indexOf('α')", "5"),
        .gives("'ta©o©αT'.indexOf('©', 3)", "4"),
        .gives("'tacocat'.indexOf('')", "0"),
        .gives("'tacocat'.indexOf('', 5)", "5"),
        .gives("'tacocat'.indexOf('none')", "-1"),
        .gives("''.indexOf('a')", "-1"),
        .fails("'tacocat'.indexOf('a', -1)", "index out of range: -1"),
        .gives("'ta©o©αT'.lastIndexOf('©')", "4"),
        .gives("'hello mellow'.lastIndexOf('ello')", "7"),
        .gives("'hello mellow'.lastIndexOf('ello', 6)", "1"),
        .gives("'tacocat'.lastIndexOf('at', 5)", "5"),
        .gives("'tacocat'.lastIndexOf('at', 4)", "-1"),
        .gives("'tacocat'.lastIndexOf('')", "7"),
        .fails("'tacocat'.lastIndexOf('a', -1)", "index out of range: -1"),

        .gives("'TacoCÆt Xii'.lowerAscii()", "'tacocÆt xii'"),
        .gives("'tacoCæt xii'.upperAscii()", "'TACOCæT XII'"),

        .gives("'12 days 12 hours'.replace('{0}', '2')", "'12 days 12 hours'"),
        .gives("'{0} days {0} hours'.replace('{0}', '2')", "'2 days 2 hours'"),
        .gives("'{0} days {0} hours'.replace('{0}', '2', 1)", "'2 days {0} hours'"),
        .gives("'aaa'.replace('a', 'b', 0)", "'aaa'"),
        .gives("'aaa'.replace('a', 'b', -5)", "'bbb'"),
        .gives("'1 ©αT'.replace('', '_')", "'_1_ _©_α_T_'"),
        .gives("'ab'.replace('', '_', 2)", "'_a_b'"),
        .gives("''.replace('', '_')", "'_'"),
        .gives("'aaa'.replace('aa', 'b')", "'ba'"),

        .gives("'hello world'.split(' ')", "['hello', 'world']"),
        .gives("'hello world events!'.split(' ', 2)", "['hello', 'world events!']"),
        .gives("'a,b'.split(',', 0)", "[]"),
        .gives("'a,b'.split(',', 1)", "['a,b']"),
        .gives("'a,b,c'.split(',', -1)", "['a', 'b', 'c']"),
        .gives("',a,'.split(',')", "['', 'a', '']"),
        .gives("''.split(',')", "['']"),
        .gives("''.split('')", "[]"),
        .gives("'o©o'.split('')", "['o', '©', 'o']"),
        .gives("'o©o'.split('', 2)", "['o', '©o']"),

        .gives("'tacocat'.substring(4)", "'cat'"),
        .gives("'ta©o©αT'.substring(2, 6)", "'©o©α'"),
        .gives("'tacocat'.substring(7)", "''"),
        .gives("'tacocat'.substring(3, 3)", "''"),
        .fails("'tacocat'.substring(8)", "index out of range: 8"),
        .fails("'tacocat'.substring(1, 50)", "index out of range: 50"),
        .fails("'tacocat'.substring(-1, 2)", "index out of range: -1"),
        .fails("'tacocat'.substring(4, 3)", "invalid substring range. start: 4, end: 3"),

        .gives(#"' \f\n\r\t\vtext  '.trim()"#, "'text'"),
        .gives(#"'\u0085\u00a0\u1680\u2000\u200a\u2028\u2029\u202f\u205f\u3000text\u3000'.trim()"#, "'text'"),
        .gives(#"'\u200b\u2060text\ufeff'.trim()"#, #"'\u200b\u2060text\ufeff'"#),
        .gives("'  '.trim()", "''"),

        .gives("['x', 'y'].join()", "'xy'"),
        .gives("['x', 'y'].join('-')", "'x-y'"),
        .gives("[].join('-')", "''"),
        .fails("[dyn(1)].join()", "join: an element is not a string"),

        .gives(#"strings.quote('first\nsecond')"#, #"'"first\\nsecond"'"#),
        .gives(#"strings.quote('\a\b\f\r\t\v\\ "©"')"#, #"'"\\a\\b\\f\\r\\t\\v\\\\ \\"©\\""'"#),

        // Canonically equivalent texts are different texts.
        .gives(#"'e\u0301'.indexOf('\u00e9')"#, "-1"),
        .gives(#"'e\u0301x'.split('')"#, #"['e', '\u0301', 'x']"#),
    ]

    @Test(arguments: everywhere) func isTheSameEverywhere(_ test: LibraryCase) {
        test.check(.standard)
        test.check(.kubernetes(36))
    }

    @Test func positionsBehindTheTextAreErrorsInTheStandardAlone() {
        LibraryCase.fails("'tacocat'.indexOf('a', 30)", "index out of range: 30").check(.standard)
        LibraryCase.fails("'tacocat'.lastIndexOf('a', 30)", "index out of range: 30").check(.standard)
        LibraryCase.gives("'tacocat'.indexOf('a', 30)", "-1").check(.kubernetes(36))
        LibraryCase.gives("'tacocat'.lastIndexOf('a', 30)", "-1").check(.kubernetes(36))
        LibraryCase.gives("'tacocat'.indexOf('', 30)", "30").check(.kubernetes(36))
    }

    @Test func reverseIsNotOfKubernetes() {
        LibraryCase.gives("'1 ©αT'.reverse()", "'Tα© 1'").check(.standard)
        LibraryCase.refuses("'gums'.reverse()").check(.kubernetes(36))
    }

    /// Half a million letters, and needles that differ from all of them at one end: quadratic search would take minutes.
    @Test(arguments: [
        "text.indexOf(needle + 'b')", "text.lastIndexOf('b' + needle)", "text.indexOf('b' + needle)",
        "text.lastIndexOf(needle + 'b')", "text.split(needle + 'b').size() - 2",
        "text.replace(needle + 'b', '').indexOf('b')",
    ]) func searchesLongTexts(_ source: String) throws {
        let environment = CELEnvironment(
            .standard,
            variables: [CELEnvironment.Variable("text", .string), CELEnvironment.Variable("needle", .string)]
        )
        var limits = Evaluation.Limits()
        limits.cost = .max
        var evaluation = Evaluation(limits: limits)
        evaluation.bind(0, to: .string(String(repeating: "a", count: 500_000)))
        evaluation.bind(1, to: .string(String(repeating: "a", count: 250_000)))
        let value = try environment.compile(source).evaluate(&evaluation)
        let isMinusOne = evaluation.isEqual(value, .int(-1))
        #expect(isMinusOne)
    }
}
