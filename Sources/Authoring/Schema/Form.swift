internal import Azure
internal import Kubernetes
internal import Policy

/// The form of a value in a document of ours: what editors and API servers are told of it.
///
/// The loaders read documents by themselves, with better messages; tests hold both to the same names, words and values.
package indirect enum Form: Sendable {
    case text(Text)
    /// One of several words.
    case words([String])
    case number(Number)
    case flag
    case list(Form, List)
    /// An object whose keys are the author's.
    case map(Form, List)
    case object(ObjectForm)
    /// Any of several, which differ in type.
    case either([Form])
    /// Whatever the author likes.
    case anything
    /// An object with whatever the author likes.
    case anyObject

    /// A text, and what it must look like.
    package struct Text: Sendable {
        /// A pattern in the syntax that RE2 and ECMA-262 share.
        package var pattern: String?
        var minimum = 1
        /// The most characters; the loader reads 4,096 bytes where nothing else is said.
        package var maximum = 4096
        package let example: String
        package var isDateTime = false
    }

    package struct Number: Sendable {
        package var isWhole = false
        /// The least; nil for any.
        package var minimum: Int? = 0
        package var maximum: Int?
    }

    /// How many elements, or members, there are.
    package struct List: Sendable {
        package var minimum = 1
        package var maximum: Int?
        /// The field that tells elements apart: no two have the same.
        package var key: String?
    }
}

/// The form of an object with known fields.
package struct ObjectForm: Sendable {
    /// What schemas call it; nil for one that is written where it stands.
    package var name: String?
    package let fields: [FieldForm]
    /// Fields of which there is exactly one.
    package var alternatives: [String] = []
    /// Fields of which there is at least one.
    package var choices: [String] = []
    /// Whether it must say something.
    package var isFilled = true
    /// Whether a parameter may stand for all of it in a cluster too.
    package var isParameter = false
}

/// A field and what is told of it.
package struct FieldForm: Sendable {
    package let name: String
    package let form: Form
    /// One sentence.
    package let description: String
    package let isRequired: Bool

    init(_ name: String, _ form: Form, _ description: String, isRequired: Bool = false) {
        self.name = name
        self.form = form
        self.description = description
        self.isRequired = isRequired
    }
}

/// A kind of document.
package struct DocumentForm: Sendable {
    package let kind: String
    package let description: String
    package let spec: ObjectForm
    /// Whether `${parameters.name}` may stand for values of `spec`.
    package var hasParameters = false
    /// How a cluster keeps it; nil if no cluster does.
    package var resource: Resource?

    /// What a CustomResourceDefinition says beside the schema.
    package struct Resource: Sendable {
        package let plural: String
        package let shortNames: [String]
        package var isNamespaced = false
        /// What `kubectl get` shows: heading, type and path; `wide` hides the last ones.
        package let columns: [(name: String, type: String, path: String, isWide: Bool)]
    }

    /// `${parameters.name}`, alone in a field.
    static let parameter = #"^\$\{parameters\.[A-Za-z_][A-Za-z0-9_]*\}$"#
}

// MARK: Words of forms

extension Form {
    static func text(_ example: String, _ pattern: String? = nil, maximum: Int = 4096) -> Form {
        .text(Text(pattern: pattern, maximum: maximum, example: example))
    }

    /// Names of rules, conditions and documents: what messages, metrics and audit annotations carry.
    static let label = text("eu-only", "^[a-z0-9.-]+$", maximum: 63)
    /// One line for people.
    static let line = text("teams stay in Europe", #"^[^\x00-\x1f\x7f]+$"#, maximum: 1024)
    static let identifier = text("days", "^[A-Za-z_][A-Za-z0-9_]*$", maximum: 63)
    static let guid = text(
        "11111111-1111-1111-1111-111111111111",
        "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        maximum: 36
    )
    static let currency = text("EUR", "^[A-Z]{3}$", maximum: 3)
    static let region = text("westeurope")
    /// `group/Kind`.
    static let kind = text("storage.azure.com/StorageAccount", "^[^/]*/[^/]+$")
    static let resourceID = text(
        "/subscriptions/22222222-2222-2222-2222-222222222222/resourceGroups/team-a-*/**",
        "^/"
    )
    static let time = Form.text(Text(maximum: 40, example: "2027-01-31T00:00:00Z", isDateTime: true))
    /// The value of a label in Kubernetes, which may be empty.
    static let labelValue = Form.text(Text(minimum: 0, maximum: 63, example: "standard"))
    static let number = Form.number(Number())
    static let whole = Form.number(Number(isWhole: true))
    static let verdict = words(["Allow", "Deny"])
    static let required = words(["Required"])
    static let disabled = words(["Disabled"])
    static let demanded = words(["Required", "Disabled"])

    static func expressionText(_ example: String) -> Form { text(example, maximum: 64 * 1024) }
    static func list(_ element: Form, maximum: Int? = nil) -> Form { .list(element, List(maximum: maximum)) }
    static func map(_ element: Form, minimum: Int = 1, maximum: Int? = nil) -> Form {
        .map(element, List(minimum: minimum, maximum: maximum))
    }
    static func object(_ fields: [FieldForm], isFilled: Bool = true) -> Form {
        .object(ObjectForm(fields: fields, isFilled: isFilled))
    }
    static func object(_ name: String, _ fields: [FieldForm]) -> Form {
        .object(ObjectForm(name: name, fields: fields))
    }
    static func words<Word: RawRepresentable & CaseIterable>(_: Word.Type) -> Form where Word.RawValue == String {
        .words(Word.allCases.map(\.rawValue))
    }

    static let globs = list(.text("team-*"))
    static let regions = list(.region)
    static let kinds = list(.kind)
    static let guids = list(.guid)
    static let resourceIDs = list(.resourceID)
    static let patterns = list(.text("tmp-*"))

    static let labelSelector = Form.object(
        ObjectForm(
            name: "labelSelector",
            fields: [
                FieldForm(
                    "matchLabels",
                    .map(.labelValue, minimum: 0),
                    "Labels that must have these values."
                ),
                FieldForm(
                    "matchExpressions",
                    .list(
                        .object([
                            FieldForm("key", .text("tier"), "The label.", isRequired: true),
                            FieldForm(
                                "operator",
                                .words(["In", "NotIn", "Exists", "DoesNotExist"]),
                                "How it is compared.",
                                isRequired: true
                            ),
                            FieldForm(
                                "values",
                                .list(.text("standard"), List(minimum: 0)),
                                "What with; for In and NotIn."
                            ),
                        ]),
                        List(minimum: 0)
                    ),
                    "Demands on labels, all of which must be met."
                ),
            ],
            isFilled: false
        )
    )
}
