import JSON
import TestSupport
import Testing

@Suite(.enabled(if: Corpus.isAvailable, "\(Corpus.absence)"))
struct CorpusTests {
    @Test func everyReviewParsesAndIsWrittenBackByteForByte() throws {
        for body in try Corpus.reviews() {
            let document = try JSONDocument(parsing: body)
            #expect(rewritten(document) == body)
            #expect(document.equals(try #require(document.member("kind", of: document.root)), "AdmissionReview"))
        }
    }

    @Test(arguments: Corpus.files(under: "aso-samples", suffix: ".yaml"))
    func everySampleParses(_ path: String) throws {
        let documents = try JSONDocument.parseYAML(Corpus.contents(of: path))
        #expect(!documents.isEmpty)
        for document in documents { #expect(document.member("apiVersion", of: document.root)?.isString == true) }
    }
}
