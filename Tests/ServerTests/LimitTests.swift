import EventLoop
import Glibc
import HTTPClient
import HTTPWire
import Server
import TLS
import Testing

@Suite struct LimitTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    /// Beyond the limit connections wait in the kernel's queue, and are served as soon as one ends.
    @Test func lets3ConnectionsInAtATime() throws {
        try withServer(configure: { $0.limits.connections = 3 }) { server in
            var clients = try (0..<3).map { _ in try RawClient(server.address) }
            for client in clients { #expect(try client.exchange(LimitTests.get).status == 200) }
            let waiting = try (0..<3).map { _ in try RawClient(server.address) }
            for client in waiting {
                try client.send(LimitTests.get)
                try client.pause(.milliseconds(30))
                #expect(client.received.isEmpty && !client.isAtEnd)
            }
            #expect(server.listener.connectionCount == 3)
            clients.removeAll()
            for client in waiting { #expect(try client.response().status == 200) }
            #expect(server.metric(#"portcullis_limits_total{limit="connections"}"#) > 0)
        }
    }

    @Test func closesConnectionsOfAPeerThatHasTooMany() throws {
        try withServer(configure: { $0.limits.connectionsPerPeer = 2 }) { server in
            let first = try RawClient(server.address)
            #expect(try first.exchange(LimitTests.get).status == 200)
            let second = try RawClient(server.address)
            #expect(try second.exchange(LimitTests.get).status == 200)
            let third = try RawClient(server.address)
            try third.waitForEnd()
            #expect(third.received.isEmpty)
            #expect(server.metric(#"portcullis_limits_total{limit="connections_per_peer"}"#) == 1)
            // The others are unharmed, and there is room again when one of them goes.
            #expect(try first.exchange("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").closes)
            try first.waitForEnd()
            try first.finishWriting()
            #expect(waitUntil { server.listener.connectionCount < 2 })
            let fourth = try RawClient(server.address)
            #expect(try fourth.exchange(LimitTests.get).status == 200)
            #expect(try second.exchange(LimitTests.get).status == 200)
        }
    }

    /// In a process of its own, for the limit is the process's.
    @Test func waitsForDescriptorsWhenTheyRunOut() async {
        await #expect(processExitsWith: .success) {
            try withServer { server in
                let served = try RawClient(server.address)
                #expect(try served.exchange(LimitTests.get).status == 200)
                try limitDescriptors(to: 100)
                // All are taken but those that one more client needs: none is left for the server's side. Other threads
                // may have freed one meanwhile, so it takes several attempts at times.
                var ballast = takeDescriptors()
                let isExhausted = try waitUntil {
                    ballast += takeDescriptors()
                    ballast.removeLast(RawClient.descriptors)
                    let waiting = try RawClient(server.address)
                    try waiting.send(LimitTests.get)
                    try waiting.pause(.milliseconds(20))
                    guard server.metric(#"portcullis_limits_total{limit="descriptors"}"#) > 0 else { return false }
                    #expect(waiting.received.isEmpty)
                    let status = try served.exchange(LimitTests.get).status
                    #expect(status == 200)
                    ballast.removeAll()
                    let late = try waiting.response()
                    #expect(late.status == 200)
                    return true
                }
                #expect(isExhausted)
            }
        }
    }

    @Test func asksForANewConnectionAfterSoManyRequests() throws {
        try withServer(
            configure: {
                $0.rotation?.requests = 5
                $0.rotation?.jitter = 0
            }
        ) { server in
            let client = try RawClient(server.address)
            for number in 1...5 { #expect(try client.exchange(LimitTests.get).closes == (number == 5)) }
            try client.waitForEnd()
        }
    }

    @Test func asksForANewConnectionAfterSomeTime() throws {
        try withServer(configure: { $0.rotation?.age = .milliseconds(300) }) { server in
            let client = try RawClient(server.address)
            var requests = 1
            while try !client.exchange(LimitTests.get).closes {
                requests += 1
                sleep(milliseconds: 5)
            }
            #expect(requests > 1)
            try client.waitForEnd()
        }
    }

    /// Connections that were opened together end at different times.
    @Test func spreadsTheEndsOfConnections() throws {
        try withServer(
            configure: {
                $0.rotation?.requests = 100
                $0.rotation?.jitter = 0.9
            }
        ) { server in
            let ends = try (0..<20).map { _ in
                let client = try RawClient(server.address)
                var requests = 1
                while try !client.exchange(LimitTests.get).closes { requests += 1 }
                return requests
            }
            #expect(ends.allSatisfy { (10...100).contains($0) })
            #expect(Set(ends).count > 3)
        }
    }

    @Test func saysGoodbyeOverHTTP2AfterSoManyRequests() throws {
        try withServer(tls: .testServer(), configure: { $0.rotation?.requests = 5 }) { server in
            let load = try Load(LoadTests.Kind.http2.client(of: server), clients: 4, depth: 4)
            load.waitForAnswers(500)
            let counts = try load.finish()
            #expect(counts.lost == [])
            #expect(counts.connections > 20)
        }
    }
}

/// Forbids the process to have more descriptors.
private func limitDescriptors(to count: Int) throws {
    var limit = rlimit(rlim_cur: rlim_t(count), rlim_max: rlim_t(count))
    try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
}

/// Takes all descriptors that there are.
private func takeDescriptors() -> [Ballast] {
    var taken: [Ballast] = []
    while true {
        let descriptor = dup(0)
        if descriptor < 0 { return taken }
        taken.append(Ballast(OwnedDescriptor(owning: descriptor)))
    }
}

/// A descriptor that nobody uses.
private final class Ballast: Sendable {
    private let descriptor: OwnedDescriptor

    init(_ descriptor: consuming OwnedDescriptor) {
        self.descriptor = descriptor
    }
}
