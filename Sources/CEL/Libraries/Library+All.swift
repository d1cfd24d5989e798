extension Library {
    /// Every library there is; profiles pick overloads by their availability.
    static let all: [Library] = []
}
