/// Which of many entries (policies, bindings) match a name: a row of bits for every name known at load, and for the others
/// the few patterns that fit.
///
/// A set of 1,000 entries has rows of 16 words, so that asking costs the same whether ten entries match or none do.
final class PatternIndex: Sendable {
    /// What one entry asks of a name.
    struct Entry: Hashable, Sendable {
        /// Nil means every name.
        var included: [Glob]?
        var excluded: [Glob] = []
    }

    /// The words of a row.
    let wordCount: Int

    private let known: NameTable
    private let rows: [UInt64]
    private let globs: GlobIndex

    /// - Parameters:
    ///   - entries: What each entry matches; an entry's bit is its place.
    ///   - names: Names that requests will ask for, beyond those that the entries spell out.
    init(_ entries: [Entry], names: [[UInt8]]) {
        wordCount = max(1, (entries.count + 63) / 64)
        globs = GlobIndex(entries, wordCount: wordCount)
        var all = names
        var seen = Set(names)
        for literal in globs.literals where seen.insert(literal).inserted { all.append(literal) }
        known = NameTable(all)
        var rows: [UInt64] = []
        rows.reserveCapacity(all.count * wordCount)
        for name in all {
            let fitting = globs.fitting(name.span)
            for word in 0..<wordCount { rows.append(globs.word(word, of: fitting)) }
        }
        self.rows = rows
    }

    /// What is known of one name: enough to ask for the words of its row.
    enum Match {
        /// The row of a known name.
        case row(Int)
        /// The globs that fit an unknown one.
        case globs(GlobIndex.Fitting)
    }

    func match(_ name: Span<UInt8>) -> Match {
        if let number = known.number(of: name) { return .row(number) }
        return .globs(globs.fitting(name))
    }

    /// The bits of 64 entries.
    @inline(__always)
    func word(_ word: Int, of match: Match) -> UInt64 {
        switch match {
        case .row(let number): rows[number &* wordCount &+ word]
        case .globs(let fitting): globs.word(word, of: fitting)
        }
    }
}

/// The patterns of all entries, found by their literal beginnings.
struct GlobIndex: Sendable {
    private struct Indexed: Sendable {
        let glob: Glob
        var included: [UInt64]
        var excluded: [UInt64]
    }

    private let globs: [Indexed]
    /// Entries without patterns.
    private let always: [UInt64]
    /// The literal beginnings of the globs, and under each which globs have it.
    private let prefixes: NameTable
    private let globsByPrefix: [[Int32]]
    private let prefixLengths: [Int]

    /// The globs that are names.
    var literals: [[UInt8]] {
        globs.filter(\.glob.isLiteral).map(\.glob.pattern)
    }

    init(_ entries: [PatternIndex.Entry], wordCount: Int) {
        let empty = [UInt64](repeating: 0, count: wordCount)
        var always = empty
        var numbers: [Glob: Int] = [:]
        var globs: [Indexed] = []
        func number(of glob: Glob) -> Int {
            if let number = numbers[glob] { return number }
            numbers[glob] = globs.count
            globs.append(Indexed(glob: glob, included: empty, excluded: empty))
            return globs.count - 1
        }
        for (bit, entry) in entries.enumerated() {
            if let patterns = entry.included {
                for glob in patterns { globs[number(of: glob)].included.insert(bit) }
            } else {
                always.insert(bit)
            }
            for glob in entry.excluded { globs[number(of: glob)].excluded.insert(bit) }
        }
        var byPrefix: [ArraySlice<UInt8>: [Int32]] = [:]
        for (number, indexed) in globs.enumerated() {
            byPrefix[indexed.glob.literalPrefix, default: []].append(Int32(number))
        }
        let sorted = byPrefix.sorted { $0.value[0] < $1.value[0] }
        prefixes = NameTable(sorted.map { Array($0.key) })
        globsByPrefix = sorted.map(\.value)
        prefixLengths = Set(sorted.map(\.key.count)).sorted()
        self.globs = globs
        self.always = always
    }

    /// The globs that fit one name.
    ///
    /// Four are more than people write for one; the rest go on the heap.
    struct Fitting {
        fileprivate var count = 0
        fileprivate var first = InlineArray<4, Int32>(repeating: 0)
        fileprivate var more: [Int32] = []

        fileprivate mutating func add(_ number: Int32) {
            if count < 4 {
                first[count] = number
                count += 1
            } else {
                more.append(number)
            }
        }
    }

    func fitting(_ name: Span<UInt8>) -> Fitting {
        var fitting = Fitting()
        for length in prefixLengths where length <= name.count {
            guard let prefix = prefixes.number(of: name.extracting(0..<length)) else { continue }
            for number in globsByPrefix[prefix] where globs[Int(number)].glob.matches(name) { fitting.add(number) }
        }
        return fitting
    }

    func word(_ word: Int, of fitting: Fitting) -> UInt64 {
        var included = always[word]
        var excluded: UInt64 = 0
        for index in 0..<fitting.count {
            let number = Int(fitting.first[index])
            included |= globs[number].included[word]
            excluded |= globs[number].excluded[word]
        }
        for number in fitting.more {
            included |= globs[Int(number)].included[word]
            excluded |= globs[Int(number)].excluded[word]
        }
        return included & ~excluded
    }
}

extension [UInt64] {
    mutating func insert(_ bit: Int) {
        self[bit / 64] |= 1 << UInt64(bit % 64)
    }
}
