/// Which of many entries (policies, bindings) match a name: a row of bits for every name known at load, and for the others
/// the few patterns that fit, found by their literal beginnings.
///
/// A set of 1,000 entries has rows of 16 words, so that asking costs the same whether ten entries match or none do.
struct PatternIndex: Sendable {
    /// What one entry asks of a name.
    struct Entry {
        /// Nil means every name.
        var included: [Glob]?
        var excluded: [Glob] = []
    }

    /// The words of a row.
    let wordCount: Int

    private let known: NameTable
    private var rows: [UInt64] = []
    /// Entries without patterns.
    private let always: [UInt64]
    private let globs: [IndexedGlob]
    /// The literal beginnings of the globs, and under each which globs have it.
    private let prefixes: NameTable
    private let globsByPrefix: [[Int32]]
    private let prefixLengths: [Int]

    private struct IndexedGlob: Sendable {
        let glob: Glob
        let included: [UInt64]
        let excluded: [UInt64]
    }

    /// - Parameters:
    ///   - entries: What each entry matches; an entry's bit is its place.
    ///   - names: Names that requests will ask for, beyond those that the entries spell out.
    init(_ entries: [Entry], names: [[UInt8]]) {
        let wordCount = max(1, (entries.count + 63) / 64)
        let empty = [UInt64](repeating: 0, count: wordCount)
        var always = empty
        var numbers: [Glob: Int] = [:]
        var globs: [Glob] = []
        var included: [[UInt64]] = []
        var excluded: [[UInt64]] = []
        func number(of glob: Glob) -> Int {
            if let number = numbers[glob] { return number }
            numbers[glob] = globs.count
            globs.append(glob)
            included.append(empty)
            excluded.append(empty)
            return globs.count - 1
        }
        for (bit, entry) in entries.enumerated() {
            if let patterns = entry.included {
                for glob in patterns { included[number(of: glob)].insert(bit) }
            } else {
                always.insert(bit)
            }
            for glob in entry.excluded { excluded[number(of: glob)].insert(bit) }
        }
        self.init(
            wordCount: wordCount,
            always: always,
            globs: globs.indices.map { IndexedGlob(glob: globs[$0], included: included[$0], excluded: excluded[$0]) },
            names: names
        )
    }

    private init(wordCount: Int, always: [UInt64], globs: [IndexedGlob], names: [[UInt8]]) {
        self.wordCount = wordCount
        self.always = always
        self.globs = globs

        var byPrefix: [ArraySlice<UInt8>: [Int32]] = [:]
        for (number, glob) in globs.enumerated() {
            byPrefix[glob.glob.literalPrefix, default: []].append(Int32(number))
        }
        let sorted = byPrefix.sorted { $0.value[0] < $1.value[0] }
        prefixes = NameTable(sorted.map { Array($0.key) })
        globsByPrefix = sorted.map(\.value)
        prefixLengths = Set(sorted.map(\.key.count)).sorted()

        var all = names
        var seen = Set(names)
        for glob in globs where glob.glob.isLiteral && seen.insert(glob.glob.pattern).inserted {
            all.append(glob.glob.pattern)
        }
        known = NameTable(all)
        var rows: [UInt64] = []
        rows.reserveCapacity(all.count * wordCount)
        for name in all {
            let match = matchUnknown(name.span)
            for word in 0..<wordCount { rows.append(self.word(word, of: match)) }
        }
        self.rows = rows
    }

    /// What is known of one name: enough to ask for the words of its row.
    enum Match {
        /// The row of a known name.
        case row(Int)
        /// The globs that fit an unknown one. Four of them are more than people write; the rest go on the heap.
        case globs(count: Int, InlineArray<4, Int32>, more: [Int32])
    }

    func match(_ name: Span<UInt8>) -> Match {
        if let number = known.number(of: name) { return .row(number) }
        return matchUnknown(name)
    }

    /// The number of a name that the index was made with.
    func match(known number: Int) -> Match { .row(number) }

    private func matchUnknown(_ name: Span<UInt8>) -> Match {
        var found = InlineArray<4, Int32>(repeating: 0)
        var count = 0
        var more: [Int32] = []
        for length in prefixLengths where length <= name.count {
            guard let prefix = prefixes.number(of: name.extracting(0..<length)) else { continue }
            for number in globsByPrefix[prefix] where globs[Int(number)].glob.matches(name) {
                if count < 4 { found[count] = number } else { more.append(number) }
                count += 1
            }
        }
        return .globs(count: min(count, 4), found, more: more)
    }

    /// The bits of 64 entries.
    @inline(__always)
    func word(_ word: Int, of match: Match) -> UInt64 {
        switch match {
        case .row(let number): return rows[number &* wordCount &+ word]
        case .globs(let count, let found, let more):
            var included = always[word]
            var excluded: UInt64 = 0
            for index in 0..<count {
                included |= globs[Int(found[index])].included[word]
                excluded |= globs[Int(found[index])].excluded[word]
            }
            for number in more {
                included |= globs[Int(number)].included[word]
                excluded |= globs[Int(number)].excluded[word]
            }
            return included & ~excluded
        }
    }
}

extension [UInt64] {
    mutating func insert(_ bit: Int) {
        self[bit / 64] |= 1 << UInt64(bit % 64)
    }

    mutating func remove(_ bit: Int) {
        self[bit / 64] &= ~(1 << UInt64(bit % 64))
    }
}
