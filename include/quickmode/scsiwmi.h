/* The WMI half of a storage miniport, on Linux: the documented interface of Windows' scsiwmi.h over
 * quickmode's provider.h. A miniport's own QueryWmiRegInfo, QueryWmiDataBlock and their kin compile
 * here unchanged, are driven by ScsiPortWmiDispatchFunction in unit tests without Windows, and
 * publish their data blocks to quickmode-serve with qm_scsiwmi_register and qm_scsiwmi_publish.
 *
 * On Windows the system's own header is the one to include. What is not here: asynchronous requests
 * (a callback that returns TRUE fails the request), events, tracing.
 * Threads: none inside; a context belongs to its caller. Layouts are those of 64-bit Windows.
 * Written from Microsoft's public documentation of SCSI_WMILIB_CONTEXT, ScsiPortWmiDispatchFunction
 * and the WNODE structures. SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_SCSIWMI_H
#define QUICKMODE_SCSIWMI_H

#include "quickmode/provider.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef VOID
#define VOID void
#endif
#ifndef TRUE
#define TRUE 1
#define FALSE 0
#endif
#ifndef NTAPI
#define NTAPI
#endif
typedef void* PVOID;
typedef UCHAR* PUCHAR;
typedef ULONG* PULONG;
typedef WCHAR* PWCHAR;
typedef GUID* LPGUID;
typedef const GUID* LPCGUID;

#define SRB_STATUS_PENDING 0x00
#define SRB_STATUS_SUCCESS 0x01
#define SRB_STATUS_ABORTED 0x02
#define SRB_STATUS_ERROR 0x04
#define SRB_STATUS_INVALID_REQUEST 0x06
#define SRB_STATUS_DATA_OVERRUN 0x12

#define IRP_MN_QUERY_ALL_DATA 0x00
#define IRP_MN_QUERY_SINGLE_INSTANCE 0x01
#define IRP_MN_CHANGE_SINGLE_INSTANCE 0x02
#define IRP_MN_CHANGE_SINGLE_ITEM 0x03
#define IRP_MN_ENABLE_EVENTS 0x04
#define IRP_MN_DISABLE_EVENTS 0x05
#define IRP_MN_ENABLE_COLLECTION 0x06
#define IRP_MN_DISABLE_COLLECTION 0x07
#define IRP_MN_REGINFO 0x08
#define IRP_MN_EXECUTE_METHOD 0x09

/* NOLINTBEGIN(bugprone-reserved-identifier): the tags that drivers know them by. */
typedef struct _SCSIWMI_REQUEST_CONTEXT {
  PVOID UserContext;
  ULONG BufferSize;
  PUCHAR Buffer;
  UCHAR MinorFunction;
  UCHAR ReturnStatus; /* SRB_STATUS_… */
  ULONG ReturnSize;   /* bytes */
} SCSIWMI_REQUEST_CONTEXT, *PSCSIWMI_REQUEST_CONTEXT;

typedef struct _SCSIWMIGUIDREGINFO {
  LPCGUID Guid;
  ULONG InstanceCount;
  ULONG Flags;
} SCSIWMIGUIDREGINFO, *PSCSIWMIGUIDREGINFO;

typedef UCHAR (*PSCSIWMI_QUERY_REGINFO)(PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT Request,
                                        PWCHAR* MofResourceName);
typedef BOOLEAN (*PSCSIWMI_QUERY_DATABLOCK)(PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT Request,
                                            ULONG GuidIndex, ULONG InstanceIndex,
                                            ULONG InstanceCount, PULONG InstanceLengthArray,
                                            ULONG BufferAvail, PUCHAR Buffer);
typedef BOOLEAN (*PSCSIWMI_SET_DATABLOCK)(PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT Request,
                                          ULONG GuidIndex, ULONG InstanceIndex, ULONG BufferSize,
                                          PUCHAR Buffer);
typedef BOOLEAN (*PSCSIWMI_SET_DATAITEM)(PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT Request,
                                         ULONG GuidIndex, ULONG InstanceIndex, ULONG DataItemId,
                                         ULONG BufferSize, PUCHAR Buffer);
typedef BOOLEAN (*PSCSIWMI_EXECUTE_METHOD)(PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT Request,
                                           ULONG GuidIndex, ULONG InstanceIndex, ULONG MethodId,
                                           ULONG InBufferSize, ULONG OutBufferSize, PUCHAR Buffer);
typedef enum _SCSIWMI_ENABLE_DISABLE_CONTROL {
  ScsiWmiEventControl,
  ScsiWmiDataBlockControl
} SCSIWMI_ENABLE_DISABLE_CONTROL;
typedef BOOLEAN (*PSCSIWMI_FUNCTION_CONTROL)(PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT Request,
                                             ULONG GuidIndex,
                                             SCSIWMI_ENABLE_DISABLE_CONTROL Function,
                                             BOOLEAN Enable);

typedef struct _SCSIWMILIB_CONTEXT {
  ULONG GuidCount;
  PSCSIWMIGUIDREGINFO GuidList;
  PSCSIWMI_QUERY_REGINFO QueryWmiRegInfo;
  PSCSIWMI_QUERY_DATABLOCK QueryWmiDataBlock;
  PSCSIWMI_SET_DATABLOCK SetWmiDataBlock; /* this and those below may be NULL */
  PSCSIWMI_SET_DATAITEM SetWmiDataItem;
  PSCSIWMI_EXECUTE_METHOD ExecuteWmiMethod;
  PSCSIWMI_FUNCTION_CONTROL WmiFunctionControl;
} SCSI_WMILIB_CONTEXT, *PSCSI_WMILIB_CONTEXT;

#define WNODE_FLAG_ALL_DATA 0x00000001
#define WNODE_FLAG_SINGLE_INSTANCE 0x00000002
#define WNODE_FLAG_SINGLE_ITEM 0x00000004
#define WNODE_FLAG_FIXED_INSTANCE_SIZE 0x00000010
#define WNODE_FLAG_TOO_SMALL 0x00000020
#define WNODE_FLAG_METHOD_ITEM 0x00008000

typedef struct _WNODE_HEADER {
  ULONG BufferSize; /* of the whole WNODE, bytes */
  ULONG ProviderId;
  ULONGLONG HistoricalContext;
  LONGLONG TimeStamp;
  GUID Guid;
  ULONG ClientContext;
  ULONG Flags; /* WNODE_FLAG_… */
} WNODE_HEADER, *PWNODE_HEADER;

typedef struct _WNODE_ALL_DATA {
  WNODE_HEADER WnodeHeader;
  ULONG DataBlockOffset;
  ULONG InstanceCount;
  ULONG OffsetInstanceNameOffsets;
  ULONG FixedInstanceSize; /* with WNODE_FLAG_FIXED_INSTANCE_SIZE, which this shim always sets */
} WNODE_ALL_DATA, *PWNODE_ALL_DATA;

typedef struct _WNODE_SINGLE_INSTANCE {
  WNODE_HEADER WnodeHeader;
  ULONG OffsetInstanceName;
  ULONG InstanceIndex;
  ULONG DataBlockOffset;
  ULONG SizeDataBlock;
} WNODE_SINGLE_INSTANCE, *PWNODE_SINGLE_INSTANCE;

typedef struct _WNODE_SINGLE_ITEM {
  WNODE_HEADER WnodeHeader;
  ULONG OffsetInstanceName;
  ULONG InstanceIndex;
  ULONG ItemId; /* of a method: its id */
  ULONG DataBlockOffset;
  ULONG SizeDataItem;
} WNODE_SINGLE_ITEM, *PWNODE_SINGLE_ITEM;

typedef struct _WNODE_TOO_SMALL {
  WNODE_HEADER WnodeHeader;
  ULONG SizeNeeded;
} WNODE_TOO_SMALL, *PWNODE_TOO_SMALL;
/* NOLINTEND(bugprone-reserved-identifier) */

/* Runs a request on the miniport's callbacks. Buffer holds the WNODE that the request asks with,
 * and takes the answer; BufferSize is its whole size. The request context must be zeroed before;
 * its ReturnStatus and ReturnSize tell how it went. Always FALSE: nothing stays pending. DataPath:
 * the class's GUID. */
BOOLEAN ScsiPortWmiDispatchFunction(PSCSI_WMILIB_CONTEXT WmiLibInfo, UCHAR MinorFunction,
                                    PVOID DeviceContext, PSCSIWMI_REQUEST_CONTEXT RequestContext,
                                    PVOID DataPath, ULONG BufferSize, PVOID Buffer);

/* What a callback says at its end: how it went, and how many bytes it used or needs. */
VOID ScsiPortWmiPostProcess(PSCSIWMI_REQUEST_CONTEXT RequestContext, UCHAR SrbStatus,
                            ULONG BufferUsed);

#define ScsiPortWmiGetReturnStatus(RequestContext) ((RequestContext)->ReturnStatus)
#define ScsiPortWmiGetReturnSize(RequestContext) ((RequestContext)->ReturnSize)

/* Registers the class of one entry of the miniport's list, under the PDO's name as Windows does.
 * block_bytes and data_items: X_SIZE and the highest …_ID of the class's header. Errors as
 * qm_register; -EINVAL too for an index out of range. */
int qm_scsiwmi_register(qm_provider* provider, const SCSI_WMILIB_CONTEXT* context, ULONG guid_index,
                        uint32_t block_bytes, uint32_t data_items, qm_registration** out);

/* Asks the miniport for the block of instance 0 and publishes it under that device name.
 * -EIO when QueryWmiDataBlock fails; what was published before then stays. Errors as qm_put. */
int qm_scsiwmi_publish(qm_registration* registration, const SCSI_WMILIB_CONTEXT* context,
                       ULONG guid_index, PVOID device, const char* pdo_name, uint32_t block_bytes);

#ifdef __cplusplus
}
#endif
#endif
