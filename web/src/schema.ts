// What the page learns of a class from its definition and semantics, so that no counter is named
// in code. Pure.
import { parseCondition, termText, type Term } from './condition';
import type { ClassInfo, Property } from './api';

// The bits of CounterType that say what is shown of it (winperf.h, PERF_TYPE_COUNTER).
const SHOWN_AS_RATE = 0x400;

export function isData(property: Property): boolean {
  return property.data_id !== undefined;
}

export function isCounter(property: Property): boolean {
  return isData(property) && property.counter_type !== undefined && !property.array;
}

export function counters(info: ClassInfo): Property[] {
  return info.properties.filter(isCounter);
}

// Whether its growth means something; else it is a gauge.
export function grows(property: Property): boolean {
  if (property.semantics) return property.semantics.kind === 'counter';
  return ((property.counter_type ?? 0) & SHOWN_AS_RATE) !== 0;
}

// The group "errors" also counts packets that passed a check; those the class declares as bulk
// traffic.
export function isError(property: Property): boolean {
  return (
    property.semantics?.group === 'errors' &&
    grows(property) &&
    ((property.counter_type ?? 0) & SHOWN_AS_RATE) === 0
  );
}

// Operations on keys that are counted as they happen: what is marked on the time line.
export function marks(info: ClassInfo): Property[] {
  return counters(info).filter(
    (one) => one.semantics?.group === 'keys' && grows(one) && one.semantics.unit === 'operations',
  );
}

export interface Group {
  name: string;
  counters: Property[];
}

export function groups(info: ClassInfo): Group[] {
  const found: Group[] = [];
  for (const property of counters(info)) {
    const name = property.semantics?.group ?? 'counters';
    const group = found.find((one) => one.name === name);
    if (group) group.counters.push(property);
    else found.push({ name, counters: [property] });
  }
  return found;
}

// One quantity cut by a property of its source: bytes by Protocol, ESP.
export interface Flow {
  cut: string;
  label: string;
  sent?: string;
  received?: string;
}

function sourceTerms(property: Property): Term[] {
  return parseCondition(property.semantics?.source?.where ?? '') ?? [];
}

function key(term: Term): string {
  return `${term.property}${term.operator}${term.number}`;
}

// The terms that counters of both directions share say how the quantity is cut; the others say
// the direction itself. A class without sources is cut by the counters' names.
export function flows(info: ClassInfo, sources: Map<string, ClassInfo>): Flow[] {
  const bytes = counters(info).filter(
    (one) => one.semantics?.unit === 'bytes' && grows(one) && isDirected(one),
  );
  const found = new Map<string, Flow>();
  const seen = { sent: new Set<string>(), received: new Set<string>() };
  for (const property of bytes) {
    const side = property.semantics!.direction as 'sent' | 'received';
    for (const term of sourceTerms(property)) seen[side].add(key(term));
  }
  for (const property of bytes) {
    const side = property.semantics!.direction as 'sent' | 'received';
    const source = property.semantics?.source;
    const shared = sourceTerms(property).filter(
      (term) => seen.sent.has(key(term)) && seen.received.has(key(term)),
    );
    const term = shared[0];
    const cut = term?.property ?? '';
    const from = source === undefined ? undefined : sources.get(source.class);
    const label = term
      ? termText(term, from).replace(/^.* = /, '')
      : property.name.replace(/Bytes|Sent|Received/g, '') || 'all';
    const id = `${cut}\n${label}`;
    const flow = found.get(id) ?? { cut, label };
    flow[side] = property.name;
    found.set(id, flow);
  }
  return [...found.values()];
}

function isDirected(property: Property): boolean {
  const direction = property.semantics?.direction;
  return direction === 'sent' || direction === 'received';
}

const ABBREVIATIONS: Record<string, string> = {
  spi: 'SPI',
  sa: 'SA',
  sas: 'SAs',
  esn: 'ESN',
  ip: 'IP',
  id: 'ID',
  sid: 'SID',
};

// "ConfidentialBytesSent" → "Confidential bytes sent": names for people, from the class's own.
export function words(name: string): string {
  let said = saidOf.get(name);
  if (said === undefined) saidOf.set(name, (said = split(name)));
  return said;
}

const saidOf = new Map<string, string>(); // names are few, and asked for at each drawing

function split(name: string): string {
  const apart = name.replace(/([a-z])([A-Z])/g, '$1 $2').replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2');
  const lower = apart.replace(/ [A-Z][a-z]/g, (at) => at.toLowerCase());
  return lower
    .replace(/^Re (?=[a-z])/, 'Re')
    .replace(/\b(?:spi|sas?|esn|ip|id|sid)\b/gi, (at) => ABBREVIATIONS[at.toLowerCase()] ?? at);
}
