public import JSON

/// What a provider takes for a field that a resource leaves out.
public struct ProviderDefault: Sendable {
    /// The place as if the resource said the value: to be read in `document`, which is not the resource's.
    public let place: Occurrence

    /// The document that holds the value.
    public let document: JSONDocument

    /// The value as messages show it.
    public let text: String

    /// The public document that says so.
    public let source: String
}

/// What providers take for fields that resources leave out, by the step of the facet program that leads to the field.
struct DefaultTable: Sendable {
    private struct Row: Sendable {
        let text: String
        let conditions: [Condition]
        let source: String
        /// The value's place in `values`.
        let index: Int
    }

    /// What another field must be for a default to hold.
    fileprivate struct Condition: Sendable {
        let path: [String]
        /// In small letters; `-` stands for absence, `*` for any value.
        let words: [String]
    }

    private let rows: [Int32: [Row]]
    /// All values, so that they are read as a resource's are.
    private let values: JSONDocument
    private let handles: [JSONValue]

    /// Reads the table; with `skipsUnknown` without the rows whose kind or path the other tables do not have.
    init(
        _ bytes: [UInt8],
        _ builder: TableBuilder,
        _ program: FacetProgram,
        skipsUnknown: Bool
    ) throws(TableError) {
        var reader = try TableReader(
            "defaults.tsv",
            bytes[...],
            columns: ["group", "kind", "path", "value", "when", "source"]
        )
        var rows: [Int32: [Row]] = [:]
        var writer = JSONWriter()
        writer.beginArray()
        var count = 0
        while try reader.next() {
            guard let node = try builder.node(reader, program, skipsUnknown: skipsUnknown) else { continue }
            let value = try reader.name(3)
            // The number of an SKU's units may be another facet's count too.
            var leaf = program.nodes[Int(node)].firstLeaf
            var isNumber = false
            while leaf >= 0 {
                isNumber = isNumber || program.leaves[Int(leaf)].sense.isNumber
                leaf = program.leaves[Int(leaf)].next
            }
            if isNumber {
                guard let number = Int64(value) else {
                    throw reader.error(at: 3, "value is \"\(value)\"; expected a whole number")
                }
                writer.int(number)
            } else if value == "true" || value == "false" {
                writer.bool(value == "true")
            } else {
                writer.string(value)
            }
            let row = Row(
                text: value,
                conditions: try Self.conditions(reader),
                source: try reader.name(5),
                index: count
            )
            rows[node, default: []].append(row)
            count += 1
        }
        writer.endArray()
        // What the writer wrote is JSON, and a table of a million rows is not one.
        guard let values = try? JSONDocument(parsing: writer.finish()) else {
            throw TableError(file: "defaults.tsv", line: 0, column: 0, message: "is too large")
        }
        self.rows = rows
        self.values = values
        handles = Array(values.elements(of: values.root))
    }

    private static func conditions(_ reader: TableReader) throws(TableError) -> [Condition] {
        let text = try reader.name(4)
        if text == "-" { return [] }
        var conditions: [Condition] = []
        for word in text.split(separator: " ") {
            let sides = word.split(separator: "=", omittingEmptySubsequences: false)
            guard sides.count == 2, let path = sides.first, path.hasPrefix("spec.") || path == "apiVersion",
                let words = sides.last, !words.isEmpty
            else {
                throw reader.error(
                    at: 4,
                    "when is \"\(text)\"; expected - or spec.field=word|word or apiVersion=…, - for absent, * for any"
                )
            }
            conditions.append(
                Condition(
                    path: path.split(separator: ".").map(String.init),
                    words: words.lowercased().split(separator: "|").map(String.init)
                )
            )
        }
        return conditions
    }

    /// Whether there is a default for a node's field, whatever the object.
    fileprivate func has(_ node: Int32) -> Bool { rows[node] != nil }

    /// All defaults of a node's field, in the order in which they are tried.
    func all(of node: Int32) -> [FacetPlace.Default] {
        (rows[node] ?? []).map { row in
            FacetPlace.Default(
                text: row.text,
                conditions: row.conditions.map { FacetPlace.Default.Condition(path: $0.path, words: $0.words) }
            )
        }
    }

    /// The default of a node's field for an object.
    fileprivate func value(
        of node: Int32,
        as leaf: FacetProgram.Leaf,
        _ document: JSONDocument,
        _ object: JSONValue
    ) -> ProviderDefault? {
        guard let rows = rows[node] else { return nil }
        for row in rows where row.conditions.allSatisfy({ $0.holds(in: document, of: object) }) {
            let place = Occurrence(leaf, .known, in: values.root, handles[row.index], node: node, depth: 0)
            return ProviderDefault(place: place, document: values, text: row.text, source: row.source)
        }
        return nil
    }
}

extension DefaultTable.Condition {
    fileprivate func holds(in document: JSONDocument, of object: JSONValue) -> Bool {
        var value = object
        for (index, name) in path.enumerated() {
            guard let next = document.member(name, of: value), !next.isNull else {
                // What will be told later is neither absent nor known.
                if document.member(name, of: value)?.isUnknown ?? false { return false }
                let stand = document.member(name + "FromConfig", of: value)
                let isLast = index == path.count - 1
                return words.contains("-") && !(isLast && stand?.isNull == false)
            }
            value = next
        }
        if words.contains("*") { return true }
        let text = document.string(value) ?? (value.isObject || value.isArray ? "" : String(document.lexeme(value)))
        return words.contains(text.lowercased())
    }
}

extension FacetProgram {
    /// The nodes one step further.
    func children(of node: Int32) -> [Int32] {
        var children: [Int32] = []
        var index = nodes[Int(node)].firstChild
        while index >= 0 {
            children.append(index)
            index = nodes[Int(index)].nextSibling
        }
        return children
    }

    /// What of a facet a node keeps; nil if it does not.
    fileprivate func leaf(_ facet: Facet, _ part: Facet.Part, of node: Int32) -> Leaf? {
        var index = nodes[Int(node)].firstLeaf
        while index >= 0 {
            let leaf = leaves[Int(index)]
            if leaf.facet == facet, leaf.part == part { return leaf }
            index = leaf.next
        }
        return nil
    }
}

extension Facet.Sense {
    fileprivate var isNumber: Bool {
        switch self {
        case .number, .gigabytes, .megabytes, .bytes, .days, .hours: true
        default: false
        }
    }
}

// MARK: Questions

extension AzureTables {
    /// What the provider takes for a place at which the resource says nothing.
    ///
    /// - Parameters:
    ///   - place: A place that was found absent.
    ///   - kind: The kind of the object.
    ///   - document: The document of the object.
    ///   - object: The resource, from its `apiVersion` on: a default may hold only beside certain other fields.
    /// - Returns: nil if the resource says something, or the tables know no default.
    public func defaultValue(
        of place: Occurrence,
        of kind: AzureKind,
        in document: JSONDocument,
        of object: JSONValue
    ) -> ProviderDefault? {
        guard place.state == .absent, place.node >= 0 else { return nil }
        guard let leaf = kind.program.leaf(place.facet, place.part, of: place.node) else { return nil }
        return defaults.value(of: place.node, as: leaf, document, object)
    }

    /// The SKU that the provider takes where the resource names none.
    ///
    /// - Returns: The parts of which the tables know a default, to be read in `ProviderDefault.document` of `name`; nil if the
    ///   resource names one or the tables know no default.
    public func defaultSKU(
        of sku: SKU,
        of kind: AzureKind,
        in document: JSONDocument,
        of object: JSONValue
    ) -> (sku: SKU, name: ProviderDefault)? {
        guard let missing = sku.name, missing.part == .name,
            let name = defaultValue(of: missing, of: kind, in: document, of: object)
        else { return nil }
        var result = SKU(container: name.place.container)
        _ = result.set(name.place)
        let program = kind.program
        for sibling in program.children(of: program.nodes[Int(missing.node)].parent) {
            for part in [Facet.Part.tier, .family, .size, .capacity] {
                guard let leaf = program.leaf(.sku, part, of: sibling),
                    let value = defaults.value(of: sibling, as: leaf, document, object)
                else { continue }
                _ = result.set(value.place)
            }
        }
        return (result, name)
    }

    /// Whether the tables know what a provider takes where a resource leaves a part of a facet out, be it only beside certain
    /// other fields.
    public func knowsDefault(of facet: Facet, _ part: Facet.Part, of kind: AzureKind) -> Bool {
        guard !kind.isGeneral else { return false }
        let program = kind.program
        var pending = [kind.root]
        while let node = pending.popLast() {
            if defaults.has(node), program.leaf(facet, part, of: node) != nil { return true }
            pending += program.children(of: node)
        }
        return false
    }
}
