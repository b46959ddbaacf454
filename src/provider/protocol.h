/* What goes over the provider socket (SOCK_SEQPACKET; one message is one packet, in the machine's
 * own byte order, of exactly its type's size). docs/page-format.md tells the conversation.
 * C11 and C++. SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_PROTOCOL_H
#define QUICKMODE_PROVIDER_PROTOCOL_H

#include "quickmode/provider.h"

enum {
  QM_PROTOCOL_MAGIC = 0x52504d51, /* "QMPR" */
  QM_PROTOCOL_VERSION = 1,
  QM_MOST_REFUSAL_BYTES = 255,
  QM_MOST_MESSAGE_BYTES = 512,
  QM_MOST_MESSAGE_DESCRIPTORS = 2 /* the page, the binary MOF */
};

enum {
  QM_SAY_HELLO = 1,      /* → first of all */
  QM_SAY_REGISTER = 2,   /* → with the page's descriptor, and the binary MOF's if there is one */
  QM_SAY_UNREGISTER = 3, /* → */
  QM_SAY_REFRESHED = 4,  /* → all that was asked for up to token has been published */
  QM_SAY_REGISTERED = 5, /* ← */
  QM_SAY_REFUSED = 6,    /* ← registration 0: the provider itself; the connection ends */
  QM_SAY_REFRESH = 7     /* ← tokens grow */
};

typedef struct qm_message_header {
  uint32_t magic;
  uint16_t version;
  uint16_t type; /* QM_SAY_… */
} qm_message_header;

typedef struct qm_hello_message {
  qm_message_header header;
  char driver[QM_MOST_DRIVER_NAME_BYTES + 1]; /* terminated, padded with zeros */
} qm_hello_message;

typedef struct qm_register_message {
  qm_message_header header;
  uint32_t registration; /* the provider's own number for it, not 0 */
  uint32_t flags;        /* QM_REG_… */
  GUID guid;
  uint32_t block_bytes;
  uint32_t data_items;
  uint32_t most_instances;
  uint32_t bmof_bytes; /* not 0: a second descriptor comes along */
} qm_register_message;

/* unregister, registered */
typedef struct qm_registration_message {
  qm_message_header header;
  uint32_t registration;
  uint32_t reserved;
} qm_registration_message;

typedef struct qm_refused_message {
  qm_message_header header;
  uint32_t registration;
  int32_t error; /* a positive errno value */
  char text[QM_MOST_REFUSAL_BYTES + 1];
} qm_refused_message;

/* refresh, refreshed */
typedef struct qm_refresh_message {
  qm_message_header header;
  uint64_t token;
} qm_refresh_message;

#endif
