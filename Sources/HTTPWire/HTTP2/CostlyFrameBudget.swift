/// How many frames a peer may still send that cost us more than it: a bucket that fills with time and with requests.
///
/// Bounds rapid resets (CVE-2023-44487) and floods of PING, SETTINGS, PRIORITY and empty DATA.
struct CostlyFrameBudget {
    private let capacity: UInt64
    private let nanosecondsPerFrame: UInt64
    private var left: UInt64
    private var filledNanoseconds: UInt64 = 0

    init(_ limits: borrowing HTTPLimits) {
        capacity = UInt64(limits.costlyFrames)
        nanosecondsPerFrame = UInt64(limits.costlyFrameSeconds) * 1_000_000_000 / max(1, capacity)
        left = capacity
    }

    /// Whether one more is permitted.
    mutating func spend(_ nowNanoseconds: UInt64) -> Bool {
        if nowNanoseconds > filledNanoseconds {
            let gained = (nowNanoseconds - filledNanoseconds) / nanosecondsPerFrame
            filledNanoseconds += gained * nanosecondsPerFrame
            left = min(capacity, left + min(gained, capacity))
        }
        guard left > 0 else { return false }
        left -= 1
        return true
    }

    mutating func earn() {
        left = min(capacity, left + 1)
    }
}
