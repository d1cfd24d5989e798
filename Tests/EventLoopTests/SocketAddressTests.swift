import EventLoop
import Testing

@Suite struct SocketAddressTests {
    static let read: [(text: String, description: String)] = [
        ("127.0.0.1:0", "127.0.0.1:0"),
        ("0.0.0.0:8443", "0.0.0.0:8443"),
        ("localhost:9443", "127.0.0.1:9443"),
        ("[::1]:9443", "[::1]:9443"),
        ("[2001:DB8:0:0:0:0:0:1]:65535", "[2001:db8::1]:65535"),
        ("[::ffff:10.0.0.1]:1", "[::ffff:10.0.0.1]:1"),
        (":9443", "[::]:9443"),
    ]

    @Test(arguments: read) func reads(_ text: String, _ description: String) {
        #expect(SocketAddress(parsing: text)?.description == description)
    }

    static let refused = [
        "", "9443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "127.0.0.1:-1", "127.0.0.1: 1",
        "127.0.0.1:0x50", "127.1:80", "256.0.0.1:80", "::1:9443", "[::1]", "[::1]9443", "[::1:9443", "[127.0.0.1]:80",
        "example.com:443", "127.0.0.1:８０",
    ]

    @Test(arguments: refused) func refuses(_ text: String) {
        #expect(SocketAddress(parsing: text) == nil)
    }

    @Test func hostsNeedNoBrackets() {
        #expect(SocketAddress.Host(parsing: "10.1.2.3") == .v4(0x0a01_0203))
        #expect(SocketAddress.Host(parsing: "::1") == .v6(high: 0, low: 1, scope: 0))
        #expect(SocketAddress.Host(parsing: "localhost") == nil)
    }
}
