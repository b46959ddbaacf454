// Whether the sessions are protected: the same verdict as `quickmode audit`. Pure.
import { integer, text, type Instance, type Instances } from './api';
import { duration, plural } from './format';
import { DISK, MOST_VERDICT_AGE_MS, SA, SESSION, SESSION_SA } from './names';

export type Protection = 'protected' | 'integrity only' | 'unprotected' | 'unknown';
const BY_NUMBER: Protection[] = ['unknown', 'protected', 'integrity only', 'unprotected'];

export interface Session {
  instance: Instance;
  protection: Protection;
  stale: boolean; // it was better, but is too old to say anything about now
  age_s: number;
  disks: Instance[];
  sas: Instance[];
}

export interface Verdict {
  tone: 'good' | 'bad' | 'warn';
  sentence: string;
  counts: { protection: Protection; count: number }[];
}

function protectionOf(instance: Instance): Protection {
  if (!instance.active) return 'unknown';
  return BY_NUMBER[Number(integer(instance.properties['Protection']) ?? 0n)] ?? 'unknown';
}

export function isSafe(protection: Protection): boolean {
  return protection === 'protected' || protection === 'integrity only';
}

// late_ms: since the snapshot was taken.
export function joinSessions(classes: Map<string, Instances>, late_ms: number): Session[] {
  const instances = (name: string): Instance[] => classes.get(name)?.instances ?? [];
  const sas = new Map(instances(SA).map((one) => [one.name, one]));
  const sessions = instances(SESSION).map((instance): Session => {
    const said = protectionOf(instance);
    const stale = isSafe(said) && instance.age_ms + late_ms > MOST_VERDICT_AGE_MS;
    const age_s = (instance.age_ms + late_ms) / 1000;
    return { instance, protection: stale ? 'unknown' : said, stale, age_s, disks: [], sas: [] };
  });
  const byName = new Map(sessions.map((one) => [one.instance.name, one]));
  for (const disk of instances(DISK)) {
    byName.get(text(disk.properties['Session']))?.disks.push(disk);
  }
  for (const link of instances(SESSION_SA)) {
    const sa = sas.get(text(link.properties['SA']));
    if (sa) byName.get(text(link.properties['Session']))?.sas.push(sa);
  }
  return sessions;
}

// Why it is as it is said to be.
export function whyText(session: Session): string {
  if (session.stale) return `sampled ${duration(session.age_s)} ago, which says nothing about now`;
  return text(session.instance.properties['Reason']);
}

// The worst first: a number to sort by.
export function trouble(protection: Protection): number {
  return ['unprotected', 'unknown', 'integrity only', 'protected'].indexOf(protection);
}

export function verdictOf(sessions: Session[], providers: number): Verdict {
  const count = (wanted: Protection): number =>
    sessions.filter((one) => one.protection === wanted).length;
  const all = sessions.length;
  const clear = count('unprotected');
  const unknown = count('unknown');
  const order: Protection[] = ['unprotected', 'unknown', 'integrity only', 'protected'];
  const counts = order.map((protection) => ({ protection, count: count(protection) }));
  const verdict = (tone: Verdict['tone'], sentence: string): Verdict => ({
    tone,
    sentence,
    counts,
  });
  if (all === 0 && providers === 0) {
    return verdict(
      'warn',
      'Whether iSCSI sessions are protected can’t be told: nothing tells of them.',
    );
  }
  if (all === 0) return verdict('warn', 'There is no iSCSI session.');
  if (clear > 0) {
    const run = clear === 1 ? 'runs' : 'run';
    return verdict('bad', `${clear} of ${plural(all, 'iSCSI session')} ${run} in the clear.`);
  }
  if (unknown > 0) {
    return verdict(
      'warn',
      `Whether IPsec protects ${unknown} of ${plural(all, 'iSCSI session')} can’t be told.`,
    );
  }
  if (all === 1) return verdict('good', 'The one iSCSI session is protected by IPsec.');
  return verdict('good', `All ${all} iSCSI sessions are protected by IPsec.`);
}
