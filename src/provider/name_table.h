/* A writer's own memory of names: which string stands at which index of which slot, so that an
 * unchanged name is neither hashed nor written again, and a known one is found in O(1). Pure;
 * private to the writer, whose page holds the copies that readers see.
 * Limit: a name lives while a slot shows it, so twice the page's capacity is enough.
 * SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_NAME_TABLE_H
#define QUICKMODE_PROVIDER_NAME_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provider/page_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { QM_NO_NAME = 0 }; /* names count from 1 */

typedef struct qm_name {
  char* text;    /* terminated; NULL: free */
  char* caption; /* terminated, plain; NULL: none */
  uint64_t hash;
  uint64_t round;           /* the writer's qm_begin after which it was last put */
  uint32_t caption_version; /* grows with each change */
  uint32_t ordinal;         /* tells equal texts apart where names may repeat, else 0 */
  uint32_t uses;            /* places in slots that show it */
} qm_name;

typedef struct qm_name_table {
  qm_name* names; /* [most + 1]; 0 is QM_NO_NAME */
  uint32_t most;
  uint32_t used;      /* names[1…used] have been used */
  uint32_t* free_ids; /* a stack of names that were freed */
  uint32_t free_count;
  uint32_t* buckets; /* open addressing, linear; QM_NO_NAME is empty */
  uint32_t bucket_mask;
} qm_name_table;

bool qm_name_table_open(qm_name_table* table, uint32_t capacity); /* false: out of memory */
void qm_name_table_close(qm_name_table* table);

uint64_t qm_name_hash(const char* text, uint32_t ordinal);
uint32_t qm_name_find(const qm_name_table* table, const char* text, uint32_t ordinal,
                      uint64_t hash);
/* Adds what qm_name_find did not find, with one use; QM_NO_NAME: out of memory. */
uint32_t qm_name_add(qm_name_table* table, const char* text, uint32_t ordinal, uint64_t hash);
/* One use less; the last one frees it. QM_NO_NAME is fine. */
void qm_name_release(qm_name_table* table, uint32_t id);

#ifdef __cplusplus
}
#endif
#endif
