/* Where things lie in a page; docs/page-format.md draws it. Both sides compute it from what the
 * registration said, never from what the page says of itself. Pure, C11 and C++.
 * SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_PAGE_LAYOUT_H
#define QUICKMODE_PROVIDER_PAGE_LAYOUT_H

#include "quickmode/provider.h"

#ifdef __cplusplus
extern "C" {
#endif

#define QM_PAGE_MAGIC UINT64_C(0x0031454741504d51) /* "QMPAGE1" where memory is little-endian */

enum {
  QM_PAGE_VERSION = 1,
  QM_PAGE_SLOTS = 2,
  QM_NAME_FIELD_BYTES = 512,
  QM_RECORD_ACTIVE = 1, /* qm_record.flags: the instance supplies data */
  QM_LINE_BYTES = 64    /* slots and records start at a cache line of their own */
};

/* At the page's start. What never changes after registration stands in the first line, the two
 * sequences in the second: a writer's publish must not evict what readers need only once. */
typedef struct qm_page_header {
  uint64_t magic;
  uint32_t version;
  uint32_t capacity; /* instances a slot has room for */
  GUID guid;
  uint32_t block_bytes;
  uint32_t data_items;
  uint64_t page_bytes;
  uint64_t reserved[2];
  uint64_t begun;     /* the generation being written, or the last one that was */
  uint64_t published; /* the newest whole generation; 0: none yet. It lies in slot published & 1 */
  uint64_t padding[6];
} qm_page_header;

typedef struct qm_slot_header {
  uint64_t number; /* the generation that this slot holds */
  uint64_t boot_ns;
  uint64_t filetime_100ns;
  uint64_t names; /* the generation since which names, captions and their order are as now */
  uint64_t count; /* instances */
  uint64_t reserved[3];
} qm_slot_header;

/* Before an instance's block; the qualities (2 bytes a data item: quality, reason) follow it. */
typedef struct qm_record {
  uint64_t flags;
} qm_record;

typedef struct qm_name_entry {
  uint32_t name_bytes; /* 1…QM_MOST_NAME_BYTES */
  uint32_t caption_bytes;
  char name[QM_NAME_FIELD_BYTES]; /* not terminated */
  char caption[QM_NAME_FIELD_BYTES];
} qm_name_entry;

typedef struct qm_page_layout {
  size_t quality_offset; /* in a record */
  size_t record_bytes;   /* from one record to the next */
  size_t names_offset;   /* in a slot; records begin after the slot's header */
  size_t slot_bytes;
  size_t page_bytes;
} qm_page_layout;

/* False when a size is out of range or the page would exceed QM_MOST_PAGE_BYTES. */
bool qm_page_layout_of(uint32_t block_bytes, uint32_t data_items, uint32_t capacity,
                       qm_page_layout* out);

/* What is wrong with a class as it is to be registered, for its author to read; NULL: nothing. */
const char* qm_class_fault(uint32_t flags, uint32_t block_bytes, uint32_t data_items,
                           uint32_t capacity, size_t bmof_bytes);

static inline size_t qm_slot_offset(const qm_page_layout* layout, uint64_t generation) {
  return sizeof(qm_page_header) + (size_t)(generation & 1U) * layout->slot_bytes;
}
static inline size_t qm_record_offset(const qm_page_layout* layout, size_t index) {
  return sizeof(qm_slot_header) + index * layout->record_bytes; /* in a slot */
}
static inline size_t qm_name_offset(const qm_page_layout* layout, size_t index) {
  return layout->names_offset + index * sizeof(qm_name_entry); /* in a slot */
}

#ifdef __cplusplus
}
static_assert(sizeof(qm_page_header) == 128 && sizeof(qm_slot_header) == 64);
static_assert(sizeof(qm_name_entry) == 1032 && sizeof(GUID) == 16);
#else
_Static_assert(sizeof(qm_page_header) == 128 && sizeof(qm_slot_header) == 64, "the format");
_Static_assert(sizeof(qm_name_entry) == 1032 && sizeof(GUID) == 16, "the format");
#endif
#endif
