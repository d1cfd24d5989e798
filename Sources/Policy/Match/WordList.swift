/// Words of a policy in one buffer: asked of every request, and looked at without a reference to count.
struct WordList: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    init(_ words: [String]) {
        for word in words {
            bytes += word.utf8
            ends.append(bytes.count)
        }
    }

    var indices: Range<Int> { ends.indices }

    subscript(_ index: Int) -> Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let ends = ends.span
            return bytes.span.extracting((index == 0 ? 0 : ends[index &- 1])..<ends[index])
        }
    }

    /// The words, copied: for the checks of a folder.
    var words: [String] {
        indices.map { String(decoding: bytes[($0 == 0 ? 0 : ends[$0 - 1])..<ends[$0]], as: UTF8.self) }
    }

    func contains(_ text: Span<UInt8>) -> Bool {
        for index in indices where self[index].equals(text) { return true }
        return false
    }
}
