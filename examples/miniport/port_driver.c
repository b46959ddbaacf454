/* Stands in for the port driver's import library, which mingw-w64 does not have. */
#define _SCSIPORT_ /* makes them functions that are here, not imported ones */
#include <wdm.h>

#include <srb.h>

#include <scsiwmi.h>

VOID NTAPI ScsiPortWmiPostProcess(PSCSIWMI_REQUEST_CONTEXT request, UCHAR status, ULONG bytes) {
  request->ReturnStatus = status;
  request->ReturnSize = bytes;
}
