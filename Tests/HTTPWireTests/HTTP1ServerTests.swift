import HTTPWire
import Testing

@Suite struct HTTP1ServerTests {
    @Test func answersARequestWithABody() {
        var context = WireContext()
        var connection = HTTPServerConnection(.http1_1)
        let bytes = Array("POST /validate?timeout=10s HTTP/1.1\r\nHost: a.b.svc\r\nContent-Length: 5\r\n\r\nhello".utf8)
        var offset = 0
        guard case .request(let stream) = connection.receive(bytes.span, at: &offset, &context) else {
            Issue.record("no request")
            return
        }
        let head = connection.head(of: stream)
        #expect(head.method == .post)
        #expect(connection.takeBody(of: stream) == Array("hello".utf8))
        connection.respond(
            to: stream,
            ServerResponseHead(status: 200, contentType: "text/plain"),
            body: [0x41].span,
            &context
        )
        #expect(
            String(decoding: context.output, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nA"
        )
    }
}
