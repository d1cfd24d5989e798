import CEL
import Testing

@Suite struct StringFormatTests {
    static let standard: [LibraryCase] = [
        .gives("'%% and %%'.format([])", "'% and %'"),
        .gives(
            "'%s %d %f %e %x %X %o %b'.format(['a', 1, 1.5, 1.5, 255, 255, 8, 5])",
            "'a 1 1.500000 1.500000e+00 ff FF 10 101'"
        ),
        .gives("'%.3f|%.0f|%.0f|%.2e'.format([1.2345, 2.5, 3.5, 123456.0])", "'1.234|2|4|1.23e+05'"),
        .gives("'%f %e'.format([2, 3u])", "'2.000000 3.000000e+00'"),
        .gives("'%d %d'.format([2.5, double('Infinity')])", "'2.5 Infinity'"),
        .gives("'%f %e'.format([double('-Infinity'), double('NaN')])", "'-Infinity NaN'"),
        .gives("'%d'.format([1e21])", "'1000000000000000000000'"),
        .gives("'%s'.format([1e-9])", "'0.000000001'"),
        .gives("'%x %x %X'.format(['Hello', b'\\x00\\xff', -30])", "'48656c6c6f 00ff -1E'"),
        .gives("'%b %b %o'.format([true, -5, -11])", "'1 -101 -13'"),
        .gives(
            "'%s'.format([['abc', 3.14, null, [9u], timestamp('2023-02-03T23:31:20Z')]])",
            "'[abc, 3.14, null, [9], 2023-02-03T23:31:20Z]'"
        ),
        .gives("'%s'.format([{'b': duration('2h'), 'a': b'xyz', 'c': true}])", "'{a: xyz, b: 7200s, c: true}'"),
        .gives("'%s'.format([type('')])", "'string'"),
        .fails("dyn('%s %s').format(['a'])", "index 1 out of range"),
        .fails("dyn('%').format([1])", "unexpected end of string"),
        .fails("dyn('%a').format([1])", "unrecognized formatting clause \"a\""),
        .fails("dyn('%.').format([1])", "could not find end of precision specifier"),
        .fails("dyn('%.f').format([1.0])", "precision"),
        .fails("dyn('%.101f').format([1.0])", "the maximum, which is 100"),
        .fails("dyn('%.99999999999999999999f').format([1.0])", "the maximum, which is 100"),
        .fails(
            "'%d'.format([dyn('x')])",
            "decimal clause can only be used on ints, uints, and doubles, was given string"
        ),
        .fails("'%x'.format([dyn(0.5)])", "formatted as hex, was given double"),
        .fails("'%s'.format([dyn(optional.none())])", "string clause can only be used on strings"),
    ]

    @Test(arguments: standard) func standardWrites(_ test: LibraryCase) { test.check(.standard) }

    /// What cel-go writes with its version 2 of the library, by its own tests.
    static let kubernetes: [LibraryCase] = [
        .gives("'%.6e'.format([1052.032911275])", "'1.052033×10⁰³'"),
        .gives("'%e'.format([2.71828])", "'2.718280×10⁰⁰'"),
        .gives("'%e'.format([-0.00123])", "'-1.230000×10⁻⁰³'"),
        .gives("'%.20e'.format([1.5])", "'       1.500000×10⁰⁰'"),
        .gives("'%e|%e|%.0e'.format([double('Infinity'), double('NaN'), double('NaN')])", "'     ∞|   NaN|NaN'"),
        .gives("'%.3f'.format([1.2345])", "'1.234'"),
        .gives("'%f'.format([2.71828])", "'2.718280'"),
        .gives("'%.2f %.1f %.0f'.format([1234567.891, -1234.5, 999.9])", "'1,234,567.89 -1,234.5 1,000'"),
        .gives("'%f %f %f'.format(['NaN', 'Infinity', '-Infinity'])", "'NaN ∞ -∞'"),
        .gives("'%s %s'.format([2.71, 0.000000002])", "'2.71 2e-09'"),
        .gives("'%s'.format([[2.71, 0.000000002]])", "'[2.710000, 0.000000]'"),
        .gives("'%s %s'.format([double('Inf'), [double('NaN'), double('-Inf')]])", "'+Inf [\"NaN\", \"-Inf\"]'"),
        .gives(
            "'%s'.format([['abc', dyn(3.14), dyn(null), dyn([9, 8]), dyn(timestamp('2023-02-03T23:31:20Z'))]])",
            "'[\"abc\", 3.140000, null, [9, 8], timestamp(\"2023-02-03T23:31:20Z\")]'"
        ),
        .gives(
            "'%s'.format([{'k1': dyn(b'xyz'), 'k3': dyn(null), 'k2': dyn(duration('2h'))}])",
            "'{\"k1\":b\"xyz\", \"k2\":duration(\"7200s\"), \"k3\":null}'"
        ),
        .gives("'%s'.format([{dyn(1): 'v', dyn(2u): 'w', dyn(true): 'x'}])", "'{1:\"v\", 2:\"w\", true:\"x\"}'"),
        .gives(#"'%s'.format([['a\n\a"\\\u00e9\u200b']])"#, #"'["a\\n\\a\\"\\\\é\\u200b"]'"#),
        .fails("'%d'.format([dyn(1.5)])", "decimal clause can only be used on integers, was given double"),
        .fails("'%f'.format([dyn(1)])", "fixed-point clause can only be used on doubles, was given int"),
        .fails("'%f'.format(['x'])", "fixed-point clause can only be used on doubles, was given string"),
        .fails("'%s'.format([b'\\xff'])", "invalid UTF-8"),
        .refuses("'%d'.format([1.5])", "decimal clause can only be used on integers, was given double"),
        .refuses("'%s'.format([1, 2])", "too many arguments supplied to string.format (expected 1, got 2)"),
        .refuses("'%d %d'.format([1])", "index 1 out of range"),
        .refuses("'%E'.format([1.0])", "unrecognized formatting clause \"E\""),
        // The elements of the list need not be of one type.
        .gives("'%d %s'.format([1, 'a'])", "'1 a'"),
    ]

    @Test(arguments: kubernetes) func kubernetesWrites(_ test: LibraryCase) { test.check(.kubernetes(36)) }
}
