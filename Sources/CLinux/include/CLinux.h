/// What `import Glibc` does not show of Linux: epoll, eventfd, timerfd, signalfd, inotify, accept4, processor sets.
///
/// No `_GNU_SOURCE` here: it changes types that Swift's own Glibc module has imported without it. What needs it is in
/// CLinux.c.
#ifndef PORTCULLIS_CLINUX_H
#define PORTCULLIS_CLINUX_H
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/// `accept4` with SOCK_CLOEXEC and SOCK_NONBLOCK.
int portcullis_accept4(int descriptor, struct sockaddr *address, socklen_t *length);

/// `open` takes its mode as a variadic argument.
int portcullis_open(const char *path, int flags, mode_t mode);

/// Names the calling thread, at most 15 bytes.
int portcullis_name_thread(const char *name);

/// Binds the calling thread to one processor (`CPU_SET` is a macro).
int portcullis_run_on(int processor);

/// Whether the calling thread may run on a processor.
int portcullis_may_run_on(int processor);

/// Unmaps the pages of the program's code; those that are used come back by themselves.
int portcullis_release_code(void);
#endif
