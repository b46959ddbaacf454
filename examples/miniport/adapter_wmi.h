/* The example adapter's counters, and the WMI functions that show them. */
#ifndef ADAPTER_WMI_H
#define ADAPTER_WMI_H

typedef struct adapter {
  ULONGLONG completed;
  ULONG failed;
  ULONG pending;
} adapter;

void adapter_wmi_init(PSCSI_WMILIB_CONTEXT context);

#endif
