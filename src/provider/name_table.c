#include "provider/name_table.h"

#include <stdlib.h>
#include <string.h>

bool qm_name_table_open(qm_name_table* table, uint32_t capacity) {
  memset(table, 0, sizeof *table);
  table->most = capacity * QM_PAGE_SLOTS;
  uint32_t buckets = 8;
  while (buckets < table->most * 2) buckets *= 2; /* at most half full: short probes */
  table->bucket_mask = buckets - 1;
  /* calloc leaves untouched pages to the kernel: a large capacity costs nothing until used. */
  table->names = calloc((size_t)table->most + 1, sizeof *table->names);
  table->free_ids = calloc(table->most, sizeof *table->free_ids);
  table->buckets = calloc(buckets, sizeof *table->buckets);
  if (table->names != NULL && table->free_ids != NULL && table->buckets != NULL) return true;
  qm_name_table_close(table);
  return false;
}

void qm_name_table_close(qm_name_table* table) {
  for (uint32_t id = 1; table->names != NULL && id <= table->used; ++id) {
    free(table->names[id].text);
    free(table->names[id].caption);
  }
  free(table->names);
  free(table->free_ids);
  free(table->buckets);
  memset(table, 0, sizeof *table);
}

uint64_t qm_name_hash(const char* text, uint32_t ordinal) {
  uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ ordinal; /* FNV-1a, then mixed downwards */
  for (const char* c = text; *c != '\0'; ++c) {
    hash = (hash ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
  }
  hash = (hash ^ ordinal) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ (hash >> 32U);
}

uint32_t qm_name_find(const qm_name_table* table, const char* text, uint32_t ordinal,
                      uint64_t hash) {
  for (uint32_t at = (uint32_t)hash & table->bucket_mask;; at = (at + 1) & table->bucket_mask) {
    const uint32_t id = table->buckets[at];
    if (id == QM_NO_NAME) return QM_NO_NAME;
    const qm_name* name = &table->names[id];
    if (name->hash == hash && name->ordinal == ordinal && strcmp(name->text, text) == 0) return id;
  }
}

uint32_t qm_name_add(qm_name_table* table, const char* text, uint32_t ordinal, uint64_t hash) {
  char* copy = strdup(text);
  if (copy == NULL) return QM_NO_NAME;
  const uint32_t id = table->free_count > 0 ? table->free_ids[--table->free_count] : ++table->used;
  table->names[id] = (qm_name){.text = copy, .hash = hash, .ordinal = ordinal, .uses = 1};
  uint32_t at = (uint32_t)hash & table->bucket_mask;
  while (table->buckets[at] != QM_NO_NAME) at = (at + 1) & table->bucket_mask;
  table->buckets[at] = id;
  return id;
}

/* Closes the hole in the probe sequence by moving later entries up (Knuth 6.4, algorithm R). */
static void remove_bucket(qm_name_table* table, uint32_t id) {
  const uint32_t mask = table->bucket_mask;
  uint32_t hole = (uint32_t)table->names[id].hash & mask;
  while (table->buckets[hole] != id) hole = (hole + 1) & mask;
  for (uint32_t at = (hole + 1) & mask; table->buckets[at] != QM_NO_NAME; at = (at + 1) & mask) {
    const uint32_t home = (uint32_t)table->names[table->buckets[at]].hash & mask;
    if (((at - home) & mask) < ((at - hole) & mask)) continue; /* hole lies before its home */
    table->buckets[hole] = table->buckets[at];
    hole = at;
  }
  table->buckets[hole] = QM_NO_NAME;
}

void qm_name_release(qm_name_table* table, uint32_t id) {
  if (id == QM_NO_NAME) return;
  qm_name* name = &table->names[id];
  if (--name->uses > 0) return;
  remove_bucket(table, id);
  free(name->text);
  free(name->caption);
  *name = (qm_name){0};
  table->free_ids[table->free_count++] = id;
}
