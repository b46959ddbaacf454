/* quickmode-sim-provider: made-up adapters whose counters move, for trying the surfaces without
 * hardware, for tests and for benchmarks. Also the example of a provider: C11 on
 * quickmode/provider.h and a header made by mofc, and nothing else. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main/sim_adapter.h"

enum { kUsage = 64, kIntervalMs = 1000, kPathBytes = 4096 };

static const char kHelp[] =
    "usage: quickmode-sim-provider [--runtime-dir DIR] [--instances N] [--class CLASS] [--seed S]\n"
    "\n"
    "Registers N made-up instances with quickmode-serve and moves their counters; publishes each\n"
    "second and whenever serve asks. Every name starts with SIM\\. The same seed gives the same "
    "numbers.\n"
    "Runs until Ctrl-C; waits for serve, and for its return, as long as need be.\n"
    "\n"
    "  --runtime-dir DIR  where serve's provider.sock is; default /run/quickmode\n"
    "  --instances N      1 to 65536; default 4\n"
    "  --class CLASS      default MSiSCSI_QMIPSECStats\n"
    "  --seed S           default 1\n"
    "  --help             this text\n";

typedef struct options {
  char socket_path[kPathBytes];
  unsigned instances;
  const sim_class* class_info;
  uint64_t seed;
} options;

static volatile sig_atomic_t stopped = 0;

static void stop(int signal_number) {
  (void)signal_number;
  stopped = 1;
}

static bool number_in(const char* text, uint64_t least, uint64_t most, uint64_t* out) {
  char* end = NULL;
  errno = 0;
  *out = strtoull(text, &end, 0);
  return text[0] != '\0' && text[0] != '-' && *end == '\0' && errno == 0 && *out >= least &&
         *out <= most;
}

static int usage_error(const char* what, const char* given) {
  fprintf(stderr, "quickmode-sim-provider: %s '%s'; see --help\n", what, given);
  return kUsage;
}

static int unknown_class(const char* name) {
  fprintf(stderr,
          "quickmode-sim-provider: the class '%s' is not one that it can fill; these are:", name);
  for (unsigned i = 0; sim_class_name(i) != NULL; ++i) fprintf(stderr, " %s", sim_class_name(i));
  fprintf(stderr, "\n");
  return kUsage;
}

/* -1: go on; else the exit code. */
static int parse_options(int argc, char** argv, options* out) {
  static const struct option kOptions[] = {{"runtime-dir", required_argument, NULL, 'r'},
                                           {"instances", required_argument, NULL, 'n'},
                                           {"class", required_argument, NULL, 'c'},
                                           {"seed", required_argument, NULL, 's'},
                                           {"help", no_argument, NULL, 'h'},
                                           {NULL, 0, NULL, 0}};
  const char* runtime_dir = "/run/quickmode";
  uint64_t number = 0;
  for (int option = 0; (option = getopt_long(argc, argv, "", kOptions, NULL)) != -1;) {
    switch (option) {
      case 'r':
        runtime_dir = optarg;
        break;
      case 'n':
        if (!number_in(optarg, 1, QM_MOST_INSTANCES, &number)) {
          return usage_error("--instances is a number from 1 to 65536, not", optarg);
        }
        out->instances = (unsigned)number;
        break;
      case 'c':
        out->class_info = sim_find_class(optarg);
        if (out->class_info == NULL) return unknown_class(optarg);
        break;
      case 's':
        if (!number_in(optarg, 0, UINT64_MAX, &out->seed)) {
          return usage_error("--seed is a number, not", optarg);
        }
        break;
      case 'h':
        fputs(kHelp, stdout);
        return 0;
      default:
        fputs(kHelp, stderr);
        return kUsage;
    }
  }
  if (optind < argc) return usage_error("unexpected argument", argv[optind]);
  const int bytes =
      snprintf(out->socket_path, sizeof out->socket_path, "%s/provider.sock", runtime_dir);
  return bytes < kPathBytes ? -1 : usage_error("--runtime-dir is too long:", runtime_dir);
}

/* since_tick_ms: 0 makes one. */
static void publish(qm_registration* registration, const options* chosen, sim_adapter* adapters,
                    unsigned since_tick_ms) {
  const qm_times times = qm_times_now();
  qm_begin(registration, &times);
  for (unsigned i = 0; i < chosen->instances; ++i) {
    if (since_tick_ms == 0) {
      sim_adapter_tick(&adapters[i]);
    } else {
      sim_adapter_flow(&adapters[i], since_tick_ms);
    }
    char name[64];
    char caption[64];
    snprintf(name, sizeof name, chosen->class_info->name_format, i + 1);
    snprintf(caption, sizeof caption, "Simulated iSCSI adapter %u", i + 1);
    qm_instance* instance = NULL;
    if (qm_put(registration, name, &instance) != 0) continue;
    qm_set_caption(instance, caption);
    chosen->class_info->fill(&adapters[i], instance);
  }
  qm_publish(registration);
}

static uint64_t now_ms(void) {
  return qm_times_now().boot_ns / 1000000U;
}

/* Until a signal comes, or serve refuses for good: then its exit code. */
static int serve_until_stopped(qm_provider* provider, qm_registration* registration,
                               const options* chosen, sim_adapter* adapters) {
  bool connected = true; /* so that its absence is news */
  uint64_t next_ms = now_ms() + kIntervalMs;
  while (!stopped) {
    const uint64_t now = now_ms();
    const int said = qm_dispatch(provider, next_ms > now ? (int)(next_ms - now) : 0);
    if (said < 0) {
      fprintf(stderr, "quickmode-sim-provider: %s\n", qm_error_text(provider));
      return 1;
    }
    if (qm_connected(provider) != connected) {
      connected = !connected;
      fprintf(stderr, "quickmode-sim-provider: %s\n",
              connected ? "connected" : qm_error_text(provider));
    }
    const uint64_t then = now_ms();
    const bool tick = then >= next_ms;
    if (said == 0 && !tick) continue;
    if (tick) next_ms = then + kIntervalMs;
    const unsigned since_tick_ms = (unsigned)(then + kIntervalMs - next_ms);
    publish(registration, chosen, adapters, tick ? 0 : since_tick_ms + 1);
    if (said == 1) qm_refreshed(provider);
  }
  return 0;
}

static int run(const options* chosen, sim_adapter* adapters) {
  qm_provider* provider = NULL;
  const int opened = qm_provider_open(chosen->socket_path, "quickmode-sim-provider", &provider);
  if (opened != 0) {
    fprintf(stderr, "quickmode-sim-provider: %s: %s\n", chosen->socket_path, strerror(-opened));
    return 1;
  }
  const sim_class* class_info = chosen->class_info;
  const qm_class_info info = {.guid = *class_info->guid,
                              .flags = class_info->flags,
                              .block_bytes = class_info->block_bytes,
                              .data_items = class_info->data_items,
                              .most_instances = chosen->instances};
  qm_registration* registration = NULL;
  int code = 1;
  if (qm_register(provider, &info, &registration) == 0) {
    publish(registration, chosen, adapters, 0);
    printf("%u instances of %s for %s\n", chosen->instances, class_info->name, chosen->socket_path);
    fflush(stdout);
    code = serve_until_stopped(provider, registration, chosen, adapters);
  } else {
    fprintf(stderr, "quickmode-sim-provider: %s\n", qm_error_text(provider));
  }
  qm_provider_close(provider);
  return code;
}

int main(int argc, char** argv) {
  options chosen = {
      .instances = 4, .class_info = sim_find_class("MSiSCSI_QMIPSECStats"), .seed = 1};
  const int exits = parse_options(argc, argv, &chosen);
  if (exits >= 0) return exits;
  sim_adapter* adapters = calloc(chosen.instances, sizeof *adapters);
  if (adapters == NULL) return 1;
  for (unsigned i = 0; i < chosen.instances; ++i) sim_adapter_start(&adapters[i], chosen.seed, i);
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  const int code = run(&chosen, adapters);
  free(adapters);
  return code;
}
