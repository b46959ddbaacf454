// What the page holds: samples of every counter since it was opened. Pure.
//
// Times are CLOCK_BOOTTIME, which never steps; the wall clock labels them. Values stay exact
// (bigint). Limits: MOST_POINTS a track, MOST_TRACKS a class, MOST_HELD values in all.
import { integer, type ClassInfo, type Instance, type Instances } from './api';
import { counters, grows } from './schema';

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
const GAP_S = 15; // between two samples: longer, and what was between is not known

export interface Track {
  name: string;
  caption: string;
  boot_s: number[];
  unix_s: number[];
  values: Map<string, (bigint | null)[]>;
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
  if (seconds < LEAST_STEP_S || seconds > GAP_S) return null;
  if (Math.abs(wall - seconds) > seconds * MOST_DRIFT + MOST_JITTER_S) return null;
  const values = track.values.get(counter);
  const before = values?.[from] ?? null;
  const after = values?.[to] ?? null;
  if (before === null || after === null || after < before) return null;
  return Number(after - before) / seconds;
}

// Of the newest two samples that lie at least this far apart: two that were taken in quick
// succession say little.
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

  track(className: string, instance: string): Track | undefined {
    return this.tracks.get(className)?.get(instance);
  }
  newest(): number {
    return this.newest_boot_s;
  }
  oldest(): number {
    let oldest = Infinity;
    for (const tracks of this.tracks.values()) {
      for (const track of tracks.values()) oldest = Math.min(oldest, track.boot_s[0] ?? Infinity);
    }
    return oldest;
  }
  unixOf(boot_s: number): number {
    return boot_s + this.offset_s;
  }
  bootOf(unix_s: number): number {
    return unix_s - this.offset_s;
  }

  private addClass(one: Instances, info: ClassInfo): void {
    const properties = counters(info);
    if (properties.length === 0) return;
    let tracks = this.tracks.get(one.class);
    if (!tracks) this.tracks.set(one.class, (tracks = new Map()));
    for (const instance of one.instances) {
      let track = tracks.get(instance.name);
      if (!track) {
        if (tracks.size >= MOST_TRACKS) this.dropStalest(tracks);
        track = { name: instance.name, caption: '', boot_s: [], unix_s: [], values: new Map() };
        for (const property of properties) track.values.set(property.name, []);
        tracks.set(instance.name, track);
      }
      this.append(track, instance);
    }
  }

  private append(track: Track, instance: Instance): void {
    track.caption = instance.caption;
    const boot_s = instance.sample.boot_ns / 1e9;
    const unix_s = instance.sample.filetime_100ns / 1e7 - 11_644_473_600;
    if (boot_s <= (track.boot_s.at(-1) ?? -Infinity)) return; // the same sample, read again
    if (track.boot_s.at(-1)! - track.boot_s.at(-2)! < LEAST_STEP_S) {
      track.boot_s.pop();
      track.unix_s.pop();
      for (const values of track.values.values()) values.pop();
    }
    track.boot_s.push(boot_s);
    track.unix_s.push(unix_s);
    for (const [name, values] of track.values) values.push(integer(instance.properties[name]));
    if (boot_s >= this.newest_boot_s) {
      this.newest_boot_s = boot_s;
      this.offset_s = unix_s - boot_s;
    }
  }

  // Instances that are gone make room first.
  private dropStalest(tracks: Map<string, Track>): void {
    let stalest: Track | undefined;
    for (const track of tracks.values()) {
      if (!stalest || (track.boot_s.at(-1) ?? 0) < (stalest.boot_s.at(-1) ?? 0)) stalest = track;
    }
    if (stalest) tracks.delete(stalest.name);
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

// A counter's rate, a gauge's value, between two times; null breaks the line.
export function series(
  track: Track,
  counter: string,
  asRate: boolean,
  from: number,
  to: number,
): Series {
  const out: Series = { boot_s: [], values: [] };
  const values = track.values.get(counter) ?? [];
  for (let at = 0; at < track.boot_s.length; at += 1) {
    const time = track.boot_s[at]!;
    if (time < from || time > to) continue;
    const gap = at > 0 && time - track.boot_s[at - 1]! > GAP_S;
    if (gap && out.boot_s.length > 0 && !asRate) {
      out.boot_s.push(track.boot_s[at - 1]! + 1);
      out.values.push(null);
    }
    const value = values[at] ?? null;
    out.boot_s.push(time);
    if (asRate) out.values.push(at > 0 ? rateBetween(track, counter, at - 1, at) : null);
    else out.values.push(value === null ? null : Number(value));
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

// Several tracks' rates as one: at the times of the first; a point is null where one is unknown.
export function sum(all: Series[]): Series {
  const first = all[0];
  if (!first) return { boot_s: [], values: [] };
  const byTime = all
    .slice(1)
    .map((one) => new Map(one.boot_s.map((time, at) => [time, one.values[at] ?? null])));
  const values = first.values.map((value, at) => {
    let total = value;
    for (const times of byTime) {
      const other = times.get(first.boot_s[at]!) ?? null;
      total = total === null || other === null ? null : total + other;
    }
    return total;
  });
  return { boot_s: first.boot_s, values };
}

export function asRate(info: ClassInfo, counter: string): boolean {
  const property = info.properties.find((one) => one.name === counter);
  return property !== undefined && grows(property);
}
