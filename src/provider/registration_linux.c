/* A registration: the memory that it shares, and the public calls that write to it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "provider/connection.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010 /* linux/fcntl.h; Linux 5.1 */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U /* linux/memfd.h; Linux 6.3, which logs a warning without it */
#endif

static int make_memfd(const char* name, size_t bytes) {
  const unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  int fd = memfd_create(name, flags | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) fd = memfd_create(name, flags);
  if (fd < 0) return -errno;
  if (ftruncate(fd, (off_t)bytes) == 0) return fd;
  const int error = -errno;
  close(fd);
  return error;
}

static int make_page(qm_registration* registration, const qm_class_info* info) {
  qm_page_layout layout;
  if (!qm_page_layout_of(info->block_bytes, info->data_items, info->most_instances, &layout)) {
    return -EINVAL;
  }
  registration->page_fd = make_memfd("quickmode-page", layout.page_bytes);
  if (registration->page_fd < 0) return registration->page_fd;
  void* page =
      mmap(NULL, layout.page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, registration->page_fd, 0);
  if (page == MAP_FAILED) return -errno;
  registration->page = page;
  registration->page_bytes = layout.page_bytes;
  /* F_SEAL_WRITE is refused while this mapping exists; FUTURE_WRITE spares it and no other. */
  if (fcntl(registration->page_fd, F_ADD_SEALS,
            F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return -errno;
  }
  return qm_page_writer_open(&registration->writer, info, page);
}

static int make_bmof(qm_registration* registration, const qm_class_info* info) {
  if (info->bmof == NULL || info->bmof_bytes == 0) return 0;
  registration->bmof_fd = make_memfd("quickmode-bmof", info->bmof_bytes);
  if (registration->bmof_fd < 0) return registration->bmof_fd;
  const char* bytes = info->bmof;
  for (size_t done = 0; done < info->bmof_bytes;) {
    const ssize_t wrote =
        pwrite(registration->bmof_fd, bytes + done, info->bmof_bytes - done, (off_t)done);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return wrote < 0 ? -errno : -EIO;
    done += (size_t)wrote;
  }
  if (fcntl(registration->bmof_fd, F_ADD_SEALS,
            F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0) {
    return -errno;
  }
  registration->bmof_bytes = info->bmof_bytes;
  return 0;
}

static void free_registration(qm_registration* registration) {
  qm_page_writer_close(&registration->writer);
  if (registration->page != NULL) munmap(registration->page, registration->page_bytes);
  if (registration->page_fd >= 0) close(registration->page_fd);
  if (registration->bmof_fd >= 0) close(registration->bmof_fd);
  free(registration);
}

/* The place for a new registration, or a negative errno value with its text. */
static int find_place(qm_provider* provider, const qm_class_info* info) {
  int place = -ENOSPC;
  for (int i = QM_MOST_REGISTRATIONS - 1; i >= 0; --i) {
    const qm_registration* other = provider->registrations[i];
    if (other == NULL) {
      place = i;
    } else if (memcmp(&other->writer.info.guid, &info->guid, sizeof(GUID)) == 0) {
      snprintf(provider->error, sizeof provider->error,
               "this provider has registered the class already: put more instances instead");
      return -EEXIST;
    }
  }
  if (place < 0) {
    snprintf(provider->error, sizeof provider->error, "a provider may register %d classes at most",
             QM_MOST_REGISTRATIONS);
  }
  return place;
}

int qm_register(qm_provider* provider, const qm_class_info* info, qm_registration** out) {
  const char* fault =
      qm_class_fault(info->flags, info->block_bytes, info->data_items, info->most_instances,
                     info->bmof == NULL ? 0 : info->bmof_bytes);
  if (fault != NULL) {
    snprintf(provider->error, sizeof provider->error, "%s", fault);
    return -EINVAL;
  }
  const int place = find_place(provider, info);
  if (place < 0) return place;
  qm_registration* registration = calloc(1, sizeof *registration);
  if (registration == NULL) return -ENOMEM;
  registration->provider = provider;
  registration->page_fd = -1;
  registration->bmof_fd = -1;
  int made = make_page(registration, info);
  if (made == 0) made = make_bmof(registration, info);
  if (made != 0) {
    snprintf(provider->error, sizeof provider->error, "making the shared memory: %s",
             strerror(-made));
    free_registration(registration);
    return made;
  }
  registration->number = ++provider->next_number;
  provider->registrations[place] = registration;
  qm_send_unsent(provider);
  *out = registration;
  return 0;
}

void qm_unregister(qm_registration* registration) {
  if (registration == NULL) return;
  qm_provider* provider = registration->provider;
  for (int i = 0; i < QM_MOST_REGISTRATIONS; ++i) {
    if (provider->registrations[i] == registration) provider->registrations[i] = NULL;
  }
  if (registration->state == QM_SENT || registration->state == QM_ACCEPTED) {
    qm_send_unregister(provider, registration->number);
  }
  free_registration(registration);
}

void qm_begin(qm_registration* registration, const qm_times* times) {
  qm_page_begin(&registration->writer, times);
}

int qm_put(qm_registration* registration, const char* name, qm_instance** out) {
  return qm_page_put(&registration->writer, name, out);
}

void qm_publish(qm_registration* registration) {
  qm_page_publish(&registration->writer);
}

qm_times qm_times_now(void) {
  struct timespec boot;
  struct timespec real;
  clock_gettime(CLOCK_BOOTTIME, &boot);
  clock_gettime(CLOCK_REALTIME, &real);
  const uint64_t filetime_of_1970 = UINT64_C(116444736000000000);
  return (qm_times){.boot_ns = (uint64_t)boot.tv_sec * 1000000000U + (uint64_t)boot.tv_nsec,
                    .filetime_100ns = filetime_of_1970 + (uint64_t)real.tv_sec * 10000000U +
                                      (uint64_t)real.tv_nsec / 100U};
}
