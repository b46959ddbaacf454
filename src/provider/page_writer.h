/* Writes generations into a page: what qm_begin, qm_put, qm_publish do, over any memory. Pure.
 * Costs: qm_put is O(1) whatever the number of instances, and copies a name only when the place
 * held another one; qm_publish is a handful of stores. SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_PAGE_WRITER_H
#define QUICKMODE_PROVIDER_PAGE_WRITER_H

#include "provider/name_table.h"
#include "provider/page_layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What one place of one slot shows now. */
typedef struct qm_place {
  uint32_t name; /* in the name table */
  uint32_t caption_version;
} qm_place;

typedef struct qm_page_writer qm_page_writer;

struct qm_instance {
  qm_page_writer* writer;
  uint32_t index;
};

struct qm_page_writer {
  qm_page_layout layout;
  qm_class_info info; /* bmof is not used here */
  unsigned char* page;
  qm_name_table names;
  qm_place* places[QM_PAGE_SLOTS];
  struct qm_instance* instances; /* [capacity] */
  uint64_t published;            /* generations */
  uint64_t round;                /* qm_begin calls; published_round: that of the newest published */
  uint64_t published_round;
  uint64_t published_names; /* qm_slot_header.names of the newest published */
  uint32_t published_count;
  uint32_t count;     /* put since qm_begin */
  bool writing;       /* between qm_begin and qm_publish */
  bool names_changed; /* against the newest published */
};

/* page: zeroed, qm_page_layout_of's page_bytes, 64-aligned; it stays the caller's.
 * -EINVAL: sizes out of range; -ENOMEM. */
int qm_page_writer_open(qm_page_writer* writer, const qm_class_info* info, void* page);
void qm_page_writer_close(qm_page_writer* writer);

void qm_page_begin(qm_page_writer* writer, const qm_times* times);
int qm_page_put(qm_page_writer* writer, const char* name, qm_instance** out);
void qm_page_publish(qm_page_writer* writer);

#ifdef __cplusplus
}
#endif
#endif
