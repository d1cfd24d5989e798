/// Puts the rows of the table files together.
struct TableBuilder {
    /// What names a kind: `group/Kind`.
    private typealias Key = String

    private var rows: [KindRow] = []
    private var places: [Key: Int] = [:]
    private var roots: [Int32] = []
    private var program = FacetProgramBuilder()
    private let generalRoot: Int32
    private let scopes = WordList<AzureKind.Scope>()
    private let facets = WordList<Facet>()
    private let parts = WordList<Facet.Part>()
    private let absences = WordList<FacetProgram.Absence>()
    private let senses = WordList<Facet.Sense>()

    init() {
        generalRoot = program.addRoot()
    }

    mutating func readKinds(_ bytes: [UInt8]) throws(TableError) {
        var reader = try TableReader(
            "kinds.tsv",
            bytes[...],
            columns: [
                "group", "kind", "plural", "versions", "newest", "armType", "armVersion", "scope", "owners",
                "azureName",
            ]
        )
        while try reader.next() {
            var row = KindRow(group: try reader.name(0), kind: try reader.name(1))
            row.plural = try reader.name(2)
            row.versions = words(try reader.name(3))
            row.newestVersion = try reader.name(4)
            guard row.versions.contains(row.newestVersion) else {
                throw reader.error(at: 4, "newest is \"\(row.newestVersion)\", which is not among the versions")
            }
            row.armType = optional(try reader.name(5))
            row.armAPIVersion = optional(try reader.name(6))
            row.scope = try reader.word(7, of: scopes)
            row.ownerKinds = optional(try reader.name(8)).map(words) ?? []
            row.azureName = try azureName(reader)
            let key = row.group + "/" + row.kind
            guard places.updateValue(rows.count, forKey: key) == nil else {
                throw reader.error(at: 1, "\(key) is listed twice")
            }
            guard rows.count < Int(UInt16.max) else { throw reader.error(at: 0, "more than \(UInt16.max) kinds") }
            rows.append(row)
            roots.append(program.addRoot())
        }
    }

    mutating func readFacets(_ file: String, _ bytes: [UInt8], hasVersions: Bool) throws(TableError) {
        let columns =
            ["group", "kind"] + (hasVersions ? ["version"] : []) + [
                "path", "facet", "part", "absence", "sense", "note",
            ]
        var reader = try TableReader(file, bytes[...], columns: columns)
        let shift = hasVersions ? 1 : 0
        // Rows of a kind follow each other.
        var last: (group: ArraySlice<UInt8>, kind: ArraySlice<UInt8>, root: Int32)?
        while try reader.next() {
            let (group, kind) = (reader.fields[0], reader.fields[1])
            let root: Int32
            if let last, last.kind.elementsEqual(kind), last.group.elementsEqual(group) {
                root = last.root
            } else {
                root = try self.root(reader)
                last = (group, kind, root)
            }
            guard let leaf = try leaf(reader, shift) else { continue }
            switch FacetPath.parse(reader.fields[2 + shift]) {
            case .success(let path): program.add(path, below: root, leaf)
            case .failure(let fault): throw reader.error(at: 2 + shift, offset: fault.offset, "\(fault.reason)")
            }
        }
    }

    /// Whether there is a kind of the name of a row's first two fields.
    func knows(_ reader: TableReader) -> Bool {
        reader.text(0) == "*" || places[reader.text(0) + "/" + reader.text(1)] != nil
    }

    /// The root of the paths of the kind that a row's first two fields name.
    func root(_ reader: TableReader) throws(TableError) -> Int32 {
        let key = reader.text(0) + "/" + reader.text(1)
        switch key {
        case "*/*": return program.commonRoot
        case "*/?": return generalRoot
        default:
            guard let place = places[key] else { throw reader.error(at: 1, "\(key) is not in kinds.tsv") }
            return roots[place]
        }
    }

    func finish() -> (kinds: [AzureKind], general: AzureKind) {
        let program = FacetProgram(program)
        let kinds = rows.enumerated().map { index, row in
            AzureKind(row, index: index, program: program, root: roots[index])
        }
        return (kinds, AzureKind(KindRow(group: "*", kind: "*"), index: -1, program: program, root: generalRoot))
    }

    private func leaf(_ reader: TableReader, _ shift: Int) throws(TableError) -> FacetProgram.Leaf? {
        if reader.text(3 + shift) == "-" { return nil }
        let facet = try reader.word(3 + shift, of: facets)
        guard facet != .reference else {
            throw reader.error(at: 3 + shift, "references are looked for everywhere and need no row")
        }
        return FacetProgram.Leaf(
            facet: facet,
            part: try reader.word(4 + shift, of: parts),
            absence: try reader.word(5 + shift, of: absences),
            sense: try reader.word(6 + shift, of: senses)
        )
    }

    private func azureName(_ reader: TableReader) throws(TableError) -> AzureKind.AzureName {
        let text = try reader.name(9)
        switch text {
        case "spec": return .spec
        case "none": return .none
        case _ where text.hasPrefix("fixed:") && text.utf8.count > 6: return .fixed(String(text.dropFirst(6)))
        default: throw reader.error(at: 9, "azureName is \"\(text)\"; expected spec, fixed:<name> or none")
        }
    }

    private func words(_ text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
    }

    private func optional(_ text: String) -> String? {
        text == "-" ? nil : text
    }
}
