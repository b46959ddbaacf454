// Sessions, disks and SAs for the page's tests: the sim provider has counters only. They are laid
// over a real answer of quickmode-serve, so that names, times and counters agree.

const COUNTERS = 'MSiSCSI_QMIPSECStats';

function made(name, sample, properties) {
  return {
    name,
    caption: '',
    driver: 'quickmode-collect',
    active: true,
    age_ms: 3,
    sample,
    properties,
    quality: {},
  };
}

const PROTECTED = 1,
  INTEGRITY_ONLY = 2,
  UNPROTECTED = 3,
  UNKNOWN = 0;

const REASONS = [
  'nothing tells whether it is protected',
  'both directions match policies that require ESP, and the SA’s bytes move with the session’s',
  'both directions match policies that require ESP, which encrypts nothing: it can be read',
  'no IPsec policy matches it, in either direction',
];

const ADVICE =
  'give both hosts a policy for this portal (a child SA with start_action = trap), ' +
  'then log the session out and in';

function session(at, target, protection, adapter, sample) {
  return made(`session${at}`, sample, {
    InstanceName: `session${at}`,
    Active: true,
    Adapter: adapter,
    Target: target,
    Portal: `10.99.${at}.2:3260`,
    LocalAddress: `10.99.${at}.1:5${at}654`,
    Sid: at,
    State: 'LOGGED_IN',
    Connections: 1,
    Protection: protection,
    Reason: REASONS[protection],
    Advice: protection === UNPROTECTED ? ADVICE : '',
  });
}

function cimTime(unix_s) {
  const digits = new Date(unix_s * 1000).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 14)}.${digits.slice(14, 17)}000+000`;
}

function sa(at, direction, adapter, sample, bytes, encryption) {
  const [source, destination] = [`10.99.${at}.1`, `10.99.${at}.2`];
  const unix_s = sample.filetime_100ns / 1e7 - 11644473600;
  const spi = 0xc0de0000 + at * 16 + direction;
  return made(`xfrm:${destination}:0x${spi.toString(16)}`, sample, {
    InstanceName: '',
    Active: true,
    Adapter: adapter,
    Spi: spi,
    Protocol: 50,
    Mode: 0,
    Direction: direction,
    Source: direction === 2 ? source : destination,
    Destination: direction === 2 ? destination : source,
    ReqId: at,
    IfId: 0,
    Mark: 0,
    MarkMask: 0,
    Encryption: encryption,
    EncryptionKeyBits: 160,
    Authentication: '',
    IntegrityBits: 128,
    ReplayWindow: direction === 1 ? 64 : 0,
    Esn: true,
    Encapsulation: '',
    AddedTime: cimTime(unix_s - 754 - 100 * at),
    RekeyAfterSeconds: '3300',
    ExpiresAfterSeconds: '3600',
    Bytes: String(bytes),
    Packets: String(bytes / 1400n),
    IntegrityFailures: '0',
    ReplayFailures: '0',
    ReplayWindowFailures: '0',
  });
}

// What a hostile target or driver could call itself: markup, a formula, quotes, another direction.
export const EVIL =
  '=1+1|cmd,"<img src=x onerror="document.title=1"><script>document.title=1</script>' +
  "'&amp;</td>${1}\u202e%2F#?";

// Words are made hostile, the same ones alike so that names still meet; numbers and times stay.
function evil(text) {
  return /^(\d*|\d{14}\..*)$/.test(text) ? text : `${EVIL}${text}`;
}

function evilInstance(one) {
  const { properties, quality } = one;
  for (const part of ['name', 'caption', 'driver']) one[part] = evil(one[part]);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'string') properties[name] = evil(value);
  }
  for (const doubt of Object.values(quality)) doubt.text = evil(doubt.text);
}

// The same of a class: what it says of itself and of its properties, and its values' names.
function evilClass(info) {
  info.description = EVIL;
  for (const one of info.properties) {
    one.description = EVIL;
    if (one.semantics) one.semantics.definition = EVIL;
    for (const value of Object.keys(one.values ?? {})) one.values[value] = evil(one.values[value]);
  }
}

function evilRows(rows) {
  for (const row of rows) row.description = EVIL;
}

// What a page begins with: but for the names of classes, all words.
function evilStart(start) {
  start.host = EVIL;
  evilRows(start.classes);
  start.definitions.forEach(evilClass);
  for (const track of start.history.flatMap((one) => one.tracks)) {
    track.name = evil(track.name);
    track.driver = evil(track.driver);
  }
}

// answer: of /api/v1/snapshot. options.clear: one session runs in the clear. options.hostile: all
// words of all instances.
export function withSessions(answer, options = {}) {
  const of = (name) => answer.classes.find((one) => one.class === name);
  const counters = of(COUNTERS);
  const adapters = counters?.instances ?? [];
  if (adapters.length < 3) return answer;
  const sample = adapters[0].sample;
  const names = [
    'iqn.2026-11.lab:db',
    'iqn.2026-11.lab:mail',
    'iqn.2026-11.lab:backup',
    'iqn.2026-11.lab:archive',
  ];
  const kinds = [
    PROTECTED,
    PROTECTED,
    options.clear ? UNPROTECTED : INTEGRITY_ONLY,
    options.unknown ? UNKNOWN : PROTECTED,
  ];
  const sessions = names.map((name, at) =>
    session(at + 1, name, kinds[at], adapters[Math.min(at, 2)].name, sample),
  );
  const mounts = ['/srv/db', '/srv/mail', '/srv/backup', '/srv/archive'];
  const disks = sessions.map((one, at) =>
    made(`disk${at}`, sample, {
      InstanceName: `disk${at}`,
      Active: true,
      Session: one.name,
      Device: `sd${'abcd'[at]}`,
      Map: at === 0 ? 'mpatha' : '',
      MountPoint: mounts[at],
      SizeBytes: '68719476736',
    }),
  );
  const sas = sessions
    .filter((one) => one.properties.Protection === PROTECTED)
    .flatMap((one, at) =>
      [1, 2].map((direction) => {
        const adapter = adapters.find((each) => each.name === one.properties.Adapter);
        const total = BigInt(
          adapter.properties[
            direction === 1 ? 'ConfidentialBytesReceived' : 'ConfidentialBytesSent'
          ] ?? '0',
        );
        return {
          session: one.name,
          sa: sa(
            at + 1,
            direction,
            adapter.name,
            adapter.sample,
            (total * 3n) / 4n,
            'rfc4106(gcm(aes))',
          ),
        };
      }),
    );
  const put = (name, instances) => {
    const found = of(name);
    if (found)
      Object.assign(found, { providers: 1, instances, taken_boot_ns: counters.taken_boot_ns });
  };
  put('Quickmode_Session', sessions);
  put('Quickmode_SessionDisk', disks);
  put(
    'Quickmode_SA',
    sas.map((one) => one.sa),
  );
  put(
    'Quickmode_SessionSA',
    sas.map((one, at) =>
      made(`link${at}`, sample, {
        InstanceName: `link${at}`,
        Active: true,
        Session: one.session,
        SA: one.sa.name,
      }),
    ),
  );
  const all = answer.classes.flatMap((one) => one.instances);
  if (options.hostile) all.forEach(evilInstance);
  return answer;
}

// Another clock's word for when they were sampled. (Many share one sample.)
function stepBack(answer, back_s) {
  const all = answer.classes.flatMap((one) => one.instances);
  for (const sample of new Set(all.map((one) => one.sample))) sample.filetime_100ns -= back_s * 1e7;
  return answer;
}

// Lays made-up sessions over what a page asks, for as long as the page lives; options may change.
export async function laySessions(page, options = {}) {
  await page.route(/\/api\/v1\/(snapshot|start)\?/, async (route) => {
    try {
      const response = await route.fetch();
      const json = await response.json();
      const answer = withSessions({ classes: json.snapshot ?? json.classes }, options);
      stepBack(answer, options.back_s ?? 0);
      if (json.snapshot && options.hostile) evilStart(json);
      await route.fulfill({ response, json });
    } catch {
      await route.abort().catch(() => undefined); // the service is away, or the page is closing
    }
  });
  if (!options.hostile) return;
  await page.route(/\/api\/v1\/classes/, async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    if (json.classes) evilRows(json.classes);
    else evilClass(json);
    await route.fulfill({ response, json });
  });
}
