import CEL
import Testing

@Suite struct RegexLibraryTests {
    static let standard: [LibraryCase] = [
        .gives("regex.replace('hello world hello', 'hello', 'hi')", "'hi world hi'"),
        .gives("regex.replace('banana', 'a', 'x', 0)", "'banana'"),
        .gives("regex.replace('banana', 'a', 'x', 2)", "'bxnxna'"),
        .gives("regex.replace('banana', 'a', 'x', -12)", "'bxnxnx'"),
        .gives(#"regex.replace('foo bar', '(fo)o (ba)r', r'\2 \1')"#, "'ba fo'"),
        .gives(#"regex.replace('ab', '(a)|(b)', r'<\1\2\0>')"#, "'<aa><bb>'"),
        .gives(#"regex.replace('a', 'a', r'\\')"#, #"'\\'"#),
        .gives("regex.replace('äb', '', '-')", "'-ä-b-'"),
        .gives("regex.replace('aaa', '^a', 'b')", "'baa'"),
        .fails(#"regex.replace('test', '(.)', r'\2')"#, "references group 2 but regex has only 1 group(s)"),
        .fails(#"regex.replace('test', '(.)', r'\x')"#, "must be followed by a digit"),
        .fails(#"regex.replace('test', '(.)', '\\')"#, "not allowed at end"),
        .fails("regex.replace('test', '(', 'x')", "does not compile"),
        .gives("regex.extract('hello world', 'hello(.*)')", "optional.of(' world')"),
        .gives("regex.extract('HELLO', 'hello')", "optional.none()"),
        .gives("regex.extract('hello', 'l+')", "optional.of('ll')"),
        .gives("regex.extract('ac', 'a(b)?c')", "optional.none()"),
        .fails("regex.extract('a@b', '(.*)@([^.]*)')", "more than one capturing group"),
        .gives(#"regex.extractAll('id:123, id:456', 'id:\\d+')"#, "['id:123', 'id:456']"),
        .gives(#"regex.extractAll('item-A, item-B', 'item-(\\w+)')"#, "['A', 'B']"),
        .gives("regex.extractAll('a', 'b')", "[]"),
    ]

    @Test(arguments: standard) func standardHas(_ test: LibraryCase) { test.check(.standard) }

    static let kubernetes: [LibraryCase] = [
        .gives("'abc 123'.find('[0-9]+')", "'123'"),
        .gives("'abc 123'.find('xyz')", "''"),
        .gives("'123 abc 456'.findAll('[0-9]+')", "['123', '456']"),
        .gives("'123 abc 456'.findAll('[0-9]+', 1)", "['123']"),
        .gives("'123 abc 456'.findAll('[0-9]+', 0)", "[]"),
        .gives("'123 abc 456'.findAll('[0-9]+', -1)", "['123', '456']"),
        // An empty match right after another is none.
        .gives("'12 a'.findAll('[0-9]*')", "['12', '', '']"),
        .gives("'éa'.findAll('')", "['', '', '']"),
        .gives("'aaa'.findAll('^a')", "['a']"),
        .gives("['a1', 'b2'].map(s, s.find('[' + s + ']'))", "['a', 'b']"),
        .fails("['('].map(p, 'a'.find(p))", "does not compile"),
    ]

    @Test(arguments: kubernetes) func kubernetesHas(_ test: LibraryCase) { test.check(.kubernetes(36)) }

    @Test func eachIsInItsProfile() {
        LibraryCase.refuses("regex.extract('a', 'a')").check(.kubernetes(36))
        LibraryCase.refuses("'a'.find('a')").check(.standard)
    }

    @Test func findsGroups() throws {
        let expression = try RegularExpression("(a)|(b)(c)?")
        let text = Array("xbca".utf8)
        let found = expression.find(in: text.span, groups: 9)
        let first = try #require(found)
        #expect(first[0] == 1..<3)
        #expect(first[1] == nil)
        #expect(first[2] == 1..<2)
        #expect(first[3] == 2..<3)
        #expect(first[4] == nil)
        #expect(first[10] == nil)
        #expect(first[-1] == nil)
        let next = expression.find(in: text.span, from: 3)
        let second = try #require(next)
        #expect(second[0] == 3..<4)
        #expect(second[1] == nil, "no groups were asked for")
        let isFoundAtEnd = expression.find(in: text.span, from: 4) != nil
        #expect(!isFoundAtEnd)
        let isFoundBehind = expression.find(in: text.span, from: 5) != nil
        #expect(!isFoundBehind)
        #expect(expression.groupCount == 3)
        let empty = try RegularExpression("^$").find(in: [UInt8]().span)
        #expect(empty?[0] == 0..<0)
    }
}
