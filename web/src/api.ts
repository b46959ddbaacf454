// The JSON API as docs/api.md has it, asked with integers=text: 64-bit integers are strings.

import { START } from './names';

export type Value = null | boolean | number | string | Value[] | { [name: string]: Value };

export interface ClassRow {
  name: string;
  description: string | null;
  abstract: boolean;
  instances: number;
  providers: number;
}

export interface Source {
  class: string;
  value: string;
  where: string;
  owner: string;
}

export interface Semantics {
  kind: string;
  unit: string;
  direction: string;
  group: string;
  definition: string;
  source?: Source;
}

export interface Property {
  name: string;
  type: string;
  array: boolean;
  key: boolean;
  inherited: boolean;
  description: string | null;
  data_id?: number;
  counter_type?: number;
  values?: Record<string, string>;
  semantics?: Semantics;
}

export interface ClassInfo {
  name: string;
  description: string | null;
  properties: Property[];
}

export interface Doubt {
  quality: string;
  reason: string;
  text: string;
}

export interface Instance {
  name: string;
  caption: string;
  driver: string;
  active: boolean;
  age_ms: number;
  sample: { boot_ns: number; filetime_100ns: number };
  properties: Record<string, Value>;
  quality: Record<string, Doubt>;
}

export interface Instances {
  class: string;
  refreshed: boolean;
  taken_boot_ns: number;
  providers: number;
  instances: Instance[];
}

// A series: text is a value; a number is what was added to the value before; null is not known.
export type Steps = (number | string | null)[];

export interface PastTrack {
  name: string;
  driver: string;
  boot_ns: Steps;
  filetime_100ns: Steps;
  values: Steps[]; // by counter
}

export interface Past {
  class: string;
  counters: string[];
  tracks: PastTrack[];
}

// All that a page begins with.
export interface Start {
  host: string;
  classes: ClassRow[];
  definitions: ClassInfo[];
  snapshot: Instances[];
  history: Past[];
}

export const MOST_SNAPSHOT_CLASSES = 16; // serve refuses more in one request
const DEADLINE_MS = 10_000;

async function get(path: string): Promise<unknown> {
  const response = await fetch(path, { signal: AbortSignal.timeout(DEADLINE_MS) });
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response.json();
}

export async function fetchClasses(): Promise<ClassRow[]> {
  return ((await get('/api/v1/classes')) as { classes: ClassRow[] }).classes;
}

// fresh: serve asks the providers first; else their last sample.
export async function fetchSnapshot(names: string[], fresh: boolean): Promise<Instances[]> {
  const asked = names.slice(0, MOST_SNAPSHOT_CLASSES);
  const list = asked.map((name) => `class=${encodeURIComponent(name)}`).join('&');
  const path = `/api/v1/snapshot?${list}&integers=text&refresh=${fresh ? 1 : 0}`;
  return ((await get(path)) as { classes: Instances[] }).classes;
}

export async function fetchClass(name: string): Promise<ClassInfo> {
  return (await get(`/api/v1/classes/${encodeURIComponent(name)}`)) as ClassInfo;
}

// The first time it stands in the document already; not where the service could not say it then.
export async function fetchStart(): Promise<Start> {
  const told = document.getElementById('start');
  told?.remove();
  return (told?.textContent ? JSON.parse(told.textContent) : await get(START)) as Start;
}

export async function fetchHistory(names: string[]): Promise<Past[]> {
  const list = names.slice(0, MOST_SNAPSHOT_CLASSES).map((name) => encodeURIComponent(name));
  const path = `/api/v1/history?${list.map((name) => `class=${name}`).join('&')}`;
  return ((await get(path)) as { classes: Past[] }).classes;
}

// A whole number, exact; null for what is none.
export function integer(value: Value | undefined): bigint | null {
  if (typeof value === 'string') return /^-?\d{1,20}$/.test(value) ? BigInt(value) : null;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  return null;
}

export function text(value: Value | undefined): string {
  return typeof value === 'string' ? value : '';
}
