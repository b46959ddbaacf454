#include "provider/page_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "provider/page_sequence.h"
#include "provider/plain_text.h"

static qm_page_header* header_of(const qm_page_writer* writer) {
  return (qm_page_header*)(void*)writer->page;
}

/* The slot of the generation being written: that of published + 1. */
static unsigned writing_slot(const qm_page_writer* writer) {
  return (unsigned)((writer->published + 1) & 1U);
}

static unsigned char* slot_memory(const qm_page_writer* writer) {
  return writer->page + qm_slot_offset(&writer->layout, writer->published + 1);
}

static qm_slot_header* slot_of(const qm_page_writer* writer) {
  return (qm_slot_header*)(void*)slot_memory(writer);
}

static unsigned char* record_of(const qm_page_writer* writer, uint32_t index) {
  return slot_memory(writer) + qm_record_offset(&writer->layout, index);
}

static qm_name_entry* name_entry_of(const qm_page_writer* writer, uint32_t index) {
  return (qm_name_entry*)(void*)(slot_memory(writer) + qm_name_offset(&writer->layout, index));
}

int qm_page_writer_open(qm_page_writer* writer, const qm_class_info* info, void* page) {
  memset(writer, 0, sizeof *writer);
  if (!qm_page_layout_of(info->block_bytes, info->data_items, info->most_instances,
                         &writer->layout)) {
    return -EINVAL;
  }
  const uint32_t capacity = info->most_instances;
  writer->info = *info;
  writer->page = page;
  writer->instances = calloc(capacity, sizeof *writer->instances);
  bool good = writer->instances != NULL && qm_name_table_open(&writer->names, capacity);
  for (unsigned slot = 0; slot < QM_PAGE_SLOTS; ++slot) {
    writer->places[slot] = calloc(capacity, sizeof(qm_place));
    good = good && writer->places[slot] != NULL;
  }
  if (!good) {
    qm_page_writer_close(writer);
    return -ENOMEM;
  }
  qm_page_header* header = header_of(writer);
  header->magic = QM_PAGE_MAGIC;
  header->version = QM_PAGE_VERSION;
  header->capacity = capacity;
  header->guid = info->guid;
  header->block_bytes = info->block_bytes;
  header->data_items = info->data_items;
  header->page_bytes = writer->layout.page_bytes;
  return 0;
}

void qm_page_writer_close(qm_page_writer* writer) {
  qm_name_table_close(&writer->names);
  for (unsigned slot = 0; slot < QM_PAGE_SLOTS; ++slot) free(writer->places[slot]);
  free(writer->instances);
  memset(writer, 0, sizeof *writer);
}

void qm_page_begin(qm_page_writer* writer, const qm_times* times) {
  /* Begun twice without a publish between: the same generation starts anew. */
  qm_sequence_begin(&header_of(writer)->begun, writer->published + 1);
  ++writer->round;
  writer->writing = true;
  writer->names_changed = false;
  writer->count = 0;
  qm_slot_header* slot = slot_of(writer);
  slot->boot_ns = times->boot_ns;
  slot->filetime_100ns = times->filetime_100ns;
}

static void write_caption(qm_page_writer* writer, uint32_t index, const qm_name* name) {
  qm_name_entry* entry = name_entry_of(writer, index);
  const size_t bytes = name->caption == NULL ? 0 : strlen(name->caption);
  entry->caption_bytes = (uint32_t)bytes;
  if (bytes > 0) memcpy(entry->caption, name->caption, bytes);
  writer->places[writing_slot(writer)][index].caption_version = name->caption_version;
}

static void note_change(qm_page_writer* writer, uint32_t index) {
  const unsigned slot = writing_slot(writer);
  const qm_place* now = &writer->places[slot][index];
  const qm_place* before = &writer->places[1 - slot][index];
  if (now->name != before->name || now->caption_version != before->caption_version) {
    writer->names_changed = true;
  }
}

/* The id of this name: that of the same place a generation ago in the steady state, else by hash.
 * QM_NO_NAME: it is new; *hash is set then. */
static uint32_t known_name(const qm_page_writer* writer, const char* name, uint32_t ordinal,
                           uint64_t* hash) {
  const unsigned slot = writing_slot(writer);
  const uint32_t likely = writer->places[1 - slot][writer->count].name;
  if (likely != QM_NO_NAME) {
    const qm_name* guess = &writer->names.names[likely];
    if (guess->ordinal == ordinal && strcmp(guess->text, name) == 0) return likely;
  }
  *hash = qm_name_hash(name, ordinal);
  return qm_name_find(&writer->names, name, ordinal, *hash);
}

/* Makes the next place of the slot show the name. */
static int place_name(qm_page_writer* writer, const char* name) {
  const uint32_t index = writer->count;
  /* With a base name it is serve's index that tells instances apart, so the names may be equal. */
  const bool repeats = (writer->info.flags & QM_REG_BASENAME) != 0;
  const uint32_t ordinal = repeats ? index + 1 : 0;
  uint64_t hash = 0;
  uint32_t id = known_name(writer, name, ordinal, &hash);
  if (id == QM_NO_NAME && !qm_is_plain_text(name)) return -EINVAL;
  if (id != QM_NO_NAME && writer->names.names[id].round == writer->round) return -EEXIST;
  qm_place* place = &writer->places[writing_slot(writer)][index];
  if (id == QM_NO_NAME || place->name != id) {
    if (id != QM_NO_NAME) ++writer->names.names[id].uses;
    qm_name_release(&writer->names, place->name);
    *place = (qm_place){.name = QM_NO_NAME};
    if (id == QM_NO_NAME) id = qm_name_add(&writer->names, name, ordinal, hash);
    if (id == QM_NO_NAME) return -ENOMEM;
    qm_name_entry* entry = name_entry_of(writer, index);
    const size_t bytes = strlen(name);
    entry->name_bytes = (uint32_t)bytes;
    memcpy(entry->name, name, bytes);
    entry->caption_bytes = 0;
    *place = (qm_place){.name = id, .caption_version = UINT32_MAX};
  }
  qm_name* known = &writer->names.names[id];
  if (known->caption != NULL && known->round < writer->published_round) {
    free(known->caption); /* it was away for a while: what it was called then is not kept */
    known->caption = NULL;
    ++known->caption_version;
  }
  known->round = writer->round;
  if (place->caption_version != known->caption_version) write_caption(writer, index, known);
  note_change(writer, index);
  return 0;
}

int qm_page_put(qm_page_writer* writer, const char* name, qm_instance** out) {
  if (!writer->writing || name == NULL) return -EINVAL;
  if (writer->count == writer->info.most_instances) return -ENOSPC;
  const int placed = place_name(writer, name);
  if (placed != 0) return placed;
  const uint32_t index = writer->count++;
  unsigned char* record = record_of(writer, index);
  memset(record, 0, writer->layout.record_bytes);
  ((qm_record*)(void*)record)->flags = QM_RECORD_ACTIVE;
  writer->instances[index] = (qm_instance){.writer = writer, .index = index};
  *out = &writer->instances[index];
  return 0;
}

void qm_page_publish(qm_page_writer* writer) {
  if (!writer->writing) return;
  const uint64_t generation = writer->published + 1;
  qm_slot_header* slot = slot_of(writer);
  if (writer->names_changed || writer->count != writer->published_count) {
    writer->published_names = generation;
  }
  slot->number = generation;
  slot->names = writer->published_names;
  slot->count = writer->count;
  qm_sequence_publish(&header_of(writer)->published, generation);
  writer->published = generation;
  writer->published_round = writer->round;
  writer->published_count = writer->count;
  writer->writing = false;
}

void* qm_block(qm_instance* instance) {
  if (!instance->writer->writing) return NULL;
  return record_of(instance->writer, instance->index) + sizeof(qm_record);
}

void qm_set_active(qm_instance* instance, bool active) {
  if (!instance->writer->writing) return;
  qm_record* record = (qm_record*)(void*)record_of(instance->writer, instance->index);
  record->flags = active ? QM_RECORD_ACTIVE : 0;
}

void qm_set_quality(qm_instance* instance, uint32_t data_id, qm_quality quality, qm_reason reason) {
  const qm_page_writer* writer = instance->writer;
  if (!writer->writing || data_id == 0 || data_id > writer->info.data_items) return;
  if ((unsigned)quality > QM_UNAVAILABLE || (unsigned)reason >= QM_REASON_COUNT) return;
  unsigned char* item = record_of(writer, instance->index) + writer->layout.quality_offset +
                        (size_t)(data_id - 1) * 2;
  item[0] = (unsigned char)quality;
  item[1] = (unsigned char)reason;
}

void qm_set_caption(qm_instance* instance, const char* caption) {
  qm_page_writer* writer = instance->writer;
  if (!writer->writing) return;
  const uint32_t id = writer->places[writing_slot(writer)][instance->index].name;
  qm_name* name = &writer->names.names[id];
  const char* old = name->caption == NULL ? "" : name->caption;
  if (strcmp(old, caption) == 0) return;
  char plain[QM_MOST_NAME_BYTES + 1];
  plain[qm_copy_plain(caption, plain, QM_MOST_NAME_BYTES)] = '\0';
  if (strcmp(old, plain) == 0) return;
  char* copy = strdup(plain);
  if (copy == NULL) return; /* a friendly name is not worth failing for */
  free(name->caption);
  name->caption = copy;
  ++name->caption_version;
  write_caption(writer, instance->index, name);
  note_change(writer, instance->index);
}
