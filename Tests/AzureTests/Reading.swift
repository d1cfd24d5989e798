import Azure
import JSON

/// What a kind's reading of an object finds, a line an occurrence: `sku.name spec.sku.name = "S0"`.
func occurrences(
    of facets: FacetSet,
    _ group: String,
    _ kind: String,
    _ object: String,
    tables: AzureTables = .embedded
) throws -> [String] {
    let document = try JSONDocument(parsing: Array(object.utf8))
    let kind = tables.kind(group: group, kind: kind) ?? tables.general
    return occurrences(of: facets, kind, document, document.root)
}

func occurrences(of facets: FacetSet, _ kind: AzureKind, _ document: JSONDocument, _ object: JSONValue) -> [String] {
    var lines: [String] = []
    kind.forEachOccurrence(of: facets, in: document, of: object) { occurrence in
        let path = kind.path(of: occurrence, in: document, of: object)
        let value =
            switch occurrence.state {
            case .known:
                "= " + (occurrence.value.map { text(document.lexeme($0)) } ?? "nothing")
            case .absent: "absent"
            case .unknown:
                "unknown: " + (kind.reason(of: occurrence, in: document, of: object)?.description ?? "without reason")
            }
        lines.append("\(occurrence.facet).\(occurrence.part) \(path) \(value)")
    }
    return lines
}

func text(_ bytes: Span<UInt8>) -> String {
    unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
}
