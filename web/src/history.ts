// What the page holds: samples of every counter since it was opened, and what the service had kept
// before. Pure.
//
// Times are CLOCK_BOOTTIME, which never steps; the wall clock labels them. Values stay exact
// (bigint). Limits: MOST_POINTS a track, MOST_TRACKS a class, MOST_HELD values in all.
import {
  integer,
  type ClassInfo,
  type Instance,
  type Instances,
  type Past,
  type PastTrack,
  type Steps,
} from './api';
import { counters } from './schema';

export const MOST_POINTS = 1_800;
export const LEAST_POINTS = 120;
export const MOST_TRACKS = 512;
export const MOST_HELD = 1_500_000;
// As `quickmode show --rates`: how far the two clocks of a sample may disagree about the time
// between two samples before it counts as a step.
const MOST_DRIFT = 0.01;
const MOST_JITTER_S = 0.05;
// Samples in quicker succession say nothing of a rate; all but the newest of such are forgotten.
const LEAST_STEP_S = 0.25;
const UNIX_OF_FILETIME_S = 11_644_473_600;
// Between two samples: longer, and what was between is not known. Of so many instances that they
// are asked for seldom: as long as two questions.
const GAP_S = 15;
const MOST_AHEAD_NS = 1e9;
const GAP_PACES = 2.5;

const NEAR_S = 2; // so far apart two samples may lie to count as of one moment

export interface Track {
  name: string;
  boot_s: number[];
  unix_s: number[];
  values: Map<string, (bigint | null)[]>;
  gap_s: number;
  past: { counters: string[]; track: PastTrack } | null; // not merged yet: nobody has looked
}

export interface Series {
  boot_s: number[];
  values: (number | null)[];
}

// Per second between two samples of a track; null where that means nothing.
export function rateBetween(
  track: Track,
  counter: string,
  from: number,
  to: number,
): number | null {
  const seconds = track.boot_s[to]! - track.boot_s[from]!;
  const wall = track.unix_s[to]! - track.unix_s[from]!;
  if (seconds < LEAST_STEP_S || seconds > track.gap_s) return null;
  if (Math.abs(wall - seconds) > seconds * MOST_DRIFT + MOST_JITTER_S) return null;
  const values = track.values.get(counter);
  const before = values?.[from] ?? null;
  const after = values?.[to] ?? null;
  if (before === null || after === null || after < before) return null;
  return Number(after - before) / seconds;
}

// Two samples that were taken in quick succession say little of a rate.
const STEADY_S = 0.9;

export function newestRate(track: Track, counter: string): number | null {
  const last = track.boot_s.length - 1;
  if (last < 1) return null;
  let from = last - 1;
  while (from > 0 && track.boot_s[last]! - track.boot_s[from]! < STEADY_S) from -= 1;
  return rateBetween(track, counter, from, last);
}

export class History {
  private readonly tracks = new Map<string, Map<string, Track>>();
  private readonly watched = new Map<string, Set<string>>(); // by class
  private gap_s = GAP_S;
  private newest_boot_s = -Infinity;
  private offset_s = 0; // unix − boot, by the newest sample

  // True when the host has booted since, and what was held is forgotten.
  add(classes: Instances[], infos: Map<string, ClassInfo>): boolean {
    const newest = Math.max(...classes.map((one) => one.taken_boot_ns / 1e9));
    const rebooted = Number.isFinite(newest) && newest < this.newest_boot_s - GAP_S;
    if (rebooted) {
      this.tracks.clear();
      this.newest_boot_s = -Infinity;
    }
    for (const one of classes) {
      const info = infos.get(one.class);
      if (info) this.addClass(one, info);
    }
    this.trim();
    return rebooted;
  }

  // How often instances are asked for.
  setPace(pace_s: number): void {
    this.gap_s = Math.max(GAP_S, pace_s * GAP_PACES);
    for (const tracks of this.tracks.values()) {
      for (const track of tracks.values()) track.gap_s = this.gap_s;
    }
  }

  // Which instances are looked at: where not all can be held, these are.
  watch(className: string, names: string[]): void {
    this.watched.set(className, new Set(names));
  }

  // What the service has kept: goes before and between what is held. Of many instances few are
  // looked at, so that each waits for that.
  addPast(classes: Past[], infos: Map<string, ClassInfo>): void {
    for (const one of classes) {
      const info = infos.get(one.class);
      if (!info) continue;
      for (const past of one.tracks) {
        const track = this.trackOf(one.class, past.name, info, []);
        if (!track) continue;
        settle(track);
        track.past = { counters: one.counters, track: past };
        if (track.boot_s.length === 0) this.tell(settle(track));
      }
    }
    this.trim();
  }

  track(className: string, instance: string): Track | undefined {
    const track = this.tracks.get(className)?.get(instance);
    return track && settle(track);
  }
  newest(): number {
    return this.newest_boot_s;
  }
  oldest(): number {
    let oldest = Infinity;
    for (const tracks of this.tracks.values()) {
      for (const { boot_s, past } of tracks.values()) {
        const before = past?.track.boot_ns[0];
        const past_s = typeof before === 'string' ? Number(before) / 1e9 : Infinity;
        oldest = Math.min(oldest, boot_s[0] ?? Infinity, past_s);
      }
    }
    return oldest;
  }
  unixOf(boot_s: number): number {
    return boot_s + this.offset_s;
  }
  bootOf(unix_s: number): number {
    return unix_s - this.offset_s;
  }

  // The one there is, or a new one, but of a class that counts nothing, or without room.
  private trackOf(
    className: string,
    name: string,
    info: ClassInfo,
    gone: string[],
  ): Track | undefined {
    let tracks = this.tracks.get(className);
    const held = tracks?.get(name);
    if (held) return held;
    const properties = counters(info);
    if (properties.length === 0) return undefined;
    if (!tracks) this.tracks.set(className, (tracks = new Map()));
    if (tracks.size >= MOST_TRACKS && !this.makeRoom(className, tracks, name, gone))
      return undefined;
    const values = new Map(properties.map((one) => [one.name, []]));
    const track: Track = { name, boot_s: [], unix_s: [], values, gap_s: this.gap_s, past: null };
    tracks.set(name, track);
    return track;
  }

  private addClass(one: Instances, info: ClassInfo): void {
    const there = new Set(one.instances.map((instance) => instance.name));
    const held = this.tracks.get(one.class)?.keys() ?? [];
    const watched = this.watched.get(one.class);
    const gone = [...held].filter((name) => !there.has(name) && !watched?.has(name));
    for (const instance of one.instances) {
      // A provider whose clock is wrong must not move everybody's times.
      if (instance.sample.boot_ns > one.taken_boot_ns + MOST_AHEAD_NS) continue;
      const track = this.trackOf(one.class, instance.name, info, gone);
      if (track) this.append(track, instance);
    }
  }

  private append(track: Track, instance: Instance): void {
    const boot_s = instance.sample.boot_ns / 1e9;
    const unix_s = instance.sample.filetime_100ns / 1e7 - UNIX_OF_FILETIME_S;
    settle(track);
    if (boot_s <= (track.boot_s.at(-1) ?? -Infinity)) return; // the same sample, read again
    if (track.boot_s.at(-1)! - track.boot_s.at(-2)! < LEAST_STEP_S) {
      track.boot_s.pop();
      track.unix_s.pop();
      for (const values of track.values.values()) values.pop();
    }
    track.boot_s.push(boot_s);
    track.unix_s.push(unix_s);
    for (const [name, values] of track.values) values.push(integer(instance.properties[name]));
    this.tell(track);
  }

  private tell(track: Track | undefined): void {
    const boot_s = track?.boot_s.at(-1) ?? -Infinity;
    if (boot_s < this.newest_boot_s || !track || track.boot_s.length === 0) return;
    this.newest_boot_s = boot_s;
    this.offset_s = track.unix_s.at(-1)! - boot_s;
  }

  // Instances that are gone make room for those that are there; of these, those that nobody looks
  // at for the one that somebody does.
  private makeRoom(
    className: string,
    tracks: Map<string, Track>,
    name: string,
    gone: string[],
  ): boolean {
    let goes = gone.pop();
    const watched = this.watched.get(className);
    if (goes === undefined && watched?.has(name))
      goes = [...tracks.keys()].find((one) => !watched.has(one));
    return goes !== undefined && tracks.delete(goes);
  }

  private trim(): void {
    let columns = 0;
    for (const tracks of this.tracks.values()) {
      for (const track of tracks.values()) columns += track.values.size;
    }
    const most = Math.min(MOST_POINTS, Math.max(LEAST_POINTS, Math.floor(MOST_HELD / columns)));
    for (const tracks of this.tracks.values()) {
      for (const track of tracks.values()) {
        if (track.boot_s.length <= most) continue;
        const drop = track.boot_s.length - Math.floor(most * 0.9); // seldom, since it copies
        track.boot_s.splice(0, drop);
        track.unix_s.splice(0, drop);
        for (const values of track.values.values()) values.splice(0, drop);
      }
    }
  }
}

function decoded(steps: Steps): (bigint | null)[] {
  let last = 0n;
  return steps.map((step) => {
    if (step === null) return null;
    last = typeof step === 'string' ? (integer(step) ?? last) : last + BigInt(step);
    return last;
  });
}

function settle(track: Track): Track {
  const { past } = track;
  track.past = null;
  if (past) merge(track, past.counters, past.track);
  return track;
}

// Of what is past, all that lies apart from what is held; in order of time.
function merge(track: Track, counterNames: string[], past: PastTrack): void {
  const boot_s = decoded(past.boot_ns).map((one) => Number(one) / 1e9);
  const unix_s = decoded(past.filetime_100ns).map((one) => Number(one) / 1e7 - UNIX_OF_FILETIME_S);
  const held = track.boot_s;
  // In order: [which, index], which being 0 for what is held and 1 for what is past.
  const order: [number, number][] = [];
  let at = 0;
  boot_s.forEach((time, index) => {
    while (at < held.length && held[at]! <= time) order.push([0, at++]);
    const near = Math.min(time - (held[at - 1] ?? -Infinity), (held[at] ?? Infinity) - time);
    if (near >= LEAST_STEP_S) order.push([1, index]);
  });
  while (at < held.length) order.push([0, at++]);
  if (order.length === held.length) return;
  const woven = <T>(now: T[], before: T[]): T[] =>
    order.map(([which, index]) => (which === 0 ? now[index]! : before[index]!));
  for (const [name, values] of track.values) {
    const column = counterNames.indexOf(name);
    const before = column < 0 ? boot_s.map(() => null) : decoded(past.values[column] ?? []);
    track.values.set(name, woven(values, before));
  }
  track.unix_s = woven(track.unix_s, unix_s);
  track.boot_s = woven(held, boot_s);
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60];

// How long each point of a chart stands for, so that there are not more than can be told apart.
export function stepOf(span_s: number, mostPoints: number): number {
  return STEPS_S.find((step_s) => span_s / step_s <= mostPoints) ?? STEPS_S.at(-1)!;
}

// A counter's rate, a gauge's value, between two times; null breaks the line. A point stands for
// step_s: of a rate its average, of a gauge its highest. 0: a point for each sample.
export function series(
  track: Track,
  counter: string,
  asRate: boolean,
  from: number,
  to: number,
  step_s = 0,
): Series {
  const out: Series = { boot_s: [], values: [] };
  const values = track.values.get(counter) ?? [];
  const stepAt = (at: number): number =>
    step_s === 0 ? at : Math.floor(track.boot_s[at]! / step_s);
  let before = -1; // the last sample of the step before
  let high: bigint | null = null;
  for (let at = 0; at < track.boot_s.length; at += 1) {
    const value = values[at] ?? null;
    if (value !== null && (high === null || value > high)) high = value;
    const last = at === track.boot_s.length - 1;
    if (!last && stepAt(at + 1) === stepAt(at)) continue;
    const time = track.boot_s[at]!;
    // What the newest step has so far may be too short to say anything.
    const young = last && step_s > 0 && before >= 0 && time - track.boot_s[before]! < STEADY_S;
    if (time >= from && time <= to && !young) {
      const gap = before >= 0 && time - track.boot_s[before]! > track.gap_s;
      if (gap && out.boot_s.length > 0 && !asRate) {
        out.boot_s.push(track.boot_s[before]! + 1);
        out.values.push(null);
      }
      out.boot_s.push(time);
      if (asRate) out.values.push(before >= 0 ? rateBetween(track, counter, before, at) : null);
      else out.values.push(high === null ? null : Number(high));
    }
    before = at;
    high = null;
  }
  return out;
}

// How much a counter grew between two times; null when nothing of that is known.
export function growth(track: Track, counter: string, from: number, to: number): bigint | null {
  const values = track.values.get(counter) ?? [];
  let sum: bigint | null = null;
  let before: bigint | null = null;
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? null;
    if (value === null || track.boot_s[at]! < from || track.boot_s[at]! > to) continue;
    sum ??= 0n;
    if (before !== null && value > before) sum += value - before;
    before = value;
  }
  return sum;
}

// When a counter grew.
export function growthTimes(track: Track, counter: string, from: number, to: number): number[] {
  const values = track.values.get(counter) ?? [];
  const times: number[] = [];
  for (let at = 1; at < values.length; at += 1) {
    const before = values[at - 1] ?? null;
    const after = values[at] ?? null;
    const time = track.boot_s[at]!;
    if (before !== null && after !== null && after > before && time >= from && time <= to)
      times.push(time);
  }
  return times;
}

// The series at others' times: of each the nearest sample, null where none is near. Several
// providers sample at times of their own.
export function at(x: number[], of: Series, step_s = 0): (number | null)[] {
  const most_s = Math.max(NEAR_S, step_s);
  let near = 0;
  return x.map((time) => {
    while (
      near + 1 < of.boot_s.length &&
      Math.abs(of.boot_s[near + 1]! - time) <= Math.abs(of.boot_s[near]! - time)
    )
      near += 1;
    const found = of.boot_s[near];
    return found !== undefined && Math.abs(found - time) <= most_s ? of.values[near]! : null;
  });
}
