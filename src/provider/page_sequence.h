/* The order in which a page's words become visible: a sequence lock over two slots.
 *
 *   writer of generation g: begun = g | release fence | slot g&1 … | published = g (release)
 *   reader: p = published (acquire) | copy slot p&1, relaxed | acquire fence | begun < p + 2 ?
 *
 * A reader that saw any word of generation p + 2 also sees begun >= p + 2 (the fences pair), and
 * throws its copy away. After Boehm, "Can seqlocks get along with programming language memory
 * models?" (2012). GCC 12 refuses fences under TSan, which cannot model them; that build orders by
 * the accesses themselves, at the same result. Pure, C11 and C++. SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_PAGE_SEQUENCE_H
#define QUICKMODE_PROVIDER_PAGE_SEQUENCE_H

#include <stdint.h>

#if defined(__SANITIZE_THREAD__)
#define QM_NO_FENCES 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define QM_NO_FENCES 1
#endif
#endif

static inline void qm_sequence_begin(uint64_t* begun, uint64_t generation) {
#ifdef QM_NO_FENCES
  (void)__atomic_exchange_n(begun, generation, __ATOMIC_SEQ_CST);
#else
  __atomic_store_n(begun, generation, __ATOMIC_RELAXED);
  __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}

static inline void qm_sequence_publish(uint64_t* published, uint64_t generation) {
  __atomic_store_n(published, generation, __ATOMIC_RELEASE);
}

static inline uint64_t qm_sequence_published(const uint64_t* published) {
  return __atomic_load_n(published, __ATOMIC_ACQUIRE);
}

static inline uint64_t qm_word_load(const uint64_t* word) {
#ifdef QM_NO_FENCES
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
#else
  return __atomic_load_n(word, __ATOMIC_RELAXED);
#endif
}

/* To be asked after the copying. */
static inline uint64_t qm_sequence_begun(const uint64_t* begun) {
#ifndef QM_NO_FENCES
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
  return __atomic_load_n(begun, __ATOMIC_RELAXED);
}

#endif
