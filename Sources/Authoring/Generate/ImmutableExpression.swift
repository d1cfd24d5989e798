internal import Azure

/// Writes what an UPDATE may not change of a kind's facets as CEL.
struct ImmutableExpression {
    let tables: AzureTables
    /// Whether what had no value may be given one.
    let allowsAddition: Bool
    /// Whether a value that is not known any more is a change.
    let deniesUnknown: Bool

    /// Facets that stand in the object as the tables say; the others are followed from references and annotations.
    private static let facets: Set<Facet> = [
        .location, .sku, .capacity, .storage, .nodeCount, .tags, .tls, .zone, .encryption, .backup,
    ]

    /// The facet of a name.
    ///
    /// - Throws: That it is none whose values can be compared.
    static func facet(_ name: String) throws(Unsayable) -> Facet {
        guard let facet = Facet(rawValue: name), facets.contains(facet) else {
            throw Unsayable("immutable: \(name) is found by following references and annotations; name fields")
        }
        return facet
    }

    /// The condition under which a facet of an object of a kind has stayed what it was; nil if the kind has no such facet.
    ///
    /// - Throws: That the kind keeps it in a list.
    func isKept(_ facet: Facet, of kind: AzureKind) throws(Unsayable) -> String? {
        var seen: Set<[String]> = []
        var conditions: [String] = []
        for place in tables.places(of: kind, { found, _ in found == facet }) where place.sense != .holder {
            let (names, rest) = PlaceExpression.split(place.steps[...])
            guard rest.isEmpty else {
                throw Unsayable(
                    "immutable: \(kind.kind.isEmpty ? "a kind" : kind.description) keeps its \(facet.rawValue) in a list, "
                        + "whose elements are followed by their keys"
                )
            }
            if seen.insert(names).inserted { conditions.append(isKept(place, names)) }
        }
        return conditions.isEmpty ? nil : conditions.joined(separator: " && ")
    }

    /// A question of four: the value and what stands in its place, each now and before.
    private func isKept(_ place: FacetPlace, _ names: [String]) -> String {
        let stand = Array(names.dropLast()) + [(names.last ?? "") + "FromConfig"]
        func value(_ object: String) -> String {
            let value = PlaceExpression.value(object, names)
            // The word for none, and an empty list, say that there is nothing.
            if place.sense == .regionOrNone { return "\(value) == 'None' ? dyn(null) : dyn(\(value))" }
            return place.sense.isScalar ? "dyn(\(value))" : "\(value) == dyn([]) ? dyn(null) : dyn(\(value))"
        }
        let (new, newStand, old, oldStand) = ("v[0]", "v[1]", "v[2]", "v[3]")
        let values = [
            value("object"), "dyn(\(PlaceExpression.value("object", stand)))", value("oldObject"),
            "dyn(\(PlaceExpression.value("oldObject", stand)))",
        ]
        var isSame = "\(new) == \(old)"
        if place.facet != .tags {
            func plain(_ value: String) -> String {
                "string(\(value)).lowerAscii()" + (place.facet == .location ? ".replace(' ', '')" : "")
            }
            isSame += " || type(\(new)) == string && type(\(old)) == string && \(plain(new)) == \(plain(old))"
        }
        let isHidden = deniesUnknown ? "false" : "\(newStand) != null"
        let isStillHidden =
            "\(new) == null && \(newStand) != null" + (deniesUnknown ? " && \(newStand) == \(oldStand)" : "")
        let isStillNothing = allowsAddition ? "true" : "\(new) == null && \(newStand) == null"
        return
            "[[\(values.joined(separator: ", "))]].all(v, \(old) != null ? (\(new) != null ? (\(isSame)) : \(isHidden))"
            + " : \(oldStand) != null ? (\(isStillHidden)) : (\(isStillNothing)))"
    }
}
