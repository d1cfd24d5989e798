import JSON
import Kubernetes
import TestSupport
import Testing

@Suite struct AdmissionReviewTests {
    private func decode(_ text: ReviewText) throws -> AdmissionRequest {
        try AdmissionReview.decode(try JSONDocument(parsing: text.bytes))
    }

    @Test func readsEveryMember() throws {
        let text = ReviewText().updating().setting("subResource", #""status""#).setting("dryRun", "true")
            .setting("userInfo", #"{"username":"alice","groups":["a","b"],"uid":"7","extra":{"k":["v"]}}"#)
        let request = try decode(text)
        let document = request.document
        #expect(document.string(request.uid) == "00000000-0000-4000-8000-000000000001")
        #expect(
            request.groupVersionKind
                == GroupVersionKind(group: "storage.azure.com", version: "v20230101", kind: "StorageAccount")
        )
        #expect(document.string(request.resource.name) == "storageaccounts")
        #expect(request.requestKind.flatMap { document.string($0.name) } == "StorageAccount")
        #expect(request.subResource.flatMap { document.string($0) } == "status")
        #expect(request.name.flatMap { document.string($0) } == "data")
        #expect(request.namespace.flatMap { document.string($0) } == "team-a")
        #expect(request.operation == .update)
        #expect(request.userInfo.username.flatMap { document.string($0) } == "alice")
        #expect(request.userInfo.groups.map { document.count(of: $0) } == 2)
        #expect(request.userInfo.uid.flatMap { document.string($0) } == "7")
        #expect(request.userInfo.extra?.isObject == true)
        #expect(request.object?.isObject == true && request.oldObject?.isObject == true)
        #expect(request.isDryRun)
        #expect(request.options?.isObject == true)
        #expect(request.problems().isEmpty)
    }

    @Test func emptyAndNullCountAsAbsent() throws {
        let request = try decode(
            ReviewText(metadata: #"{"generateName":"data-","namespace":"team-a"}"#).setting("name", #""""#)
                .setting("subResource", #""""#).setting("options", "null").setting("dryRun", nil)
                .setting("requestKind", nil).setting("namespace", nil).setting("userInfo", "{}")
        )
        #expect(request.name == nil && request.subResource == nil && request.options == nil && !request.isDryRun)
        #expect(request.requestKind == nil && request.namespace == nil && request.userInfo.username == nil)
        #expect(request.problems().isEmpty)
    }

    @Test func membersThatAreNotKnownAreLeftAlone() throws {
        _ = try decode(ReviewText().setting("future", "[1]").settingRoot("response", nil).settingRoot("future", "{}"))
    }

    @Test func aDeletionIsAboutTheOldObject() throws {
        let request = try decode(ReviewText().deleting())
        #expect(request.object == nil)
        #expect(request.subject?.isObject == true)
    }

    @Test func aConnectionMayHaveOptionsOrNothing() throws {
        for object in [#"{"kind":"PodExecOptions","apiVersion":"v1"}"#, "null"] {
            let kind = #"{"group":"","version":"v1","kind":"PodExecOptions"}"#
            let request = try decode(
                ReviewText().setting("operation", #""CONNECT""#).setting("object", object).setting("kind", kind)
            )
            #expect(request.operation == .connect)
            #expect(request.problems().isEmpty)
        }
    }

    static let malformed: [(name: String, text: ReviewText, message: String)] = [
        ("no kind", ReviewText().settingRoot("kind", nil), "kind is missing"),
        ("another kind", ReviewText().settingRoot("kind", #""Pod""#), #"kind is "Pod", not AdmissionReview"#),
        ("a kind that is a number", ReviewText().settingRoot("kind", "1"), "kind is not a string"),
        ("no apiVersion", ReviewText().settingRoot("apiVersion", nil), "apiVersion is missing"),
        (
            "v1beta1", ReviewText().settingRoot("apiVersion", #""admission.k8s.io/v1beta1""#),
            #"apiVersion is "admission.k8s.io/v1beta1", not admission.k8s.io/v1: "#
                + "set admissionReviewVersions: [v1] in the webhook configuration"
        ),
        ("an answer", ReviewText().settingRoot("response", "{}"), "request is missing"),
        ("no request", ReviewText().settingRoot("request", "null"), "request is missing"),
        ("a request that is an array", ReviewText().settingRoot("request", "[]"), "request is not an object"),
        ("no uid", ReviewText().setting("uid", nil), "request.uid is missing"),
        ("an empty uid", ReviewText().setting("uid", #""""#), "request.uid is empty"),
        ("a uid that is a number", ReviewText().setting("uid", "7"), "request.uid is not a string"),
        ("no kind of the object", ReviewText().setting("kind", nil), "request.kind is missing"),
        ("a kind that is a string", ReviewText().setting("kind", #""Pod""#), "request.kind is not an object"),
        (
            "a kind without its group", ReviewText().setting("kind", #"{"version":"v1","kind":"Pod"}"#),
            "request.kind.group is missing"
        ),
        (
            "a kind without its version", ReviewText().setting("kind", #"{"group":"","kind":"Pod"}"#),
            "request.kind.version is missing"
        ),
        (
            "a kind without its kind", ReviewText().setting("kind", #"{"group":"","version":"v1","kind":""}"#),
            "request.kind.kind is empty"
        ),
        ("no resource", ReviewText().setting("resource", nil), "request.resource is missing"),
        (
            "a resource without its plural", ReviewText().setting("resource", #"{"group":"","version":"v1"}"#),
            "request.resource.resource is missing"
        ),
        (
            "a requestKind without a version", ReviewText().setting("requestKind", #"{"group":"","kind":"Pod"}"#),
            "request.requestKind.version is missing"
        ),
        ("a name that is a number", ReviewText().setting("name", "7"), "request.name is not a string"),
        ("a namespace that is a list", ReviewText().setting("namespace", "[]"), "request.namespace is not a string"),
        (
            "a subResource that is a flag", ReviewText().setting("subResource", "true"),
            "request.subResource is not a string"
        ),
        ("no operation", ReviewText().setting("operation", nil), "request.operation is missing"),
        (
            "another operation", ReviewText().setting("operation", #""PATCH""#),
            #"request.operation is "PATCH", not CREATE, UPDATE, DELETE or CONNECT"#
        ),
        (
            "an operation in lower case", ReviewText().setting("operation", #""create""#),
            #"request.operation is "create", not CREATE, UPDATE, DELETE or CONNECT"#
        ),
        ("no userInfo", ReviewText().setting("userInfo", nil), "request.userInfo is missing"),
        (
            "a userInfo that is a name", ReviewText().setting("userInfo", #""alice""#),
            "request.userInfo is not an object"
        ),
        (
            "a username that is a number", ReviewText().setting("userInfo", #"{"username":1}"#),
            "request.userInfo.username is not a string"
        ),
        (
            "groups that are a name", ReviewText().setting("userInfo", #"{"groups":"a"}"#),
            "request.userInfo.groups is not an array"
        ),
        (
            "groups with a number among them", ReviewText().setting("userInfo", #"{"groups":["a",1]}"#),
            "request.userInfo.groups is not an array of strings"
        ),
        (
            "extra that is a list", ReviewText().setting("userInfo", #"{"extra":[]}"#),
            "request.userInfo.extra is not an object"
        ),
        (
            "CREATE without an object", ReviewText().setting("object", "null"),
            "request.object is missing, but the operation is CREATE"
        ),
        ("an object that is a string", ReviewText().setting("object", #""x""#), "request.object is not an object"),
        (
            "CREATE with an old object", ReviewText().setting("oldObject", "{}"),
            "request.oldObject is set, but the operation is CREATE"
        ),
        (
            "UPDATE without the old object", ReviewText().setting("operation", #""UPDATE""#),
            "request.oldObject is missing, but the operation is UPDATE"
        ),
        (
            "UPDATE without the object", ReviewText().updating().setting("object", nil),
            "request.object is missing, but the operation is UPDATE"
        ),
        (
            "UPDATE with an old object that is a list", ReviewText().updating().setting("oldObject", "[]"),
            "request.oldObject is not an object"
        ),
        (
            "DELETE with an object", ReviewText().deleting().setting("object", "{}"),
            "request.object is set, but the operation is DELETE"
        ),
        (
            "DELETE without the old object", ReviewText().deleting().setting("oldObject", "null"),
            "request.oldObject is missing, but the operation is DELETE"
        ),
        (
            "CONNECT with an old object",
            ReviewText().setting("operation", #""CONNECT""#).setting("oldObject", "{}"),
            "request.oldObject is set, but the operation is CONNECT"
        ),
        ("a dryRun that is a string", ReviewText().setting("dryRun", #""true""#), "request.dryRun is not a boolean"),
        ("options that are a list", ReviewText().setting("options", "[]"), "request.options is not an object"),
    ]

    @Test(arguments: malformed) func refuses(_ review: (name: String, text: ReviewText, message: String)) throws {
        let document = try JSONDocument(parsing: review.text.bytes)
        let error = #expect(throws: AdmissionReviewError.self) { _ = try AdmissionReview.decode(document) }
        #expect(error?.description == review.message)
    }

    @Test(arguments: ["null", "[]", "1", #""AdmissionReview""#, "true"]) func refusesWhatIsNoObject(_ text: String)
        throws
    {
        let document = try JSONDocument(parsing: Array(text.utf8))
        let error = #expect(throws: AdmissionReviewError.self) { _ = try AdmissionReview.decode(document) }
        #expect(error?.description == "body is not an object")
    }

    @Test func messagesQuoteLittleOfTheSender() throws {
        let text = ReviewText().setting("operation", "\"\(String(repeating: "x", count: 5000))\"")
        let error = #expect(throws: AdmissionReviewError.self) { _ = try decode(text) }
        #expect((error?.description.utf8.count ?? 0) < 200)
    }

    static let object = #"{"apiVersion":"storage.azure.com/v20230101","kind":"StorageAccount","metadata":{},"spec":{}}"#

    static let contradictions: [(name: String, text: ReviewText, fields: [String])] = [
        (
            "the object has another kind",
            ReviewText().setting("object", object.replacing(#""StorageAccount""#, with: #""Vault""#)), ["kind"]
        ),
        (
            "the object has no kind",
            ReviewText().setting("object", object.replacing(#""kind":"StorageAccount","#, with: "")), ["kind"]
        ),
        (
            "the object has another group",
            ReviewText().setting("object", object.replacing("storage.azure.com/", with: "storages.azure.com/")),
            ["apiVersion"]
        ),
        (
            "the object has another version",
            ReviewText().setting("object", object.replacing("/v20230101", with: "/v20230102")), ["apiVersion"]
        ),
        (
            "the object has no group",
            ReviewText().setting("object", object.replacing("storage.azure.com/", with: "")), ["apiVersion"]
        ),
        (
            "the object has no apiVersion",
            ReviewText().setting("object", object.replacing(#""apiVersion":"storage.azure.com/v20230101","#, with: "")),
            ["apiVersion"]
        ),
        ("the metadata is null", ReviewText(metadata: "null"), ["metadata"]),
        ("the metadata is a list", ReviewText(metadata: "[]"), ["metadata"]),
        ("another name", ReviewText(metadata: #"{"name":"other","namespace":"team-a"}"#), ["metadata.name"]),
        ("a name that is a number", ReviewText(metadata: #"{"name":7}"#), ["metadata.name"]),
        ("another namespace", ReviewText(metadata: #"{"name":"data","namespace":"team-b"}"#), ["metadata.namespace"]),
        ("labels that are a list", ReviewText(metadata: #"{"labels":[]}"#), ["metadata.labels"]),
        ("a label that is a number", ReviewText(metadata: #"{"labels":{"a":"b","c":1}}"#), ["metadata.labels"]),
        (
            "an annotation that is an object", ReviewText(metadata: #"{"annotations":{"a":{}}}"#),
            ["metadata.annotations"]
        ),
        (
            "the old object has another namespace",
            ReviewText().updating().setting(
                "oldObject",
                object.replacing(#""metadata":{}"#, with: #""metadata":{"name":"data","namespace":"team-b"}"#)
            ),
            ["metadata.namespace"]
        ),
        (
            "everything at once",
            ReviewText().setting("object", #"{"metadata":{"name":"x","namespace":"y","labels":0,"annotations":0}}"#),
            ["kind", "apiVersion", "metadata.name", "metadata.namespace", "metadata.labels", "metadata.annotations"]
        ),
    ]

    @Test(arguments: contradictions) func tellsWhenObjectAndReviewContradict(
        _ review: (name: String, text: ReviewText, fields: [String])
    ) throws {
        #expect(try decode(review.text).problems().map(\.field) == review.fields)
    }

    @Test func aSubResourceNeedNotNameItsObject() throws {
        let request = try decode(
            ReviewText(metadata: #"{"name":"other","namespace":"team-b"}"#).setting("subResource", #""scale""#)
        )
        #expect(request.problems().isEmpty)
    }

    @Test(arguments: try Fixtures.reviewNames()) func fixturesAreFreeOfContradictions(_ name: String) throws {
        let request = try AdmissionReview.decode(try JSONDocument(parsing: try Fixtures.review(name)))
        #expect(request.problems().isEmpty)
    }

    @Test(.enabled(if: Corpus.isAvailable, Comment(rawValue: Corpus.absence))) func recordedReviewsDecode() throws {
        let reviews = try Corpus.reviews()
        #expect(reviews.count == 1193)
        for body in reviews {
            let request = try AdmissionReview.decode(try JSONDocument(parsing: body))
            #expect(request.problems().isEmpty)
        }
    }
}
