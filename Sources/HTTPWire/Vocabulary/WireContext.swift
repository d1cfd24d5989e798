/// What an event loop lends its connections for the length of a call: the output buffer and the clocks.
///
/// One per loop. Every call on a connection appends to ``output`` what that connection has to send; the loop writes it
/// (one TLS write for head and body), keeps what the socket did not take, and empties it before the next connection.
public struct WireContext: ~Copyable {
    /// Bytes to send on the connection that was called last.
    public var output: [UInt8] = []

    /// The monotonic clock, in nanoseconds, as of the last ``setTime(monotonicNanoseconds:unixSeconds:)``.
    public private(set) var nowNanoseconds: UInt64 = 0

    var date = HTTPDate()

    /// A context whose clocks stand at zero.
    public init() {
        date.set(unixSeconds: 0)
    }

    /// Sets both clocks; the loop does so once after each wait.
    ///
    /// - Parameters:
    ///   - monotonicNanoseconds: For deadlines and rates.
    ///   - unixSeconds: For the `Date` field.
    public mutating func setTime(monotonicNanoseconds: UInt64, unixSeconds: Int64) {
        nowNanoseconds = monotonicNanoseconds
        date.set(unixSeconds: unixSeconds)
    }
}
