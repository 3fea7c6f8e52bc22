/*
 * C that needs no library: the headers that every freestanding compiler must have, the intrinsics of its processor, and
 * its calls to memset and memcpy, which Rust's library answers.
 */

#include <float.h>
#include <iso646.h>
#include <limits.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#include <x86intrin.h>
#endif

_Static_assert(CHAR_BIT == 8 && INT_MAX == 0x7FFFFFFF && INT_MIN + INT_MAX == -1, "int");
_Static_assert(UINT_MAX == 0xFFFFFFFF && USHRT_MAX == 0xFFFF && SHRT_MIN == -0x8000, "unsigned");
_Static_assert(LONG_MAX == INT64_MAX && LLONG_MIN == INT64_MIN && ULONG_MAX == UINT64_MAX, "long");
_Static_assert(CHAR_MIN == SCHAR_MIN && UCHAR_MAX == 255, "char");

typedef struct {
	uint32_t table[256];
	uint64_t bytes;
} Crc;

static void
fill(uint32_t *table)
{
	for (uint32_t n = 0; n < 256; n++) {
		uint32_t c = n;
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xEDB88320 ^ c >> 1 : c >> 1;
		table[n] = c;
	}
}

/* Calls back for each block, and ends early where the callback says so; the state goes by value, a copy each time. */
typedef int Visit(void *context, Crc state, uint32_t sum);

uint32_t
crc32(const uint8_t *data, size_t len, size_t block, Visit *visit, void *context)
{
	Crc crc = {0};
	uint32_t c = 0xFFFFFFFF;

	fill(crc.table);
	for (size_t i = 0; i < len; i++) {
		c = crc.table[(c ^ data[i]) & 0xFF] ^ c >> 8;
		crc.bytes++;
		if (crc.bytes % block == 0 && !visit(context, crc, ~c))
			break;
	}
	return ~c;
}

/* Passed in vector registers, and in memory behind the sixth. */
double
weigh(double a, float b, double c, int d, int64_t e, int f, int g, int h, int i, uint8_t j)
{
	return a + b * c + d + e + f + g + h + i + j;
}
