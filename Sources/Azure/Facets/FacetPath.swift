/// A path of the facet table: `spec.locations[].locationName`, `metadata.annotations['a.b/c']`, `spec.pools{}.size`.
struct FacetPath {
    enum Step {
        case member(ArraySlice<UInt8>)
        case element
        case entry
    }

    let steps: [Step]

    /// Parses a path.
    ///
    /// - Returns: nil if it does not spell one; `offset` counts from the start of the text.
    static func parse(_ text: ArraySlice<UInt8>) -> Result<FacetPath, Malformed> {
        var steps: [Step] = []
        var index = text.startIndex
        func fault(_ reason: StaticString) -> Result<FacetPath, Malformed> {
            .failure(Malformed(offset: index - text.startIndex, reason: reason))
        }
        while index < text.endIndex {
            switch text[index] {
            case UInt8(ascii: "["):
                let next = index + 1
                guard next < text.endIndex else { return fault("'[' is not closed") }
                if text[next] == UInt8(ascii: "]") {
                    steps.append(.element)
                    index = next + 1
                } else {
                    guard text[next] == UInt8(ascii: "'"),
                        let end = text[(next + 1)...].firstIndex(of: UInt8(ascii: "'")), end > next + 1,
                        end + 1 < text.endIndex, text[end + 1] == UInt8(ascii: "]")
                    else { return fault("expected [] or ['name']") }
                    steps.append(.member(text[(next + 1)..<end]))
                    index = end + 2
                }
            case UInt8(ascii: "{"):
                guard index + 1 < text.endIndex, text[index + 1] == UInt8(ascii: "}") else {
                    return fault("expected {}")
                }
                steps.append(.entry)
                index += 2
            default:
                if !steps.isEmpty {
                    guard text[index] == UInt8(ascii: ".") else { return fault("expected '.', '[' or '{'") }
                    index += 1
                }
                let end = text[index...].firstIndex { ".[{]}'".utf8.contains($0) } ?? text.endIndex
                guard end > index else { return fault("expected a name") }
                steps.append(.member(text[index..<end]))
                index = end
            }
        }
        guard !steps.isEmpty else { return fault("expected a path") }
        guard steps.count <= maximumSteps else { return fault("the path has more than 32 steps") }
        return .success(FacetPath(steps: steps))
    }

    /// Far above the deepest path of Azure Service Operator; what bounds the recursion of a reading.
    private static let maximumSteps = 32

    struct Malformed: Error {
        let offset: Int
        let reason: StaticString
    }
}
