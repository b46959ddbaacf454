#include "provider/page_layout.h"

static size_t round_up(size_t value, size_t to) {
  return (value + to - 1) / to * to;
}

bool qm_page_layout_of(uint32_t block_bytes, uint32_t data_items, uint32_t capacity,
                       qm_page_layout* out) {
  if (block_bytes == 0 || block_bytes > QM_MOST_BLOCK_BYTES) return false;
  if (data_items == 0 || data_items > QM_MOST_DATA_ITEMS) return false;
  if (capacity == 0 || capacity > QM_MOST_INSTANCES) return false;
  out->quality_offset = sizeof(qm_record) + round_up(block_bytes, 8);
  out->record_bytes = round_up(out->quality_offset + (size_t)data_items * 2, QM_LINE_BYTES);
  out->names_offset = qm_record_offset(out, capacity);
  out->slot_bytes = round_up(qm_name_offset(out, capacity), QM_LINE_BYTES);
  out->page_bytes = sizeof(qm_page_header) + QM_PAGE_SLOTS * out->slot_bytes;
  return out->page_bytes <= QM_MOST_PAGE_BYTES;
}
