import Foundation

/// Files that tests read: `Tests/Fixtures` of this checkout, and the larger corpus and facts beside it where they exist.
public enum Fixtures {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The path of a file or folder of `Tests/Fixtures`.
    public static func path(_ name: String) -> String {
        root.appending(path: "Tests/Fixtures").appending(path: name).path
    }

    /// The bytes of a file of `Tests/Fixtures`.
    public static func bytes(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(filePath: path(name))))
    }

    /// The names of all recorded-form AdmissionReviews, without their extension.
    public static func reviewNames() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path("reviews")).filter { $0.hasSuffix(".json") }
            .map { String($0.dropLast(5)) }.sorted()
    }

    /// The body of one AdmissionReview, as the API server would send it.
    public static func review(_ name: String) throws -> [UInt8] {
        try bytes("reviews/\(name).json")
    }

    /// The path of the policies that the repository ships.
    public static var policies: String {
        root.appending(path: "policies").path
    }
}
