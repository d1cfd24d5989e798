import EventLoop
import Testing

@Suite struct ProgramCodeTests {
    /// What is let go of while it is used comes back.
    @Test func whatIsReleasedComesBack() throws {
        for count in 1...3 {
            try ProgramCode.release()
            #expect((0..<count).map(String.init).joined(separator: ",").split(separator: ",").count == count)
        }
    }
}
