#define _GNU_SOURCE
#include "CLinux.h"

#include <sched.h>

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
