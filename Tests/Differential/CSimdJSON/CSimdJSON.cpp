#include "CSimdJSON.h"

#include <cstring>
#include <simdjson.h>
#include <string_view>

using namespace simdjson;

namespace {

// One thread runs the test.
dom::parser parser;

struct Digest {
    uint64_t state = 0xcbf29ce484222325u;

    void add(uint64_t word) { state = (state ^ word) * 0x100000001b3u; }

    void add(std::string_view text) {
        add(text.size());
        for (unsigned char byte : text) add(uint64_t(byte));
    }

    void add(double number) {
        uint64_t bits;
        if (number == 0) number = 0; // -0 is 0
        std::memcpy(&bits, &number, sizeof bits);
        add(bits);
    }

    void add(dom::element value) {
        switch (value.type()) {
        case dom::element_type::NULL_VALUE: add(uint64_t(0)); break;
        case dom::element_type::BOOL: add(uint64_t(bool(value) ? 2 : 1)); break;
        case dom::element_type::INT64: add(uint64_t(3)), add(double(int64_t(value))); break;
        case dom::element_type::UINT64: add(uint64_t(3)), add(double(uint64_t(value))); break;
        case dom::element_type::DOUBLE: add(uint64_t(3)), add(double(value)); break;
        case dom::element_type::STRING: add(uint64_t(4)), add(std::string_view(value)); break;
        case dom::element_type::ARRAY:
            add(uint64_t(5));
            for (dom::element element : dom::array(value)) add(element);
            add(uint64_t(6));
            break;
        case dom::element_type::OBJECT:
            add(uint64_t(7));
            for (auto field : dom::object(value)) add(field.key), add(field.value);
            add(uint64_t(8));
            break;
        }
    }
};

} // namespace

size_t csimdjson_padding(void) { return SIMDJSON_PADDING; }

int csimdjson_parse(const uint8_t *text, size_t length, uint64_t *digest) {
    dom::element root;
    error_code error = parser.parse(text, length, false).get(root);
    if (error != SUCCESS) return error;
    Digest result;
    result.add(root);
    *digest = result.state;
    return 0;
}

int csimdjson_validate(const uint8_t *text, size_t length) {
    return parser.parse(text, length, false).error();
}

const char *csimdjson_error(int code) { return error_message(error_code(code)); }

int csimdjson_number_error(void) { return NUMBER_ERROR; }
