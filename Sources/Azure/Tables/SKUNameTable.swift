/// All names that parts of kinds' SKUs can have, where they are known to be all.
struct SKUNameTable: Sendable {
    /// By `group/Kind` and part, with a tab between.
    private let rows: [String: [String]]

    /// Reads the table; with `skipsUnknown` without the rows whose kind or part the other tables do not have.
    init(
        _ bytes: [UInt8],
        _ builder: TableBuilder,
        _ program: FacetProgram,
        skipsUnknown: Bool
    ) throws(TableError) {
        var reader = try TableReader("skus.tsv", bytes[...], columns: ["group", "kind", "part", "names", "source"])
        let parts = WordList<Facet.Part>()
        var rows: [String: [String]] = [:]
        while try reader.next() {
            if skipsUnknown, !builder.knows(reader) { continue }
            let root = try builder.root(reader)
            let part = try reader.word(2, of: parts)
            guard [.name, .tier, .family, .size].contains(part), program.skuSenses(of: part, below: root) != [] else {
                if skipsUnknown { continue }
                throw reader.error(at: 2, "\(reader.text(2)) is no part of the kind's SKUs: facets.tsv has no such row")
            }
            let names = try reader.name(3).split(separator: "|", omittingEmptySubsequences: false).map(String.init)
            guard !names.contains(""), Set(names.map { $0.lowercased() }).count == names.count else {
                throw reader.error(at: 3, "names are empty or listed twice")
            }
            _ = try reader.name(4)
            guard rows.updateValue(names, forKey: Self.key(reader.text(0) + "/" + reader.text(1), part)) == nil else {
                throw reader.error(at: 2, "\(reader.text(2)) is listed twice")
            }
        }
        self.rows = rows
    }

    fileprivate func names(of kind: AzureKind, _ part: Facet.Part) -> [String]? {
        rows[Self.key(kind.description, part)]
    }

    private static func key(_ kind: String, _ part: Facet.Part) -> String { kind + "\t" + part.rawValue }
}

extension FacetProgram {
    /// How the paths below a node read that keep a part of SKUs; empty if none does.
    fileprivate func skuSenses(of part: Facet.Part, below root: Int32) -> Set<Facet.Sense> {
        var senses: Set<Facet.Sense> = []
        var rest = [root]
        while let index = rest.popLast() {
            let node = nodes[Int(index)]
            guard node.facets & Facet.sku.bit != 0 else { continue }
            var leaf = node.firstLeaf
            while leaf >= 0 {
                let found = leaves[Int(leaf)]
                if found.facet == .sku, found.part == part { senses.insert(found.sense) }
                leaf = found.next
            }
            rest += children(of: index)
        }
        return senses
    }
}

// MARK: Questions

/// What names a part of the SKUs of some kinds can have.
public struct SKUVocabulary: Sendable {
    /// The names that are listed, as Azure writes them.
    public internal(set) var names: [String] = []

    /// Whether the names of machine sizes are among them.
    public internal(set) var hasMachines = false

    /// Whether there may be names that nobody has listed.
    public internal(set) var isOpen = false

    /// Whether no kind has such a part.
    public var isEmpty: Bool { names.isEmpty && !hasMachines && !isOpen }
}

extension AzureTables {
    /// The names that a part of the SKUs of any of some kinds can have.
    ///
    /// - Parameters:
    ///   - part: `name`, `tier`, `family` or `size`.
    ///   - kinds: The kinds of the resources.
    ///   - machines: Whether it is sizes of machines alone, or all SKUs but them; nil if it is all.
    /// - Returns: Names that are listed and, where any of the kinds has others, that there are such.
    public func skuVocabulary(of part: Facet.Part, in kinds: [AzureKind], machines: Bool? = nil) -> SKUVocabulary {
        var result = SKUVocabulary()
        var seen: Set<String> = []
        for kind in kinds where kind.facets.contains(.sku) {
            var senses = kind.program.skuSenses(of: part, below: kind.root)
            if part == .name, let machines { senses = senses.filter { ($0 == .machine) == machines } }
            guard !senses.isEmpty else { continue }
            if senses.contains(.machine) { result.hasMachines = true }
            if let names = skuNames.names(of: kind, part) {
                result.names += names.filter { seen.insert($0.lowercased()).inserted }
            } else if senses != [.machine] {
                // Nothing that is listed of other kinds matters any more.
                result.isOpen = true
                return result
            }
        }
        return result
    }

    /// Whether a name can be that of a machine size.
    ///
    /// Sizes are added all the time, so that every name counts that is made as Azure makes them, such as `Standard_D4s_v9`:
    /// letters, vCores, those that are active, features, accelerators and a version. One with the letters of a known size in
    /// another order (`Standard_D4sd_v5`) does not.
    public func isMachineSize(_ name: String) -> Bool {
        let name = name.lowercased()
        if sizes.knows(machine: name) { return true }
        guard Self.isMadeAsMachineSize(name) else { return false }
        let letters = name.lettersInAnyOrder
        return !machineSizes(like: name).contains { $0.lettersInAnyOrder == letters }
    }

    /// The machine sizes that the tables know: of families those with a number of vCores that a name says or, of a pattern,
    /// that is usual.
    public func machineSizes(like name: String) -> [String] {
        var numbers = name.utf8.contains(UInt8(ascii: "*")) ? ["2", "4", "8", "16", "32", "64"] : []
        for word in name.utf8.split(whereSeparator: { !$0.isASCIIDigit }).prefix(4) {
            let number = String(Substring(word))
            if !numbers.contains(number), word.count <= 4 { numbers.append(number) }
        }
        return sizes.machines(numbers: numbers)
    }

    private static func isMadeAsMachineSize(_ name: String) -> Bool {
        let words = name.utf8.split(separator: UInt8(ascii: "_"), maxSplits: 5, omittingEmptySubsequences: false)
        guard (2...5).contains(words.count), words[0].elementsEqual("standard".utf8) else { return false }
        let family = words[1].drop { $0.isASCIILetter }
        let cores = family.drop { $0.isASCIIDigit }
        guard family.count < words[1].count, cores.count < family.count else { return false }
        var features = cores
        if features.first == UInt8(ascii: "-") {
            features = features.dropFirst().drop { $0.isASCIIDigit }
            guard features.count < cores.count - 1 else { return false }
        }
        guard features.allSatisfy({ $0.isASCIILetter && $0 != UInt8(ascii: "v") }) else { return false }
        guard words.allSatisfy({ !$0.isEmpty && $0.allSatisfy { $0.isASCIIAlphanumeric || $0 == UInt8(ascii: "-") } })
        else { return false }
        guard words.count > 2, let last = words.last else { return true }
        let isVersion =
            last.count > 1 && last.first == UInt8(ascii: "v") && last.dropFirst().allSatisfy { $0.isASCIIDigit }
        return isVersion || last.elementsEqual("promo".utf8)
    }
}

extension String {
    /// What a name keeps when its letters change places or what stands between its words is forgotten: its letters, small
    /// and sorted, and its numbers in their order.
    package var lettersInAnyOrder: [UInt8] {
        var letters: [UInt8] = []
        var numbers: [UInt8] = []
        for byte in utf8 {
            if byte.isASCIIDigit {
                numbers.append(byte)
            } else {
                if numbers.last?.isASCIIDigit == true { numbers.append(UInt8(ascii: " ")) }
                if byte != UInt8(ascii: "_"), byte != UInt8(ascii: "-") { letters.append(byte.asciiLowercased) }
            }
        }
        return letters.sorted() + numbers
    }
}
