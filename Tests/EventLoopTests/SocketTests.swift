import EventLoop
import Glibc
import Testing

@Suite struct SocketTests {
    /// Waits until a descriptor is ready; a second is a failure.
    private func wait(for descriptor: borrowing OwnedDescriptor, _ interest: Poller.Interest) throws {
        var poller = try Poller()
        _ = try poller.add(descriptor, interest: interest)
        let count = try poller.wait(until: .now() + .seconds(1))
        try #require(count == 1)
    }

    @Test(arguments: ["127.0.0.1:0", "[::1]:0", ":0"]) func carriesBytesBothWays(_ text: String) throws {
        let listener = try Socket.listen(on: #require(SocketAddress(parsing: text)))
        var address = try Socket.localAddress(of: listener)
        #expect(address.port != 0)
        if try Socket.accept(from: listener) != nil { Issue.record("accepted before anyone connected") }
        if text == ":0" { address.host = .v4(0x7f00_0001) }

        let client = try Socket.connect(to: address)
        try wait(for: client, .write)
        #expect(Socket.connectionError(of: client) == nil)
        try wait(for: listener, .read)
        guard let accepted = try Socket.accept(from: listener) else { throw SystemError(code: EAGAIN, call: "accept4") }
        let peer = accepted.peer
        #expect(try Socket.localAddress(of: client) == peer)
        let server = accepted.take()

        var received: [UInt8] = []
        #expect(try server.read(appendingTo: &received, atMost: 10) == nil)
        #expect(try client.write(Array("hello".utf8).span) == 5)
        try wait(for: server, .read)
        #expect(try server.read(appendingTo: &received, atMost: 3) == 3)
        #expect(try server.read(appendingTo: &received, atMost: 10) == 2)
        #expect(received == Array("hello".utf8))

        #expect(try server.write(Array("goodbye".utf8).span) == 7)
        try Socket.shutdownWriting(server)
        try wait(for: client, .read)
        var answer: [UInt8] = []
        #expect(try client.read(appendingTo: &answer, atMost: 100) == 7)
        #expect(answer == Array("goodbye".utf8))
        #expect(try client.read(appendingTo: &answer, atMost: 100) == 0)
    }

    @Test func receivesAndSendsWithoutWaiting() throws {
        let pair = try SocketPair()
        var received: [UInt8] = [1]
        #expect(try Socket.receive(from: pair.left, appendingTo: &received, atMost: 10) == nil)
        #expect(try Socket.send([2, 3, 4].span, to: pair.right) == 3)
        #expect(try Socket.receive(from: pair.left, appendingTo: &received, atMost: 2) == 2)
        #expect(try Socket.receive(from: pair.left, appendingTo: &received, atMost: 2) == 1)
        #expect(received == [1, 2, 3, 4])
        let much = [UInt8](repeating: 5, count: 100_000)
        while try Socket.send(much.span, to: pair.right) != nil {}
        try Socket.shutdownWriting(pair.right)
        while try Socket.receive(from: pair.left, appendingTo: &received, atMost: 100_000) != 0 {}
        #expect(received.count > much.count)
    }

    /// SIGPIPE would end the process.
    @Test func sendingToAPeerThatIsGoneIsAnError() throws {
        let socket = try SocketPair().leftAlone()
        let error = #expect(throws: SystemError.self) { _ = try Socket.send([1].span, to: socket) }
        #expect(error == SystemError(code: EPIPE, call: "send"))
        #expect(error?.isDisconnect == true)
    }

    @Test func tellsThatNobodyListens() throws {
        // The port was ours a moment ago, and the kernel does not give it to another so soon.
        let address = try Socket.localAddress(of: Socket.listen(on: #require(SocketAddress(parsing: "127.0.0.1:0"))))
        let client = try Socket.connect(to: address)
        try wait(for: client, .write)
        #expect(Socket.connectionError(of: client) == SystemError(code: ECONNREFUSED, call: "connect"))
    }

    @Test func tellsThatAnAddressIsTaken() throws {
        let listener = try Socket.listen(on: #require(SocketAddress(parsing: "127.0.0.1:0")))
        let address = try Socket.localAddress(of: listener)
        let error = #expect(throws: SystemError.self) { _ = try Socket.listen(on: address) }
        #expect(error == SystemError(code: EADDRINUSE, call: "bind"))
        #expect(error?.description == "bind: Address already in use (98)")
    }

    @Test func tellsThatThePeerWentAway() throws {
        SignalSource.ignoreBrokenPipes()
        let socket = try SocketPair().leftAlone()
        let error = #expect(throws: SystemError.self) { _ = try socket.write([1].span) }
        #expect(error?.isDisconnect == true)
    }

    @Test func writesWhatThereIsRoomFor() throws {
        let pair = try SocketPair()
        let bytes = (0..<4_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var received: [UInt8] = []
        var sent = 0
        var sawShortWrite = false
        while received.count < bytes.count {
            if sent < bytes.count, let count = try pair.left.write(bytes.span.extracting(droppingFirst: sent)) {
                sawShortWrite = sawShortWrite || count < bytes.count - sent
                sent += count
            }
            _ = try pair.right.read(appendingTo: &received, atMost: 70_000)
        }
        #expect(sawShortWrite)
        #expect(received == bytes)
    }

    @Test func acceptsAgainAfterDescriptorsRanOut() async {
        await #expect(processExitsWith: .success) {
            let listener = try Socket.listen(on: #require(SocketAddress(parsing: "127.0.0.1:0")))
            let client = try Socket.connect(to: Socket.localAddress(of: listener))
            // Take what is left, so that accept4 finds nothing.
            var limit = rlimit(rlim_cur: 64, rlim_max: 64)
            try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
            var hoard: [CInt] = []
            while case let copy = dup(client.raw), copy >= 0 { hoard.append(copy) }
            let error = #expect(throws: SystemError.self) { _ = try Socket.accept(from: listener) }
            #expect(error == SystemError(code: EMFILE, call: "accept4"))
            close(hoard[0])
            if try Socket.accept(from: listener) == nil { Issue.record("the connection is gone") }
        }
    }

    @Test func trapsOnADescriptorThatIsNotOpen() async {
        await #expect(processExitsWith: .failure) {
            let pair = try SocketPair()
            close(pair.left.raw)
            _ = try pair.left.write([1].span)
        }
    }
}
