import HTTPWire
import TestSupport
import Testing

/// What well-formed requests over HTTP/1.1 become, and when the connection goes on.
@Suite struct HTTP1ServerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var request: String
        var understood: String

        init(_ name: String, _ request: String, _ understood: String) {
            testDescription = name
            self.request = request
            self.understood = understood
        }
    }

    static let accepted = [
        Case("a request without a body", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @ a\nHost: a\n"),
        Case(
            "a query",
            "GET /validate?timeout=10s&a=%2F[0]? HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /validate ? timeout=10s&a=%2F[0]? @ a\nHost: a\n"
        ),
        Case("an empty query", "GET /a? HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a @ a\nHost: a\n"),
        Case("one empty line before the request", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / @ a\nHost: a\n"),
        Case("spaces around a value", "GET / HTTP/1.1\r\nHost: \t a \t\r\n\r\n", "GET / @ a\nHost: a\n"),
        Case("no space before a value", "GET / HTTP/1.1\r\nHost:a\r\n\r\n", "GET / @ a\nHost: a\n"),
        Case("an empty value", "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n", "GET / @ a\nHost: a\nX: \n"),
        Case(
            "a tab and bytes beyond ASCII in a value",
            "GET / HTTP/1.1\r\nHost: a\r\nX: b\tc \u{e4}\u{20ac} 12345678\r\n\r\n",
            "GET / @ a\nHost: a\nX: b\tc \u{e4}\u{20ac} 12345678\n"
        ),
        Case(
            "all characters of a token in a name",
            "GET / HTTP/1.1\r\nHost: a\r\nAz09!#$%&'*+-.^_`|~: b\r\n\r\n",
            "GET / @ a\nHost: a\nAz09!#$%&'*+-.^_`|~: b\n"
        ),
        Case("a method of its own", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW / @ a\nHost: a\n"),
        Case("OPTIONS for the server", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * @ a\nHost: a\n"),
        Case(
            "an absolute target",
            "GET http://a.b:8443/c?d HTTP/1.1\r\nHost: a.b:8443\r\n\r\n",
            "GET /c ? d @ a.b:8443\nHost: a.b:8443\n"
        ),
        Case("an IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", "GET / @ [::1]:8443\nHost: [::1]:8443\n"),
        Case("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET / @ \n"),
        Case(
            "a body of known length",
            "POST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH: 005\r\n\r\nhello",
            "POST / @ a\nHost: a\ncontent-LENGTH: 005\nhello"
        ),
        Case(
            "an empty body",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "POST / @ a\nHost: a\nContent-Length: 0\n"
        ),
        Case(
            "a body that looks like a request",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "POST / @ a\nHost: a\nContent-Length: 18\nGET / HTTP/1.1\r\n\r\n"
        ),
        Case(
            "chunks",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n5\r\nhello\r\n01\r\n \r\nA\r\n0123456789\r\n0\r\n\r\n",
            "POST / @ a\nHost: a\nTransfer-Encoding: Chunked\nhello 0123456789"
        ),
        Case(
            "chunk extensions",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=\"b\";c\r\nhello\r\n1 ; d\r\n!\r\n0;e\r\n\r\n",
            "POST / @ a\nHost: a\nTransfer-Encoding: chunked\nhello!"
        ),
        Case(
            "trailers, which are dropped",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a\r\nContent-Length: 3\r\n\r\n",
            "POST / @ a\nHost: a\nTransfer-Encoding: chunked\nhello"
        ),
    ]

    @Test(arguments: accepted)
    func understands(_ test: Case) {
        let server = EchoServer(.http1_1)
        server.receive(test.request.utf8)
        #expect(server.transcript.filter { $0 != "closed" } == [test.understood])
        #expect(server.failures == [])
    }

    /// All accepted requests that keep the connection alive, then each malformed one: the same however they are cut.
    @Test(arguments: UInt64(0)..<60)
    func splitsDoNotMatter(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<8 {
            guard let test = HTTP1ServerTests.accepted.randomElement(using: &random) else { continue }
            if !test.request.contains("HTTP/1.0") { bytes += Array(test.request.utf8) }
        }
        bytes += MalformedMessage.http1.randomElement(using: &random)?.bytes ?? []
        let whole = EchoServer(.http1_1)
        whole.receive(bytes)
        for _ in 0..<10 {
            let pieces = EchoServer(.http1_1)
            for piece in split(bytes, using: &random) { pieces.receive(piece) }
            pieces.receive([])
            #expect(pieces.transcript == whole.transcript)
            #expect(pieces.output == whole.output)
        }
    }

    @Test func answersPipelinedRequestsInOrder() {
        let server = EchoServer(.http1_1)
        let requests = (0..<50).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\($0 + 10)" }
        server.receive(requests.joined().utf8)
        #expect(server.transcript.count == 50)
        let answers = String(decoding: server.output, as: UTF8.self)
        let bodies = answers.split(separator: "HTTP/1.1 200 OK\r\n").map { String($0.suffix(2)) }
        #expect(bodies == (10..<60).map(String.init))
    }

    static let connections: [(request: String, connection: String?, goesOn: Bool)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", nil, true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", nil, true),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "close", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n", "close", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, upgrade ,close\r\n\r\n", "close", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nconnection: close\r\n\r\n", "close", false),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", nil, true),
        ("GET / HTTP/1.0\r\n\r\n", "close", false),
        ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "keep-alive", true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", "close", false),
    ]

    @Test(arguments: connections)
    func keepsTheConnectionAsAsked(request: String, connection: String?, goesOn: Bool) {
        let server = EchoServer(.http1_1)
        server.receive(request.utf8)
        let answer = String(decoding: server.output, as: UTF8.self)
        #expect(answer.contains("\r\nConnection: ") == (connection != nil))
        if let connection { #expect(answer.contains("\r\nConnection: \(connection)\r\n")) }
        #expect(server.isClosed == !goesOn)
        #expect(server.isIdle == goesOn)
    }

    @Test func closesWhenTheAnswerSaysSo() {
        let server = EchoServer(.http1_1)
        server.response.closes = true
        server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /second HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(server.transcript == ["GET / @ a\nHost: a\n", "closed"])
        #expect(String(decoding: server.output, as: UTF8.self).contains("\r\nConnection: close\r\n"))
    }

    @Test func closesWithTheNextAnswerWhileDraining() {
        let server = EchoServer(.http1_1)
        server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        server.connection.beginDrain(&server.context)
        #expect(server.isIdle)
        server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(server.transcript.last == "closed")
    }

    @Test func asksForTheBodyWhenExpected() {
        let server = EchoServer(.http1_1)
        server.receive("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n".utf8)
        #expect(server.takeOutput() == Array("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        server.receive("ok".utf8)
        #expect(server.transcript.last?.hasSuffix("\nok") == true)
        #expect(String(decoding: server.output, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func asksForNoBodyThatIsNotThere() {
        let server = EchoServer(.http1_1)
        server.receive("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n".utf8)
        #expect(String(decoding: server.output, as: UTF8.self).hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func ignoresExpectationsOfHTTP10() {
        let server = EchoServer(.http1_1)
        server.receive("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n".utf8)
        #expect(server.output == [])
    }

    @Test(arguments: [("HEAD", 200, true), ("GET", 204, false), ("GET", 304, false)])
    func leavesTheBodyOut(method: String, status: Int, hasLength: Bool) {
        let server = EchoServer(.http1_1)
        server.response.status = status
        server.responseBody = Array("hello".utf8)
        server.receive("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let answer = String(decoding: server.output, as: UTF8.self)
        #expect(answer.hasSuffix("\r\n\r\n"))
        #expect(answer.contains("Content-Length: 5\r\n") == hasLength)
    }

    @Test func refusesHEADWithoutABody() {
        let server = EchoServer(.http1_1)
        server.receive("HEAD / HTTP/1.1\r\nHost: a, b\r\n\r\n".utf8)
        let answer = String(decoding: server.output, as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 400 ") && answer.hasSuffix("\r\n\r\n"))
    }

    @Test func writesDateAndFields() {
        let server = EchoServer(.http1_1)
        server.context.setTime(monotonicNanoseconds: 1, unixSeconds: 951_827_696)  // a leap day
        server.response = ServerResponseHead(
            status: 405,
            contentType: "text/plain",
            fields: [HTTPField("allow", "POST"), HTTPField("x", "y")]
        )
        server.responseBody = Array("no".utf8)
        server.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        #expect(
            String(decoding: server.output, as: UTF8.self)
                == """
                HTTP/1.1 405 Method Not Allowed\r
                Date: Tue, 29 Feb 2000 12:34:56 GMT\r
                Content-Type: text/plain\r
                Content-Length: 2\r
                allow: POST\r
                x: y\r
                \r
                no
                """
        )
    }

    @Test(arguments: [
        ("", true), ("\r\n", false), ("GET", false), ("GET / HTTP/1.1\r\nHost: a\r\n", false),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell", false),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n", false),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
    ])
    func tellsACleanEndFromAnEarlyOne(sent: String, isClean: Bool) {
        let server = EchoServer(.http1_1)
        server.receive(sent.utf8)
        server.receiveEnd()
        #expect(server.failures.map(\.code) == (isClean ? [] : [.endedEarly]))
        #expect(server.transcript.last == "closed")
    }

    @Test func endsAHeadThatTakesTooLong() {
        let server = EchoServer(.http1_1)
        server.context.setTime(monotonicNanoseconds: 5_000_000_000, unixSeconds: 0)
        #expect(server.connection.deadlineNanoseconds == nil)
        server.receive("GET ".utf8)
        #expect(server.connection.deadlineNanoseconds == 15_000_000_000)
        server.context.setTime(monotonicNanoseconds: 14_999_999_999, unixSeconds: 0)
        server.receive("/".utf8)  // does not gain time
        #expect(server.connection.expire(&server.context) == nil)
        server.context.setTime(monotonicNanoseconds: 15_000_000_000, unixSeconds: 0)
        #expect(server.connection.expire(&server.context)?.status == 408)
        #expect(String(decoding: server.output, as: UTF8.self).hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        #expect(server.isClosed)
    }

    @Test func endsABodyThatTakesTooLong() {
        let server = EchoServer(.http1_1)
        server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n1".utf8)
        #expect(server.connection.deadlineNanoseconds == 30_000_000_000)
        server.context.setTime(monotonicNanoseconds: 30_000_000_000, unixSeconds: 0)
        #expect(server.connection.expire(&server.context)?.code == .timedOut)
        #expect(server.connection.deadlineNanoseconds == nil)
    }

    @Test func takesTheLargestBodyAndNoMore() {
        var limits = HTTPLimits()
        limits.bodyBytes = 1000
        let body = String(repeating: "a", count: 1000)
        let server = EchoServer(.http1_1, limits: limits)
        server.receive("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n\(body)".utf8)
        server.receive(
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n\(body)\r\n0\r\n\r\n".utf8
        )
        #expect(server.transcript.count == 2 && server.failures == [])
        server.receive("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n\(body)\r\n1\r\n".utf8)
        #expect(server.failures.map(\.status) == [413])
    }

    @Test func takesTheLargestHeadAndNoMore() {
        var limits = HTTPLimits()
        limits.headBytes = 1000
        for (extra, isAccepted) in [(0, true), (1, false)] {
            let start = "GET / HTTP/1.1\r\nHost: a\r\nX: "
            let padding = String(repeating: "a", count: 1000 - start.utf8.count - 4 + extra)
            let server = EchoServer(.http1_1, limits: limits)
            server.receive("\(start)\(padding)\r\n\r\n".utf8)
            #expect(server.failures.isEmpty == isAccepted)
        }
    }

    @Test func findsFieldsInAnyCase() {
        var context = WireContext()
        var connection = HTTPServerConnection(.http1_1)
        let bytes = Array("GET / HTTP/1.1\r\nHOST: a\r\ncOntent-Type: b\r\nContent-Type: c\r\n\r\n".utf8)
        var offset = 0
        guard case .request(let stream) = connection.receive(bytes.span, at: &offset, &context) else {
            Issue.record("no request")
            return
        }
        let head = connection.head(of: stream)
        #expect(head.fields.count == 3)
        var found: String?
        if let value = head.fields.first("content-type") { found = text(value) }
        #expect(found == "b")
        let isMissing = head.fields.first("content") == nil
        #expect(isMissing)
        #expect(head.method == .get && head.version == .http1_1 && head.contentLength == nil)
    }

    /// Nothing that arrives traps, and what was refused stays refused.
    @Test(arguments: UInt64(0)..<100)
    func survivesNoise(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        let alphabet = Array(
            "\r\n\r\n :/?%\t\0;,0123456789abcdefGETPOSTHosthunkedContent-Lengthransfer-Encoding HTTP/1.1".utf8
        )
        for _ in 0..<20 {
            var bytes = Array((HTTP1ServerTests.accepted.randomElement(using: &random)?.request ?? "").utf8)
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                let byte = alphabet.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = byte
                case 1: bytes.insert(byte, at: index)
                default: bytes[index] = UInt8.random(in: 0...255, using: &random)
                }
            }
            let server = EchoServer(.http1_1)
            for piece in split(bytes, using: &random) { server.receive(piece) }
            let whole = EchoServer(.http1_1)
            whole.receive(bytes)
            #expect(server.transcript == whole.transcript)
            server.receiveEnd()
            #expect(server.isClosed)
        }
    }
}
