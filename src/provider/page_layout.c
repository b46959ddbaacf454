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

const char* qm_class_fault(uint32_t flags, uint32_t block_bytes, uint32_t data_items,
                           uint32_t capacity, size_t bmof_bytes) {
  const uint32_t known =
      QM_REG_EXPENSIVE | QM_REG_LIST | QM_REG_BASENAME | QM_REG_PDO | QM_REG_DYNAMIC;
  const bool based = (flags & QM_REG_BASENAME) != 0;
  qm_page_layout layout;
  if ((flags & ~known) != 0) return "a registration flag is unknown: use those of provider.h";
  if (based && (flags & (QM_REG_PDO | QM_REG_LIST)) != 0) {
    return "names have one source: BASENAME goes neither with PDO nor with LIST";
  }
  if (block_bytes == 0 || block_bytes > QM_MOST_BLOCK_BYTES) {
    return "block_bytes must be 1 to 65536: the compiled structure's size";
  }
  if (data_items == 0 || data_items > QM_MOST_DATA_ITEMS) {
    return "data_items must be 1 to 128: the highest WmiDataId";
  }
  if (capacity == 0 || capacity > QM_MOST_INSTANCES) return "most_instances must be 1 to 65536";
  if (bmof_bytes > QM_MOST_BMOF_BYTES) return "the binary MOF is over 1 MiB";
  if (!qm_page_layout_of(block_bytes, data_items, capacity, &layout)) {
    return "the page would be over 1 GiB: lower most_instances";
  }
  return NULL;
}
