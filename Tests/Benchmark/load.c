// The load generator of `make bench`: one thread, keep-alive TLS 1.3 connections, and the server's CPU time read from
// its own accounting (/proc/PID/task/*/schedstat, nanoseconds). The targets are measured in turns, the order reversed
// in every second repeat, and every answer is checked. Prints one tab-separated line a target and repeat.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static const char *const usage =
    "usage: load --body FILE [option …] NAME=PORT:PID[:EXPECTED] …\n"
    "  EXPECTED          what every answer of that server must hold\n"
    "  --mode h1|split|h2|handshake|idle  how requests are sent; split: two TLS records and writes, as Go does\n"
    "  --connections N   open at once (8)      --requests N  measured in a repeat (10000)\n"
    "  --warm-up N       not measured (1000)   --repeats N   (5)\n"
    "  --rate N          requests a second instead of a closed loop; latency then counts from when one was due\n"
    "  --path PATH       (/validate?timeout=10s)\n"
    "  --row TEXT        the first column\n";

enum mode { H1, SPLIT, H2, HANDSHAKE, IDLE };
static const char *const mode_names[] = {"h1", "split", "h2", "handshake", "idle"};

struct target {
    const char *name, *expected;
    int port, pid;
};

struct connection {
    SSL *ssl;
    nghttp2_session *h2;
    uint64_t due;  // when its request was sent or, with --rate, should have been
    size_t count, sent;
    int fd, busy, status, finished;
    char bytes[16 * 1024];
};

static enum mode mode = H1;
static int connection_count = 8, requests = 10000, warm_up = 1000, repeats = 5, rate = 0;
static const char *path = "/validate?timeout=10s", *row = "";
static char *body, *request;
static size_t body_length, request_length;
static SSL_CTX *context;
static struct connection **connections;
static int poll_fd;

static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static uint64_t now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Nanoseconds that the threads of a process have run.
static uint64_t cpu(int pid) {
    char name[300];
    snprintf(name, sizeof name, "/proc/%d/task", pid);
    DIR *tasks = opendir(name);
    if (!tasks) fail("no process %d", pid);
    uint64_t total = 0;
    for (struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "/proc/%d/task/%s/schedstat", pid, task->d_name);
        FILE *file = fopen(name, "r");
        unsigned long long ran = 0;
        if (file && fscanf(file, "%llu", &ran) == 1) total += ran;
        if (file) fclose(file);
    }
    closedir(tasks);
    return total;
}

// A field of /proc/PID/smaps_rollup, in KiB.
static long memory(int pid, const char *field) {
    char name[64], line[256];
    snprintf(name, sizeof name, "/proc/%d/smaps_rollup", pid);
    FILE *file = fopen(name, "r");
    if (!file) fail("no process %d", pid);
    long kib = 0;
    while (fgets(line, sizeof line, file))
        if (!strncmp(line, field, strlen(field))) kib = strtol(line + strlen(field), NULL, 10);
    fclose(file);
    return kib;
}

// ---- One connection ----

static void write_all(struct connection *c, const void *bytes, size_t count) {
    // A request fits the socket's buffer, so a blocked write means that the server has stopped reading.
    if (count && SSL_write(c->ssl, bytes, (int)count) != (int)count) fail("the server does not take a request");
}

static ssize_t h2_body(nghttp2_session *session, int32_t stream, uint8_t *buffer, size_t length, uint32_t *flags,
                       nghttp2_data_source *source, void *user) {
    (void)session, (void)stream, (void)user;
    struct connection *c = source->ptr;
    size_t count = body_length - c->sent < length ? body_length - c->sent : length;
    memcpy(buffer, body + c->sent, count);
    c->sent += count;
    if (c->sent == body_length) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)count;
}

static int h2_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t value_length, uint8_t flags, void *user) {
    (void)session, (void)frame, (void)value_length, (void)flags;
    if (name_length == 7 && !memcmp(name, ":status", 7)) ((struct connection *)user)->status = atoi((const char *)value);
    return 0;
}

static int h2_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes, size_t count, void *user) {
    (void)session, (void)flags, (void)stream;
    struct connection *c = user;
    if (c->count + count > sizeof c->bytes) fail("an answer is too long");
    memcpy(c->bytes + c->count, bytes, count);
    c->count += count;
    return 0;
}

static int h2_closed(nghttp2_session *session, int32_t stream, uint32_t error, void *user) {
    (void)session, (void)stream;
    if (error) fail("HTTP/2 stream error %u", error);
    ((struct connection *)user)->finished = 1;
    return 0;
}

static void h2_flush(struct connection *c) {
    char gathered[32 * 1024];
    size_t count = 0;
    for (const uint8_t *bytes;;) {
        ssize_t length = nghttp2_session_mem_send(c->h2, &bytes);
        if (length < 0) fail("HTTP/2: %s", nghttp2_strerror((int)length));
        if (!length) break;
        if (count + (size_t)length > sizeof gathered) fail("too much to send at once");
        memcpy(gathered + count, bytes, (size_t)length);
        count += (size_t)length;
    }
    write_all(c, gathered, count);
}

static void h2_start(struct connection *c) {
    nghttp2_session_callbacks *callbacks;
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, h2_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, h2_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, h2_closed);
    nghttp2_session_client_new(&c->h2, callbacks, c);
    nghttp2_session_callbacks_del(callbacks);
    // As a kube-apiserver: no push, windows of 4 MiB and 1 GiB.
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
                                         {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 4 * 1024 * 1024}};
    nghttp2_submit_settings(c->h2, NGHTTP2_FLAG_NONE, settings, 2);
    nghttp2_session_set_local_window_size(c->h2, NGHTTP2_FLAG_NONE, 0, 1 << 30);
}

static void h2_request(struct connection *c) {
    char length[20];
    snprintf(length, sizeof length, "%zu", body_length);
#define FIELD(name, value) \
    { (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1, strlen(value), NGHTTP2_NV_FLAG_NONE }
    nghttp2_nv fields[] = {FIELD(":authority", "localhost"),
                           FIELD(":method", "POST"),
                           FIELD(":path", path),
                           FIELD(":scheme", "https"),
                           FIELD("accept", "application/json, */*"),
                           FIELD("content-type", "application/json"),
                           FIELD("content-length", length),
                           FIELD("accept-encoding", "gzip"),
                           FIELD("user-agent", "kube-apiserver-admission")};
    nghttp2_data_provider provider = {.source.ptr = c, .read_callback = h2_body};
    c->sent = 0;
    if (nghttp2_submit_request(c->h2, NULL, fields, sizeof fields / sizeof *fields, &provider, NULL) < 0)
        fail("HTTP/2 takes no request");
    h2_flush(c);
}

static struct connection *connect_to(const struct target *target) {
    struct connection *c = calloc(1, sizeof *c);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)target->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int yes = 1;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) fail("%s: %s", target->name, strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    c->ssl = SSL_new(context);
    SSL_set_fd(c->ssl, c->fd);
    SSL_set_tlsext_host_name(c->ssl, "localhost");
    if (SSL_connect(c->ssl) != 1) fail("%s: no TLS", target->name);
    // Not while connections come one by one: there, waiting is what SSL_read() is called for.
    if (mode != HANDSHAKE && mode != IDLE) fcntl(c->fd, F_SETFL, O_NONBLOCK);
    if (mode == H2) {
        const unsigned char *protocol;
        unsigned length;
        SSL_get0_alpn_selected(c->ssl, &protocol, &length);
        if (length != 2 || memcmp(protocol, "h2", 2)) fail("%s does not speak HTTP/2", target->name);
        h2_start(c);
        h2_flush(c);
    }
    return c;
}

static void hang_up(struct connection *c) {
    if (c->h2) nghttp2_session_del(c->h2);
    SSL_free(c->ssl);
    close(c->fd);
    free(c);
}

static void send_request(struct connection *c) {
    c->count = 0;
    c->busy = 1;
    c->finished = 0;
    if (mode == H2) {
        h2_request(c);
    } else if (mode == SPLIT && request_length > 4096) {
        // net/http writes through a 4,096-byte buffer.
        write_all(c, request, 4096);
        write_all(c, request + 4096, request_length - 4096);
    } else {
        write_all(c, request, request_length);
    }
}

// Whether the answer in the buffer has its end.
static int is_whole(struct connection *c) {
    const char *end = memmem(c->bytes, c->count, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - c->bytes) + 4;
    c->status = atoi(c->bytes + 9);
    for (const char *line = memchr(c->bytes, '\n', head); line && line < end; line = memchr(line, '\n', head - (size_t)(line - c->bytes))) {
        line++;
        if (!strncasecmp(line, "content-length:", 15)) return c->count >= head + strtoul(line + 15, NULL, 10);
    }
    return c->count >= 5 && !memcmp(c->bytes + c->count - 5, "0\r\n\r\n", 5);  // chunked
}

// Reads what has come; true when it ends an answer.
static int receive(struct connection *c, const struct target *target) {
    do {
        char frames[16 * 1024];
        char *into = mode == H2 ? frames : c->bytes + c->count;
        size_t room = mode == H2 ? sizeof frames : sizeof c->bytes - c->count;
        int got = SSL_read(c->ssl, into, (int)room);
        if (got <= 0 && SSL_get_error(c->ssl, got) == SSL_ERROR_WANT_READ) return 0;
        if (got <= 0) fail("%s closed a connection", target->name);
        if (mode == H2) {
            if (nghttp2_session_mem_recv(c->h2, (uint8_t *)frames, (size_t)got) != got) fail("%s: not HTTP/2", target->name);
            if (nghttp2_session_want_write(c->h2)) h2_flush(c);
        } else {
            c->count += (size_t)got;
            c->finished = is_whole(c);
        }
    } while (SSL_has_pending(c->ssl));
    if (!c->finished || !c->busy) return 0;
    c->busy = 0;
    if (c->status != 200) fail("%s: status %d: %.*s", target->name, c->status, (int)c->count, c->bytes);
    if (target->expected && !memmem(c->bytes, c->count, target->expected, strlen(target->expected)))
        fail("%s: an answer without %s: %.*s", target->name, target->expected, (int)c->count, c->bytes);
    return 1;
}

// ---- Runs ----

static int by_size(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

// Sends `count` requests over the open connections, each as soon as the last is answered, or at `rate`.
static void run(const struct target *target, int count, uint32_t *latencies) {
    int sent = 0, answered = 0, timer = -1;
    uint64_t start = now(), interval = rate ? 1000000000u / (uint64_t)rate : 0;
    if (rate) {
        timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
        struct itimerspec every = {{0, (long)interval}, {0, (long)interval}};
        timerfd_settime(timer, 0, &every, NULL);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, timer, &event);
    } else {
        for (int i = 0; i < connection_count && sent < count; i++, sent++) {
            connections[i]->due = now();
            send_request(connections[i]);
        }
    }
    struct epoll_event events[64];
    while (answered < count) {
        int ready = epoll_wait(poll_fd, events, 64, 10000);
        if (!ready) fail("%s has not answered for 10 s", target->name);
        for (int i = 0; i < ready; i++) {
            struct connection *c = events[i].data.ptr;
            uint64_t ticks;
            if (!c) {
                if (read(timer, &ticks, sizeof ticks) < 0) fail("timer: %s", strerror(errno));
                continue;
            }
            if (!receive(c, target)) continue;
            uint64_t end = now();
            if (latencies) latencies[answered] = (uint32_t)(end - c->due);
            answered++;
            if (!rate && sent < count) {
                c->due = end;
                send_request(c);
                sent++;
            }
        }
        for (int i = 0; rate && i < connection_count && sent < count; i++) {
            uint64_t due = start + (uint64_t)(sent + 1) * interval;
            if (due > now()) break;
            if (connections[i]->busy) continue;
            connections[i]->due = due;
            send_request(connections[i]);
            sent++;
        }
    }
    if (timer >= 0) close(timer);
}

static void measure(const struct target *target, int repeat) {
    uint32_t *latencies = calloc((size_t)requests, sizeof *latencies);
    for (int i = 0; i < connection_count; i++) {
        connections[i] = connect_to(target);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connections[i]};
        epoll_ctl(poll_fd, EPOLL_CTL_ADD, connections[i]->fd, &event);
    }
    run(target, warm_up, NULL);
    uint64_t before = cpu(target->pid), start = now();
    run(target, requests, latencies);
    uint64_t ran = cpu(target->pid) - before, took = now() - start;
    for (int i = 0; i < connection_count; i++) hang_up(connections[i]);
    qsort(latencies, (size_t)requests, sizeof *latencies, by_size);
    printf("%s\t%s\t%d\t%s\t%d\t%.3f\t%.1f\t%.1f\t%.0f\n", row, mode_names[mode], connection_count, target->name, repeat,
           (double)ran / requests / 1e3, latencies[requests / 2] / 1e3, latencies[(long)requests * 99 / 100] / 1e3,
           requests / ((double)took / 1e9));
    free(latencies);
}

// Connect, handshake, one request, close, one after the other.
static void measure_handshakes(const struct target *target, int repeat) {
    for (int phase = 0; phase < 2; phase++) {
        int count = phase ? requests : warm_up;
        uint64_t before = cpu(target->pid), start = now();
        for (int i = 0; i < count; i++) {
            struct connection *c = connect_to(target);
            send_request(c);
            while (!receive(c, target)) {}
            SSL_shutdown(c->ssl);
            hang_up(c);
        }
        // The server's side of the last close is not waited for: a thousandth of the figure.
        if (phase)
            printf("%s\thandshake\t1\t%s\t%d\t%.1f\t0\t0\t%.0f\n", row, target->name, repeat,
                   (double)(cpu(target->pid) - before) / count / 1e3, count / ((double)(now() - start) / 1e9));
    }
}

// Private memory per connection that has carried one request, and the process's resident memory before.
static void measure_idle(const struct target *target) {
    struct connection *first = connect_to(target);
    send_request(first);
    while (!receive(first, target)) {}
    long resident = memory(target->pid, "Rss:"), before = memory(target->pid, "Private_Dirty:");
    for (int i = 0; i < connection_count; i++) {
        connections[i] = connect_to(target);
        send_request(connections[i]);
        while (!receive(connections[i], target)) {}
    }
    usleep(200000);
    long after = memory(target->pid, "Private_Dirty:");
    printf("%s\tidle\t%d\t%s\t0\t%.2f\t%ld\t0\t0\n", row, connection_count, target->name,
           (double)(after - before) / connection_count, resident);
    for (int i = 0; i < connection_count; i++) hang_up(connections[i]);
    hang_up(first);
}

static char *read_whole(const char *name, size_t *count) {
    FILE *file = fopen(name, "r");
    if (!file) fail("%s: %s", name, strerror(errno));
    char *bytes = malloc(1 << 24);
    *count = fread(bytes, 1, 1 << 24, file);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv) {
    const struct option options[] = {
        {"mode", 1, 0, 'm'},   {"body", 1, 0, 'b'},   {"connections", 1, 0, 'c'}, {"requests", 1, 0, 'n'},
        {"warm-up", 1, 0, 'w'}, {"repeats", 1, 0, 'r'}, {"rate", 1, 0, 'R'},        {"path", 1, 0, 'p'},
        {"row", 1, 0, 'o'},    {0, 0, 0, 0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
            case 'm':
                for (mode = H1; strcmp(mode_names[mode], optarg);)
                    if (++mode > IDLE) fail("%s", usage);
                break;
            case 'b': body = read_whole(optarg, &body_length); break;
            case 'c': connection_count = atoi(optarg); break;
            case 'n': requests = atoi(optarg); break;
            case 'w': warm_up = atoi(optarg); break;
            case 'r': repeats = atoi(optarg); break;
            case 'R': rate = atoi(optarg); break;
            case 'p': path = optarg; break;
            case 'o': row = optarg; break;
            default: fail("%s", usage);
        }
    }
    int count = argc - optind;
    if (!body || count < 1) fail("%s", usage);
    struct target targets[32];
    for (int i = 0; i < count && i < 32; i++) {
        char *name = argv[optind + i], *equals = strchr(name, '=');
        int end = 0;
        if (!equals || sscanf(equals, "=%d:%d%n", &targets[i].port, &targets[i].pid, &end) != 2) fail("%s", usage);
        targets[i].expected = equals[end] == ':' ? equals + end + 1 : NULL;
        *equals = 0;
        targets[i].name = name;
    }

    signal(SIGPIPE, SIG_IGN);
    // On one core an answer that is written wakes us, and the kernel may let us run before the server goes on: of servers
    // that take more time than we do nearly always, of others seldom. A switch costs the server 2 µs a request that no
    // client on another machine causes. Batch processes wait for their turn.
    if (sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0})) fail("SCHED_BATCH: %s", strerror(errno));
    request = malloc(body_length + 1024);
    request_length = (size_t)sprintf(request,
                                     "POST %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\n"
                                     "Content-Length: %zu\r\nAccept: application/json, */*\r\n"
                                     "Content-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n",
                                     path, body_length);
    memcpy(request + request_length, body, body_length);
    request_length += body_length;
    context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_read_ahead(context, 1);
    if (mode == H2) SSL_CTX_set_alpn_protos(context, (const unsigned char *)"\x02h2", 3);
    connections = calloc((size_t)connection_count, sizeof *connections);
    poll_fd = epoll_create1(EPOLL_CLOEXEC);

    if (mode == HANDSHAKE) connection_count = 1;
    for (int repeat = 0; repeat < (mode == IDLE ? 1 : repeats); repeat++) {
        for (int i = 0; i < count; i++) {
            const struct target *target = &targets[repeat % 2 ? count - 1 - i : i];
            if (mode == IDLE) measure_idle(target);
            else if (mode == HANDSHAKE) measure_handshakes(target, repeat);
            else measure(target, repeat);
            fflush(stdout);
        }
    }
}
