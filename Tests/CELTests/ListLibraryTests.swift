import CEL
import Testing

@Suite struct ListLibraryTests {
    static let everywhere: [LibraryCase] = [
        .gives("[1, 2, 3, 4].slice(1, 3)", "[2, 3]"),
        .gives("[1, 2].slice(2, 2)", "[]"),
        .fails("[1].slice(-1, 1)", "cannot slice(-1, 1), negative indexes not supported"),
        .fails("[1].slice(1, 0)", "start index must be less than or equal to end index"),
        .fails("[1].slice(0, 2)", "list is length 1"),
        .gives("[[1], [2, 3], []].flatten()", "[1, 2, 3]"),
        .gives("[dyn(1), dyn([2, 3])].flatten(1)", "[1, 2, 3]"),
        .gives("[[[1], [2]]].flatten(1)", "[[1], [2]]"),
        .gives("[[[1], [2]]].flatten(2)", "[1, 2]"),
        .gives("[[1]].flatten(0)", "[[1]]"),
        .fails("[1].flatten(-1)", "level must be non-negative"),
        .gives("[1, 2, 1, 3, 2].distinct()", "[1, 2, 3]"),
        .gives("[[1], [1], [2]].distinct()", "[[1], [2]]"),
        .gives("[dyn(1), dyn(1.0), dyn('1')].distinct()", "[dyn(1), dyn('1')]"),
        .gives("lists.range(4)", "[0, 1, 2, 3]"),
        .gives("lists.range(0) + lists.range(-3)", "[]"),
        .gives("[1, 2, 3].reverse()", "[3, 2, 1]"),
        .gives("[3, 1, 2].sort()", "[1, 2, 3]"),
        .gives("['b', 'a', 'é', 'A'].sort()", "['A', 'a', 'b', 'é']"),
        .gives("[true, false].sort()", "[false, true]"),
        .gives("[duration('2s'), duration('-1s')].sort()", "[duration('-1s'), duration('2s')]"),
        .gives("[b'b', b'a'].sort()", "[b'a', b'b']"),
        .fails("[dyn(1), dyn('a')].sort()", "list elements must have the same type"),
        .fails("dyn([[1], [2]]).sort()", "list elements must be comparable"),
        .gives("['foo', 'ba', 'x'].sortBy(e, e.size())", "['x', 'ba', 'foo']"),
        .gives("[{'n': 2, 'v': 1}, {'n': 1, 'v': 2}, {'n': 2, 'v': 3}].sortBy(e, e.n).map(e, e.v)", "[2, 1, 3]"),
        .gives("[1, 2].first().value() + [1, 2].last().value()", "3"),
        .gives("[].first().hasValue() || [].last().hasValue()", "false"),
    ]

    @Test(arguments: everywhere) func isTheSameEverywhere(_ test: LibraryCase) {
        test.check(.standard)
        test.check(.kubernetes(36))
    }

    static let kubernetes: [LibraryCase] = [
        .gives("[1, 2, 2].isSorted() && ['a', 'b'].isSorted() && [].isSorted() && [1].isSorted()", "true"),
        .gives("[2.0, 1.0].isSorted()", "false"),
        .gives("[duration('1s'), duration('2s')].isSorted()", "true"),
        .gives("[1, 3].sum()", "4"),
        .gives("[1.5, 3.0].sum()", "4.5"),
        .gives("[1u, 3u].sum()", "4u"),
        .gives("[duration('1m'), duration('1s')].sum()", "duration('61s')"),
        .gives("[].sum()", "0"),
        .fails("[9223372036854775807, 1].sum()", "overflow"),
        .fails("[18446744073709551615u, 1u].sum()", "overflow"),
        .gives("[[1, 3].min(), [1, 3].max()]", "[1, 3]"),
        .gives("['b', 'a'].min() + ['b', 'a'].max()", "'ab'"),
        .gives(
            "[timestamp('2020-01-01T00:00:00Z'), timestamp('2021-01-01T00:00:00Z')].max()",
            "timestamp('2021-01-01T00:00:00Z')"
        ),
        .fails("[].min()", "min called on empty list"),
        .fails("[].max()", "max called on empty list"),
        .gives("[[1, 2, 2, 3].indexOf(2), [1, 2, 2, 3].lastIndexOf(2), [1].indexOf(4)]", "[1, 2, -1]"),
        .gives("[[1], [2]].indexOf([2])", "1"),
        .gives("['a', 'b', 'b'].lastIndexOf('b')", "2"),
        .refuses("[1].includes(1)"),
        .gives("{'a': 1, 'b': 2}.transformMap(k, v, v * 2)", "{'a': 2, 'b': 4}"),
        .gives("{'a': 'x', 'b': 'y'}.transformMapEntry(k, v, {v: k})", "{'x': 'a', 'y': 'b'}"),
        .fails("{'a': 'x', 'b': 'x'}.transformMapEntry(k, v, {v: k})", "twice"),
    ]

    @Test(arguments: kubernetes) func kubernetesHas(_ test: LibraryCase) { test.check(.kubernetes(36)) }

    @Test func availabilityIsByVersion() {
        LibraryCase.refuses("[1].sort()").check(.kubernetes(33))
        LibraryCase.gives("[1].sort()", "[1]").check(.kubernetes(34))
        LibraryCase.refuses("[1].isSorted()").check(.standard)
    }

    static let sets: [LibraryCase] = [
        .gives("sets.contains([], [])", "true"),
        .gives("sets.contains([1, 2], [2, 2, 1])", "true"),
        .gives("sets.contains([1], [1, 2])", "false"),
        .gives("sets.contains([dyn(1)], [dyn(1.0), dyn(1u)])", "true"),
        .gives("sets.equivalent([1], [1, 1])", "true"),
        .gives("sets.equivalent([], [1])", "false"),
        .gives("sets.intersects([1], [])", "false"),
        .gives("sets.intersects([[1], [2, 3]], [[1, 2], [2, 3]])", "true"),
    ]

    @Test(arguments: sets) func comparesSets(_ test: LibraryCase) {
        test.check(.standard)
        test.check(.kubernetes(36))
    }

    @Test func base64IsOfTheStandardAlone() {
        LibraryCase.gives("base64.encode(b'hello')", "'aGVsbG8='").check(.standard)
        LibraryCase.gives("base64.encode(b'') + base64.encode(b'\\xff\\xfe')", "'//4='").check(.standard)
        LibraryCase.gives(
            "[base64.decode('aGVsbG8='), base64.decode('aGVsbG8'), base64.decode('')]",
            "[b'hello', b'hello', b'']"
        )
        .check(.standard)
        for text in ["a", "aGVsbG8==", "====", "a-b_", "aGVsbG8=x", "=GVs"] {
            LibraryCase.fails("base64.decode('\(text)')", "illegal base64 data").check(.standard)
        }
        LibraryCase.refuses("base64.encode(b'hello')").check(.kubernetes(36))
    }
}
