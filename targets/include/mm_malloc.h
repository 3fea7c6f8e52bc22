/*
 * gcc's <xmmintrin.h> includes this header for _mm_malloc and _mm_free, and its own needs a C library's <stdlib.h>. This
 * one is empty, so that the intrinsics can be used; a call of the two functions does not compile.
 */
