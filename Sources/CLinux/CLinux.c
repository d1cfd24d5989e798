#define _GNU_SOURCE
#include "CLinux.h"

#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>

int portcullis_accept4(int descriptor, struct sockaddr *address, socklen_t *length) {
    return accept4(descriptor, address, length, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

int portcullis_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

int portcullis_name_thread(const char *name) { return pthread_setname_np(pthread_self(), name); }

int portcullis_run_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(processor, &set);
    return sched_setaffinity(0, sizeof set, &set);
}

int portcullis_may_run_on(int processor) {
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) == 0 && CPU_ISSET(processor, &set);
}

// The linker's; a linker that has none leaves them null.
extern const char portcullis_code_start __asm__("__executable_start") __attribute__((weak));
extern const char portcullis_code_end __asm__("etext") __attribute__((weak));

int portcullis_release_code(void) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)&portcullis_code_start + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)&portcullis_code_end & ~(page - 1);
    return start && start < end ? madvise((void *)start, end - start, MADV_DONTNEED) : 0;
}
