import Foundation
import Glibc

/// Runs a body on a thread with a stack of 512 KiB: no thread that compiles or evaluates has less.
func onSmallStack<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        let thread = Thread { continuation.resume(returning: body()) }
        // A sanitizer puts room between variables: its frames are several times as large.
        thread.stackSize = isSanitized ? 8 * 1024 * 1024 : 512 * 1024
        thread.start()
    }
}

/// Whether the process runs under a sanitizer: its runtime has these functions.
private let isSanitized = unsafe dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
