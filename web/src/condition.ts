// The conditions in mof/semantics.mof that say which instances a counter sums over:
// "Direction = 1 AND ReplayWindow > 0". Pure.
import { integer, type ClassInfo, type Instance } from './api';

export interface Term {
  property: string;
  operator: string;
  number: bigint;
}

const MOST_TERMS = 16;
const TERM = /^\s*([A-Za-z_]\w*)\s*(=|<>|<=|>=|<|>)\s*(\d{1,20})\s*$/;

// "" holds for all. null: more than comparisons with whole numbers joined by AND.
export function parseCondition(where: string): Term[] | null {
  if (where.trim() === '') return [];
  const pieces = where.split(/\s+AND\s+/i);
  if (pieces.length > MOST_TERMS) return null;
  const terms: Term[] = [];
  for (const piece of pieces) {
    const found = TERM.exec(piece);
    if (found === null) return null;
    terms.push({ property: found[1]!, operator: found[2]!, number: BigInt(found[3]!) });
  }
  return terms;
}

function compares(value: bigint, operator: string, number: bigint): boolean {
  switch (operator) {
    case '=':
      return value === number;
    case '<>':
      return value !== number;
    case '<':
      return value < number;
    case '<=':
      return value <= number;
    case '>':
      return value > number;
    default:
      return value >= number;
  }
}

export function holds(terms: Term[], instance: Instance): boolean {
  return terms.every((term) => {
    const value = integer(instance.properties[term.property]);
    return value !== null && compares(value, term.operator, term.number);
  });
}

// With the name that the class gives to the value: "Protocol = ESP".
export function termText(term: Term, info: ClassInfo | undefined): string {
  const property = info?.properties.find((one) => one.name === term.property);
  const value = property?.values?.[String(term.number)] ?? term.number;
  return `${term.property} ${term.operator} ${value}`;
}

export function conditionText(terms: Term[], info: ClassInfo | undefined): string {
  return terms.map((term) => termText(term, info)).join(' and ');
}
