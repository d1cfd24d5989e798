import HTTPWire
import TestSupport
import Testing

/// What a client makes of what a server sends over HTTP/1.1.
@Suite struct HTTP1ClientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var sent: String
        /// `status body`, or the failure's name.
        var outcome: String
        var method = HTTPMethod.get
        /// Whether another request may follow.
        var goesOn = true
        /// Whether the outcome is only known when the server ends the connection.
        var needsEnd = false
    }

    static let cases = [
        Case(
            testDescription: "a length",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            outcome: "200 hello"
        ),
        Case(testDescription: "no body", sent: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", outcome: "404 "),
        Case(testDescription: "no reason", sent: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", outcome: "200 "),
        Case(testDescription: "not even a space", sent: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", outcome: "200 "),
        Case(
            testDescription: "chunks",
            sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            outcome: "200 hello"
        ),
        Case(
            testDescription: "a body that the connection ends",
            sent: "HTTP/1.1 200 OK\r\n\r\nhello",
            outcome: "200 hello",
            goesOn: false,
            needsEnd: true
        ),
        Case(
            testDescription: "an HTTP/1.0 response",
            sent: "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            outcome: "200 hello",
            goesOn: false
        ),
        Case(
            testDescription: "HTTP/1.0 that keeps the connection",
            sent: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
            outcome: "200 "
        ),
        Case(
            testDescription: "a last response",
            sent: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
            outcome: "200 hello",
            goesOn: false
        ),
        Case(
            testDescription: "an answer to HEAD",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
            outcome: "200 ",
            method: .head
        ),
        Case(
            testDescription: "204 with a length",
            sent: "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
            outcome: "204 "
        ),
        Case(testDescription: "304 without a length", sent: "HTTP/1.1 304 Not Modified\r\n\r\n", outcome: "304 "),
        Case(
            testDescription: "interim responses",
            sent:
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            outcome: "200 ok"
        ),
        Case(
            testDescription: "interim responses without end",
            sent: String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 17),
            outcome: "badStatusLine"
        ),
        Case(
            testDescription: "an upgrade nobody asked for",
            sent: "HTTP/1.1 101 Switching Protocols\r\n\r\n",
            outcome: "badStatusLine"
        ),
        Case(testDescription: "noise", sent: "\u{16}\u{3}\u{1}", outcome: "badStatusLine"),
        Case(testDescription: "a request", sent: "GET / HTTP/1.1\r\n\r\n", outcome: "badStatusLine"),
        Case(testDescription: "a status of two digits", sent: "HTTP/1.1 20 OK\r\n\r\n", outcome: "badStatusLine"),
        Case(testDescription: "a status of four digits", sent: "HTTP/1.1 2000 OK\r\n\r\n", outcome: "badStatusLine"),
        Case(testDescription: "a status below 100", sent: "HTTP/1.1 099 OK\r\n\r\n", outcome: "badStatusLine"),
        Case(
            testDescription: "HTTP/2.0 in HTTP/1.1's words",
            sent: "HTTP/2.0 200 OK\r\n\r\n",
            outcome: "unsupportedVersion"
        ),
        Case(
            testDescription: "a bare LF",
            sent: "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
            outcome: "badStatusLine"
        ),
        Case(testDescription: "a NUL in the reason", sent: "HTTP/1.1 200 O\0K\r\n\r\n", outcome: "badStatusLine"),
        Case(
            testDescription: "a folded line",
            sent: "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
            outcome: "badFieldName"
        ),
        Case(
            testDescription: "both lengths",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            outcome: "lengthAndCoding"
        ),
        Case(
            testDescription: "two lengths",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
            outcome: "repeatedContentLength"
        ),
        Case(
            testDescription: "a length that is no number",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: five\r\n\r\n",
            outcome: "badContentLength"
        ),
        Case(
            testDescription: "a coding that we do not read",
            sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            outcome: "unsupportedTransferCoding"
        ),
        Case(
            testDescription: "a body that is announced too large",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
            outcome: "bodyTooLarge"
        ),
        Case(
            testDescription: "chunks that are too large",
            sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n",
            outcome: "bodyTooLarge"
        ),
        Case(
            testDescription: "an endless body that is too large",
            sent: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "a", count: 1001),
            outcome: "bodyTooLarge"
        ),
        Case(
            testDescription: "a malformed chunk",
            sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            outcome: "badChunk"
        ),
        Case(
            testDescription: "an endless head",
            sent: "HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 20_000),
            outcome: "headTooLarge"
        ),
        Case(testDescription: "nothing", sent: "", outcome: "endedEarly", needsEnd: true),
        Case(
            testDescription: "half a head",
            sent: "HTTP/1.1 200 OK\r\nContent-",
            outcome: "endedEarly",
            needsEnd: true
        ),
        Case(
            testDescription: "half a body",
            sent: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
            outcome: "endedEarly",
            needsEnd: true
        ),
        Case(
            testDescription: "half of the chunks",
            sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            outcome: "endedEarly",
            needsEnd: true
        ),
    ]

    @Test(arguments: cases)
    func understands(_ test: Case) {
        var random = SplitMix64(seed: UInt64(test.sent.utf8.count))
        for isWhole in [true, false] {
            var limits = HTTPLimits()
            limits.bodyBytes = 1000
            let client = RecordingClient(.http1_1, limits: limits)
            let request = ClientRequestHead(test.method, authority: "a", target: "/")
            client.submit(request)
            if isWhole {
                client.receive(test.sent.utf8)
            } else {
                for piece in split(Array(test.sent.utf8), using: &random) { client.receive(piece) }
            }
            #expect((client.responses.isEmpty && client.failures.isEmpty) == test.needsEnd)
            if test.needsEnd { client.receiveEnd() }
            let outcomes =
                client.responses.map { "\($0.status) \(String(decoding: $0.body, as: UTF8.self))" }
                + client.failures.map(\.code.rawValue)
            #expect(outcomes == [test.outcome])
            let goesOn = test.goesOn && client.failures.isEmpty
            #expect(client.canSubmit == goesOn)
            #expect(client.isClosed == !goesOn)
        }
    }

    @Test func writesRequests() {
        let client = RecordingClient(.http1_1)
        let request = ClientRequestHead(
            .post,
            authority: "a.b:443",
            target: "/c?d",
            contentType: "application/json",
            fields: [HTTPField("authorization", "Bearer x")]
        )
        client.submit(request, Array("{}".utf8))
        #expect(
            String(decoding: client.takeOutput(), as: UTF8.self)
                == """
                POST /c?d HTTP/1.1\r
                Host: a.b:443\r
                Content-Length: 2\r
                Content-Type: application/json\r
                authorization: Bearer x\r
                \r
                {}
                """
        )
        #expect(!client.canSubmit)
    }

    /// Fields that are given are sent in their order, and a Content-Type may be one of them.
    @Test func writesRequestsAsAnAPIServerDoes() {
        let client = RecordingClient(.http1_1)
        let request = ClientRequestHead(
            .post,
            authority: "127.0.0.1:18443",
            target: "/validate?timeout=10s",
            userAgent: "kube-apiserver-admission",
            fields: [
                HTTPField("accept", "application/json, */*"), HTTPField("content-type", "application/json"),
                HTTPField("accept-encoding", "gzip"),
            ]
        )
        client.submit(request, Array("{}".utf8))
        #expect(
            String(decoding: client.takeOutput(), as: UTF8.self)
                == """
                POST /validate?timeout=10s HTTP/1.1\r
                Host: 127.0.0.1:18443\r
                User-Agent: kube-apiserver-admission\r
                Content-Length: 2\r
                accept: application/json, */*\r
                content-type: application/json\r
                accept-encoding: gzip\r
                \r
                {}
                """
        )
    }

    @Test(arguments: [(HTTPMethod.get, false), (.delete, false), (.post, true), (.put, true), (.patch, true)])
    func saysThatABodyIsEmptyWhereThatMatters(method: HTTPMethod, saysSo: Bool) {
        let client = RecordingClient(.http1_1)
        let request = ClientRequestHead(method, authority: "a", target: "/")
        client.submit(request)
        #expect(String(decoding: client.output, as: UTF8.self).contains("Content-Length: 0") == saysSo)
    }

    @Test func refusesAnAnswerToNothing() {
        let client = RecordingClient(.http1_1)
        client.receive("HTTP/1.1 408 Request Timeout\r\n\r\n".utf8)
        #expect(client.isClosed && client.closingFailure?.code == .unsolicitedResponse)
    }

    @Test func endsCleanlyBetweenRequests() {
        let client = RecordingClient(.http1_1)
        client.receiveEnd()
        #expect(client.isClosed && client.closingFailure == nil)
    }

    @Test func endsTheConnectionWithARequestThatIsGivenUp() {
        let client = RecordingClient(.http1_1)
        let stream = client.submit(ClientRequestHead(.get, authority: "a", target: "/"))
        client.connection.cancel(stream, &client.context)
        #expect(client.connection.isClosed == true)
    }
}
