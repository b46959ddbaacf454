/* The driver's side of the provider socket: what qm_provider and qm_registration are.
 * Private to the library. SPDX-License-Identifier: MIT */
#ifndef QUICKMODE_PROVIDER_CONNECTION_H
#define QUICKMODE_PROVIDER_CONNECTION_H

#include "provider/page_writer.h"
#include "provider/protocol.h"

enum {
  QM_FIRST_RETRY_MS = 100, /* after losing serve; doubles with each failure */
  QM_LAST_RETRY_MS = 5000,
  QM_MOST_PATH_BYTES = 108,       /* sockaddr_un.sun_path */
  QM_MOST_MESSAGES_PER_TURN = 64, /* handled by one look at the socket */
  QM_ERROR_TEXT_BYTES = 512
};

enum qm_registration_state {
  QM_UNSENT, /* serve has not been told, or there is no serve */
  QM_SENT,
  QM_ACCEPTED,
  QM_DENIED /* until the next connection */
};

struct qm_registration {
  qm_page_writer writer;
  qm_provider* provider;
  void* page;
  size_t page_bytes;
  int page_fd;
  int bmof_fd; /* -1: none */
  size_t bmof_bytes;
  uint32_t number;
  enum qm_registration_state state;
};

struct qm_provider {
  int fd;      /* -1: not connected */
  int refusal; /* negative errno that qm_dispatch has yet to return */
  uint32_t next_number;
  uint32_t retry_ms;    /* the wait after the next failure */
  uint64_t retry_at_ms; /* CLOCK_MONOTONIC */
  uint64_t refresh;     /* the newest token that serve asked with; 0: none open */
  bool refresh_is_news; /* qm_dispatch has yet to return 1 for it */
  qm_registration* registrations[QM_MOST_REGISTRATIONS];
  char path[QM_MOST_PATH_BYTES];
  char driver[QM_MOST_DRIVER_NAME_BYTES + 1];
  char error[QM_ERROR_TEXT_BYTES];
};

/* connection_linux.c */
void qm_send_unsent(qm_provider* provider); /* as far as the socket takes them */
void qm_send_unregister(qm_provider* provider, uint32_t number);

#endif
