/* The WMI half of a storage miniport, as its author writes it on Windows: it registers the class of
 * adapter.mof and fills its data block. Only documented interfaces of scsiwmi.h are used. */
#ifdef _WIN32
/* The order matters: each needs the one before. */
#include <initguid.h>

#include <wdm.h>

#include <srb.h>

#include <scsiwmi.h>
#else
#include "quickmode/scsiwmi.h"
#endif

#include "adapter.h"
#include "iscsiprf.h"

#include "adapter_wmi.h"

#define RequestsIndex 0
#define QmIpsecIndex 1

static SCSIWMIGUIDREGINFO guid_list[] = {
    {(LPGUID)&ExampleAdapter_Requests_GUID, 1, 0},
    {(LPGUID)&MSiSCSI_QMIPSECStats_GUID, 1, 0},
};

static UCHAR query_reginfo(PVOID device, PSCSIWMI_REQUEST_CONTEXT request, PWCHAR* resource_name) {
  (void)device;
  (void)request;
  *resource_name = (PWCHAR)L"MofResourceName";
  return SRB_STATUS_SUCCESS;
}

static BOOLEAN query_data_block(PVOID device, PSCSIWMI_REQUEST_CONTEXT request, ULONG guid_index,
                                ULONG instance_index, ULONG instance_count, PULONG instance_lengths,
                                ULONG buffer_bytes, PUCHAR buffer) {
  const adapter* the_adapter = (const adapter*)device;
  const ULONG needed =
      guid_index == RequestsIndex ? ExampleAdapter_Requests_SIZE : MSiSCSI_QMIPSECStats_SIZE;
  UCHAR status = SRB_STATUS_INVALID_REQUEST;
  (void)instance_index;
  (void)instance_count;
  if (guid_index <= QmIpsecIndex && buffer_bytes < needed) {
    status = SRB_STATUS_DATA_OVERRUN;
  } else if (guid_index == QmIpsecIndex) {
    *(MSiSCSI_QMIPSECStats*)(void*)buffer = the_adapter->ipsec;
    *instance_lengths = needed;
    status = SRB_STATUS_SUCCESS;
  } else if (guid_index == RequestsIndex) {
    ExampleAdapter_Requests* block = (ExampleAdapter_Requests*)(void*)buffer;
    block->Completed = the_adapter->completed;
    block->Failed = the_adapter->failed;
    block->Pending = the_adapter->pending;
    *instance_lengths = needed;
    status = SRB_STATUS_SUCCESS;
  }
  ScsiPortWmiPostProcess(request, status, needed);
  return FALSE; /* nothing is left to be done later */
}

void adapter_wmi_init(PSCSI_WMILIB_CONTEXT context) {
  context->GuidCount = sizeof(guid_list) / sizeof(guid_list[0]);
  context->GuidList = guid_list;
  context->QueryWmiRegInfo = query_reginfo;
  context->QueryWmiDataBlock = query_data_block;
  context->SetWmiDataBlock = NULL;
  context->SetWmiDataItem = NULL;
  context->ExecuteWmiMethod = NULL;
  context->WmiFunctionControl = NULL;
}
