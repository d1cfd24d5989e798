import CEL
import JSON
import Testing

/// What is hostile ends in an error before it takes time or memory.
@Suite struct LibraryLimitTests {
    static let hostile: [(source: String, code: CELError.Code)] = [
        ("text.replace('', text)", .tooLarge),
        ("text.replace('a', text)", .tooLarge),
        ("[text, text, text, text, text, text, text, text, text].join(text)", .tooLarge),
        ("'%s%s%s%s%s%s%s%s%s'.format([text, text, text, text, text, text, text, text, text])", .tooLarge),
        ("'%x'.format([text.replace('a', 'aaaaaa')])", .tooLarge),
        ("text.split('')", .tooLarge),
        ("text.findAll('')", .tooLarge),
        ("lists.range(9223372036854775807)", .costExceeded),
        ("lists.range(900000).distinct()", .costExceeded),
        ("sets.equivalent(lists.range(900000), lists.range(900000))", .costExceeded),
        ("quantity('9'.replace('9', text.substring(0, 2000)).replace('a', '9'))", .invalidArgument),
        ("quantity('1e-2000')", .invalidArgument),
        ("['(a*)*b'.replace('a', text.substring(0, 5000))].map(p, 'a'.find(p))", .invalidArgument),
        ("['((a{100}){100}){100}'].map(p, 'a'.find(p))", .invalidArgument),
        ("ip(text)", .invalidArgument),
        ("ip(text.replace('a', ':', 1000000))", .invalidArgument),
        ("cidr('::/' + text)", .invalidArgument),
        ("semver(text)", .invalidArgument),
    ]

    @Test(arguments: hostile) func endsInAnError(_ test: (source: String, code: CELError.Code)) throws {
        let environment = CELEnvironment(.kubernetes(36), variables: [CELEnvironment.Variable("text", .string)])
        var evaluation = Evaluation()
        evaluation.bind(0, to: .string(String(repeating: "a", count: 1_200_000)))
        let program = try environment.compile(test.source)
        var code: CELError.Code?
        do throws(CELError) { _ = try program.evaluate(&evaluation) } catch { code = error.code }
        #expect(code == test.code)
    }

    @Test func deepJSONIsFormattedOnASmallStack() async throws {
        for profile in [Profile.standard, .kubernetes(36)] {
            let isFormatted = await onSmallStack { () -> Bool in
                let depth = JSONLimits().maximumDepth
                let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
                let environment = CELEnvironment(profile, variables: [CELEnvironment.Variable("x", .dyn)])
                guard let document = try? JSONDocument(parsing: Array(text.utf8)),
                    let program = try? environment.compile("'%s'.format([x])")
                else { return false }
                var evaluation = Evaluation()
                let root = evaluation.add(document)
                evaluation.bind(0, to: root)
                guard let value = try? program.evaluate(&evaluation) else { return false }
                return evaluation.string(value).utf8.elementsEqual(text.utf8)
            }
            #expect(isFormatted)
        }
    }

    @Test func patternsOfComprehensionsAreCompiledOnce() throws {
        // More patterns than are kept, each several times: all that matters here is that the right ones are found.
        let source = """
            lists.range(100).all(i, ('x' + string(i % 20) + 'y').find('[0-9]{' + string(size(string(i % 20))) + '}')
                == string(i % 20))
            """
        LibraryCase.gives(source, "true").check(.kubernetes(36))
    }
}
