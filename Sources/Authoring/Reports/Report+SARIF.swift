internal import JSON
internal import Policy

extension Report {
    /// A run of SARIF 2.1.0 (OASIS): a rule for each code, a result for each finding; what could not be looked at is a
    /// notification of the invocation, and the invocation has not succeeded then.
    func sarif() -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("$schema")
        writer.string("https://json.schemastore.org/sarif-2.1.0.json")
        writer.key("version")
        writer.string("2.1.0")
        writer.key("runs")
        writer.beginArray()
        writer.beginObject()
        let findings = items.flatMap(\.findings)
        let rules = writeTool(findings, to: &writer)
        writer.key("columnKind")
        writer.string("unicodeCodePoints")
        writer.key("invocations")
        writer.beginArray()
        writer.beginObject()
        writer.key("executionSuccessful")
        writer.bool(errors.isEmpty)
        writer.key("toolExecutionNotifications")
        writer.beginArray()
        for issue in issues {
            writer.beginObject()
            writer.key("level")
            writer.string(issue.severity == .error ? "error" : "warning")
            Self.writeMessage(issue.description.singleLine, to: &writer)
            Self.writeLocations(Place(file: issue.file, line: issue.line, column: issue.column), to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.key("results")
        writer.beginArray()
        for item in items {
            for finding in item.findings { Self.write(finding, of: item, rules, to: &writer) }
        }
        writer.endArray()
        writer.endObject()
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.finish(), as: UTF8.self)
    }

    /// - Returns: The place of each code's rule.
    private func writeTool(_ findings: [Finding], to writer: inout JSONWriter) -> [String: Int] {
        var rules: [String: Int] = [:]
        writer.key("tool")
        writer.beginObject()
        writer.key("driver")
        writer.beginObject()
        writer.key("name")
        writer.string("portcullis \(command)")
        writer.key("rules")
        writer.beginArray()
        for finding in findings where rules[finding.code] == nil {
            rules[finding.code] = rules.count
            writer.beginObject()
            writer.key("id")
            writer.string(finding.code)
            if let link = finding.link {
                writer.key("helpUri")
                writer.string(link)
            }
            if let severity = finding.severity {
                // What code scanning sorts by: a number from 0 to 10, as a text.
                writer.key("properties")
                writer.beginObject()
                writer.key("security-severity")
                writer.string(severity.score)
                writer.endObject()
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        writer.endObject()
        return rules
    }

    private static func write(
        _ finding: Finding,
        of item: Item,
        _ rules: [String: Int],
        to writer: inout JSONWriter
    ) {
        writer.beginObject()
        writer.key("ruleId")
        writer.string(finding.code)
        if let index = rules[finding.code] {
            writer.key("ruleIndex")
            writer.int(index)
        }
        writer.key("level")
        writer.string(finding.level.rawValue)
        writeMessage(finding.message, to: &writer)
        writeLocations(finding.place, item.name, to: &writer)
        writer.endObject()
    }

    private static func writeMessage(_ text: String, to writer: inout JSONWriter) {
        writer.key("message")
        writer.beginObject()
        writer.key("text")
        writer.string(text)
        writer.endObject()
    }

    private static func writeLocations(_ place: Place, _ name: String? = nil, to writer: inout JSONWriter) {
        guard !place.file.isEmpty else { return }
        writer.key("locations")
        writer.beginArray()
        writer.beginObject()
        writer.key("physicalLocation")
        writer.beginObject()
        writer.key("artifactLocation")
        writer.beginObject()
        writer.key("uri")
        writer.string(place.file.uriReference)
        writer.endObject()
        if place.line > 0 {
            writer.key("region")
            writer.beginObject()
            writer.key("startLine")
            writer.int(place.line)
            if place.column > 0 {
                writer.key("startColumn")
                writer.int(place.column)
            }
            writer.endObject()
        }
        writer.endObject()
        if let name {
            writer.key("logicalLocations")
            writer.beginArray()
            writer.beginObject()
            writer.key("fullyQualifiedName")
            writer.string(name)
            writer.endObject()
            writer.endArray()
        }
        writer.endObject()
        writer.endArray()
    }
}

extension Severity {
    fileprivate var score: String {
        switch self {
        case .critical: "9.5"
        case .high: "8.0"
        case .medium: "5.5"
        case .low: "3.0"
        }
    }
}

extension String {
    /// The path as a reference that URIs can hold.
    fileprivate var uriReference: String {
        var result = ""
        for byte in utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        // Without a scheme, a first part with a colon would be one; it is percent-encoded above.
        return result
    }
}
