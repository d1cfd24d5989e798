import Foundation
import JSON
import Kubernetes
import TestSupport
import Testing

@Suite struct AdmissionResponseTests {
    private func encode(_ response: AdmissionResponse, to text: ReviewText = ReviewText()) throws -> String {
        let request = try AdmissionReview.decode(try JSONDocument(parsing: text.bytes))
        var output: [UInt8] = []
        response.encode(answering: request, into: &output)
        return String(decoding: output, as: UTF8.self)
    }

    private static let head =
        #"{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"#
        + #""uid":"00000000-0000-4000-8000-000000000001""#

    @Test func allowedIsShort() throws {
        #expect(try encode(AdmissionResponse(isAllowed: true)) == Self.head + #","allowed":true}}"#)
    }

    @Test func theUidGoesBackByteForByte() throws {
        let text = ReviewText().setting("uid", #""\u0041\"\/b""#)
        #expect(
            try encode(AdmissionResponse(isAllowed: true), to: text).contains(#""uid":"\u0041\"\/b","allowed":true"#)
        )
    }

    @Test func aDenialSaysWhyFieldByField() throws {
        let status = Status(
            code: 403,
            reason: "Forbidden",
            message: "no\nreally",
            causes: [
                StatusCause(reason: "FieldValueForbidden", message: "m \"q\"", field: "spec.location"),
                StatusCause(reason: "FieldValueRequired", message: "n", field: ""),
            ]
        )
        #expect(
            try encode(AdmissionResponse(isAllowed: false, status: status)) == Self.head
                + #","allowed":false,"status":{"status":"Failure","message":"no\nreally","reason":"Forbidden","#
                + #""details":{"causes":[{"reason":"FieldValueForbidden","message":"m \"q\"","field":"spec.location"},"#
                + #"{"reason":"FieldValueRequired","message":"n"}]},"code":403}}}"#
        )
    }

    @Test func warningsAnnotationsAndPatch() throws {
        let response = AdmissionResponse(
            isAllowed: true,
            warnings: ["a", "b"],
            patch: Array("[]".utf8),
            auditAnnotations: [AuditAnnotation(key: "k", value: "v")]
        )
        #expect(
            try encode(response) == Self.head
                + #","allowed":true,"patch":"W10=","patchType":"JSONPatch","auditAnnotations":{"k":"v"},"warnings":["a","b"]}}"#
        )
    }

    @Test func base64IsFoundations() throws {
        var random = SplitMix64(seed: 64)
        for count in 0..<200 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let text = try encode(AdmissionResponse(isAllowed: true, patch: bytes))
            #expect(text.contains(#""patch":"\#(Data(bytes).base64EncodedString())","#))
        }
    }
}
