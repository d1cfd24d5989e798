/// A request over HTTP/1.1 that breaks a rule or a limit, and the status that a server must answer it with.
public struct MalformedHTTP1: Sendable, CustomStringConvertible {
    /// What is wrong, as a sentence.
    public let description: String
    /// All that the client sends.
    public let bytes: [UInt8]
    /// The status of the answer, after which the connection is closed.
    public let status: Int

    private init(_ status: Int, _ description: String, _ text: String) {
        self.init(status, description, Array(text.utf8))
    }

    private init(_ status: Int, _ description: String, _ bytes: [UInt8]) {
        self.description = description
        self.bytes = bytes
        self.status = status
    }

    /// A request whose head is sound but for one field line.
    private static func field(_ status: Int, _ description: String, _ line: String) -> MalformedHTTP1 {
        MalformedHTTP1(status, description, "POST / HTTP/1.1\r\nHost: a\r\n\(line)\r\nContent-Length: 0\r\n\r\n")
    }

    /// A request with one field line about its body and 5 bytes behind the head.
    private static func framing(_ status: Int, _ description: String, _ lines: String) -> MalformedHTTP1 {
        MalformedHTTP1(status, description, "POST / HTTP/1.1\r\nHost: a\r\n\(lines)\r\n\r\nhello")
    }

    /// A chunked request.
    private static func chunked(_ status: Int, _ description: String, _ body: String) -> MalformedHTTP1 {
        MalformedHTTP1(
            status,
            description,
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
        )
    }

    /// The table, with the default limits (head 16 KiB, body 7 MiB, 100 fields).
    public static let all: [MalformedHTTP1] =
        requestLines + targets + hosts + fields + lengths + codings + chunks + limits + foreign

    private static let requestLines = [
        MalformedHTTP1(400, "no spaces in the request line", "GET\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "no version", "GET /\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "two spaces before the target", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "two spaces before the version", "GET /  HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a tab for a space", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a space before the method", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a space behind the version", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a NUL in the method", "GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "no method", "/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "another protocol", "GET / HTTQ/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a protocol in lower case", "GET / http/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a version without its minor number", "GET / HTTP/1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(505, "a major version that we do not speak", "GET / HTTP/3.0\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(505, "HTTP/2 without its preface", "GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a bare LF behind the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a bare CR in the request line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n"),
    ]

    private static let targets = [
        MalformedHTTP1(400, "a target without its slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a fragment in the target", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a control character in the target", "GET /a\u{1}b HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a DEL in the target", "GET /a\u{7f}b HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a target beyond ASCII", "GET /é HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "an asterisk for a method that has no use for it", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(501, "CONNECT, for this is no proxy", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n"),
        MalformedHTTP1(
            414,
            "a target beyond the limit",
            "GET /\(String(repeating: "a", count: 20_000)) HTTP/1.1\r\nHost: a\r\n\r\n"
        ),
    ]

    private static let hosts = [
        MalformedHTTP1(400, "no Host", "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n"),
        MalformedHTTP1(400, "two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        MalformedHTTP1(400, "the same Host twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        MalformedHTTP1(400, "a Host with a space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
        MalformedHTTP1(400, "a Host with a slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        MalformedHTTP1(400, "a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        MalformedHTTP1(400, "two Hosts in one line", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ]

    private static let fields = [
        field(400, "a space before the colon", "Accept : */*"),
        field(400, "a tab before the colon", "Accept\t: */*"),
        field(400, "a line without a colon", "Accept"),
        field(400, "a line that begins with the colon", ": */*"),
        field(400, "a name with a space", "Acc ept: */*"),
        field(400, "a name with a slash", "Acc/ept: */*"),
        field(400, "a name with a control character", "Acc\u{1}ept: */*"),
        field(400, "a name beyond ASCII", "Accépt: */*"),
        field(400, "a folded line", "Accept: a\r\n b"),
        field(400, "a line folded with a tab", "Accept: a\r\n\tb"),
        field(400, "a bare LF between lines", "Accept: a\nX: b"),
        field(400, "a bare CR in a value", "Accept: a\rb"),
        field(400, "a NUL in a value", "Accept: a\0b"),
        field(400, "a control character in a value", "Accept: a\u{8}b"),
        field(400, "a DEL in a value", "Accept: a\u{7f}b"),
        MalformedHTTP1(400, "a space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
        MalformedHTTP1(400, "a head that ends with a bare LF", "GET / HTTP/1.1\r\nHost: a\r\n\n"),
        field(417, "an expectation that we cannot meet", "Expect: a-miracle"),
    ]

    private static let lengths = [
        framing(400, "a length with a sign", "Content-Length: +5"),
        framing(400, "a negative length", "Content-Length: -5"),
        framing(400, "a hexadecimal length", "Content-Length: 0x5"),
        framing(400, "an empty length", "Content-Length:"),
        framing(400, "a length with a space", "Content-Length: 5 5"),
        framing(400, "a length with a fraction", "Content-Length: 5.0"),
        framing(400, "a length that is a list", "Content-Length: 5, 5"),
        framing(400, "a length in quotes", "Content-Length: \"5\""),
        framing(400, "a length in other digits", "Content-Length: ٥"),
        framing(400, "two lengths that differ", "Content-Length: 5\r\nContent-Length: 6"),
        framing(400, "two lengths that agree", "Content-Length: 5\r\nContent-Length: 5"),
        framing(400, "a length and a transfer coding", "Content-Length: 5\r\nTransfer-Encoding: chunked"),
        framing(400, "a transfer coding and a length", "Transfer-Encoding: chunked\r\nContent-Length: 5"),
        framing(400, "a length beyond 64 bits", "Content-Length: 99999999999999999999"),
        framing(413, "a length beyond the limit", "Content-Length: 7340033"),
        framing(400, "the largest length there is", "Content-Length: 9223372036854775807"),
    ]

    private static let codings = [
        framing(400, "an empty transfer coding", "Transfer-Encoding:"),
        framing(501, "a transfer coding that we do not know", "Transfer-Encoding: gzip"),
        framing(501, "a transfer coding under the chunks", "Transfer-Encoding: gzip, chunked"),
        framing(501, "chunks that are not the last coding", "Transfer-Encoding: chunked, gzip"),
        framing(501, "chunks twice", "Transfer-Encoding: chunked, chunked"),
        framing(400, "chunks twice in two lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
        framing(501, "the identity coding", "Transfer-Encoding: identity"),
        framing(400, "chunks with a vertical tab", "Transfer-Encoding: \u{b}chunked"),
        framing(501, "chunks in quotes", "Transfer-Encoding: \"chunked\""),
        framing(501, "a name that begins like chunks", "Transfer-Encoding: chunkedx"),
        MalformedHTTP1(
            400,
            "chunks in HTTP/1.0",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
    ]

    private static let chunks = [
        chunked(400, "a chunk size that is no number", "x\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "an empty chunk size", "\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a negative chunk size", "-5\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a chunk size with a prefix", "0x5\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a chunk size with a space before it", " 5\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a chunk size with an underscore", "1_0\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a bare LF behind the chunk size", "5\nhello\r\n0\r\n\r\n"),
        chunked(400, "a bare CR behind the chunk size", "5\rhello\r\n0\r\n\r\n"),
        chunked(400, "a chunk that is longer than it says", "5\r\nhello!\r\n0\r\n\r\n"),
        chunked(400, "a bare LF behind the chunk", "5\r\nhello\n0\r\n\r\n"),
        chunked(400, "a control character in an extension", "5;a=\u{1}\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a bare LF in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n"),
        chunked(413, "a chunk size beyond 64 bits", "fffffffffffffffff\r\nhello"),
        chunked(413, "a chunk beyond the limit", "700001\r\nhello"),
        chunked(413, "the largest chunk there is", "7fffffffffffffff\r\nhello"),
        chunked(400, "extensions without end", "5;\(String(repeating: "a", count: 5000))\r\nhello\r\n0\r\n\r\n"),
        chunked(413, "zeros without end", "\(String(repeating: "0", count: 5000))5\r\nhello\r\n0\r\n\r\n"),
        chunked(400, "a trailer without a colon", "0\r\nX\r\n\r\n"),
        chunked(400, "a trailer with a space before its colon", "0\r\nX : a\r\n\r\n"),
        chunked(400, "a folded trailer", "0\r\nX: a\r\n b\r\n\r\n"),
        chunked(431, "trailers beyond the limit", "0\r\nX: \(String(repeating: "a", count: 5000))\r\n\r\n"),
    ]

    private static let limits = [
        field(431, "a field beyond the limit", "X: \(String(repeating: "a", count: 17_000))"),
        field(431, "a name beyond the limit", "\(String(repeating: "a", count: 17_000)): x"),
        field(
            431,
            "fields beyond the limit",
            (0..<200).map { "X\($0): \(String(repeating: "a", count: 90))" }.joined(separator: "\r\n")
        ),
        field(431, "more fields than the limit", (0..<200).map { "X\($0): a" }.joined(separator: "\r\n")),
    ]

    private static let foreign = [
        MalformedHTTP1(400, "a TLS hello", [0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03, 0x0d, 0x0a]),
        MalformedHTTP1(400, "an SSH greeting", "SSH-2.0-OpenSSH_9.2\r\n"),
        MalformedHTTP1(400, "NULs", [UInt8](repeating: 0, count: 64)),
        MalformedHTTP1(400, "bytes with the high bit", [UInt8](repeating: 0xff, count: 64) + [0x0d, 0x0a]),
        MalformedHTTP1(400, "an SMTP greeting", "EHLO example.org\r\n"),
    ]
}
