public import Foundation

/// A row of `facets.tsv` or `deltas.tsv`, and objects that have something, or nothing, at its path.
public struct FacetRow: Sendable, CustomStringConvertible {
    /// The API group; `*` for every kind.
    public let group: String
    /// The kind; `*` for every one, `?` for those that the tables do not know.
    public let kind: String
    /// The version that alone has the path; `v1`, which no kind has, for those of the newest and all others.
    public let version: String
    /// The path, `[]` for elements and `{}` for members of any name.
    public let path: String
    /// The facet's name; `-` where the row says that the path is none.
    public let facet: String
    /// The part's name.
    public let part: String
    /// When a missing value is told: always, inside, present.
    public let absence: String
    /// How the value reads.
    public let sense: String

    /// `group/Kind facet.part path`.
    public var description: String { "\(group)/\(kind) \(facet).\(part) \(path)" }

    private init(_ fields: [String], version: String = "v1") {
        group = fields[0]
        kind = fields[1]
        self.version = version
        path = fields[2]
        facet = fields[3]
        part = fields[4]
        absence = fields[5]
        sense = fields[6]
    }

    /// All rows of this checkout, those that name no facet left out.
    public static func all() throws -> [FacetRow] {
        let rows =
            try AzureDataFiles.rows("facets.tsv").map { FacetRow($0) }
            + AzureDataFiles.rows("deltas.tsv").map { FacetRow(Array($0[0...1] + $0[3...]), version: $0[2]) }
        return rows.filter { $0.facet != "-" }
    }

    /// The path's steps from the last to the first: a name, `[]` or `{}`.
    private var steps: [String] {
        var steps: [String] = []
        var rest = path[...]
        while let first = rest.first {
            if rest.hasPrefix("[]") || rest.hasPrefix("{}") {
                steps.append(String(rest.prefix(2)))
                rest = rest.dropFirst(2)
            } else if rest.hasPrefix("['") {
                let name = rest.dropFirst(2).prefix { $0 != "'" }
                steps.append(String(name))
                rest = rest.dropFirst(name.count + 4)
            } else {
                rest = first == "." ? rest.dropFirst() : rest
                let name = rest.prefix { !".[{".contains($0) }
                steps.append(String(name))
                rest = rest.dropFirst(name.count)
            }
        }
        return steps.reversed()
    }

    /// An object with a value at the path; without the last `missing` steps of it.
    ///
    /// - Parameters:
    ///   - value: JSON.
    ///   - missing: How many steps are left out; `value` is not used then.
    ///   - suffix: What the last name gets behind it, such as `FromConfig`.
    /// - Returns: The object's JSON, with a `null` beside each member and before each element.
    public func object(value: String, missing: Int = 0, suffix: String = "") -> String {
        var text = missing == 0 ? value : "{}"
        for (place, step) in steps.enumerated().dropFirst(missing) {
            switch step {
            case "[]": text = "[null,\(text)]"
            case "{}": text = #"{"a.b":\#(text)}"#
            default: text = #"{"x":null,"\#(step)\#(place == 0 ? suffix : "")":\#(text)}"#
            }
        }
        return text
    }

    /// Whether the path ends with a name, so that there may be a `…FromConfig` beside it.
    public var endsWithName: Bool { !path.hasSuffix("]") && !path.hasSuffix("}") }

    /// The path without what differs from object to object, to be compared with that of a failure's path.
    public var pattern: String { Self.pattern(of: path) }

    /// A path as a failure shows it, without what differs from object to object.
    public static func pattern(of path: String) -> String {
        path.replacing("{}", with: ".a.b").replacing("['a.b']", with: ".a.b").replacing("[\"a.b\"]", with: ".a.b")
            .replacing("[1]", with: "[]").replacing("[0]", with: "[]").replacing("[\"", with: "['")
            .replacing("\"]", with: "']")
    }
}

/// The tables of this checkout.
public enum AzureDataFiles {
    /// The folder.
    public static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Sources/Azure/Data")

    /// The rows of a table, without comments and head.
    public static func rows(_ name: String) throws -> [[String]] {
        let file = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
        return file.split(whereSeparator: \.isNewline).filter { !$0.hasPrefix("#") }.dropFirst().map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }
}
