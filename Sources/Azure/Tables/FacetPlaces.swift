/// A place at which objects of a kind keep a facet, as the tables say it: for those who write programs that read it.
package struct FacetPlace: Hashable, Sendable {
    /// A step of the path.
    package enum Step: Hashable, Sendable {
        /// The member of a name.
        case member(String)
        /// Each element of a list.
        case element
        /// Each member of an object.
        case entry
    }

    /// When it is told that nothing stands there.
    package enum Absence: Hashable, Sendable {
        /// Whenever nothing does.
        case always
        /// Where the object exists that should hold it.
        case inside
        /// Never.
        case never
    }

    /// What the provider takes where nothing stands.
    package struct Default: Hashable, Sendable {
        /// What another field must be for it to hold.
        package struct Condition: Hashable, Sendable {
            /// The names of the members that lead to the field.
            package let path: [String]
            /// In small letters; `-` stands for absence, `*` for any value.
            package let words: [String]
        }

        /// The value as the table writes it.
        package let text: String
        /// All must hold.
        package let conditions: [Condition]
    }

    /// The way from the object.
    package let steps: [Step]
    /// The facet.
    package let facet: Facet
    /// What of it.
    package let part: Facet.Part
    /// How a value is read.
    package let sense: Facet.Sense
    /// When it is told that there is none.
    package let absence: Absence
    /// Whether a resource keeps a copy there.
    package let isReplica: Bool
    /// What the provider takes, in the order in which they are tried.
    package let defaults: [Default]
}

extension AzureTables {
    /// The places of a kind, in the order in which they are read.
    ///
    /// - Parameters:
    ///   - kind: A kind of these tables, or `general`.
    ///   - isWanted: Says which parts of which facets are meant.
    /// - Returns: The places; references, which may be anywhere, are not among them.
    package func places(of kind: AzureKind, _ isWanted: (Facet, Facet.Part) -> Bool) -> [FacetPlace] {
        var places: [FacetPlace] = []
        let program = kind.program
        func visit(_ node: Int32, _ steps: [FacetPlace.Step]) {
            var leaf = program.nodes[Int(node)].firstLeaf
            while leaf >= 0 {
                let found = program.leaves[Int(leaf)]
                leaf = found.next
                guard isWanted(found.facet, found.part) else { continue }
                let absence: FacetPlace.Absence =
                    switch found.absence {
                    case .always: .always
                    case .inside: .inside
                    case .present: .never
                    }
                places.append(
                    FacetPlace(
                        steps: steps,
                        facet: found.facet,
                        part: found.part,
                        sense: found.sense,
                        absence: absence,
                        isReplica: found.facet == .location && replicas.contains(node),
                        defaults: defaults.all(of: node)
                    )
                )
            }
            for child in program.children(of: node) {
                let next = program.nodes[Int(child)]
                switch next.step {
                case .root: continue
                case .member: visit(child, steps + [.member(String(decoding: program.names[next.name], as: UTF8.self))])
                case .element: visit(child, steps + [.element])
                case .entry: visit(child, steps + [.entry])
                }
            }
        }
        visit(program.commonRoot, [])
        visit(kind.root, [])
        return places
    }
}
