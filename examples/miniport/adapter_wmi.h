/* The example adapter's counters, and the WMI functions that show them. The headers that mofc makes
 * of adapter.mof and iscsiprf.mof come first. */
#ifndef ADAPTER_WMI_H
#define ADAPTER_WMI_H

typedef struct adapter {
  ULONGLONG completed;
  ULONG failed;
  ULONG pending;
  MSiSCSI_QMIPSECStats ipsec; /* what its IPsec offload counted */
} adapter;

void adapter_wmi_init(PSCSI_WMILIB_CONTEXT context);

#endif
