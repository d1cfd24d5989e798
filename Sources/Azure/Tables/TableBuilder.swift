/// Puts the rows of the table files together.
struct TableBuilder {
    /// What names a kind: `group/Kind`.
    private typealias Key = String

    private var rows: [KindRow] = []
    private var places: [Key: Int] = [:]
    private var roots: [Int32] = []
    private var program = FacetProgram()
    private var generalRoot: Int32 = 0

    mutating func readKinds(_ bytes: [UInt8]) throws(TableError) {
        generalRoot = program.addRoot()
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
            row.scope = try reader.word(7, of: AzureKind.Scope.self)
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
        var last: (key: Key, place: Int)?
        while try reader.next() {
            let key = reader.text(0) + "/" + reader.text(1)
            guard let leaf = try leaf(reader, shift) else { continue }
            let path: FacetPath
            switch FacetPath.parse(reader.fields[2 + shift]) {
            case .success(let parsed): path = parsed
            case .failure(let fault): throw reader.error(at: 2 + shift, offset: fault.offset, "\(fault.reason)")
            }
            switch key {
            case "*/*":
                for root in roots { program.add(path, below: root, leaf) }
                program.add(path, below: generalRoot, leaf)
            case "*/?":
                program.add(path, below: generalRoot, leaf)
            default:
                if last?.key != key, let place = places[key] { last = (key, place) }
                guard let last, last.key == key else {
                    throw reader.error(at: 1, "\(key) is not in kinds.tsv")
                }
                program.add(path, below: roots[last.place], leaf)
            }
        }
    }

    mutating func finish() -> (kinds: [AzureKind], general: AzureKind) {
        program.finish()
        let kinds = rows.enumerated().map { index, row in
            AzureKind(row, index: index, program: program, root: roots[index])
        }
        return (kinds, AzureKind(KindRow(group: "*", kind: "*"), index: -1, program: program, root: generalRoot))
    }

    private func leaf(_ reader: TableReader, _ shift: Int) throws(TableError) -> FacetProgram.Leaf? {
        if reader.text(3 + shift) == "-" { return nil }
        return FacetProgram.Leaf(
            facet: try reader.word(3 + shift, of: Facet.self),
            part: try reader.word(4 + shift, of: Facet.Part.self),
            absence: try reader.word(5 + shift, of: FacetProgram.Absence.self),
            sense: try reader.word(6 + shift, of: Facet.Sense.self),
            next: -1
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
        text.split(separator: " ").map(String.init)
    }

    private func optional(_ text: String) -> String? {
        text == "-" ? nil : text
    }
}
