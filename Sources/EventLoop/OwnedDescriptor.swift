internal import CLinux
internal import Glibc

/// A file descriptor that is closed when its owner goes.
public struct OwnedDescriptor: ~Copyable, Sendable {
    /// The number, for the length of a call; whoever stores it must not outlive the owner.
    public let raw: CInt

    /// Takes a descriptor over.
    ///
    /// - Parameter raw: An open descriptor that nobody else closes.
    public init(owning raw: CInt) {
        precondition(raw >= 0, "not a descriptor: \(raw)")
        self.raw = raw
    }

    /// Gives the descriptor up without closing it, to carry it over to another thread.
    ///
    /// - Returns: The number; the caller hands it to ``init(owning:)`` again.
    public consuming func release() -> CInt {
        let number = raw
        discard self
        return number
    }

    // Never retried: Linux has let go of the number even when close() reports EINTR.
    deinit { _ = Glibc.close(raw) }
}

extension OwnedDescriptor {
    /// Reads what there is, at most the room of `output`.
    ///
    /// - Parameter output: Where the bytes are appended; not full.
    /// - Returns: The number of bytes; 0 at the end of the stream; nothing if there is nothing to read yet.
    /// - Throws: What `read` reports but EAGAIN and EINTR.
    public borrowing func read(into output: inout OutputSpan<UInt8>) throws(SystemError) -> Int? {
        let raw = raw
        precondition(!output.isFull, "a read of 0 bytes looks like the end of the stream")
        return try unsafe output.withUnsafeMutableBufferPointer { buffer, initialized throws(SystemError) in
            let free = unsafe UnsafeMutableRawBufferPointer(
                rebasing: UnsafeMutableRawBufferPointer(buffer)[initialized...]
            )
            let count = try systemCallUnlessBlocked("read") { unsafe Glibc.read(raw, free.baseAddress, free.count) }
            if let count { initialized += count }
            return count
        }
    }

    /// Reads what there is, at most `limit` bytes, behind the bytes that are there.
    ///
    /// - Parameters:
    ///   - buffer: What grows.
    ///   - limit: The largest number of bytes to append, more than 0.
    /// - Returns: As ``read(into:)``.
    /// - Throws: As ``read(into:)``.
    public borrowing func read(appendingTo buffer: inout [UInt8], atMost limit: Int) throws(SystemError) -> Int? {
        var count: Int?
        try buffer.append(addingCapacity: limit) { (output: inout OutputSpan<UInt8>) throws(SystemError) in
            count = try read(into: &output)
        }
        return count
    }

    /// Writes as much as the kernel takes.
    ///
    /// - Parameter bytes: What to write.
    /// - Returns: The number of bytes taken, which may be less than there are; nothing if none can be taken now.
    /// - Throws: What `write` reports but EAGAIN and EINTR.
    public borrowing func write(_ bytes: Span<UInt8>) throws(SystemError) -> Int? {
        let raw = raw
        return try unsafe bytes.withUnsafeBytes { buffer throws(SystemError) in
            try systemCallUnlessBlocked("write") { unsafe Glibc.write(raw, buffer.baseAddress, buffer.count) }
        }
    }
}
