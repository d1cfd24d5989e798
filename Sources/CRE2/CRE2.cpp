#include "CRE2.h"

#include <re2/re2.h>

struct portcullis_re2 {
    RE2 expression;
    portcullis_re2(re2::StringPiece pattern, const RE2::Options &options) : expression(pattern, options) {}
};

portcullis_re2 *portcullis_re2_compile(const char *pattern, size_t length, int64_t maximum_memory) {
    RE2::Options options(RE2::Quiet);
    options.set_max_mem(maximum_memory);
    return new portcullis_re2(re2::StringPiece(pattern, length), options);
}

const char *portcullis_re2_error(const portcullis_re2 *expression, size_t *length) {
    if (expression->expression.ok()) {
        *length = 0;
        return nullptr;
    }
    const std::string &error = expression->expression.error();
    *length = error.size();
    return error.data();
}

bool portcullis_re2_matches(const portcullis_re2 *expression, const char *text, size_t length, bool full) {
    return expression->expression.Match(re2::StringPiece(text, length), 0, length,
                                        full ? RE2::ANCHOR_BOTH : RE2::UNANCHORED, nullptr, 0);
}

int portcullis_re2_groups(const portcullis_re2 *expression) {
    return expression->expression.NumberOfCapturingGroups();
}

bool portcullis_re2_find(const portcullis_re2 *expression, const char *text, size_t length, size_t start, int64_t *spans,
                         int count) {
    // The whole match and the nine groups that a replacement can name.
    re2::StringPiece pieces[10];
    const re2::StringPiece subject(text == nullptr ? "" : text, length);
    if (count > 10 || start > length ||
        !expression->expression.Match(subject, start, length, RE2::UNANCHORED, pieces, count)) {
        return false;
    }
    for (int index = 0; index < count; index++) {
        const bool took_part = pieces[index].data() != nullptr;
        spans[2 * index] = took_part ? pieces[index].data() - subject.data() : -1;
        spans[2 * index + 1] = took_part ? spans[2 * index] + static_cast<int64_t>(pieces[index].size()) : -1;
    }
    return true;
}

void portcullis_re2_free(portcullis_re2 *expression) { delete expression; }
