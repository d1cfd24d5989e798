/// Regions by their normalised names.
struct RegionTable: Sendable {
    private let regions: [String: Region]

    init(_ bytes: [UInt8]) throws(TableError) {
        var reader = try TableReader("regions.tsv", bytes[...], columns: ["name", "display", "class", "source"])
        let classes = WordList<Region.Class>()
        var regions: [String: Region] = [:]
        while try reader.next() {
            let region = Region(
                name: try reader.name(0),
                displayName: try reader.name(1),
                class: try reader.word(2, of: classes)
            )
            guard Region.normalise(region.name) == region.name else {
                throw reader.error(at: 0, "name is \"\(region.name)\"; expected small letters without spaces")
            }
            guard Region.normalise(region.displayName) == region.name else {
                throw reader.error(
                    at: 1,
                    "display is \"\(region.displayName)\", which is not \(region.name) when normalised"
                )
            }
            guard regions.updateValue(region, forKey: region.name) == nil else {
                throw reader.error(at: 0, "\(region.name) is listed twice")
            }
        }
        self.regions = regions
    }

    subscript(name: String) -> Region? { regions[Region.normalise(name)] }

    var all: [Region] { regions.values.sorted { $0.name < $1.name } }
}

extension AzureTables {
    /// The region of a name in any spelling; nil if the tables do not know it, which does not mean that there is none.
    public func region(_ name: String) -> Region? { regionTable[name] }

    /// All regions that the tables know, by name.
    public var regions: [Region] { regionTable.all }
}
