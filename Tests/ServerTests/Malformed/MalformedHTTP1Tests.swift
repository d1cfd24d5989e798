import EventLoop
import TestSupport
import Testing

@Suite struct MalformedHTTP1Tests {
    /// One server for the whole table: whatever a connection did, the next is served.
    @Test func refusesWithTheRightStatusAndServesTheNextConnection() throws {
        try withServer { server in
            for malformed in MalformedHTTP1.all {
                let client = try RawClient(server.address)
                try client.send(malformed.bytes)
                let response = try? client.response()
                #expect(response?.status == malformed.status, "\(malformed)")
                #expect(response?.closes == true, "\(malformed)")
                try client.waitForEnd()
                #expect(client.received.isEmpty, "\(malformed)")

                let next = try RawClient(server.address)
                let served = try next.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(served.status == 200, "\(malformed)")
            }

        }
    }

    /// The first request's answer is not lost by what follows it.
    @Test func answersWhatCameBefore() throws {
        try withServer { server in
            for malformed in MalformedHTTP1.all {
                let client = try RawClient(server.address)
                try client.send(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8) + malformed.bytes)
                let first = try client.response()
                #expect(first.status == 200 && !first.closes, "\(malformed)")
                #expect(try client.response().status == malformed.status, "\(malformed)")
                try client.waitForEnd()
            }
        }
    }
}
