/// nghttp2: HTTP/2 framing and HPACK. Debian 12 has 1.52, so no functions ending in `2`.
#ifndef PORTCULLIS_CNGHTTP2_H
#define PORTCULLIS_CNGHTTP2_H
#include <nghttp2/nghttp2.h>
#endif
