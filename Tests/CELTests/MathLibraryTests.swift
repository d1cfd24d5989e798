import CEL
import Testing

@Suite struct MathLibraryTests {
    static let cases: [LibraryCase] = [
        .gives("math.greatest(5)", "5"),
        .gives("math.greatest(1, 2.5)", "2.5"),
        .gives("math.greatest(3u, 2.5, 9)", "9"),
        .gives("math.least(3u, 2.5, 9)", "2.5"),
        .gives("math.least([3, 1, 2])", "1"),
        .gives("math.greatest(1, 1.0)", "1"),
        .gives("math.greatest(9223372036854775807, 9223372036854775808u)", "9223372036854775808u"),
        .fails("math.least(dyn('a'), dyn('b'))", "no such overload"),
        .refuses("math.greatest('a')"),
        .refuses("math.least()"),
        .gives("[math.ceil(1.2), math.ceil(-1.2), math.floor(1.2), math.floor(-1.2)]", "[2.0, -1.0, 1.0, -2.0]"),
        .gives("[math.round(1.5), math.round(-1.5), math.round(1.4), math.trunc(-1.9)]", "[2.0, -2.0, 1.0, -1.0]"),
        .gives("math.isNaN(math.round(0.0 / 0.0))", "true"),
        .gives(
            "[math.isInf(1.0 / 0.0), math.isFinite(1.0 / 0.0), math.isNaN(1.0), math.isFinite(1.0)]",
            "[true, false, false, true]"
        ),
        .gives("[math.abs(-1), math.abs(1)]", "[1, 1]"),
        .gives("[math.abs(-1.5), math.abs(1.5)]", "[1.5, 1.5]"),
        .gives("math.abs(2u)", "2u"),
        .fails("math.abs(-9223372036854775808)", "overflow"),
        .gives("[math.sign(-42), math.sign(0), math.sign(42)]", "[-1, 0, 1]"),
        .gives("[math.sign(-0.3), math.sign(0.0), math.sign(3.0)]", "[-1.0, 0.0, 1.0]"),
        .gives("[math.sign(0u), math.sign(9u)]", "[0u, 1u]"),
        .gives("math.isNaN(math.sign(0.0 / 0.0))", "true"),
        .gives("[math.sqrt(81), math.sqrt(81u), math.sqrt(985.25)]", "[9.0, 9.0, 31.388692231439016]"),
        .gives("math.isNaN(math.sqrt(-15))", "true"),
        .gives("[math.bitAnd(3, 5), math.bitOr(3, 5), math.bitXor(3, 5), math.bitNot(3)]", "[1, 7, 6, -4]"),
        .gives(
            "[math.bitAnd(3u, 5u), math.bitOr(3u, 5u), math.bitXor(3u, 5u), math.bitNot(0u)]",
            "[1u, 7u, 6u, 18446744073709551615u]"
        ),
        .gives("[math.bitShiftLeft(1, 2), math.bitShiftLeft(1, 200), math.bitShiftLeft(-1, 1)]", "[4, 0, -2]"),
        .gives("[math.bitShiftRight(-1024, 3), math.bitShiftRight(1024, 64)]", "[2305843009213693824, 0]"),
        .gives("[math.bitShiftLeft(1u, 2), math.bitShiftRight(1024u, 3)]", "[4u, 128u]"),
        .fails("math.bitShiftLeft(1, -1)", "negative offset"),
        .fails("math.bitShiftRight(1u, -1)", "negative offset"),
    ]

    @Test(arguments: cases) func computes(_ test: LibraryCase) { test.check(.standard) }

    @Test func isNotOfKubernetes() {
        LibraryCase.refuses("math.ceil(1.2)").check(.kubernetes(36))
        LibraryCase.refuses("math.greatest(1, 2)").check(.kubernetes(36))
    }
}
