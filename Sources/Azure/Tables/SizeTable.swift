public import JSON

/// How many vCores and how much memory names of SKUs and machine sizes stand for.
struct SizeTable: Sendable {
    private struct Row: Sendable {
        let vCores: Int?
        let memory: Memory?
    }

    /// Gigabytes of a size or, of a family of sizes, for each vCore.
    private struct Memory: Sendable {
        let amount: Double
        let maximum: Double
    }

    /// By scope (`vm`, or `group/Kind`) and name, both in small letters, with a tab between; a family's name has a `#` for the
    /// number.
    private let rows: [String: Row]
    /// The scopes, in small letters, that have a row with vCores, and with memory.
    private let scopesWithVCores: Set<String>
    private let scopesWithMemory: Set<String>
    /// The names of the scope `vm` as they are written, in order.
    private let machineNames: [String]

    init(_ bytes: [UInt8]) throws(TableError) {
        var reader = try TableReader(
            "sizes.tsv",
            bytes[...],
            columns: ["scope", "names", "vCores", "memoryGB", "source"]
        )
        var rows: [String: Row] = [:]
        var (scopesWithVCores, scopesWithMemory): (Set<String>, Set<String>) = ([], [])
        var machineNames: [String] = []
        while try reader.next() {
            let scope = try reader.name(0)
            let names = try reader.name(1).split(separator: " ")
            let isFamily = names.first?.contains("#") == true
            let row = Row(vCores: try Self.vCores(reader, isFamily), memory: try Self.memory(reader, isFamily))
            guard row.vCores != nil || row.memory != nil else {
                throw reader.error(at: 2, "neither vCores nor memoryGB is known; remove the row")
            }
            _ = try reader.name(4)
            if row.vCores != nil { scopesWithVCores.insert(scope.lowercased()) }
            if row.memory != nil { scopesWithMemory.insert(scope.lowercased()) }
            for name in names {
                guard name.contains("#") == isFamily else {
                    throw reader.error(at: 1, "\(reader.text(1)) are sizes and families of sizes; make a row of each")
                }
                guard rows.updateValue(row, forKey: Self.key(scope, String(name))) == nil else {
                    throw reader.error(at: 1, "\(name) is listed twice for \(scope)")
                }
                if scope == "vm" { machineNames.append(String(name)) }
            }
        }
        self.rows = rows
        self.scopesWithVCores = scopesWithVCores
        self.scopesWithMemory = scopesWithMemory
        self.machineNames = machineNames.sorted()
    }

    private static func vCores(_ reader: TableReader, _ isFamily: Bool) throws(TableError) -> Int? {
        let text = reader.text(2)
        if text == "-" { return nil }
        guard !isFamily, let vCores = Int(text), vCores > 0 else {
            throw reader.error(
                at: 2,
                "vCores is \"\(text)\"; expected \(isFamily ? "" : "a whole number above 0, or ")-"
            )
        }
        return vCores
    }

    private static func memory(_ reader: TableReader, _ isFamily: Bool) throws(TableError) -> Memory? {
        let text = reader.text(3)
        if text == "-" { return nil }
        let words = text.split(separator: " ")
        let numbers = words.enumerated().compactMap { $0.offset == 1 ? nil : Double(String($0.element)) }
        guard
            words.count == 1 || (isFamily && words.count == 3 && words[1] == "max"),
            numbers.count == (words.count + 1) / 2,
            numbers.allSatisfy({ $0 > 0 && $0 < 1e6 }), let first = numbers.first, let last = numbers.last
        else {
            throw reader.error(at: 3, "memoryGB is \"\(text)\"; expected a number, a family's \"8 max 432\", or -")
        }
        return Memory(amount: first, maximum: words.count == 1 ? .infinity : last)
    }

    private static func key(_ scope: String, _ name: String) -> String {
        scope.lowercased() + "\t" + name.lowercased()
    }
}

// MARK: Machines

extension SizeTable {
    /// The name of a machine size without what is said around it, in small letters; nil if it is none.
    private func machine(_ name: String) -> String? {
        // A name with a # would be taken for a family.
        guard let start = name.firstRange(of: "standard_") ?? name.firstRange(of: "basic_"), !name.contains("#") else {
            return nil
        }
        // `Dev(No SLA)_Standard_E2a_v4`, `Standard_DS13_v2+1TB_PS`: Data Explorer decorates.
        var size = name[start...].prefix { $0 != "+" }
        if let dash = size.firstIndex(of: "-") {
            size = size[..<dash] + size[dash...].dropFirst().drop { $0.isNumber }
        }
        return String(size)
    }

    /// The vCores of a machine size: from the table, else the number in the name.
    ///
    /// Sizes with fewer active cores (`Standard_E16-4s_v5`) count as the full one: that is what they cost.
    func vCores(ofMachine name: String) -> Int? {
        machine(name).flatMap { vCores(ofPlain: $0) }
    }

    private func vCores(ofPlain size: String) -> Int? {
        if let known = rows["vm\t" + size]?.vCores { return known }
        guard let family = size.split(separator: "_").dropFirst().first else { return nil }
        let digits = family.drop { !$0.isNumber }.prefix { $0.isNumber }
        return family.first?.isNumber == false ? Int(digits).flatMap { $0 > 0 ? $0 : nil } : nil
    }

    /// The gigabytes of memory of a machine size: from its row, else from that of its family.
    func memoryGB(ofMachine name: String) -> Double? {
        guard let size = machine(name) else { return nil }
        if let known = rows["vm\t" + size]?.memory { return known.amount }
        let head = size.prefix { !$0.isNumber }
        let tail = size.dropFirst(head.count).drop { $0.isNumber }
        guard let family = rows["vm\t" + head + "#" + tail]?.memory, let vCores = vCores(ofPlain: size) else {
            return nil
        }
        return min(family.amount * Double(vCores), family.maximum)
    }
}

// MARK: Names of machines

extension SizeTable {
    /// Whether a row tells a machine size, in small letters, or its family; those with fewer active cores aside.
    func knows(machine name: String) -> Bool {
        guard !name.contains("#") else { return false }
        if rows["vm\t" + name] != nil { return true }
        let head = name.prefix { !$0.isNumber }
        let rest = name.dropFirst(head.count)
        let tail = rest.drop { $0.isNumber }
        return rest.count > tail.count && rows["vm\t" + head + "#" + tail] != nil
    }

    /// The machine sizes of the table, its families with each of some numbers of cores; in order.
    func machines(numbers: [String]) -> [String] {
        machineNames.flatMap { name in
            name.contains("#") ? numbers.map { number in name.replacing("#", with: number) } : [name]
        }
    }
}

// MARK: Models of vCores

extension SizeTable {
    /// The vCores of an SKU in the vCore model; a number in the name and the capacity mean the same, and the larger counts.
    func vCores(ofModel name: String, capacity: Int?) -> Int? {
        let words = name.split(separator: "_")
        guard words.count >= 2, let model = words.first, ["gp", "bc", "hs", "mo", "b"].contains(model) else {
            return nil
        }
        let named = words.last.flatMap { Int($0) }
        guard let named else { return capacity }
        return max(named, capacity ?? 0)
    }

    /// The gigabytes of memory of an SKU in the vCore model of a kind.
    func memoryGB(ofModel name: String, capacity: Int?, of kind: AzureKind) -> Double? {
        var family = name
        if let end = name.lastIndex(of: "_"), Int(name[end...].dropFirst()) != nil { family = String(name[..<end]) }
        guard let row = rows[Self.key(kind.description, family + "_#")]?.memory,
            let vCores = vCores(ofModel: name, capacity: capacity)
        else { return nil }
        return row.amount * Double(vCores)
    }
}

// MARK: Names of one kind

extension SizeTable {
    func knowsVCores(of kind: AzureKind) -> Bool { scopesWithVCores.contains(kind.description.lowercased()) }

    func knowsMemory(of kind: AzureKind) -> Bool { scopesWithMemory.contains(kind.description.lowercased()) }

    func vCores(of kind: AzureKind, _ name: String) -> Int? {
        rows[Self.key(kind.description, name)]?.vCores
    }

    func memoryGB(of kind: AzureKind, _ name: String) -> Double? {
        rows[Self.key(kind.description, name)]?.memory?.amount
    }
}

extension String {
    fileprivate func firstRange(of word: String) -> String.Index? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(word) { return start }
            start = index(after: start)
        }
        return nil
    }
}

// MARK: Questions

extension AzureTables {
    /// How many vCores one unit of an SKU has: one machine of a pool, one instance of a plan, the whole database.
    ///
    /// - Returns: nil if the SKU's name is absent or does not tell.
    public func vCores(of sku: SKU, of kind: AzureKind, in document: JSONDocument) -> Int? {
        guard let name = sku.name, let text = document.smallLetters(of: name) else { return nil }
        return vCores(named: text, capacity: sku.units(in: document), insteadOf: sku, of: kind)
    }

    /// How many vCores one unit would have under another name.
    ///
    /// - Parameters:
    ///   - name: The other name, in small letters.
    ///   - capacity: The units of the SKU, which count in the vCore model only.
    ///   - sku: The SKU in whose place the name would stand.
    ///   - kind: The kind of the resource.
    /// - Returns: nil if the name does not tell.
    public func vCores(named name: String, capacity: Int?, insteadOf sku: SKU, of kind: AzureKind) -> Int? {
        switch sku.name?.sense {
        case .machine: sizes.vCores(ofMachine: name)
        case .vCoreModel: sizes.vCores(ofModel: name, capacity: capacity)
        default: sizes.vCores(of: kind, name)
        }
    }

    /// Whether the tables tell the vCores of some of a kind's own SKUs, machine sizes aside.
    public func knowsVCores(of kind: AzureKind) -> Bool { sizes.knowsVCores(of: kind) }

    /// Whether the tables tell the memory of some of a kind's own SKUs, machine sizes aside.
    public func knowsMemory(of kind: AzureKind) -> Bool { sizes.knowsMemory(of: kind) }

    /// How many gigabytes of memory one unit of an SKU has.
    ///
    /// - Returns: nil if the SKU's name is absent or the tables do not know its size.
    public func memoryGB(of sku: SKU, of kind: AzureKind, in document: JSONDocument) -> Double? {
        guard let name = sku.name, let text = document.smallLetters(of: name) else { return nil }
        switch name.sense {
        case .machine: return sizes.memoryGB(ofMachine: text)
        case .vCoreModel: return sizes.memoryGB(ofModel: text, capacity: sku.units(in: document), of: kind)
        default:
            if let known = sizes.memoryGB(of: kind, text) { return known }
            // A Redis cache's size is its family and its capacity.
            guard let family = sku.family.flatMap({ document.smallLetters(of: $0) }),
                let units = sku.units(in: document)
            else { return nil }
            return sizes.memoryGB(of: kind, "\(family)\(units)")
        }
    }
}

extension SKU {
    fileprivate func units(in document: JSONDocument) -> Int? {
        capacity?.value.flatMap(document.int).flatMap(Int.init(exactly:))
    }
}

extension JSONDocument {
    fileprivate func smallLetters(of place: Occurrence) -> String? {
        place.value.flatMap { string($0) }?.lowercased()
    }
}
