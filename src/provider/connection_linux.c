/* The socket: connecting, again and again when need be, and what is said over it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "provider/connection.h"

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000U + (uint64_t)now.tv_nsec / 1000000U;
}

static void retry_later(qm_provider* provider) {
  provider->retry_at_ms = now_ms() + provider->retry_ms;
  provider->retry_ms *= 2;
  if (provider->retry_ms > QM_LAST_RETRY_MS) provider->retry_ms = QM_LAST_RETRY_MS;
}

static void disconnect(qm_provider* provider) {
  if (provider->fd < 0) return;
  close(provider->fd);
  provider->fd = -1;
  provider->refresh = 0;
  provider->refresh_is_news = false;
  for (int i = 0; i < QM_MOST_REGISTRATIONS; ++i) {
    if (provider->registrations[i] != NULL) provider->registrations[i]->state = QM_UNSENT;
  }
  retry_later(provider);
}

static qm_message_header message_header(uint16_t type) {
  return (qm_message_header){
      .magic = QM_PROTOCOL_MAGIC, .version = QM_PROTOCOL_VERSION, .type = type};
}

static void take_refusal(qm_provider* provider, qm_refused_message* message) {
  message->text[QM_MOST_REFUSAL_BYTES] = '\0';
  snprintf(provider->error, sizeof provider->error, "quickmode-serve refused: %s", message->text);
  provider->refusal = message->error > 0 ? -message->error : -EPROTO;
  for (int i = 0; i < QM_MOST_REGISTRATIONS; ++i) {
    qm_registration* registration = provider->registrations[i];
    if (registration != NULL && registration->number == message->registration) {
      registration->state = QM_DENIED;
    }
  }
}

static void take_registered(qm_provider* provider, uint32_t number) {
  for (int i = 0; i < QM_MOST_REGISTRATIONS; ++i) {
    qm_registration* registration = provider->registrations[i];
    if (registration == NULL || registration->number != number) continue;
    registration->state = QM_ACCEPTED;
    provider->retry_ms = QM_FIRST_RETRY_MS;
  }
}

/* What is unknown, as from a newer serve, is passed over. */
static void take_message(qm_provider* provider, const void* bytes, size_t count) {
  qm_message_header header;
  if (count < sizeof header) return;
  memcpy(&header, bytes, sizeof header);
  if (header.magic != QM_PROTOCOL_MAGIC) return;
  if (header.type == QM_SAY_REFUSED && count == sizeof(qm_refused_message)) {
    qm_refused_message message;
    memcpy(&message, bytes, sizeof message);
    take_refusal(provider, &message);
  } else if (header.type == QM_SAY_REGISTERED && count == sizeof(qm_registration_message)) {
    qm_registration_message message;
    memcpy(&message, bytes, sizeof message);
    take_registered(provider, message.registration);
  } else if (header.type == QM_SAY_REFRESH && count == sizeof(qm_refresh_message)) {
    qm_refresh_message message;
    memcpy(&message, bytes, sizeof message);
    provider->refresh = message.token;
    provider->refresh_is_news = true;
  }
}

static void receive(qm_provider* provider) {
  for (int i = 0; provider->fd >= 0 && i < QM_MOST_MESSAGES_PER_TURN; ++i) {
    unsigned char bytes[QM_MOST_MESSAGE_BYTES];
    const ssize_t got = recv(provider->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    /* ECONNRESET is told once and before what serve still said: go on to that. */
    if (got < 0 && (errno == EINTR || errno == ECONNRESET)) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      if (provider->refusal == 0) {
        snprintf(provider->error, sizeof provider->error, "quickmode-serve closed the connection");
      }
      disconnect(provider);
      return;
    }
    take_message(provider, bytes, (size_t)got);
  }
}

/* 0; -EAGAIN when the socket is full; otherwise the connection is gone. */
static int say(qm_provider* provider, const void* message, size_t bytes, const int* descriptors,
               size_t descriptor_count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int) * QM_MOST_MESSAGE_DESCRIPTORS)];
  } control;
  memset(&control, 0, sizeof control);
  struct iovec part = {.iov_base = (void*)(uintptr_t)message, .iov_len = bytes};
  struct msghdr packet = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor_count > 0) {
    packet.msg_control = control.bytes;
    packet.msg_controllen = CMSG_SPACE(sizeof(int) * descriptor_count);
    struct cmsghdr* rights = CMSG_FIRSTHDR(&packet);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int) * descriptor_count);
    memcpy(CMSG_DATA(rights), descriptors, sizeof(int) * descriptor_count);
  }
  ssize_t sent = -1;
  do {
    sent = sendmsg(provider->fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return 0;
  /* ETOOMANYREFS: too many descriptors of this user are on their way (unix(7)). */
  if (errno == EAGAIN || errno == ENOBUFS || errno == ETOOMANYREFS) return -EAGAIN;
  const int error = -errno;
  snprintf(provider->error, sizeof provider->error, "lost quickmode-serve: %s", strerror(errno));
  receive(provider); /* serve may have said why before it closed */
  disconnect(provider);
  return error;
}

static int say_register(qm_provider* provider, const qm_registration* registration) {
  const qm_class_info* info = &registration->writer.info;
  const qm_register_message message = {.header = message_header(QM_SAY_REGISTER),
                                       .registration = registration->number,
                                       .flags = info->flags,
                                       .guid = info->guid,
                                       .block_bytes = info->block_bytes,
                                       .data_items = info->data_items,
                                       .most_instances = info->most_instances,
                                       .bmof_bytes = (uint32_t)registration->bmof_bytes};
  const int descriptors[QM_MOST_MESSAGE_DESCRIPTORS] = {registration->page_fd,
                                                        registration->bmof_fd};
  return say(provider, &message, sizeof message, descriptors, registration->bmof_bytes > 0 ? 2 : 1);
}

void qm_send_unsent(qm_provider* provider) {
  for (int i = 0; provider->fd >= 0 && i < QM_MOST_REGISTRATIONS; ++i) {
    qm_registration* registration = provider->registrations[i];
    if (registration == NULL || registration->state != QM_UNSENT) continue;
    if (say_register(provider, registration) != 0) return;
    registration->state = QM_SENT;
  }
}

void qm_send_unregister(qm_provider* provider, uint32_t number) {
  if (provider->fd < 0) return;
  const qm_registration_message message = {.header = message_header(QM_SAY_UNREGISTER),
                                           .registration = number};
  /* A full socket: ending the connection ends the registration just as well. */
  if (say(provider, &message, sizeof message, NULL, 0) == -EAGAIN) disconnect(provider);
}

static void connect_now(qm_provider* provider) {
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  memcpy(address.sun_path, provider->path, sizeof address.sun_path);
  if (fd < 0 || connect(fd, (const struct sockaddr*)&address, sizeof address) != 0) {
    snprintf(provider->error, sizeof provider->error,
             "cannot connect to %s: %s (is quickmode-serve running?)", provider->path,
             strerror(errno));
    if (fd >= 0) close(fd);
    retry_later(provider);
    return;
  }
  provider->fd = fd;
  qm_hello_message hello = {.header = message_header(QM_SAY_HELLO)};
  memcpy(hello.driver, provider->driver, sizeof hello.driver);
  if (say(provider, &hello, sizeof hello, NULL, 0) == -EAGAIN) disconnect(provider);
  qm_send_unsent(provider);
}

static bool has_unsent(const qm_provider* provider) {
  for (int i = 0; i < QM_MOST_REGISTRATIONS; ++i) {
    const qm_registration* registration = provider->registrations[i];
    if (registration != NULL && registration->state == QM_UNSENT) return true;
  }
  return false;
}

/* Until there is something to do, at most to the deadline; false when a signal came. */
static bool wait_until(const qm_provider* provider, uint64_t deadline_ms) {
  uint64_t until = deadline_ms;
  if (provider->fd < 0 && provider->retry_at_ms < until) until = provider->retry_at_ms;
  const uint64_t now = now_ms();
  struct pollfd socket_poll = {.fd = provider->fd, .events = POLLIN}; /* a negative fd is ignored */
  if (has_unsent(provider)) socket_poll.events |= POLLOUT;
  const int wait_ms = until > now ? (int)(until - now) : 0;
  return poll(&socket_poll, 1, wait_ms) >= 0;
}

int qm_dispatch(qm_provider* provider, int timeout_ms) {
  const uint64_t deadline_ms = now_ms() + (uint64_t)(timeout_ms > 0 ? timeout_ms : 0);
  for (;;) {
    if (provider->fd < 0 && now_ms() >= provider->retry_at_ms) connect_now(provider);
    qm_send_unsent(provider);
    receive(provider);
    if (provider->refusal != 0) {
      const int refusal = provider->refusal;
      provider->refusal = 0;
      return refusal;
    }
    if (provider->refresh_is_news) {
      provider->refresh_is_news = false;
      return 1;
    }
    if (now_ms() >= deadline_ms || !wait_until(provider, deadline_ms)) return 0;
  }
}

int qm_refreshed(qm_provider* provider) {
  if (provider->refresh == 0) return 0; /* asked by a serve that is gone, or answered already */
  const qm_refresh_message message = {.header = message_header(QM_SAY_REFRESHED),
                                      .token = provider->refresh};
  const int said = say(provider, &message, sizeof message, NULL, 0);
  if (said == 0) provider->refresh = 0;
  return said;
}

static bool plain_driver_name(const char* name) {
  return qm_is_plain_text(name) && strlen(name) <= QM_MOST_DRIVER_NAME_BYTES;
}

int qm_provider_open(const char* socket_path, const char* driver_name, qm_provider** out) {
  const char* path = socket_path == NULL ? QM_PROVIDER_SOCKET : socket_path;
  if (!plain_driver_name(driver_name)) return -EINVAL;
  if (strlen(path) >= QM_MOST_PATH_BYTES) return -ENAMETOOLONG;
  qm_provider* provider = calloc(1, sizeof *provider);
  if (provider == NULL) return -ENOMEM;
  provider->fd = -1;
  provider->retry_ms = QM_FIRST_RETRY_MS;
  memcpy(provider->path, path, strlen(path));
  memcpy(provider->driver, driver_name, strlen(driver_name));
  connect_now(provider);
  *out = provider;
  return 0;
}

void qm_provider_close(qm_provider* provider) {
  if (provider == NULL) return;
  disconnect(provider); /* first, so that no registration is taken back one by one */
  for (int i = 0; i < QM_MOST_REGISTRATIONS; ++i) qm_unregister(provider->registrations[i]);
  free(provider);
}

bool qm_connected(const qm_provider* provider) {
  return provider->fd >= 0;
}
int qm_provider_fd(const qm_provider* provider) {
  return provider->fd;
}
const char* qm_error_text(const qm_provider* provider) {
  return provider->error;
}
