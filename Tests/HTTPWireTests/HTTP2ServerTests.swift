import HTTPWire
import TestSupport
import Testing

/// What a server connection does over HTTP/2 beyond refusing malformed messages.
@Suite struct HTTP2ServerTests {
    /// Bytes of frames, one a line, as in `Tests/Fixtures/http/http2.txt`.
    private func frames(_ lines: String) -> [UInt8] {
        var assembler = FrameAssembler()
        for line in lines.split(separator: "\n") { assembler.append(line) }
        return assembler.bytes
    }

    private func received(_ server: EchoServer) -> [ReceivedFrame] {
        ReceivedFrame.parse(server.takeOutput())
    }

    @Test func understandsARequest() {
        let server = EchoServer(.http2)
        server.receive(
            frames(
                """
                preface
                headers 04 1 :method: POST | :scheme: https | :authority: a.b:443 | :path: /c?d=e | x: y | host: a.b:443
                frame DATA 00 1 "hel"
                frame DATA 01 1 "lo"
                """
            )
        )
        #expect(server.transcript == ["POST /c ? d=e @ a.b:443\nx: y\nhost: a.b:443\nhello"])
    }

    @Test func dropsTrailersAndPadding() {
        let server = EchoServer(.http2)
        server.receive(
            frames(
                """
                preface
                request 04 1
                frame DATA 08 1 02 "hello" 0000
                headers 05 1 x: y
                """
            )
        )
        #expect(server.transcript == ["POST / @ a\nhello"])
    }

    @Test func saysWhatAPeerMayDo() {
        let server = EchoServer(.http2)
        server.receive([])
        let settings = received(server).first?.payload ?? []
        let entries = stride(from: 0, to: settings.count, by: 6).map { Array(settings[$0..<$0 + 6]) }
        #expect(entries.contains([0, 3, 0, 0, 0, 250]), "concurrent streams")
        #expect(entries.contains([0, 6, 0, 0, 0x40, 0]), "a header list of 16 KiB")
    }

    @Test func servesStreamsThatAreInterleaved() {
        let server = EchoServer(.http2)
        server.receive(
            frames(
                """
                preface
                request 04 1
                request 04 3
                frame DATA 00 3 "b"
                frame DATA 00 1 "a"
                frame DATA 01 3 "b"
                request 05 5
                frame DATA 01 1 "a"
                """
            )
        )
        #expect(server.transcript == ["POST / @ a\nbb", "POST / @ a\n", "POST / @ a\naa"])
    }

    @Test func asksForTheBodyWhenExpected() {
        let server = EchoServer(.http2)
        server.receive(
            frames(
                """
                preface
                headers 04 1 :method: POST | :scheme: https | :authority: a | :path: / | expect: 100-continue
                """
            )
        )
        #expect(received(server).filter { $0.type == 1 }.map(\.flags) == [0x04])
        server.receive(frames("frame DATA 01 1 \"hello\""))
        #expect(server.transcript.last?.hasSuffix("\nhello") == true)
    }

    @Test func stopsAPeerWhoseBodyGrowsTooLarge() {
        var limits = HTTPLimits()
        limits.bodyBytes = 100_000
        let server = EchoServer(.http2, limits: limits)
        server.receive(frames("preface\nrequest 04 1\nframe SETTINGS 01 0"))
        for _ in 0..<6 { server.receive(frames("frame DATA 00 1 61*16384")) }
        #expect(server.failures == [])
        server.receive(frames("frame DATA 00 1 61*1697"))
        #expect(server.failures.map(\.status) == [413])
        #expect(server.failures.first?.closes == false)
        let answer = received(server).filter { $0.stream == 1 }
        #expect(answer.last?.type == 3 && answer.last?.errorCode == 0, "RST_STREAM(NO_ERROR) after the answer")
        server.receive(frames("frame DATA 00 1 61*16384\nrequest 05 3"))  // late DATA harms nobody
        #expect(server.transcript.last == "POST / @ a\n")
    }

    @Test func refusesALargeBodyBeforeItArrives() {
        let server = EchoServer(.http2)
        server.receive(
            frames(
                """
                preface
                headers 04 1 :method: POST | :scheme: https | :authority: a | :path: / | content-length: 7340033
                """
            )
        )
        #expect(server.failures.map(\.status) == [413])
        let answer = received(server).filter { $0.stream == 1 }
        #expect(answer.map(\.type) == [1, 0, 3])
        #expect(answer.last?.errorCode == 0)
    }

    @Test func givesTheWindowBackAsBodiesAreComplete() {
        var limits = HTTPLimits()
        limits.bodyBytes = 100_000
        limits.connectionBodyBytes = 100_000
        limits.concurrentStreams = 1
        let server = EchoServer(.http2, limits: limits)
        server.responseBody = []
        server.receive(frames("preface"))
        var granted = 65_535
        func count(_ frames: [ReceivedFrame]) {
            for frame in frames where frame.type == 8 && frame.stream == 0 {
                granted += frame.payload.reduce(0) { $0 << 8 | Int($1) }
            }
        }
        count(received(server))
        #expect(granted == 2 * (65_535 + 100_000))
        for stream in 0..<100 {
            server.receive(frames("request 04 \(2 * stream + 1)\nframe DATA 01 \(2 * stream + 1) 61*16000"))
            count(received(server))
            granted -= 16_000
            #expect(granted >= 100_000)
        }
        #expect(server.transcript.count == 100)
    }

    @Test func letsLargeBodiesInOneAfterTheOther() {
        var limits = HTTPLimits()
        limits.bodyBytes = 100_000
        limits.connectionBodyBytes = 150_000
        let server = EchoServer(.http2, limits: limits)
        server.receive(frames("preface"))
        func granted() -> [UInt32] { received(server).filter { $0.type == 8 && $0.stream > 0 }.map(\.stream) }
        let head = ":method: POST | :scheme: https | :authority: a | :path: / | content-length:"
        server.receive(frames("headers 04 1 \(head) 90000\nheaders 04 3 \(head) 90000\nheaders 04 5 \(head) 60000"))
        #expect(granted() == [1], "90,000 and 90,000 are too much, 60,000 need no window")
        server.receive(frames("headers 04 7 \(head) 70000\nframe RST_STREAM 00 3 00000008"))
        #expect(granted() == [], "90,000 and 70,000 are too much")
        for _ in 0..<6 { server.receive(frames("frame DATA 00 1 61*15000")) }
        #expect(granted() == [])
        server.receive(frames("frame DATA 01 1"))
        #expect(granted() == [7])
        server.receive(frames("request 04 9\nframe DATA 00 9 61*16000\nframe DATA 00 9 61*16000"))
        #expect(granted() == [], "not yet large")
        server.receive(frames("frame DATA 00 9 61*16000"))
        #expect(granted() == [], "of unknown length, so it may take 100,000")
        server.receive(frames("frame RST_STREAM 00 7 00000008"))
        #expect(granted() == [9])
        #expect(server.transcript.count == 3 && !server.isClosed)
    }

    @Test func servesManyLargeBodiesAtOnce() {
        var limits = HTTPLimits()
        limits.bodyBytes = 200_000
        limits.connectionBodyBytes = 300_000
        var random = SplitMix64(seed: 5)
        let client = RecordingClient(.http2, limits: limits)
        let server = EchoServer(.http2, limits: limits)
        for index in 0..<8 {
            let fields = index.isMultiple(of: 2) ? [] : [HTTPField("x", "y")]
            client.submit(
                ClientRequestHead(.post, authority: "a", target: "/", fields: fields),
                Array(repeating: UInt8(index), count: 150_000)
            )
        }
        exchange(client, server, using: &random)
        #expect(client.responses.count == 8 && client.failures == [])
        #expect(client.responses.allSatisfy { $0.body.count == 150_000 })
    }

    @Test func waitsForThePeersWindow() {
        let server = EchoServer(.http2)
        server.responseBody = Array(repeating: 0x61, count: 100_000)
        server.receive(frames("preface\nframe SETTINGS 00 0 000400000064\nrequest 05 1"))
        func sent() -> Int { received(server).filter { $0.type == 0 }.reduce(0) { $0 + $1.payload.count } }
        #expect(sent() == 100)
        #expect(!server.isIdle && server.connection.deadlineNanoseconds != nil)
        server.receive(frames("frame WINDOW_UPDATE 00 1 000003e8"))
        #expect(sent() == 1000)
        server.receive(frames("frame WINDOW_UPDATE 00 1 00100000"))
        #expect(sent() == 65_535 - 1100, "the connection's window is used up")
        server.receive(frames("frame WINDOW_UPDATE 00 0 00100000"))
        #expect(sent() == 100_000 - 65_535)
        #expect(server.isIdle && server.connection.deadlineNanoseconds == nil)
    }

    /// RFC 9113 §6.9.2: a new initial size moves the windows of open streams too, if need be below zero.
    @Test func windowsFollowTheSettings() {
        let server = EchoServer(.http2)
        server.responseBody = Array(repeating: 0x61, count: 100)
        func sent() -> Int { received(server).filter { $0.type == 0 }.reduce(0) { $0 + $1.payload.count } }
        server.receive(frames("preface\nframe SETTINGS 00 0 000400000064 000400000003\nrequest 05 1"))
        #expect(sent() == 3, "the last of two values")
        server.receive(frames("frame SETTINGS 00 0 000400000005"))
        #expect(sent() == 2)
        server.receive(frames("frame SETTINGS 00 0 000400000002\nframe WINDOW_UPDATE 00 1 00000003"))
        #expect(sent() == 0, "from -3 to 0")
        server.receive(frames("frame WINDOW_UPDATE 00 1 00000001"))
        #expect(sent() == 1)
    }

    /// Whatever the error is: what is under way is answered, and then the connection is over.
    @Test(arguments: ["00000000", "000000ff"]) func endsWhenThePeerSaysThatItDoes(error: String) {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nrequest 04 1\nframe GOAWAY 00 0 00000000\(error)"))
        #expect(!server.isClosed)
        server.receive(frames("frame DATA 01 1 \"hello\""))
        #expect(server.transcript == ["POST / @ a\nhello", "closed"])
        #expect(received(server).contains { $0.type == 1 && $0.stream == 1 })
    }

    @Test func acknowledgesSettingsAndNothingElse() {
        let server = EchoServer(.http2)
        server.receive(frames("preface"))
        _ = received(server)
        server.receive(frames("frame SETTINGS 00 0 00ff00000001\nframe PING 01 0 0102030405060708\nframe 22 00 0 00"))
        let answers = received(server)
        #expect(answers.map(\.type) == [4] && answers.first?.flags == 1 && answers.first?.payload == [])
    }

    @Test func givesUpOnAPeerThatOpensNoWindow() {
        let server = EchoServer(.http2)
        server.responseBody = Array(repeating: 0x61, count: 1000)
        server.receive(frames("preface\nframe SETTINGS 00 0 000400000000\nrequest 05 1"))
        server.context.setTime(monotonicNanoseconds: 30_000_000_000, unixSeconds: 0)
        #expect(server.connection.expire(&server.context)?.code == .timedOut)
        #expect(received(server).last?.errorCode == 8)
        #expect(server.isIdle && !server.isClosed)
    }

    @Test func answersABodyThatTakesTooLong() {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nrequest 04 1\nframe DATA 00 1 61"))
        server.context.setTime(monotonicNanoseconds: 29_999_999_999, unixSeconds: 0)
        #expect(server.connection.expire(&server.context) == nil)
        server.receive(frames("request 05 3"))
        server.context.setTime(monotonicNanoseconds: 30_000_000_000, unixSeconds: 0)
        #expect(server.connection.expire(&server.context)?.status == 408)
        #expect(server.transcript == ["POST / @ a\n"], "other streams are unharmed")
        #expect(received(server).last?.errorCode == 0)
        #expect(server.isIdle)
    }

    @Test func endsTheConnectionOfAHeadThatTakesTooLong() {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nframe HEADERS 01 1 82"))
        server.context.setTime(monotonicNanoseconds: 10_000_000_000, unixSeconds: 0)
        let failure = server.connection.expire(&server.context)
        #expect(failure?.code == .timedOut && failure?.closes == true)
        #expect(received(server).last?.errorCode == 11)
        #expect(server.isClosed)
    }

    @Test func drainsInTwoSteps() {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nrequest 04 1"))
        _ = received(server)
        server.connection.beginDrain(&server.context)
        let notice = received(server)
        #expect(notice.map(\.type) == [7, 6])
        #expect(notice.first?.payload.prefix(4) == [0x7f, 0xff, 0xff, 0xff])
        server.receive(frames("request 05 3"))  // was on its way
        server.receive(frames("frame PING 01 0 0000000000000000"))
        #expect(received(server).last { $0.type == 7 }?.payload.prefix(4) == [0, 0, 0, 3])
        server.receive(frames("request 05 5"))
        #expect(!server.isClosed)
        server.receive(frames("frame DATA 01 1 61"))
        #expect(server.transcript == ["POST / @ a\n", "POST / @ a\na", "closed"])
        #expect(!received(server).contains { $0.stream == 5 }, "too late to be served")
    }

    @Test func drainsAtOnceWhenTheAnswerSaysSo() {
        let server = EchoServer(.http2)
        server.response.closes = true
        server.receive(frames("preface\nrequest 05 1"))
        #expect(received(server).contains { $0.type == 7 })
        server.receive(frames("frame PING 01 0 0000000000000000"))
        #expect(server.transcript == ["POST / @ a\n", "closed"])
        #expect(received(server).last?.payload == [0, 0, 0, 1, 0, 0, 0, 0])
    }

    @Test func forgivesResetsOfAPeerThatAlsoWorks() {
        let server = EchoServer(.http2)
        server.receive(frames("preface"))
        for index in 0..<3000 {
            server.receive(frames("request 04 \(4 * index + 1)\nframe RST_STREAM 00 \(4 * index + 1) 00000008"))
            server.receive(frames("request 05 \(4 * index + 3)"))
        }
        #expect(!server.isClosed)
        #expect(server.transcript.filter { $0 == "POST / @ a\n" }.count == 3000)
    }

    @Test func forgivesCostlyFramesAfterAWhile() {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nrepeat 900 frame PING 00 0 0000000000000000"))
        server.context.setTime(monotonicNanoseconds: 10_000_000_000, unixSeconds: 0)
        server.receive(frames("repeat 900 frame PING 00 0 0000000000000000"))
        #expect(!server.isClosed)
        server.receive(frames("repeat 900 frame PING 00 0 0000000000000000"))
        #expect(server.failures.map(\.code) == [.costlyFrames])
    }

    @Test func answersPings() {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nframe PING 00 0 0102030405060708"))
        #expect(received(server).last == ReceivedFrame.ping(flags: 1, [1, 2, 3, 4, 5, 6, 7, 8]))
    }

    @Test func reportsWhatAPeerGaveUp() {
        let server = EchoServer(.http2)
        server.receive(frames("preface\nrequest 04 1\nframe RST_STREAM 00 1 00000008"))
        #expect(server.transcript == ["failed resetByPeer 0"])
        server.receive(frames("request 04 3"))
        server.receiveEnd()
        #expect(server.transcript == ["failed resetByPeer 0", "failed endedEarly 0", "closed"])
    }

    @Test func ignoresAnAnswerToWhatWasGivenUp() {
        var context = WireContext()
        var connection = HTTPServerConnection(.http2)
        let bytes = frames("preface\nrequest 05 1\nrequest 05 3")
        var offset = 0
        guard case .request(let stream) = connection.receive(bytes.span, at: &offset, &context) else {
            Issue.record("no request")
            return
        }
        let reset = frames("frame RST_STREAM 00 1 00000008\nframe RST_STREAM 00 3 00000008")
        offset = 0
        var events: [ServerEvent] = []
        repeat {
            events.append(connection.receive(reset.span, at: &offset, &context))
        } while events.last != .needsBytes
        #expect(events.count == 2, "the second request, which is no longer wanted either, and the end")
        connection.respond(to: stream, ServerResponseHead(status: 200), body: bytes.span, &context)
        let isIdle = connection.isIdle
        #expect(isIdle)
    }

    /// The output does not grow with what a peer asks for before it reads.
    @Test func holdsOutputBackUntilItIsWritten() {
        var limits = HTTPLimits()
        limits.outputBytes = 50_000
        let server = EchoServer(.http2, limits: limits)
        server.responseBody = Array(repeating: 0x61, count: 60_000)
        server.receive(frames("preface\nframe SETTINGS 00 0 000400100000\nframe WINDOW_UPDATE 00 0 00100000"))
        server.receive(frames("request 05 1\nrequest 05 3\nrequest 05 5"))
        var total = 0
        while true {
            #expect(server.output.count < 50_000 + 17_000)
            let frames = received(server)
            if frames.isEmpty { break }
            total += frames.filter { $0.type == 0 }.reduce(0) { $0 + $1.payload.count }
            server.connection.flush(&server.context)
        }
        #expect(total == 180_000)
    }

    @Test(arguments: UInt64(0)..<60)
    func survivesNoise(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        for _ in 0..<10 {
            var bytes = MalformedMessage.http2.randomElement(using: &random)?.bytes ?? []
            if bytes.count > 4000 { bytes.removeLast(bytes.count - 4000) }
            for _ in 0..<Int.random(in: 0...4, using: &random) where bytes.count > 24 {
                bytes[Int.random(in: 24..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            bytes += (0..<Int.random(in: 0...50, using: &random)).map { _ in .random(in: 0...255, using: &random) }
            let server = EchoServer(.http2)
            for piece in split(bytes, using: &random) { server.receive(piece) }
            let whole = EchoServer(.http2)
            whole.receive(bytes)
            #expect(server.isClosed == whole.isClosed)
            server.receiveEnd()
            #expect(server.isClosed)
        }
    }
}

extension ReceivedFrame {
    fileprivate static func ping(flags: UInt8, _ payload: [UInt8]) -> ReceivedFrame {
        ReceivedFrame(type: 6, flags: flags, stream: 0, payload: payload)
    }
}
