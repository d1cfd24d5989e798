import TLS
import TestSupport
import Testing

@Suite struct SessionTests {
    @Test(arguments: UInt64(0)..<40) func splitsDoNotMatter(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let limit = [1, 7, 100, 5000, 40_000].randomElement(using: &random) ?? 1
        let conversation = try Conversation(
            Fixture.serverContext(),
            Fixture.clientContext { $0.maximumVersion = seed.isMultiple(of: 2) ? .v1_2 : .v1_3 }
        )
        conversation.talk { Int.random(in: 1...limit, using: &random) }
        let request = (0..<Int.random(in: 1..<60_000, using: &random)).map { _ in
            UInt8.random(in: 0...255, using: &random)
        }
        try conversation.client.send(request.span, output: &conversation.toServer)
        try conversation.client.send(request.span.extracting(first: 1), output: &conversation.toServer)
        conversation.talk { Int.random(in: 1...max(limit, 50), using: &random) }
        #expect(conversation.serverRead == request + request.prefix(1))
        #expect(conversation.serverError == nil)
    }

    @Test func aClosedSessionDeliversWhatCameBefore() throws {
        let conversation = try Conversation()
        conversation.talk()
        try conversation.client.send([1, 2, 3].span, output: &conversation.toServer)
        conversation.client.close(output: &conversation.toServer)
        conversation.talk()
        #expect(conversation.serverRead == [1, 2, 3])
        #expect(conversation.server.state == .closed)

        // One direction is closed; the answer still goes.
        try conversation.server.send([4].span, output: &conversation.toClient)
        conversation.server.close(output: &conversation.toClient)
        conversation.talk()
        #expect(conversation.clientRead == [4])
        #expect(conversation.client.state == .closed)
    }

    @Test func closingBeforeTheHandshakeSaysNothing() throws {
        var session = TLSSession(accepting: try Fixture.serverContext())
        var output: [UInt8] = []
        session.close(output: &output)
        #expect(output.isEmpty)
    }

    @Test func sendingNothingSendsNothing() throws {
        let conversation = try Conversation()
        conversation.talk()
        try conversation.server.send(Span<UInt8>(), output: &conversation.toClient)
        #expect(conversation.toClient.isEmpty)
    }

    @Test func oneSendIsOneRecord() throws {
        let conversation = try Conversation()
        conversation.talk()
        try conversation.server.send([UInt8](repeating: 1, count: 316).span, output: &conversation.toClient)
        // Head, content type, authentication tag (RFC 8446 §5.2).
        #expect(conversation.toClient.count == 5 + 316 + 1 + 16)
    }

    @Test func theOutputOfAServerHasNoTickets() throws {
        let conversation = try Conversation()
        conversation.talk()
        let input = conversation.toServer
        #expect(input.isEmpty)
        // A ticket would have been sent with the end of the handshake, and read as no plaintext.
        try conversation.server.receive(
            Span<UInt8>(),
            plaintext: &conversation.serverRead,
            output: &conversation.toClient
        )
        #expect(conversation.toClient.isEmpty)
    }

    struct Garbage: Sendable, CustomTestStringConvertible {
        let name: String
        let bytes: [UInt8]
        var testDescription: String { name }
    }

    static let garbage = [
        Garbage(name: "a plain HTTP request", bytes: Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)),
        Garbage(name: "an HTTP/2 preface", bytes: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)),
        Garbage(name: "zeros", bytes: [UInt8](repeating: 0, count: 64)),
        Garbage(name: "an SSL 2 hello", bytes: [0x80, 0x2e, 0x01, 0x00, 0x02] + [UInt8](repeating: 0, count: 43)),
        Garbage(name: "application data before the handshake", bytes: [23, 3, 3, 0, 5, 1, 2, 3, 4, 5]),
        Garbage(name: "an empty hello", bytes: [22, 3, 1, 0, 4, 1, 0, 0, 0]),
        Garbage(name: "a hello that promises more than it holds", bytes: [22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3]),
        Garbage(
            name: "a record that is too long",
            bytes: [22, 3, 1, 0xff, 0xff] + [UInt8](repeating: 1, count: 70_000)
        ),
        Garbage(name: "a finished message first", bytes: [22, 3, 1, 0, 4, 20, 0, 0, 0]),
        Garbage(name: "an alert first", bytes: [21, 3, 1, 0, 2, 2, 40]),
    ]

    @Test(arguments: garbage) func refuses(_ garbage: Garbage) throws {
        var session = TLSSession(accepting: try Fixture.serverContext())
        var plaintext: [UInt8] = []
        var output: [UInt8] = []
        #expect(throws: TLSError.self) {
            try session.receive(garbage.bytes.span, plaintext: &plaintext, output: &output)
        }
        #expect(session.state == .failed)
        #expect(plaintext.isEmpty)
        // Nothing, or one alert.
        #expect(output.isEmpty || (output[0] == 21 && output.count == 7))
    }

    @Test func aHelloThatStopsIsNoError() throws {
        var hello: [UInt8] = []
        _ = try TLSSession(connecting: Fixture.clientContext(), to: "server.test", output: &hello)
        for count in stride(from: 0, to: hello.count, by: 7) {
            var session = TLSSession(accepting: try Fixture.serverContext())
            var plaintext: [UInt8] = []
            var output: [UInt8] = []
            let state = try session.receive(hello.span.extracting(first: count), plaintext: &plaintext, output: &output)
            #expect(state == .handshaking)
            #expect(output.isEmpty)
        }
    }

    /// Each byte of a handshake damaged once: never a session, never a trap.
    @Test(arguments: [TLSVersion.v1_2, .v1_3]) func aDamagedHelloNeverOpens(_ version: TLSVersion) throws {
        let server = try Fixture.serverContext()
        let client = try Fixture.clientContext { $0.maximumVersion = version }
        var random = SplitMix64(seed: 1)
        for _ in 0..<150 {
            let conversation = try Conversation(server, client)
            let index = Int.random(in: 0..<conversation.toServer.count, using: &random)
            conversation.toServer[index] ^= UInt8.random(in: 1...255, using: &random)
            conversation.talk()
            let states = [conversation.server.state, conversation.client.state]
            #expect(states != [.open, .open], "byte \(index)")
        }
    }

    @Test func aDamagedRecordEndsTheSession() throws {
        for index in [0, 1, 3, 4, 5, 20, 37] {
            let conversation = try Conversation()
            conversation.talk()
            try conversation.client.send([UInt8](repeating: 7, count: 100).span, output: &conversation.toServer)
            conversation.toServer[index] ^= 0x40
            // A damaged length may promise more than comes.
            conversation.toServer += [UInt8](repeating: 0, count: 20_000)
            conversation.talk()
            #expect(conversation.serverError != nil, "byte \(index)")
            #expect(conversation.serverRead.isEmpty, "byte \(index)")
            #expect(conversation.server.state == .failed)
            // The client hears why.
            guard case .alertReceived? = conversation.clientError?.code else {
                Issue.record("byte \(index): \(String(describing: conversation.clientError))")
                continue
            }
        }
    }

    @Test func whatWasReadBeforeTheDamageIsDelivered() throws {
        let conversation = try Conversation()
        conversation.talk()
        try conversation.client.send([1, 2, 3].span, output: &conversation.toServer)
        conversation.toServer += [0xff]
        conversation.toServer += [UInt8](repeating: 0, count: 10)
        conversation.talk()
        #expect(conversation.serverRead == [1, 2, 3])
        #expect(conversation.serverError != nil)
    }

    @Test func trapsWhenAFailedSessionIsUsed() async {
        await #expect(processExitsWith: .failure) {
            var session = TLSSession(accepting: try Fixture.serverContext())
            var (plaintext, output): ([UInt8], [UInt8]) = ([], [])
            for _ in 0..<2 {
                _ = try? session.receive([UInt8](repeating: 0, count: 9).span, plaintext: &plaintext, output: &output)
            }
        }
    }

    @Test func clientsNeedAName() throws {
        for host in ["", String(repeating: "a", count: 300)] {
            var output: [UInt8] = []
            let error = #expect(throws: TLSError.self) {
                _ = try TLSSession(connecting: Fixture.clientContext(), to: host, output: &output)
            }
            #expect(error?.code == .badConfiguration)
        }
    }

    @Test func manySessionsOnManyThreads() async throws {
        let server = try Fixture.serverContext()
        let client = try Fixture.clientContext()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<10 { try Conversation(server, client).expectOpen() }
                }
            }
            try await group.waitForAll()
        }
    }
}
