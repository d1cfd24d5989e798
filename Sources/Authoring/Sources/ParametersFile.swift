public import JSON

/// A file of the values with which an ARM template is deployed.
public struct ParametersFile: Sendable {
    /// What the file is called.
    public let file: String
    /// All of it.
    public let document: JSONDocument

    /// Takes a document; nil if its `$schema` is not that of parameters.
    ///
    /// - Parameters:
    ///   - document: What the file holds.
    ///   - file: What the file is called.
    public init?(_ document: JSONDocument, file: String) {
        guard let schema = document.member("$schema", of: document.root).flatMap({ document.string($0) }),
            schema.lowercased().contains("deploymentparameters.json")
        else { return nil }
        self.file = file
        self.document = document
    }

    /// The template that such a file is for, by its name, in the same folder.
    ///
    /// - Parameter file: `NAME.parameters.json`, `NAME.parameters.ENV.json`, `NAME.parameters-ENV.json`, or the
    ///   `parameters.json` of a download from the portal.
    /// - Returns: `NAME.json`, or the portal's `template.json`; nil if the name is of no such form.
    public static func template(of file: String) -> String? {
        let folderEnd = file.lastIndex(of: "/").map { file.index(after: $0) } ?? file.startIndex
        let (folder, name) = (file[..<folderEnd], file[folderEnd...])
        guard name.hasSuffix(".json") else { return nil }
        if name == "parameters.json" { return folder + "template.json" }
        guard let range = name.firstRange(of: ".parameters"), range.lowerBound > name.startIndex,
            name[range.upperBound...].first == "." || name[range.upperBound...].first == "-"
        else { return nil }
        return folder + name[..<range.lowerBound] + ".json"
    }
}
