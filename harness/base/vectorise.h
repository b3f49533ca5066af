#pragma once

/// Put before a function whose loops gain from wide registers: it is compiled for AVX2 as well, and
/// the processor found at run time decides. Results do not depend on the choice as long as the
/// function computes with integers, or adds doubles in an order that the source fixes.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define SIGHTLINE_VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define SIGHTLINE_VECTORISED
#endif
