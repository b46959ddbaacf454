#ifndef _iscsiprf_h_
#define _iscsiprf_h_

#ifndef _WIN32
#include "quickmode/wdm_types.h"
#endif

// MSiSCSI_QMIPSECStats - MSiSCSI_QMIPSECStats
// Quick-mode IPsec statistics of an iSCSI HBA
#define MSiSCSI_QMIPSECStatsGuid \
    { 0xb4d1c606,0x8682,0x4b7a, { 0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfb } }

#if ! (defined(MIDL_PASS))
DEFINE_GUID(MSiSCSI_QMIPSECStats_GUID, \
            0xb4d1c606,0x8682,0x4b7a,0xac,0x6b,0xd8,0x83,0xd9,0x15,0x55,0xfb);
#endif


typedef struct _MSiSCSI_QMIPSECStats
{

// The number of active IPsec SAs
    // The number of active IPsec SAs
    ULONGLONG ActiveSA;
    #define MSiSCSI_QMIPSECStats_ActiveSA_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_ActiveSA_ID 1


// The number of IPsec key operations in progress
    // The number of IPsec key operations in progress
    ULONGLONG PendingKeyOperations;
    #define MSiSCSI_QMIPSECStats_PendingKeyOperations_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_PendingKeyOperations_ID 2


// The total number of successful IPsec SA negotiations
    // The total number of successful IPsec SA negotiations
    ULONGLONG KeyAdditions;
    #define MSiSCSI_QMIPSECStats_KeyAdditions_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_KeyAdditions_ID 3


// The total number of key deletions for IPsec SA
    // The total number of key deletions for IPsec SA
    ULONGLONG KeyDeletions;
    #define MSiSCSI_QMIPSECStats_KeyDeletions_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_KeyDeletions_ID 4


// The number of rekey operations for IPsec SAs.
    // The number of rekey operations for IPsec SAs.
    ULONGLONG ReKeys;
    #define MSiSCSI_QMIPSECStats_ReKeys_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_ReKeys_ID 5


// The number of active IPsec tunnels.
    // The number of active IPsec tunnels.
    ULONGLONG ActiveTunnels;
    #define MSiSCSI_QMIPSECStats_ActiveTunnels_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_ActiveTunnels_ID 6


// The total number of packets for which the Security Parameters Index (SPI) was incorrect.
    // The total number of packets for which the Security Parameters Index (SPI) was incorrect.
    ULONGLONG BadSPIPackets;
    #define MSiSCSI_QMIPSECStats_BadSPIPackets_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_BadSPIPackets_ID 7


// The total number of packets that failed decryption.
    // The total number of packets that failed decryption.
    ULONGLONG PacketsNotDecrypted;
    #define MSiSCSI_QMIPSECStats_PacketsNotDecrypted_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_PacketsNotDecrypted_ID 8


// The total number of packets for which data could not be verified.
    // The total number of packets for which data could not be verified.
    ULONGLONG PacketsNotAuthenticated;
    #define MSiSCSI_QMIPSECStats_PacketsNotAuthenticated_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_PacketsNotAuthenticated_ID 9


// The total number of packets that contained a valid Sequence Number field.
    // The total number of packets that contained a valid Sequence Number field.
    ULONGLONG PacketsWithReplayDetection;
    #define MSiSCSI_QMIPSECStats_PacketsWithReplayDetection_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_PacketsWithReplayDetection_ID 10


// The number of bytes sent using the ESP protocol.
    // The number of bytes sent using the ESP protocol.
    ULONGLONG ConfidentialBytesSent;
    #define MSiSCSI_QMIPSECStats_ConfidentialBytesSent_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_ConfidentialBytesSent_ID 11


// The number of bytes received using the ESP protocol.
    // The number of bytes received using the ESP protocol.
    ULONGLONG ConfidentialBytesReceived;
    #define MSiSCSI_QMIPSECStats_ConfidentialBytesReceived_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_ConfidentialBytesReceived_ID 12


// The number of bytes sent using the AH protocol.
    // The number of bytes sent using the AH protocol.
    ULONGLONG AuthenticatedBytesSent;
    #define MSiSCSI_QMIPSECStats_AuthenticatedBytesSent_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_AuthenticatedBytesSent_ID 13


// The number of bytes received using the AH protocol.
    // The number of bytes received using the AH protocol.
    ULONGLONG AuthenticatedBytesReceived;
    #define MSiSCSI_QMIPSECStats_AuthenticatedBytesReceived_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_AuthenticatedBytesReceived_ID 14


// The number of bytes sent using the IPsec protocol.
    // The number of bytes sent using the IPsec protocol.
    ULONGLONG TransportBytesSent;
    #define MSiSCSI_QMIPSECStats_TransportBytesSent_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_TransportBytesSent_ID 15


// The number of bytes received using the IPsec protocol.
    // The number of bytes received using the IPsec protocol.
    ULONGLONG TransportBytesReceived;
    #define MSiSCSI_QMIPSECStats_TransportBytesReceived_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_TransportBytesReceived_ID 16


// The number of bytes sent using the IPsec tunnel mode.
    // The number of bytes sent using the IPsec tunnel mode.
    ULONGLONG TunnelBytesSent;
    #define MSiSCSI_QMIPSECStats_TunnelBytesSent_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_TunnelBytesSent_ID 17


// The number of bytes received using the IPsec tunnel mode.
    // The number of bytes received using the IPsec tunnel mode.
    ULONGLONG TunnelBytesReceived;
    #define MSiSCSI_QMIPSECStats_TunnelBytesReceived_SIZE sizeof(ULONGLONG)
    #define MSiSCSI_QMIPSECStats_TunnelBytesReceived_ID 18

} MSiSCSI_QMIPSECStats, *PMSiSCSI_QMIPSECStats;

#define MSiSCSI_QMIPSECStats_SIZE (FIELD_OFFSET(MSiSCSI_QMIPSECStats, TunnelBytesReceived) + MSiSCSI_QMIPSECStats_TunnelBytesReceived_SIZE)

#endif
