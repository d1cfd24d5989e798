public import JSON

/// How many vCores names of SKUs and machine sizes stand for.
struct SizeTable: Sendable {
    /// By scope (`vm`, or `group/Kind`) and name, both in small letters, with a tab between.
    private let sizes: [String: Int]

    init(_ bytes: [UInt8]) throws(TableError) {
        var reader = try TableReader("sizes.tsv", bytes[...], columns: ["scope", "name", "vCores", "source"])
        var sizes: [String: Int] = [:]
        while try reader.next() {
            let key = Self.key(try reader.name(0), try reader.name(1))
            guard let vCores = Int(reader.text(2)), vCores > 0 else {
                throw reader.error(at: 2, "vCores is \"\(reader.text(2))\"; expected a whole number above 0")
            }
            guard sizes.updateValue(vCores, forKey: key) == nil else {
                throw reader.error(at: 1, "\(reader.text(1)) is listed twice for \(reader.text(0))")
            }
        }
        self.sizes = sizes
    }

    /// The vCores of a machine size: from the table, else the number in the name.
    ///
    /// Sizes with fewer active cores (`Standard_E16-4s_v5`) count as the full one: that is what they cost.
    func vCores(ofMachine name: String) -> Int? {
        guard let start = name.firstRange(of: "standard_") ?? name.firstRange(of: "basic_") else { return nil }
        // `Dev(No SLA)_Standard_E2a_v4`, `Standard_DS13_v2+1TB_PS`: Data Explorer decorates.
        var size = name[start...].prefix { $0 != "+" }
        if let dash = size.firstIndex(of: "-") {
            size = size[..<dash] + size[dash...].dropFirst().drop { $0.isNumber }
        }
        if let known = sizes["vm\t" + size] { return known }
        guard let family = size.split(separator: "_").dropFirst().first else { return nil }
        let digits = family.drop { !$0.isNumber }.prefix { $0.isNumber }
        return family.first?.isNumber == false ? Int(digits).flatMap { $0 > 0 ? $0 : nil } : nil
    }

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

    func vCores(of kind: AzureKind, _ name: String) -> Int? {
        sizes[Self.key(kind.group + "/" + kind.kind, name)]
    }

    private static func key(_ scope: String, _ name: String) -> String {
        scope.lowercased() + "\t" + name.lowercased()
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

extension AzureTables {
    /// How many vCores one unit of an SKU has: one machine of a pool, one instance of a plan, the whole database.
    ///
    /// - Returns: nil if the SKU's name is absent or does not tell.
    public func vCores(of sku: SKU, of kind: AzureKind, in document: JSONDocument) -> Int? {
        guard let name = sku.name, let value = name.value, let text = document.string(value)?.lowercased() else {
            return nil
        }
        switch name.sense {
        case .machine:
            return sizes.vCores(ofMachine: text)
        case .vCoreModel:
            let capacity = sku.capacity?.value.flatMap(document.int).flatMap(Int.init(exactly:))
            return sizes.vCores(ofModel: text, capacity: capacity)
        default:
            return sizes.vCores(of: kind, text)
        }
    }
}
