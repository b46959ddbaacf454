/* The dispatcher of storage miniports' WMI requests, and the way of their blocks into a page. */
#include "quickmode/scsiwmi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const ULONG kNoGuid = 0xffffffff;

static ULONG guid_index_of(const SCSI_WMILIB_CONTEXT* context, const GUID* guid) {
  if (guid == NULL) return kNoGuid;
  for (ULONG i = 0; i < context->GuidCount; ++i) {
    if (memcmp(context->GuidList[i].Guid, guid, sizeof *guid) == 0) return i;
  }
  return kNoGuid;
}

VOID ScsiPortWmiPostProcess(PSCSIWMI_REQUEST_CONTEXT request, UCHAR status, ULONG used_bytes) {
  request->ReturnStatus = status;
  request->ReturnSize = used_bytes;
}

/* True when [offset, offset + size) lies behind the header and within the buffer. */
static bool inside(ULONG offset, ULONG size, ULONG header_bytes, ULONG buffer_bytes) {
  return offset >= header_bytes && offset <= buffer_bytes && size <= buffer_bytes - offset;
}

static void too_small(PSCSIWMI_REQUEST_CONTEXT request, PVOID buffer, ULONG buffer_bytes,
                      ULONG needed_bytes) {
  WNODE_TOO_SMALL* answer = buffer;
  if (buffer_bytes < sizeof *answer) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_DATA_OVERRUN, needed_bytes);
    return;
  }
  answer->WnodeHeader.BufferSize = sizeof *answer;
  answer->WnodeHeader.Flags = WNODE_FLAG_TOO_SMALL;
  answer->SizeNeeded = needed_bytes;
  ScsiPortWmiPostProcess(request, SRB_STATUS_SUCCESS, sizeof *answer);
}

static ULONG up_to_8(ULONG bytes) {
  return (bytes + 7) & ~(ULONG)7;
}

/* A block begins at a multiple of 8, as WMI promises to drivers. */
enum { kAllDataAt = 64, kSingleInstanceAt = 64 };

static void query_all(const SCSI_WMILIB_CONTEXT* context, PVOID device,
                      PSCSIWMI_REQUEST_CONTEXT request, ULONG index, ULONG buffer_bytes,
                      PVOID buffer) {
  const ULONG count = context->GuidList[index].InstanceCount;
  ULONG* lengths = calloc(count == 0 ? 1 : count, sizeof *lengths);
  if (lengths == NULL) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_ERROR, 0);
    return;
  }
  const ULONG room = buffer_bytes > kAllDataAt ? buffer_bytes - kAllDataAt : 0;
  context->QueryWmiDataBlock(device, request, index, 0, count, lengths, room,
                             room == 0 ? NULL : (PUCHAR)buffer + kAllDataAt);
  const ULONG first = count == 0 ? 0 : lengths[0];
  free(lengths);
  if (request->ReturnStatus == SRB_STATUS_DATA_OVERRUN) {
    too_small(request, buffer, buffer_bytes, kAllDataAt + request->ReturnSize);
    return;
  }
  if (request->ReturnStatus != SRB_STATUS_SUCCESS) return;
  if (buffer_bytes < kAllDataAt || request->ReturnSize > room) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_ERROR, 0);
    return;
  }
  WNODE_ALL_DATA* answer = buffer;
  answer->WnodeHeader.BufferSize = kAllDataAt + request->ReturnSize;
  answer->WnodeHeader.Flags = WNODE_FLAG_ALL_DATA | WNODE_FLAG_FIXED_INSTANCE_SIZE;
  answer->DataBlockOffset = kAllDataAt;
  answer->InstanceCount = count;
  answer->OffsetInstanceNameOffsets = 0;
  answer->FixedInstanceSize = first;
  request->ReturnSize = answer->WnodeHeader.BufferSize;
}

static void query_one(const SCSI_WMILIB_CONTEXT* context, PVOID device,
                      PSCSIWMI_REQUEST_CONTEXT request, ULONG index, ULONG buffer_bytes,
                      PVOID buffer) {
  WNODE_SINGLE_INSTANCE* node = buffer;
  if (buffer_bytes < kSingleInstanceAt ||
      node->InstanceIndex >= context->GuidList[index].InstanceCount) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_INVALID_REQUEST, 0);
    return;
  }
  /* The caller may have put a name before the data. */
  ULONG at = node->DataBlockOffset == 0 ? kSingleInstanceAt : up_to_8(node->DataBlockOffset);
  if (!inside(at, 0, kSingleInstanceAt, buffer_bytes)) at = kSingleInstanceAt;
  ULONG length = 0;
  const ULONG room = buffer_bytes - at;
  context->QueryWmiDataBlock(device, request, index, node->InstanceIndex, 1, &length, room,
                             room == 0 ? NULL : (PUCHAR)buffer + at);
  if (request->ReturnStatus == SRB_STATUS_DATA_OVERRUN) {
    too_small(request, buffer, buffer_bytes, at + request->ReturnSize);
    return;
  }
  if (request->ReturnStatus != SRB_STATUS_SUCCESS) return;
  if (length > room) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_ERROR, 0);
    return;
  }
  node->WnodeHeader.BufferSize = at + length;
  node->WnodeHeader.Flags = WNODE_FLAG_SINGLE_INSTANCE;
  node->DataBlockOffset = at;
  node->SizeDataBlock = length;
  request->ReturnSize = at + length;
}

static void change(const SCSI_WMILIB_CONTEXT* context, PVOID device,
                   PSCSIWMI_REQUEST_CONTEXT request, ULONG index, ULONG buffer_bytes,
                   PVOID buffer) {
  const WNODE_SINGLE_INSTANCE* node = buffer;
  if (context->SetWmiDataBlock == NULL || buffer_bytes < sizeof *node ||
      node->InstanceIndex >= context->GuidList[index].InstanceCount ||
      !inside(node->DataBlockOffset, node->SizeDataBlock, sizeof *node, buffer_bytes)) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_INVALID_REQUEST, 0);
    return;
  }
  context->SetWmiDataBlock(device, request, index, node->InstanceIndex, node->SizeDataBlock,
                           (PUCHAR)buffer + node->DataBlockOffset);
}

/* One data item, or a method: both name it by an id and have its bytes behind. */
static void item(const SCSI_WMILIB_CONTEXT* context, PVOID device, PSCSIWMI_REQUEST_CONTEXT request,
                 ULONG index, ULONG buffer_bytes, PVOID buffer, bool is_method) {
  WNODE_SINGLE_ITEM* node = buffer;
  const bool served =
      is_method ? context->ExecuteWmiMethod != NULL : context->SetWmiDataItem != NULL;
  if (!served || buffer_bytes < sizeof *node ||
      node->InstanceIndex >= context->GuidList[index].InstanceCount ||
      !inside(node->DataBlockOffset, node->SizeDataItem, sizeof *node, buffer_bytes)) {
    ScsiPortWmiPostProcess(request, SRB_STATUS_INVALID_REQUEST, 0);
    return;
  }
  const PUCHAR data = (PUCHAR)buffer + node->DataBlockOffset;
  if (!is_method) {
    context->SetWmiDataItem(device, request, index, node->InstanceIndex, node->ItemId,
                            node->SizeDataItem, data);
    return;
  }
  const ULONG at = node->DataBlockOffset;
  const ULONG room = buffer_bytes - at;
  context->ExecuteWmiMethod(device, request, index, node->InstanceIndex, node->ItemId,
                            node->SizeDataItem, room, data);
  if (request->ReturnStatus == SRB_STATUS_DATA_OVERRUN) {
    too_small(request, buffer, buffer_bytes, at + request->ReturnSize);
  } else if (request->ReturnStatus == SRB_STATUS_SUCCESS && request->ReturnSize <= room) {
    node->SizeDataItem = request->ReturnSize;
    node->WnodeHeader.BufferSize = at + request->ReturnSize;
    node->WnodeHeader.Flags = WNODE_FLAG_METHOD_ITEM;
    request->ReturnSize = node->WnodeHeader.BufferSize;
  }
}

static void control(const SCSI_WMILIB_CONTEXT* context, PVOID device,
                    PSCSIWMI_REQUEST_CONTEXT request, ULONG index, UCHAR minor) {
  ScsiPortWmiPostProcess(request, SRB_STATUS_SUCCESS, 0); /* a miniport may not care */
  if (context->WmiFunctionControl == NULL) return;
  const bool events = minor == IRP_MN_ENABLE_EVENTS || minor == IRP_MN_DISABLE_EVENTS;
  const bool enable = minor == IRP_MN_ENABLE_EVENTS || minor == IRP_MN_ENABLE_COLLECTION;
  context->WmiFunctionControl(device, request, index,
                              events ? ScsiWmiEventControl : ScsiWmiDataBlockControl, enable);
}

BOOLEAN ScsiPortWmiDispatchFunction(PSCSI_WMILIB_CONTEXT context, UCHAR minor, PVOID device,
                                    PSCSIWMI_REQUEST_CONTEXT request, PVOID data_path,
                                    ULONG buffer_bytes, PVOID buffer) {
  request->MinorFunction = minor;
  request->Buffer = buffer;
  request->BufferSize = buffer_bytes;
  ScsiPortWmiPostProcess(request, SRB_STATUS_INVALID_REQUEST, 0);
  if (minor == IRP_MN_REGINFO) {
    PWCHAR resource_name = NULL;
    request->ReturnStatus = context->QueryWmiRegInfo(device, request, &resource_name);
    return FALSE;
  }
  const ULONG index = guid_index_of(context, data_path);
  if (index == kNoGuid) return FALSE;
  if (minor >= IRP_MN_ENABLE_EVENTS && minor <= IRP_MN_DISABLE_COLLECTION) {
    control(context, device, request, index, minor);
    return FALSE;
  }
  if (buffer == NULL) return FALSE;
  if (minor == IRP_MN_QUERY_ALL_DATA) {
    query_all(context, device, request, index, buffer_bytes, buffer);
  } else if (minor == IRP_MN_QUERY_SINGLE_INSTANCE) {
    query_one(context, device, request, index, buffer_bytes, buffer);
  } else if (minor == IRP_MN_CHANGE_SINGLE_INSTANCE) {
    change(context, device, request, index, buffer_bytes, buffer);
  } else if (minor == IRP_MN_CHANGE_SINGLE_ITEM || minor == IRP_MN_EXECUTE_METHOD) {
    item(context, device, request, index, buffer_bytes, buffer, minor == IRP_MN_EXECUTE_METHOD);
  }
  return FALSE;
}

int qm_scsiwmi_register(qm_provider* provider, const SCSI_WMILIB_CONTEXT* context, ULONG guid_index,
                        uint32_t block_bytes, uint32_t data_items, qm_registration** out) {
  if (guid_index >= context->GuidCount) return -EINVAL;
  qm_class_info info;
  memset(&info, 0, sizeof info);
  info.guid = *context->GuidList[guid_index].Guid;
  info.flags = QM_REG_PDO;
  info.block_bytes = block_bytes;
  info.data_items = data_items;
  info.most_instances = 1;
  return qm_register(provider, &info, out);
}

int qm_scsiwmi_publish(qm_registration* registration, const SCSI_WMILIB_CONTEXT* context,
                       ULONG guid_index, PVOID device, const char* pdo_name, uint32_t block_bytes) {
  if (guid_index >= context->GuidCount) return -EINVAL;
  /* Into memory of our own first: a callback that fails must not leave half a generation. */
  void* block = calloc(1, block_bytes == 0 ? 1 : block_bytes);
  if (block == NULL) return -ENOMEM;
  SCSIWMI_REQUEST_CONTEXT request;
  memset(&request, 0, sizeof request);
  ULONG length = 0;
  request.ReturnStatus = SRB_STATUS_ERROR;
  context->QueryWmiDataBlock(device, &request, guid_index, 0, 1, &length, block_bytes, block);
  int result = request.ReturnStatus == SRB_STATUS_SUCCESS && length <= block_bytes ? 0 : -EIO;
  if (result == 0) {
    const qm_times times = qm_times_now();
    qm_instance* instance = NULL;
    qm_begin(registration, &times);
    result = qm_put(registration, pdo_name, &instance);
    if (result == 0) {
      memcpy(qm_block(instance), block, block_bytes);
      qm_publish(registration);
    }
  }
  free(block);
  return result;
}
