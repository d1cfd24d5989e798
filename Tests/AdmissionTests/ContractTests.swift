import Admission
import JSON
import Policy
import TestSupport
import Testing

/// What the service answers before policies have a say: the contract with whoever calls.
@Suite struct ContractTests {
    private let harness: Harness
    private let body = ReviewText().bytes

    init() throws {
        harness = try Harness(policies: nil)
        harness.holder.replace(with: .empty)
    }

    static let requests: [(name: String, path: String, query: String, isPost: Bool, contentType: String, status: Int)] =
        [
            ("validate", "/validate", "timeout=10s", true, "application/json", 200),
            ("mutate", "/mutate", "timeout=10s", true, "application/json", 200),
            ("without a query", "/validate", "", true, "application/json", 200),
            ("another parameter", "/validate", "dry=1&timeout=5s", true, "application/json", 200),
            ("a compound duration", "/validate", "timeout=1m1.5s", true, "application/json", 200),
            ("milliseconds", "/validate", "timeout=500ms", true, "application/json", 200),
            ("microseconds", "/validate", "timeout=1500000µs", true, "application/json", 200),
            ("hours", "/validate", "timeout=1h", true, "application/json", 200),
            ("a charset", "/validate", "", true, "application/json; charset=utf-8", 200),
            ("a media type in capitals", "/validate", "", true, "Application/JSON ;charset=utf-8", 200),
            ("no path", "/", "", true, "application/json", 404),
            ("a path with a slash behind it", "/validate/", "", true, "application/json", 404),
            ("a path in capitals", "/Validate", "", true, "application/json", 404),
            ("a longer path", "/validatex", "", true, "application/json", 404),
            ("metrics on the wrong port", "/metrics", "", false, "", 404),
            ("GET", "/validate", "", false, "application/json", 405),
            ("no content type", "/validate", "", true, "", 415),
            ("text", "/mutate", "", true, "text/plain", 415),
            ("YAML", "/mutate", "", true, "application/yaml", 415),
            ("a longer media type", "/mutate", "", true, "application/json-patch+json", 415),
            ("a timeout without a unit", "/validate", "timeout=10", true, "application/json", 400),
            ("a timeout of zero", "/validate", "timeout=0s", true, "application/json", 400),
            ("a negative timeout", "/validate", "timeout=-1s", true, "application/json", 400),
            ("an empty timeout", "/validate", "timeout=", true, "application/json", 400),
            ("a unit alone", "/validate", "timeout=s", true, "application/json", 400),
            ("another unit", "/validate", "timeout=1d", true, "application/json", 400),
            ("two dots", "/validate", "timeout=1..5s", true, "application/json", 400),
            ("a timeout beyond 292 years", "/validate", "timeout=99999999999999999999s", true, "application/json", 400),
            ("hours beyond 292 years", "/validate", "timeout=9999999h", true, "application/json", 400),
        ]

    @Test(arguments: requests) func answersWithTheRightStatus(
        _ request: (name: String, path: String, query: String, isPost: Bool, contentType: String, status: Int)
    ) throws {
        let answer = harness.ask(
            body,
            at: request.path,
            query: request.query,
            isPost: request.isPost,
            contentType: request.contentType
        )
        #expect(answer.reply.status == request.status)
        if request.status == 200 {
            #expect(try answer.review(of: body).isAllowed)
        } else {
            #expect(answer.reply.contentType.description == "text/plain; charset=utf-8")
            #expect(answer.text.hasSuffix("\n") && answer.text.dropLast().allSatisfy { $0 != "\n" })
            #expect(answer.reply.allow?.description == (request.status == 405 ? "POST" : nil))
        }
    }

    static let malformed: [(name: String, body: [UInt8])] = [
        ("nothing", []),
        ("white space", Array(" \n".utf8)),
        ("a word", Array("AdmissionReview".utf8)),
        ("YAML", Array("kind: AdmissionReview\n".utf8)),
        ("null", Array("null".utf8)),
        ("a list of a review", Array("[".utf8) + ReviewText().bytes + Array("]".utf8)),
        ("a review and a half", ReviewText().bytes + Array("{".utf8)),
        ("two reviews", ReviewText().bytes + ReviewText().bytes),
        ("a review that ends early", Array(ReviewText().bytes.dropLast(3))),
        ("a byte order mark", [0xef, 0xbb, 0xbf] + ReviewText().bytes),
        ("UTF-16", ReviewText().bytes.flatMap { [$0, 0] }),
        ("gzip", [0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00]),
        ("a form", Array("kind=AdmissionReview".utf8)),
        ("protobuf", [0x6b, 0x38, 0x73, 0x00, 0x0a, 0x13]),
        ("a comment", Array("// review\n".utf8) + ReviewText().bytes),
        ("a trailing comma", Array(#"{"kind":"AdmissionReview",}"#.utf8)),
        ("single quotes", Array("{'kind':'AdmissionReview'}".utf8)),
        ("NaN", ReviewText().setting("dryRun", "NaN").bytes),
        ("a number with a leading zero", ReviewText().setting("dryRun", "01").bytes),
        ("a number too large for a double", ReviewText(spec: #"{"a":1e999}"#).bytes),
        ("a control character in a string", ReviewText(spec: "{\"a\":\"\u{1}\"}").bytes),
        ("half of a surrogate pair", ReviewText(spec: #"{"a":"\ud800"}"#).bytes),
        ("invalid UTF-8", ReviewText(spec: #"{"a":"@"}"#).bytes.map { $0 == UInt8(ascii: "@") ? 0xff : $0 }),
        ("an overlong escape", ReviewText(spec: #"{"a":"\x41"}"#).bytes),
        ("the same member twice", ReviewText(spec: #"{"location":"westeurope","location":"eastus"}"#).bytes),
        ("the same member twice, once escaped", ReviewText(spec: #"{"location":"a","\u006cocation":"b"}"#).bytes),
        ("request twice", Array(#"{"kind":"AdmissionReview","request":{},"request":{}}"#.utf8)),
        (
            "nested too deeply",
            ReviewText(spec: String(repeating: "[", count: 600) + String(repeating: "]", count: 600)).bytes
        ),
        ("only opening brackets", [UInt8](repeating: UInt8(ascii: "["), count: 100_000)),
        ("no kind", ReviewText().settingRoot("kind", nil).bytes),
        ("another kind", ReviewText().settingRoot("kind", #""ConversionReview""#).bytes),
        ("v1beta1", ReviewText().settingRoot("apiVersion", #""admission.k8s.io/v1beta1""#).bytes),
        ("another group", ReviewText().settingRoot("apiVersion", #""admission.example/v1""#).bytes),
        ("no apiVersion", ReviewText().settingRoot("apiVersion", nil).bytes),
        ("a response instead of a request", ReviewText().settingRoot("response", #"{"allowed":true}"#).bytes),
        ("a request that is null", ReviewText().settingRoot("request", "null").bytes),
        ("no uid", ReviewText().setting("uid", nil).bytes),
        ("an empty uid", ReviewText().setting("uid", #""""#).bytes),
        ("a uid that is an object", ReviewText().setting("uid", "{}").bytes),
        ("no kind of the object", ReviewText().setting("kind", nil).bytes),
        ("an empty version", ReviewText().setting("kind", #"{"group":"","version":"","kind":"Pod"}"#).bytes),
        ("no resource", ReviewText().setting("resource", nil).bytes),
        ("no operation", ReviewText().setting("operation", nil).bytes),
        ("another operation", ReviewText().setting("operation", #""*""#).bytes),
        ("no userInfo", ReviewText().setting("userInfo", nil).bytes),
        ("groups that are a string", ReviewText().setting("userInfo", #"{"groups":"system:masters"}"#).bytes),
        ("CREATE without an object", ReviewText().setting("object", nil).bytes),
        ("CREATE with an old object", ReviewText().setting("oldObject", "{}").bytes),
        ("an object that is a string", ReviewText().setting("object", #""{}""#).bytes),
        ("UPDATE without the old object", ReviewText().updating().setting("oldObject", nil).bytes),
        ("DELETE with an object", ReviewText().deleting().setting("object", "{}").bytes),
        ("DELETE without the old object", ReviewText().deleting().setting("oldObject", nil).bytes),
        ("a dryRun that is a number", ReviewText().setting("dryRun", "1").bytes),
    ]

    @Test(arguments: malformed, ["/validate", "/mutate"]) func refusesWhatIsNoReview(
        _ request: (name: String, body: [UInt8]),
        path: String
    ) {
        let answer = harness.ask(request.body, at: path)
        #expect(answer.reply.status == 400)
        #expect(answer.text.hasPrefix("the body is "))
        #expect(answer.text.utf8.count < 400)
        // The next request is answered as if nothing had been.
        #expect(harness.ask(body, at: path).reply.status == 200)
    }

    @Test func v1beta1IsToldTheMend() {
        let answer = harness.ask(ReviewText().settingRoot("apiVersion", #""admission.k8s.io/v1beta1""#).bytes)
        #expect(answer.text.contains("set admissionReviewVersions: [v1]"))
    }

    static let contradictory: [(name: String, text: ReviewText, field: String)] = [
        (
            "another kind inside",
            ReviewText().setting(
                "object",
                #"{"apiVersion":"storage.azure.com/v20230101","kind":"Vault","metadata":{"name":"data"}}"#
            ),
            "kind"
        ),
        (
            "another namespace inside", ReviewText(metadata: #"{"name":"data","namespace":"team-b"}"#),
            "metadata.namespace"
        ),
        ("another name inside", ReviewText(metadata: #"{"name":"other"}"#), "metadata.name"),
        ("no metadata", ReviewText(metadata: "null"), "metadata"),
        ("annotations that are numbers", ReviewText(metadata: #"{"annotations":{"a":1}}"#), "metadata.annotations"),
    ]

    @Test(arguments: contradictory) func deniesWhatContradictsItself(
        _ test: (name: String, text: ReviewText, field: String)
    ) throws {
        let review = try harness.ask(test.text.bytes).review(of: test.text.bytes)
        #expect(!review.isAllowed)
        #expect(review.code == 422)
        #expect(review.fields == [test.field])
        #expect(review.causes.map(\.reason) == ["FieldValueInvalid"])
    }

    @Test func withoutPoliciesNothingIsAllowed() throws {
        let harness = try Harness(policies: nil)
        for path in ["/validate", "/mutate"] {
            let answer = harness.ask(body, at: path)
            #expect(answer.reply.status == 503)
            #expect(answer.text == "no policies are in force yet, so nothing can be allowed: see /readyz\n")
        }
        harness.holder.replace(with: .empty)
        #expect(try harness.ask(body).review(of: body).isAllowed)
    }

    @Test func aNewSetIsInForceForTheNextRequest() throws {
        let policies = """
            apiVersion: portcullis.dev/v1alpha1
            kind: AzurePolicy
            metadata: {name: regions}
            spec:
              rules:
                - {name: north, locations: {allow: [northeurope]}}
            """
        #expect(try harness.ask(body).review(of: body).isAllowed)
        harness.holder.replace(with: try Harness.compile(policies))
        #expect(try !harness.ask(body).review(of: body).isAllowed)
        harness.holder.replace(with: .empty)
        #expect(try harness.ask(body).review(of: body).isAllowed)
    }

    @Test func theAnswerIsAppended() {
        var output = Array("head".utf8)
        let (path, type, query) = (Array("/validate".utf8), Array("application/json".utf8), [UInt8]())
        _ = harness.service.respond(
            path: path.span,
            query: query.span,
            isPost: true,
            contentType: type.span,
            body: body,
            into: &output
        )
        #expect(output.starts(with: Array(#"head{"kind":"AdmissionReview""#.utf8)))
    }

    /// Fixtures with a few bytes changed: each is answered with a decision or a refusal, never with a trap.
    @Test(arguments: UInt64(0)..<40) func damagedReviewsAreAnswered(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let harness = try Harness.shipped()
        let names = try Fixtures.reviewNames()
        for _ in 0..<25 {
            var body = try Fixtures.review(try #require(names.randomElement(using: &random)))
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: body[index] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: index)
                case 2: body.insert(try #require(Array(#"{}[]",:0-n\"#.utf8).randomElement(using: &random)), at: index)
                default:
                    let end = min(body.count, index + Int.random(in: 1...64, using: &random))
                    body.replaceSubrange(index..<end, with: [UInt8](#""x""#.utf8))
                }
            }
            let answer = harness.ask(body, at: Bool.random(using: &random) ? "/validate" : "/mutate")
            if answer.reply.status == 200 {
                _ = try answer.review(of: body)
            } else {
                #expect(answer.reply.status == 400)
            }
        }
    }
}
