import TestSupport

/// Makes of well-formed texts others that are nearly so.
struct Mutator {
    private let seeds: [[UInt8]]
    private var random: SplitMix64

    /// Short texts that hold what reviews have little of.
    private static let shorts: [String] = [
        #"{"a":[1,-0,0.5,1e3,-1.25E-7,9223372036854775807,-9223372036854775808],"b":{"c":null,"d":true,"e":false}}"#,
        #"["\"\\\/\b\f\n\r\t","\u0000\u001f\u007f\u00e9\u20ac\ud83d\ude00","é€😀","",{"":""}]"#,
        #"{"\u0061":1,"aa":2,"aaaaaaaa":3,"aaaaaaaaa":4,"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":5}"#,
        #"[18446744073709551615,9223372036854775808,12345678901234567890,1.7976931348623157e308,2.2250738585072014e-308,5e-324]"#,
        "[ 1 ,\t2\r\n, [ ] , { } , [ { \"a\" : [ ] } ] ]\n",
        #"{"k0":0,"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8,"k9":9,"k10":0,"k11":1,"k12":2,"k13":3,"k14":4,"k15":5,"k16":6,"k17":7}"#,
        "\"plain\"", "-12.5e+3", "null", "[[[[[[[[[[]]]]]]]]]]",
    ]

    /// What is put in.
    private static let tokens: [[UInt8]] =
        [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u0000", "\\x",
            "null",
            "true", "false", "nul", "0", "00", "-", "-0", "1", ".5", "5.", "1e400", "-1e400", "1e-400", "1E+2", "+1",
            "1e",
            "18446744073709551616", "9223372036854775808", "-9223372036854775809", "0.1", "\"a\":1,", "\"\":0,", "[]",
            "{}", " ",
            "\t", "\n", "\r", "\u{feff}", "é", "😀", "/", "//", "NaN", "Infinity", "'",
        ].map { Array($0.utf8) } + [
            [0x00], [0x1f], [0x7f], [0x80], [0xbf], [0xc0, 0x80], [0xc1, 0xbf], [0xc2], [0xe0, 0x80, 0x80],
            [0xe0, 0xa0, 0x80],
            [0xed, 0x9f, 0xbf], [0xed, 0xa0, 0x80], [0xef, 0xbf, 0xbf], [0xf0, 0x80, 0x80, 0x80],
            [0xf0, 0x90, 0x80, 0x80],
            [0xf4, 0x8f, 0xbf, 0xbf], [0xf4, 0x90, 0x80, 0x80], [0xf5], [0xff],
        ]

    init(reviews: [[UInt8]], seed: UInt64) {
        // Three texts in four are short: a mutation tells more there.
        let shorts = Self.shorts.map { Array($0.utf8) }
        seeds = reviews + Array(repeatElement(shorts, count: max(1, reviews.count * 3 / shorts.count)).joined())
        random = SplitMix64(seed: seed)
    }

    /// The next text.
    mutating func next() -> [UInt8] {
        var text = seeds[pick(seeds.count)]
        for _ in 0...pick(3) { mutate(&text) }
        return text
    }

    private mutating func mutate(_ text: inout [UInt8]) {
        let place = pick(text.count + 1)
        let end = min(text.count, place + 1 + pick(12))
        switch pick(8) {
        case 0 where place < text.count: text[place] ^= 1 << UInt8(pick(8))
        case 1 where place < text.count: text[place] = UInt8(pick(256))
        case 2: text.removeSubrange(place..<max(place, end))
        case 3 where place < end: text.insert(contentsOf: Array(text[place..<end]), at: place)
        case 4: text.removeLast(text.count - place)
        case 5 where place < end:
            let other = seeds[pick(seeds.count)]
            let start = pick(other.count)
            text.replaceSubrange(place..<end, with: other[start..<min(other.count, start + 1 + pick(24))])
        default: text.insert(contentsOf: Self.tokens[pick(Self.tokens.count)], at: place)
        }
    }

    private mutating func pick(_ count: Int) -> Int {
        count < 2 ? 0 : Int(random.next() % UInt64(count))
    }
}
